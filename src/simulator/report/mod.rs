//! What a simulation has shown: how each output was used and why, which rules never came true, which contradict each
//! other, what was unknown. Made of a [`Recording`]; told as [`text`], as [`json`] or as a [page](html).

mod findings;
mod recording;

pub mod text;

pub mod json;

pub mod html;

pub use recording::{Recording, Span, Track};

use crate::model::{Cause, ClimateFacet, Condition, Level, OutputId, Point, RuleId, Slot, Truth};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// How an output was used in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Use {
    /// How long it was on, at whatever level.
    pub on: TimeDelta,
    /// How often it went on.
    pub times: u32,
    /// Hours at full power.
    pub full_hours: f64,
}

/// How long an output was kept from what it was asked by its minimum times, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// In all.
    pub time: TimeDelta,
    /// How often.
    pub times: u32,
}

/// How long a limit kept an output off while it was asked to be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptOff {
    /// The output.
    pub output: OutputId,
    /// `max_on`, `interlock` or `overheat`.
    pub by: &'static str,
    /// In all.
    pub time: TimeDelta,
    /// How often.
    pub times: u32,
}

/// A shorter time than this is the normal work of a limit, such as the pause of an interlock.
const KEPT_OFF_AT_LEAST: TimeDelta = TimeDelta::minutes(1);

/// How long a rule was true, and how long nobody could tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleUse {
    /// True, in all.
    pub active: TimeDelta,
    /// How often it came true.
    pub times: u32,
    /// Unknown, in all.
    pub unknown: TimeDelta,
}

/// Two rules that asked one output for different levels at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fight {
    /// The output.
    pub output: OutputId,
    /// The rule that won, as the earlier one of the file.
    pub winner: RuleId,
    /// The other one.
    pub loser: RuleId,
    /// How long, in all.
    pub time: TimeDelta,
    /// How often.
    pub times: u32,
}

impl Recording {
    /// How an output was used between two instants of the recording.
    pub fn usage(&self, output: OutputId, from: DateTime<Utc>, until: DateTime<Utc>) -> Use {
        let mut sum = Use::default();
        let mut was_on = false;
        for (span, begin, end) in within(&self.outputs[output.0], |span| span.from, from, until) {
            let time = end - begin;
            if span.level.is_on() {
                sum.on += time;
                sum.full_hours +=
                    time.num_milliseconds() as f64 / 3_600_000.0 * f64::from(span.level.percent()) / 100.0;
                sum.times += u32::from(!was_on && span.from >= from);
            }
            was_on = span.level.is_on();
        }
        sum
    }

    /// What it took in that time, kWh; nothing without a rated power.
    pub fn energy_kwh(&self, output: OutputId, usage: &Use) -> Option<f64> {
        self.config[output].power.map(|watt| watt * usage.full_hours / 1_000.0)
    }

    /// How an output's minimum times held it.
    pub fn held(&self, output: OutputId) -> Held {
        let mut held = Held::default();
        for (span, begin, end) in within(&self.outputs[output.0], |span| span.from, self.from, self.until) {
            if span.winner() == Some(Slot::Protect) {
                held = Held { time: held.time + (end - begin), times: held.times + 1 };
            }
        }
        held
    }

