//! How hearthd itself is: for monitors, and for everybody, so it names nothing of the house.
//!
//! It has failed (503) when the control loop does not go round or the state cannot be saved: then a restart or a hand is needed.
//! Anything else that is wrong, the house goes on with: it is degraded (200).

use super::House;
use crate::model::Quality;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// The loop goes round at least each minute; this is twice that, and some.
const PASS_WITHIN: Duration = Duration::from_secs(150);

/// The answer of `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Health {
    /// `ok`, `degraded` or `failed`.
    pub status: &'static str,
    /// Of what it is made.
    pub checks: Checks,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Checks {
    /// The control loop went round not long ago.
    pub control_loop: bool,
    /// Seconds since it last did.
    pub last_pass_s: u64,
    /// The state can be saved.
    pub disk: bool,
    /// The history can be written, if there is one.
    pub history: bool,
    /// The configuration file is in force.
    pub config: bool,
    /// The time of day is known.
    pub time: bool,
    /// The broker has taken us in; null without one.
    pub broker: Option<bool>,
    /// How many clients are connected by the API for Home Assistant; null without `[homeassistant]`. None is no fault.
    pub homeassistant: Option<usize>,
    /// Points by how far they can be trusted.
    pub points: Points,
}

/// How many points are so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Points {
    pub good: u32,
    pub stale: u32,
    pub fault: u32,
    pub unknown: u32,
}

/// `GET /healthz`
pub(super) async fn healthz(State(house): State<House>) -> Response {
    let health = Health::of(&house);
    let status = if health.status == "failed" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(health)).into_response()
}

impl Health {
    pub fn of(house: &House) -> Health {
        let snapshot = house.snapshots.borrow().clone();
        let mut points = Points::default();
        for point in &snapshot.points {
            *match point.quality {
                Quality::Good => &mut points.good,
                Quality::Stale => &mut points.stale,
                Quality::Fault => &mut points.fault,
                Quality::Unknown => &mut points.unknown,
            } += 1;
        }
        let last_pass = house.clock.real_time(house.clock.now().moment.since(snapshot.now.moment));
        // It ended when nobody shows pictures any more.
        let control_loop = last_pass < PASS_WITHIN && house.snapshots.has_changed().is_ok();
        let checks = Checks {
            control_loop,
            last_pass_s: last_pass.as_secs(),
            disk: house.unsaved.borrow().is_none(),
            history: house.unrecorded.borrow().is_none(),
            config: house.refused.borrow().is_none(),
            time: snapshot.now.wall_known,
            broker: snapshot.config.mqtt.as_ref().map(|_| house.broker.borrow().connected),
            homeassistant: snapshot.config.homeassistant.as_ref().map(|_| house.guests.borrow().len()),
            points,
        };
        let is_well = checks.history
            && checks.config
            && checks.time
            && checks.broker != Some(false)
            && points.stale + points.fault == 0;
        let status = match (checks.control_loop && checks.disk, is_well) {
            (false, _) => "failed",
            (true, false) => "degraded",
            (true, true) => "ok",
        };
        Health { status, checks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Moment, Now},
        config,
        engine::Engine,
        house::Ends,
        model::{ClockTrust, Event, Guest, Quantity, ReadFailure},
    };
    use chrono::{DateTime, TimeDelta};
    use std::sync::Arc;

    const HUT: &str = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[mqtt]\nurl = \"mqtt://localhost\"\n\
        [homeassistant]\n[sensors.living]\nchip = \"tmp102\"\nstale_after = \"1m\"\n";

    /// A house with a thermometer and a broker, and the daemon's end of it.
    struct Hut {
        engine: Engine,
        now: Now,
        house: House,
        ends: Option<Ends>,
    }

    impl Hut {
        /// In which all is well.
        fn new() -> Hut {
            let config = Arc::new(config::parse("config.toml".as_ref(), HUT).unwrap().config);
            let now = Now { moment: Moment::from_millis(10_000_000), wall: DateTime::UNIX_EPOCH, wall_known: true };
            let engine = Engine::new(config, None, now);
            let clock = Clock::system(now.moment, ClockTrust::Always);
            let (house, ends) = House::new(Arc::new(engine.snapshot(now)), clock);
            let mut hut = Hut { engine, now, house, ends: Some(ends) };
            hut.daemon().broker.send_modify(|broker| broker.connected = true);
            hut.reads(Ok(vec![(Quantity::Temperature, 20.0)]));
            hut
        }

        fn daemon(&self) -> &Ends {
            self.ends.as_ref().unwrap()
        }

        fn reads(&mut self, result: Result<Vec<(Quantity, f64)>, ReadFailure>) {
            self.happens(Event::SensorRead { sensor: "living".into(), result });
        }

        fn happens(&mut self, event: Event) {
            self.engine.handle(self.now, event);
            self.show(self.now);
        }

