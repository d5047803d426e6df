//! What the history tells of a point, asked for in parts that it answers.

use crate::house::{Ask, Change, Span};
use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use std::time::Duration;

use super::Source;

/// No more spans are asked for at once: a question of more than 5,000 is refused.
const AT_ONCE: u32 = 4_000;
/// Changes of inputs are told of the last week of a question.
const CHANGES: TimeDelta = TimeDelta::days(7);

/// A span of a point, with its beginning.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// In the zone of the house.
    pub at: DateTime<FixedOffset>,
    /// What became of it.
    pub span: Span,
}

/// How long a switch was on without a break.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Since when.
    pub from: DateTime<FixedOffset>,
    /// Until when; the end of what is known, if it still is.
    pub to: DateTime<FixedOffset>,
}

impl Stretch {
    /// How long.
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

/// A time of the history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// Its beginning.
    pub from: DateTime<FixedOffset>,
    /// Its end.
    pub to: DateTime<FixedOffset>,
}

impl Time {
    fn parts(self, length: TimeDelta) -> impl Iterator<Item = Time> {
        let begins = std::iter::successors(Some(self.from), move |from| Some(*from + length));
        begins.take_while(move |from| *from < self.to).map(move |from| Time { from, to: (from + length).min(self.to) })
    }

    fn ask(self, point: &str, every: Option<Duration>) -> Ask {
        let write = |time: DateTime<FixedOffset>| Some(time.to_rfc3339_opts(SecondsFormat::AutoSi, false));
        let every = every.map(|every| format!("{}s", every.as_secs()));
        Ask { point: point.to_owned(), from: write(self.from), to: write(self.to), every, spans: Some(1) }
    }
}

/// The spans of a point of which something is known, in the order of time. `every`: an hour, a part of it, or whole days.
///
/// # Errors
/// Those of the source.
pub(super) fn pieces<E>(source: Source<'_, E>, point: &str, time: Time, every: Duration) -> Result<Vec<Piece>, E> {
    let mut pieces: Vec<Piece> = Vec::new();
    // Whole days at once, which begin at midnight.
    let days = (every * AT_ONCE).as_secs() / 86_400;
    for part in time.parts(TimeDelta::days(i64::try_from(days).unwrap_or(1).clamp(1, 3_650))) {
        let Some(course) = source(&part.ask(point, Some(every)))? else { return Ok(Vec::new()) };
        let told = course.spans.into_iter().filter_map(|span| Some(Piece { at: read(&span.time)?, span }));
        let last = pieces.last().map(|piece| piece.at);
        pieces.extend(told.filter(|piece| last.is_none_or(|last| piece.at > last) && piece.at < time.to));
    }
    Ok(pieces)
}

/// When a switch was on, in the order of time; what still is ends with the time.
///
/// # Errors
/// Those of the source.
pub(super) fn stretches<E>(source: Source<'_, E>, point: &str, time: Time) -> Result<Vec<Stretch>, E> {
    let mut changes: Vec<Change> = Vec::new();
    for part in time.parts(CHANGES) {
        changes.extend(source(&part.ask(point, None))?.unwrap_or_default().changes);
    }
    Ok(when_on(&changes, time))
}

fn when_on(changes: &[Change], time: Time) -> Vec<Stretch> {
    let changes = changes.iter().filter_map(|change| Some((read(&change.time)?, change.value == "ON")));
    let mut stretches = Vec::new();
    let mut since = None;
    for (at, is_on) in changes {
        match (since, is_on) {
            (None, true) => since = Some(at),
            (Some(from), false) => {
                stretches.push(Stretch { from, to: at });
                since = None;
            }
            _ => {}
        }
    }
    stretches.extend(since.filter(|from| *from < time.to).map(|from| Stretch { from, to: time.to }));
    stretches
}

pub(super) fn read(time: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_on_ends_with_the_time() {
        let at = |hour: u32| format!("2026-11-23T{hour:02}:00:00+01:00");
        let change = |hour, value: &str| Change { time: at(hour), value: value.into(), why: None };
        let time = Time { from: read(&at(0)).unwrap(), to: read(&at(20)).unwrap() };
        let changes = [change(1, "OFF"), change(2, "ON"), change(3, "ON"), change(5, "unknown"), change(18, "ON")];
        let hours: Vec<i64> = when_on(&changes, time).iter().map(|stretch| stretch.length().num_hours()).collect();
        assert_eq!(hours, [3, 2]);
    }
}
