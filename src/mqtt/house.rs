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
        username: None,
        password: None,
        client_id: "hearthd_cottage".into(),
        prefix: "hearthd/cottage".into(),
        discovery_prefix: Some("homeassistant".into()),
        birth_topic: "homeassistant/status".into(),
        keep_alive: Duration::from_secs(30),
    }
}

/// A house of these outputs, a motion detector, a thermometer and a room.
pub(super) fn config(outputs: &[(&str, OutputKind)]) -> Config {
    Config {
        hub: Hub {
            id: "cottage".into(),
            name: "Cottage".into(),
            latitude: 52.37,
            longitude: 4.89,
            timezone: chrono_tz::UTC,
            clock: ClockTrust::Always,
        },
        mqtt: Some(settings()),
        hardware: HardwareSettings { backend: Backend::Simulated, gpiochip: None },
        outputs: outputs.iter().map(|(id, kind)| output(id, *kind)).collect(),
        inputs: vec![input("hall_motion", InputKind::Motion)],
        sensors: vec![Sensor {
            id: "living".into(),
            name: "Living room".into(),
            chip: Chip::Lm75,
            bus: 1,
            address: 0x48,
            every: Duration::from_secs(10),
            stale_after: Duration::from_secs(30),
        }],
        rooms: vec![Room {
            id: "hall".into(),
            name: "Hall".into(),
            motion: vec![InputId(0)],
            empty_after: Duration::from_secs(300),
        }],
        rules: vec![],
        interlocks: vec![],
    }
}

pub(super) fn output(id: &str, kind: OutputKind) -> Output {
    Output {
        id: id.into(),
        name: id.replace('_', " "),
        kind,
        line: Line::Number(17),
        active: ActiveLevel::Low,
        at_start: AtStart::Off,
        safe: SafeState::Off,
        default: Level::OFF,
        max_on: None,
        min_on: None,
        min_off: None,
        interlock: None,
        manual_for: None,
    }
}

pub(super) fn input(id: &str, kind: InputKind) -> Input {
    Input {
        id: id.into(),
        name: id.replace('_', " "),
        kind,
        line: Line::Number(4),
        active: ActiveLevel::High,
        pull: Pull::None,
        debounce: Duration::ZERO,
    }
}

/// A picture of the house in which no sensor was heard yet and all outputs are off.
pub(super) fn snapshot(config: &Arc<Config>) -> Snapshot {
    let points = config.points().map(|point| PointState {
        point,
        value: matches!(point, Point::Output(_)).then_some(Value::Level(Level::OFF)),
        quality: if matches!(point, Point::Output(_)) { Quality::Good } else { Quality::Unknown },
        changed: None,
        fault: None,
        explanation: matches!(point, Point::Output(_)).then(|| explanation("default: nobody asks for anything")),
    });
    Snapshot {
        config: config.clone(),
        now: Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true },
        points: points.collect(),
    }
}

pub(super) fn explanation(line: &str) -> Arc<Explanation> {
    Arc::new(Explanation { winner: Slot::Default, level: Level::OFF, line: line.into(), slots: vec![] })
}
