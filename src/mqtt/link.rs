//! One connection to the broker, from its first packet to its end. A new one is made for every try, because the client
//! library keeps half-finished business of an old connection and loses or repeats it on the next.

use super::client::{self, Allowed, Client, Delivery, Denied, Driver, Happened, Limits, Terms};
use super::dial;
use super::forward::Commanded;
use super::inbox::{Asked, Inbox, Incoming};
use super::loss::{Loss, LossKind};
use super::outbox::{Message, Told};
use super::repeats::Repeats;
use super::reply::ReplyTo;
use super::tls;
use crate::house::Refused;
use crate::model::{MqttSettings, shown};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// So many messages are on their way unacknowledged; enough to hide the round trip.
const WINDOW: usize = 20;
/// The client library's queue: the window, the subscriptions, the farewell, and room to spare.
const QUEUE: usize = 2 * WINDOW;
/// A payload of 1 MiB with the longest topic.
pub(super) const LARGEST_INCOMING: usize = (1 << 20) + (1 << 16) + OVERHEAD;
pub(super) const LARGEST_OUTGOING: usize = 1 << 20;
/// Fixed header, topic length, packet id and properties of a publication, at most; but for the data that an answer carries.
const OVERHEAD: usize = 64;
/// How often it is looked whether the broker has acknowledged what was sent.
pub(super) const ROUND: Duration = Duration::from_secs(7);
/// What the broker has not acknowledged after so many rounds, 14 to 21 s, it never will.
const ROUNDS: u32 = 3;

/// A connection that is being made or is made.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    news: mpsc::Receiver<News>,
    /// Given to the client library, in this order, and not yet numbered by it.
    handed: VecDeque<Awaited>,
    /// Written, by packet id.
    unacknowledged: BTreeMap<u16, Awaited>,
    subscriptions: Vec<Subscription>,
    /// The largest packet that the broker takes, in bytes.
    largest: usize,
    /// Rounds since it was opened.
    round: u32,
    /// The engine does not take commands, so nothing is read: the broker has no part in that.
    held_up: Arc<AtomicBool>,
    /// Ends with the link.
    _polling: JoinSet<()>,
}

/// A message that the broker has not acknowledged yet.
#[derive(Debug)]
struct Awaited {
    topic: String,
    told: Option<Told>,
    /// Since this round.
    round: u32,
}

/// What the broker was asked for and has not answered yet.
#[derive(Debug)]
struct Subscription {
    /// As soon as it is written.
    packet: Option<u16>,
    asked: Vec<Asked>,
    round: u32,
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum News {
    /// The broker has accepted us.
    Up(Terms),
    /// Something came in that is not a command.
    Came(Incoming),
    /// A command that no engine need look at, and where its sender wants to hear so.
    Refused(Refused, Option<ReplyTo>),
    /// A message was written, as this packet.
    Written(u16),
    /// The broker has this packet, and passes it on or does not.
    Acknowledged(u16, Allowed),
    /// It has one, and does not let us publish on this topic: why.
    NotTaken(String, Denied),
    /// We asked for topics, with this packet.
    Asking(u16),
    /// The broker's answers to this packet, one for each filter: whether it lets us read what matches.
    Answered(u16, Vec<Allowed>),
    /// It has answered, and does not let us read these: why.
    Subscribed(Vec<(Asked, Denied)>),
    /// We took leave; the last.
    Closed,
    /// The connection ended, or none was made; the last.
    Lost(Loss),
}

impl Link {
    /// Begins to connect. Commands that come in go to `commands`, which may make the connection wait; those that come
    /// twice go there once.
    pub(super) fn open(
        settings: &MqttSettings,
        inbox: Inbox,
        commands: mpsc::Sender<Commanded>,
        repeats: Arc<Mutex<Repeats>>,
    ) -> Link {
        let limits = Limits { queue: QUEUE, incoming: LARGEST_INCOMING, outgoing: LARGEST_OUTGOING };
        let (client, driver) = client::connection(settings, limits);
        let (sender, news) = mpsc::channel(4 * WINDOW);
        let mut polling = JoinSet::new();
        let held_up = Arc::new(AtomicBool::new(false));
        let reader = Reader { inbox, commands, repeats, held_up: held_up.clone() };
        polling.spawn(poll(driver, reader, sender, settings.clone()));
        Link {
            client,
            news,
            handed: VecDeque::new(),
            unacknowledged: BTreeMap::new(),
            subscriptions: Vec::new(),
            largest: LARGEST_OUTGOING,
            round: 0,
            held_up,
            _polling: polling,
        }
    }

    /// Waits for news. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> News {
        let news = self.news.recv().await;
        self.account(news.unwrap_or_else(|| News::Lost(Loss::away("the connection ended"))))
    }

