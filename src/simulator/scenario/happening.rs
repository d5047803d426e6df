//! What can happen in a scenario, and the lines that say so.

use super::parts::Word;
use crate::{
    config::{Problems, nearest_name, state_meaning, state_words},
    model::{Command, Config, Hold, InputId, InputKind, OutputId, Point, Quantity, SensorId, Source, duration, number},
    simulator::{
        house::{Ending, House, Trouble},
        watch::Change,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{ops::Range, time::Duration};

/// Something that happens at an instant.
#[derive(Clone, Debug)]
pub struct Timed {
    /// When, in true time.
    pub at: DateTime<Utc>,
    /// What.
    pub what: Happening,
}

/// What can happen: each is what a line of a scenario says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "docs/scenarios.md describes the lines")]
pub enum Happening {
    Input(InputId, Result<bool, String>),
    Pulses(InputId, u32),
    Reading { sensor: SensorId, quantity: Quantity, value: f64, over: Duration },
    Sensor(SensorId, Trouble),
    Wire { output: OutputId, broken: bool },
    Command { point: String, payload: String, hold: Option<Hold> },
    ClockKnown(bool),
    ClockAhead(TimeDelta),
    Broker(bool),
    End(Ending, Duration),
}

/// How long a restart takes, and how long the power is gone, when nobody says.
const RESTART: Duration = Duration::from_secs(2);
const POWER_CUT: Duration = Duration::from_secs(60);

/// The most pulses that one line says.
const PULSES_MAX: u32 = 1_000_000;
/// As the hardware does, pulses that come faster than this are told together.
const PULSES_EVERY: Duration = Duration::from_millis(250);

/// Presses of a button: when it is pressed and released again, in milliseconds.
const CLICK: &[u64] = &[0, 100];
const DOUBLE: &[u64] = &[0, 100, 250, 350];
const TRIPLE: &[u64] = &[0, 100, 250, 350, 500, 600];
const LONG: &[u64] = &[0, 1_500];

impl Happening {
    /// Whether it is about the world, and so may be there before hearthd starts.
    pub fn is_of_the_world(&self) -> bool {
        !matches!(self, Happening::Command { .. } | Happening::End(..))
    }

    /// When a button is pressed and released again for a word such as `click`, in milliseconds.
    pub fn presses(word: &str) -> Option<&'static [u64]> {
        match word {
            "click" => Some(CLICK),
            "double" => Some(DOUBLE),
            "triple" => Some(TRIPLE),
            "long" => Some(LONG),
            _ => None,
        }
    }

    /// Lets it happen. Returns what there is to tell of it.
    pub fn play(&self, house: &mut House) -> Option<Change> {
        match self {
            Happening::Input(input, result) => house.set_input(*input, result.clone()),
            Happening::Pulses(input, count) => house.pulse(*input, *count),
            Happening::Reading { sensor, quantity, value, over } => {
                house.set_reading(*sensor, *quantity, *value, *over);
            }
            Happening::Sensor(sensor, trouble) => house.trouble_sensor(*sensor, *trouble),
            Happening::Wire { output, broken } => house.break_wire(*output, *broken),
            Happening::Command { point, payload, hold } => {
                let (point, payload) = (point.clone(), payload.clone());
                let why = match (house.has_broker(), house.ended_by()) {
                    (_, Some(_)) => "not heard: hearthd does not run".into(),
                    (false, _) => "not heard: no broker".into(),
                    (true, None) => {
                        house.command(Command { source: Source::Mqtt, point, payload, hold: *hold });
                        return None;
                    }
                };
                return Some(Change { point, what: payload, why, trouble: true });
            }
            Happening::ClockKnown(known) => house.set_clock_known(*known),
            Happening::ClockAhead(ahead) => house.set_clock_ahead(*ahead),
            Happening::Broker(there) => house.set_broker(*there),
            Happening::End(ending, pause) => house.end(*ending, *pause),
        }
        None
    }
}

/// What a line says, as one or more happenings with the time between the line's and theirs.
pub(super) fn read(words: &[Word<'_>], config: &Config, problems: &Problems) -> Vec<(Duration, Happening)> {
    let line = Line { words, config };
    match line.understand() {
        Ok(happenings) => happenings,
        Err(Mistake { place, message, advice }) => {
            problems.error(place, message, advice);
            Vec::new()
        }
    }
}

/// What a line without a time says; `place` is where it stands.
pub fn happenings(
    line: &str,
    place: &Range<usize>,
    config: &Config,
    problems: &Problems,
) -> Vec<(Duration, Happening)> {
    let words: Vec<Word<'_>> = line.split_whitespace().map(|text| Word { text, place: place.clone() }).collect();
    if words.is_empty() {
        problems.error(place.clone(), "nothing is said to happen", "write what happens, such as \"hall_motion on\"");
        return Vec::new();
    }
    read(&words, config, problems)
}

/// What is wrong with a name that no point has, and what to write.
pub fn unknown(name: &str, config: &Config) -> (String, String) {
    let points: Vec<String> = config.points().map(|point| config.point_name(point)).collect();
    let sensors = config.sensors.iter().map(|sensor| &*sensor.id);
    let advice = match nearest_name(name, points.iter().map(String::as_str).chain(sensors).chain(VERBS)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "write an input, a sensor's reading, an output, or one of set, auto, restart, power, clock, broker".into()
        }
    };
    (format!("unknown name `{name}`"), advice)
}

const VERBS: [&str; 7] = ["set", "auto", "restart", "crash", "power", "clock", "broker"];

struct Line<'l, 't> {
    words: &'l [Word<'t>],
    config: &'l Config,
}

