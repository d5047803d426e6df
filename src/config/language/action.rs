//! What rules do: `toggle hall_light`, `set hall_light on for 10m`, `scene evening`, `mode away`, `notify TEXT`, `wait 5s`.

use super::{Mistake, check_length, names};
use crate::{
    config::{nearest, shape::meant_duration, suggestions},
    model::{Action, Config, Hold, Part, Point, Refusal, Wish, duration},
};
use std::{ops::Range, time::Duration};

const VERBS: [&str; 8] = ["toggle", "pulse", "set", "auto", "scene", "mode", "notify", "wait"];
/// How long an output without a pulse of its own is on.
const PULSE: Duration = Duration::from_millis(500);
/// Before the name of a scene as a point.
const SCENE: &str = "scene.";
const WAIT_MAX: Duration = Duration::from_secs(86_400);

/// The action that `text` writes.
pub(in crate::config) fn action(text: &str, config: &Config) -> Result<Action, Mistake> {
    check_length(text, "action", "\"toggle hall_light\"").map_err(|mut mistakes| mistakes.remove(0))?;
    let words = words(text);
    let verb = words[0];
    let mut reader = Reader { text, words: &words, next: 1, config };
    let action = match verb.text {
        "notify" => return Ok(Action::Notify(reader.message()?)),
        "wait" => Action::Wait(reader.duration(WAIT_MAX)?),
        "toggle" => reader.command("TOGGLE")?,
        "auto" => reader.command("AUTO")?,
        "pulse" => reader.pulse()?,
        "scene" => reader.scene()?,
        "mode" => reader.mode(verb)?,
        "set" => reader.set()?,
        _ => return Err(reader.no_verb(verb)),
    };
    match words.get(reader.next) {
        None => Ok(action),
        Some(word) => Err(word.wrong(
            format!("unexpected `{}`", word.text),
            match word.text {
                "and" | "then" | "," | "&" | "&&" => "write several actions as a list: do = [\"...\", \"...\"]",
                "in" | "after" => "write `wait 5s` as an action of its own before it",
                "if" | "when" | "while" => "write the condition as a key of its own: if = \"...\"",
                _ => "remove it",
            },
        )),
    }
}

/// A text for people, with `{living.temperature}` for values.
pub(in crate::config) fn message(text: &str, config: &Config) -> Result<Vec<Part>, Mistake> {
    check_length(text, "notice", "\"Wet in the cellar\"").map_err(|mut mistakes| mistakes.remove(0))?;
    Reader { text, words: &words(text), next: 0, config }.message()
}

/// A word and where it stands.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    at: usize,
}

impl Word<'_> {
    fn place(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    fn wrong(&self, message: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake::new(self.place(), message, advice)
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut at = 0;
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let start = text[at..].find(word).map_or(at, |found| at + found);
        words.push(Word { text: word, at: start });
        at = start + word.len();
    }
    words
}

struct Reader<'r, 't> {
    text: &'t str,
    words: &'r [Word<'t>],
    next: usize,
    config: &'r Config,
}