    /// News that need not be waited for.
    pub(super) fn try_next(&mut self) -> Option<News> {
        let news = self.news.try_recv().ok()?;
        Some(self.account(news))
    }

    /// Asks for messages on these topics. [`News::Subscribed`] follows.
    pub(super) fn subscribe(&mut self, asked: Vec<Asked>) {
        if asked.is_empty() {
            return;
        }
        if self.client.subscribe(&asked).is_ok() {
            self.subscriptions.push(Subscription { packet: None, asked, round: self.round });
        } else {
            tracing::error!("cannot subscribe: the topic prefix or the birth topic is not a valid MQTT topic");
        }
    }

    /// Whether the broker has answered what it was asked for.
    pub(super) fn is_subscribed(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// To be called once in each [`ROUND`] while there is anything that the broker has to acknowledge. What it has owed for
    /// too long is the end of the connection.
    pub(super) fn overdue(&mut self) -> Option<Loss> {
        self.round += 1;
        if self.held_up.load(Ordering::Relaxed) {
            let messages =
                self.handed.iter_mut().chain(self.unacknowledged.values_mut()).map(|awaited| &mut awaited.round);
            let asked = self.subscriptions.iter_mut().map(|subscription| &mut subscription.round);
            messages.chain(asked).for_each(|round| *round = self.round);
        }
        let late = |round: u32| self.round - round >= ROUNDS;
        if self.subscriptions.iter().any(|subscription| late(subscription.round)) {
            return Some(Loss::wrong("the broker accepts us and does not answer what we ask to read (no SUBACK)"));
        }
        let late = self.handed.iter().chain(self.unacknowledged.values()).any(|awaited| late(awaited.round));
        late.then(|| Loss::wrong("the broker accepts us and does not acknowledge what we publish (no PUBACK)"))
    }

    /// Whether another message may be published now. Not before what we asked for is written: the library would let messages
    /// pass it, and they would replace what the broker kept from before, which is to be read.
    pub(super) fn has_room(&self) -> bool {
        self.subscriptions.iter().all(|subscription| subscription.packet.is_some())
            && self.handed.len() + self.unacknowledged.len() < WINDOW
    }

    /// Whether the broker has everything that was published.
    pub(super) fn is_idle(&self) -> bool {
        self.handed.is_empty() && self.unacknowledged.is_empty() && self.is_subscribed()
    }

    /// Publishes, if the message is one that can be.
    pub(super) fn publish(&mut self, message: Message) {
        let Message { topic, payload, retain, told } = message;
        let answer = match &told {
            Some(Told::Asker(answer)) => Some(answer),
            Some(Told::All(_)) | None => None,
        };
        let correlation = answer.and_then(|answer| answer.to.correlation.as_ref()).map_or(0, Vec::len);
        let size = payload.len() + correlation;
        let published = || match answer {
            Some(answer) => self.client.answer(answer),
            None => self.client.publish(&topic, payload.into_bytes(), retain),
        };
        if !fits(&topic, size, self.largest) {
            return;
        }
        if published().is_ok() {
            self.handed.push_back(Awaited { topic, told, round: self.round });
        } else if answer.is_some() {
            tracing::debug!("the broker speaks another version of MQTT now: no answer goes to {}", shown(&topic));
        } else {
            tracing::error!("not published: {} is not a topic that can be published to", shown(&topic));
        }
    }

    /// Takes leave of the broker, so that it does not publish the last will. [`News::Closed`] follows.
    pub(super) fn close(&self) {
        if self.client.close().is_err() {
            tracing::debug!("the connection ended before its end");
        }
    }

    /// The answers that the broker may not have got, oldest first.
    pub(super) fn unanswered(self) -> impl DoubleEndedIterator<Item = Told> {
        self.unacknowledged.into_values().chain(self.handed).filter_map(|awaited| awaited.told)
    }

    fn account(&mut self, news: News) -> News {
        match news {
            News::Written(packet) => {
                // The library numbers messages in the order in which they were handed over.
                if let Some(awaited) = self.handed.pop_front() {
                    self.unacknowledged.insert(packet, Awaited { round: self.round, ..awaited });
                }
            }
            News::Up(terms) => self.largest = terms.outgoing,
            News::Acknowledged(packet, ref allowed) => {
                // One that takes few at a time, over a slow line, takes the next one only now.
                self.handed.iter_mut().for_each(|awaited| awaited.round = self.round);
                if let (Some(Awaited { topic, told, .. }), Err(why)) = (self.unacknowledged.remove(&packet), allowed) {
                    if !matches!(told, Some(Told::Asker(_))) {
                        return News::NotTaken(topic, why.clone());
                    }
                    // Where it goes was the asker's choice, and it is nobody else's business.
                    tracing::debug!("an answer is not let through on {}: {why}", shown(&topic));
                }
            }
            News::Asking(packet) => {
                let next = self.subscriptions.iter_mut().find(|subscription| subscription.packet.is_none());
                next.into_iter().for_each(|subscription| subscription.packet = Some(packet));
            }
            News::Answered(packet, allowed) => {
                let place = self.subscriptions.iter().position(|subscription| subscription.packet == Some(packet));
                let asked = place.map(|place| self.subscriptions.swap_remove(place).asked).unwrap_or_default();
                let refused =
                    asked.into_iter().zip(allowed).filter_map(|(asked, allowed)| Some((asked, allowed.err()?)));
                return News::Subscribed(refused.collect());
            }
            _ => {}
        }
        news
    }
}

/// Whether the broker takes a message whose payload and data have so many bytes; says so if it does not, and sending it would be
/// the end of the connection.
pub(super) fn fits(topic: &str, bytes: usize, largest: usize) -> bool {
    let size = topic.len() + bytes + OVERHEAD;
    if size > largest {
        let topic = shown(topic);
        tracing::error!(
            "not published: the message for {topic} has {size} bytes, more than the {largest} that can be sent; see \
             docs/mqtt.md"
        );
    }
    size <= largest
}

/// What becomes of messages that come in.
struct Reader {
    inbox: Inbox,
    commands: mpsc::Sender<Commanded>,
    repeats: Arc<Mutex<Repeats>>,
    held_up: Arc<AtomicBool>,
}

impl Reader {
    /// What is to be told of a message, if anything.
    ///
    /// # Errors
    /// When nobody takes commands any more.
    async fn read(&mut self, message: Delivery) -> Result<Option<News>, Stopped> {
        if self.repeats.lock().unwrap_or_else(PoisonError::into_inner).is_repeat(&message) {
            tracing::debug!("a message on {} came again", shown(&message.topic));
            return Ok(None);
        }
        Ok(match self.inbox.sort(&message) {
            Incoming::Command(command) => {
                self.held_up.store(true, Ordering::Relaxed);
                let taken = self.commands.send(Commanded { command, reply: message.reply }).await;
                self.held_up.store(false, Ordering::Relaxed);
                taken.map_err(|_| Stopped)?;
                None
            }
            Incoming::Refused(refused) => Some(News::Refused(refused, message.reply)),
            Incoming::EarlierDiscovery(device, payload) => {
                let topics = self.inbox.topics().clone();
                // A megabyte takes a Raspberry Pi Zero a while: not on the thread of the control loop.
                let of = device.clone();
                let read = tokio::task::spawn_blocking(move || super::discovery::read(&of, &payload, &topics)).await;
                Some(News::Came(Incoming::Earlier(device, read.unwrap_or_default())))
            }
            Incoming::Nothing => None,
            incoming => Some(News::Came(incoming)),
        })
    }
}

/// Nobody takes commands any more.
struct Stopped;

/// What was wrong, if a connection ended before the broker accepted us.
pub(super) async fn before_accepted(loss: Loss, settings: &MqttSettings) -> Loss {
    if loss.kind == LossKind::Closed && settings.tls.is_none() && dial::expects_tls(settings).await {
        return tls::speaks_tls(settings);
    }
    loss.before_we_were_accepted(settings)
}

/// Drives a connection until it ends. `next` must not be cancelled half-way, hence a task of its own.
async fn poll(mut driver: Driver, mut reader: Reader, news: mpsc::Sender<News>, settings: MqttSettings) {
    let mut up = false;
    loop {
        let item = match tokio::time::timeout(driver.longest_silence(), driver.next()).await {
            Err(_) => News::Lost(Loss::wrong("the broker stopped taking our messages")),
            Ok(Err(loss)) => News::Lost(if up { loss } else { before_accepted(loss, &settings).await }),
            Ok(Ok(Happened::Came(message))) => match reader.read(message).await {
                Err(Stopped) => return,
                Ok(None) => continue,
                Ok(Some(news)) => news,
            },
            Ok(Ok(Happened::Released(packet))) => {
                reader.repeats.lock().unwrap_or_else(PoisonError::into_inner).released(packet);
                continue;
            }
            Ok(Ok(Happened::Accepted(terms))) => {
                up = true;
                News::Up(terms)
            }
            Ok(Ok(Happened::Acknowledged(packet, allowed))) => News::Acknowledged(packet, allowed),
            Ok(Ok(Happened::Answered(packet, allowed))) => News::Answered(packet, allowed),
            Ok(Ok(Happened::Written(packet))) => News::Written(packet),
            Ok(Ok(Happened::Asking(packet))) => News::Asking(packet),
            Ok(Ok(Happened::Closed)) => News::Closed,
            Ok(Ok(Happened::Nothing)) => continue,
        };
        let last = matches!(item, News::Closed | News::Lost(_));
        if news.send(item).await.is_err() || last {
            return;
        }
    }
}
