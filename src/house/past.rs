//! What the history tells of a point, asked for in parts that it answers.

use super::{Ask, Change, Course, Span};
use crate::model::{PastDay, Zone};
use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Timelike};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Where the past is asked for; None: nothing was ever recorded of that point.
pub type Source<'s, E> = &'s mut dyn FnMut(&Ask) -> Result<Option<Course>, E>;

/// No more spans are asked for at once: a question of more than 5,000 is refused.
const AT_ONCE: u32 = 4_000;
/// What is decided seldom changes, such as a mode: its last change is looked for so long before, to know what it was at the
/// beginning.
pub const LONG_BEFORE: TimeDelta = TimeDelta::days(56);
/// Changes of inputs are told of the last week of a question.
const CHANGES: TimeDelta = TimeDelta::days(7);

/// How finely it is looked for times of which nothing is known.
const LOOK: Duration = Duration::from_secs(1_800);

/// Of a day of which less than this share is known, nothing is repeated.
const NEARLY_ALL: f64 = 0.95;
const DAY_S: i32 = 86_400;

/// What a point became, with the time.
pub type Became = (DateTime<FixedOffset>, Change);

/// A span of a point, with its beginning.
#[derive(Clone, Debug)]
pub struct Piece {
    /// In the zone of the house.
    pub at: DateTime<FixedOffset>,
    /// What became of it.
    pub span: Span,
}

/// How long a switch was on without a break.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
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
pub struct Time {
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

    fn ask(self, point: &str, every: Duration) -> Ask {
        let write = |time: DateTime<FixedOffset>| Some(time.to_rfc3339_opts(SecondsFormat::AutoSi, false));
        let every = Some(format!("{}s", every.as_secs()));
        Ask { point: point.to_owned(), from: write(self.from), to: write(self.to), every, spans: None }
    }
}

/// The spans of a point of which something is known, in the order of time. `every`: an hour, a part of it, or whole days.
///
/// # Errors
/// Those of the source.
pub fn pieces<E>(source: Source<'_, E>, point: &str, time: Time, every: Duration) -> Result<Vec<Piece>, E> {
    let mut pieces: Vec<Piece> = Vec::new();
    // Whole days at once, which begin at midnight.
    let days = (every * AT_ONCE).as_secs() / 86_400;
    for part in time.parts(TimeDelta::days(i64::try_from(days).unwrap_or(1).clamp(1, 3_650))) {
        let Some(course) = source(&part.ask(point, every))? else { return Ok(Vec::new()) };
        append(&mut pieces, course.spans);
    }
    pieces.retain(|piece| piece.at < time.to);
    Ok(pieces)
}

/// Adds spans to those before them, of which the last may come again.
fn append(pieces: &mut Vec<Piece>, spans: Vec<Span>) {
    let last = pieces.last().map(|piece| piece.at);
    let told = spans.into_iter().filter_map(|span| Some(Piece { at: read(&span.time)?, span }));
    pieces.extend(told.filter(|piece| last.is_none_or(|last| piece.at > last)));
}

/// What a point became and why, in the order of time.
///
/// # Errors
/// Those of the source.
pub fn changes<E>(source: Source<'_, E>, point: &str, time: Time) -> Result<Vec<Became>, E> {
    Ok(told(source, point, time)?.0)
}

/// What a point was when a time began, as far as that is known, and what it became. So long `before` it is looked for its last
/// change; what is on or off is told by its spans where there is none.
///
/// # Errors
/// Those of the source.
pub fn states<E>(source: Source<'_, E>, point: &str, time: Time, before: TimeDelta) -> Result<Vec<Became>, E> {
    let (mut changes, looks) = told(source, point, Time { from: time.from - before, to: time.to })?;
    let later = changes.iter().position(|(at, _)| *at > time.from).unwrap_or(changes.len());
    let after = changes.split_off(later);
    let first = changes.pop().map(|(_, change)| change).or_else(|| first_state(&after, &looks, time.from));
    Ok(first.map(|change| (time.from, change)).into_iter().chain(after).collect())
}

