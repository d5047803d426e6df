//! What happened in the house, from its history, as what happens to another configuration of it: what would have been
//! different.

use super::{
    house::Trouble,
    report::{Recording, Span, text::spell},
    scenario::{Happening, Timed},
};
use crate::{
    house::{
        Change, UNKNOWN,
        past::{LONG_BEFORE, Piece, Source, Stretch, Time, changes, pieces, states},
    },
    model::{ClimateFacet, Config, Hold, InputId, Kind, OutputId, Owner, Point, PointSpec, Role, SensorId},
};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use std::{collections::BTreeMap, time::Duration};

/// Readings are told as their means of so long.
const EVERY: Duration = Duration::from_secs(300);
/// A switch is looked for so long before, to know what it was at the beginning; of inputs no more is told.
const BEFORE: TimeDelta = TimeDelta::days(7);
/// The house lives so long before it is compared: timers run, rooms have been entered, minimum times are over.
pub const SETTLES: TimeDelta = TimeDelta::hours(6);
/// What is another for less than this is none: a switch is read a moment later, a minute is as a sensor is read.
const LEAST: TimeDelta = TimeDelta::minutes(2);
/// What is known of less than this share of a span is not known of it: hearthd began or ended in it.
const NEARLY_ALL: f64 = 0.9;
/// So many of the longest differences are told.
const TOLD: usize = 12;

/// What happened to inputs, sensors and the mode, and what people commanded, in order of time.
///
/// # Errors
/// Those of the source.
pub fn happenings<E>(config: &Config, time: Time, source: Source<'_, E>) -> Result<Vec<Timed>, E> {
    let mut all: Vec<Timed> = Vec::new();
    let mut sensors: BTreeMap<usize, Vec<DateTime<Utc>>> = BTreeMap::new();
    for spec in config.specs() {
        match (spec.owner, spec.role) {
            (Owner::Input(input), Role::Input) if !config[input].clicks() => {
                all.extend(switch(input, spec, time, source)?)
            }
            (Owner::Input(input), Role::Event) => all.extend(clicks(input, spec, time, source)?),
            (Owner::Sensor(id), Role::Reading) if config[id].counter().is_none() => {
                let Kind::Number(number) = &spec.kind else { continue };
                let Some(quantity) = number.quantity else { continue };
                for Piece { at, span } in pieces(source, &spec.name, time, EVERY)? {
                    let at = at.to_utc();
                    sensors.entry(id.0).or_default().push(at);
                    let value = span.mean.clamp(*number.range.start(), *number.range.end());
                    let what = Happening::Reading { sensor: id, quantity, value, over: Duration::ZERO };
                    all.push(Timed { at, what });
                }
            }
            _ if lasts(spec.point) => {
                all.extend(commands(spec, time, source, |_| true)?);
            }
            _ if matches!(spec.point, Point::Climate(_, facet) if is_asked(facet)) => {
                all.extend(commands(spec, time, source, is_of_people)?);
            }
            (_, Role::Output) if matches!(spec.kind, Kind::Switch(_)) => {
                all.extend(commands(spec, time, source, is_of_people)?);
            }
            _ => {}
        }
    }
    for (sensor, mut known) in sensors {
        known.sort_unstable();
        known.dedup();
        all.extend(losses(sensor, &known, time.to.to_utc()));
    }
    all.retain(|timed| (time.from..time.to).contains(&timed.at.fixed_offset()));
    all.sort_by_key(|timed| timed.at);
    Ok(all)
}

fn switch<E>(input: InputId, spec: &PointSpec, time: Time, source: Source<'_, E>) -> Result<Vec<Timed>, E> {
    let happens = |(at, change): (DateTime<FixedOffset>, Change)| {
        let result = match &*change.value {
            "ON" => Ok(true),
            "OFF" => Ok(false),
            _ => Err("it was not known".to_owned()),
        };
        Timed { at: at.to_utc(), what: Happening::Input(input, result) }
    };
    Ok(states(source, &spec.name, time, BEFORE)?.into_iter().map(happens).collect())
}

