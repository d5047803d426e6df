//! What a simulation has shown: how each output was used and why, which rules never came true, which contradict each
//! other, what was unknown. Made of a [`Recording`]; told as [`text`], as [`json`] or as a [page](html).

mod findings;
mod recording;
mod sums;

pub mod text;

pub mod json;

pub mod html;

pub use recording::{Keep, Recording, Span, Track};

use crate::model::{Cause, Condition, OutputId, Point, Role, RuleId, Slot};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sums::TrackSum;

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
    /// How an output was used on the days between two instants of the recording.
    pub fn usage(&self, output: OutputId, from: DateTime<Utc>, until: DateTime<Utc>) -> Use {
        self.output_sums[output.0].usage(&self.parts, from, until)
    }

    /// What it took in that time, kWh; nothing without a rated power.
    pub fn energy_kwh(&self, output: OutputId, usage: &Use) -> Option<f64> {
        self.config[output].power.map(|watt| watt * usage.full_hours / 1_000.0)
    }

    /// How an output's minimum times held it.
    pub fn held(&self, output: OutputId) -> Held {
        self.output_sums[output.0].held
    }

    /// How often an output went on and off again, or off and on, within one instant.
    pub fn at_once(&self, output: OutputId) -> u32 {
        self.output_sums[output.0].at_once
    }

    /// Whether an output was on at all.
    pub fn was_on(&self, output: OutputId) -> bool {
        self.output_sums[output.0].was_on
    }

    /// The limits that kept outputs off while something asked for them, longest first.
    pub fn kept_off(&self) -> Vec<KeptOff> {
        let of = |(index, sum): (usize, &sums::OutputSum)| {
            let output = OutputId(index);
            let kept = |&(by, time, times): &(&'static str, TimeDelta, u32)| KeptOff { output, by, time, times };
            sum.kept_off.iter().map(kept).collect::<Vec<_>>()
        };
        let mut all: Vec<KeptOff> = self.output_sums.iter().enumerate().flat_map(of).collect();
        all.sort_by_key(|kept| std::cmp::Reverse(kept.time));
        all
    }

    /// The alarms of climate zones: the point, the word, how long in all and how often.
    pub fn alarms(&self) -> Vec<(Point, &str, TimeDelta, u32)> {
        let mut alarms = Vec::new();
        for ((point, _), sum) in self.tracks.iter().zip(&self.track_sums) {
            let is_alarm = self.config.spec(*point).is_some_and(|spec| spec.is_alarm());
            let TrackSum::Word(sum) = sum else { continue };
            if !is_alarm {
                continue;
            }
            let told = sum.words.iter().filter(|(word, _, times)| **word != *"none" && *times > 0);
            alarms.extend(told.map(|(word, time, times)| (*point, &**word, *time, *times)));
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
        let Some(modes) = modes.filter(|_| rule.made_by().is_some()) else { return false };
        let words = self.tracks.iter().zip(&self.track_sums).find_map(|((point, _), sum)| match (point, sum) {
            (point, TrackSum::Word(sum)) if self.config.spec(*point)?.role == Role::Mode => Some(&sum.words),
            _ => None,
        });
        let occurred = |word: &str| modes.iter().any(|mode| *self.config.modes.list[*mode] == *word);
        !words.into_iter().flatten().any(|(word, ..)| occurred(word))
    }

    /// The shortest time for which an output was on, other than at the ends of the recording.
    pub fn shortest_on(&self, output: OutputId) -> Option<TimeDelta> {
        self.output_sums[output.0].shortest_on
    }

    /// How a rule was true.
    pub fn rule(&self, rule: RuleId) -> RuleUse {
        self.rule_sums.uses[rule.0]
    }

    /// The rules that asked one output for different levels at one time, longest first.
    pub fn fights(&self) -> Vec<Fight> {
        let of = |pair: &sums::Pair| {
            let (winner, loser, time, times) = (pair.first, pair.second, pair.time, pair.times);
            let fight = move |output: &OutputId| Fight { output: *output, winner, loser, time, times };
            pair.outputs.iter().map(fight).collect::<Vec<_>>()
        };
        let mut fights: Vec<Fight> = self.rule_sums.pairs.iter().filter(|pair| pair.times > 0).flat_map(of).collect();
        fights.sort_by_key(|fight| std::cmp::Reverse(fight.time));
        fights
    }

    /// The share of full power that an output had in each of equal parts of the whole time, from 0 to 1.
    pub fn shares(&self, output: OutputId) -> &[f64] {
        &self.output_sums[output.0].cells
    }

    /// The local dates it touches, each with its part of the recording.
    pub fn days(&self) -> Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
        self.parts.days.clone()
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
