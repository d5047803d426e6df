//! Connects, keeps the broker informed, and connects again, for ever.

use super::backoff::{Backoff, STEADY};
use super::inbox::{Inbox, Incoming};
use super::link::{Link, Loss, News};
use super::outbox::Outbox;
use super::{Clearing, Told, discovery, is_of};
use crate::model::{BrokerStatus, Command, Event, MqttSettings, Snapshot};
use std::{future::pending, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

/// So many commands wait for the engine before the connection does. A broker drops what a slow reader leaves there, so
/// there is room for a storm; each takes some 150 bytes, and only while it waits.
const COMMANDS: usize = 16_384;
/// All hubs of a house hear Home Assistant's birth at the same time.
const BIRTH_SPREAD_MS: u64 = 2_000;
/// Home Assistant has surely removed what is gone by then.
const FORGET_GONE_AFTER: Duration = Duration::from_secs(10);
/// For the last messages; the farewell has the rest of [`super::STOP_WITHIN`].
const LAST_WORDS: Duration = Duration::from_millis(1_500);

/// Everything that a connection needs and that outlives it.
pub(super) struct Session {
    hub: Arc<str>,
    settings: MqttSettings,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    told: mpsc::Receiver<Told>,
    commands: mpsc::Sender<Command>,
    status: watch::Sender<BrokerStatus>,
    stop: oneshot::Receiver<Clearing>,
    outbox: Outbox,
    backoff: Backoff,
    /// Carries commands to the engine, apart, so that publishing goes on while the engine is busy.
    _forwarding: JoinSet<()>,
}

/// How a connection ended.
enum End {
    /// With what is not to be left behind and could not be cleared.
    Stopped(Clearing),
    /// With whether it had been up.
    Lost(Loss, bool),
}

impl Session {
    /// `first` is a picture of this very hub.
    pub(super) fn new(
        (hub, settings): (Arc<str>, MqttSettings),
        first: Arc<Snapshot>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        events: mpsc::Sender<Event>,
        told: mpsc::Receiver<Told>,
        status: watch::Sender<BrokerStatus>,
        stop: oneshot::Receiver<Clearing>,
    ) -> Session {
        let (commands, queued) = mpsc::channel(COMMANDS);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(forward(queued, events));
        let outbox = Outbox::new(&settings, first);
        let backoff = Backoff::new();
        Session { hub, settings, snapshots, told, commands, status, stop, outbox, backoff, _forwarding: forwarding }
    }

    /// Ends when it is stopped.
    pub(super) async fn run(mut self) {
        loop {
            let (loss, was_up) = match self.connection().await {
                End::Stopped(left) => {
                    self.complain_of(left);
                    break;
                }
                End::Lost(loss, was_up) => (loss, was_up),
            };
            let wait = self.backoff.wait();
            self.report(loss, was_up, wait);
            if let Some(left) = self.rest(wait).await {
                self.complain_of(left);
                break;
            }
        }
        self.status.send_modify(|status| status.connected = false);
    }

    /// One connection, from the first try to its end.
    async fn connection(&mut self) -> End {
        let inbox = Inbox::new(&self.settings, &self.hub);
        let filters = inbox.filters();
        let mut link = Link::open(&self.settings, inbox, self.commands.clone());
        let (mut up, mut steady, mut birth, mut forget_gone) = (false, None, None, None);
        loop {
            let mut news = tokio::select! {
                clearing = &mut self.stop => {
                    let clearing = clearing.unwrap_or_default();
                    let left = if up && self.take_leave(link, clearing).await { Clearing::default() } else { clearing };
                    return End::Stopped(left);
                }
                news = link.next() => Some(news),
                Some(told) = self.told.recv() => {
                    self.outbox.tell(told);
                    None
                }
                Ok(()) = self.snapshots.changed(), if up => None,
                () = ring(&mut steady) => {
                    self.backoff.steady();
                    None
                }
                () = ring(&mut birth) => {
                    tracing::debug!("Home Assistant has started: telling it everything again");
                    self.outbox.birth();
                    None
                }
                () = ring(&mut forget_gone) => {
                    self.outbox.forget_gone();
                    None
                }
            };
            // All that is there already, before anything is published: the more is known, the less need be said.
            while let Some(item) = news.take().or_else(|| link.try_next()) {
                match item {
                    News::Up => {
                        up = true;
                        steady = timer(STEADY);
                        self.greet(&link, &filters);
                    }
                    News::Came(Incoming::Refused(refused)) => self.outbox.tell(Told::Refused(refused)),
                    News::Came(Incoming::Birth) => {
                        birth = birth.or_else(|| timer(Duration::from_millis(self.backoff.below(BIRTH_SPREAD_MS))));
                    }
                    News::Came(Incoming::EarlierDiscovery(payload)) => self.outbox.earlier_discovery(&payload),
                    News::NotSubscribed => tracing::warn!(
                        "the broker does not let us read {}: allow it in the broker's access list",
                        filters.join(", ")
                    ),
                    News::Came(_) | News::Written(_) | News::Acknowledged(_) | News::Closed => {}
                    News::Lost(loss) => {
                        link.unanswered().rev().for_each(|told| self.outbox.tell_again(told));
                        return End::Lost(loss, up);
                    }
                }
            }
            while let Ok(told) = self.told.try_recv() {
                self.outbox.tell(told);
            }
            if up {
                self.catch_up();
                self.publish(&mut link);
                if forget_gone.is_none() && self.outbox.names_gone() {
                    forget_gone = timer(FORGET_GONE_AFTER);
                }
            }
        }
    }

    fn greet(&mut self, link: &Link, filters: &[String]) {
        tracing::info!(
            "connected to the broker at {}:{} as {}",
            self.settings.host,
            self.settings.port,
            self.settings.client_id
        );
        self.status.send_replace(BrokerStatus { connected: true, attempts: 0, error: None });
        link.subscribe(filters.to_vec());
        self.catch_up();
        self.outbox.start();
    }

    fn catch_up(&mut self) {
        let newest = self.snapshots.borrow_and_update().clone();
        // After a reload, another connection tells of a house with other settings.
        if is_of(&newest.config, &self.hub, &self.settings) {
            self.outbox.update(newest);
        }
    }

    fn publish(&mut self, link: &mut Link) {
        while link.has_room() {
            match self.outbox.next() {
                Some(message) => link.publish(message),
                None => break,
            }
        }
    }

    /// Returns whether the broker has taken all of it.
    async fn take_leave(&mut self, mut link: Link, clearing: Clearing) -> bool {
        self.catch_up();
        while let Ok(told) = self.told.try_recv() {
            self.outbox.tell(told);
        }
        self.outbox.close(clearing);
        let said = timeout(LAST_WORDS, async {
            loop {
                self.publish(&mut link);
                if link.is_idle() {
                    return true;
                }
                if matches!(link.next().await, News::Lost(_) | News::Closed) {
                    return false;
                }
            }
        });
        let Ok(all) = said.await else {
            // Without a farewell the broker publishes the last will: `offline` all the same.
            tracing::warn!("the broker is too slow for our last messages");
            return false;
        };
        link.close();
        while !matches!(link.next().await, News::Lost(_) | News::Closed) {}
        tracing::info!("took leave of the broker");
        all
    }

    /// Says what stays at a broker that is not to hear of this hub any more.
    fn complain_of(&self, left: Clearing) {
        let MqttSettings { host, port, prefix, discovery_prefix, .. } = &self.settings;
        let discovery = discovery_prefix.as_ref().filter(|_| left.discovery);
        let topics = left.topics.then(|| format!("{prefix}/#"));
        let left: Vec<String> = topics.into_iter().chain(discovery.map(|to| discovery::topic(to, &self.hub))).collect();
        if !left.is_empty() {
            tracing::warn!(
                "the broker at {host}:{port} could not be told to forget {}: clear them with mosquitto_sub \
                 --remove-retained, see docs/mqtt.md",
                left.join(" and ")
            );
        }
    }

    fn report(&mut self, loss: Loss, was_up: bool, wait: Duration) {
        let Loss { mut reason, closed_by_broker } = loss;
        if self.backoff.is_fight(was_up && closed_by_broker) {
            reason.push_str(&format!(
                " soon after it was made, again and again: another client seems to use the client id {} too; stop it, \
                 or give each hub its own in [mqtt]",
                self.settings.client_id
            ));
        }
        let broker = format!("{}:{}", self.settings.host, self.settings.port);
        let seconds = wait.as_secs_f32();
        let known = self.status.borrow().error.as_ref() == Some(&reason);
        if was_up {
            tracing::warn!("lost the broker at {broker}: {reason}; trying again in {seconds:.1} s");
        } else if known {
            tracing::debug!("still no broker at {broker}: {reason}; trying again in {seconds:.1} s");
        } else {
            tracing::warn!(
                "cannot connect to the broker at {broker}: {reason}; trying again in {seconds:.1} s, and on"
            );
        }
        self.status.send_modify(|status| {
            status.connected = false;
            status.attempts = if was_up { 0 } else { status.attempts.saturating_add(1) };
            status.error = Some(reason);
        });
    }

    /// Waits for the next try. If it is stopped meanwhile, with what is not to be left behind.
    async fn rest(&mut self, wait: Duration) -> Option<Clearing> {
        let mut over = timer(wait);
        loop {
            tokio::select! {
                clearing = &mut self.stop => return Some(clearing.unwrap_or_default()),
                () = ring(&mut over) => return None,
                Some(told) = self.told.recv() => self.outbox.tell(told),
            }
        }
    }
}

async fn forward(mut commands: mpsc::Receiver<Command>, events: mpsc::Sender<Event>) {
    while let Some(command) = commands.recv().await {
        if events.send(Event::Command(command)).await.is_err() {
            return;
        }
    }
}

type Timer = Option<Pin<Box<Sleep>>>;

fn timer(duration: Duration) -> Timer {
    Some(Box::pin(sleep(duration)))
}

/// Waits for a timer that is set, and unsets it.
async fn ring(timer: &mut Timer) {
    match timer {
        Some(sleep) => sleep.as_mut().await,
        None => pending().await,
    }
    *timer = None;
}
