//! What is noted while a simulation runs: sums, and of a short run or where a report needs them, changes.

use super::sums::{BinarySum, NumberSum, OutputSum, Parts, RuleSums, TrackSum, WordSum};
use crate::{
    engine::Changed,
    model::{
        Config, EventUse, Explanation, Kind, Level, OutputId, Owner, Point, PointSpec, Quality, Role, RuleId, Slot,
        Truth, Value,
    },
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
    /// In the order of the file; only the last of each where they are not kept.
    pub outputs: Vec<Vec<Span>>,
    /// What became of the events of each rule with `on`, in the order of the file.
    pub events: Vec<EventUse>,
    /// When hearthd ended, and how, and when it ran again.
    pub absences: Vec<(DateTime<Utc>, Option<Ending>)>,
    /// Inputs, rooms, readings and whatever else has a value, in the order of the points; empty where they are not kept.
    pub tracks: Vec<(Point, Track)>,
    /// The temperature outside, in equal steps, if there was a world; empty where it is not kept.
    pub outdoor: Vec<(DateTime<Utc>, f64)>,
    /// Every change, in a run of up to a week; in a longer one only trouble, the first of it where it is not kept.
    pub lines: Vec<Line>,
    /// So much more trouble there was.
    pub more_trouble: usize,
    /// Whether `lines` are all changes.
    pub complete: bool,
    keeps: Keep,
    pub(super) parts: Parts,
    pub(super) output_sums: Vec<OutputSum>,
    pub(super) rule_sums: RuleSums,
    /// Beside `tracks`.
    pub(super) track_sums: Vec<TrackSum>,
    pub(super) outdoor_sum: NumberSum,
    places: Places,
    sample_every: TimeDelta,
    next_sample: DateTime<Utc>,
    watch: Watch,
}

/// Of which there are lists, besides sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// None: memory does not grow with time.
    Sums,
    /// Words, for the report as JSON.
    Words,
    /// Everything, for the charts of a page.
    Everything,
}

/// Where the tracks of each thing are.
#[derive(Clone, Debug, Default)]
struct Places {
    inputs: Vec<Option<usize>>,
    rooms: Vec<Vec<usize>>,
    /// Words that change seldom.
    alarms: Vec<Option<usize>>,
    mode: Option<usize>,
    /// What is sampled.
    sampled: Vec<usize>,
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

/// The course of a point that is no output. None: it was not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Track {
    /// Of an input or a room, at each change.
    Binary(Vec<(DateTime<Utc>, Option<bool>)>),
    /// Of a number, in equal steps.
    Number(Vec<(DateTime<Utc>, Option<f64>)>),
    /// Of a word: of the mode of the house and of alarms at each change, of others in equal steps.
    Word(Vec<(DateTime<Utc>, Option<Arc<str>>)>),
}

/// So much trouble of a long run is kept.
const TROUBLE_KEPT: usize = 100;

/// How many samples a run has, and the bounds of the time between two.
const SAMPLES: i32 = 400;
const SAMPLE_MIN: TimeDelta = TimeDelta::seconds(10);
const SAMPLE_MAX: TimeDelta = TimeDelta::minutes(15);

/// Up to here every change is told.
const COMPLETE_UP_TO: TimeDelta = TimeDelta::days(7);