impl<'t> Reader<'_, 't> {
    /// The next word; `what` should be there.
    fn word(&mut self, what: &str) -> Result<Word<'t>, Mistake> {
        match self.words.get(self.next) {
            Some(word) => {
                self.next += 1;
                Ok(*word)
            }
            None => {
                let end = self.text.trim_end().len();
                Err(Mistake::new(end..end, "the action ends too early", format!("write {what}")))
            }
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.get(self.next).is_some_and(|next| next.text == word);
        self.next += usize::from(found);
        found
    }

    fn command(&mut self, payload: &str) -> Result<Action, Mistake> {
        let point = self.settable()?;
        self.judged(point, payload, &point)
    }

    /// What a command means, and how long it is to hold, as commands from everywhere are judged; a mistake is in `at`.
    fn judged(&mut self, point: Word<'t>, payload: &str, at: &Word<'t>) -> Result<Action, Mistake> {
        let time = self.words.get(self.next).copied();
        let hold = self.hold()?;
        if let Err(refusal) = self.config.wish(point.text, payload, hold) {
            let place = time.filter(|_| matches!(refusal, Refusal::NoHold { .. } | Refusal::NoRoom { .. }));
            let (message, advice) = suggestions::refused(point.text, payload, &refusal, '`', self.config);
            return Err(place.as_ref().unwrap_or(at).wrong(message, advice));
        }
        Ok(Action::Command { point: point.text.into(), payload: payload.into(), hold })
    }

    /// `pulse gate`, `pulse gate for 2s`
    fn pulse(&mut self) -> Result<Action, Mistake> {
        let point = self.word("the name of an output, such as `hall_light`")?;
        let id =
            suggestions::output(point.text, self.config).map_err(|(message, advice)| point.wrong(message, advice))?;
        if self.config.capability(id).moves() {
            let advice = format!("write `set {} open` or `closed`", point.text);
            return Err(point.wrong("a cover is opened and closed", advice));
        }
        let members = self.config.members(id);
        let action = self.judged(point, "ON", &point)?;
        match action {
            Action::Command { point, payload, hold: None } => {
                // What has a pulse of its own needs no other.
                let hold = members.iter().any(|id| self.config[*id].pulse.is_none()).then_some(Hold::Time(PULSE));
                if hold.is_some() && members.iter().any(|id| self.config[*id].pulse.is_some()) {
                    let advice = "pulse them one by one";
                    return Err(self.words[1].wrong("some of its members have a pulse of their own", advice));
                }
                Ok(Action::Command { point, payload, hold })
            }
            other => Ok(other),
        }
    }

    /// The name of something that commands set.
    fn settable(&mut self) -> Result<Word<'t>, Mistake> {
        let word = self.word("the name of an output, such as `hall_light`")?;
        let is_part = |id| matches!(id, Point::Output(id) if !self.config.is_visible(id));
        match self.config.find_point(word.text).filter(|point| !is_part(*point)) {
            Some(point) if self.config.is_commanded(point) => Ok(word),
            Some(_) => Err(word.wrong(format!("`{}` is read, not set", word.text), "name an output")),
            None if self.config.find_zone(word.text).is_some() => Ok(word),
            None if word.text == "mode" => Err(word.wrong("there are no modes", "add the table [modes]")),
            None => match self.config.wish(word.text, "0", None) {
                Err(refusal @ Refusal::NoLevels { .. }) => {
                    let (message, advice) = suggestions::refused(word.text, "", &refusal, '`', self.config);
                    Err(word.wrong(message, advice))
                }
                _ => match suggestions::output(word.text, self.config) {
                    Ok(_) => Ok(word),
                    Err((message, advice)) => Err(word.wrong(message, advice)),
                },
            },
        }
    }

    fn scene(&mut self) -> Result<Action, Mistake> {
        let word = self.word("the name of a scene")?;
        self.given(word, "ON", &word)
    }

    /// `set scene.evening on`, as everywhere else where it is commanded.
    fn set_scene(&mut self) -> Result<Action, Mistake> {
        let word = self.word("the name of a scene")?;
        self.take("=");
        let (value, text) = self.value()?;
        self.given(word, &text, &value)
    }

    /// A scene, `scene.` before its name or not, is set to this; a mistake in that is in `at`.
    fn given(&mut self, word: Word<'t>, payload: &str, at: &Word<'t>) -> Result<Action, Mistake> {
        let name = word.text.strip_prefix(SCENE).unwrap_or(word.text);
        if self.config.find_scene(name).is_none() {
            let scenes = self.config.scenes.iter().map(|scene| &*scene.id);
            let near = nearest::name(name, scenes).map(|near| format!("did you mean `{near}`?"));
            let advice = near.unwrap_or_else(|| format!("add [scenes.{name}]"));
            return Err(word.wrong(format!("unknown scene `{name}`"), advice));
        }
        let time = self.words.get(self.next).copied();
        let hold = self.hold()?;
        let point = format!("{SCENE}{name}");
        if let Err(refusal) = self.config.wish(&point, payload, hold) {
            let place = time.filter(|_| matches!(refusal, Refusal::NoRoom { .. }));
            let (message, advice) = suggestions::refused(name, payload, &refusal, '`', self.config);
            return Err(place.as_ref().unwrap_or(at).wrong(message, advice));
        }
        Ok(Action::Command { point: point.into(), payload: payload.into(), hold })
    }

    /// `mode away`, `mode away for 2h`
    fn mode(&mut self, point: Word<'t>) -> Result<Action, Mistake> {
        self.take("to");
        let word = self.word("a mode, such as `away`")?;
        match self.config.modes.list.iter().find(|mode| mode.eq_ignore_ascii_case(word.text)) {
            Some(_) => self.judged(Word { text: "mode", ..point }, word.text, &word),
            None => {
                let (message, advice) = names::no_mode(word.text, &self.config.modes);
                Err(word.wrong(message, advice))
            }
        }
    }

    /// `set hall_light on for 10m`, `set living_room.target 21`, `set fan speed 2`, `set lamp by +10`
    fn set(&mut self) -> Result<Action, Mistake> {
        if self.words.get(self.next).is_some_and(|next| next.text.starts_with(SCENE)) {
            return self.set_scene();
        }
        let point = self.settable()?;
        if point.text == "mode" {
            return self.mode(point);
        }
        self.take("=");
        let (value, text) = self.value()?;
        if let Some(Point::Output(id) | Point::OutputFacet(id, _)) = self.config.find_point(point.text)
            && let Ok(Wish::Output(_, ask)) = self.config.wish(point.text, &text, None)
            && let Some((message, advice)) = suggestions::slip(id, &text, ask, '`', self.config)
        {
            return Err(value.wrong(message, advice));
        }
        if let Some(Point::Climate(zone, facet)) = self.config.find_point(point.text)
            && facet.is_temperature()
            && *self.config[zone].range().start() < 0.0
            && text.starts_with('-')
        {
            let advice = format!("write `to {text}` for the temperature, or `by {text}` for so much less");
            return Err(value.wrong("a temperature below zero, or so much less than now?", advice));
        }
        self.judged(point, &text, &value)
    }

    /// What something is set to: a word, a number, `speed 2`, `to 21`, `by -2`, `40 %`.
    fn value(&mut self) -> Result<(Word<'t>, String), Mistake> {
        let first = self.word("`on` or `off`")?;
        let mut text = first.text.to_owned();
        let mut last = first;
        if matches!(last.text, "to" | "by") {
            last = self.word("a value")?;
            text += &format!(" {}", last.text);
        }
        if last.text == "speed" {
            last = self.word("the number of a speed")?;
            text += &format!(" {}", last.text);
        }
        for unit in ["%", "°C", "min"] {
            if self.take(unit) {
                text += &format!(" {unit}");
            }
        }
        Ok((last, text))
    }

    /// `for 10m` or `for room_empty`, if it is there.
    fn hold(&mut self) -> Result<Option<Hold>, Mistake> {
        if !self.take("for") {
            return Ok(None);
        }
        if self.take(Hold::ROOM_EMPTY) {
            return Ok(Some(Hold::RoomEmpty));
        }
        match self.words.get(self.next) {
            // What begins with a number is to be a time.
            Some(word) if !word.text.starts_with(|c: char| c.is_ascii_digit()) => Err(word.wrong(
                format!("`{}` is neither a duration nor `{}`", word.text, Hold::ROOM_EMPTY),
                match nearest::name(word.text, [Hold::ROOM_EMPTY]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write a duration such as 90s, 5m or 1h30m, or {}", Hold::ROOM_EMPTY),
                },
            )),
            _ => self.duration(Duration::from_secs(365 * 86_400)).map(|time| Some(Hold::Time(time))),
        }
    }

    fn duration(&mut self, most: Duration) -> Result<Duration, Mistake> {
        let word = self.word("a duration, such as 5s or 10m")?;
        let wrong = |message: String| {
            let unit = self.words.get(self.next).map_or("", |next| next.text);
            let meant = meant_duration(&format!("{} {unit}", word.text)).or_else(|| meant_duration(word.text));
            let advice =
                meant.map_or("write a duration such as 90s, 5m or 1h30m".into(), |meant| format!("write {meant}"));
            word.wrong(message, advice)
        };
        match duration::parse(word.text) {
            Ok(duration) if duration.is_zero() => {
                Err(word.wrong("a duration of nothing", "write a longer one, or leave it out"))
            }
            Ok(duration) if duration > most => {
                let advice = format!("write at most {}", duration::spell(most));
                Err(word.wrong("too long a duration", advice))
            }
            Ok(duration) => Ok(duration),
            Err(_) => Err(wrong(format!("`{}` is not a duration", word.text))),
        }
    }

    /// All that follows, with `{living.temperature}` for values.
    fn message(&mut self) -> Result<Vec<Part>, Mistake> {
        let start = self.word("what to tell, such as `notify Somebody is at the door`")?.at;
        let text = self.text[start..].trim_end();
        let mut parts = Vec::new();
        let mut rest = 0;
        while let Some(open) = text[rest..].find('{').map(|found| rest + found) {
            let Some(close) = text[open..].find('}').map(|found| open + found) else {
                let place = start + open..start + text.len();
                return Err(Mistake::new(
                    place,
                    "this brace is never closed",
                    "write a point as `{living.temperature}`",
                ));
            };
            let name = text[open + 1..close].trim();
            let Some(point) = self.config.find_point(name) else {
                let (message, advice) = names::not_found(self.config, name);
                return Err(Mistake::new(start + open + 1..start + close, message, advice));
            };
            parts.push(Part::Text(text[rest..open].to_owned()));
            parts.push(Part::Value(point));
            rest = close + 1;
        }
        parts.push(Part::Text(text[rest..].to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(parts)
    }

    fn no_verb(&self, verb: Word<'_>) -> Mistake {
        let second = self.words.get(1).map_or("", |word| word.text);
        let third = self.words.get(2).map_or("...", |word| word.text);
        let message = format!("`{}` is not something to do", verb.text);
        let advice = match (verb.text, second) {
            ("turn" | "switch", "on" | "off") => format!("write `set {third} {second}`"),
            ("turn" | "switch", name) => format!("write `set {} {third}`", if name.is_empty() { "..." } else { name }),
            ("on" | "off", name) if !name.is_empty() => format!("write `set {name} {}`", verb.text),
            (name, "on" | "off") if self.config.find_output(name).is_some() => format!("write `set {name} {second}`"),
            (name, _) if self.config.find_output(name).is_some() => format!("write `set {name} on` or `toggle {name}`"),
            (name, _) if self.config.find_scene(name).is_some() => format!("write `scene {name}`"),
            ("delay" | "sleep" | "pause", _) => {
                format!("write `wait {}`", if second.is_empty() { "5s" } else { second })
            }
            ("activate" | "run" | "call", _) => format!("write `scene {second}`"),
            ("send" | "tell" | "say" | "publish", _) => "write `notify` and what to tell".to_owned(),
            (name, _) => match nearest::name(name, VERBS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "begin with `set`, `toggle`, `pulse`, `auto`, `scene`, `mode`, `notify` or `wait`".to_owned(),
            },
        };
        verb.wrong(message, advice)
    }
}