/// Whether somebody commanded it over a connection. What buttons and rules command, they do again.
fn is_of_people(why: &str) -> bool {
    let Some(source) = why.strip_prefix("manual: command by ") else { return false };
    if source.starts_with("the rule ") {
        return false;
    }
    ["MQTT,", "Home Assistant,", "the console,", "HTTP,"].iter().any(|known| source.starts_with(known))
        || [" (HTTP),", " (MQTT),"].iter().any(|by| source.contains(by))
}

/// What people ask a zone for; what comes of it, the zone works out again.
fn is_asked(facet: ClimateFacet) -> bool {
    matches!(facet, ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Preset)
}

fn clicks<E>(input: InputId, spec: &PointSpec, time: Time, source: Source<'_, E>) -> Result<Vec<Timed>, E> {
    let told = changes(source, &spec.name, time)?;
    let edges = told.iter().flat_map(|(at, change)| {
        let edges = Happening::presses(&change.value).unwrap_or_default().iter().enumerate();
        edges.map(move |(place, ms)| Timed {
            at: at.to_utc() + TimeDelta::milliseconds(i64::try_from(*ms).unwrap_or(0)),
            what: Happening::Input(input, Ok(place % 2 == 0)),
        })
    });
    Ok(edges.collect())
}

/// A mode is what it is until somebody says otherwise.
fn lasts(point: Point) -> bool {
    matches!(point, Point::Mode | Point::Climate(_, ClimateFacet::Mode))
}

/// What people commanded: it holds until the point became another.
fn commands<E>(
    spec: &PointSpec,
    time: Time,
    source: Source<'_, E>,
    is_theirs: impl Fn(&str) -> bool,
) -> Result<Vec<Timed>, E> {
    let told = states(source, &spec.name, time, LONG_BEFORE)?;
    let lasts = lasts(spec.point);
    let commands = told
        .iter()
        .enumerate()
        .filter(|(_, (_, change))| change.value != UNKNOWN && is_theirs(change.why.as_deref().unwrap_or_default()));
    let commands = commands.map(|(place, (at, change))| {
        let until = told.get(place + 1).map_or(time.to, |(next, _)| *next);
        let hold = (!lasts).then(|| Hold::Time((until - *at).to_std().unwrap_or_default().max(Duration::from_secs(1))));
        let what = Happening::Command { point: spec.name.clone(), payload: change.value.clone(), hold };
        Timed { at: at.to_utc(), what }
    });
    Ok(commands.collect())
}

/// Of a sensor of which nothing was known for a while.
fn losses(sensor: usize, known: &[DateTime<Utc>], until: DateTime<Utc>) -> Vec<Timed> {
    let sensor = SensorId(sensor);
    let every = TimeDelta::from_std(EVERY).unwrap_or_default();
    let gaps = known.windows(2).filter(|pair| pair[1] - pair[0] > every * 3);
    let trouble = |at, trouble| Timed { at, what: Happening::Sensor(sensor, trouble) };
    // It may have come back no more.
    let died = known.last().filter(|last| until - **last > every * 3);
    let died = died.map(|last| trouble(*last + every, Trouble::Lost));
    let gaps = gaps.flat_map(|pair| [trouble(pair[0] + every, Trouble::Lost), trouble(pair[1], Trouble::None)]);
    gaps.chain(died).collect()
}

/// How an output was, and how it would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which.
    pub output: OutputId,
    /// How long it was on.
    pub was_on: TimeDelta,
    /// How long it would have been on.
    pub would_be_on: TimeDelta,
    /// When it would have been otherwise, with what it would have been and why.
    pub otherwise: Vec<(Stretch, bool, String)>,
    /// How long nobody knows what it was, as while hearthd did not run: that is compared with nothing.
    pub not_known: TimeDelta,
}

impl Difference {
    /// How long it would have been otherwise.
    pub fn length(&self) -> TimeDelta {
        self.otherwise.iter().map(|(stretch, ..)| stretch.length()).sum()
    }
}

