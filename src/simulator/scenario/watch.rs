//! What a house does, seen from outside: outputs that change, points that get into trouble, and what else is asked for.

use crate::{
    model::{Explanation, Level, OutputId, Point, Quality, Slot},
    simulator::house::{Ending, House},
};
use std::sync::Arc;

/// A change worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The dotted name of the point.
    pub point: String,
    /// What it is now: `ON`, `40 %`, `FAULT`.
    pub what: String,
    /// Due to what; may be empty.
    pub why: String,
}

/// Compares a house with what it was at the last look.
pub(super) struct Watch {
    outputs: Vec<(Level, Option<Arc<Explanation>>)>,
    qualities: Vec<(Point, Quality)>,
    also: Vec<(Point, Option<String>)>,
}

impl Watch {
    /// Watches all outputs for their level, all points for trouble, and `also` for each change of value.
    pub(super) fn new(house: &House, also: &[String]) -> Watch {
        let config = house.config();
        let first_of_sensor = |point: &Point| match point {
            Point::Reading(sensor, quantity) => config[*sensor].quantities().next() == Some(*quantity),
            _ => true,
        };
        Watch {
            outputs: config.outputs.iter().map(|_| (Level::OFF, None)).collect(),
            qualities: config.points().filter(first_of_sensor).map(|point| (point, Quality::Unknown)).collect(),
            also: also.iter().filter_map(|name| config.find_point(name)).map(|point| (point, None)).collect(),
        }
    }

    /// What changed since the last look, in the order of the points.
    pub(super) fn look(&mut self, house: &House) -> Vec<Change> {
        let mut changes = Vec::new();
        let config = house.config();
        for (index, (level, explanation)) in self.outputs.iter_mut().enumerate() {
            let id = OutputId(index);
            let now = house.engine().explanation(id);
            let turned = *level != house.wire(id);
            if !turned && now.map(Arc::as_ptr) == explanation.as_ref().map(Arc::as_ptr) {
                continue;
            }
            if turned || handed_over(explanation.as_deref(), now.map(Arc::as_ref)) {
                let why = match house.ended_by() {
                    Some(Ending::PowerCut) => "no power".into(),
                    Some(Ending::Crash) => "hearthd was killed: safe state".into(),
                    _ => now.map(|explanation| explanation.line.clone()).unwrap_or_default(),
                };
                changes.push(Change { point: config[id].id.to_string(), what: house.wire(id).to_string(), why });
            }
            (*level, *explanation) = (house.wire(id), now.cloned());
        }
        if house.ended_by().is_some() {
            return changes;
        }
        for (point, quality) in &mut self.qualities {
            let state = house.engine().point_state(*point, house.now());
            let before = std::mem::replace(quality, state.quality);
            let what = match (before, state.quality) {
                (before, now) if before == now => continue,
                (_, Quality::Fault) => "FAULT",
                (_, Quality::Stale) => "stale",
                (Quality::Fault | Quality::Stale, Quality::Good) => "good again",
                _ => continue,
            };
            let why = state.fault.as_deref().unwrap_or_default().to_owned();
            changes.push(Change { point: config.point_name(*point), what: what.into(), why });
        }
        for (point, text) in &mut self.also {
            let state = house.engine().point_state(*point, house.now());
            let now = Some(state.text().unwrap_or_else(|| "unknown".into()));
            if *text != now {
                let why = state.explanation.map(|explanation| explanation.line.clone()).unwrap_or_default();
                changes.push(Change { point: config.point_name(*point), what: now.clone().unwrap_or_default(), why });
                *text = now;
            }
        }
        changes
    }
}

/// That a command or a limit takes over or lets go is worth a line even if nothing moves.
fn handed_over(before: Option<&Explanation>, now: Option<&Explanation>) -> bool {
    let winner = |explanation: Option<&Explanation>| explanation.map(|explanation| explanation.winner);
    let notable = |slot: Option<Slot>| slot.is_some_and(|slot| slot <= Slot::Manual);
    let (before, now) = (winner(before), winner(now));
    before != now && (notable(before) || notable(now))
}
