//! What Home Assistant can ask of the house besides commands of single entities: its actions, which are answered.

use super::{entities::Wish, names, wire::Message};
use crate::model::Hold;

const LISTED: u32 = 41;
/// Of who calls one.
pub const CALLED: u32 = 42;
const ANSWERED: u32 = 131;
/// The type of an argument.
const STRING: i32 = 3;
/// An answer that says whether it was done.
const STATUS: i32 = 100;
/// The longest argument, in bytes.
const ARGUMENT_MAX: usize = 1_024;

/// One action.
struct Action {
    name: &'static str,
    arguments: &'static [&'static str],
    meant: fn(&[&str]) -> Result<Asked, String>,
}

/// What is asked of the house.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// The command.
    pub wish: Wish,
    /// How long it holds; None: as long as one that does not say.
    pub hold: Option<Hold>,
}

const UNKNOWN_HOLD: &str = "write the duration as in \"2h\" or \"10m\", or \"room_empty\"";

const ACTIONS: [Action; 3] = [
    Action {
        name: "set_for",
        arguments: &["point", "value", "duration"],
        meant: |arguments| {
            let [point, value, hold] = arguments else { return Err(String::new()) };
            let hold = Hold::parse(hold).map_err(|_| UNKNOWN_HOLD.to_owned())?;
            Ok(Asked { wish: ((*point).into(), (*value).into()), hold: Some(hold) })
        },
    },
    Action { name: "auto", arguments: &["point"], meant: |arguments| told("", arguments, "AUTO") },
    Action { name: "scene", arguments: &["name"], meant: |arguments| told("scene.", arguments, "ON") },
];

fn told(prefix: &str, arguments: &[&str], payload: &str) -> Result<Asked, String> {
    Ok(Asked { wish: (format!("{prefix}{}", arguments.concat()), payload.into()), hold: None })
}

#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(fixed32, tag = "2")]
    key: u32,
    #[prost(message, repeated, tag = "3")]
    arguments: Vec<Described>,
    #[prost(int32, tag = "4")]
    answer: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Described {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "2")]
    kind: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Called {
    #[prost(fixed32, tag = "1")]
    key: u32,
    #[prost(message, repeated, tag = "2")]
    arguments: Vec<Argument>,
    #[prost(uint32, tag = "3")]
    call: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Argument {
    #[prost(string, tag = "4")]
    text: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Answered {
    #[prost(uint32, tag = "1")]
    call: u32,
    #[prost(bool, tag = "2")]
    is_done: bool,
    #[prost(string, tag = "3")]
    error: String,
}

/// Their numbers. `names` makes them alike in each version of this program.
fn key(name: &str) -> u32 {
    let id = format!("action-{name}");
    names::numbers([id.as_str()].into_iter()).into_values().next().unwrap_or_default()
}

/// What is told of each.
pub fn listed() -> impl Iterator<Item = Message> {
    ACTIONS.iter().map(|action| {
        let arguments = action.arguments.iter().map(|name| Described { name: (*name).into(), kind: STRING });
        let (name, key) = (action.name.to_owned(), key(action.name));
        Message::new(LISTED, &Listed { name, key, arguments: arguments.collect(), answer: STATUS })
    })
}

/// The number of a call, by which it is answered (0: nobody waits for an answer), and what it asks, or what is wrong with it.
///
/// # Errors
/// When it is no call.
pub fn called(message: &Message) -> Result<(u32, Result<Asked, String>), super::wire::Fault> {
    let Called { key: called, arguments, call } = message.read()?;
    let Some(action) = ACTIONS.iter().find(|action| key(action.name) == called) else {
        let unknown = "no such action: reload the device in Home Assistant".to_owned();
        return Ok((call, Err(unknown)));
    };
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
    let is_long = texts.iter().any(|text| text.len() > ARGUMENT_MAX);
    if texts.len() != action.arguments.len() || is_long {
        return Ok((call, Err(format!("{} wants {}", action.name, action.arguments.join(", ")))));
    }
    Ok((call, (action.meant)(&texts)))
}

/// The answer to a call.
pub fn answer(call: u32, result: Result<(), String>) -> Message {
    let (is_done, error) = (result.is_ok(), result.err().unwrap_or_default());
    Message::new(ANSWERED, &Answered { call, is_done, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[&str]) -> Result<Asked, String> {
        let arguments = arguments.iter().map(|text| Argument { text: (*text).into() }).collect();
        let message = Message::new(CALLED, &Called { key: key(name), arguments, call: 9 });
        let (number, asked) = called(&message).unwrap();
        assert_eq!(number, 9);
        asked
    }

    #[test]
    fn actions_are_commands_of_the_house() {
        let asked = |point: &str, value: &str, hold| Ok(Asked { wish: (point.into(), value.into()), hold });
        let two_hours = Some(Hold::Time(std::time::Duration::from_secs(7_200)));
        assert_eq!(call("set_for", &["hall_light", "40", "2h"]), asked("hall_light", "40", two_hours));
        let until_empty = call("set_for", &["hall_light", "OFF", "room_empty"]);
        assert_eq!(until_empty, asked("hall_light", "OFF", Some(Hold::RoomEmpty)));
        assert_eq!(call("auto", &["attic"]), asked("attic", "AUTO", None));
        assert_eq!(call("scene", &["evening"]), asked("scene.evening", "ON", None));
        assert_eq!(
            call("set_for", &["hall_light", "40", "soon"]),
            Err("write the duration as in \"2h\" or \"10m\", or \"room_empty\"".into())
        );
        assert_eq!(call("scene", &[]), Err("scene wants name".into()));
        assert_eq!(call("auto", &["x", "y"]), Err("auto wants point".into()));
        assert_eq!(call("auto", &[&"x".repeat(1_025)]), Err("auto wants point".into()));
        assert!(call("reboot", &[]).is_err());
        // As another library writes it: a text, a number and the call.
        let hex = [0x0d, 5, 0, 0, 0, 0x12, 0x0c, 0x22, 0x0a];
        let body = [&hex[..], b"hall_light", &[0x12, 2, 0x28, 5, 0x18, 9]].concat();
        let (number, asked) = called(&Message { id: CALLED, body }).unwrap();
        assert_eq!((number, asked.is_err()), (9, true));
    }
}