/// What would have been different of each output of which the history tells.
///
/// # Errors
/// Those of the source.
pub fn compare<E>(recording: &Recording, time: Time, source: Source<'_, E>) -> Result<Vec<Difference>, E> {
    let mut differences = Vec::new();
    for output in recording.config.visible_outputs() {
        let is_of = |spec: &&PointSpec| spec.owner == Owner::Output(output) && spec.role == Role::Output;
        // What opens and closes is moved by hand, too, which is not played.
        let spec = recording.config.specs().iter().find(is_of).filter(|spec| matches!(spec.kind, Kind::Switch(_)));
        let Some(spec) = spec else { continue };
        let told = states(source, &spec.name, time, LONG_BEFORE)?;
        if told.is_empty() {
            continue;
        }
        let was: Vec<(DateTime<Utc>, Option<bool>)> = told
            .iter()
            .map(|(at, change)| (at.to_utc(), (change.value != UNKNOWN).then(|| change.value == "ON")))
            .collect();
        let known = pieces(source, &spec.name, time, EVERY)?;
        differences.push(difference(output, &was, &known, &recording.outputs[output.0], time));
    }
    Ok(differences)
}

/// `known`: what its history knows of each [`EVERY`]; of others, that it went on or off last says nothing.
fn difference(
    output: OutputId,
    was: &[(DateTime<Utc>, Option<bool>)],
    known: &[Piece],
    would: &[Span],
    time: Time,
) -> Difference {
    let every = TimeDelta::from_std(EVERY).unwrap_or_default();
    let is_known = |at: DateTime<Utc>| {
        let last = known[..known.partition_point(|piece| piece.at <= at)].last();
        last.is_some_and(|piece| {
            at < piece.at.to_utc() + every && piece.span.known_s >= NEARLY_ALL * EVERY.as_secs_f64()
        })
    };
    let was_at = |at: DateTime<Utc>| was[..was.partition_point(|(from, _)| *from <= at)].last().and_then(|(_, on)| *on);
    let would_at = |at: DateTime<Utc>| would[..would.partition_point(|span| span.from <= at)].last();
    let (from, to) = (time.from.to_utc(), time.to.to_utc());
    let mut edges: Vec<DateTime<Utc>> =
        was.iter().map(|(at, _)| *at).chain(would.iter().map(|span| span.from)).collect();
    edges.extend([from, to]);
    edges.extend(known.iter().map(|piece| piece.at.to_utc()).flat_map(|at| [at, at + every]));
    edges.retain(|at| (from..=to).contains(at));
    edges.sort_unstable();
    edges.dedup();
    let mut found = Difference {
        output,
        was_on: TimeDelta::zero(),
        would_be_on: TimeDelta::zero(),
        otherwise: Vec::new(),
        not_known: TimeDelta::zero(),
    };
    for pair in edges.windows(2) {
        let length = pair[1] - pair[0];
        let (Some(was), Some(span)) = (was_at(pair[0]).filter(|_| is_known(pair[0])), would_at(pair[0])) else {
            found.not_known += length;
            continue;
        };
        let would = span.level.is_on();
        found.was_on += if was { length } else { TimeDelta::zero() };
        found.would_be_on += if would { length } else { TimeDelta::zero() };
        if was == would {
            continue;
        }
        let offset = time.from.offset();
        let [from, to] = [pair[0], pair[1]].map(|at| at.with_timezone(offset));
        match found.otherwise.last_mut() {
            Some((last, is_on, _)) if last.to == from && *is_on == would => last.to = to,
            _ => found.otherwise.push((Stretch { from, to }, would, span.why().to_owned())),
        }
    }
    found.otherwise.retain(|(stretch, ..)| stretch.length() >= LEAST);
    found
}

