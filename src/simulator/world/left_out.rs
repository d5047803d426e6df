//! What the world leaves out: said beside every report, so that nobody takes it for a result.

use super::{World, openers::Opener};
use crate::model::{Config, InputId, OutputId, OutputKind, Point, Quantity, SensorId};
use chrono::DateTime;

/// What is in a house and not in its world, by names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotModelled {
    /// Outputs that do nothing to any room.
    pub outputs: Vec<String>,
    /// Readings that stay the same.
    pub readings: Vec<String>,
    /// Inputs that never move.
    pub inputs: Vec<String>,
}

impl NotModelled {
    /// In sentences.
    pub fn sentences(&self) -> Vec<String> {
        let kinds = [
            ("outputs that act on nothing here", &self.outputs),
            ("readings that stay the same", &self.readings),
            ("inputs that never move", &self.inputs),
        ];
        let some = kinds.into_iter().filter(|(_, names)| !names.is_empty());
        some.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect()
    }
}

/// What of this house has no part in the world. Lights are missed only where something measures light.
pub fn not_modelled(config: &Config) -> NotModelled {
    let world = World::new(config, DateTime::UNIX_EPOCH, 0);
    let measured =
        || world.probes.iter().enumerate().flat_map(|(i, probe)| probe.quantities.iter().map(move |q| (i, *q)));
    let light_is_measured = measured().any(|(_, quantity)| quantity == Quantity::Illuminance);
    let is_missed = |id: &OutputId| {
        let is_light = config[*id].kind == OutputKind::Light;
        let is_moved = world.openers.iter().any(|opener| opener.door == *id);
        !world.plant.uses(*id) && !is_moved && (!is_light || light_is_measured)
    };
    let name = |point| config.point_name(point);
    let of_doors: Vec<InputId> = world.openers.iter().flat_map(Opener::switches).map(|(switch, _)| switch).collect();
    let still = |input: &InputId| world.wires[input.0].sense == super::Sense::Nothing && !of_doors.contains(input);
    NotModelled {
        outputs: config.visible_outputs().filter(is_missed).map(|id| name(Point::Output(id))).collect(),
        readings: measured()
            .filter(|(_, quantity)| quantity.facts().usual.is_some())
            .map(|(sensor, quantity)| name(Point::Reading(SensorId(sensor), quantity)))
            .collect(),
        inputs: (0..config.inputs.len()).map(InputId).filter(still).map(|input| config[input].id.to_string()).collect(),
    }
}
