//! Bars of a lane. What is too short to be seen one by one is drawn as its mean: a heater that is on for a quarter of each ten
//! minutes is a bar of a quarter of the height.

use super::{day::Scale, escape};
use crate::{model::Zone, simulator::report::text::spell};
use chrono::{DateTime, TimeDelta, Utc};

/// What is on, or kept off, for some time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// Its look.
    pub class: &'static str,
    /// From 0 to 1: its height.
    pub level: f64,
    /// What it is and why, for people.
    pub what: String,
    /// Its beginning.
    pub begin: DateTime<Utc>,
    /// Its end.
    pub end: DateTime<Utc>,
}

/// What is narrower is not drawn by itself when much of it follows each other closely, percent of the lane.
const NARROW: f64 = 0.8;
/// Up to so many that follow each other are drawn each by itself.
const FEW: usize = 2;
/// Means that differ by less are drawn as one.
const SIMILAR: f64 = 0.1;

/// The bars as they are drawn, in order of time: never more than some hundred.
pub(super) fn blended(bars: Vec<Bar>, scale: &Scale) -> Vec<Bar> {
    let width = |from: DateTime<Utc>, until: DateTime<Utc>| scale.percent(until) - scale.percent(from);
    let mut drawn = Vec::new();
    let mut close: Vec<Bar> = Vec::new();
    for bar in bars {
        let narrow = width(bar.begin, bar.end) < NARROW;
        let follows = close.last().is_some_and(|last| width(last.end, bar.begin) < NARROW);
        if !(narrow && follows) {
            drawn.extend(means(std::mem::take(&mut close), &width));
        }
        if narrow {
            close.push(bar);
        } else {
            drawn.push(bar);
        }
    }
    drawn.extend(means(close, &width));
    drawn
}

/// Narrow bars that follow each other closely, as means over stretches in which they are alike.
fn means(bars: Vec<Bar>, width: &impl Fn(DateTime<Utc>, DateTime<Utc>) -> f64) -> Vec<Bar> {
    if bars.len() <= FEW {
        return bars;
    }
    let mut all: Vec<Mean<'_>> = Vec::new();
    let ends = bars.iter().skip(1).map(|next| next.begin).chain(bars.last().map(|last| last.end));
    for (index, (bar, end)) in bars.iter().zip(ends).enumerate() {
        let cycle = Mean { first: bar, end, on_s: seconds(bar.end - bar.begin) * bar.level, count: 1 };
        if let Some(last) = all.last_mut() {
            let wide = width(last.first.begin, last.end) >= NARROW;
            // Of the last bar it is not known how long the pause after it is.
            let similar = index + 1 == bars.len() || (last.level() - cycle.level()).abs() < SIMILAR;
            let alike = last.first.class == bar.class && similar;
            if !wide || alike {
                (last.end, last.on_s, last.count) = (end, last.on_s + cycle.on_s, last.count + 1);
                continue;
            }
        }
        all.push(cycle);
    }
    all.iter().map(Mean::bar).collect()
}

/// Some bars with the pauses after them.
struct Mean<'b> {
    first: &'b Bar,
    end: DateTime<Utc>,
    /// Seconds at full level.
    on_s: f64,
    count: usize,
}

impl Mean<'_> {
    fn level(&self) -> f64 {
        (self.on_s / seconds(self.end - self.first.begin).max(0.001)).min(1.0)
    }

    fn bar(&self) -> Bar {
        let level = self.level();
        let what = match self.count {
            1 => self.first.what.clone(),
            count => format!("{count} times, {:.0} % on average, first:\n{}", level * 100.0, self.first.what),
        };
        Bar { level, what, end: self.end, ..self.first.clone() }
    }
}

/// It as markup.
pub(super) fn draw(bar: &Bar, zone: Zone, scale: &Scale) -> String {
    let (left, right) = (scale.percent(bar.begin), scale.percent(bar.end));
    let form = if bar.end - bar.begin < TimeDelta::seconds(2) { "%H:%M:%S%.3f" } else { "%H:%M:%S" };
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format(form).to_string();
    let side = if left > 55.0 { " end" } else { "" };
    let level = if bar.level < 0.995 { format!(";--level:{:.2}", bar.level) } else { String::new() };
    format!(
        "<i class=\"{}{side}\" tabindex=0 style=\"left:{left:.2}%;width:{:.2}%{level}\" data-t=\"{}–{} ({})\n{}\"></i>",
        bar.class,
        right - left,
        local(bar.begin),
        local(bar.end),
        spell(bar.end - bar.begin),
        escape(&bar.what)
    )
}

fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn day() -> (DateTime<Utc>, Scale) {
        let from = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        (from, Scale::new(from, from + TimeDelta::days(1)))
    }

    fn bar(from: DateTime<Utc>, begin_s: i64, length_s: i64) -> Bar {
        let begin = from + TimeDelta::seconds(begin_s);
        Bar { class: "bar", level: 1.0, what: "ON".into(), begin, end: begin + TimeDelta::seconds(length_s) }
    }

    #[test]
    fn a_heater_on_for_a_quarter_of_each_ten_minutes_is_a_quarter_high() {
        let (from, scale) = day();
        let quarter = (0..72).map(|cycle| bar(from, cycle * 600, 150));
        let most = (72..144).map(|cycle| bar(from, cycle * 600, 540));
        let drawn = blended(quarter.chain(most).collect(), &scale);
        assert_eq!(drawn.len(), 2, "{drawn:#?}");
        assert!((drawn[0].level - 0.25).abs() < 0.02 && (drawn[1].level - 0.9).abs() < 0.02, "{drawn:#?}");
        assert_eq!(drawn[0].end, drawn[1].begin);
        assert_eq!(drawn[0].what, "72 times, 25 % on average, first:\nON");
    }

    #[test]
    fn what_can_be_seen_is_drawn_as_it_is_and_noise_stays_small() {
        let (from, scale) = day();
        let seen = vec![bar(from, 0, 3_600), bar(from, 4_000, 300), bar(from, 40_000, 1)];
        assert_eq!(blended(seen.clone(), &scale), seen);
        let noise = (0..20_000).map(|index| bar(from, index * 4, index % 4)).collect();
        assert!(blended(noise, &scale).len() <= 125);
    }
}
