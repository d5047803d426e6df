//! The listener and its clients, and the board that they read.

use super::{
    announce::announced,
    board::Board,
    client::{self, Doors, End, Told},
    entities::Seen,
    guests::Guests,
    hour,
    places::Places,
    session::happened,
    states,
    wire::{Fault, Greeting},
};
use crate::{
    clock::Moment,
    house::{House, Notification},
    mdns::{self, Responder},
    model::{Config, HomeAssistantSettings, Vital, Vitals},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// When the address was taken, or is none of this machine's yet.
const LISTEN_AGAIN: Duration = Duration::from_secs(10);
/// The machine is asked for what it tells of itself, which takes a moment.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// When the system is out of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// Who was refused is told that often, so that nobody fills the log.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// So many events wait for a slow client.
const HAPPENINGS: usize = 256;
/// For all clients together to take leave.
const LEAVE_WITHIN: Duration = Duration::from_millis(2_500);

/// Why it ended.
pub enum Why {
    /// The daemon ends.
    Stopped,
    /// Another configuration wants another one, or none.
    Changed,
}

/// Whether a configuration wants the same server.
fn is_same(one: &Config, other: &Config) -> bool {
    let what = |config: &Config| (config.hub.id.clone(), config.hub.name.clone());
    one.homeassistant == other.homeassistant && what(one) == what(other)
}

/// Serves the house until it stops or wants another server than this configuration with these settings.
pub async fn serve(
    house: &House,
    config: &Config,
    settings: &HomeAssistantSettings,
    greeting: Greeting,
    states: &states::Door,
    (guests, hour): (&Guests, &hour::Door),
) -> Why {
    let mut house = house.clone();
    let is_ours = |other: &Config| is_same(config, other);
    let (mut stopping, mut trouble) = (house.clone(), house.clone());
    let mut configs = house.config.clone();
    let starting = async {
        let listener = listen(settings.listen).await;
        // After a reload the publisher may be behind.
        let first = house.snapshots.wait_for(|snapshot| is_ours(&snapshot.config)).await.ok()?.clone();
        // Home Assistant forgets what is not on the list.
        let is_read = |vitals: &Arc<Vitals>| vitals.contains_key(&Vital::Kernel);
        let _ = timeout(READ_WITHIN, house.vitals.wait_for(is_read)).await;
        Some((listener, first))
    };
    let (listener, first) = tokio::select! {
        started = starting => match started {
            Some(started) => started,
            None => return Why::Stopped,
        },
        () = stopping.stopping() => return Why::Stopped,
        _ = configs.wait_for(|config| !is_ours(config)) => return Why::Changed,
    };
    let (name, address) = (&greeting.name, settings.listen);
    match greeting.key {
        Some(_) => tracing::info!("Home Assistant gets to {name} at {address}, encrypted"),
        None => tracing::warn!("Home Assistant gets to {name} at {address}, NOT encrypted, for anybody to use"),
    }
    let seen = Seen { snapshot: first, vitals: house.vitals.borrow().clone(), trouble: house.trouble() };
    let greeting = Arc::new(greeting);
    let (board, _) = watch::channel(Arc::new(Board::new(seen, &greeting)));
    let mut responder = announced(&greeting, &config.hub.name, settings).and_then(Responder::begin);
    let (happenings, _) = broadcast::channel(HAPPENINGS);
    let (_, mut told) = house.notifications.listen();
    let mut clients: JoinSet<(IpAddr, End)> = JoinSet::new();
    let mut places = Places::default();
    let mut complained: Option<Moment> = None;
    let why = loop {
        tokio::select! {
            () = stopping.stopping() => break Why::Stopped,
            changed = configs.changed() => {
                if changed.is_err() {
                    break Why::Stopped;
                }
                if !is_ours(&configs.borrow_and_update()) {
                    break Why::Changed;
                }
            }
            accepted = listener.accept() => match accepted {
                Err(error) => {
                    tracing::warn!("Home Assistant cannot be taken in: {error}");
                    sleep(ACCEPT_AGAIN).await;
                }
                // Who is refused is simply hung up on.
                Ok((_, peer)) if !places.make_room(peer.ip()) => {
                    complain(&house, &mut complained, &format!("{} has too many connections", peer.ip()));
                }
                Ok((stream, peer)) => {
                    let is_known = Arc::default();
                    let doors = Doors {
                        greeting: greeting.clone(),
                        board: board.subscribe(),
                        happenings: happenings.subscribe(),
                        states: states.clone(),
                        guests: guests.clone(),
                        hour: hour.clone(),
                        clock: house.clock.clone(),
                        requests: house.requests.clone(),
                        is_known: Arc::clone(&is_known),
                    };
                    let task = clients.spawn(client::serve(stream, peer, doors));
                    places.add(peer.ip(), task, is_known);
                }
            },
            Some(end) = clients.join_next(), if !clients.is_empty() => {
                if let Ok((address, End::Fault(fault))) = end {
                    let cure = if fault == Fault::WrongKey { "; the right one is shown by `hearthd homeassistant key`" } else { "" };
                    complain(&house, &mut complained, &format!("a client at {address} is refused: {fault}{cure}"));
                }
            }
            Some(told) = told.recv() => {
                if let Some(told) = happening(&board.borrow(), told) {
                    // Without clients, nobody hears of it.
                    let _ = happenings.send(told);
                }
            }
            Ok(()) = house.snapshots.changed() => update(&house, &board, &greeting),
            Ok(()) = house.vitals.changed() => update(&house, &board, &greeting),
            () = mdns::watch(responder.as_mut()) => {}
            () = trouble.trouble_changed() => update(&house, &board, &greeting),
        }
    };
    drop(listener);
    if let Why::Stopped = why {
        update(&house, &board, &greeting);
    }
    board.send_modify(|board| *board = Arc::new(board.leaving()));
    let leave = async {
        if let Some(responder) = responder {
            responder.leave().await;
        }
        while clients.join_next().await.is_some() {}
    };
    let _ = timeout(LEAVE_WITHIN, leave).await;
    why
}

/// Takes in the newest state of all, if it is of a configuration that wants this server.
fn update(house: &House, board: &watch::Sender<Arc<Board>>, greeting: &Greeting) {
    let seen = Seen {
        snapshot: house.snapshots.borrow().clone(),
        vitals: house.vitals.borrow().clone(),
        trouble: house.trouble(),
    };
    let before = board.borrow().clone();
    if is_same(&seen.snapshot.config, &before.seen.snapshot.config) {
        board.send_replace(Arc::new(before.next(seen, greeting)));
    }
}

/// What clients are told of something that happened.
fn happening(board: &Board, told: Notification) -> Option<Told> {
    match told {
        Notification::Clicked(point, word) => {
            let at = |listed: &super::listing::Listed| listed.entity.happened(&listed.about, &point, word);
            board.listing.entities.iter().find_map(at).map(Told::AtEntity)
        }
        Notification::Notice(notice) => {
            let hub = &board.listing.config.hub.id;
            let facts = [("text", &*notice.text), ("rule", &notice.rule), ("time", &notice.time), ("hub", hub)];
            Some(Told::InHouse(happened("notice", &facts)))
        }
        // Who brought a command hears of it.
        Notification::Refused(_) => None,
    }
}

fn complain(house: &House, complained: &mut Option<Moment>, what: &str) {
    let now = house.clock.now().moment;
    if complained.is_none_or(|last| now.since(last) >= COMPLAIN_EVERY) {
        *complained = Some(now);
        tracing::info!("Home Assistant's API: {what}");
    }
}

/// The listener, as soon as its address can be had.
async fn listen(address: SocketAddr) -> TcpListener {
    let mut complained = false;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) => {
                if !std::mem::replace(&mut complained, true) {
                    tracing::warn!(
                        "Home Assistant cannot get in: {address} cannot be had: {error}; homeassistant.listen says so"
                    );
                }
                sleep(LISTEN_AGAIN).await;
            }
        }
    }
}
