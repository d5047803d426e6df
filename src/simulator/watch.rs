//! What a simulated house does, seen from outside: outputs that change, points that get into trouble, and what else is asked for.

use super::house::{Ending, House, Said};
use crate::{
    engine::Changed,
    model::{Config, Explanation, Level, OutputId, Owner, Point, PointSpec, Quality, Slot},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A change worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The dotted name of the point.
    pub point: String,
    /// What it is now: `ON`, `40 %`, `FAULT`.
    pub what: String,
    /// Due to what; may be empty.
    pub why: String,
    /// A refused command, a point that gets into a fault or out of it.
    pub trouble: bool,
}

/// Compares a house with what it was at the last look.
pub struct Watch {
    outputs: Vec<(Level, Option<Arc<Explanation>>)>,
    qualities: Vec<(Point, Quality)>,
    also: Vec<(Point, Option<String>)>,
    /// Alarms of climate zones that are not among `also`.
    alarms: Vec<(Point, Option<String>)>,
    /// By what changed: the places of the qualities that may be others.
    places: BTreeMap<Changed, Vec<usize>>,
}

impl Watch {
    /// Watches all outputs for their level, all points for trouble, climate zones for alarms, and `also` for each change of value.
    pub fn new(config: &Config, also: &[String]) -> Watch {
        // The others are as good as their sensor, output or input.
        let is_judged = |spec: &&PointSpec| match spec.owner {
            Owner::Sensor(_) | Owner::Output(_) | Owner::Input(_) => config.is_first(spec),
            Owner::Room(_) | Owner::Zone(_) | Owner::House => true,
        };
        let also: Vec<_> = also.iter().filter_map(|name| config.find_point(name)).map(|point| (point, None)).collect();
        let judged: Vec<&PointSpec> = config.specs().iter().filter(is_judged).collect();
        let mut places: BTreeMap<Changed, Vec<usize>> = BTreeMap::new();
        for (place, spec) in judged.iter().enumerate() {
            let mut depends = |on: Changed| places.entry(on).or_default().push(place);
            match spec.owner {
                Owner::Input(id) => depends(Changed::Input(id)),
                Owner::Sensor(id) => depends(Changed::Sensor(id)),
                Owner::Room(id) => depends(Changed::Room(id)),
                Owner::Zone(id) => depends(Changed::Climate(id)),
                Owner::House => depends(Changed::Mode),
                // It is as good as its wires.
                Owner::Output(id) => {
                    config.parts(id).into_iter().chain([id]).for_each(|wire| depends(Changed::Output(wire)));
                }
            }
        }
        let qualities = judged.iter().map(|spec| (spec.point, Quality::Unknown)).collect();
        let is_told = |point: Point| also.iter().any(|(there, _)| *there == point);
        let is_alarm = |spec: &&PointSpec| spec.is_alarm() && !is_told(spec.point);
        let alarms = config.specs().iter().filter(is_alarm);
        Watch {
            alarms: alarms.map(|spec| (spec.point, Some("none".into()))).collect(),
            outputs: config.outputs.iter().map(|_| (Level::OFF, None)).collect(),
            qualities,
            also,
            places,
        }
    }

    /// What changed since the last look, in the order of the points: refused commands, outputs, the rest.
    pub fn look(&mut self, house: &mut House) -> Vec<Change> {
        self.look_at(house, None)
    }

    /// As [`Watch::look`], where only this changed; None: anything may have.
    pub fn look_at(&mut self, house: &mut House, changed: Option<&[Changed]>) -> Vec<Change> {
        let mut changes = self.look_at_these(house, changed);
        if house.ended_by().is_none() {
            self.look_at_qualities(house, changed, &mut changes);
            self.look_at_words(house, &mut changes);
        }
        changes
    }

    /// As [`Watch::look`], for refused commands, what rules say, and outputs only: far quicker.
    pub fn look_at_outputs(&mut self, house: &mut House) -> Vec<Change> {
        self.look_at_these(house, None)
    }

