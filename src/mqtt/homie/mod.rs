//! The house as a device of the Homie convention 5, for apps that know houses by it.
//!
//! ```text
//!  snapshots ──> Outbox ──> Connection ──> broker      $state, $description, values, alerts
//!     house  <── Device <───────┘  <────── broker      set
//! ```
//!
//! - **A connection of its own**: the convention wants `lost` as the last will of the device, and the hub's connection has one
//!   already. A broker allows one for each.
//! - **No policy.** What a payload is, the description says; what a command means, the engine decides.
//! - **One device**, with a node for each thing of the house: a room is where several of them are, not one of them.

mod device;
mod form;
mod outbox;
#[cfg(test)]
mod tests;

use super::{
    Delivery,
    backoff::Backoff,
    is_of,
    ledger::{Ledger, Record},
    loss::LossKind,
    remote::connection::{Connection, News},
    repeats::Repeats,
    timer::{ring, timer},
};
use crate::{
    house::{Answerer, House, Notification, Request},
    model::{Command, Config, MqttSettings, Refusal, Snapshot, Source, in_shell, shown},
};
pub(super) use device::ROOT;
pub use device::base;
use outbox::Outbox;
use std::{sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinSet, time::timeout};

/// So many messages are on their way unacknowledged.
const WINDOW: usize = 20;
/// So many commands wait for their answers; then no more are read.
const COMMANDS: usize = 256;
/// For the last messages at the end, and for taking a device back.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The broker has not acknowledged anything for so long: it never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps the device at the broker as the configuration in force wants it, until the house is stopping. Where none is wanted, it
/// connects only to take back what `ledger` says was left.
pub fn attach(house: &House, ledger: Arc<Ledger>) -> impl Future<Output = ()> + Send + use<> {
    let adapter = Adapter { house: house.clone(), ledger, repeats: Repeats::default(), backoff: Backoff::new() };
    adapter.run()
}

struct Adapter {
    house: House,
    ledger: Arc<Ledger>,
    repeats: Repeats,
    backoff: Backoff,
}

/// Why a connection ended.
enum End {
    /// The daemon ends.
    Stopped,
    /// Another configuration wants another one, or none.
    Changed,
    /// It was lost; as by a broker that may soon be back.
    Lost { away: bool },
}

/// A command whose answer is waited for: its property, and what became of it.
type Answer = (usize, Result<(), Refusal>);

impl Adapter {
    async fn run(mut self) {
        let mut complained = false;
        loop {
            let config = self.house.config.borrow_and_update().clone();
            let wait = match config.mqtt.as_ref().filter(|settings| settings.homie || self.has_left(settings)) {
                // Nothing to do, until the file says otherwise.
                None => None,
                Some(settings) => match self.connection(&config, settings, &mut complained).await {
                    End::Stopped => return,
                    End::Changed => continue,
                    End::Lost { away } => Some(self.backoff.wait(away)),
                },
            };
            let over = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            let mut configs = self.house.config.clone();
            tokio::select! {
                () = self.house.stopping() => return,
                changed = configs.changed() => if changed.is_err() { return },
                () = over => {}
            }
        }
    }

    /// Whether something of an earlier device is at this broker.
    fn has_left(&self, settings: &MqttSettings) -> bool {
        let record = self.ledger.record();
        record.broker == settings.host && !record.topics.is_empty()
    }

    fn keep(&self, config: &Config, settings: &MqttSettings, topics: std::collections::BTreeSet<String>) {
        let hub = config.hub.id.to_string();
        self.ledger.keep(Record { hub, broker: settings.host.clone(), topics, ..Record::default() });
    }

