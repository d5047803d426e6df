//! What rules do: `toggle hall_light`, `set hall_light on for 10m`, `scene evening`, `mode away`, `notify TEXT`, `wait 5s`.

use super::{Mistake, check_length, names};
use crate::{
    config::{nearest, shape::meant_duration, wording},
    model::{Action, ClimateFacet, ClimateId, Config, OutputFacet, Part, Point, Takes, duration},
};
use std::{ops::Range, time::Duration};

const VERBS: [&str; 8] = ["toggle", "pulse", "set", "auto", "scene", "mode", "notify", "wait"];
/// How long an output without a pulse of its own is on.
const PULSE: Duration = Duration::from_millis(500);
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
        "pulse" => {
            let point = reader.output()?;
            let own = config.find_output(point).and_then(|id| config[id].pulse);
            let hold = reader.hold()?.or(own).unwrap_or(PULSE);
            Action::Command { point: point.into(), payload: "ON".into(), hold: Some(hold) }
        }
        "scene" => reader.scene()?,
        "mode" => reader.mode()?,
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
        let point = self.output()?.into();
        Ok(Action::Command { point, payload: payload.into(), hold: self.hold()? })
    }

    /// The name of something that is set.
    fn output(&mut self) -> Result<&'t str, Mistake> {
        let word = self.word("the name of an output, such as `hall_light`")?;
        match wording::output(word.text, self.config) {
            Ok(_) => Ok(word.text),
            Err((message, advice)) => Err(word.wrong(message, advice)),
        }
    }

    fn scene(&mut self) -> Result<Action, Mistake> {
        let word = self.word("the name of a scene")?;
        if self.config.find_scene(word.text).is_none() {
            let scenes = self.config.scenes.iter().map(|scene| &*scene.id);
            let near = nearest::name(word.text, scenes).map(|near| format!("did you mean `{near}`?"));
            let advice = near.unwrap_or_else(|| format!("add [scenes.{}]", word.text));
            return Err(word.wrong(format!("unknown scene `{}`", word.text), advice));
        }
        let point = format!("scene.{}", word.text).into();
        Ok(Action::Command { point, payload: "ON".into(), hold: self.hold()? })
    }

    fn mode(&mut self) -> Result<Action, Mistake> {
        self.take("to");
        let word = self.word("a mode, such as `away`")?;
        match self.config.modes.find(word.text) {
            Some(_) => Ok(Action::Command { point: "mode".into(), payload: word.text.into(), hold: None }),
            None => {
                let (message, advice) = names::no_mode(word.text, &self.config.modes);
                Err(word.wrong(message, advice))
            }
        }
    }

    /// `set hall_light on for 10m`
    fn set(&mut self) -> Result<Action, Mistake> {
        let word = self.word("the name of an output, such as `hall_light`")?;
        let takes = match (word.text, self.config.find_point(word.text)) {
            ("mode", _) => return self.mode(),
            (_, Some(Point::Climate(zone, facet))) => return self.zone(word, zone, facet),
            (_, Some(Point::Output(id))) if self.config.is_visible(id) => self.config.takes(id),
            (_, Some(Point::OutputFacet(_, OutputFacet::Level | OutputFacet::Position))) => Takes::Percent,
            (_, Some(Point::OutputFacet(_, OutputFacet::Lock))) => Takes::OnOff,
            (_, None | Some(Point::Output(_))) => {
                self.next -= 1;
                self.output()?;
                Takes::OnOff
            }
            (_, Some(_)) => return Err(word.wrong(format!("`{}` is read, not set", word.text), "name an output")),
        };
        if !self.take("to") {
            self.take("=");
        }
        let value = self.word("`on` or `off`")?;
        if let Some(level) = self.level(value, word.text, takes)? {
            return Ok(Action::Command {
                point: word.text.into(),
                payload: level.to_string().into(),
                hold: self.hold()?,
            });
        }
        let payload = match value.text.trim_matches('"').to_lowercase().as_str() {
            "on" | "open" | "true" | "locked" => "ON",
            "off" | "closed" | "close" | "false" | "unlocked" => "OFF",
            "auto" => return Err(value.wrong("`auto` is no value", format!("write `auto {}`", word.text))),
            "toggle" => return Err(value.wrong("`toggle` is no value", format!("write `toggle {}`", word.text))),
            text => {
                let advice = match nearest::name(text, ["on", "off"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `on` or `off`".into(),
                };
                return Err(value.wrong(format!("`{}` cannot be `{}`", word.text, value.text), advice));
            }
        };
        Ok(Action::Command { point: word.text.into(), payload: payload.into(), hold: self.hold()? })
    }

    /// `set living_room.target 21 for 2h`, `set living_room.preset away`
    fn zone(&mut self, point: Word<'t>, zone: ClimateId, facet: ClimateFacet) -> Result<Action, Mistake> {
        let zone = &self.config[zone];
        self.take("to");
        match facet {
            ClimateFacet::Target | ClimateFacet::CoolTarget => {
                let value = self.word("a temperature, such as `21`")?;
                let range = zone.range();
                let number = value.text.trim_end_matches("°C").parse::<f64>();
                if !number.is_ok_and(|number| range.contains(&number)) {
                    let advice = format!("write a temperature from {} to {}", range.start(), range.end());
                    return Err(value.wrong(format!("`{}` cannot be `{}`", point.text, value.text), advice));
                }
                let payload = value.text.trim_end_matches("°C").into();
                Ok(Action::Command { point: point.text.into(), payload, hold: self.hold()? })
            }
            ClimateFacet::Mode | ClimateFacet::Preset => {
                let words = facet.words(zone);
                let value = self.word("a word")?;
                if !words.contains(&value.text) {
                    let advice = match nearest::name(value.text, words.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("write one of {}", wording::list(&words)),
                    };
                    return Err(value.wrong(format!("`{}` cannot be `{}`", point.text, value.text), advice));
                }
                let payload = value.text.into();
                Ok(Action::Command { point: point.text.into(), payload, hold: self.hold()? })
            }
            _ => Err(point.wrong(format!("`{}` is read, not set", point.text), "write a target, a mode or a preset")),
        }
    }

    /// A level in percent, if `value` is a number or `speed` with the number of one.
    fn level(&mut self, value: Word<'t>, name: &str, takes: Takes) -> Result<Option<u8>, Mistake> {
        if let ("speed", Takes::Steps(count)) = (value.text, takes) {
            let word = self.word("the number of a speed")?;
            return match word.text.parse().ok().filter(|step| (1..=count).contains(step)) {
                Some(step) => Ok(Some(Takes::level_of_step(step, count).percent())),
                None => Err(word.wrong(format!("`{name}` has no such speed"), format!("write 1 to {count}"))),
            };
        }
        let Ok(number) = value.text.trim_end_matches('%').parse::<f64>() else { return Ok(None) };
        let percent = self.take("%") || value.text.ends_with('%');
        if takes == Takes::OnOff {
            return Err(value.wrong(format!("`{name}` is on or off, and has no levels"), "write `on` or `off`"));
        }
        match (0..=100u8).find(|level| f64::from(*level) == number) {
            Some(level) if !percent && takes.sounds_like_a_speed(level) => Err(value.wrong(
                format!("`{name}` has speeds, and a number is percent"),
                format!("write `speed {level}`, or `{level}%` if you mean that"),
            )),
            Some(level) => Ok(Some(level)),
            None => Err(value.wrong(format!("`{}` is not a level", value.text), "write a whole number from 0 to 100")),
        }
    }

    /// `for 10m`, if it is there.
    fn hold(&mut self) -> Result<Option<Duration>, Mistake> {
        if self.take("for") { self.duration(Duration::from_secs(365 * 86_400)).map(Some) } else { Ok(None) }
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
            Ok(duration) if duration.is_zero() => Err(wrong("a duration of nothing".into())),
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