    /// The limits that kept outputs off while something asked for them, longest first.
    pub fn kept_off(&self) -> Vec<KeptOff> {
        let mut all: Vec<KeptOff> = Vec::new();
        for index in 0..self.outputs.len() {
            let output = OutputId(index);
            let spans = within(&self.outputs[index], |span| span.from, self.from, self.until);
            let limits = spans.filter_map(|(span, begin, end)| Some((limit_of(span)?, begin, end)));
            let mut stretches: Vec<(&'static str, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
            for (by, begin, end) in limits {
                match stretches.last_mut() {
                    Some((before, _, until)) if *before == by && *until == begin => *until = end,
                    _ => stretches.push((by, begin, end)),
                }
            }
            for (by, begin, end) in stretches.into_iter().filter(|(_, from, until)| *until - *from >= KEPT_OFF_AT_LEAST)
            {
                match all.iter_mut().find(|kept| kept.output == output && kept.by == by) {
                    Some(kept) => (kept.time, kept.times) = (kept.time + (end - begin), kept.times + 1),
                    None => all.push(KeptOff { output, by, time: end - begin, times: 1 }),
                }
            }
        }
        all.sort_by_key(|kept| std::cmp::Reverse(kept.time));
        all
    }

    /// The alarms of climate zones: the point, the word, how long in all and how often.
    pub fn alarms(&self) -> Vec<(Point, &str, TimeDelta, u32)> {
        let mut alarms: Vec<(Point, &str, TimeDelta, u32)> = Vec::new();
        for (point, track) in &self.tracks {
            let (Point::Climate(_, ClimateFacet::Alarm), Track::Word(changes)) = (point, track) else { continue };
            for ((_, word), begin, end) in within(changes, |(at, _)| *at, self.from, self.until) {
                let Some(word) = word.as_deref().filter(|word| *word != "none") else { continue };
                match alarms.iter_mut().find(|(there, known, ..)| there == point && *known == word) {
                    Some((.., time, times)) => (*time, *times) = (*time + (end - begin), *times + 1),
                    None => alarms.push((*point, word, end - begin, 1)),
                }
            }
        }
        alarms
    }

    /// Whether a rule that nobody wrote can be left out of what never came true: its mode did not occur.
    pub fn is_idle(&self, rule: RuleId) -> bool {
        let rule = &self.config[rule];
        let Condition::All(parts) = &rule.condition else { return false };
        let modes = parts.iter().find_map(|part| match part {
            Condition::Mode(modes) => Some(modes),
            _ => None,
        });
        let Some(modes) = modes.filter(|_| rule.pretends()) else { return false };
        let words = self.tracks.iter().find_map(|(point, track)| match (point, track) {
            (Point::Mode, Track::Word(changes)) => Some(changes),
            _ => None,
        });
        let occurred = |word: &str| modes.iter().any(|mode| *self.config.modes.list[*mode] == *word);
        !words.into_iter().flatten().filter_map(|(_, word)| word.as_deref()).any(occurred)
    }

    /// The shortest time for which an output was on, other than at the ends of the recording.
    pub fn shortest_on(&self, output: OutputId) -> Option<TimeDelta> {
        let mut shortest: Option<TimeDelta> = None;
        let mut since: Option<DateTime<Utc>> = None;
        for span in &self.outputs[output.0] {
            match (since, span.level.is_on()) {
                (None, true) => since = Some(span.from),
                (Some(begin), false) => {
                    let time = span.from - begin;
                    shortest = Some(shortest.map_or(time, |shortest| shortest.min(time)));
                    since = None;
                }
                _ => {}
            }
        }
        shortest
    }

    /// How a rule was true.
    pub fn rule(&self, rule: RuleId) -> RuleUse {
        let mut sum = RuleUse::default();
        for ((_, truth), begin, end) in within(&self.rules[rule.0], |(at, _)| *at, self.from, self.until) {
            match truth {
                Some(Truth::True) => {
                    sum.active += end - begin;
                    sum.times += 1;
                }
                Some(Truth::Unknown) => sum.unknown += end - begin,
                Some(Truth::False) | None => {}
            }
        }
        sum
    }

    /// The rules that asked one output for different levels at one time, longest first.
    pub fn fights(&self) -> Vec<Fight> {
        let mut fights = Vec::new();
        let rules = &self.config.rules;
        for (first, rule) in rules.iter().enumerate() {
            for (second, other) in rules.iter().enumerate().skip(first + 1) {
                let asks =
                    |output: OutputId| other.set.iter().find(|(there, _)| *there == output).map(|(_, level)| *level);
                for (output, level) in &rule.set {
                    if asks(*output).is_none_or(|asked| asked == *level) {
                        continue;
                    }
                    let (time, times) = self.both_true(first, second);
                    if times > 0 {
                        let (winner, loser) = (RuleId(first), RuleId(second));
                        fights.push(Fight { output: *output, winner, loser, time, times });
                    }
                }
            }
        }
        fights.sort_by_key(|fight| std::cmp::Reverse(fight.time));
        fights
    }

    /// For how long two rules were true at one time, and how often.
    fn both_true(&self, first: usize, second: usize) -> (TimeDelta, u32) {
        let mut truths = [None; 2];
        let mut changes: Vec<(DateTime<Utc>, usize, Option<Truth>)> = Vec::new();
        for (which, rule) in [first, second].into_iter().enumerate() {
            changes.extend(self.rules[rule].iter().map(|(at, truth)| (*at, which, *truth)));
        }
        changes.sort_by_key(|(at, ..)| *at);
        let (mut time, mut times, mut since) = (TimeDelta::zero(), 0, None);
        let ends = changes.iter().skip(1).map(|(at, ..)| *at).chain([self.until]);
        for ((at, which, truth), end) in changes.iter().zip(ends) {
            truths[*which] = *truth;
            match (truths == [Some(Truth::True); 2], since) {
                // What lasts no time at all is only the order of news.
                (true, None) if end > *at => {
                    since = Some(*at);
                    times += 1;
                }
                (false, Some(begin)) => {
                    time += *at - begin;
                    since = None;
                }
                _ => {}
            }
        }
        (time + since.map_or(TimeDelta::zero(), |begin| self.until - begin), times)
    }

    /// The share of full power that an output had in each of `count` equal parts of some time, from 0 to 1.
    pub fn shares(&self, output: OutputId, from: DateTime<Utc>, until: DateTime<Utc>, count: usize) -> Vec<f64> {
        let mut shares = vec![0.0; count];
        let total_ms = (until - from).num_milliseconds().max(1) as f64;
        let part_ms = total_ms / count as f64;
        for (span, begin, end) in within(&self.outputs[output.0], |span| span.from, from, until) {
            if !span.level.is_on() {
                continue;
            }
            let (begin, end) = ((begin - from).num_milliseconds() as f64, (end - from).num_milliseconds() as f64);
            let level = f64::from(span.level.percent()) / 100.0;
            let last = ((end / part_ms).ceil() as usize).min(count);
            for (index, share) in shares.iter_mut().enumerate().take(last).skip((begin / part_ms) as usize) {
                let (left, right) = (index as f64 * part_ms, (index + 1) as f64 * part_ms);
                *share += level * (right.min(end) - left.max(begin)).max(0.0) / part_ms;
            }
        }
        shares
    }

    /// The local dates it touches, each with its part of the recording.
    pub fn days(&self) -> Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
        let zone = self.config.hub.timezone;
        let midnight = |date| crate::almanac::local_instant(date, 0, zone);
        let mut date = self.from.with_timezone(&zone).date_naive();
        let mut days = Vec::new();
        while let (Some(begin), Some(end)) = (midnight(date), date.succ_opt().and_then(midnight)) {
            if begin >= self.until {
                break;
            }
            days.push((date, begin.max(self.from), end.min(self.until)));
            let Some(next) = date.succ_opt() else { break };
            date = next;
        }
        days
    }
}