impl Recording {
    /// Of a run between two instants, before it begins. Of a run of up to a week everything is kept.
    pub fn new(config: &Arc<Config>, from: DateTime<Utc>, until: DateTime<Utc>, keeps: Keep) -> Recording {
        let sample_every = ((until - from) / SAMPLES).clamp(SAMPLE_MIN, SAMPLE_MAX);
        let track = |spec: &PointSpec| match (spec.owner, &spec.kind) {
            (Owner::Output(_), _) | (_, Kind::Level(_)) => None,
            // It stands in the file.
            _ if spec.role == Role::Setting => None,
            (_, Kind::Switch(_)) => Some((spec.point, Track::Binary(Vec::new()))),
            (_, Kind::Number(_)) => Some((spec.point, Track::Number(Vec::new()))),
            (_, Kind::Word(_) | Kind::Event(_)) => Some((spec.point, Track::Word(Vec::new()))),
        };
        let tracks: Vec<(Point, Track)> = config.specs().iter().filter_map(track).collect();
        let sum = |(_, track): &(Point, Track)| match track {
            Track::Binary(_) => TrackSum::Binary(BinarySum::new()),
            Track::Number(_) => TrackSum::Number(NumberSum::default()),
            Track::Word(_) => TrackSum::Word(WordSum::default()),
        };
        let complete = until - from <= COMPLETE_UP_TO;
        let parts = Parts::of(config, from, until);
        Recording {
            config: config.clone(),
            from,
            until,
            outputs: vec![Vec::new(); config.outputs.len()],
            events: vec![EventUse::default(); config.events.len()],
            absences: Vec::new(),
            outdoor: Vec::new(),
            lines: Vec::new(),
            more_trouble: 0,
            complete,
            keeps: if complete { Keep::Everything } else { keeps },
            output_sums: config.outputs.iter().map(|_| OutputSum::new(&parts)).collect(),
            rule_sums: RuleSums::new(config),
            track_sums: tracks.iter().map(sum).collect(),
            outdoor_sum: NumberSum::default(),
            places: Places::of(config, &tracks),
            parts,
            tracks,
            sample_every,
            next_sample: from,
            watch: Watch::new(config, &[]),
        }
    }

    fn look_at_output(&mut self, id: OutputId, house: &House, at: DateTime<Utc>) {
        let spans = &mut self.outputs[id.0];
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
            return;
        }
        let why = match explanation {
            Some(explanation) if !ended => Why::Explained(explanation.clone()),
            _ => Why::Absent(watch::why(house, id)),
        };
        let sum = &mut self.output_sums[id.0];
        // Several decisions of one instant are one, but that it went to and fro is told.
        if let Some(passed) = spans.pop_if(|last| last.from == at) {
            let returns = spans.last().is_some_and(|before| before.level.is_on() == level.is_on());
            sum.at_once += u32::from(returns && passed.level.is_on() != level.is_on());
        } else if let Some(last) = spans.last() {
            sum.add(last, at, &self.parts);
        }
        // The one before the last is what it returns to.
        if self.keeps < Keep::Everything && spans.len() > 1 {
            spans.remove(0);
        }
        spans.push(Span { from: at, level, why });
    }

    fn look_at_rule(&mut self, id: RuleId, house: &House, at: DateTime<Utc>) {
        let truth = house.ended_by().is_none().then(|| house.engine().rule_truth(id));
        self.rule_sums.note(id, truth, at);
    }

    /// Looks at what changed; None: at everything.
    fn look_at_changes(&mut self, house: &House, changed: Option<&[Changed]>, at: DateTime<Utc>) {
        let Some(changed) = changed else {
            (0..self.outputs.len()).for_each(|index| self.look_at_output(OutputId(index), house, at));
            (0..self.config.rules.len()).for_each(|index| self.look_at_rule(RuleId(index), house, at));
            (0..self.tracks.len()).for_each(|index| self.look_at_point(index, house, at, false));
            return;
        };
        for subject in changed {
            match *subject {
                Changed::Output(id) => self.look_at_output(id, house, at),
                Changed::Rule(id) => self.look_at_rule(id, house, at),
                Changed::Input(id) => self.look_at_points(self.places.inputs[id.0], house, at),
                Changed::Room(id) => self.look_at_points(self.places.rooms[id.0].clone(), house, at),
                Changed::Climate(id) => self.look_at_points(self.places.alarms[id.0], house, at),
                Changed::Mode => self.look_at_points(self.places.mode, house, at),
                Changed::Sensor(_) => {}
            }
        }
    }

    fn look_at_points(&mut self, places: impl IntoIterator<Item = usize>, house: &House, at: DateTime<Utc>) {
        places.into_iter().for_each(|place| self.look_at_point(place, house, at, false));
    }

    /// All that happened is known: what lasts still ends with the recording.
    fn finish(&mut self, house: &House) {
        for (spans, sum) in self.outputs.iter().zip(&mut self.output_sums) {
            if let Some(last) = spans.last() {
                sum.add(last, self.until, &self.parts);
            }
            sum.end_of_limit();
        }
        self.rule_sums.finish(self.until);
        for sum in &mut self.track_sums {
            match sum {
                TrackSum::Binary(sum) => sum.finish(self.until, &self.parts),
                TrackSum::Word(sum) => sum.finish(self.until),
                TrackSum::Number(_) => {}
            }
        }
        self.events = (0..self.events.len()).map(|event| house.event_use(event)).collect();
    }

    fn look_for_absence(&mut self, house: &House, at: DateTime<Utc>) {
        let ended = house.ended_by();
        if self.absences.last().map_or(ended.is_some(), |(_, before)| *before != ended) {
            self.absences.push((at, ended));
        }
    }

    fn look_at_point(&mut self, place: usize, house: &House, at: DateTime<Utc>, sample: bool) {
        // Nobody reads anything while hearthd does not run.
        if house.ended_by().is_some() {
            return;
        }
        let (point, track) = &mut self.tracks[place];
        match (track, &mut self.track_sums[place]) {
            (Track::Binary(changes), TrackSum::Binary(sum)) => {
                let value = match house.engine().truth(*point) {
                    Truth::True => Some(true),
                    Truth::False => Some(false),
                    Truth::Unknown => None,
                };
                if sum.note(value, at, &self.parts) && self.keeps == Keep::Everything {
                    changes.push((at, value));
                }
            }
            (Track::Number(samples), TrackSum::Number(sum)) if sample => {
                let value = house.engine().number(*point, house.now());
                sum.note(value);
                if self.keeps == Keep::Everything {
                    samples.push((at, value));
                }
            }
            (Track::Word(changes), TrackSum::Word(sum)) if sample || self.places.is_rare(place) => {
                let state = house.engine().plain_state(*point, house.now());
                let word = match state.value.filter(|_| state.quality == Quality::Good) {
                    Some(Value::Word(word)) => Some(word),
                    _ => None,
                };
                if sum.note(&word, at) && self.keeps >= Keep::Words {
                    changes.push((at, word));
                }
            }
            _ => {}
        }
    }

    fn add_lines(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            if self.keeps == Keep::Sums && self.lines.len() >= TROUBLE_KEPT {
                self.more_trouble += usize::from(line.change.trouble);
            } else {
                self.lines.push(line);
            }
        }
    }
}