struct Mistake {
    place: Range<usize>,
    message: String,
    advice: String,
}

type Understood = Result<Vec<(Duration, Happening)>, Mistake>;

impl Line<'_, '_> {
    fn understand(&self) -> Understood {
        let (first, rest) = (self.words[0].text, &self.words[1..]);
        match first {
            "set" => self.set(),
            "auto" => {
                self.length(2, "auto POINT")?;
                self.command(self.text(1), "AUTO", None)
            }
            "restart" => self.end(Ending::Restart, self.span_after(1, "for", RESTART, "restart for 30s")?),
            "crash" => self.end(Ending::Crash, self.span_after(1, "for", RESTART, "crash for 30s")?),
            "power" => {
                self.expect(1, &["cut"], "power cut for 10m")?;
                self.end(Ending::PowerCut, self.span_after(2, "for", POWER_CUT, "power cut for 10m")?)
            }
            "clock" => self.clock(),
            "broker" => {
                let word = self.expect(1, &["lost", "back"], "broker lost")?;
                self.length(2, "broker lost")?;
                now(Happening::Broker(word == "back"))
            }
            _ if rest.is_empty() => Err(self.mistake(0, "nothing is said of it", "write what happens to it")),
            name if self.config.find_counter(name).is_some() => self.counter(name),
            name => match (self.config.find_point(name), self.config.find_sensor(name)) {
                (Some(Point::Input(input)), _) => self.input(input),
                (Some(Point::Output(output)), _) => self.wire(output),
                (Some(Point::Reading(sensor, quantity)), _) => self.reading(sensor, quantity),
                (Some(_), _) => Err(self.mistake(
                    0,
                    format!("`{name}` is worked out by hearthd"),
                    format!("write what makes it so, or a command: `set {name} ...`"),
                )),
                (None, Some(sensor)) => self.sensor(sensor),
                (None, None) => {
                    let (message, advice) = unknown(name, self.config);
                    Err(self.mistake(0, message, advice))
                }
            },
        }
    }

    /// `set POINT VALUE [for DURATION]`
    fn set(&self) -> Understood {
        if self.words.len() < 3 {
            return Err(self.mistake(
                0,
                "not a whole command",
                "write `set hall_light on` or `set hall_light on for 2h`",
            ));
        }
        // A value may be of several words: `to 21`, `by -2`, `speed 2`, `40 %`.
        let mut end = 3;
        end += usize::from(matches!(self.text(end - 1), "to" | "by"));
        end += usize::from(self.text(end - 1) == "speed");
        end += usize::from(matches!(self.text(end), "%" | "°C"));
        let hold = match self.words.len() > end {
            true => Some(self.hold(end)?),
            false => None,
        };
        let value: Vec<&str> = self.words[2..end.min(self.words.len())].iter().map(|word| word.text).collect();
        self.command(self.text(1), &value.join(" "), hold)
    }