/// The limit that kept an output off while it was asked to be on.
fn limit_of(span: &Span) -> Option<&'static str> {
    let explanation = span.explanation().filter(|explanation| explanation.winner == Slot::Safety)?;
    if span.level.is_on() || !explanation.asked().level.is_on() {
        return None;
    }
    match explanation.slots.first()?.1.cause {
        Cause::MaxOn { .. } => Some("max_on"),
        Cause::Interlock { .. } => Some("interlock"),
        Cause::Overheat { .. } => Some("overheat"),
        _ => None,
    }
}

/// Of things that hold until the next one begins, those that touch some time, with their part of it.
fn within<T>(
    all: &[T],
    begin: impl Fn(&T) -> DateTime<Utc>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> impl Iterator<Item = (&T, DateTime<Utc>, DateTime<Utc>)> {
    let first = all.partition_point(|item| begin(item) <= from).saturating_sub(1);
    let rest = &all[first.min(all.len())..];
    let parts: Vec<_> = rest
        .iter()
        .enumerate()
        .map(|(index, item)| (item, begin(item).max(from), rest.get(index + 1).map_or(until, &begin).min(until)))
        .take_while(|(_, begin, _)| *begin < until)
        .collect();
    parts.into_iter().filter(|(_, begin, end)| begin < end)
}

/// Whether anything was on in a list of levels.
pub(super) fn any_on(spans: &[Span]) -> bool {
    spans.iter().any(|span| span.level > Level::OFF)
}
