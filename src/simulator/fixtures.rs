//! Small houses for the tests of the simulator.

use crate::model::*;
use std::{sync::Arc, time::Duration};

/// A house without anything in it.
pub(super) fn empty_house() -> Config {
    let mut config = Config::empty("cottage");
    (config.hub.name, config.hub.timezone) = ("Cottage".into(), Zone::find("Europe/Amsterdam").unwrap());
    config
}

/// Three outputs, two inputs, two sensors, one room.
pub(super) fn cottage() -> Config {
    let mut config = empty_house();
    config.outputs = vec![
        output("hall_light", OutputKind::Light),
        output("bedroom_fan", OutputKind::Fan),
        output("living_heater", OutputKind::Heater),
    ];
    config.inputs = vec![input("hall_motion", InputKind::Motion), input("front_door", InputKind::Door)];
    config.sensors = vec![sensor("living", Chip::Bme280), sensor("bedroom", Chip::Tmp102)];
    config.rooms = vec![Room { name: "Hall".into(), ..Room::plain("hall", vec![InputId(0)]) }];
    config
}

pub(super) fn output(id: &str, kind: OutputKind) -> Output {
    Output::plain(id, kind, Line::Number(17))
}

pub(super) fn input(id: &str, kind: InputKind) -> Input {
    Input::plain(id, kind, Line::Number(4))
}

pub(super) fn sensor(id: &str, chip: Chip) -> Sensor {
    Sensor { stale_after: Duration::from_secs(60), ..Sensor::plain(id, chip) }
}

/// Builds snapshots by hand: every point good and at rest, until told otherwise.
pub(super) struct Picture(pub(super) Snapshot);

impl Picture {
    pub(super) fn new(config: Config, now: crate::clock::Now) -> Picture {
        let config = Arc::new(config);
        let point = |point| PointState {
            point,
            value: Some(match point {
                Point::OutputFacet(..) => Value::Level(Level::OFF),
                Point::Output(_) => Value::Level(Level::OFF),
                Point::Input(_) | Point::Occupied(_) | Point::Asleep(_) => Value::Switch(false),
                Point::Climate(..) | Point::Setting(_) | Point::Reading(_, Quantity::Temperature) => {
                    Value::Number(20.5)
                }
                Point::Reading(_, Quantity::Humidity) => Value::Number(41.0),
                Point::Reading(_, Quantity::Pressure) => Value::Number(1013.2),
                Point::Reading(..) => Value::Number(1.0),
                Point::Mode | Point::Event(_) => Value::Word("home".into()),
            }),
            quality: Quality::Good,
            changed: Some(now.wall),
            fault: None,
            usage: None,
            because: None,
            explanation: matches!(point, Point::Output(_))
                .then(|| explanation(Slot::Default, Level::OFF, "default: nobody asks for anything")),
        };
        Picture(Snapshot::new(config.clone(), now, 0, config.points().map(point)))
    }

    /// Some time later.
    pub(super) fn later(&self, time: Duration) -> Picture {
        let mut next = self.0.clone();
        next.now.wall += time;
        next.now.moment = next.now.moment + time;
        Picture(next)
    }

    pub(super) fn change(mut self, name: &str, change: impl FnOnce(&mut PointState)) -> Picture {
        let point = self.0.config.find_point(name).unwrap();
        let place = self.0.points.iter().position(|state| state.point == point).unwrap();
        let mut state = PointState::clone(&self.0.points[place]);
        change(&mut state);
        self.0.set(place, state);
        self
    }

    pub(super) fn set(self, name: &str, value: Value) -> Picture {
        let wall = self.0.now.wall;
        self.change(name, |state| {
            (state.value, state.changed) = (Some(value), Some(wall));
            if matches!(state.point, Point::Occupied(_)) {
                state.because = Some(Because { line: "somebody moved".into(), slot: None, rule: None, until: None });
            }
        })
    }

    pub(super) fn drive(self, name: &str, on: bool, slot: Slot, why: &str) -> Picture {
        let level = Level::from_on(on);
        let picture = self.set(name, Value::Level(level));
        picture.change(name, |state| state.explanation = Some(explanation(slot, level, why)))
    }

    pub(super) fn fail(self, name: &str, text: &str) -> Picture {
        self.change(name, |state| (state.quality, state.fault) = (Quality::Fault, Some(text.into())))
    }
}

fn explanation(winner: Slot, level: Level, line: &str) -> Arc<Explanation> {
    Arc::new(Explanation { winner, level, line: line.into(), slots: Vec::new() })
}
