//! What is noted while a simulation runs: only changes, so that a year fits into memory.

use crate::{
    model::{ClimateFacet, Config, EventUse, Explanation, Level, OutputId, Point, Quality, RuleId, Slot, Truth, Value},
    simulator::{
        house::{Ending, House},
        play::Witness,
        scenario::Line,
        watch::{self, Change, Watch},
        world::VirtualWorld,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// The course of a simulation.
pub struct Recording {
    /// The house.
    pub config: Arc<Config>,
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended.
    pub until: DateTime<Utc>,
    /// In the order of the file.
    pub outputs: Vec<Vec<Span>>,
    /// When each rule became what, in the order of the file. Nothing: hearthd did not run.
    pub rules: Vec<Vec<(DateTime<Utc>, Option<Truth>)>>,
    /// What became of the events of each rule with `on`, in the order of the file.
    pub events: Vec<EventUse>,
    /// When hearthd ended, and how, and when it ran again.
    pub absences: Vec<(DateTime<Utc>, Option<Ending>)>,
    /// Inputs, rooms, readings and whatever else has a value, in the order of the points.
    pub tracks: Vec<(Point, Track)>,
    /// The temperature outside, in equal steps, if there was a world.
    pub outdoor: Vec<(DateTime<Utc>, f64)>,
    /// Every change, in a run of up to a week; in a longer one only trouble.
    pub lines: Vec<Line>,
    /// Whether `lines` are all changes.
    pub complete: bool,
    sample_every: TimeDelta,
    next_sample: DateTime<Utc>,
    watch: Watch,
}

/// An output from `from` until the next span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// What the wire carried.
    pub level: Level,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    Explained(Arc<Explanation>),
    /// hearthd did not run.
    Absent(String),
}

impl Span {
    /// The slot that won; nothing while hearthd did not run.
    pub fn winner(&self) -> Option<Slot> {
        self.explanation().map(|explanation| explanation.winner)
    }

    /// The priority array; nothing while hearthd did not run.
    pub fn explanation(&self) -> Option<&Explanation> {
        match &self.why {
            Why::Explained(explanation) => Some(explanation),
            Why::Absent(_) => None,
        }
    }

    /// The winning slot and its cause, in a line.
    pub fn why(&self) -> &str {
        match &self.why {
            Why::Explained(explanation) => &explanation.line,
            Why::Absent(text) => text,
        }
    }
}

/// The course of a point that is no output. Nothing: it was not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Track {
    /// Of an input or a room, at each change.
    Binary(Vec<(DateTime<Utc>, Option<bool>)>),
    /// Of a number, in equal steps.
    Number(Vec<(DateTime<Utc>, Option<f64>)>),
    /// Of a word: of the mode of the house and of alarms at each change, of others in equal steps.
    Word(Vec<(DateTime<Utc>, Option<Arc<str>>)>),
}

/// How many samples a run has, and the bounds of the time between two.
const SAMPLES: i32 = 400;
const SAMPLE_MIN: TimeDelta = TimeDelta::seconds(10);
const SAMPLE_MAX: TimeDelta = TimeDelta::minutes(15);

/// Up to here every change is told.
const COMPLETE_UP_TO: TimeDelta = TimeDelta::days(7);

impl Recording {
    /// Of a run between two instants, before it begins.
    pub fn new(config: &Arc<Config>, from: DateTime<Utc>, until: DateTime<Utc>) -> Recording {
        let sample_every = ((until - from) / SAMPLES).clamp(SAMPLE_MIN, SAMPLE_MAX);
        let samples = (until - from).num_milliseconds() / sample_every.num_milliseconds() + 1;
        let numbers = || Track::Number(Vec::with_capacity(usize::try_from(samples).unwrap_or(0)));
        let track = |point| match point {
            Point::Output(_) | Point::OutputFacet(..) => None,
            Point::Input(_) | Point::Occupied(_) | Point::Asleep(_) => Some((point, Track::Binary(Vec::new()))),
            Point::Reading(..) => Some((point, numbers())),
            Point::Climate(_, facet) if facet.is_temperature() => Some((point, numbers())),
            Point::Climate(..) | Point::Mode | Point::Event(_) => Some((point, Track::Word(Vec::new()))),
        };
        Recording {
            config: config.clone(),
            from,
            until,
            outputs: vec![Vec::new(); config.outputs.len()],
            rules: vec![Vec::new(); config.rules.len()],
            events: vec![EventUse::default(); config.events.len()],
            absences: Vec::new(),
            tracks: config.points().filter_map(track).collect(),
            outdoor: Vec::new(),
            lines: Vec::new(),
            complete: until - from <= COMPLETE_UP_TO,
            sample_every,
            next_sample: from,
            watch: Watch::new(config, &[]),
        }
    }

