//! `hearthd test`: what a user expects of the house, tried on the real engine.

use super::{
    house::House,
    scenario::{Happening, Timed, happenings, unknown_point},
};
use crate::{
    config::{
        Entry, Expectation, Problems, Report, Source, Step, expectations, nearest_name, refused_command, state_meaning,
        state_words,
    },
    model::{
        Ask, Config, Hold, Level, OutputId, Point, PointState, Value,
        number::{self, Amount},
    },
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use std::{fmt, sync::Arc, time::Duration};

/// The house has been running for this long, with nothing going on, so that no minimum time of its start is in the way.
const BEFORE: TimeDelta = TimeDelta::hours(1);

/// Why not all tests of a file came true. Displays as several lines without a line break at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The file cannot be used.
    Unusable(Report),
    /// Some of its tests did not come true.
    Untrue {
        /// What came otherwise, each at its place in the file.
        report: Report,
        /// How many tests did not come true.
        failed: usize,
        /// How many there are.
        tests: usize,
    },
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure::Unusable(report)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unusable(report) => report.fmt(f),
            // One test alone needs no count.
            Failure::Untrue { report, tests: 1, .. } => report.fmt(f),
            Failure::Untrue { report, failed, tests } => {
                write!(f, "{report}\n\n{failed} of {tests} tests did not come true")
            }
        }
    }
}

/// Runs all tests of a file on a house. Returns how many there are when all came true.
///
/// # Errors
/// All that is wrong with the file; otherwise, what did not come true.
pub fn run(source: &Source, config: &Arc<Config>) -> Result<usize, Failure> {
    let problems = Problems::default();
    let tests = expectations(source, &problems)?;
    let stories: Vec<Story<'_>> = tests.iter().filter_map(|test| Story::new(test, config, &problems)).collect();
    problems.settle(source)?;
    let failures = Problems::default();
    let failed = stories.iter().filter(|story| !story.play(&failures)).count();
    match failures.settle(source) {
        Ok(_) => Ok(stories.len()),
        Err(report) => Err(Failure::Untrue { report, failed, tests: stories.len() }),
    }
}

/// A test whose names are found.
struct Story<'t> {
    test: &'t Expectation,
    config: &'t Arc<Config>,
    at: DateTime<Utc>,
}

impl<'t> Story<'t> {
    fn new(test: &'t Expectation, config: &'t Arc<Config>, problems: &Problems) -> Option<Story<'t>> {
        let (local, place) = &test.at;
        let at = config.hub.timezone.from_local_datetime(local).earliest();
        if at.is_none() {
            problems.error(
                place.clone(),
                "clocks skip this time on that day",
                "write the time at which they show again",
            );
        }
        for step in &test.steps {
            given(step, config, problems);
            for expected in &step.expect {
                if find(expected, config, problems).is_some() {
                    check_value(expected, config, problems);
                }
            }
            for expected in &step.why {
                if let Some(point) = find(expected, config, problems)
                    && !matches!(point, Point::Output(_))
                {
                    problems.error(expected.point_place.clone(), "only outputs have a reason", "write an output");
                }
            }
        }
        Some(Story { test, config, at: at?.to_utc() })
    }

    /// Returns whether it came true.
    fn play(&self, failures: &Problems) -> bool {
        let mut house = House::new(self.config.clone(), self.at - BEFORE);
        house.wake();
        let mut came_true = true;
        let mut time = self.at;
        let mut happenings: Vec<Timed> = Vec::new();
        for step in &self.test.steps {
            time += TimeDelta::from_std(step.after).unwrap_or_default();
            for (after, what) in given(step, self.config, &Problems::default()) {
                happenings.push(Timed { at: time + TimeDelta::from_std(after).unwrap_or_default(), what });
            }
            happenings.sort_by_key(|timed| timed.at);
            // What a step before this one has begun (`on for 30s`) may end only after it.
            let later = happenings.split_off(happenings.partition_point(|timed| timed.at <= time));
            for timed in std::mem::replace(&mut happenings, later) {
                pass(&mut house, timed.at);
                timed.what.play(&mut house);
            }
            pass(&mut house, time);
            house.wake();
            came_true &= self.compare(step, &house, failures);
        }
        came_true
    }

    fn compare(&self, step: &Step, house: &House, failures: &Problems) -> bool {
        let mut all_so = true;
        let at = house.time().with_timezone(&self.config.hub.timezone).format("%H:%M:%S");
        let state = |entry: &Entry| {
            let point = self.config.find_point(&entry.point)?;
            Some(house.engine().point_state(point, house.now()))
        };
        let line = |state: &PointState| state.explanation.as_ref().map(|explanation| explanation.line.clone());
        for expected in &step.expect {
            let Some(state) = state(expected) else { continue };
            let position = match state.point {
                Point::Output(id) => house.engine().position(id, house.now()),
                _ => None,
            };
            if is_so(&state, expected, position, self.config) {
                continue;
            }
            let found = state.known_text().unwrap_or_else(|| "unknown".into());
            let message = format!("\"{}\": at {at} {} is {found}", self.test.name, expected.point);
            let advice = line(&state).unwrap_or_else(|| format!("expected {}", expected.value));
            failures.error(expected.value_place.clone(), message, advice);
            all_so = false;
        }
        for expected in &step.why {
            let Some(line) = state(expected).as_ref().and_then(line) else { continue };
            if !line.contains(&expected.value) {
                let message = format!("\"{}\": at {at} {} has another reason", self.test.name, expected.point);
                failures.error(expected.value_place.clone(), message, line);
                all_so = false;
            }
        }
        all_so
    }
}