/// What a switch was before the first of its changes.
fn first_state(after: &[Became], looks: &[Piece], from: DateTime<FixedOffset>) -> Option<Change> {
    let look = TimeDelta::from_std(LOOK).unwrap_or_default();
    let known = looks.iter().find(|piece| piece.at <= from && from < piece.at + look)?;
    let on_s = known.span.on_s?;
    let was_on = match after.first().map(|(_, change)| &*change.value) {
        Some("ON") => false,
        Some("OFF") => true,
        _ => on_s > 0.0,
    };
    Some(Change { value: if was_on { "ON" } else { "OFF" }.into(), ..Change::default() })
}

/// When a switch was on, in the order of time; what still is ends with the time.
///
/// # Errors
/// Those of the source.
pub fn stretches<E>(source: Source<'_, E>, point: &str, time: Time) -> Result<Vec<Stretch>, E> {
    let (changes, looks) = told(source, point, time)?;
    Ok(when_on(&changes, &looks, time))
}

/// Its changes, and its spans of [`LOOK`].
fn told<E>(source: Source<'_, E>, point: &str, time: Time) -> Result<(Vec<Became>, Vec<Piece>), E> {
    let (mut changes, mut looks) = (Vec::new(), Vec::<Piece>::new());
    let mut parts: Vec<Time> = time.parts(CHANGES).collect();
    parts.reverse();
    while let Some(part) = parts.pop() {
        let Some(course) = source(&part.ask(point, LOOK))? else { continue };
        let length = part.to - part.from;
        // More than are told at once.
        if course.more && length > TimeDelta::hours(1) {
            let middle = part.from + length / 2;
            parts.extend([Time { from: middle, ..part }, Time { to: middle, ..part }]);
            continue;
        }
        let became = course.changes.into_iter().filter_map(|change| Some((read(&change.time)?, change)));
        // Spans begin before a part that begins within one.
        changes.extend(became.filter(|(at, _)| (part.from..part.to).contains(at)));
        append(&mut looks, course.spans);
    }
    Ok((changes, looks))
}

fn when_on(changes: &[Became], looks: &[Piece], time: Time) -> Vec<Stretch> {
    let begins_on = match changes.first() {
        Some((_, change)) => change.value != "ON",
        None => true,
    };
    // What goes off first, or does not change, may have been on before.
    let first = looks.first().filter(|piece| begins_on && piece.span.on_s.is_some_and(|on| on > 0.0));
    let mut since = first.map(|piece| piece.at.max(time.from));
    let mut stretches = Vec::new();
    for (at, change) in changes {
        match (since, change.value == "ON") {
            (None, true) => since = Some(*at),
            (Some(from), false) => {
                stretches.push(Stretch { from, to: *at });
                since = None;
            }
            _ => {}
        }
    }
    stretches.extend(since.map(|from| Stretch { from, to: time.to }));
    stretches.iter_mut().for_each(|stretch| stretch.to = known_until(*stretch, looks));
    stretches.retain(|stretch| stretch.from < stretch.to);
    stretches
}

/// Up to when something is known of a stretch without a break: a change that nobody saw ends nothing.
fn known_until(stretch: Stretch, looks: &[Piece]) -> DateTime<FixedOffset> {
    let look = TimeDelta::from_std(LOOK).unwrap_or_default();
    let first = looks.partition_point(|piece| piece.at + look <= stretch.from);
    let mut until = stretch.from;
    for piece in looks[first..].iter().take_while(|piece| piece.at < stretch.to) {
        if piece.at > until {
            break;
        }
        until = piece.at + look;
    }
    until.min(stretch.to)
}

