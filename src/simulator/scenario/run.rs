//! A scenario played: time goes from one happening or wake-up to the next, and what the house does is logged.

use super::{
    Scenario,
    watch::{Change, Watch},
};
use crate::simulator::house::House;
use chrono::{DateTime, TimeZone, Timelike, Utc};

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
    text(&play(scenario), scenario)
}

fn play(scenario: &Scenario) -> Vec<Line> {
    let mut house = House::new(scenario.config.clone(), scenario.from);
    let mut watch = Watch::new(&house, &scenario.also);
    let mut lines = Vec::new();
    let mut happenings = scenario.happenings.iter().peekable();
    // What is said of the first instant was so before hearthd started.
    while let Some(timed) = happenings.next_if(|timed| timed.at == scenario.from && timed.what.is_of_the_world()) {
        timed.what.play(&mut house);
    }
    house.wake();
    look(&mut watch, &mut house, &mut lines);
    loop {
        let happens = happenings.peek().map(|timed| timed.at);
        let Some(next) = [house.next(), happens].into_iter().flatten().min().filter(|next| *next < scenario.until)
        else {
            return lines;
        };
        house.pass(next);
        let mut happened = false;
        while let Some(timed) = happenings.next_if(|timed| timed.at <= next) {
            if let Some((point, why)) = timed.what.play(&mut house) {
                let change = Change { point, what: String::new(), why };
                lines.push(Line { at: next, change });
            }
            look(&mut watch, &mut house, &mut lines);
            happened = true;
        }
        if !happened {
            house.wake();
            look(&mut watch, &mut house, &mut lines);
        }
    }
}

fn look(watch: &mut Watch, house: &mut House, lines: &mut Vec<Line>) {
    let at = house.time();
    for (command, refusal) in house.take_refused() {
        let change = Change { point: command.point, what: command.payload, why: format!("refused: {refusal}") };
        lines.push(Line { at, change });
    }
    lines.extend(watch.look(house).into_iter().map(|change| Line { at, change }));
}

/// `17:10:00  hall_light ON   rule: Hall light after dark`, with the date when there is more than one.
fn text(lines: &[Line], scenario: &Scenario) -> Vec<String> {
    let zone = scenario.config.hub.timezone;
    let date = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let several_days = date(scenario.from) != date(scenario.until - chrono::TimeDelta::milliseconds(1));
    let time = |at: DateTime<Utc>| {
        let local = at.with_timezone(&zone);
        let twice = zone.from_local_datetime(&local.naive_local()).latest()
            != zone.from_local_datetime(&local.naive_local()).earliest();
        let mut text = local.format(if several_days { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" }).to_string();
        if local.nanosecond() > 0 {
            text += &format!(".{:03}", local.nanosecond() / 1_000_000);
        }
        // In the hour that clocks show twice, which of the two it is.
        if twice { format!("{text} {}", local.format("%Z")) } else { text }
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