        fn show(&self, now: Now) {
            self.daemon().snapshots.send_replace(Arc::new(self.engine.snapshot(now)));
        }
    }

    /// What happens, what the answer is then, and which of the checks tells it.
    type Row = (&'static str, fn(&mut Hut), (u16, &'static str), fn(&mut Checks));

    #[tokio::test]
    async fn it_tells_the_truth() {
        let table: [Row; 14] = [
            ("all is well", |_| (), (200, "ok"), |_| ()),
            (
                "the state cannot be saved",
                |hut| drop(hut.daemon().unsaved.send_replace(Some("full".into()))),
                (503, "failed"),
                |checks| checks.disk = false,
            ),
            (
                "the history cannot be written",
                |hut| drop(hut.daemon().unrecorded.send_replace(Some("full".into()))),
                (200, "degraded"),
                |checks| checks.history = false,
            ),
            (
                "the file is refused",
                |hut| drop(hut.daemon().refused.send_replace(Some("line 1".into()))),
                (200, "degraded"),
                |checks| checks.config = false,
            ),
            (
                "the broker is away",
                |hut| hut.daemon().broker.send_modify(|broker| broker.connected = false),
                (200, "degraded"),
                |checks| checks.broker = Some(false),
            ),
            (
                "two clients of Home Assistant's API are connected",
                |hut| {
                    let guest =
                        Guest { name: "HA".into(), address: [10, 0, 0, 7].into(), since: hut.now, is_encrypted: true };
                    hut.daemon().guests.send_replace([guest.clone(), guest].into());
                },
                (200, "ok"),
                |checks| checks.homeassistant = Some(2),
            ),
            (
                "the time is not known",
                |hut| hut.show(Now { wall_known: false, ..hut.now }),
                (200, "degraded"),
                |checks| checks.time = false,
            ),
            (
                "the sensor is broken",
                |hut| (0..10).for_each(|_| hut.reads(Err(ReadFailure { text: "no answer".into(), fault: true }))),
                (200, "degraded"),
                |checks| checks.points = Points { good: checks.points.good - 1, fault: 1, ..checks.points },
            ),
            (
                "the sensor says nothing any more",
                |hut| {
                    let silence = Duration::from_secs(120);
                    hut.now.moment = hut.now.moment + silence;
                    hut.now.wall += TimeDelta::from_std(silence).unwrap();
                    hut.happens(Event::Wake);
                },
                (200, "degraded"),
                |checks| checks.points = Points { good: checks.points.good - 1, stale: 1, ..checks.points },
            ),
            (
                "the sensor never said anything since the start",
                |hut| {
                    let config = hut.engine.snapshot(hut.now).config;
                    hut.engine = Engine::new(config, None, hut.now);
                    let silence = Duration::from_secs(60);
                    hut.now.moment = hut.now.moment + silence;
                    hut.now.wall += TimeDelta::from_std(silence).unwrap();
                    hut.happens(Event::Wake);
                },
                (200, "degraded"),
                |checks| checks.points = Points { good: checks.points.good - 1, stale: 1, ..checks.points },
            ),
            (
                "the control loop went round a while ago, as it does when nothing happens",
                |hut| hut.show(Now { moment: Moment::from_millis(10_000_000 - 61_000), ..hut.now }),
                (200, "ok"),
                |checks| checks.last_pass_s = 61,
            ),
            (
                "the control loop stands still",
                |hut| hut.show(Now { moment: Moment::from_millis(10_000_000 - 151_000), ..hut.now }),
                (503, "failed"),
                |checks| (checks.control_loop, checks.last_pass_s) = (false, 151),
            ),
            (
                "the control loop has ended",
                |hut| hut.ends = None,
                (503, "failed"),
                |checks| checks.control_loop = false,
            ),
            (
                "all at once",
                |hut| {
                    hut.daemon().unrecorded.send_replace(Some("full".into()));
                    hut.daemon().unsaved.send_replace(Some("full".into()));
                },
                (503, "failed"),
                |checks| (checks.history, checks.disk) = (false, false),
            ),
        ];
        let well = Health::of(&Hut::new().house).checks;
        for (what, happens, answer, tells) in table {
            let (mut hut, mut expected) = (Hut::new(), well.clone());
            happens(&mut hut);
            tells(&mut expected);
            let health = Health::of(&hut.house);
            let status = healthz(State(hut.house.clone())).await.status().as_u16();
            assert_eq!((status, health.status), answer, "{what}");
            // A busy machine takes a while between the two.
            let last_pass_s = health.checks.last_pass_s;
            assert!(last_pass_s >= expected.last_pass_s, "{what}: {last_pass_s}");
            assert_eq!(health.checks, Checks { last_pass_s, ..expected }, "{what}");
        }
    }
}
