//! The daemon: one control loop that holds the engine and the hardware, and the adapters around it.
//!
//! A pass of the loop: take what has happened, let the engine decide, drive the outputs, hand the new snapshot to the
//! publisher, tell systemd that it is alive, sleep until something happens or the engine wants to be woken. Nothing in a
//! pass waits for a network, a bus or a disk, but for a reload that changes outputs on a bus that hangs: some tenths of a second.

mod announced;
pub mod backup;
mod budget;
mod control;
mod editor;
mod keeper;
pub mod last_good;
mod lock;
mod plan;
mod publisher;
mod reload;
mod signals;
mod simulated;
mod store;
mod systemd;
mod under_way;
mod versions;
mod vitals;

use crate::{
    clock::{Clock, Now},
    engine::{Engine, Memory},
    hardware::simulated::Wires,
    history, homeassistant,
    house::{Adapters, Ends, House, Notice},
    http,
    model::{BrokerStatus, Vital},
    mqtt::{self, Ledger, remote},
};
use anyhow::Context;
use control::{Control, DRIVE_WITHIN};
use editor::Editor;
pub use plan::InForce;
use publisher::{Publisher, Shown};
pub use reload::{Judge, Load, Simulate, Unfit, Watched};
use reload::{Reload, Trigger};
use signals::{Asked, Signals};
use std::{
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use store::Store;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Notify, mpsc, watch},
};

/// For the last words of all adapters together.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
/// News taken in one pass, so that a flood cannot keep the loop from showing what it did.
const NEWS_PER_PASS: usize = 512;

/// How a daemon is to run.
pub struct Options {
    /// The configuration to begin with.
    pub in_force: InForce,
    /// The file to watch for changes; None: it never changes.
    pub watched: Option<Watched>,
    /// Where state is kept over restarts; None: it is not.
    pub state: Option<PathBuf>,
    /// Where history is kept.
    pub history: history::Place,
    /// Where the control socket is made; None: there is none.
    pub socket: Option<PathBuf>,
    /// Makes the clock. Given when the state of before was kept, it goes on from there and tells whether it knows how long
    /// ago that was.
    pub clock: Box<dyn FnOnce(Option<Now>) -> (Clock, bool)>,
    /// Called once the house is up; a demo hooks its world and its view in here.
    pub attach: Option<Box<dyn FnOnce(Attached)>>,
}

/// What a running daemon shows to those inside its process.
pub struct Attached {
    /// What every adapter gets.
    pub house: House,
    /// On simulated hardware, its wires.
    pub wires: Option<Wires>,
    /// Where HTTP is served over TCP.
    pub web: watch::Receiver<http::Listening>,
    /// Notified, the daemon stops as it does on SIGTERM.
    pub stop: Arc<Notify>,
}