    /// One connection, from the first try to its end.
    async fn connection(&mut self, config: &Config, settings: &MqttSettings, complained: &mut bool) -> End {
        let hub = config.hub.id.clone();
        let is_ours = |config: &Config| is_of(config, &hub, settings);
        let (mut house, mut configs) = (self.house.clone(), self.house.config.clone());
        let (mut end, mut snapshots) = (self.house.clone(), self.house.snapshots.clone());
        // After a reload the publisher may be behind.
        let first = tokio::select! {
            () = end.stopping() => return End::Stopped,
            Ok(()) = configs.changed() => return End::Changed,
            first = snapshots.wait_for(|snapshot| is_ours(&snapshot.config)) => match first {
                Ok(first) => first.clone(),
                Err(_) => return End::Stopped,
            },
        };
        let record = self.ledger.record();
        let kept = if record.broker == settings.host { record.topics } else { Default::default() };
        let will = settings.homie.then(|| (device::state_topic(&hub), "lost"));
        let mut connection: Connection<()> = Connection::with_will(settings, "homie", will);
        let mut outbox = Outbox::new(first, settings.homie, kept);
        outbox.problem(self.house.trouble());
        self.repeats.connection_begins();
        let (_, mut told) = self.house.notifications.listen();
        let mut answers: JoinSet<Answer> = JoinSet::new();
        let (mut is_up, mut on_their_way, mut has_ignored, mut is_denied) = (false, 0_usize, false, false);
        let mut overdue = None;
        loop {
            if is_up {
                while on_their_way < WINDOW {
                    let Some(message) = outbox.next() else { break };
                    if let Some(topics) = outbox.changed_record() {
                        self.keep(config, settings, topics);
                    }
                    match publish(&mut connection, message) {
                        Ok(acknowledged) => on_their_way += usize::from(acknowledged),
                        Err(()) => return End::Lost { away: false },
                    }
                }
                if on_their_way > 0 && overdue.is_none() {
                    overdue = timer(PATIENCE);
                }
                if on_their_way == 0 {
                    outbox.all_acknowledged();
                    if let Some(topics) = outbox.changed_record() {
                        self.keep(config, settings, topics);
                    }
                    if outbox.device().is_none() {
                        // All that was left is gone.
                        connection.close().await;
                        return End::Changed;
                    }
                }
            }
            tokio::select! {
                biased;
                () = end.stopping() => {
                    let newest = snapshots.borrow().clone();
                    if is_ours(&newest.config) {
                        outbox.update(newest);
                    }
                    self.take_leave(connection, outbox, false, (is_up, on_their_way)).await;
                    return End::Stopped;
                }
                Ok(()) = configs.changed() => {
                    let now = configs.borrow_and_update().clone();
                    if is_ours(&now) {
                        continue;
                    }
                    let stays = now.hub.id == hub
                        && now.mqtt.as_ref().is_some_and(|now| now.homie == settings.homie && now.is_same_broker(settings));
                    if self.take_leave(connection, outbox, !stays, (is_up, on_their_way)).await && !stays {
                        self.keep(config, settings, Default::default());
                    } else if !stays && now.mqtt.as_ref().is_none_or(|now| !now.is_same_broker(settings)) {
                        let topics = in_shell(&format!("{}/#", device::base(&hub)));
                        tracing::warn!("the Homie device {topics} could not be taken back at {}", settings.address());
                    }
                    return End::Changed;
                }
                Ok(()) = snapshots.changed() => {
                    let newest = snapshots.borrow_and_update().clone();
                    if is_ours(&newest.config) {
                        outbox.update(newest);
                    }
                }
                () = house.trouble_changed() => outbox.problem(self.house.trouble()),
                Some(told) = told.recv() => {
                    if let Notification::Clicked(point, word) = told
                        && is_up
                    {
                        outbox.happened(&point, word);
                    }
                }
                Some(answer) = answers.join_next(), if !answers.is_empty() => {
                    if let Ok((property, result)) = answer {
                        // What it did was shown before it was answered.
                        let newest = snapshots.borrow_and_update().clone();
                        if is_ours(&newest.config) {
                            outbox.update(newest);
                        }
                        match result {
                            Ok(()) => outbox.answer(property),
                            Err(refusal) => refuse(&mut outbox, property, &refusal.to_string()),
                        }
                    }
                }
                () = ring(&mut overdue) => {
                    return self.lost("it acknowledges nothing".into(), LossKind::Wrong, complained);
                }
                news = connection.next(), if answers.len() < COMMANDS => match news {
                    News::Up => {
                        is_up = true;
                        let filter = outbox.device().map(|device| device.command_filter().into());
                        if connection.ask(filter.into_iter()).is_err() {
                            return End::Lost { away: false };
                        }
                    }
                    News::Listening(unread) => {
                        self.backoff.good();
                        outbox.listening();
                        if let Some(why) = unread.why {
                            let topics = in_shell(&format!("{}/+/+/set", device::base(&hub)));
                            tracing::error!("no commands come by Homie: the broker does not let us read {topics}: {why}");
                        }
                        if std::mem::take(complained) {
                            tracing::info!("the Homie device is on the broker again");
                        }
                    }
                    News::Came(message) => {
                        self.command(&message, &mut outbox, &mut answers, &mut has_ignored);
                    }
                    News::Taken((), taken) => {
                        if let Err(why) = taken && !std::mem::replace(&mut is_denied, true) {
                            let topics = in_shell(&format!("{}/#", device::base(&hub)));
                            tracing::error!("the broker does not let us publish {topics} of the Homie device: {why}");
                        }
                        on_their_way = on_their_way.saturating_sub(1);
                        overdue = None;
                    }
                    News::Closed => return End::Lost { away: true },
                    News::Lost(loss) => return self.lost(loss.reason, loss.kind, complained),
                },
            }
        }
    }