    fn look_at_these(&mut self, house: &mut House, changed: Option<&[Changed]>) -> Vec<Change> {
        let refused = house.take_refused().into_iter().map(|(command, refusal)| Change {
            point: command.point,
            what: command.payload,
            why: format!("refused: {refusal}"),
            trouble: true,
        });
        let mut changes: Vec<Change> = refused.collect();
        changes.extend(house.take_said().into_iter().map(|said| match said {
            Said::Notice { rule, text } => {
                let (point, what, why) = ("notify".into(), format!("\"{text}\""), format!("rule: {rule}"));
                Change { point, what, why, trouble: false }
            }
            Said::Note { about, text } => {
                Change { point: "note".into(), what: String::new(), why: format!("{about}: {text}"), trouble: true }
            }
        }));
        let config = house.config();
        let these: Vec<OutputId> = match changed {
            None => config.visible_outputs().collect(),
            Some(changed) => changed
                .iter()
                .filter_map(|changed| match changed {
                    Changed::Output(id) if config.is_visible(*id) => Some(*id),
                    _ => None,
                })
                .collect(),
        };
        for id in these {
            let (level, explanation) = &mut self.outputs[id.0];
            let now = house.engine().explanation(id);
            let turned = *level != house.wire(id);
            if !turned && now.map(Arc::as_ptr) == explanation.as_ref().map(Arc::as_ptr) {
                continue;
            }
            if turned || handed_over(explanation.as_deref(), now.map(Arc::as_ref)) {
                let why = why(house, id);
                let (point, what) = (config[id].id.to_string(), config.level_text(id, house.wire(id)));
                changes.push(Change { point, what, why, trouble: false });
            }
            (*level, *explanation) = (house.wire(id), now.cloned());
        }
        changes
    }

    fn look_at_qualities(&mut self, house: &House, changed: Option<&[Changed]>, changes: &mut Vec<Change>) {
        let config = house.config();
        let places: BTreeSet<usize> = match changed {
            None => (0..self.qualities.len()).collect(),
            Some(changed) => changed.iter().filter_map(|changed| self.places.get(changed)).flatten().copied().collect(),
        };
        for place in places {
            let (point, quality) = &mut self.qualities[place];
            let now = house.engine().quality(*point, house.now());
            let before = std::mem::replace(quality, now);
            let what = match (before, now) {
                (before, now) if before == now => continue,
                (_, Quality::Fault) => "FAULT",
                (_, Quality::Stale) => "stale",
                (Quality::Fault | Quality::Stale, Quality::Good) => "good again",
                _ => continue,
            };
            let fault = house.engine().plain_state(*point, house.now()).fault;
            let why = fault.as_deref().unwrap_or_default().to_owned();
            changes.push(Change { point: config.point_name(*point), what: what.into(), why, trouble: true });
        }
    }

    fn look_at_words(&mut self, house: &House, changes: &mut Vec<Change>) {
        let config = house.config();
        let also = self.also.iter_mut().map(|also| (also, false));
        for ((point, text), trouble) in also.chain(self.alarms.iter_mut().map(|alarm| (alarm, true))) {
            let state = house.engine().plain_state(*point, house.now());
            let now = Some(state.text().unwrap_or_else(|| "unknown".into()));
            if *text != now {
                let why = state.explanation.map(|explanation| explanation.line.clone()).unwrap_or_default();
                let (point, what) = (config.point_name(*point), now.clone().unwrap_or_default());
                changes.push(Change { point, what, why, trouble });
                *text = now;
            }
        }
    }
}

/// What holds an output's wire: the winning slot and its cause, or that hearthd is not there.
pub fn why(house: &House, output: OutputId) -> String {
    match house.ended_by() {
        Some(Ending::PowerCut) => "no power".into(),
        Some(Ending::Crash) => "hearthd was killed: safe state".into(),
        _ => house.engine().explanation(output).map(|explanation| explanation.line.clone()).unwrap_or_default(),
    }
}

/// That a command or a limit takes over or lets go is worth a line even if nothing moves.
fn handed_over(before: Option<&Explanation>, now: Option<&Explanation>) -> bool {
    let winner = |explanation: Option<&Explanation>| explanation.map(|explanation| explanation.winner);
    let notable = |slot: Option<Slot>| slot.is_some_and(|slot| slot <= Slot::Manual);
    let (before, now) = (winner(before), winner(now));
    before != now && (notable(before) || notable(now))
}
