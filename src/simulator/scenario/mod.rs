//! Scenario files: a house, what happens to it, and the log of what it does. They are tests, documentation and the user's
//! dry run at once.
//!
//! ```text
//! The hall light goes on when somebody comes after dark, and off five minutes after the last motion.
//! --- house
//! [outputs.hall_light]
//! ...
//! --- from 2026-11-23 17:00 for 1h
//! 17:10:00  hall_motion on
//! 17:10:30  hall_motion off
//! --- log
//! 17:10:00  hall_light ON   rule: Hall light after dark while somebody is there
//! 17:15:30  hall_light OFF  default: nobody asks for anything
//! ```
//!
//! docs/scenarios.md is the whole description. A file is split into its `parts`, its lines become `happening`s at their
//! `time`s; `run` has them [played](super::play).

mod diff;
mod happening;
mod parts;
mod run;
mod time;

pub use happening::{Happening, Timed, happenings, unknown as unknown_point};
pub use run::{Line, columns, log};

use super::{
    play::Play,
    world::{Measured, VirtualWorld},
};
use crate::{
    config::{self, Problems, Report, Source},
    model::Config,
};
use chrono::{DateTime, Utc};
use parts::Parts;
use std::{ops::Range, sync::Arc};

/// A scenario that can be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows, for people.
    pub about: String,
    /// Its own house, or the one it was read for.
    pub config: Arc<Config>,
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it ends; that instant does not belong to it.
    pub until: DateTime<Utc>,
    happenings: Vec<Timed>,
    /// Whether people and weather move what the happenings do not.
    world: bool,
    /// Points whose every change is logged, besides the outputs.
    also: Vec<String>,
    text: String,
    /// The lines of the expected log; None: none is written down.
    expected: Option<Range<usize>>,
}

/// Whether a scenario file has a house of its own.
pub fn has_house(text: &str) -> bool {
    Parts::of(text, &Problems::default()).house.is_some()
}

/// Reads a scenario. One without a house is for `usual`.
///
/// # Errors
/// All problems, with their lines and columns in the file.
pub fn read(source: &Source, usual: Option<&Arc<Config>>) -> Result<Scenario, Report> {
    let problems = Problems::default();
    let parts = Parts::of(&source.text, &problems);
    let config = match (&parts.house, usual) {
        (Some(house), _) => Some(Arc::new(own_house(source, house)?)),
        (None, Some(usual)) => Some(usual.clone()),
        (None, None) => {
            problems.error(
                0..0,
                "the scenario has no house of its own",
                "add a line `--- house` and below it a configuration, or name one with --config",
            );
            None
        }
    };
    let span = parts.span.as_ref().zip(config.as_ref()).and_then(|(span, config)| time::span(span, config, &problems));
    let mut happenings = Vec::new();
    if let (Some(config), Some((from, until))) = (&config, span) {
        happenings = time::schedule(&parts.lines, config, from, until, &problems);
        for point in parts.also.iter().filter(|point| config.find_point(point.text).is_none()) {
            let (message, advice) = happening::unknown(point.text, config);
            problems.error(point.place.clone(), message, advice);
        }
    }
    problems.settle(source)?;
    let (Some(config), Some((from, until))) = (config, span) else {
        return Err(Report::about_file(
            &source.path,
            "the scenario is not whole".into(),
            "write the parts of docs/scenarios.md".into(),
        ));
    };
    Ok(Scenario {
        about: parts.about.trim().to_owned(),
        config,
        from,
        until,
        happenings,
        world: parts.world,
        also: parts.also.iter().map(|point| point.text.to_owned()).collect(),
        expected: parts.log.clone(),
        text: source.text.clone(),
    })
}

impl Scenario {
    /// It, ready to be played. `seed` and `measured` are for the world of one that has a world.
    pub fn play(&self, seed: u64, measured: Option<Measured>) -> Play {
        let world = self.world.then(|| VirtualWorld::new(&self.config, self.from, seed, measured));
        Play {
            config: self.config.clone(),
            from: self.from,
            until: self.until,
            happenings: self.happenings.clone(),
            world,
        }
    }

    /// The file with this log in the place of the old one.
    pub fn with_log(&self, log: &[String]) -> String {
        let lines: String = log.iter().map(|line| format!("{line}\n")).collect();
        match &self.expected {
            Some(place) => format!("{}{lines}", &self.text[..place.start]),
            None => format!("{}\n--- log\n{lines}", self.text.trim_end()),
        }
    }

    /// How a log differs from the expected one, line by line; nothing when it does not, or none is expected.
    pub fn difference(&self, log: &[String]) -> Option<String> {
        let expected: Vec<&str> =
            self.text[self.expected.clone()?].lines().filter(|line| !line.trim().is_empty()).collect();
        diff::lines(&expected, log)
    }

    /// Whether people and weather move what its lines do not.
    pub fn has_world(&self) -> bool {
        self.world
    }

    /// Whether it says what is expected of it.
    pub fn has_log(&self) -> bool {
        self.expected.is_some()
    }
}

/// The configuration within a scenario. What stands before it is blanked, so that problems have their lines in the file.
fn own_house(source: &Source, house: &Range<usize>) -> Result<Config, Report> {
    let before = &source.text[..house.start];
    let body = &source.text[house.clone()];
    let hub = if body.lines().any(|line| line.trim_start().starts_with("[hub]")) { "" } else { USUAL_HUB };
    let blank: String = before.chars().filter(|c| *c == '\n').collect();
    Ok(config::parse(&source.path, &format!("{hub}{blank}{body}"))?.config)
}

/// A house without a hub stands here. It goes into the first line, which is never the house's.
const USUAL_HUB: &str = "hub = { id = \"house\", latitude = 52.37, longitude = 4.89, timezone = \"Europe/Amsterdam\" }";
