//! What to say about names that are not found.

use super::{hubs, nearest, shape::shorten};
use crate::model::{Ask, Capability, Config, Hold, InputId, Method, OutputId, Point, Refusal};

/// What is wrong with `name` where the name of a `kind` is wanted, of which `known` exist, and what to write.
pub(super) fn not_found<'n>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
    config: &Config,
) -> (String, String) {
    if let Some(of_hub) = hubs::not_found(name, config).filter(|_| kind_of(name, config).is_none()) {
        return of_hub;
    }
    let known: Vec<&str> = known.collect();
    let message = match kind_of(name, config) {
        Some(other) => {
            let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("`{name}` is {other}, not {article} {kind}")
        }
        None => format!("unknown {kind} `{}`", shorten(name)),
    };
    let advice = match nearest::name(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("add [{kind}s.{}]", if name.is_empty() { "some_name" } else { name }),
        // No table of this house gives such a name.
        None if name.contains('.') => format!("write one of {}", list(&known)),
        None => format!("write one of {}, or add [{kind}s.{}]", list(&known), shorten(name)),
    };
    (message, advice)
}

/// The output of this name that people see, or what is wrong with the name and what to write.
pub(super) fn output(name: &str, config: &Config) -> Result<OutputId, (String, String)> {
    config.find_output(name).filter(|id| config.is_visible(*id)).ok_or_else(|| {
        let known = config.visible_outputs().map(|id| &*config[id].id);
        not_found("output", name, known, config)
    })
}

/// What is wrong with `text` as what the point of this name is asked to be, and what to write. `quote` is what stands around
/// words there.
pub(super) fn refused(name: &str, text: &str, refusal: &Refusal, quote: char, config: &Config) -> (String, String) {
    let cannot = || format!("`{name}` cannot be {quote}{}{quote}", shorten(text));
    match refusal {
        Refusal::BadValue { expected } => {
            let point = config.find_point(name);
            let words = point.and_then(|point| config.commands(point)).map_or_else(Vec::new, |commands| commands.words);
            // A word of its kind that it does not take is no slip of the pen.
            let near = nearest::name(&text.to_lowercase(), words.iter().map(String::as_str))
                .filter(|near| !near.eq_ignore_ascii_case(text));
            let advice = match (near, point) {
                (Some(near), _) if !text.contains(' ') => format!("did you mean {quote}{near}{quote}?"),
                (_, Some(Point::Output(id))) => format!("write {}", states(id, quote, config)),
                _ => format!("write {expected}"),
            };
            (cannot(), advice)
        }
        Refusal::NoLevels { output } => {
            if let Some(id) = config.find_output(output).filter(|id| config[*id].is_of_another_hub()) {
                let (hub, point) = config[id].id.split_once('.').unwrap_or_default();
                return (
                    format!("`{name}` is only on or off here, no levels"),
                    format!(
                        "write {point} = {{ kind = \"{}\", levels = true }} in [hubs.{hub}], if it has levels there",
                        config[id].kind.word()
                    ),
                );
            }
            let of = |id: OutputId| matches!(config[id].method, Method::Group { .. });
            let (what, whom) = match config.find_output(output) {
                Some(id) if of(id) => ("a group with a relay in it", "its members"),
                _ => ("a relay", "it"),
            };
            (
                format!("`{name}` is {what}: on or off, no levels"),
                format!("write {quote}on{quote} or {quote}off{quote}, or give {whom} pwm or slow_pwm"),
            )
        }
        Refusal::NoHold { why } => {
            (format!("`{name}` cannot hold this for a time: {why}"), "leave the time out".into())
        }
        Refusal::NoRoom { output: Some(output) } => (
            format!("`{output}` is in no room that could be empty"),
            "write a time such as 2h, or add room = \"name_of_the_room\" to it".into(),
        ),
        Refusal::NoRoom { output: None } => (
            format!("`{name}` is no output: only outputs and scenes are held until a room is empty"),
            "write a time such as 2h".into(),
        ),
        Refusal::Unfit { what, advice } => (format!("`{name}`: {what}"), advice.clone()),
        Refusal::ReadOnly => (format!("`{name}` is read, not set"), "name an output, or a point that is set".into()),
        Refusal::NoAuto { expected } => (cannot(), format!("it stays as it is set: write {expected}")),
        other => (cannot(), other.to_string()),
    }
}