/// When lights were on, on one day of the house; None: that is not known of all of them, or all were off, as in a house in
/// which nobody was.
///
/// # Errors
/// Those of the source.
pub fn lit<E>(source: Source<'_, E>, lights: &[Arc<str>], date: NaiveDate, zone: Zone) -> Result<Option<PastDay>, E> {
    let midnight = |date: NaiveDate| zone.midnight(date).map(|at| at.fixed_offset());
    let Some((from, to)) = midnight(date).zip(date.succ_opt().and_then(midnight)) else { return Ok(None) };
    let time = Time { from, to };
    let on_the_clock = |at: DateTime<FixedOffset>| match at >= to {
        true => DAY_S,
        false => i32::try_from(at.with_timezone(&zone).num_seconds_from_midnight()).unwrap_or(DAY_S),
    };
    let mut day = PastDay { date, on: BTreeMap::new() };
    for light in lights {
        let (changes, looks) = told(source, light, time)?;
        let known_s: f64 = looks.iter().filter(|piece| piece.at >= from).map(|piece| piece.span.known_s).sum();
        if known_s < NEARLY_ALL * (to - from).num_seconds() as f64 {
            return Ok(None);
        }
        let on = when_on(&changes, &looks, time);
        let times = on.iter().map(|one| (on_the_clock(one.from), on_the_clock(one.to)));
        day.on.insert(light.clone(), times.filter(|(from, to)| from < to).collect());
    }
    Ok(day.on.values().any(|times| !times.is_empty()).then_some(day))
}