    fn lost(&self, reason: String, kind: LossKind, complained: &mut bool) -> End {
        // The hub's connection tells people of the broker.
        if std::mem::replace(complained, true) {
            tracing::debug!("the Homie device is not on the broker: {reason}");
        } else {
            tracing::info!("the Homie device is not on the broker: {reason}");
        }
        End::Lost { away: matches!(kind, LossKind::Away | LossKind::Closed) }
    }

    /// A message on a `set` topic.
    fn command(
        &mut self,
        message: &Delivery,
        outbox: &mut Outbox,
        answers: &mut JoinSet<Answer>,
        has_ignored: &mut bool,
    ) {
        if message.retain {
            if !std::mem::replace(has_ignored, true) {
                let topic = in_shell(&message.topic);
                tracing::warn!("ignored a retained command on {topic}: delete it with mosquitto_pub -r -n -t {topic}");
            }
            return;
        }
        if self.repeats.is_repeat(message) {
            return;
        }
        let Some((property, about)) = outbox.device().and_then(|device| {
            let property = device.commanded(&message.topic)?;
            Some((property, &device.properties[property]))
        }) else {
            outbox.warn(&format!("{}: there is no such property, or it is not settable", shown(&message.topic)));
            return;
        };
        let text = std::str::from_utf8(&message.payload).map_err(|_| "the payload is not UTF-8 text".to_owned());
        let payload =
            text.and_then(|text| about.form.command(text).map_err(|valid| format!("not valid: write {valid}")));
        match payload {
            Err(wrong) => {
                refuse(outbox, property, &wrong);
            }
            Ok(payload) => {
                let (sender, answer) = oneshot::channel();
                let command = Command { source: Source::Mqtt, point: about.point.clone(), payload, hold: None };
                let request = Request { command, answer: Answerer::Once(sender) };
                // In the order in which they came: the house has more room than commands of ours may wait.
                match self.house.requests.try_send(request) {
                    Ok(()) => drop(answers.spawn(answered(property, answer))),
                    Err(_) => refuse(outbox, property, "the house is too busy: send it again"),
                }
            }
        }
    }

    /// Publishes what is still to be said, and takes leave; `take_back`: the device is to go. True: the broker has it all.
    async fn take_leave(
        &self,
        mut connection: Connection<()>,
        mut outbox: Outbox,
        take_back: bool,
        (is_up, mut on_their_way): (bool, usize),
    ) -> bool {
        if !is_up {
            return false;
        }
        outbox.close(take_back);
        let said = timeout(LAST_WORDS, async {
            loop {
                while on_their_way < WINDOW {
                    let Some(message) = outbox.next() else { break };
                    on_their_way += usize::from(publish(&mut connection, message)?);
                }
                if on_their_way == 0 {
                    return Ok(());
                }
                match connection.next().await {
                    News::Taken((), _) => on_their_way -= 1,
                    News::Closed | News::Lost(_) => return Err(()),
                    News::Up | News::Listening(_) | News::Came(_) => {}
                }
            }
        });
        let all = said.await == Ok(Ok(()));
        let _ = timeout(LAST_WORDS, connection.close()).await;
        all
    }
}

/// Whether an acknowledgement follows.
fn publish(connection: &mut Connection<()>, message: outbox::Message) -> Result<bool, ()> {
    let outbox::Message { topic, payload, retain } = message;
    if !connection.fits(&topic, &payload) {
        return Ok(false);
    }
    let published = match retain {
        true => connection.publish_kept(&topic, payload, ()),
        false => connection.publish_once(&topic, payload),
    };
    published.map(|()| retain).map_err(|_| ())
}

/// Says why a command was refused.
fn refuse(outbox: &mut Outbox, property: usize, why: &str) {
    let point = outbox.device().and_then(|device| device.properties.get(property)).map(|about| about.point.clone());
    outbox.warn(&format!("{}: {why}", point.unwrap_or_default()));
    outbox.answer(property);
}

/// Waits for the answer to a command.
async fn answered(property: usize, answer: oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) -> Answer {
    (property, answer.await.unwrap_or(Err(Refusal::Stopping)).map(drop))
}