/// Lets the house live on to `time`.
fn pass(house: &mut House, time: DateTime<Utc>) {
    while let Some(next) = house.next().filter(|next| *next <= time) {
        house.pass(next);
        house.wake();
    }
    house.pass(time);
}

/// What a step gives and lets happen.
fn given(step: &Step, config: &Config, problems: &Problems) -> Vec<(Duration, Happening)> {
    let mut all = Vec::new();
    for entry in &step.given {
        let is_read = matches!(config.find_point(&entry.point), Some(Point::Input(_) | Point::Reading(..)))
            || config.find_sensor(&entry.point).is_some()
            || matches!(entry.point.as_str(), "clock" | "broker");
        let line = format!("{}{} {}", if is_read { "" } else { "set " }, entry.point, entry.value);
        if !is_read {
            if find(entry, config, problems).is_none() {
                continue;
            }
            let (value, hold) = match entry.value.split_once(" for ") {
                // What is wrong with how long it holds, its line says below.
                Some((value, hold)) => (value, Some(Hold::parse(hold).unwrap_or(Hold::Time(Duration::ZERO)))),
                None => (entry.value.as_str(), None),
            };
            // What no command understands makes no test.
            if let Some((message, advice)) = refused_command(&entry.point, value, hold, config) {
                problems.error(entry.value_place.clone(), message, advice);
                continue;
            }
        }
        all.extend(happenings(&line, &entry.value_place, config, problems));
    }
    for line in &step.happens {
        all.extend(happenings(&line.text, &line.place, config, problems));
    }
    all
}

fn find(entry: &Entry, config: &Config, problems: &Problems) -> Option<Point> {
    let point = config.find_point(&entry.point);
    if point.is_none() {
        let (message, advice) = unknown_point(&entry.point, config);
        problems.error(entry.point_place.clone(), message, advice);
    }
    point
}

/// That what is expected can be at all.
fn check_value(expected: &Entry, config: &Config, problems: &Problems) {
    let Some(point) = config.find_point(&expected.point) else { return };
    let word = expected.value.to_lowercase();
    let possible = match point {
        Point::Output(id) => wanted(id, &word, config).is_some() || matches!(&*word, "opening" | "closing" | "stopped"),
        Point::Input(_) | Point::Occupied(_) | Point::Asleep(_) => state_meaning(&word, point, config).is_some(),
        Point::Reading(..) => number::plain(&expected.value).is_some(),
        _ => true,
    };
    if !possible && !UNKNOWN.contains(&&*word) {
        let words = match point {
            Point::Output(id) => {
                config.words(id).map(|(word, _)| word).filter(|word| !MOMENTARY.contains(word)).collect()
            }
            _ => state_words(point, config).collect::<Vec<_>>(),
        };
        let advice = match nearest_name(&word, words) {
            _ if matches!(point, Point::Reading(..)) => "write a number, or \"unknown\" where it is lost".into(),
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write \"on\", \"off\", \"unknown\" or a level from 0 to 100".into(),
        };
        let message = format!("`{}` is never {}", expected.point, expected.value);
        problems.error(expected.value_place.clone(), message, advice);
    }
}

/// What is expected of a point of which nothing good is known.
const UNKNOWN: [&str; 2] = ["unknown", "lost"];

/// What is done once, and no state.
const MOMENTARY: [&str; 4] = ["toggle", "auto", "stop", "close"];

/// What an output is expected to be, in the words of commands.
fn wanted(id: OutputId, text: &str, config: &Config) -> Option<Ask> {
    let at_level = || Some(Ask::Level(Level::new(number::plain(text.trim_end_matches('%').trim_end())? as u8)?));
    let ask = config.ask(id, text).ok().or_else(at_level)?;
    matches!(ask, Ask::On | Ask::Off | Ask::Level(_)).then_some(ask)
}

/// Whether a point has the value that is expected.
fn is_so(state: &PointState, expected: &Entry, position: Option<Level>, config: &Config) -> bool {
    let word = expected.value.to_lowercase();
    let is_unknown = state.known_text().is_none();
    if is_unknown || UNKNOWN.contains(&&*word) {
        return is_unknown && UNKNOWN.contains(&&*word);
    }
    if let Point::Output(id) = state.point
        && let Some(ask) = wanted(id, &word, config)
    {
        return match (ask, state.value.as_ref()) {
            (Ask::Level(level), Some(Value::Word(_))) => position == Some(level),
            // Of a cover on its way, its word tells.
            (ask, Some(Value::Word(now))) => **now == *if ask == Ask::On { "open" } else { "closed" },
            (Ask::Level(level), Some(Value::Level(now))) => *now == level,
            (ask, Some(Value::Level(now))) => now.is_on() == (ask == Ask::On),
            _ => false,
        };
    }
    match &state.value {
        Some(Value::Level(now)) => Amount::read(&expected.value, "%") == Some(Amount::To(now.percent().into())),
        Some(Value::Switch(on)) => state_meaning(&word, state.point, config) == Some(*on),
        Some(Value::Number(number)) => {
            number::plain(&expected.value).is_some_and(|wanted| (wanted - number).abs() < 0.005)
        }
        Some(Value::Word(now)) => **now == *word,
        None => false,
    }
}
