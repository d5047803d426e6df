//! Connects, keeps the broker informed, and connects again, for ever.

mod report;

use super::backoff::{Backoff, STEADY};
use super::discovery::Board;
use super::forward::{ANSWERS, Answered, COMMANDS, Commanded, forward};
use super::inbox::{Asked, AskedFor, Inbox, Incoming};
use super::ledger::Ledger;
use super::link::{Link, News, ROUND};
use super::loss::{Loss, LossKind};
use super::outbox::Outbox;
use super::repeats::Repeats;
use super::reply::{Answer, ReplyTo};
use super::timer::{ring, timer};
use super::{Clearing, Feed, is_of};
use crate::house::{Notification, Refused};
use crate::model::{BrokerStatus, MqttSettings, SIGN_OF_LIFE, Snapshot, Vital};
use std::sync::{Arc, Mutex, PoisonError};
use std::{path::Path, time::Duration};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// All hubs of a house hear Home Assistant's birth at the same time.
const BIRTH_SPREAD_MS: u64 = 2_000;
/// Home Assistant has surely followed an announcement by then.
const STEP: Duration = Duration::from_secs(10);
/// Home Assistant has let go of topics and entities that it was told not to use any more.
const LET_GO: Duration = Duration::from_secs(5);
/// As much of that as a farewell has room for.
const LET_GO_AT_THE_END: Duration = Duration::from_millis(300);
/// What the broker would not take for now is said again after so long.
const AGAIN: Duration = Duration::from_secs(30);
/// What a stranger published is set right after this long; where it happens again and again, the time doubles.
const SET_RIGHT_AFTER: Duration = Duration::from_secs(1);
/// Doubled at most so often: some 17 minutes.
const SET_RIGHT_DOUBLED: u32 = 10;
/// After this long without strangers, all is forgotten.
const CALM: Duration = Duration::from_secs(3_600);
/// For the last messages; the farewell has the rest of [`super::STOP_WITHIN`].
const LAST_WORDS: Duration = Duration::from_millis(1_500);

/// Everything that a connection needs and that outlives it.
pub(super) struct Session {
    hub: Arc<str>,
    settings: MqttSettings,
    feed: Feed,
    commands: mpsc::Sender<Commanded>,
    /// What came of those that want an answer.
    answers: mpsc::Receiver<Answered>,
    status: watch::Sender<BrokerStatus>,
    stop: oneshot::Receiver<Clearing>,
    outbox: Outbox,
    /// What is wrong with the connection, of what the broker can be told.
    problem: Option<String>,
    /// Of what we published on this connection, what the broker did not let us.
    not_taken: Option<String>,
    backoff: Backoff,
    ledger: Arc<Ledger>,
    repeats: Arc<Mutex<Repeats>>,
    wary: Wary,
    /// The last connection ended because the broker did not do what it should: the next is believed when it is steady.
    doubted: bool,
    /// How often it was set right what a stranger published.
    strangers: u32,
    /// Carries commands to the engine, apart, so that publishing goes on while the engine is busy.
    _forwarding: JoinSet<()>,
}

/// How a connection ended.
enum End {
    /// With what is not to be left behind and could not be cleared.
    Stopped(Clearing),
    Lost(Loss, Lived),
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, Default)]
struct Lived {
    /// The broker accepted us.
    up: bool,
    /// It has acknowledged a message, and answered what we asked to read; if the last one was doubted, it is steady, too.
    good: bool,
    steady: bool,
    /// Of the protocol.
    version: &'static str,
}

/// How much a broker is asked for, after it has shown that it cannot take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wary {
    No,
    /// Not for our own topics: it broke the connection when it was.
    NotOurs,
    /// For the topics of commands one by one, after what is retained there is deleted, and for Home Assistant's birth: one
    /// of the messages it keeps is too large to be read.
    OneByOne,
    /// As before, without the birth.
    CommandsOnly,
}