    /// `for 2h` or `for room_empty` at the end of a command, from the `at`th word on.
    fn hold(&self, at: usize) -> Result<Hold, Mistake> {
        match &self.words[at..] {
            [word, hold] if word.text == "for" => Hold::parse(hold.text).map_err(|wrong| {
                let (what, advice) = wrong.split_once("; ").unwrap_or(("not a duration", &wrong));
                self.mistake(at + 1, what, advice)
            }),
            _ => Err(self.mistake(at, "not understood from here on", "write `set hall_light on for 2h`")),
        }
    }

    fn command(&self, point: &str, value: &str, hold: Option<Hold>) -> Understood {
        // Told as it is written on MQTT; in small letters it means the same.
        let capital = ["on", "off", "toggle", "auto", "open", "close", "closed", "stop"].contains(&value);
        let payload = if capital { value.to_uppercase() } else { value.to_owned() };
        now(Happening::Command { point: point.to_owned(), payload, hold })
    }

    /// `INPUT on|off|open|... [for DURATION]`, `INPUT click|double|long`, `INPUT fault`
    fn input(&self, input: InputId) -> Understood {
        let point = Point::Input(input);
        if let Some(presses) = Happening::presses(self.text(1)) {
            self.length(2, "bell click")?;
            let edge = |(i, ms): (usize, &u64)| (Duration::from_millis(*ms), Happening::Input(input, Ok(i % 2 == 0)));
            return Ok(presses.iter().enumerate().map(edge).collect());
        }
        if self.text(1) == "fault" {
            self.length(2, "hall_motion fault")?;
            return now(Happening::Input(input, Err("line lost".into())));
        }
        let Some(active) = state_meaning(self.text(1), point, self.config) else {
            let words: Vec<&str> = state_words(point, self.config).filter(|word| !word.ends_with("e")).collect();
            let presses = if self.config[input].kind == InputKind::Button { ", click, double, long" } else { "" };
            let advice = format!("write {}{presses} or fault", words.join(", "));
            return Err(self.mistake(1, format!("`{}` does not happen to an input", self.text(1)), advice));
        };
        if self.words.len() == 2 {
            return now(Happening::Input(input, Ok(active)));
        }
        let hold = self.span_after(2, "for", Duration::ZERO, "hall_motion on for 30s")?;
        Ok(vec![(Duration::ZERO, Happening::Input(input, Ok(active))), (hold, Happening::Input(input, Ok(!active)))])
    }

    /// `COUNTER pulses NUMBER [over DURATION]`, `COUNTER fault`, `COUNTER works`
    fn counter(&self, name: &str) -> Understood {
        let form = format!("{name} pulses 20 over 1m");
        let Some((input, ..)) = self.config.find_counter(name) else { return Ok(Vec::new()) };
        match self.expect(1, &["pulses", "fault", "works"], &form)? {
            "pulses" => {}
            word => {
                self.length(2, &format!("{name} {word}"))?;
                let result = if word == "fault" { Err("line lost".into()) } else { Ok(false) };
                return now(Happening::Input(input, result));
            }
        }
        let count = self.text(2).parse::<u32>().ok().filter(|count| (1..=PULSES_MAX).contains(count));
        let Some(count) = count else {
            let message = format!("`{}` is not a number of pulses", self.text(2));
            return Err(self.mistake(2, message, format!("write a number from 1 to {PULSES_MAX}, as in `{form}`")));
        };
        let over = self.span_after(3, "over", Duration::ZERO, &form)?;
        Ok(evenly(count, over).map(|(after, count)| (after, Happening::Pulses(input, count))).collect())
    }

    /// `OUTPUT fails`, `OUTPUT works`: of its wire.
    fn wire(&self, output: OutputId) -> Understood {
        let advice = format!("{} fails", self.text(0));
        let known = ["fails", "works"];
        if !known.contains(&self.text(1)) {
            let command = format!("write `{advice}` or `works`, or a command: `set {} {}`", self.text(0), self.text(1));
            return Err(self.mistake(1, "outputs are decided by hearthd; only their wires can fail", command));
        }
        self.length(2, &advice)?;
        now(Happening::Wire { output, broken: self.text(1) == "fails" })
    }

    /// `SENSOR.QUANTITY NUMBER [over DURATION]`
    fn reading(&self, sensor: SensorId, quantity: Quantity) -> Understood {
        let form = format!("{} {}", self.text(0), "18.5 over 2h");
        let value = number::plain(self.text(1)).filter(|value| quantity.plausible().contains(value));
        let Some(value) = value else {
            let (low, high) = (quantity.plausible().start().to_owned(), quantity.plausible().end().to_owned());
            let message = format!("`{}` is not {}", self.text(1), "a number that it could read");
            return Err(self.mistake(1, message, format!("write one from {low} to {high}, in {}", quantity.unit())));
        };
        let over = self.span_after(2, "over", Duration::ZERO, &form)?;
        now(Happening::Reading { sensor, quantity, value, over })
    }

