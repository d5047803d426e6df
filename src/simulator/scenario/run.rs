//! A scenario played, and its log.

use super::Scenario;
use crate::{
    model::Config,
    simulator::{
        house::House,
        play::{Witness, play},
        watch::{Change, Watch},
        world::VirtualWorld,
    },
};
use chrono::{DateTime, TimeDelta, TimeZone, Timelike, Utc};

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The true time.
    pub at: DateTime<Utc>,
    /// What is another now.
    pub change: Change,
}

/// Plays a scenario and returns the lines of its log, set in columns.
pub fn log(scenario: &Scenario) -> Vec<String> {
    let mut logger = Logger { watch: Watch::new(&scenario.config, &scenario.also), lines: Vec::new() };
    play(scenario.play(1, None), &mut logger);
    columns(&logger.lines, &scenario.config, scenario.from, scenario.until)
}

struct Logger {
    watch: Watch,
    lines: Vec<Line>,
}

impl Witness for Logger {
    fn look(&mut self, house: &mut House, _: Option<&VirtualWorld>) {
        let at = house.time();
        self.lines.extend(self.watch.look(house).into_iter().map(|change| Line { at, change }));
    }

    fn note(&mut self, at: DateTime<Utc>, change: Change) {
        self.lines.push(Line { at, change });
    }
}

/// `17:10:00  hall_light ON   rule: Hall light after dark`, with the date when the time between `from` and `until` has more
/// than one.
pub fn columns(lines: &[Line], config: &Config, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<String> {
    let zone = config.hub.timezone;
    let date = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let several_days = date(from) != date(until - TimeDelta::milliseconds(1));
    let time = |at: DateTime<Utc>| {
        let local = at.with_timezone(&zone);
        let on_clocks = zone.from_local_datetime(&local.naive_local());
        let mut text = local.format(if several_days { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" }).to_string();
        if local.nanosecond() > 0 {
            text += &format!(".{:03}", local.nanosecond() / 1_000_000);
        }
        // In the hour that clocks show twice, which of the two it is.
        if on_clocks.earliest() != on_clocks.latest() { format!("{text} {}", zone.abbreviation(at)) } else { text }
    };
    let columns: Vec<(String, String, &str)> = lines
        .iter()
        .map(|line| {
            let what = format!("{} {}", line.change.point, line.change.what);
            (time(line.at), what.trim_end().to_owned(), line.change.why.as_str())
        })
        .collect();
    let width = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let (first, second) =
        (width(&mut columns.iter().map(|column| &column.0)), width(&mut columns.iter().map(|column| &column.1)));
    columns
        .iter()
        .map(|(time, what, why)| format!("{time:first$}  {what:second$}  {why}").trim_end().to_owned())
        .collect()
}
