//! A small house for the tests of this module.

use crate::clock::{Moment, Now};
use crate::model::*;
use chrono::DateTime;
use std::{sync::Arc, time::Duration};

/// How the tests would reach a broker.
pub(super) fn settings() -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".into(),
        port: 1883,
        version: MqttVersion::Auto,
        username: None,
        password: None,
        client_id: "hearthd_cottage".into(),
        prefix: "hearthd/cottage".into(),
        discovery_prefix: Some("homeassistant".into()),
        discovery_single: false,
        homie: false,
        birth_topic: "homeassistant/status".into(),
        keep_alive: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(5),
        carrier: Carrier::Tcp,
        tls: None,
    }
}

/// A house of these outputs, a motion detector, a thermometer and a room.
pub(super) fn config(outputs: &[(&str, OutputKind)]) -> Config {
    let room = Room { name: "Hall".into(), ..Room::plain("hall", vec![InputId(0)]) };
    let mut config = Config {
        mqtt: Some(settings()),
        outputs: outputs.iter().map(|(id, kind)| output(id, *kind)).collect(),
        inputs: vec![input("hall_motion", InputKind::Motion)],
        sensors: vec![Sensor { name: "Living room".into(), ..Sensor::plain("living", Chip::Lm75) }],
        rooms: vec![room],
        ..Config::empty("cottage")
    };
    config.hub.name = "Cottage".into();
    config
}

pub(super) fn output(id: &str, kind: OutputKind) -> Output {
    Output { name: id.replace('_', " "), ..Output::plain(id, kind, Line::Number(17)) }
}

pub(super) fn input(id: &str, kind: InputKind) -> Input {
    Input { name: id.replace('_', " "), ..Input::plain(id, kind, Line::Number(4)) }
}

/// A picture of the house in which no sensor was heard yet and all outputs are off.
pub(super) fn snapshot(config: &Arc<Config>) -> Snapshot {
    let point = |spec: &PointSpec| {
        let is_output = spec.role == Role::Output;
        PointState {
            point: spec.point,
            value: is_output.then_some(Value::Level(Level::OFF)),
            quality: if is_output { Quality::Good } else { Quality::Unknown },
            changed: None,
            fault: None,
            usage: None,
            because: None,
            explanation: is_output.then(|| explanation("default: nobody asks for anything")),
        }
    };
    let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
    Snapshot::new(config.clone(), now, 0, config.specs().iter().map(point))
}

pub(super) fn explanation(line: &str) -> Arc<Explanation> {
    Arc::new(Explanation { winner: Slot::Default, level: Level::OFF, line: line.into(), slots: vec![] })
}