impl Session {
    /// `first` is a picture of this very hub.
    pub(super) fn new(
        (hub, settings): (Arc<str>, MqttSettings),
        first: Arc<Snapshot>,
        feed: Feed,
        status: watch::Sender<BrokerStatus>,
        stop: oneshot::Receiver<Clearing>,
        ledger: Arc<Ledger>,
    ) -> Session {
        let (commands, queued) = mpsc::channel(COMMANDS);
        let mut forwarding = JoinSet::new();
        let (answered, answers) = mpsc::channel(ANSWERS);
        // What the hub tells of itself is there from the start, or it would seem to be gone since the last run.
        let board = Board { vitals: feed.vitals.borrow().clone(), ..Board::read(Path::new("/")) };
        forwarding.spawn(forward(queued, feed.house.requests.clone(), feed.refusals.clone(), answered));
        Session {
            outbox: Outbox::new(&settings, first, ledger.record(), board),
            backoff: Backoff::new(),
            problem: None,
            not_taken: None,
            ledger,
            repeats: Arc::default(),
            wary: Wary::No,
            doubted: false,
            strangers: 0,
            hub,
            settings,
            feed,
            commands,
            answers,
            status,
            stop,
            _forwarding: forwarding,
        }
    }

    /// Ends when it is stopped.
    pub(super) async fn run(mut self) {
        loop {
            let (loss, lived) = match self.connection().await {
                End::Stopped(left) => {
                    self.complain_of(left);
                    break;
                }
                End::Lost(loss, lived) => (loss, lived),
            };
            let fight = self.backoff.is_fight(lived.up && !lived.steady && loss.kind == LossKind::Closed);
            let wait = self.backoff.wait(matches!(loss.kind, LossKind::Away | LossKind::Closed));
            self.report(loss, lived, fight, wait);
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
        let mut to_ask = self.to_ask(&inbox);
        self.repeats.lock().unwrap_or_else(PoisonError::into_inner).connection_begins();
        self.not_taken = None;
        let mut link = Link::open(&self.settings, inbox, self.commands.clone(), self.repeats.clone());
        let mut lived = Lived::default();
        let mut refused = Vec::new();
        let (mut acknowledged, mut round, mut steady, mut birth) = (false, None, None, None);
        let (mut let_go, mut moving, mut step, mut foreign, mut calm) = (None, None, None, None, None);
        let mut again = None;
        let mut life = timer(SIGN_OF_LIFE);
        loop {
            let mut news = tokio::select! {
                clearing = &mut self.stop => {
                    let clearing = clearing.unwrap_or_default();
                    let left = if lived.up && self.take_leave(link, clearing).await { Clearing::default() } else { clearing };
                    return End::Stopped(left);
                }
                news = link.next() => Some(news),
                Some(told) = self.feed.told.recv() => {
                    self.outbox.tell(told);
                    None
                }
                Some(answered) = self.answers.recv() => {
                    self.answered(answered);
                    None
                }
                Ok(()) = self.feed.snapshots.changed(), if lived.up => None,
                () = self.feed.house.trouble_changed(), if lived.up => None,
                Ok(()) = self.feed.vitals.changed(), if lived.up => None,
                () = ring(&mut steady) => {
                    (lived.steady, self.wary, self.doubted) = (true, Wary::No, false);
                    self.backoff.steady();
                    None
                }
                () = ring(&mut birth) => {
                    tracing::debug!("Home Assistant has started: telling it everything again");
                    self.outbox.birth();
                    step = None;
                    None
                }
                () = ring(&mut let_go) => {
                    self.outbox.clear();
                    None
                }
                () = ring(&mut moving) => {
                    self.outbox.moved();
                    None
                }
                () = ring(&mut step) => {
                    self.outbox.next_step();
                    None
                }
                () = ring(&mut foreign) => {
                    self.set_right();
                    calm = timer(CALM);
                    None
                }
                () = ring(&mut again) => {
                    self.outbox.say_again();
                    None
                }
                () = ring(&mut life) => {
                    self.outbox.sign_of_life();
                    life = timer(SIGN_OF_LIFE);
                    None
                }
                () = ring(&mut calm) => {
                    self.strangers = 0;
                    None
                }
                () = ring(&mut round) => link.overdue().map(News::Lost),
            };
            // All that is there already, before anything is published: the more is known, the less need be said.
            while let Some(item) = news.take().or_else(|| link.try_next()) {
                match item {
                    News::Up(terms) => {
                        (lived.up, lived.version) = (true, terms.version);
                        steady = timer(STEADY);
                        self.catch_up();
                        self.outbox.start();
                        if self.wary >= Wary::OneByOne {
                            let commands = to_ask.iter().flatten().filter(|asked| asked.what == AskedFor::Commands);
                            self.outbox.delete_commands(commands.map(|asked| asked.filter.clone()));
                        }
                    }
                    News::Refused(refused, reply) => self.refused(refused, reply),
                    News::Came(Incoming::Birth) => {
                        birth = birth.or_else(|| timer(Duration::from_millis(self.backoff.below(BIRTH_SPREAD_MS))));
                    }
                    News::Came(Incoming::HomeAssistant(is_there)) => self.outbox.home_assistant(is_there),
                    News::Came(Incoming::Earlier(device, earlier)) => self.outbox.earlier_discovery(device, earlier),
                    News::Came(Incoming::Ours(heard)) => {
                        if self.outbox.heard(&heard) && foreign.is_none() {
                            foreign = timer(SET_RIGHT_AFTER * (1 << self.strangers.min(SET_RIGHT_DOUBLED)));
                        }
                    }
                    News::Subscribed(not_allowed) => refused.extend(not_allowed),
                    News::Acknowledged(..) => acknowledged = true,
                    News::NotTaken(topic, denied) => {
                        acknowledged = true;
                        if denied.passes && self.outbox.not_taken(topic.clone()) && again.is_none() {
                            again = timer(AGAIN);
                        }
                        self.not_taken(&topic, &denied);
                    }
                    News::Came(_) | News::Written(_) | News::Asking(_) | News::Answered(..) | News::Closed => {}
                    News::Lost(loss) => {
                        self.learn(&loss, link.is_subscribed());
                        link.unanswered().rev().for_each(|told| self.outbox.tell_again(told));
                        return End::Lost(loss, lived);
                    }
                }
            }
            self.hear();
            if !lived.up {
                continue;
            }
            self.catch_up();
            if self.wary < Wary::OneByOne || link.is_idle() && lived.up && acknowledged {
                std::mem::take(&mut to_ask).into_iter().for_each(|asked| link.subscribe(asked));
            }
            self.publish(&mut link);
            if !lived.good && !self.doubted && acknowledged && to_ask.is_empty() && link.is_subscribed() {
                lived.good = true;
                self.is_good(&refused, lived.version);
                self.publish(&mut link);
            }
            if link.is_idle() {
                self.outbox.all_acknowledged();
            } else if round.is_none() {
                round = timer(ROUND);
            }
            if self.outbox.begins_to_let_go() {
                moving = timer(LET_GO);
            }
            if let_go.is_none() && self.outbox.has_to_clear() {
                let_go = timer(LET_GO);
            }
            if step.is_none() && self.outbox.has_a_step() {
                step = timer(STEP);
            }
            if let Some(record) = self.outbox.changed_record() {
                self.ledger.keep(record);
            }
        }
    }

    /// What to ask the broker for, as packets.
    fn to_ask(&self, inbox: &Inbox) -> Vec<Vec<Asked>> {
        if self.wary < Wary::OneByOne {
            let ours = if self.wary == Wary::No { inbox.ours() } else { Vec::new() };
            return vec![inbox.commands().into_iter().chain(inbox.home_assistant(true)).collect(), ours];
        }
        let config = self.feed.snapshots.borrow().config.clone();
        let points = config.specs().iter().filter(|spec| spec.commands.is_some()).map(|spec| spec.name.clone());
        let wholes = config.specs().iter().filter_map(|spec| spec.whole.clone());
        let scenes = config.scenes.iter().map(|scene| format!("scene.{}", scene.id));
        let buttons = Vital::ALL.into_iter().map(Vital::name).filter(|name| Vital::button(name).is_some());
        let topics = points.chain(wholes).chain(scenes).chain(buttons).map(|name| inbox.topics().set(&name));
        let asked = topics.map(|filter| Asked { filter, what: AskedFor::Commands }).collect();
        let birth = if self.wary == Wary::OneByOne { inbox.home_assistant(false) } else { Vec::new() };
        vec![asked, birth]
    }

    /// What to ask for less of on the next connection.
    fn learn(&mut self, loss: &Loss, is_subscribed: bool) {
        self.wary = match loss.kind {
            LossKind::TooLarge if self.wary < Wary::OneByOne => Wary::OneByOne,
            LossKind::TooLarge => Wary::CommandsOnly,
            LossKind::Closed | LossKind::Wrong if !is_subscribed => self.wary.max(Wary::NotOurs),
            _ => self.wary,
        };
    }

    /// What was told meanwhile.
    fn hear(&mut self) {
        while let Ok(told) = self.feed.told.try_recv() {
            self.outbox.tell(told);
        }
        while let Ok(answered) = self.answers.try_recv() {
            self.answered(answered);
        }
    }

    fn answered(&mut self, Answered { answer, refused }: Answered) {
        refused.into_iter().for_each(|refused| self.outbox.tell(Notification::Refused(refused)));
        self.outbox.answer(answer);
    }

    /// A command was refused before any engine saw it.
    fn refused(&mut self, refused: Refused, reply: Option<ReplyTo>) {
        let answer = reply.map(|reply| Answer::refused(reply, &refused));
        self.outbox.tell(Notification::Refused(refused));
        answer.into_iter().for_each(|answer| self.outbox.answer(answer));
    }

    fn catch_up(&mut self) {
        let newest = self.feed.snapshots.borrow_and_update().clone();
        // After a reload, another connection tells of a house with other settings.
        if is_of(&newest.config, &self.hub, &self.settings) {
            self.outbox.update(newest);
        }
        let vitals = self.feed.vitals.borrow_and_update().clone();
        self.outbox.vitals(&vitals);
        let problems = self.problem.clone().into_iter().chain(self.feed.house.trouble());
        self.outbox.problem(problems.reduce(|all, problem| format!("{all}; {problem}")));
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
        self.hear();
        let said = timeout(LAST_WORDS, async {
            if clearing.discovery {
                self.outbox.take_back_discovery();
                if !self.say_all(&mut link).await {
                    return false;
                }
                tokio::time::sleep(LET_GO_AT_THE_END).await;
            }
            self.outbox.close(clearing);
            self.say_all(&mut link).await
        });
        let Ok(all) = said.await else {
            // Without a farewell the broker publishes the last will: `offline` all the same.
            tracing::warn!("the broker is too slow for our last messages");
            return false;
        };
        link.close();
        while !matches!(link.next().await, News::Lost(_) | News::Closed) {}
        tracing::info!("took leave of the broker");
        if all {
            self.ledger.keep(self.outbox.record_after(clearing));
        }
        all
    }

    /// Returns whether the broker has taken all there is to say.
    async fn say_all(&mut self, link: &mut Link) -> bool {
        loop {
            self.publish(link);
            if link.is_idle() {
                return true;
            }
            if matches!(link.next().await, News::Lost(_) | News::Closed) {
                return false;
            }
        }
    }

    /// Waits for the next try. If it is stopped meanwhile, with what is not to be left behind.
    async fn rest(&mut self, wait: Duration) -> Option<Clearing> {
        let mut over = timer(wait);
        loop {
            tokio::select! {
                clearing = &mut self.stop => return Some(clearing.unwrap_or_default()),
                () = ring(&mut over) => return None,
                Some(told) = self.feed.told.recv() => self.outbox.tell(told),
                Some(answered) = self.answers.recv() => self.answered(answered),
            }
        }
    }
}
