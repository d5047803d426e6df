//! Points that live on the broker: inputs, sensors and outputs of the house that are somebody else's topics.
//!
//! ```text
//!  drives ──> Points ──> Connection ──> broker      commands
//!               |  ^          |
//!               |  └──────────┘ <────── broker      states, readings, availability
//!               └──> events                         what was read, what was driven
//! ```
//!
//! - **A connection of its own** (`connection.rs`), beside that of the hub: a device that floods the broker, or keeps
//!   something too large there, holds up no command and takes nobody offline.
//! - **No policy.** What is heard becomes the events of a wire: read, in fault, driven, found otherwise.
//! - **A command is never retained**, and one that nobody can carry out now is answered as failed. The engine tries again, at
//!   once when it hears that the device or the broker is back.

pub(super) mod connection;
mod safe;
mod survey;

pub use safe::drive_safe;
pub use survey::survey;

use super::{backoff::Backoff, client::NotTaken, loss::LossKind};
use crate::{
    clock::Clock,
    house::House,
    model::{Cause, Config, DriveId, Event, Level, OutputId, Remote, Via},
    remote::{CoverPoint, OutputPoint, Points, Purpose},
};
use connection::{Connection, News, Unread};
use safe::Order;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

/// Drives that may wait for the adapter; a house has fewer outputs.
const DRIVES: usize = 1024;
/// For the last messages at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where the control loop drives outputs on the broker.
pub struct Door(mpsc::Sender<Drive>);

/// The other end of a [`Door`], for [`attach`].
pub struct Behind(mpsc::Receiver<Drive>);

/// One output is to be driven.
struct Drive {
    drive: DriveId,
    output: Arc<str>,
    remote: Arc<Remote>,
    level: Level,
    purpose: Purpose,
    /// Somebody asks for it.
    asks: bool,
}

/// A door and what is behind it.
pub fn door() -> (Door, Behind) {
    let (drives_in, drives) = mpsc::channel(DRIVES);
    (Door(drives_in), Behind(drives))
}

impl Door {
    /// Drives an output on the broker, for this reason, which is answered later by [`Event::Driven`]. None: the output is not
    /// there.
    ///
    /// # Errors
    /// When it cannot be answered later.
    pub fn drive(
        &self,
        drive: DriveId,
        config: &Config,
        output: OutputId,
        level: Level,
        cause: &Cause,
    ) -> Option<Result<(), String>> {
        let remote = config.remote_output(output)?.clone();
        let is_safe = config[output].safe_level() == Some(level);
        let purpose = match config.takes_back(output, cause) {
            true => Purpose::TakeBack,
            false if is_safe => Purpose::Safe,
            false => Purpose::Want,
        };
        let output = config[output].id.clone();
        let sent = self.0.try_send(Drive { drive, output, remote, level, purpose, asks: cause.asks_another_hub() });
        Some(sent.map_err(|_| "too many commands wait for the broker".to_owned()))
    }
}

/// Reads and drives what the house has on the broker, until it is stopping. As long as it has nothing there, it connects to none.
pub fn attach(house: &House, Behind(drives): Behind) -> impl Future<Output = ()> + Send + use<> {
    let (house, config, clock) = (house.clone(), house.config.clone(), house.clock.clone());
    let points = Points::new(Via::Broker, clock.now());
    Adapter { config, drives, clock, house, points, backoff: Backoff::new(), owed: Vec::new() }.run()
}

struct Adapter {
    config: watch::Receiver<Arc<Config>>,
    drives: mpsc::Receiver<Drive>,
    clock: Clock,
    house: House,
    points: Points,
    backoff: Backoff,
    /// What outputs that are not there any more could not be told yet: this broker was away.
    owed: Vec<Order>,
}

/// Whether nothing changed that the connection depends on.
fn is_same(before: &Config, now: &Config) -> bool {
    before.mqtt == now.mqtt
        && before.hub.timezone == now.hub.timezone
        && before.inputs == now.inputs
        && before.sensors == now.sensors
        && before.outputs == now.outputs
}

/// What a publication is known by.
enum Known {
    Drive {
        drive: DriveId,
        /// The last of what it needs.
        is_all: bool,
    },
    /// What is left to tell an output that is not there any more: topic and payload.
    Farewell(Arc<str>, String),
}

/// Why a connection ended.
enum End {
    /// The daemon ends.
    Stopped,
    /// Another configuration wants another one.
    Changed,
    /// It was lost; as by a broker that may soon be back.
    Lost { away: bool },
}

impl Adapter {
    async fn run(mut self) {
        self.serve().await;
        self.leave_owed();
    }

