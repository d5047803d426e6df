//! What the world leaves out: said beside every report, so that nobody takes it for a result.

use super::World;
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
        !world.plant.uses(*id) && (!is_light || light_is_measured)
    };
    let name = |point| config.point_name(point);
    let still = |input: &InputId| world.wires[input.0].sense == super::Sense::Nothing;
    NotModelled {
        outputs: config.visible_outputs().filter(is_missed).map(|id| name(Point::Output(id))).collect(),
        readings: measured()
            .filter(|(_, quantity)| constant(*quantity).is_some())
            .map(|(sensor, quantity)| name(Point::Reading(SensorId(sensor), quantity)))
            .collect(),
        inputs: (0..config.inputs.len()).map(InputId).filter(still).map(|input| config[input].id.to_string()).collect(),
    }
}

/// Of a quantity that stays the same in every room: its value, how far noise spreads it, and its steps per unit.
pub(super) fn constant(quantity: Quantity) -> Option<(f64, f64, f64)> {
    Some(match quantity {
        Quantity::Temperature
        | Quantity::ObjectTemperature
        | Quantity::RemoteTemperature(_)
        | Quantity::DewPoint
        | Quantity::HeatIndex
        | Quantity::Humidity
        | Quantity::Pressure
        | Quantity::SeaLevelPressure
        | Quantity::Illuminance
        | Quantity::UvIndex => return None,
        Quantity::Co2 | Quantity::Eco2 => (600.0, 20.0, 1.0),
        Quantity::Tvoc | Quantity::VocIndex => (100.0, 5.0, 1.0),
        Quantity::AirQuality => (1.0, 0.0, 1.0),
        Quantity::Pm1 | Quantity::Pm25 | Quantity::Pm4 | Quantity::Pm10 => (5.0, 1.0, 10.0),
        Quantity::GasResistance => (50_000.0, 500.0, 1.0),
        Quantity::AbsoluteHumidity => (10.0, 0.0, 10.0),
        Quantity::Voltage(_) => (5.0, 0.02, 1_000.0),
        Quantity::Current(_) => (0.5, 0.01, 1_000.0),
        Quantity::Power(_) => (2.5, 0.05, 100.0),
        Quantity::Undervoltage | Quantity::Throttled => (0.0, 0.0, 1.0),
        Quantity::FanSpeed => (1_200.0, 20.0, 1.0),
        // Counters are not read: a world moves their wires.
        Quantity::Energy | Quantity::Volume | Quantity::Flow | Quantity::Count | Quantity::Rate => (0.0, 0.0, 1.0),
    })
}
