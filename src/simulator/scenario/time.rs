//! When a scenario plays, and when each of its lines happens: local times of the house, as instants.

use super::{
    happening::{self, Timed},
    parts::Word,
};
use crate::{
    config::{Problems, nearest_name},
    model::{Config, DaySet, duration},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use std::ops::Range;

/// Longer than ten years is a slip.
const LONGEST_DAYS: i64 = 3_653;

/// The lines that repeat, and on which days (Monday 0).
const REPEATED: [(&str, &[u32]); 10] = [
    ("daily", &[0, 1, 2, 3, 4, 5, 6]),
    ("weekdays", &[0, 1, 2, 3, 4]),
    ("weekends", &[5, 6]),
    ("mondays", &[0]),
    ("tuesdays", &[1]),
    ("wednesdays", &[2]),
    ("thursdays", &[3]),
    ("fridays", &[4]),
    ("saturdays", &[5]),
    ("sundays", &[6]),
];

/// The two instants of `2026-11-23 17:00 for 1h`.
pub(super) fn span(words: &[Word<'_>], config: &Config, problems: &Problems) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    const FORM: &str = "write `--- from 2026-11-23 17:00 for 1h`";
    let whole = words.first().map_or(0, |word| word.place.start)..words.last().map_or(0, |word| word.place.end);
    let [date, time, preposition, length] = words else {
        problems.error(whole, "not a time and a duration", FORM);
        return None;
    };
    if preposition.text != "for" {
        problems.error(preposition.place.clone(), "no `for` before the duration", FORM);
        return None;
    }
    let date = parse_date(date, problems);
    let from = date.zip(parse_time(time, problems)).and_then(|(date, clock)| {
        let instants = on_clock(date, clock, config);
        if instants.is_empty() {
            problems.error(time.place.clone(), SKIPPED, "write the time at which they show again");
        }
        instants.first().copied()
    });
    let length = match duration::parse(length.text) {
        Ok(length) if length.is_zero() || length.as_secs() as i64 > LONGEST_DAYS * 86_400 => {
            problems.error(words[3].place.clone(), "too short or too long", "write a duration from 1s to ten years");
            None
        }
        Ok(length) => TimeDelta::from_std(length).ok(),
        Err(wrong) => {
            problems.error(words[3].place.clone(), "not a duration", wrong);
            None
        }
    };
    let (from, length) = (from?, length?);
    Some((from, from.checked_add_signed(length)?))
}

const SKIPPED: &str = "clocks skip this time on that day";

/// All lines as happenings, in order of time; those of one instant in the order of the file.
pub(super) fn schedule(
    lines: &[Vec<Word<'_>>],
    config: &Config,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    problems: &Problems,
) -> Vec<Timed> {
    let mut all = Vec::new();
    let mut last = from;
    for line in lines {
        let Some((instants, what)) = instants(line, config, from, until, last, problems) else { continue };
        if !is_repeated(line[0].text) {
            last = instants[0];
        }
        if what.is_empty() {
            let end = line[line.len() - 1].place.end;
            problems.error(end..end, "nothing is said to happen", "write what happens, such as `hall_motion on`");
            continue;
        }
        for (after, happening) in happening::read(what, config, problems) {
            let after = TimeDelta::from_std(after).unwrap_or_default();
            let happenings = instants.iter().map(|at| Timed { at: *at + after, what: happening.clone() });
            all.extend(happenings.filter(|timed| timed.at < until));
        }
    }
    all.sort_by_key(|timed| timed.at);
    all
}

fn is_repeated(word: &str) -> bool {
    REPEATED.iter().any(|(known, _)| *known == word)
}

/// When a line happens, at least once, and the words that say what.
fn instants<'l, 't>(
    line: &'l [Word<'t>],
    config: &Config,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    last: DateTime<Utc>,
    problems: &Problems,
) -> Option<(Vec<DateTime<Utc>>, &'l [Word<'t>])> {
    let place = |words: &[Word<'_>]| words[0].place.start..words[words.len() - 1].place.end;
    if let Some((_, days)) = REPEATED.iter().find(|(known, _)| *known == line[0].text) {
        let Some(clock) = line.get(1) else {
            problems.error(place(line), "no time of day", format!("write `{} 07:30 ...`", line[0].text));
            return None;
        };
        let time = parse_time(clock, problems)?;
        let instants = each(DaySet::from_days(days.iter().copied()), time, config, from, until);
        if instants.is_empty() {
            problems.error(place(&line[..2]), "never within the scenario", "let it play longer, or remove the line");
            return None;
        }
        return Some((instants, &line[2..]));
    }
    let first_letter = line[0].text.chars().next().unwrap_or_default();
    if !first_letter.is_ascii_digit() {
        let advice = match nearest_name(line[0].text, REPEATED.map(|(word, _)| word)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "begin with a time, such as `17:10:00`, or `daily 07:30`".into(),
        };
        problems.error(line[0].place.clone(), "a line that does not say when", advice);
        return None;
    }
    let dated = line[0].text.contains('-');
    let date = if dated { Some(parse_date(&line[0], problems)?) } else { None };
    let Some(clock) = line.get(usize::from(dated)) else {
        problems.error(place(line), "no time of day", "write one such as `17:10:00` after the date");
        return None;
    };
    let time = parse_time(clock, problems)?;
    let rest = &line[usize::from(dated) + 1..];
    let when = place(&line[..=usize::from(dated)]);
    match date {
        Some(date) => once_on(date, time, config, last, until, when, problems),
        None => once_after(time, config, last, until, when, problems),
    }
    .map(|instant| (vec![instant], rest))
}

fn once_on(
    date: NaiveDate,
    time: NaiveTime,
    config: &Config,
    last: DateTime<Utc>,
    until: DateTime<Utc>,
    place: Range<usize>,
    problems: &Problems,
) -> Option<DateTime<Utc>> {
    let instants = on_clock(date, time, config);
    let Some(latest) = instants.last() else {
        problems.error(place, SKIPPED, "write the time at which they show again");
        return None;
    };
    if *latest < last {
        problems.error(place, "earlier than what stands above it", "put the lines in order of time");
        return None;
    }
    let instant = instants.iter().copied().find(|instant| *instant >= last)?;
    within(instant, until, place, problems)
}

/// The first time after the line above at which clocks show this.
fn once_after(
    time: NaiveTime,
    config: &Config,
    last: DateTime<Utc>,
    until: DateTime<Utc>,
    place: Range<usize>,
    problems: &Problems,
) -> Option<DateTime<Utc>> {
    let today = last.with_timezone(&config.hub.timezone).date_naive();
    let days = [today.checked_add_days(Days::new(0)), today.checked_add_days(Days::new(1))];
    let next = days.into_iter().flatten().flat_map(|date| on_clock(date, time, config)).find(|next| *next >= last);
    let Some(next) = next else {
        problems.error(place, SKIPPED, "write the time at which they show again");
        return None;
    };
    within(next, until, place, problems)
}

fn within(
    instant: DateTime<Utc>,
    until: DateTime<Utc>,
    place: Range<usize>,
    problems: &Problems,
) -> Option<DateTime<Utc>> {
    if instant >= until {
        problems.error(
            place,
            "after the end of the scenario",
            "let it play longer, or put the lines in order of time (a time without a date is the next such time)",
        );
        return None;
    }
    Some(instant)
}

/// The days of a set, from day to day; where clocks skip the time, at the jump, as hearthd's own schedules have it.
fn each(
    days: DaySet,
    time: NaiveTime,
    config: &Config,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let mut date = from.with_timezone(&config.hub.timezone).date_naive();
    let mut instants = Vec::new();
    loop {
        let seconds = i32::try_from((time - NaiveTime::MIN).num_seconds()).unwrap_or_default();
        let Some(instant) = crate::almanac::local_instant(date, seconds, config.hub.timezone) else { break };
        if instant >= until {
            break;
        }
        if instant >= from && days.contains(date.weekday().num_days_from_monday()) {
            instants.push(instant);
        }
        let Some(next) = date.succ_opt() else { break };
        date = next;
    }
    instants
}

/// The instants at which clocks show this: none, one, or two.
fn on_clock(date: NaiveDate, time: NaiveTime, config: &Config) -> Vec<DateTime<Utc>> {
    let local = config.hub.timezone.from_local_datetime(&date.and_time(time));
    let (first, second) = (local.earliest(), local.latest());
    let mut instants: Vec<DateTime<Utc>> = [first, second].into_iter().flatten().map(|at| at.to_utc()).collect();
    instants.dedup();
    instants
}

fn parse_date(word: &Word<'_>, problems: &Problems) -> Option<NaiveDate> {
    let date =
        NaiveDate::parse_from_str(word.text, "%Y-%m-%d").ok().filter(|date| (1970..=2999).contains(&date.year()));
    if date.is_none() {
        problems.error(word.place.clone(), "not a date", "write one such as 2026-11-23");
    }
    date
}

fn parse_time(word: &Word<'_>, problems: &Problems) -> Option<NaiveTime> {
    let forms = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.3f"];
    let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(word.text, form).ok());
    if time.is_none() {
        problems.error(word.place.clone(), "not a time of day", "write one such as 17:10 or 17:10:30");
    }
    time
}
