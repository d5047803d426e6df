//! A connection of its own, beside that of the hub: what comes on it, however much and however large, holds up no command of the
//! hub and throws nobody out. It asks for topics, and numbers what it publishes.

use crate::{
    model::MqttSettings,
    mqtt::{
        client::{self, Allowed, Client, Delivery, Denied, Driver, Happened, Limits, NotTaken, Terms},
        link::{LARGEST_INCOMING, LARGEST_OUTGOING, before_accepted, fits},
        loss::Loss,
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::{sync::mpsc, task::JoinSet};

/// What waits in the client library: commands, and questions for topics.
const QUEUE: usize = 4096;
/// So many topics are asked for in one packet.
const TOPICS: usize = 50;
/// News that may wait; then the broker does.
const NEWS: usize = 64;

/// What a connection tells. `T` is what its publications are known by.
pub(in crate::mqtt) enum News<T> {
    /// The broker has accepted us.
    Up,
    /// A message came in.
    Came(Delivery),
    /// The broker has this publication, and passes it on or does not.
    Taken(T, Allowed),
    /// The broker has answered all questions for topics.
    Listening(Unread),
    /// We took leave; the last.
    Closed,
    /// It ended, or was never made; the last.
    Lost(Loss),
}

/// The topics that the broker does not let us read: how many, and why the first.
#[derive(Default)]
pub(in crate::mqtt) struct Unread {
    pub count: usize,
    pub why: Option<Denied>,
}

/// A connection that is being made or is made.
pub(in crate::mqtt) struct Connection<T> {
    client: Client,
    news: mpsc::Receiver<Raw>,
    /// Given to the client library, in this order, and not yet numbered by it; None: not to be waited for.
    handed: VecDeque<Option<T>>,
    unacknowledged: BTreeMap<u16, T>,
    questions: usize,
    unread: Unread,
    /// What the broker would end the connection for, and why that is not published.
    left_out: VecDeque<(T, Denied)>,
    /// The largest packet that the broker takes, in bytes.
    largest: usize,
    _polling: JoinSet<()>,
}

/// What the client library tells.
enum Raw {
    Up(Terms),
    Came(Delivery),
    Written(u16),
    Acknowledged(u16, Allowed),
    Answered(Unread),
    Closed,
    Lost(Loss),
}

impl<T> Connection<T> {
    /// Begins to connect, as a client of another name than that of the hub.
    pub(in crate::mqtt) fn open(settings: &MqttSettings, role: &str) -> Connection<T> {
        Connection::with_will(settings, role, None)
    }

    /// As [`Connection::open`], with a last will: topic and payload.
    pub(in crate::mqtt) fn with_will(
        settings: &MqttSettings,
        role: &str,
        will: Option<(String, &'static str)>,
    ) -> Connection<T> {
        let settings = MqttSettings { client_id: format!("{}-{role}", settings.client_id), ..settings.clone() };
        let limits = Limits { queue: QUEUE, incoming: LARGEST_INCOMING, outgoing: LARGEST_OUTGOING };
        let (client, driver) = client::connection_beside(&settings, will, limits);
        let (sender, news) = mpsc::channel(NEWS);
        let mut polling = JoinSet::new();
        polling.spawn(poll(driver, sender, settings));
        Connection {
            client,
            news,
            handed: VecDeque::new(),
            unacknowledged: BTreeMap::new(),
            questions: 0,
            unread: Unread::default(),
            left_out: VecDeque::new(),
            largest: LARGEST_OUTGOING,
            _polling: polling,
        }
    }

    /// Asks for topics.
    pub(in crate::mqtt) fn ask(&mut self, topics: impl Iterator<Item = Arc<str>>) -> Result<(), NotTaken> {
        let topics: Vec<_> = topics.collect();
        for part in topics.chunks(TOPICS) {
            self.client.listen(part)?;
            self.questions += 1;
        }
        Ok(())
    }

    /// Publishes a command, never to be kept by the broker: it would be carried out again at any time. It may be of use for
    /// so many seconds only. One that is larger than the broker takes is not published, which [`News::Taken`] tells.
    pub(in crate::mqtt) fn publish(
        &mut self,
        topic: &str,
        payload: String,
        useful_s: Option<u32>,
        known_by: Option<T>,
    ) -> Result<(), NotTaken> {
        if !self.fits(topic, &payload) {
            let denied = Denied::new(format!("the command is larger than the {} bytes that it takes", self.largest));
            self.left_out.extend(known_by.map(|known_by| (known_by, denied)));
            return Ok(());
        }
        match useful_s {
            Some(seconds) => self.client.publish_for(topic, payload.into_bytes(), seconds)?,
            None => self.client.publish(topic, payload.into_bytes(), false)?,
        }
        self.handed.push_back(known_by);
        Ok(())
    }

    /// Whether the broker takes so large a message; says so if not.
    pub(in crate::mqtt) fn fits(&self, topic: &str, payload: &str) -> bool {
        fits(topic, payload.len(), self.largest)
    }

    /// Publishes a state, which the broker keeps.
    pub(in crate::mqtt) fn publish_kept(&mut self, topic: &str, payload: String, known_by: T) -> Result<(), NotTaken> {
        self.client.publish(topic, payload.into_bytes(), true)?;
        self.handed.push_back(Some(known_by));
        Ok(())
    }

    /// Publishes what happens, for whoever hears it now.
    pub(in crate::mqtt) fn publish_once(&mut self, topic: &str, payload: String) -> Result<(), NotTaken> {
        self.client.publish_once(topic, payload.into_bytes())?;
        self.handed.push_back(None);
        Ok(())
    }

    /// Waits for news. Nothing is lost when the wait is given up.
    pub(in crate::mqtt) async fn next(&mut self) -> News<T> {
        if let Some((known_by, denied)) = self.left_out.pop_front() {
            return News::Taken(known_by, Err(denied));
        }
        loop {
            let raw = self.news.recv().await.unwrap_or_else(|| Raw::Lost(Loss::away("the connection ended")));
            match raw {
                Raw::Up(terms) => {
                    self.largest = terms.outgoing;
                    return News::Up;
                }
                Raw::Came(message) => return News::Came(message),
                Raw::Written(packet) => {
                    if let Some(Some(known_by)) = self.handed.pop_front() {
                        self.unacknowledged.insert(packet, known_by);
                    }
                }
                Raw::Acknowledged(packet, allowed) => {
                    if let Some(known_by) = self.unacknowledged.remove(&packet) {
                        return News::Taken(known_by, allowed);
                    }
                }
                Raw::Answered(Unread { count, why }) => {
                    self.questions = self.questions.saturating_sub(1);
                    self.unread.count += count;
                    self.unread.why = self.unread.why.take().or(why);
                    if self.questions == 0 {
                        return News::Listening(std::mem::take(&mut self.unread));
                    }
                }
                Raw::Closed => return News::Closed,
                Raw::Lost(loss) => return News::Lost(loss),
            }
        }
    }

    /// Takes leave. What was published and not taken yet may not go out any more.
    pub(in crate::mqtt) async fn close(mut self) {
        if self.client.close().is_ok() {
            while !matches!(self.next().await, News::Closed | News::Lost(_)) {}
        }
    }
}

/// Drives a connection until it ends. `next` must not be cancelled half-way, hence a task of its own.
async fn poll(mut driver: Driver, news: mpsc::Sender<Raw>, settings: MqttSettings) {
    let mut up = false;
    loop {
        let item = match tokio::time::timeout(driver.longest_silence(), driver.next()).await {
            Err(_) => Raw::Lost(Loss::wrong("the broker stopped taking our messages")),
            Ok(Err(loss)) => Raw::Lost(if up { loss } else { before_accepted(loss, &settings).await }),
            Ok(Ok(Happened::Came(message))) => Raw::Came(message),
            Ok(Ok(Happened::Accepted(terms))) => {
                up = true;
                Raw::Up(terms)
            }
            Ok(Ok(Happened::Acknowledged(packet, allowed))) => Raw::Acknowledged(packet, allowed),
            Ok(Ok(Happened::Answered(_, allowed))) => {
                let mut denied = allowed.into_iter().filter_map(Allowed::err);
                let why = denied.next();
                Raw::Answered(Unread { count: usize::from(why.is_some()) + denied.count(), why })
            }
            Ok(Ok(Happened::Written(packet))) => Raw::Written(packet),
            Ok(Ok(Happened::Closed)) => Raw::Closed,
            Ok(Ok(Happened::Asking(_) | Happened::Released(_) | Happened::Nothing)) => continue,
        };
        let last = matches!(item, Raw::Closed | Raw::Lost(_));
        if news.send(item).await.is_err() || last {
            return;
        }
    }
}
