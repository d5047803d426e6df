//! What a client says, and what that means. It waits for nothing, so it is tried without a network.

use super::{
    actions::{self, Asked},
    board::Board,
    entities::Wish,
    message::{self, Keyed, Nothing, device, happening, hello, log, state, time},
    wire::{Fault, Greeting, Message},
};
use std::sync::Arc;

/// The version of the API that we speak. From 1.15 on, clients ask for what this program is not.
const VERSION: (u32, u32) = (1, 14);
/// No message that a client sends us has more fields, bytes: what is larger is not for us.
const READ_MAX: usize = 8 << 10;
/// So much of a client's name is kept, characters.
const NAME_MAX: usize = 80;

/// One client.
pub struct Session {
    greeting: Arc<Greeting>,
    /// What it calls itself; None: it has not said hello.
    client: Option<String>,
    /// [`Board::generation`] of the entities that it knows.
    listed: Option<u64>,
    /// [`Board::seq`] up to which it knows their states; None: it did not ask for them.
    told: Option<u64>,
    /// Whether it passes on what happens.
    hears: bool,
}

/// What is to be done for a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// No more than to send the answers.
    Answered,
    /// It said who it is.
    Greeted,
    /// The entity of this place is commanded.
    Commanded(usize, Vec<Wish>),
    /// A command that cannot be made sense of, for this entity, if it is one.
    Refused(Option<usize>, String),
    /// An action is called, to be answered by this number.
    Called(u32, Asked),
    /// It tells of its own entities, when it is asked.
    Offers,
    /// It tells of one.
    Told(state::Told),
    /// It wants to see the log, from this level on.
    Logs(i32),
    /// It tells the time.
    Time(time::Told),
    /// It goes, or has heard that we go.
    Over,
}

impl Session {
    /// One that has said nothing yet.
    pub fn new(greeting: Arc<Greeting>) -> Session {
        Session { greeting, client: None, listed: None, told: None, hears: false }
    }

    /// Takes a message; what is answered at once is added to `answers`.
    ///
    /// # Errors
    /// When it is none that a client may send.
    pub fn take(&mut self, said: &Message, board: &Board, answers: &mut Vec<Message>) -> Result<Step, Fault> {
        let empty = |id| Message::new(id, &Nothing {});
        match said.id {
            hello::ASKED => {
                let name = said.read::<hello::Asked>()?.client;
                self.client = Some(name.chars().take(NAME_MAX).collect());
                answers.push(Message::new(hello::ANSWERED, &self.hello()));
                return Ok(Step::Greeted);
            }
            message::LOGIN_ASKED => answers.push(empty(message::LOGIN_ANSWERED)),
            message::LEAVE_ASKED => {
                answers.push(empty(message::LEAVE_ANSWERED));
                return Ok(Step::Over);
            }
            message::LEAVE_ANSWERED => return Ok(Step::Over),
            message::PING => answers.push(empty(message::PONG)),
            _ if self.client.is_none() => return Err(Fault::Malformed("no hello")),
            device::ASKED => answers.push(board.listing.device.clone()),
            message::LIST_ASKED => {
                self.listed = Some(board.generation);
                answers.extend(board.listing.told.iter().cloned());
                answers.push(empty(message::LIST_ENDED));
            }
            message::STATES_ASKED => {
                self.told = Some(board.seq);
                answers.extend(board.since(0).cloned());
            }
            message::HAPPENINGS_ASKED => self.hears = true,
            log::ASKED => return Ok(Step::Logs(said.read::<log::Asked>()?.level)),
            state::OFFERED => return Ok(Step::Offers),
            message::ABILITIES_ASKED => answers.push(empty(message::ABILITIES_ANSWERED)),
            // Whatever this is, it is not for us.
            _ if said.body.len() > READ_MAX => {}
            state::TOLD => return Ok(Step::Told(said.read()?)),
            time::TOLD => return Ok(Step::Time(said.read()?)),
            actions::CALLED => {
                return Ok(match actions::called(said)? {
                    (call, Ok(asked)) => Step::Called(call, asked),
                    (0, Err(why)) => Step::Refused(None, why),
                    (call, Err(why)) => {
                        answers.push(actions::answer(call, Err(why)));
                        Step::Answered
                    }
                });
            }
            _ => return self.command(said, board),
        }
        Ok(Step::Answered)
    }

    /// A command of an entity; other messages are not for us.
    fn command(&self, said: &Message, board: &Board) -> Result<Step, Fault> {
        let commands = |place: &usize| board.listing.entities[*place].entity.commanded_by();
        let is_command = board.listing.entities.iter().any(|listed| listed.entity.commanded_by() == Some(said.id));
        if !is_command {
            return Ok(Step::Answered);
        }
        let place = board.listing.find(said.read::<Keyed>()?.key).filter(|place| commands(place) == Some(said.id));
        let Some(place) = place else {
            return Ok(Step::Refused(None, "no such entity: reload the device in Home Assistant".into()));
        };
        Ok(match board.listing.entities[place].entity.wishes(said, &board.seen) {
            Ok(wishes) => Step::Commanded(place, wishes),
            Err(fault) => Step::Refused(Some(place), fault.to_string()),
        })
    }

    fn hello(&self) -> hello::Answered {
        let (major, minor) = VERSION;
        let server = concat!("hearthd ", env!("CARGO_PKG_VERSION")).to_owned();
        hello::Answered { major, minor, server, name: self.greeting.name.clone() }
    }

    /// What it calls itself.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Whether it knows other entities than there are, and has to come again to list them.
    pub fn is_outdated(&self, board: &Board) -> bool {
        self.listed.is_some_and(|listed| listed != board.generation)
    }

    /// The states that it has not been told.
    pub fn news(&mut self, board: &Board) -> Vec<Message> {
        let Some(told) = self.told.filter(|_| !self.is_outdated(board)) else { return Vec::new() };
        self.told = Some(board.seq);
        board.since(told).cloned().collect()
    }

    /// Whether it wants to be told of what happens at entities.
    pub fn reads(&self) -> bool {
        self.told.is_some()
    }

    /// Whether it passes on what happens in the house.
    pub fn hears(&self) -> bool {
        self.hears
    }
}

/// That something happened, for the bus of events of Home Assistant.
pub fn happened(event: &str, facts: &[(&str, &str)]) -> Message {
    let fact = |(name, value): &(&str, &str)| happening::Fact { name: (*name).into(), value: (*value).into() };
    let data = facts.iter().map(fact).collect();
    Message::new(happening::TOLD, &happening::Told { event: format!("esphome.hearthd_{event}"), data, is_event: true })
}