impl Places {
    fn of(config: &Config, tracks: &[(Point, Track)]) -> Places {
        let mut places = Places {
            inputs: vec![None; config.inputs.len()],
            rooms: vec![Vec::new(); config.rooms.len()],
            alarms: vec![None; config.climates.len()],
            mode: None,
            sampled: Vec::new(),
        };
        for (place, (point, track)) in tracks.iter().enumerate() {
            let Some(spec) = config.spec(*point) else { continue };
            match spec.owner {
                Owner::Input(id) if spec.role == Role::Input => places.inputs[id.0] = Some(place),
                Owner::Room(id) => places.rooms[id.0].push(place),
                Owner::Zone(id) if spec.is_alarm() => places.alarms[id.0] = Some(place),
                Owner::House => places.mode = Some(place),
                _ => {}
            }
            if !matches!(track, Track::Binary(_)) {
                places.sampled.push(place);
            }
        }
        places
    }

    /// Whether these are words that change seldom and matter to the minute.
    fn is_rare(&self, place: usize) -> bool {
        self.mode == Some(place) || self.alarms.contains(&Some(place))
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
            if let Some(outdoor_c) = world.map(|world| world.outdoor_c(at)) {
                self.outdoor_sum.note(Some(outdoor_c));
                if self.keeps == Keep::Everything {
                    self.outdoor.push((at, outdoor_c));
                }
            }
        }
        self.look_for_absence(house, at);
        let changed = house.take_changed();
        self.look_at_changes(house, changed.as_deref(), at);
        if sample {
            let sampled = std::mem::take(&mut self.places.sampled);
            sampled.iter().for_each(|place| self.look_at_point(*place, house, at, true));
            self.places.sampled = sampled;
        }
        // In a long run only trouble is told, and looking for it each time would take longer than all the rest.
        let changes = match (self.complete, sample) {
            (true, _) => self.watch.look_at(house, changed.as_deref()),
            (false, true) => self.watch.look(house).into_iter().filter(|change| change.trouble).collect(),
            (false, false) => Vec::new(),
        };
        self.add_lines(changes.into_iter().map(|change| Line { at, change }));
        if at >= self.until {
            self.finish(house);
        }
    }

    fn note(&mut self, at: DateTime<Utc>, change: Change) {
        self.add_lines([Line { at, change }]);
    }
}