/// Runs until a signal asks it to end; all outputs are then in their safe states.
///
/// # Errors
/// When it cannot start at all (another hearthd has the socket, the system gives no threads), or a part of it died.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let listener = match &options.socket {
        Some(path) => Some(listen(path).await?),
        None => None,
    };
    // Held until the process ends, however it ends.
    let _lock = options.state.as_deref().map(lock::take).transpose()?;
    let (store, memory) = match &options.state {
        Some(folder) => open_store(folder),
        None => (None, None),
    };
    let in_force = options.in_force.clone();
    let config = in_force.config.clone();
    let (clock, pause_is_known) = (options.clock)(memory.as_ref().map(Memory::taken));
    let memory = if pause_is_known { memory } else { memory.map(Memory::after_unknown_pause) };

    // Outputs first: whatever fails below, they are where they should be.
    let mut engine = Engine::new(config.clone(), memory, clock.now());
    let notice = engine.last_notice().cloned().map(|last| Notice::new(last.text, &last.rule, last.at, &config));
    let (house, ends) = House::new(Arc::new(engine.publish(clock.now())), clock.clone());
    let Ends { mut events, mut requests, mut questions, refused, stopping, vitals, .. } = ends;
    let (door, behind) = remote::door();
    let mut control = Control::start(engine, options.in_force, clock.clone(), house.events.clone(), door, ends.config);
    let shown = Shown { snapshots: ends.snapshots, notifications: house.notifications.clone() };
    let publisher =
        Publisher::start(store, clock.clone(), shown, ends.unsaved).context("cannot start the publisher thread")?;

    let mut adapters = Adapters::default();
    // Before anything is told.
    let (_, heard) = house.notifications.listen();
    let vitals = vitals::Watcher::start(house.clone(), vitals, options.state.clone(), notice).await;
    adapters.run("the watch on the machine", vitals.run(heard));
    adapters.attach("the connection for the points on the broker", remote::attach(&house, behind));
    let ledger = Ledger::open(options.state.as_deref());
    adapters.attach("the connection to the broker", mqtt::attach(&house, ends.broker, ledger));
    let left = Ledger::open_homie(options.state.as_deref());
    adapters.attach("the Homie device", mqtt::homie::attach(&house, left));
    let home = homeassistant::attach(&house, options.state.clone(), ends.guests);
    adapters.attach("the API for Home Assistant", home);
    adapters.attach("the history", history::attach(&house, options.history, ends.past, ends.unrecorded));
    adapters.attach("the lights of the past", history::repeat_lights(&house));
    let (asked_in, mut asked) = mpsc::channel(1);
    adapters.run("the task for signals", signals.pass_on(asked_in));
    let (web_in, web) = watch::channel(None);
    adapters.run("HTTP", http::serve_tcp(house.clone(), web_in, options.state.clone()));
    adapters.attach("the announcement on the network", http::announce(&house, web.clone()));
    if let Some(listener) = listener {
        adapters.run("the control socket", http::serve(listener, house.clone()));
    }
    let trigger = Trigger::default();
    let (reloads_in, mut reloads) = mpsc::channel(1);
    let editor = Editor::new(&house, options.watched.as_ref(), options.state.as_deref(), reloads_in.clone());
    adapters.run("the editor of the configuration", editor.run(ends.edits));
    if let Some(watched) = options.watched {
        refused.send_replace(watched.refused.clone());
        let watching = reload::watch(watched, in_force, trigger.clone(), refused.clone(), reloads_in);
        adapters.run("the watch on the configuration", watching);
    }
    let status = |control: &Control| {
        let troubles = house.trouble().into_iter().chain(broker_trouble(&house.broker.borrow()));
        troubles.fold(control.status(), |status, trouble| format!("{status}; {trouble}"))
    };
    let stop = Arc::new(Notify::new());
    if let Some(attach) = options.attach {
        attach(Attached { house: house.clone(), wires: control.wires(), web, stop: stop.clone() });
    }

    publisher.offer(control.pass(publisher.save_other_every()));
    // What was wrong before the loop began is news to it.
    let (mut unsaved, mut unrecorded, mut broker) =
        (house.unsaved.clone(), house.unrecorded.clone(), house.broker.clone());
    systemd::ready(&status(&control));
    let watchdog = systemd::watchdog_interval();
    // Whatever ends the loop, this is dropped first: outputs are safe before anything else is waited for.
    let mut control = control;
    loop {
        let sleep = clock.real_time_until(control.next_wakeup()).min(watchdog.unwrap_or(Duration::MAX));
        tokio::select! {
            biased;
            Some(asked) = asked.recv() => match asked {
                Asked::End(name) => {
                    tracing::info!("{name}");
                    break;
                }
                Asked::Reload => trigger.pull(),
            },
            () = stop.notified() => break,
            Some(reload) = reloads.recv() => {
                systemd::reloading();
                let (candidate, answer) = match reload {
                    Reload::Good(candidate) => (Some(candidate), None),
                    Reload::Edited(candidate, answer) => (Some(candidate), Some(answer)),
                    Reload::Refused => (None, None),
                };
                let why_not = candidate.and_then(|candidate| control.reconfigure(candidate).err());
                if let Some(why) = why_not {
                    tracing::error!("the changed configuration is refused: {why}; the old one stays in force");
                    refused.send_replace(Some(why.into()));
                }
                // Whoever edited may have gone away.
                drop(answer.map(|answer| answer.send(why_not.map(str::to_owned))));
                systemd::ready(&status(&control));
            }
            Ok(()) = unsaved.changed() => {
                let trouble = unsaved.borrow_and_update().clone();
                systemd::status(&status(&control));
                control.notify(trouble.unwrap_or_else(|| "the state is saved again".into()));
            }
            Ok(()) = unrecorded.changed() => {
                let trouble = unrecorded.borrow_and_update().clone();
                systemd::status(&status(&control));
                control.notify(trouble.unwrap_or_else(|| "the history is written again".into()));
            }
            Ok(()) = broker.changed() => systemd::status(&status(&control)),
            Some(request) = requests.recv() => control.request(request),
            Some(event) = events.recv() => control.handle(event),
            Some(question) = questions.recv() => control.answer_aside(question),
            () = tokio::time::sleep(sleep) => control.wake(),
        }
        // What else is there already, a share of each kind, so that no flood holds up the others.
        for _ in 0..NEWS_PER_PASS {
            let Ok(request) = requests.try_recv() else { break };
            control.request(request);
        }
        for _ in 0..NEWS_PER_PASS {
            let Ok(event) = events.try_recv() else { break };
            control.handle(event);
        }
        control.supervise();
        publisher.offer(control.pass(publisher.save_other_every()));
        // A bug in one part must not leave a house that looks alive and is not: end, and be started afresh.
        anyhow::ensure!(publisher.is_running(), "the publisher died");
        anyhow::ensure!(control.is_healthy(), "a thread of the hardware died");
        if let Some(ended) = adapters.ended() {
            anyhow::bail!("{ended} died");
        }
        systemd::alive();
        if control.is_to_restart() {
            break;
        }
    }
    let is_to_restart = control.is_to_restart();

    systemd::stopping();
    tracing::info!("stopping: outputs go to their safe states");
    control.stop();
    let driven = async {
        while !control.undriven().is_empty()
            && let Some(event) = events.recv().await
        {
            control.handle(event);
        }
    };
    if tokio::time::timeout(DRIVE_WITHIN, driven).await.is_err() {
        tracing::error!("not driven to a safe state, since the bus hangs: {}", control.undriven().join(", "));
    }
    publisher.offer(control.last_pass());
    // With the publisher gone, all that it had to tell is told; and nobody waits for a loop that has ended.
    drop((publisher, events, requests, questions));
    stopping.send_replace(true);
    adapters.leave(LEAVE_WITHIN).await;
    if let Some(socket) = &options.socket {
        let _ = std::fs::remove_file(socket);
    }
    tracing::info!("stopped");
    // No good end, or systemd could leave it at that.
    anyhow::ensure!(!is_to_restart, "ended to be started again, as {} asked", Vital::Restart.name());
    Ok(())
}

/// What is wrong with the connection, to be added to a line; None: all is well, or it is being made.
fn broker_trouble(status: &BrokerStatus) -> Option<String> {
    status.error.as_ref().map(|error| format!("broker: {error}"))
}

/// Reads the state folder. A damaged file is a warning, never a reason not to control the house.
fn open_store(folder: &Path) -> (Option<Store>, Option<Memory>) {
    let (store, memory, warnings) = Store::open(folder);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    (Some(store), memory)
}

/// Makes the control socket, for this user and group only.
async fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    let place = || format!("cannot make the control socket {} (another place: --socket)", path.display());
    // Never by force: whatever else is there, or listens there, stays.
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(place),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(anyhow::anyhow!("there is something else in its place")).with_context(place);
        }
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => {
                anyhow::bail!("another hearthd answers at {}; stop it first, or use another --socket", path.display())
            }
            // Left behind by one that was killed.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).with_context(place)?;
            }
            Err(error) => return Err(error).with_context(place),
        },
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(place)?;
    }
    let listener = UnixListener::bind(path).with_context(place)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).with_context(place)?;
    Ok(listener)
}