    /// Until the daemon ends.
    async fn serve(&mut self) {
        let mut complained = false;
        let mut before: Option<Arc<Config>> = None;
        loop {
            let config = self.config.borrow_and_update().clone();
            if let Some(before) = before.replace(config.clone()).filter(|before| !Arc::ptr_eq(before, &config)) {
                self.leave_safe(before, config.clone()).await;
            }
            self.points.follow(&config, self.clock.now());
            let has_work = config.has_remote_points(Via::Broker) || !self.owed.is_empty();
            let wait = match config.mqtt.as_ref().filter(|_| has_work) {
                // Nothing to do, until the file says otherwise.
                None => None,
                Some(settings) => {
                    let mut connection = Connection::open(settings, "points");
                    let end = self.connection(&config, &mut connection, &mut complained).await;
                    self.points.connected(false, self.clock.now());
                    self.points.outputs.values_mut().for_each(OutputPoint::publish_again);
                    match end {
                        End::Stopped => {
                            if timeout(LAST_WORDS, connection.close()).await.is_err() {
                                tracing::warn!("the broker did not take the last commands within {LAST_WORDS:?}");
                            }
                            return;
                        }
                        End::Changed => {
                            connection.close().await;
                            continue;
                        }
                        End::Lost { away } => Some(self.backoff.wait(away)),
                    }
                }
            };
            if !self.rest(wait).await {
                return;
            }
        }
    }

    /// What the house has no more is left in its safe state, as a wire is. Of these outputs something was asked that another
    /// hub does for us: that is taken back. While this broker is away, it is owed.
    async fn leave_safe(&mut self, before: Arc<Config>, now: Arc<Config>) {
        let stays = before.has_same_broker(&now);
        if !stays {
            self.leave_owed();
            self.points.forget();
        }
        self.owed.retain(|order| !order.is_taken_over(&now));
        let asked = self.points.outputs.iter().filter(|(_, point)| point.is_asked).map(|(id, _)| id.clone()).collect();
        let left = tokio::task::spawn_blocking(move || {
            let orders = safe::farewells(&before, &now, &asked);
            safe::publish_all(&before, orders)
        });
        for (order, result) in left.await.into_iter().flatten() {
            let Order { output, what, .. } = &order;
            match result {
                Ok(()) => tracing::info!("{output} is not there any more: {what} published"),
                Err(why) => {
                    let later = if stays { "; it will be when the broker is back" } else { "" };
                    tracing::error!("{output} is not there any more, and {what} not published: {why}{later}");
                    self.owed.extend(stays.then_some(order));
                }
            }
        }
    }

    /// Nobody will tell these any more.
    fn leave_owed(&mut self) {
        for Order { output, what, .. } in self.owed.drain(..) {
            tracing::error!("{output} is not there any more, and {what} never published: the broker was away");
        }
    }

    /// One connection, from the first try to its end.
    async fn connection(&mut self, config: &Config, connection: &mut Connection<Known>, complained: &mut bool) -> End {
        let mut is_listening = false;
        loop {
            if is_listening {
                let mut events = Vec::new();
                let published = self.publish(connection, &mut events);
                if !self.tell(events).await {
                    return End::Stopped;
                }
                if published.is_err() {
                    return End::Lost { away: false };
                }
            }
            let due = self.points.next_due().map_or(Duration::MAX, |due| self.clock.real_time_until(due));
            let events = tokio::select! {
                biased;
                () = self.house.stopping() => {
                    // What is to be driven at the end is here already.
                    self.take_drives();
                    if is_listening {
                        let _ = self.publish(connection, &mut Vec::new());
                    }
                    return End::Stopped;
                }
                Ok(()) = self.config.changed() => match is_same(config, &self.config.borrow()) {
                    true => Vec::new(),
                    false => return End::Changed,
                },
                Some(drive) = self.drives.recv() => self.begin(drive),
                news = connection.next() => match news {
                    News::Up => {
                        self.points.connected(true, self.clock.now());
                        let topics = self.points.topics();
                        // With nothing to be read, there is nothing to wait for.
                        is_listening = topics.is_empty();
                        let events = if is_listening { self.listening(connection, complained) } else { Vec::new() };
                        if connection.ask(topics.into_iter()).is_err() {
                            return End::Lost { away: false };
                        }
                        events
                    }
                    News::Listening(Unread { count, why }) => {
                        is_listening = true;
                        if let Some(why) = why {
                            tracing::error!(
                                "the broker does not let hearthd read {count} of the topics of inputs, sensors and outputs: {why}"
                            );
                        }
                        self.listening(connection, complained)
                    }
                    News::Came(message) => {
                        self.points.hear(&message.topic, &message.payload, message.retain, self.clock.now())
                    }
                    News::Taken(Known::Farewell(topic, payload), Ok(())) => {
                        let told = self.owed.extract_if(.., |order| order.topic == topic && order.payload == payload);
                        told.for_each(|Order { output, what, .. }| tracing::info!("{output}, which is not there any more: {what} published"));
                        if !config.has_remote_points(Via::Broker) && self.owed.is_empty() {
                            return End::Changed;
                        }
                        Vec::new()
                    }
                    News::Taken(Known::Farewell(topic, _), Err(why)) => {
                        tracing::warn!("the broker does not let us publish on {topic}: {why}");
                        Vec::new()
                    }
                    News::Taken(Known::Drive { is_all: false, .. }, Ok(())) => Vec::new(),
                    News::Taken(Known::Drive { drive, .. }, taken) => {
                        let mut events = Vec::new();
                        for (id, point) in &mut self.points.outputs {
                            match &taken {
                                Ok(()) => point.taken(id, drive, &mut events),
                                Err(why) => point.not_taken(id, drive, &why.to_string(), &mut events),
                            }
                        }
                        events
                    }
                    News::Closed => return End::Lost { away: true },
                    News::Lost(loss) => {
                        if !std::mem::replace(complained, true) {
                            tracing::warn!("the points on the broker are not reached: {}", loss.reason);
                        }
                        return End::Lost { away: matches!(loss.kind, LossKind::Away | LossKind::Closed) };
                    }
                },
                () = tokio::time::sleep(due) => self.points.update(self.clock.now()),
            };
            if !self.tell(events).await {
                return End::Stopped;
            }
        }
    }