/// A time of an answer.
pub fn read(time: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32) -> DateTime<FixedOffset> {
        read(&format!("2026-11-23T{hour:02}:00:00+01:00")).unwrap()
    }

    fn change(hour: u32, value: &str) -> Became {
        (at(hour), Change { time: String::new(), value: value.into(), why: None })
    }

    /// Half hours from one hour to another, all on.
    fn looks(from: u32, to: u32) -> Vec<Piece> {
        let span = Span { known_s: 1_800.0, on_s: Some(1_800.0), ..Span::default() };
        let half = |n: i32| Piece { at: at(from) + TimeDelta::minutes(30) * n, span: span.clone() };
        (0..i32::try_from(to - from).unwrap() * 2).map(half).collect()
    }

    fn hours(changes: &[Became], looks: &[Piece]) -> Vec<(i64, i64)> {
        let time = Time { from: at(0), to: at(20) };
        let stretches = when_on(changes, looks, time);
        stretches.iter().map(|one| ((one.from - at(0)).num_hours(), one.length().num_hours())).collect()
    }

    #[test]
    fn what_is_on_at_the_ends_counts_from_there_and_up_to_there() {
        let all = [change(2, "ON"), change(3, "ON"), change(5, "unknown"), change(18, "ON")];
        assert_eq!(hours(&all, &looks(0, 20)), [(2, 3), (18, 2)]);
        assert_eq!(hours(&[change(4, "OFF")], &looks(0, 20)), [(0, 4)], "it was on before");
        assert_eq!(hours(&[], &looks(0, 20)), [(0, 20)]);
        assert_eq!(hours(&[], &[]), []);
    }

    #[test]
    fn what_it_was_at_first_is_told_by_its_spans_where_no_change_is() {
        use crate::house::invented::{FROM, TO, course, time};
        let span = Time { from: time(FROM), to: time(TO) };
        let first = |past: &dyn Fn(DateTime<FixedOffset>) -> f64| {
            let past = |_: &str, at| Some(past(at));
            let mut source = |ask: &Ask| Ok::<_, std::convert::Infallible>(course(ask, &past, false));
            let all = states(&mut source, "lamp", span, TimeDelta::days(7)).unwrap();
            (all.first().map(|(at, change)| (*at, change.value.clone())).unwrap(), all.len())
        };
        let wednesday = time("2026-11-25T12:00:00+01:00");
        assert_eq!(first(&|_| 1.0), ((span.from, "ON".into()), 1));
        assert_eq!(first(&|_| 0.0), ((span.from, "OFF".into()), 1));
        assert_eq!(first(&|at| f64::from(u8::from(at < wednesday))), ((span.from, "ON".into()), 2));
        assert_eq!(first(&|at| f64::from(u8::from(at >= wednesday))), ((span.from, "OFF".into()), 2));
        let before = span.from - TimeDelta::days(2);
        assert_eq!(first(&|at| f64::from(u8::from(at >= before))), ((span.from, "ON".into()), 1), "the last before");
    }

    #[test]
    fn a_day_is_told_by_the_clock_where_all_of_it_is_known() {
        use crate::house::invented::{course, time};
        use crate::model::Zone;
        let evening = |point: &str, at: DateTime<FixedOffset>| {
            let is_on = match point {
                "hall" => (17..19).contains(&at.hour()) || at.hour() == 23,
                _ => false,
            };
            Some(f64::from(u8::from(is_on)))
        };
        let lights = ["hall".into(), "porch".into()];
        let date = NaiveDate::from_ymd_opt(2026, 11, 16).unwrap();
        let zone = Zone::find("Europe/Amsterdam").unwrap();
        let lit = |lights: &[Arc<str>], hours_known: u32| {
            let mut source = |ask: &Ask| {
                let mut told = course(ask, &evening, false);
                let spans = told.iter_mut().map(|course| &mut course.spans);
                spans.for_each(|spans| spans.retain(|span| time(&span.time).hour() < hours_known));
                Ok::<_, std::convert::Infallible>(told)
            };
            super::lit(&mut source, lights, date, zone).unwrap()
        };
        let day = lit(&lights, 24).unwrap();
        assert_eq!((&*day.on["hall"], &*day.on["porch"]), (&[(17 * 3600, 19 * 3600), (23 * 3600, DAY_S)][..], &[][..]));
        // There, clocks went forward at midnight.
        let cairo = (Zone::find("Africa/Cairo").unwrap(), NaiveDate::from_ymd_opt(2026, 4, 24).unwrap());
        for date in [cairo.1.pred_opt().unwrap(), cairo.1] {
            let mut source = |ask: &Ask| Ok::<_, std::convert::Infallible>(course(ask, &evening, false));
            assert!(super::lit(&mut source, &lights, date, cairo.0).unwrap().is_some(), "{date}");
        }
        assert_eq!(lit(&lights, 22), None, "two hours are not known");
        assert_eq!(lit(&lights[1..], 24), None, "nobody was there");
    }

    #[test]
    fn what_nobody_saw_is_not_on() {
        let known = [looks(0, 6), looks(15, 20)].concat();
        assert_eq!(hours(&[change(2, "ON"), change(16, "OFF")], &known), [(2, 4)]);
    }

    #[test]
    fn what_is_not_told_at_once_is_asked_for_in_parts() {
        use crate::house::invented::{FROM, TO, course, time};
        use chrono::Timelike;
        // Ten minutes on, ten minutes off: five hundred changes a week.
        let blinks =
            |_: &str, at: DateTime<FixedOffset>| Some(f64::from(u8::from((at.minute() / 10).is_multiple_of(2))));
        let mut asked = 0;
        let mut source = |ask: &Ask| {
            asked += 1;
            let mut course = course(ask, &blinks, false);
            let told = course.as_mut().map(|course| &mut course.changes).unwrap();
            let more = told.len() > 100;
            told.drain(..told.len().saturating_sub(100));
            Ok::<_, std::convert::Infallible>(course.map(|course| Course { more, ..course }))
        };
        let on = stretches(&mut source, "blinker", Time { from: time(FROM), to: time(TO) }).unwrap();
        assert_eq!(on.len(), 7 * 24 * 3);
        assert!(on.iter().all(|stretch| stretch.length() == TimeDelta::minutes(10)));
        assert!(asked > 7, "{asked}");
    }
}
