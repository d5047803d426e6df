//! The JSON shapes of the service.

use super::{age_s, local};
use crate::model::{BrokerStatus, Point, PointState, Snapshot, Value};
use serde::{Deserialize, Serialize};

/// Answer of `GET /api/v1/points`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct House {
    /// The hub's id.
    pub hub: String,
    /// The hub's name.
    pub name: String,
    /// RFC 3339, in the hub's zone.
    pub time: String,
    /// Whether that time can be believed.
    pub time_known: bool,
    /// The connection to the broker; null without `[mqtt]`.
    pub broker: Option<BrokerStatus>,
    /// Outputs, inputs, readings, rooms, each in the order of the file.
    pub points: Vec<PointShape>,
}

/// Answer of `GET /api/v1/points/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointShape {
    /// The dotted name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `output`, `input`, `reading` or `room`.
    pub kind: String,
    /// `"ON"`, `"OFF"` or a number; null before the first value.
    pub value: Option<serde_json::Value>,
    /// The value as MQTT has it.
    pub text: Option<String>,
    /// Of a reading.
    pub unit: Option<String>,
    /// `good`, `stale`, `fault` or `unknown`.
    pub quality: String,
    /// When the value last changed, RFC 3339.
    pub changed: Option<String>,
    /// Seconds since then.
    pub age_s: Option<i64>,
    /// What is wrong, when the quality is `fault`.
    pub fault: Option<String>,
    /// Of an output: the slot and the cause that hold it.
    pub why: Option<String>,
}

/// Answer of `GET /api/v1/why/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Why {
    /// The point itself.
    pub point: PointShape,
    /// The filled slots of its priority array, highest first; the first one holds it. Empty for what is not an output.
    pub slots: Vec<SlotShape>,
}

/// One filled slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlotShape {
    /// `safety`, `protect`, `manual`, `climate`, `rule` or `default`.
    pub slot: String,
    /// What it asks for.
    pub level: String,
    /// Due to what.
    pub cause: String,
}

pub(super) fn house(snapshot: &Snapshot, broker: &BrokerStatus) -> House {
    House {
        hub: snapshot.config.hub.id.to_string(),
        name: snapshot.config.hub.name.clone(),
        time: local(snapshot, snapshot.now.wall),
        time_known: snapshot.now.wall_known,
        broker: snapshot.config.mqtt.is_some().then(|| broker.clone()),
        points: snapshot.points.iter().map(|state| point(snapshot, state)).collect(),
    }
}

pub(super) fn point(snapshot: &Snapshot, state: &PointState) -> PointShape {
    let config = &snapshot.config;
    let (kind, name, unit) = match state.point {
        Point::Output(id) => ("output", config[id].name.clone(), None),
        Point::Input(id) => ("input", config[id].name.clone(), None),
        Point::Reading(id, quantity) => ("reading", format!("{} {}", config[id].name, quantity.word()), Some(quantity)),
        Point::Occupied(id) => ("room", config[id].name.clone(), None),
    };
    let text = state.text();
    let value = match state.value {
        Some(Value::Number(number)) => Some(number.into()),
        _ => text.clone().map(serde_json::Value::from),
    };
    PointShape {
        id: config.point_name(state.point),
        name,
        kind: kind.into(),
        value,
        text,
        unit: unit.map(|quantity| quantity.unit().into()),
        quality: state.quality.to_string(),
        changed: state.changed.map(|time| local(snapshot, time)),
        age_s: state.changed.map(|time| age_s(snapshot.now, time)),
        fault: state.fault.as_deref().map(str::to_owned),
        why: state.explanation.as_ref().map(|explanation| explanation.line.clone()),
    }
}

pub(super) fn why(snapshot: &Snapshot, state: &PointState) -> Why {
    let slots = state.explanation.iter().flat_map(|explanation| &explanation.slots);
    let slot_shape = |(slot, claim): &(crate::model::Slot, crate::model::Claim)| SlotShape {
        slot: slot.to_string(),
        level: claim.level.to_string(),
        cause: claim.cause.describe(&snapshot.config),
    };
    Why { point: point(snapshot, state), slots: slots.map(slot_shape).collect() }
}
