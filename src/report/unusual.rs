//! What was other than in the weeks before, in words. Each says what it is, and what it was before.

use super::WHOLE_DAY_H;
use crate::{
    house::past::{Piece, Stretch, Time},
    model::{Kind, PointSpec, Quantity, Role, duration},
};
use chrono::{NaiveDate, TimeDelta};
use std::{collections::BTreeMap, time::Duration};

/// By this time before it is seen what is usual, hour by hour and of doors.
pub(super) const BEFORE: TimeDelta = TimeDelta::days(28);
/// What is used day by day is compared with the same weekdays of so many times before,
const TIMES: i64 = 4;
/// of which so many must be known.
const TIMES_KNOWN: usize = 3;
/// Fewer days say nothing of how a reading moves,
const DAYS: usize = 7;
/// and fewer hours nothing of how restless it is.
const HOURS: usize = 100;
/// What stands still for fewer days may do so by chance.
const STANDS: usize = 2;
/// Fewer openings say nothing of how long a door is open.
const OPENINGS: usize = 10;
/// A change of less than this is none, hours a day.
const LEAST_H: f64 = 0.5;
/// Nor is one of fewer starts a day.
const LEAST_STARTS: f64 = 5.0;
/// Nor a door that is open for less than this longer.
const LEAST_OPEN: TimeDelta = TimeDelta::minutes(30);
/// The air moves by itself: of these it is known by how much within an hour at most in a room or outside, unless something is
/// wrong. What others do depends on how they are used.
const AIR: [(Quantity, f64); 3] = [(Quantity::Temperature, 3.0), (Quantity::Humidity, 15.0), (Quantity::Pressure, 3.0)];

/// By so many times as much as before a reading moves that is noisier than ever, whatever others do,
const MUCH_MORE: f64 = 4.0;
/// if it is at least so small a part of what air moves by: less may come of a room that is warmed now.
const NOTICED: f64 = 3.0;

/// The time that is told of, and the time before.
pub(super) struct Both {
    /// The day that is not over.
    pub today: NaiveDate,
    pub before: Vec<Piece>,
    pub now: Vec<Piece>,
}

/// How long before that which is told of it is asked for: the same weekdays, some times.
pub(super) fn before(time: Time) -> TimeDelta {
    TimeDelta::days(week(&time) * TIMES)
}

/// As many days as are told of, up to a whole week: as far apart are the same weekdays.
fn week(time: &Time) -> i64 {
    ((time.to.date_naive() - time.from.date_naive()).num_days() + 6).max(7) / 7 * 7
}

impl Both {
    /// A value of each day that is known nearly whole: the mean of those that are told of, and of the same weekdays each time
    /// before; None: too few to say.
    fn means(&self, value: impl Fn(&Piece) -> f64) -> Option<(f64, Vec<f64>)> {
        let of_day = |pieces: &[Piece]| -> BTreeMap<NaiveDate, f64> {
            let whole = pieces.iter().filter(|piece| piece.span.known_s >= WHOLE_DAY_H * 3_600.0);
            whole.map(|piece| (piece.at.date_naive(), value(piece))).collect()
        };
        let (before, mut now) = (of_day(&self.before), of_day(&self.now));
        now.retain(|date, _| *date < self.today);
        let (first, last) = (now.keys().next()?, now.keys().next_back()?);
        let apart = ((*last - *first).num_days() + 7) / 7 * 7;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let times = (1..=TIMES).filter_map(|ago| {
            let days = now.keys().filter_map(|date| before.get(&(*date - TimeDelta::days(ago * apart))).copied());
            let days: Vec<f64> = days.collect();
            // Half of them tell of all.
            (days.len() * 2 > now.len()).then(|| mean(&days))
        });
        let times: Vec<f64> = times.collect();
        let values: Vec<f64> = now.values().copied().collect();
        (times.len() >= TIMES_KNOWN).then(|| (mean(&values), times))
    }
}

/// Whether a value is far from all those of before; `least`: less apart is never far.
fn is_far(now: f64, before: &[f64], least: f64) -> bool {
    let (low, high) = range(before);
    let apart = least.max(high - low).max(median(before) * 0.5);
    now > high + apart || now < low - apart
}

fn median(values: &[f64]) -> f64 {
    share(values, 0.5)
}

/// The value that so much of them is at most.
fn share(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1)) as f64 * share;
    sorted.get(place.round() as usize).copied().unwrap_or(0.0)
}

fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// `5h 20m`, of hours.
pub(super) fn spell(hours: f64) -> String {
    let minutes = (hours * 60.0).round().max(0.0) as u64;
    if minutes == 0 { "0m".into() } else { duration::spell(Duration::from_secs(minutes * 60)) }
}