    /// All that the broker keeps was heard.
    fn listening(&mut self, connection: &mut Connection<Known>, complained: &mut bool) -> Vec<Event> {
        self.backoff.good();
        if std::mem::take(complained) {
            tracing::info!("the points on the broker are reached again");
        }
        for Order { first, topic, payload, .. } in &self.owed {
            // What does not get through is tried with the next connection.
            let _ = first.as_ref().map(|(topic, payload)| connection.publish(topic, payload.clone(), None, None));
            let known = Known::Farewell(topic.clone(), payload.clone());
            let _ = connection.publish(topic, payload.clone(), None, Some(known));
        }
        self.points.outputs.iter().filter_map(|(id, point)| point.reached(id)).collect()
    }

    /// Waits before the next try to connect (None: until there is something to do). False: the daemon ends.
    async fn rest(&mut self, wait: Option<Duration>) -> bool {
        let mut over = std::pin::pin!(async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        });
        loop {
            let due = self.points.next_due().map_or(Duration::MAX, |due| self.clock.real_time_until(due));
            let events = tokio::select! {
                biased;
                () = self.house.stopping() => return false,
                changed = self.config.changed() => return changed.is_ok(),
                Some(drive) = self.drives.recv() => self.begin(drive),
                () = &mut over => return true,
                () = tokio::time::sleep(due) => self.points.update(self.clock.now()),
            };
            if !self.tell(events).await {
                return false;
            }
        }
    }

    fn take_drives(&mut self) {
        while let Ok(drive) = self.drives.try_recv() {
            self.begin(drive);
        }
    }

    /// Takes in a drive. What is known to be away is not tried.
    fn begin(&mut self, Drive { drive, output, remote, level, purpose, asks }: Drive) -> Vec<Event> {
        // One that a reload took away meanwhile was told its safe state, or will be.
        let config = self.config.borrow();
        if config.find_output(&output).and_then(|id| config.remote_output(id)) != Some(&remote) {
            return Vec::new();
        }
        let (absence, now) = (self.points.absence(&output, &remote), self.clock.now());
        let point = self.points.outputs.entry(output).or_insert_with(|| OutputPoint::new(remote.clone()));
        // The configuration of this drive is not followed yet.
        if point.remote != remote {
            *point = OutputPoint::new(remote);
        }
        point.drive(drive, level, purpose, asks, now);
        match absence {
            Some(text) => {
                point.give_up();
                vec![Event::Driven { drive, result: Err(text) }]
            }
            None => Vec::new(),
        }
    }

    /// Publishes what is to be published; what there is nothing to say for is done.
    fn publish(&mut self, connection: &mut Connection<Known>, events: &mut Vec<Event>) -> Result<(), NotTaken> {
        for (topic, ask) in self.points.covers.values_mut().filter_map(CoverPoint::ask) {
            connection.publish(topic, ask.to_string(), None, None)?;
        }
        for (id, order) in self.points.orders() {
            if order.messages.is_empty()
                && let Some(point) = self.points.outputs.get_mut(&id)
            {
                point.taken(&id, order.drive, events);
            }
            // The broker takes it when it takes the last of what it needs, and not when it denies any.
            let last = order.messages.len().saturating_sub(1);
            for (place, (topic, payload)) in order.messages.into_iter().enumerate() {
                let known = Known::Drive { drive: order.drive, is_all: place == last };
                connection.publish(&topic, payload, order.useful_s, Some(known))?;
            }
            if let Some((topic, payload)) = order.ask {
                connection.publish(&topic, payload, order.useful_s, None)?;
            }
        }
        Ok(())
    }

    /// False: nobody listens any more.
    async fn tell(&self, events: Vec<Event>) -> bool {
        for event in events {
            if self.house.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }
}