    /// `SENSOR lost|silent|back`
    fn sensor(&self, sensor: SensorId) -> Understood {
        let form = format!("{} lost", self.text(0));
        let trouble = match self.expect(1, &["lost", "silent", "back"], &form)? {
            "lost" => Trouble::Lost,
            "silent" => Trouble::Silent,
            _ => Trouble::None,
        };
        self.length(2, &form)?;
        now(Happening::Sensor(sensor, trouble))
    }

    /// `clock unknown|known|right|+2h|-30m`
    fn clock(&self) -> Understood {
        const FORM: &str = "clock unknown, clock known, clock right, clock +2h or clock -30m";
        self.length(2, FORM)?;
        let word = self.text(1);
        let parsed = |text: &str| {
            let span = duration::parse(text).ok().and_then(|span| TimeDelta::from_std(span).ok());
            span.ok_or_else(|| self.mistake(1, "not a duration", format!("write {FORM}")))
        };
        now(match (word, word.split_at_checked(1)) {
            ("unknown", _) => Happening::ClockKnown(false),
            ("known", _) => Happening::ClockKnown(true),
            ("right", _) => Happening::ClockAhead(TimeDelta::zero()),
            (_, Some(("+", ahead))) => Happening::ClockAhead(parsed(ahead)?),
            (_, Some(("-", behind))) => Happening::ClockAhead(-parsed(behind)?),
            _ => return Err(self.mistake(1, "the clock cannot be that", format!("write {FORM}"))),
        })
    }

    fn end(&self, ending: Ending, pause: Duration) -> Understood {
        now(Happening::End(ending, pause))
    }

    /// `for DURATION` at the end of a line from the `at`th word on, or `usual` when there is nothing.
    fn span_after(&self, at: usize, preposition: &str, usual: Duration, form: &str) -> Result<Duration, Mistake> {
        match &self.words[at.min(self.words.len())..] {
            [] => Ok(usual),
            [word, length] if word.text == preposition => {
                duration::parse(length.text).map_err(|wrong| self.mistake(at + 1, "not a duration", wrong))
            }
            _ => Err(self.mistake(at, "not understood from here on", format!("write `{form}`"))),
        }
    }

    /// One of `known` at this place.
    fn expect<'k>(&self, at: usize, known: &[&'k str], form: &str) -> Result<&'k str, Mistake> {
        let word = self.text(at);
        known.iter().copied().find(|known| *known == word).ok_or_else(|| {
            let advice = match nearest_name(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}, such as `{form}`", known.join(" or ")),
            };
            self.mistake(at, "not understood", advice)
        })
    }

    fn length(&self, words: usize, form: &str) -> Result<(), Mistake> {
        match self.words.len() {
            length if length == words => Ok(()),
            length if length < words => Err(self.mistake(0, "the line is not whole", format!("write `{form}`"))),
            _ => Err(self.mistake(words, "too much for one line", format!("write `{form}`"))),
        }
    }

    fn text(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text)
    }

    fn mistake(&self, at: usize, message: impl Into<String>, advice: impl Into<String>) -> Mistake {
        let place = match self.words.get(at) {
            Some(word) => word.place.clone(),
            None => self.words.last().map_or(0..0, |word| word.place.end..word.place.end),
        };
        Mistake { place, message: message.into(), advice: advice.into() }
    }
}

/// So many pulses, the last of them after `over`, told together as the hardware does where they come fast.
fn evenly(count: u32, over: Duration) -> impl Iterator<Item = (Duration, u32)> {
    let steps = u32::try_from(over.as_millis() / PULSES_EVERY.as_millis()).unwrap_or(u32::MAX).clamp(1, count);
    let told = move |step: u32| (u64::from(count) * u64::from(step) / u64::from(steps)) as u32;
    (1..=steps).map(move |step| (over.mul_f64(f64::from(step) / f64::from(steps)), told(step) - told(step - 1)))
}

fn now(happening: Happening) -> Understood {
    Ok(vec![(Duration::ZERO, happening)])
}
