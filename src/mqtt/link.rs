//! One connection to the broker, from its first packet to its end. A new one is made for every try, because the client
//! library keeps half-finished business of an old connection and loses or repeats it on the next.

use super::client::{self, Client, Delivery, Driver, Happened, Limits};
use super::dial;
use super::inbox::{Asked, Inbox, Incoming};
use super::loss::{Loss, LossKind};
use super::outbox::Message;
use super::repeats::Repeats;
use super::tls;
use crate::house::Notification;
use crate::model::{Command, MqttSettings, shown};
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
/// Fixed header, topic length and packet id of a publication, at most.
const OVERHEAD: usize = 16;
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
    told: Option<Notification>,
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
    Up,
    /// Something came in that is not a command.
    Came(Incoming),
    /// A message was written, as this packet.
    Written(u16),
    /// The broker has this packet.
    Acknowledged(u16),
    /// We asked for topics, with this packet.
    Asking(u16),
    /// The broker's answers to this packet, one for each filter: whether it lets us read what matches.
    Answered(u16, Vec<bool>),
    /// It has answered, and does not let us read these.
    Subscribed(Vec<Asked>),
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
        commands: mpsc::Sender<Command>,
        repeats: Arc<Mutex<Repeats>>,
    ) -> Link {
        let limits = Limits { queue: QUEUE, incoming: LARGEST_INCOMING, outgoing: LARGEST_OUTGOING };
        let (client, driver) = client::connection(settings, &limits);
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
        let size = topic.len() + payload.len() + OVERHEAD;
        if size > LARGEST_OUTGOING {
            let topic = shown(&topic);
            tracing::error!("not published: the message for {topic} has {size} bytes, more than {LARGEST_OUTGOING}");
        } else if self.client.publish(&topic, payload.into(), retain).is_err() {
            tracing::error!("not published: {} is not a topic that can be published to", shown(&topic));
        } else {
            self.handed.push_back(Awaited { told, round: self.round });
        }
    }

    /// Takes leave of the broker, so that it does not publish the last will. [`News::Closed`] follows.
    pub(super) fn close(&self) {
        if self.client.close().is_err() {
            tracing::debug!("the connection ended before its end");
        }
    }

    /// The answers that the broker may not have got, oldest first.
    pub(super) fn unanswered(self) -> impl DoubleEndedIterator<Item = Notification> {
        self.unacknowledged.into_values().chain(self.handed).filter_map(|awaited| awaited.told)
    }

    fn account(&mut self, news: News) -> News {
        match news {
            News::Written(packet) => {
                // The library numbers messages in the order in which they were handed over.
                if let Some(awaited) = self.handed.pop_front() {
                    self.unacknowledged.insert(packet, awaited);
                }
            }
            News::Acknowledged(packet) => drop(self.unacknowledged.remove(&packet)),
            News::Asking(packet) => {
                let next = self.subscriptions.iter_mut().find(|subscription| subscription.packet.is_none());
                next.into_iter().for_each(|subscription| subscription.packet = Some(packet));
            }
            News::Answered(packet, allowed) => {
                let place = self.subscriptions.iter().position(|subscription| subscription.packet == Some(packet));
                let asked = place.map(|place| self.subscriptions.swap_remove(place).asked).unwrap_or_default();
                let refused = asked.into_iter().zip(allowed).filter(|(_, allowed)| !allowed).map(|(asked, _)| asked);
                return News::Subscribed(refused.collect());
            }
            _ => {}
        }
        news
    }
}

/// What becomes of messages that come in.
struct Reader {
    inbox: Inbox,
    commands: mpsc::Sender<Command>,
    repeats: Arc<Mutex<Repeats>>,
    held_up: Arc<AtomicBool>,
}

impl Reader {
    /// None: nobody takes commands any more.
    async fn read(&mut self, message: &Delivery) -> Option<Incoming> {
        if self.repeats.lock().unwrap_or_else(PoisonError::into_inner).is_repeat(message) {
            tracing::debug!("a message on {} came again", shown(&message.topic));
            return Some(Incoming::Nothing);
        }
        match self.inbox.sort(message) {
            Incoming::Command(command) => {
                self.held_up.store(true, Ordering::Relaxed);
                let taken = self.commands.send(command).await;
                self.held_up.store(false, Ordering::Relaxed);
                taken.ok().map(|()| Incoming::Nothing)
            }
            Incoming::EarlierDiscovery(device, payload) => {
                let topics = self.inbox.topics().clone();
                // A megabyte takes a Raspberry Pi Zero a while: not on the thread of the control loop.
                let of = device.clone();
                let read = tokio::task::spawn_blocking(move || super::discovery::read(&of, &payload, &topics)).await;
                Some(Incoming::Earlier(device, read.unwrap_or_default()))
            }
            incoming => Some(incoming),
        }
    }
}

/// What was wrong, if a connection ended before the broker accepted us.
pub(super) async fn before_accepted(loss: Loss, settings: &MqttSettings) -> Loss {
    if loss.kind == LossKind::Closed && settings.tls.is_none() && dial::expects_tls(settings).await {
        return tls::speaks_tls(settings);
    }
    loss.before_we_were_accepted(settings)
}

/// Drives a connection until it ends. `next` must not be cancelled half-way, hence a task of its own.
async fn poll(mut driver: Driver, mut reader: Reader, news: mpsc::Sender<News>, settings: MqttSettings) {
    // Something happens on a good connection in every keep-alive time; a full socket can hang the library for ever.
    let longest_silence = Duration::from_secs(client::keep_alive_s(&settings).into()) + 2 * settings.connect_timeout;
    let mut up = false;
    loop {
        let item = match tokio::time::timeout(longest_silence, driver.next()).await {
            Err(_) => News::Lost(Loss::wrong("the broker stopped taking our messages")),
            Ok(Err(error)) => {
                let loss = Loss::explain(&error, &settings, &driver.progress, LARGEST_INCOMING);
                News::Lost(if up { loss } else { before_accepted(loss, &settings).await })
            }
            Ok(Ok(Happened::Came(message))) => match reader.read(&message).await {
                None => return,
                Some(Incoming::Nothing) => continue,
                Some(incoming) => News::Came(incoming),
            },
            Ok(Ok(Happened::Released(packet))) => {
                reader.repeats.lock().unwrap_or_else(PoisonError::into_inner).released(packet);
                continue;
            }
            Ok(Ok(Happened::Accepted)) => {
                up = true;
                News::Up
            }
            Ok(Ok(Happened::Acknowledged(packet))) => News::Acknowledged(packet),
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
