//! One connection: reads, answers, tells the news, and has patience with nobody for ever.

use super::{
    actions,
    board::Board,
    guests::{Guests, Place},
    hour, log,
    message::{LEAVE_ASKED, Nothing, PING, time},
    session::{Session, Step, happened},
    states::{self, Turn},
    wire::{Fault, Greeting, Message, Wire},
};
use crate::{
    clock::Clock,
    house::Request,
    model::{Hold, Refusal, Snapshot, Source, shown},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

/// How often it is looked whether a client is still there.
const TICK: Duration = Duration::from_secs(10);
/// In these many ticks it has to say hello, to end a message that it began, to say anything, and to answer a ping.
const HELLO_WITHIN: u32 = 1;
const PART_WITHIN: u32 = 3;
const PING_AFTER: u32 = 6;
const GONE_AFTER: u32 = 15;
/// And so often it is asked again what its entities are: of one that is gone, it says nothing by itself.
const ASKED_AGAIN: u32 = 6;
/// What a client may say in a tick; then it is not read until the next.
const MESSAGES: u32 = 2_000;
/// So many commands wait for their answers; then it is not read.
const COMMANDS: usize = 256;
/// It has to take so much within so long.
const CHUNK: usize = 32 << 10;
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// To hear that it hears that we go, or why it was refused.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A closed connection is told of nothing when there is something unread.
const UNREAD_MAX: usize = 64 << 10;

/// What is told once.
#[derive(Clone)]
pub enum Told {
    /// Something happened at an entity.
    AtEntity(Message),
    /// Something happened in the house.
    InHouse(Message),
}

/// What a connection needs of the house.
pub struct Doors {
    /// How we show ourselves.
    pub greeting: Arc<Greeting>,
    /// All entities.
    pub board: watch::Receiver<Arc<Board>>,
    /// What happens.
    pub happenings: broadcast::Receiver<Told>,
    /// What it tells of its own entities goes here.
    pub states: states::Door,
    /// Who is connected.
    pub guests: Guests,
    /// Who is asked for the time.
    pub hour: hour::Door,
    /// The daemon's clock.
    pub clock: Clock,
    /// Commands go here.
    pub requests: mpsc::Sender<Request>,
    /// Set when the client has said who it is.
    pub is_known: Arc<AtomicBool>,
}

/// Why a connection ended.
#[derive(Debug)]
pub enum End {
    /// Either end wanted it so.
    Over,
    /// The client is of no use.
    Fault(Fault),
    /// It was lost.
    Lost(&'static str),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Lost("the connection is lost")
    }
}

/// What became of a command.
struct Done {
    /// Whose state is told again when it was refused.
    entity: Option<usize>,
    /// By which number it is answered; 0: not at all.
    call: u32,
    point: String,
    payload: String,
    result: Result<(), Refusal>,
}

/// Serves a client until it goes, or has to. Returns its address and why.
pub async fn serve(stream: TcpStream, peer: SocketAddr, doors: Doors) -> (IpAddr, End) {
    // An answer is small, and somebody waits for it.
    let _ = stream.set_nodelay(true);
    let (wire, session) = (Wire::new(doors.greeting.clone()), Session::new(doors.greeting.clone()));
    let (commands, offers, turn, place, hour, log) = (JoinSet::new(), false, None, None, None, None);
    let mut client =
        Client { stream, peer, wire, session, place, commands, offers, turn, hour, log, messages: 0, doors };
    let end = match client.run().await {
        Ok(()) => End::Over,
        Err(end) => end,
    };
    client.place = None;
    client.close().await;
    if let Some(name) = client.session.client() {
        match &end {
            End::Over => tracing::info!("{} at {} has left", shown(name), peer.ip()),
            End::Fault(_) => {}
            End::Lost(why) => tracing::info!("{} at {} is gone: {why}", shown(name), peer.ip()),
        }
    }
    (peer.ip(), end)
}

struct Client {
    stream: TcpStream,
    peer: SocketAddr,
    wire: Wire,
    session: Session,
    /// On the list of those who are connected, when it has said who it is.
    place: Option<Place>,
    commands: JoinSet<Done>,
    /// It tells of its own entities, when it is asked.
    offers: bool,
    /// It is the one that is asked.
    turn: Option<Turn>,
    /// It is the one that is asked for the time.
    hour: Option<hour::Turn>,
    /// What it sees of the log.
    log: Option<log::Stream>,
    /// What it said in this tick.
    messages: u32,
    doors: Doors,
}

impl Client {
    async fn run(&mut self) -> Result<(), End> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        let (mut silent, mut age) = (0, 0);
        let mut part = vec![0; 8 << 10];
        loop {
            while self.may_be_read() {
                let Some(message) = self.wire.read().map_err(End::Fault)? else { break };
                self.messages += 1;
                if self.take(&message).await? {
                    return Ok(());
                }
                // However much it says, the house goes on.
                tokio::task::yield_now().await;
            }
            if self.hour.as_mut().is_some_and(|hour| hour.asks()) {
                self.wire.send(&Message::new(time::ASKED, &Nothing {}));
            }
            self.flush().await?;
            let may_be_read = self.may_be_read();
            tokio::select! {
                read = self.stream.read(&mut part), if may_be_read => match read? {
                    0 => return Err(End::Lost("it closed the connection")),
                    size => {
                        silent = 0;
                        self.wire.receive(&part[..size]);
                    }
                },
                changed = self.doors.board.changed() => {
                    if changed.is_err() || self.news() {
                        return self.leave().await;
                    }
                }
                told = self.doors.happenings.recv() => match told {
                    Ok(Told::AtEntity(message)) if self.session.reads() => self.wire.send(&message),
                    Ok(Told::InHouse(message)) if self.session.hears() => self.wire.send(&message),
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::warn!("Home Assistant at {} was not told of {missed} events: it is too slow", self.peer.ip());
                    }
                    // The house goes; the board says so, too.
                    Err(broadcast::error::RecvError::Closed) => return self.leave().await,
                    Ok(_) => {}
                },
                Some(done) = self.commands.join_next(), if !self.commands.is_empty() => {
                    if let Ok(done) = done {
                        self.done(done);
                    }
                }
                turn = self.doors.states.turn(), if self.offers && self.turn.is_none() => {
                    let turn = self.turn.insert(turn);
                    turn.asks(false).iter().for_each(|ask| self.wire.send(ask));
                }
                turn = self.doors.hour.turn(), if self.place.is_some() && self.hour.is_none() => self.hour = turn,
                entry = entry(&mut self.log) => entry.iter().for_each(|entry| self.wire.send(entry)),
                () = changed(&mut self.turn) => {
                    // What is new may be told already: then it is told again.
                    let asks = |turn: &mut Turn| [turn.asks(false), turn.asks(true)].concat();
                    let news = self.turn.as_mut().map(asks).unwrap_or_default();
                    news.iter().for_each(|ask| self.wire.send(ask));
                }
                _ = ticks.tick() => {
                    (silent, age, self.messages) = (silent + 1, age + 1, 0);
                    if self.session.client().is_none() && age >= HELLO_WITHIN {
                        return Err(End::Lost("it said no hello"));
                    }
                    if silent >= GONE_AFTER || silent >= PART_WITHIN && self.wire.has_part() && self.may_be_read() {
                        return Err(End::Lost("it says nothing any more"));
                    }
                    if age % ASKED_AGAIN == 0 {
                        let again = self.turn.as_mut().map(|turn| turn.asks(true)).unwrap_or_default();
                        again.iter().for_each(|ask| self.wire.send(ask));
                    }
                    let left_out = self.log.as_mut().and_then(log::Stream::tick);
                    left_out.iter().for_each(|left_out| self.wire.send(left_out));
                    self.hour.take_if(|hour| hour.tick() == hour::Next::Other);
                    if silent == PING_AFTER {
                        self.wire.send(&Message::new(PING, &Nothing {}));
                    }
                }
            }
        }
    }

    fn may_be_read(&self) -> bool {
        self.messages < MESSAGES && self.commands.len() < COMMANDS
    }

    /// Takes a message. True: it was the last one.
    async fn take(&mut self, message: &Message) -> Result<bool, End> {
        let board = self.doors.board.borrow().clone();
        let mut answers = Vec::new();
        let step = self.session.take(message, &board, &mut answers).map_err(End::Fault)?;
        answers.iter().for_each(|answer| self.wire.send(answer));
        match step {
            Step::Answered => {}
            Step::Greeted => {
                if !self.doors.is_known.swap(true, Ordering::Relaxed)
                    && let Some(name) = self.session.client()
                {
                    tracing::info!("{} is connected from {}", shown(name), self.peer.ip());
                    let (now, is_encrypted) = (self.doors.clock.now(), self.doors.greeting.key.is_some());
                    self.place = Some(self.doors.guests.add(name, self.peer.ip(), now, is_encrypted));
                }
            }
            Step::Commanded(entity, wishes) => {
                for (point, payload) in wishes {
                    self.command(Some(entity), 0, point, payload, None);
                }
            }
            Step::Called(call, actions::Asked { wish: (point, payload), hold }) => {
                self.command(None, call, point, payload, hold);
            }
            Step::Refused(entity, why) => self.refuse(entity, 0, ("", ""), &why),
            Step::Offers => self.offers = true,
            Step::Told(told) => {
                if let Some(turn) = &self.turn {
                    turn.tell(told).await;
                }
            }
            Step::Logs(level) => self.log = log::Stream::new(level),
            Step::Time(told) => {
                if let Some(hour) = &mut self.hour {
                    hour.told(told.seconds).await;
                }
            }
            Step::Over => {
                self.flush().await?;
                return Ok(true);
            }
        }
        self.flush().await?;
        Ok(false)
    }

    /// Commands the house, in the order in which it was said.
    fn command(&mut self, entity: Option<usize>, call: u32, point: String, payload: String, hold: Option<Hold>) {
        let (request, answer) = Request::by(Source::HomeAssistant, &point, &payload, hold);
        match self.doors.requests.try_send(request) {
            Ok(()) => drop(
                self.commands
                    .spawn(async move { Done { entity, call, point, payload, result: answered(answer).await } }),
            ),
            Err(_) => self.refuse(entity, call, (&point, &payload), "the house is too busy: send it again"),
        }
    }

    fn done(&mut self, Done { entity, call, point, payload, result }: Done) {
        match result {
            Ok(()) if call != 0 => self.wire.send(&actions::answer(call, Ok(()))),
            Ok(()) => {}
            Err(refusal) => self.refuse(entity, call, (&point, &payload), &refusal.to_string()),
        }
    }

    /// Says why a command was refused: the caller of an action is answered, others find an event. What shows the wish of
    /// somebody instead of the house is told again.
    fn refuse(&mut self, entity: Option<usize>, call: u32, (point, payload): (&str, &str), why: &str) {
        tracing::info!("refused a command of Home Assistant for {}: {}", shown(point), shown(why));
        if call != 0 {
            return self.wire.send(&actions::answer(call, Err(why.to_owned())));
        }
        let board = self.doors.board.borrow().clone();
        if self.session.reads()
            && let Some(state) = entity.and_then(|entity| board.states.get(entity)?.as_ref())
        {
            self.wire.send(&state.message);
        }
        if self.session.hears() {
            let payload: String = payload.chars().take(100).collect();
            self.wire.send(&happened("refused", &[("point", point), ("payload", &payload), ("reason", why)]));
        }
    }

    /// Tells what changed. True: the client has to go.
    fn news(&mut self) -> bool {
        let board = self.doors.board.borrow_and_update().clone();
        self.session.news(&board).iter().for_each(|message| self.wire.send(message));
        board.is_leaving || self.session.is_outdated(&board)
    }

    /// Has the client go, and waits until it has heard so.
    async fn leave(&mut self) -> Result<(), End> {
        self.wire.send(&Message::new(LEAVE_ASKED, &Nothing {}));
        self.flush().await?;
        let hears = async {
            let mut part = vec![0; 4 << 10];
            loop {
                while let Some(message) = self.wire.read().map_err(End::Fault)? {
                    // What it commands meanwhile still counts.
                    if self.take(&message).await? {
                        return Ok::<_, End>(());
                    }
                }
                match self.stream.read(&mut part).await? {
                    0 => return Ok(()),
                    size => self.wire.receive(&part[..size]),
                }
            }
        };
        // It has had its time.
        timeout(LAST_WORDS, hears).await.unwrap_or(Ok(()))
    }

    /// Sends what is to be sent.
    async fn flush(&mut self) -> Result<(), End> {
        for chunk in self.wire.output().chunks(CHUNK) {
            let taken = timeout(TAKEN_WITHIN, self.stream.write_all(chunk)).await;
            taken.map_err(|_| End::Lost("it does not take what it is told"))??;
        }
        Ok(())
    }

    /// Closes the connection so that its last words arrive.
    async fn close(&mut self) {
        let close = async {
            let _ = self.flush().await;
            let _ = self.stream.shutdown().await;
            let (mut part, mut unread) = (vec![0; 4 << 10], 0);
            while let Ok(size @ 1..) = self.stream.read(&mut part).await {
                unread += size;
                if unread > UNREAD_MAX {
                    break;
                }
            }
        };
        let _ = timeout(LAST_WORDS, close).await;
    }
}

/// Waits for the answer to a command.
async fn answered(answer: oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) -> Result<(), Refusal> {
    answer.await.unwrap_or(Err(Refusal::Stopping)).map(drop)
}

/// Waits until the client that is asked has something else to be asked for.
async fn changed(turn: &mut Option<Turn>) {
    match turn {
        Some(turn) => turn.changed().await,
        None => std::future::pending().await,
    }
}

/// Waits for something in the log that the client wants to see.
async fn entry(log: &mut Option<log::Stream>) -> Option<Message> {
    match log {
        Some(log) => log.next().await,
        None => std::future::pending().await,
    }
}
