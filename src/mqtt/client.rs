//! The client library, as far as the adapter needs it: one interface to both versions of the protocol. Only this file, those
//! in its folder, and `dial` know its types.
//!
//! A broker that does not speak MQTT 5 says so, hangs up, is silent, or answers what is no MQTT 5. Where either version will
//! do, it is then spoken to in 3.1.1 at once, within the same try: nobody else need know, and nothing is remembered of a broker
//! that may be another tomorrow.

mod v3;

mod v5;

use super::dial::Progress;
use super::inbox::Asked;
use super::loss::{Loss, LossKind};
use super::reply::{Answer, ReplyTo};
use super::topics::Topics;
use crate::model::{MqttSettings, MqttVersion};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A message as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was published.
    pub topic: String,
    /// What was published.
    pub payload: Vec<u8>,
    /// The broker kept it from before.
    pub retain: bool,
    /// How it was sent, which tells what its packet id means.
    pub qos: Qos,
    /// The broker has sent it before, as it says.
    pub dup: bool,
    /// Its packet id; 0 at QoS 0.
    pub packet: u16,
    /// Where its sender wants an answer.
    pub reply: Option<ReplyTo>,
}

/// How often a message may arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qos {
    /// Once or not at all.
    AtMostOnce,
    /// Once or several times.
    AtLeastOnce,
    /// Once.
    ExactlyOnce,
}

/// What happened on a connection.
#[derive(Debug, PartialEq)]
pub(super) enum Happened {
    /// The broker has accepted us.
    Accepted(Terms),
    /// A message came in.
    Came(Delivery),
    /// The broker will not send the message of this packet id again.
    Released(u16),
    /// A message was written, as this packet.
    Written(u16),
    /// The broker has this packet, and passes it on or does not.
    Acknowledged(u16, Allowed),
    /// We asked for topics, with this packet.
    Asking(u16),
    /// The broker's answers to it: whether we may read each.
    Answered(u16, Vec<Allowed>),
    /// We took leave.
    Closed,
    /// What is the library's own business.
    Nothing,
}

/// Whether the broker lets us do something.
pub(super) type Allowed = Result<(), Denied>;

/// Why it does not, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(super) struct Denied {
    why: String,
    /// It may do it later: nobody took a right away from us.
    pub(super) passes: bool,
}

impl Denied {
    /// For good, until somebody changes something there.
    pub(super) fn new(why: impl Into<String>) -> Denied {
        Denied { why: why.into(), passes: false }
    }

    /// For now.
    fn for_now(why: impl Into<String>) -> Denied {
        Denied { why: why.into(), passes: true }
    }
}

/// What to do where a broker does not let us do something, and it is a matter of rights.
pub(super) const ALLOW: &str = "allow it in the broker's access list";

/// How the broker takes us in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// The version of the protocol that is spoken.
    pub(super) version: &'static str,
    /// The largest packet that is written, in bytes.
    pub(super) outgoing: usize,
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotTaken;

/// Hands requests to a connection that the broker has accepted, none of which waits.
#[derive(Debug)]
pub(super) struct Client(Arc<OnceLock<Handle>>);

#[derive(Debug)]
enum Handle {
    Three(v3::Client),
    Five(v5::Client),
}

/// Drives a connection.
pub(super) struct Driver {
    about: About,
    library: Library,
    /// What becomes the client's when the broker accepts us.
    handle: Option<Handle>,
    client: Arc<OnceLock<Handle>>,
}

enum Library {
    Three(Box<v3::Library>),
    Five(Box<v5::Library>),
}

/// What a connection is to be, and how far it has come.
struct About {
    settings: Arc<MqttSettings>,
    /// Topic and payload.
    will: Option<(String, &'static str)>,
    limits: Limits,
    progress: Progress,
    /// Packets have somewhere to go: TCP, TLS and WebSockets are agreed on.
    is_carried: Arc<AtomicBool>,
}

/// How a connection is to be.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Requests that wait to be written.
    pub(super) queue: usize,
    /// The largest packets that are read and written, in bytes.
    pub(super) incoming: usize,
    pub(super) outgoing: usize,
}