    fn look_at_outputs(&mut self, house: &House, at: DateTime<Utc>) {
        for (index, spans) in self.outputs.iter_mut().enumerate() {
            let id = OutputId(index);
            let level = house.wire(id);
            let explanation = house.engine().explanation(id);
            let ended = house.ended_by().is_some();
            let unchanged = spans.last().is_some_and(|last| {
                last.level == level
                    && match (&last.why, explanation) {
                        (Why::Explained(before), Some(now)) => !ended && Arc::ptr_eq(before, now),
                        (Why::Absent(_), _) => ended,
                        (Why::Explained(_), None) => false,
                    }
            });
            if unchanged {
                continue;
            }
            let why = match explanation {
                Some(explanation) if !ended => Why::Explained(explanation.clone()),
                _ => Why::Absent(watch::why(house, id)),
            };
            // Several decisions of one instant are one.
            if spans.last().is_some_and(|last| last.from == at) {
                spans.pop();
            }
            spans.push(Span { from: at, level, why });
        }
    }

    fn look_at_rules(&mut self, house: &House, at: DateTime<Utc>) {
        for (index, changes) in self.rules.iter_mut().enumerate() {
            let truth = house.ended_by().is_none().then(|| house.engine().rule_truth(RuleId(index)));
            if changes.last().is_none_or(|(_, before)| *before != truth) {
                changes.push((at, truth));
            }
        }
        // They are sums: it is enough to ask for them at the end.
        if at >= self.until {
            self.events = (0..self.events.len()).map(|event| house.event_use(event)).collect();
        }
    }

    fn look_for_absence(&mut self, house: &House, at: DateTime<Utc>) {
        let ended = house.ended_by();
        if self.absences.last().map_or(ended.is_some(), |(_, before)| *before != ended) {
            self.absences.push((at, ended));
        }
    }

    fn look_at_points(&mut self, house: &House, at: DateTime<Utc>, sample: bool) {
        let now = house.now();
        for (point, track) in &mut self.tracks {
            let value = || {
                let state = house.engine().plain_state(*point, now);
                state.value.filter(|_| state.quality == Quality::Good)
            };
            match track {
                Track::Binary(changes) => {
                    let value = match house.engine().truth(*point) {
                        Truth::True => Some(true),
                        Truth::False => Some(false),
                        Truth::Unknown => None,
                    };
                    if changes.last().is_none_or(|(_, before)| *before != value) {
                        changes.push((at, value));
                    }
                }
                Track::Number(samples) if sample => samples.push((at, house.engine().number(*point, now))),
                Track::Word(changes) if sample || is_rare(*point) => {
                    let word = match value() {
                        Some(Value::Word(word)) => Some(word),
                        _ => None,
                    };
                    if changes.last().is_none_or(|(_, before)| *before != word) {
                        changes.push((at, word));
                    }
                }
                Track::Number(_) | Track::Word(_) => {}
            }
        }
    }
}

impl Witness for Recording {
    fn look(&mut self, house: &mut House, world: Option<&VirtualWorld>) {
        let at = house.time();
        let sample = at >= self.next_sample;
        if sample {
            while self.next_sample <= at {
                self.next_sample += self.sample_every;
            }
            self.outdoor.extend(world.map(|world| (at, world.outdoor_c(at))));
        }
        self.look_for_absence(house, at);
        self.look_at_outputs(house, at);
        self.look_at_rules(house, at);
        // Nobody reads anything while hearthd does not run.
        if house.ended_by().is_none() {
            self.look_at_points(house, at, sample);
        }
        // In a long run only trouble is told, and looking for it each time would take longer than all the rest.
        let changes = match (self.complete, sample) {
            (true, _) => self.watch.look(house),
            (false, true) => self.watch.look(house).into_iter().filter(|change| change.trouble).collect(),
            (false, false) => Vec::new(),
        };
        self.lines.extend(changes.into_iter().map(|change| Line { at, change }));
    }

    fn note(&mut self, at: DateTime<Utc>, change: Change) {
        self.lines.push(Line { at, change });
    }
}

/// Words that change seldom and matter to the minute.
fn is_rare(point: Point) -> bool {
    matches!(point, Point::Mode | Point::Climate(_, ClimateFacet::Alarm))
}
