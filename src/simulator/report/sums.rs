//! What a simulation comes to, summed up while it runs: what is only asked for in sums needs no memory for each change.

use super::{Held, RuleUse, Span, Use, limit_of};
use crate::model::{Config, Level, OutputId, RuleId, Slot, Truth};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::sync::Arc;

/// How many parts the whole time is divided into, for a lane of text.
pub(super) const CELLS: usize = 48;
/// A shorter time than this is the normal work of a limit, such as the pause of an interlock.
const KEPT_OFF_AT_LEAST: TimeDelta = TimeDelta::minutes(1);

/// The time of a recording and its parts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The local dates it touches, each with its part of it.
    pub days: Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)>,
}

impl Parts {
    pub fn of(config: &Config, from: DateTime<Utc>, until: DateTime<Utc>) -> Parts {
        let zone = config.hub.timezone;
        let midnight = |date| crate::almanac::local_instant(date, 0, zone);
        let mut date = from.with_timezone(&zone).date_naive();
        let mut days = Vec::new();
        while let (Some(begin), Some(end)) = (midnight(date), date.succ_opt().and_then(midnight)) {
            if begin >= until {
                break;
            }
            days.push((date, begin.max(from), end.min(until)));
            let Some(next) = date.succ_opt() else { break };
            date = next;
        }
        Parts { from, until, days }
    }

    /// The place of the day of an instant.
    fn day(&self, at: DateTime<Utc>) -> usize {
        self.days.partition_point(|(_, begin, _)| *begin <= at).saturating_sub(1)
    }

    /// The days that a stretch touches, with its part of each.
    fn days_of(&self, begin: DateTime<Utc>, end: DateTime<Utc>) -> impl Iterator<Item = (usize, TimeDelta)> + '_ {
        let first = self.day(begin);
        let days = self.days.iter().enumerate().skip(first).take_while(move |(_, (_, from, _))| *from < end);
        days.map(move |(place, (_, from, until))| (place, end.min(*until) - begin.max(*from)))
    }

    /// Adds a stretch at some level, 0 to 1, to the shares of the cells.
    fn add(&self, cells: &mut [f64], level: f64, begin: DateTime<Utc>, end: DateTime<Utc>) {
        let part_ms = ((self.until - self.from).num_milliseconds().max(1)) as f64 / cells.len() as f64;
        let place = |at: DateTime<Utc>| (at - self.from).num_milliseconds() as f64 / part_ms;
        let (left, right) = (place(begin), place(end));
        let last = (right.ceil() as usize).min(cells.len());
        for (index, cell) in cells.iter_mut().enumerate().take(last).skip(left as usize) {
            *cell += level * (right.min(index as f64 + 1.0) - left.max(index as f64)).max(0.0);
        }
    }
}