/// What runs longer or shorter, or goes on more or less often, than it did on the same weekdays before.
pub(super) fn running(spec: &PointSpec, both: &Both) -> Option<String> {
    let name = &spec.title;
    let (now, before) = both.means(|piece| piece.span.on_s.unwrap_or(0.0) / 3_600.0)?;
    if is_far(now, &before, LEAST_H) {
        let (least, most) = range(&before);
        let [now, least, most] = [now, least, most].map(spell);
        return Some(format!("{name} was on for {now} a day; before, on the same weekdays, for {least} to {most}"));
    }
    let (now, before) = both.means(|piece| piece.span.starts.unwrap_or(0) as f64)?;
    is_far(now, &before, LEAST_STARTS).then(|| {
        let (least, most) = range(&before);
        format!("{name} went on {now:.0} times a day; before, on the same weekdays, {least:.0} to {most:.0} times")
    })
}

/// A door, a window or whatever else is seen to be open.
pub(super) fn is_opening(spec: &PointSpec) -> bool {
    spec.role == Role::Input && matches!(spec.kind, Kind::Switch(_)) && spec.state_word(true) == "open"
}

/// A door that was open for longer than ever.
pub(super) fn open(spec: &PointSpec, before: &[Stretch], now: &[Stretch]) -> Option<String> {
    let longest = now.iter().max_by_key(|stretch| stretch.length())?;
    let ever = before.iter().map(Stretch::length).max().filter(|_| before.len() >= OPENINGS)?;
    (longest.length() > ever + LEAST_OPEN.max(ever)).then(|| {
        let [now, ever] = [longest.length(), ever].map(|length| spell(length.num_seconds() as f64 / 3_600.0));
        let since = longest.from.format("%a %-d %b %H:%M");
        format!("{} was open for {now} from {since}; before, for {ever} at the most", spec.title)
    })
}

/// Whether it is known how a reading moves by itself.
pub(super) fn is_of_air(spec: &PointSpec) -> bool {
    of_air(spec).is_some()
}

/// How much a reading of the air may move within an hour; None: it is another.
fn of_air(spec: &PointSpec) -> Option<f64> {
    let Kind::Number(number) = &spec.kind else { return None };
    AIR.into_iter().find(|(quantity, _)| Some(*quantity) == number.quantity).map(|(_, most)| most)
}

/// A reading of the air that does not move any more.
pub(super) fn stuck(spec: &PointSpec, both: &Both, decimals: usize) -> Option<String> {
    let whole = |pieces: &[Piece]| -> Vec<(f64, f64)> {
        let whole = pieces.iter().filter(|piece| piece.span.known_s >= WHOLE_DAY_H * 3_600.0);
        whole.map(|piece| (piece.span.min, piece.span.max)).collect()
    };
    let (before, now) = (whole(&both.before), whole(&both.now));
    let ranges: Vec<f64> = before.iter().map(|(min, max)| max - min).collect();
    // It moved on nine days of ten.
    let moved = ranges.iter().filter(|range| **range > 0.0).count() * 10 >= ranges.len() * 9;
    let last = now.last()?;
    let days = now.iter().rev().take_while(|day| day.0 == day.1 && *day == last).count();
    (before.len() >= DAYS && moved && days >= STANDS).then(|| {
        let unit = unit(spec);
        format!(
            "{} is {:.decimals$}{unit} all the time for {days} days; before, it moved by {:.decimals$}{unit} a day: look at its \
             sensor",
            spec.title,
            last.0,
            median(&ranges)
        )
    })
}

/// A reading of the air that is more restless, hour by hour, than it ever was.
pub(super) fn noisy(spec: &PointSpec, hours: &Both, decimals: usize) -> Option<String> {
    let most = of_air(spec)?;
    let ranges =
        |pieces: &[Piece]| -> Vec<f64> { pieces.iter().map(|piece| piece.span.max - piece.span.min).collect() };
    let (before, now) = (ranges(&hours.before), ranges(&hours.now));
    let usual = share(&before, 0.9);
    // Half of the hours are more restless than nearly all were before: much more, or more than air is by itself.
    let middle = median(&now);
    let enough = before.len() >= HOURS && now.len() >= WHOLE_DAY_H as usize;
    let is_far = middle >= most && middle > usual * 2.0;
    let is_other = middle >= most / NOTICED && middle > usual * MUCH_MORE;
    (enough && (is_far || is_other)).then(|| {
        let unit = unit(spec);
        format!(
            "{} moves by {middle:.decimals$}{unit} within an hour; before, by {usual:.decimals$}{unit} at the most, nearly always: look \
             at its wires and its sensor",
            spec.title
        )
    })
}

fn unit(spec: &PointSpec) -> String {
    match &spec.kind {
        Kind::Number(number) if !number.unit.sign().is_empty() => format!(" {}", number.unit.sign()),
        _ => String::new(),
    }
}