/// A connection to be made: nothing happens before [`Driver::next`].
pub(super) fn connection(settings: &MqttSettings, limits: Limits) -> (Client, Driver) {
    connection_beside(settings, Some(will(settings)), limits)
}

/// As [`connection`], beside that of the hub: as the client that these settings name, without the hub's last will, but with
/// one of its own, if it has any: topic and payload.
pub(super) fn connection_beside(
    settings: &MqttSettings,
    will: Option<(String, &'static str)>,
    limits: Limits,
) -> (Client, Driver) {
    let about = About::new(settings.clone(), will, limits);
    let (handle, library) = match settings.version {
        MqttVersion::Three => begin_v3(&about),
        MqttVersion::Five | MqttVersion::Auto => {
            let (client, library) = v5::connection(&about);
            (Handle::Five(client), Library::Five(Box::new(library)))
        }
    };
    let client = Arc::<OnceLock<_>>::default();
    (Client(client.clone()), Driver { about, library, handle: Some(handle), client })
}

fn begin_v3(about: &About) -> (Handle, Library) {
    let (client, library) = v3::connection(about);
    (Handle::Three(client), Library::Three(Box::new(library)))
}

/// What the broker is to say when we vanish: retained, at QoS 1.
fn will(settings: &MqttSettings) -> (String, &'static str) {
    (Topics::new(&settings.prefix).availability(), "offline")
}

/// What the protocol can say, in whole seconds; never 0, which would mean never.
fn keep_alive_s(settings: &MqttSettings) -> u16 {
    u16::try_from(settings.keep_alive.as_secs()).unwrap_or(u16::MAX).max(1)
}

fn keep_alive(settings: &MqttSettings) -> Duration {
    Duration::from_secs(keep_alive_s(settings).into())
}

impl About {
    fn new(settings: MqttSettings, will: Option<(String, &'static str)>, limits: Limits) -> About {
        About { settings: Arc::new(settings), will, limits, progress: Progress::default(), is_carried: Arc::default() }
    }
}

impl Client {
    /// Asks for messages. [`Happened::Asking`] and [`Happened::Answered`] follow.
    pub(super) fn subscribe(&self, asked: &[Asked]) -> Result<(), NotTaken> {
        self.ask(asked.iter().map(|asked| (asked.filter.clone(), asked.qos())))
    }

    /// Asks for topics at QoS 1, as [`Client::subscribe`].
    pub(super) fn listen(&self, topics: &[Arc<str>]) -> Result<(), NotTaken> {
        self.ask(topics.iter().map(|topic| (topic.to_string(), Qos::AtLeastOnce)))
    }

    fn ask(&self, filters: impl Iterator<Item = (String, Qos)>) -> Result<(), NotTaken> {
        match self.0.get().ok_or(NotTaken)? {
            Handle::Three(client) => client.subscribe(filters),
            Handle::Five(client) => client.subscribe(filters),
        }
    }

    /// Publishes at QoS 1. [`Happened::Written`], in the order of these calls, and [`Happened::Acknowledged`] follow.
    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), NotTaken> {
        self.send(topic, payload, Qos::AtLeastOnce, retain)
    }

    /// Publishes at QoS 0, for whoever hears it now. [`Happened::Written`] follows, and nothing more.
    pub(super) fn publish_once(&self, topic: &str, payload: Vec<u8>) -> Result<(), NotTaken> {
        self.send(topic, payload, Qos::AtMostOnce, false)
    }

    /// As [`Client::publish`], for now: a broker that could not pass it on for so many seconds is to forget it. Version 3.1.1
    /// has no word for that.
    pub(super) fn publish_for(&self, topic: &str, payload: Vec<u8>, seconds: u32) -> Result<(), NotTaken> {
        match self.0.get().ok_or(NotTaken)? {
            Handle::Three(client) => client.publish(topic, payload, Qos::AtLeastOnce, false),
            Handle::Five(client) => client.publish_for(topic, payload, seconds),
        }
    }

    fn send(&self, topic: &str, payload: Vec<u8>, qos: Qos, retain: bool) -> Result<(), NotTaken> {
        match self.0.get().ok_or(NotTaken)? {
            Handle::Three(client) => client.publish(topic, payload, qos, retain),
            Handle::Five(client) => client.publish(topic, payload, qos, retain),
        }
    }

    /// Publishes an answer, as [`Client::publish`]. Version 3.1.1 knows none.
    pub(super) fn answer(&self, answer: &Answer) -> Result<(), NotTaken> {
        match self.0.get().ok_or(NotTaken)? {
            Handle::Three(_) => Err(NotTaken),
            Handle::Five(client) => client.answer(answer),
        }
    }

    /// Takes leave of the broker, so that it does not publish the last will. [`Happened::Closed`] follows.
    pub(super) fn close(&self) -> Result<(), NotTaken> {
        match self.0.get().ok_or(NotTaken)? {
            Handle::Three(client) => client.close(),
            Handle::Five(client) => client.close(),
        }
    }
}

impl Driver {
    /// What happens next. Must not be given up half-way, and not be called again after [`Happened::Closed`] or an error.
    ///
    /// # Errors
    /// When the connection ended, or none could be made.
    pub(super) async fn next(&mut self) -> Result<Happened, Loss> {
        loop {
            let next = match &mut self.library {
                Library::Three(library) => library.next(&self.about).await,
                Library::Five(library) => library.next(&self.about).await,
            };
            match &next {
                Ok(Happened::Accepted(_)) => {
                    // Only the first is taken, and there is no second.
                    self.handle.take().into_iter().for_each(|handle| drop(self.client.set(handle)));
                }
                Err(loss) if self.may_be_older(loss) => {
                    let (handle, library) = begin_v3(&self.about);
                    (self.handle, self.library) = (Some(handle), library);
                    continue;
                }
                _ => {}
            }
            // Once accepted, it is one of this version, and faulty.
            return next.map_err(|loss| match loss.kind {
                LossKind::OtherVersion if self.handle.is_none() => Loss { kind: LossKind::Wrong, ..loss },
                _ => loss,
            });
        }
    }

    /// Whether the other end may be a broker that does not know MQTT 5, and may be spoken to otherwise.
    fn may_be_older(&self, loss: &Loss) -> bool {
        let is_silent = self.about.is_carried.load(Ordering::Relaxed) && loss.kind == LossKind::Away;
        self.handle.is_some()
            && self.about.settings.version == MqttVersion::Auto
            && matches!(self.library, Library::Five(_))
            && (is_silent || matches!(loss.kind, LossKind::OtherVersion | LossKind::Closed))
    }

    /// For so long nothing may happen; then the library hangs, as it can with a full socket. On a good connection something
    /// does in every keep-alive time, whatever the broker makes of it.
    pub(super) fn longest_silence(&self) -> Duration {
        keep_alive(&self.about.settings) + 2 * self.about.settings.connect_timeout
    }
}

#[cfg(test)]
impl Delivery {
    /// A message at QoS 1, sent for the first time.
    pub(super) fn new(topic: &str, payload: impl Into<Vec<u8>>) -> Delivery {
        let (topic, payload) = (topic.into(), payload.into());
        Delivery { topic, payload, retain: false, qos: Qos::AtLeastOnce, dup: false, packet: 1, reply: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;

    pub(super) fn about(settings: MqttSettings) -> About {
        let will = Some(will(&settings));
        let limits = Limits { queue: 1, incoming: 1, outgoing: 1 };
        About::new(settings, will, limits)
    }

    #[test]
    fn a_keep_alive_is_what_the_protocol_can_say() {
        for (asked, said) in [(0, 1), (30, 30), (1_000_000, 65_535)] {
            let settings = MqttSettings { keep_alive: Duration::from_secs(asked), ..house::settings() };
            let about = about(settings);
            assert_eq!(v3::options(&about).keep_alive(), Duration::from_secs(said));
            assert_eq!(v5::options(&about).keep_alive(), Duration::from_secs(said));
        }
    }

    #[test]
    fn the_will_says_offline_and_is_retained() {
        let about = about(house::settings());
        let (three, five) = (v3::options(&about).last_will().unwrap(), v5::options(&about).last_will().unwrap());
        let expected = (&b"hearthd/cottage/availability"[..], &b"offline"[..], true, 1);
        assert_eq!((three.topic.as_bytes(), &*three.message, three.retain, three.qos as u8), expected);
        assert_eq!((&*five.topic, &*five.message, five.retain, five.qos as u8), expected);
    }
}