/// Of an output.
#[derive(Clone, Debug)]
pub(super) struct OutputSum {
    /// By day.
    days: Vec<Use>,
    /// The share of full power in each part of the whole time.
    pub cells: Vec<f64>,
    pub held: Held,
    /// By limit: how long, and how often.
    pub kept_off: Vec<(&'static str, TimeDelta, u32)>,
    /// It is kept off by this limit, since and until then.
    kept: Option<(&'static str, DateTime<Utc>, DateTime<Utc>)>,
    pub shortest_on: Option<TimeDelta>,
    /// It is on since then.
    on_since: Option<DateTime<Utc>>,
    pub was_on: bool,
    /// How often it went on and off again, or off and on, within one instant.
    pub at_once: u32,
}

impl OutputSum {
    pub fn new(parts: &Parts) -> OutputSum {
        OutputSum {
            days: vec![Use::default(); parts.days.len()],
            cells: vec![0.0; CELLS],
            held: Held::default(),
            kept_off: Vec::new(),
            kept: None,
            shortest_on: None,
            on_since: None,
            was_on: false,
            at_once: 0,
        }
    }

    /// A span has ended.
    pub fn add(&mut self, span: &Span, end: DateTime<Utc>, parts: &Parts) {
        let begin = span.from.max(parts.from);
        let end = end.min(parts.until);
        match (self.on_since, span.level.is_on()) {
            (None, true) => {
                self.on_since = Some(span.from);
                if let Some(day) = self.days.get_mut(parts.day(span.from)).filter(|_| begin < end) {
                    day.times += 1;
                }
            }
            (Some(since), false) => {
                let time = span.from - since;
                self.shortest_on = Some(self.shortest_on.map_or(time, |shortest| shortest.min(time)));
                self.on_since = None;
            }
            _ => {}
        }
        if begin >= end {
            return;
        }
        if span.level.is_on() {
            self.was_on = true;
            let share = f64::from(span.level.percent()) / 100.0;
            for (day, time) in parts.days_of(begin, end) {
                self.days[day].on += time;
                self.days[day].full_hours += time.num_milliseconds() as f64 / 3_600_000.0 * share;
            }
            parts.add(&mut self.cells, share, begin, end);
        }
        if span.winner() == Some(Slot::Protect) {
            self.held = Held { time: self.held.time + (end - begin), times: self.held.times + 1 };
        }
        match (limit_of(span), &mut self.kept) {
            (Some(by), Some((before, _, until))) if *before == by && *until == begin => *until = end,
            (by, _) => {
                self.end_of_limit();
                self.kept = by.map(|by| (by, begin, end));
            }
        }
    }

    /// What kept it off does not any more.
    pub fn end_of_limit(&mut self) {
        let Some((by, begin, end)) = self.kept.take().filter(|(_, begin, end)| *end - *begin >= KEPT_OFF_AT_LEAST)
        else {
            return;
        };
        match self.kept_off.iter_mut().find(|(before, ..)| *before == by) {
            Some((_, time, times)) => (*time, *times) = (*time + (end - begin), *times + 1),
            None => self.kept_off.push((by, end - begin, 1)),
        }
    }

    /// How it was used on whole days.
    pub fn usage(&self, parts: &Parts, from: DateTime<Utc>, until: DateTime<Utc>) -> Use {
        let days = parts.days.iter().zip(&self.days).filter(|((_, begin, end), _)| from <= *begin && *end <= until);
        days.fold(Use::default(), |sum, (_, day)| Use {
            on: sum.on + day.on,
            times: sum.times + day.times,
            full_hours: sum.full_hours + day.full_hours,
        })
    }
}

/// Of all rules.
#[derive(Clone, Debug)]
pub(super) struct RuleSums {
    /// Since when each is what. None: hearthd did not run.
    truths: Vec<Option<(DateTime<Utc>, Option<Truth>)>>,
    pub uses: Vec<RuleUse>,
    pub pairs: Vec<Pair>,
    /// By rule: the places of its pairs.
    pairs_of: Vec<Vec<usize>>,
}

/// Two rules that ask outputs for different levels.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub first: RuleId,
    pub second: RuleId,
    pub outputs: Vec<OutputId>,
    /// Both are true since then.
    since: Option<DateTime<Utc>>,
    pub time: TimeDelta,
    pub times: u32,
}

impl RuleSums {
    pub fn new(config: &Config) -> RuleSums {
        let mut setters: Vec<Vec<(RuleId, Level)>> = vec![Vec::new(); config.outputs.len()];
        for (index, rule) in config.rules.iter().enumerate() {
            rule.set.iter().for_each(|(output, level)| setters[output.0].push((RuleId(index), *level)));
        }
        let mut pairs: std::collections::BTreeMap<(RuleId, RuleId), Vec<OutputId>> = Default::default();
        for (output, setters) in setters.iter().enumerate() {
            for (place, (first, level)) in setters.iter().enumerate() {
                for (second, _) in setters[place + 1..].iter().filter(|(_, other)| other != level) {
                    pairs.entry((*first, *second)).or_default().push(OutputId(output));
                }
            }
        }
        let mut pairs_of = vec![Vec::new(); config.rules.len()];
        for (place, (first, second)) in pairs.keys().enumerate() {
            pairs_of[first.0].push(place);
            pairs_of[second.0].push(place);
        }
        let pair = |((first, second), outputs)| Pair {
            first,
            second,
            outputs,
            since: None,
            time: TimeDelta::zero(),
            times: 0,
        };
        let uses = vec![RuleUse::default(); config.rules.len()];
        let pairs = pairs.into_iter().map(pair).collect();
        RuleSums { truths: vec![None; config.rules.len()], uses, pairs, pairs_of }
    }

    /// A rule is this now.
    pub fn note(&mut self, rule: RuleId, truth: Option<Truth>, at: DateTime<Utc>) {
        if self.truths[rule.0].is_some_and(|(_, before)| before == truth) {
            return;
        }
        self.end(rule, at);
        self.truths[rule.0] = Some((at, truth));
        for &place in &self.pairs_of[rule.0] {
            let pair = &mut self.pairs[place];
            let is_true = |rule: RuleId| self.truths[rule.0].is_some_and(|(_, truth)| truth == Some(Truth::True));
            match (is_true(pair.first) && is_true(pair.second), pair.since) {
                (true, None) => pair.since = Some(at),
                (false, Some(_)) => pair.end(at),
                _ => {}
            }
        }
    }

