//! What was other than in the weeks before, in words. Each says what it is, and what it was before.

use super::{
    WHOLE_DAY_H,
    past::{Piece, Stretch},
};
use crate::model::{Kind, PointSpec, duration};
use chrono::TimeDelta;
use std::time::Duration;

/// By this time before it is seen what is usual.
pub(super) const BEFORE: TimeDelta = TimeDelta::days(28);
/// Fewer days say nothing of what is usual,
const DAYS: usize = 7;
/// and fewer hours nothing of how restless a reading is.
const HOURS: usize = 100;
/// Fewer openings say nothing of how long a door is open.
const OPENINGS: usize = 10;
/// A change of less than this is none, hours a day.
const LEAST_H: f64 = 0.5;
/// Nor is one of fewer starts a day.
const LEAST_STARTS: f64 = 5.0;
/// Nor a door that is open for less than this longer.
const LEAST_OPEN: TimeDelta = TimeDelta::minutes(30);
/// The median absolute deviation of values that vary by chance, times this, is their standard deviation (Rousseeuw and Croux,
/// "Alternatives to the Median Absolute Deviation", 1993).
const MAD: f64 = 1.4826;
/// So many standard deviations from the median are no chance.
const FAR: f64 = 4.0;
/// So many times the usual restlessness is noise.
const NOISY: f64 = 3.0;

/// The time that is told of, and the time before.
pub(super) struct Both {
    pub before: Vec<Piece>,
    pub now: Vec<Piece>,
}

impl Both {
    /// A value of each day that is known nearly whole: of the days before, and the mean of those that are told of; None: too
    /// few to say.
    fn days(&self, value: impl Fn(&Piece) -> f64) -> Option<(Vec<f64>, f64)> {
        let whole = |pieces: &[Piece]| -> Vec<f64> {
            pieces.iter().filter(|piece| piece.span.known_s >= WHOLE_DAY_H * 3_600.0).map(&value).collect()
        };
        let (before, now) = (whole(&self.before), whole(&self.now));
        let enough = before.len() >= DAYS && !now.is_empty();
        enough.then(|| (before, now.iter().sum::<f64>() / now.len() as f64))
    }
}

/// Whether a value is far from those of before; `least`: less apart is never far.
fn is_far(before: &[f64], now: f64, least: f64) -> bool {
    let middle = median(before);
    let deviations: Vec<f64> = before.iter().map(|value| (value - middle).abs()).collect();
    (now - middle).abs() > (FAR * MAD * median(&deviations)).max(least).max(middle.abs() * 0.5)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
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

/// What runs longer or shorter, or goes on more often, than it did.
pub(super) fn running(spec: &PointSpec, both: &Both) -> Option<String> {
    let name = &spec.title;
    let (before, now) = both.days(|piece| piece.span.on_s.unwrap_or(0.0) / 3_600.0)?;
    if is_far(&before, now, LEAST_H) {
        let (least, most) = range(&before);
        let [now, middle, least, most] = [now, median(&before), least, most].map(spell);
        return Some(format!("{name} was on for {now} a day; before, for {middle} ({least} to {most})"));
    }
    let (before, now) = both.days(|piece| piece.span.starts.unwrap_or(0) as f64)?;
    is_far(&before, now, LEAST_STARTS).then(|| {
        let (least, most) = range(&before);
        format!("{name} went on {now:.0} times a day; before, {:.0} times ({least:.0} to {most:.0})", median(&before))
    })
}

/// What is open when it is on.
pub(super) fn is_opening(spec: &PointSpec) -> bool {
    matches!(spec.kind, Kind::Switch(_)) && spec.state_word(true) == "open"
}

/// A door that was open for longer than ever.
pub(super) fn open(spec: &PointSpec, before: &[Stretch], longest: Option<Stretch>) -> Option<String> {
    let longest = longest?;
    let ever = before.iter().map(Stretch::length).max().filter(|_| before.len() >= OPENINGS)?;
    (longest.length() > ever + LEAST_OPEN.max(ever)).then(|| {
        let [now, ever] = [longest.length(), ever].map(|length| spell(length.num_seconds() as f64 / 3_600.0));
        let since = longest.from.format("%a %-d %b %H:%M");
        format!("{} was open for {now} from {since}; before, for {ever} at the most", spec.title)
    })
}

/// A reading that does not move any more.
pub(super) fn stuck(spec: &PointSpec, both: &Both, decimals: usize) -> Option<String> {
    let (before, _) = both.days(|piece| piece.span.max - piece.span.min)?;
    let whole: Vec<&Piece> = both.now.iter().filter(|piece| piece.span.known_s >= WHOLE_DAY_H * 3_600.0).collect();
    let last = *whole.last()?;
    let stands =
        whole.iter().rev().take_while(|piece| piece.span.min == piece.span.max && piece.span.min == last.span.min);
    let days = stands.count();
    // It moved on nine days of ten.
    let moved = before.iter().filter(|range| **range > 0.0).count() * 10 >= before.len() * 9;
    (days >= 1 && moved).then(|| {
        let unit = unit(spec);
        format!(
            "{} is {:.decimals$}{unit} all the time for {days} day{}; before, it moved by {:.decimals$}{unit} a day: look at its sensor",
            spec.title,
            last.span.min,
            if days == 1 { "" } else { "s" },
            median(&before)
        )
    })
}

/// A reading that is more restless, hour by hour, than it was.
pub(super) fn noisy(spec: &PointSpec, hours: &Both, decimals: usize) -> Option<String> {
    let ranges =
        |pieces: &[Piece]| -> Vec<f64> { pieces.iter().map(|piece| piece.span.max - piece.span.min).collect() };
    let (before, now) = (ranges(&hours.before), ranges(&hours.now));
    if before.len() < HOURS || now.len() < WHOLE_DAY_H as usize {
        return None;
    }
    let (usual, now) = (median(&before), median(&now));
    // Three steps of its last decimal are no noise.
    let least = 3.0 * 10f64.powi(-i32::try_from(decimals).unwrap_or(0));
    (now > NOISY * usual && now > least).then(|| {
        let unit = unit(spec);
        format!(
            "{} moves by {now:.decimals$}{unit} within an hour; before, by {usual:.decimals$}{unit}: look at its wires and its sensor",
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