/// What is wrong with a command, if no point of this name understands it: a message, and what to write.
pub fn refused_command(name: &str, text: &str, hold: Option<Hold>, config: &Config) -> Option<(String, String)> {
    let refusal = config.wish(name, text, hold).err()?;
    Some(refused(name, text, &refusal, '"', config))
}

/// What an output can be said to be.
fn states(id: OutputId, quote: char, config: &Config) -> String {
    let pair = |on: &str, off: &str| format!("{quote}{on}{quote}, {quote}{off}{quote}");
    let words = if config.opens(id) { pair("open", "closed") } else { pair("on", "off") };
    match config.capability(id) {
        Capability::OnOff | Capability::Ends => words.replace(", ", " or "),
        Capability::Percent => format!("{words} or a level from 0 to 100"),
        Capability::Steps(count) => {
            format!("{words}, {quote}speed 1{quote} to {quote}speed {count}{quote} or a level from 0 to 100")
        }
        Capability::Position => format!("{words} or a position from 0 to 100"),
    }
}

/// What is wrong with `text` where it is to say what an output is for as long as a rule, or a scene, holds.
pub(super) fn no_state(id: OutputId, text: &str, ask: Ask, config: &Config) -> Option<(String, String)> {
    let name = &config[id].id;
    let once = |message: &str, action: String| {
        Some((format!("`{name}` {message}"), format!("write {action} in a rule with `on`")))
    };
    match ask {
        Ask::On | Ask::Off | Ask::Level(_) => None,
        Ask::By(_) => once("is to be at a level, and this is a change of it", format!("do = \"set {name} {text}\"")),
        Ask::Stop => once("is to be somewhere, and this is done once", format!("do = \"set {name} stop\"")),
        Ask::Auto => once("is automatic by itself", format!("do = \"auto {name}\"")),
        Ask::Toggle => once("is to be on or off, and this is done once", format!("do = \"toggle {name}\"")),
    }
}

/// What is wrong with a number that was probably meant otherwise.
pub(super) fn slip(id: OutputId, text: &str, ask: Ask, quote: char, config: &Config) -> Option<(String, String)> {
    let (name, takes) = (&config[id].id, config.capability(id));
    let Ask::Level(level) = ask else { return None };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match takes {
        Capability::Steps(count) if digits && takes.sounds_like_a_speed(level.percent()) => Some((
            format!("`{name}` has {count} speeds, and a number is percent"),
            format!("write {quote}speed {text}{quote}, or {quote}{text}%{quote} if you mean that"),
        )),
        _ if text.contains('.') => {
            Some((format!("`{name}` takes whole percents"), "write a whole number from 0 to 100".into()))
        }
        _ => None,
    }
}

/// The input of this name that is on or off; or what is wrong with it and what to write.
pub(super) fn binary_input(name: &str, config: &Config) -> Result<InputId, (String, String)> {
    let known = config.inputs.iter().filter(|input| !input.counts()).map(|input| &*input.id);
    match config.find_input(name) {
        Some(input) if config[input].counts() => {
            Err((format!("`{name}` is a counter, which is neither on nor off"), "name another input".into()))
        }
        Some(input) => Ok(input),
        None => Err(not_found("input", name, known, config)),
    }
}

/// What the entity of this name is, with its article.
pub(super) fn kind_of(name: &str, config: &Config) -> Option<&'static str> {
    if let Some(output) = config.find_output(name) {
        Some(if config.is_visible(output) { "an output" } else { "a part of an output" })
    } else if config.find_counter(name).is_some() {
        Some("a counter")
    } else if config.find_input(name).is_some() {
        Some("an input")
    } else if config.find_sensor(name).is_some() {
        Some("a sensor")
    } else if config.rooms.iter().any(|room| &*room.id == name) {
        Some("a room")
    } else if config.find_climate(name).is_some() {
        Some("a climate zone")
    } else {
        None
    }
}

/// A few names of many.
pub(super) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += ", ...";
    }
    text
}