    fn end(&mut self, rule: RuleId, at: DateTime<Utc>) {
        let Some((since, truth)) = self.truths[rule.0].filter(|(since, _)| *since < at) else { return };
        let sum = &mut self.uses[rule.0];
        match truth {
            Some(Truth::True) => (sum.active, sum.times) = (sum.active + (at - since), sum.times + 1),
            Some(Truth::Unknown) => sum.unknown += at - since,
            Some(Truth::False) | None => {}
        }
    }

    /// The recording ends.
    pub fn finish(&mut self, at: DateTime<Utc>) {
        (0..self.truths.len()).for_each(|index| self.end(RuleId(index), at));
        self.pairs.iter_mut().for_each(|pair| pair.end(at));
    }
}

impl Pair {
    /// They are not both true any more. What lasts no time at all is only the order of news.
    fn end(&mut self, at: DateTime<Utc>) {
        if let Some(since) = self.since.take().filter(|since| *since < at) {
            (self.time, self.times) = (self.time + (at - since), self.times + 1);
        }
    }
}

/// Of a point that is no output.
#[derive(Clone, Debug)]
pub(super) enum TrackSum {
    Binary(BinarySum),
    Number(NumberSum),
    Word(WordSum),
}

/// Of something that is on, off or unknown.
#[derive(Clone, Debug)]
pub(super) struct BinarySum {
    /// Since when it is what.
    last: Option<(DateTime<Utc>, Option<bool>)>,
    pub on: TimeDelta,
    pub times: u32,
    pub unknown: TimeDelta,
    /// The share of each part of the whole time in which it was on.
    pub cells: Vec<f64>,
}

impl BinarySum {
    pub fn new() -> BinarySum {
        let zero = TimeDelta::zero();
        BinarySum { last: None, on: zero, times: 0, unknown: zero, cells: vec![0.0; CELLS] }
    }

    /// It is this now. Returns whether that is another than before.
    pub fn note(&mut self, value: Option<bool>, at: DateTime<Utc>, parts: &Parts) -> bool {
        if self.last.is_some_and(|(_, before)| before == value) {
            return false;
        }
        self.finish(at, parts);
        self.last = Some((at, value));
        true
    }

    pub fn finish(&mut self, at: DateTime<Utc>, parts: &Parts) {
        let Some((since, value)) = self.last.filter(|(since, _)| *since < at) else { return };
        match value {
            Some(true) => {
                (self.on, self.times) = (self.on + (at - since), self.times + 1);
                parts.add(&mut self.cells, 1.0, since, at);
            }
            None => self.unknown += at - since,
            Some(false) => {}
        }
    }
}

/// Of a number, by its samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberSum {
    pub samples: usize,
    known: usize,
    pub lowest: Option<f64>,
    pub highest: Option<f64>,
    sum: f64,
}

impl NumberSum {
    pub fn note(&mut self, value: Option<f64>) {
        self.samples += 1;
        let Some(value) = value else { return };
        self.known += 1;
        self.sum += value;
        self.lowest = Some(self.lowest.map_or(value, |lowest| lowest.min(value)));
        self.highest = Some(self.highest.map_or(value, |highest| highest.max(value)));
    }

    /// In how many samples it was not known.
    pub fn unknown(&self) -> usize {
        self.samples - self.known
    }

    pub fn mean(&self) -> Option<f64> {
        (self.known > 0).then(|| self.sum / self.known as f64)
    }
}

/// Of a word: how long it was each, and how often.
#[derive(Clone, Debug, Default)]
pub(super) struct WordSum {
    last: Option<(DateTime<Utc>, Option<Arc<str>>)>,
    pub words: Vec<(Arc<str>, TimeDelta, u32)>,
}

impl WordSum {
    /// It is this now. Returns whether that is another than before.
    pub fn note(&mut self, word: &Option<Arc<str>>, at: DateTime<Utc>) -> bool {
        if self.last.as_ref().is_some_and(|(_, before)| before == word) {
            return false;
        }
        self.finish(at);
        self.last = Some((at, word.clone()));
        true
    }

    pub fn finish(&mut self, at: DateTime<Utc>) {
        let Some((since, Some(word))) = &self.last else { return };
        let time = at - *since;
        let once = u32::from(time > TimeDelta::zero());
        match self.words.iter_mut().find(|(known, ..)| known == word) {
            Some((_, sum, times)) => (*sum, *times) = (*sum + time, *times + once),
            None => self.words.push((word.clone(), time, once)),
        }
    }
}
