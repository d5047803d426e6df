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