/// What would have been different, as text.
pub fn lines(config: &Config, time: Time, differences: &[Difference]) -> Vec<String> {
    let local = |at: DateTime<Utc>| at.with_timezone(&config.hub.timezone);
    let [from, to] = [time.from, time.to].map(|at| local(at.to_utc()).format("%a %-d %b %Y %H:%M").to_string());
    let mut lines =
        vec![format!("{}, {from} to {to}: what happened, to this configuration", config.hub.name), String::new()];
    if differences.is_empty() {
        lines.push("  None: the history tells of no output of this configuration".into());
        return lines;
    }
    let name = |difference: &Difference| config[difference.output].name.to_string();
    let width = differences.iter().map(|difference| name(difference).chars().count()).max().unwrap_or(0);
    lines.push(format!("  {:width$}  {:>9}  {:>11}  {:>9}", "", "was on", "would be on", "otherwise"));
    for difference in differences {
        let [was, would, otherwise] = [difference.was_on, difference.would_be_on, difference.length()].map(spell);
        lines.push(format!("  {:width$}  {was:>9}  {would:>11}  {otherwise:>9}", name(difference)));
    }
    let left_out = differences.iter().map(|difference| difference.not_known).max().unwrap_or_default();
    if left_out >= LEAST {
        let told = spell(left_out);
        lines.push(format!(
            "  Left out: up to {told} of an output, in which hearthd did not run or what it was is not known"
        ));
    }
    let mut longest: Vec<(&Difference, &(Stretch, bool, String))> = differences
        .iter()
        .flat_map(|difference| difference.otherwise.iter().map(move |one| (difference, one)))
        .collect();
    longest.sort_by_key(|(_, (stretch, ..))| std::cmp::Reverse(stretch.length()));
    let more = longest.len().saturating_sub(TOLD);
    longest.truncate(TOLD);
    longest.sort_by_key(|(_, (stretch, ..))| stretch.from);
    if longest.is_empty() {
        lines.extend([String::new(), "  All would have been as it was.".into()]);
    } else {
        lines.extend([String::new(), "The longest differences".into()]);
    }
    for (difference, (stretch, would, why)) in longest {
        let [from, to] = [stretch.from, stretch.to].map(|at| local(at.to_utc()));
        let (would, was) = if *would { ("on", "off") } else { ("off", "on") };
        let end = if from.date_naive() == to.date_naive() { "%H:%M" } else { "%a %-d %b %H:%M" };
        lines.push(format!(
            "  {} to {}  {} would be {would}, was {was}: {why}",
            from.format("%a %-d %b %H:%M"),
            to.format(end),
            name(difference)
        ));
    }
    if more > 0 {
        lines.push(format!("  and {more} more, each shorter"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config,
        house::invented::{FROM, TO, course, time},
        simulator::{
            play::{self, Play},
            report::{Keep, Track},
        },
    };
    use chrono::Timelike;
    use std::{convert::Infallible, sync::Arc};

    /// It went off ten minutes after somebody was in the hall at six in the evening.
    fn past(point: &str, at: DateTime<FixedOffset>) -> Option<f64> {
        let minutes = at.hour() * 60 + at.minute();
        let within = |from: u32, to: u32| Some(f64::from(u8::from((from * 60..from * 60 + to).contains(&minutes))));
        match point {
            "motion" => within(18, 5),
            "lamp" => within(18, 15),
            "cold.temperature" => Some(if at.hour() < 6 { 3.0 } else { 8.0 }),
            "heater" => within(0, 360),
            "pump" => Some(0.0),
            _ => None,
        }
    }

    fn told(empty_after: &str) -> Vec<String> {
        told_of(empty_after, |_| true)
    }

    /// What is told where the history knows only of some times.
    fn told_of(empty_after: &str, is_known: fn(DateTime<FixedOffset>) -> bool) -> Vec<String> {
        let text = format!(
            "hub = {{ id = \"hut\", timezone = \"Europe/Amsterdam\" }}\nhardware.backend = \"simulated\"\n\
             rooms.hall = {{ motion = [\"motion\"], empty_after = \"{empty_after}\" }}\n\
             inputs.motion = {{ kind = \"motion\", gpio = 4 }}\nsensors.cold.chip = \"sht31\"\n\
             outputs.lamp = {{ kind = \"light\", gpio = 17 }}\noutputs.heater = {{ kind = \"heater\", gpio = 18 }}\n\
             outputs.unknown = {{ kind = \"light\", gpio = 19 }}\noutputs.pump = {{ kind = \"switch\", gpio = 20 }}\n\
             [[rules]]\nname = \"Hall\"\nwhile = \"hall.occupied\"\nset = {{ lamp = \"on\" }}\n\
             [[rules]]\nname = \"Frost\"\nwhile = \"cold.temperature < 5\"\nset = {{ heater = \"on\" }}\n"
        );
        let config: Arc<Config> = config::parse("config.toml".as_ref(), &text).unwrap().config.into();
        let mut source = |ask: &crate::house::Ask| {
            let mut told = course(ask, &past, false);
            let spans = told.iter_mut().map(|course| &mut course.spans);
            spans.for_each(|spans| spans.retain(|span| is_known(time(&span.time))));
            Ok::<_, Infallible>(told)
        };
        let span = Time { from: time(FROM), to: time(TO) };
        let settles = Time { from: span.from - SETTLES, to: span.to };
        let happenings = happenings(&config, settles, &mut source).unwrap();
        let config = play::paced(&config, Duration::from_secs(60));
        let (from, until) = (settles.from.to_utc(), span.to.to_utc());
        let mut recording = Recording::new(&config, from, until, Keep::Everything);
        play::play(Play { config: config.clone(), from, until, happenings, world: None }, &mut recording);
        let differences = compare(&recording, span, &mut source).unwrap();
        lines(&config, span, &differences)
    }

    #[test]
    fn the_same_configuration_does_the_same() {
        let told = told("10m");
        assert_eq!(
            told,
            [
                "hut, Mon 23 Nov 2026 00:00 to Mon 30 Nov 2026 00:00: what happened, to this configuration",
                "",
                "             was on  would be on  otherwise",
                "  Lamp        1h45m        1h45m         0s",
                "  Heater     42h00m       42h00m         0s",
                "  Pump           0s           0s         0s",
                "",
                "  All would have been as it was.",
            ]
        );
    }

    #[test]
    fn what_people_commanded_is_told_from_what_buttons_and_rules_did() {
        use crate::model::Source;
        let (nobody, anna) = (Source::Http("".into()), Source::Http("anna".into()));
        let others = [
            Source::Rule("Bell (HTTP), late".into()),
            Source::Switch("bell".into()),
            Source::Hub("barn".into()),
            Source::Peer("barn".into()),
        ];
        for source in [Source::Mqtt, Source::HomeAssistant, Source::Console, nobody, anna].into_iter().chain(others) {
            let said = format!("manual: command by {source}, until AUTO");
            assert_eq!(is_of_people(&said), source.is_remote(), "{said}");
        }
        assert!(!is_of_people("rule: Hall"));
    }

    #[test]
    fn what_another_configuration_does_is_told_with_its_reason() {
        let told = told("1h");
        let wanted = "  Mon 23 Nov 18:15 to 19:05  Lamp would be on, was off: rule: Hall";
        assert!(told.iter().any(|line| line == wanted), "{told:#?}");
        assert_eq!(told.iter().filter(|line| line.contains("Lamp would be on")).count(), 7, "{told:#?}");
    }

    /// A target that somebody set holds until it became another; those of the plan, the house has itself.
    #[test]
    fn targets_set_by_hand_happen_again() {
        let text = "hub = { id = \"hut\", timezone = \"Europe/Amsterdam\" }\nhardware.backend = \"simulated\"\n\
             sensors.living.chip = \"sht31\"\noutputs.heater = { kind = \"heater\", gpio = 18 }\n\
             climate.zone = { sensor = \"living.temperature\", heat = \"heater\", target = 20, presets = { night = 17 } }\n";
        let config: Arc<Config> = config::parse("config.toml".as_ref(), text).unwrap().config.into();
        let target = [
            ("2026-11-24T06:00:00+01:00", "20", "default: the target of the file"),
            ("2026-11-24T18:00:00+01:00", "23", "manual: command by HTTP, until AUTO"),
            ("2026-11-24T20:30:00+01:00", "20", "default: the target of the file"),
            // What a preset makes of it is not commanded again.
            ("2026-11-25T09:00:00+01:00", "17", "manual: preset night, command by Home Assistant, until AUTO"),
            ("2026-11-25T12:00:00+01:00", "20", "default: the target of the file"),
        ];
        let preset = [
            ("2026-11-24T18:00:00+01:00", "none", "manual: a target by hand, command by HTTP, until AUTO"),
            ("2026-11-25T09:00:00+01:00", "night", "manual: command by Home Assistant, until AUTO"),
            ("2026-11-25T12:00:00+01:00", "none", "default: nobody asks for a preset"),
        ];
        let mut source = |ask: &crate::house::Ask| {
            let became: &[_] = match &*ask.point {
                "zone.target" => &target,
                "zone.preset" => &preset,
                _ => return Ok::<_, Infallible>(None),
            };
            let change = |(time, value, why): &(&str, &str, &str)| Change {
                time: (*time).into(),
                value: (*value).into(),
                why: Some((*why).into()),
            };
            let changes = became.iter().map(change).collect();
            Ok(Some(crate::house::Course { changes, ..crate::house::Course::default() }))
        };
        let span = Time { from: time(FROM), to: time(TO) };
        let told = happenings(&config, span, &mut source).unwrap();
        let command = |timed: &Timed| {
            let Happening::Command { point, payload, hold } = &timed.what else { panic!("nothing else happened") };
            (timed.at.to_rfc3339(), format!("{point} {payload}"), hold.and_then(Hold::time).map(|time| time.as_secs()))
        };
        let expected = [
            ("2026-11-24T17:00:00+00:00".to_owned(), "zone.target 23".to_owned(), Some(9_000)),
            ("2026-11-25T08:00:00+00:00".to_owned(), "zone.preset night".to_owned(), Some(10_800)),
        ];
        assert_eq!(told.iter().map(command).collect::<Vec<_>>(), expected);
        // And the house takes it.
        let (from, until) = (span.from.to_utc(), span.to.to_utc());
        let mut recording = Recording::new(&config, from, until, Keep::Everything);
        play::play(Play { config: config.clone(), from, until, happenings: told, world: None }, &mut recording);
        let target = config.find_point("zone.target").unwrap();
        let track = recording.tracks.iter().find(|(point, _)| *point == target).map(|(_, track)| track);
        let Some(Track::Number(samples)) = track else { panic!("no target") };
        let at = |text: &str| samples.iter().rfind(|(at, _)| *at <= time(text).to_utc()).and_then(|(_, value)| *value);
        let times = ["24T17:30", "24T20:00", "24T21:30", "25T11:00", "25T13:00"];
        let targets = times.map(|when| at(&format!("2026-11-{when}:00+01:00")));
        assert_eq!(targets, [20.0, 23.0, 20.0, 17.0, 20.0].map(Some));
    }

    /// On Tuesday it did not run from six in the morning to ten in the evening: the heater of its last word was on until
    /// then, and nobody saw the lamp.
    #[test]
    fn what_nobody_saw_is_compared_with_nothing() {
        let is_known =
            |at: DateTime<FixedOffset>| at.date_naive().to_string() != "2026-11-24" || !(6..22).contains(&at.hour());
        let told = told_of("1h", is_known);
        let words = |line: usize| told[line].split_whitespace().collect::<Vec<_>>();
        assert_eq!(words(3), ["Lamp", "1h30m", "6h30m", "5h"], "{told:#?}");
        assert_eq!(words(4), ["Heater", "42h00m", "42h00m", "0s"], "{told:#?}");
        let wanted = "  Left out: up to 16h of an output, in which hearthd did not run or what it was is not known";
        assert_eq!(told[6], wanted);
    }
}
