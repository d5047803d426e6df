//! The HTTP service: what the console, the page and other programs talk to, over a Unix socket and, with `[http]`, over TCP.
//!
//! | route | does |
//! | --- | --- |
//! | `GET /api/v1/points` | all points |
//! | `GET /api/v1/points/{id}` | one point |
//! | `PUT /api/v1/points/{id}` | a command: `{"value": "ON", "for": "2h"}`; to `scene.evening` as well |
//! | `DELETE /api/v1/points/{id}` | gives the point back to automatic control |
//! | `GET /api/v1/why/{id}` | what holds an output, what shows somebody in a room, what is waited for, what comes next |
//! | `GET /api/v1/events` | server-sent events: all points, then what changes |
//! | `POST /api/v1/plan` | what a configuration would change: `{"name": "new.toml", "text": "..."}`, with what it names in `"files"` |
//! | `POST /api/v1/login` | over TCP: `{"user": "...", "password": "..."}` begins a session; `POST /api/v1/logout` ends it |
//! | `GET /api/v1/session` | over TCP: who asks, and what they may do |
//! | `GET /healthz` | how hearthd itself is; 503 when it has failed |
//! | `GET /metrics` | numbers for Prometheus |
//!
//! Errors are problem details (RFC 9457): `{"title": "Locked", "status": 423, "detail": "..."}`.

mod api;
mod auth;
pub mod client;
mod connections;
mod events;
mod gate;
mod health;
mod limiter;
mod metrics;
mod problem;
pub mod secret;
mod serve;
pub mod shape;
mod tls;
pub mod trust;

pub use serve::{Listening, serve, serve_tcp};

use crate::{
    clock::{Clock, Now},
    model::{BrokerStatus, Command, Config, Reasons, Refusal, Snapshot, Source},
};
use serde::{Deserialize, Serialize};
use shape::Plan;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot, watch};

/// A command that waits for its answer.
pub struct Request {
    /// What is wished.
    pub command: Command,
    /// Where the answer goes.
    pub answer: Answerer,
}

impl Request {
    /// A command by the console, and where its answer will come: the snapshot after it, or why it was refused.
    pub fn new(
        point: &str,
        payload: &str,
        hold: Option<Duration>,
    ) -> (Request, oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) {
        Request::by(Source::Console, point, payload, hold)
    }

    /// As [`Request::new`], by somebody else.
    pub fn by(
        source: Source,
        point: &str,
        payload: &str,
        hold: Option<Duration>,
    ) -> (Request, oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) {
        let (point, payload) = (point.to_owned(), payload.to_owned());
        let command = Command { source, point, payload, hold };
        let (sender, answer) = oneshot::channel();
        (Request { command, answer: Answerer(sender) }, answer)
    }
}

/// Where the answer to one [`Request`] goes: the snapshot after it, or why it was refused.
pub struct Answerer(oneshot::Sender<Result<Arc<Snapshot>, Refusal>>);

/// An answer ready to be given.
pub struct Reply {
    /// To whom.
    pub answer: Answerer,
    /// Accepted or not.
    pub result: Result<(), Refusal>,
}

impl Reply {
    /// Gives the answer; `snapshot` is the house after the command.
    pub fn send(self, snapshot: &Arc<Snapshot>) {
        // Whoever asked may have gone away.
        let _ = self.answer.0.send(self.result.map(|()| snapshot.clone()));
    }
}

/// A question that the snapshot does not answer; the daemon looks into a copy of the engine.
pub enum Question {
    /// Why the point of this name is as it is, or the climate zone does what it does; nothing if there is none.
    Why(String, oneshot::Sender<Option<Explained>>),
    /// What a changed configuration would change; or its problems.
    Plan(Candidate, oneshot::Sender<Result<Plan, String>>),
}

/// Why something is as it is.
pub struct Explained {
    /// The house that the reasons speak of by numbers: after a reload it is another than that of an earlier snapshot.
    pub config: Arc<Config>,
    /// Why.
    pub reasons: Reasons,
}

/// A configuration that may come into force: the body of `POST /api/v1/plan`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What messages call the file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The zone that counts where the text names none; the machine's when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// The texts of the files that it names, but for passwords.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// What the service needs of the daemon.
#[derive(Clone)]
pub struct House {
    /// The newest picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Commands go here.
    pub requests: mpsc::Sender<Request>,
    /// Questions go here.
    pub questions: mpsc::Sender<Question>,
    /// How it stands with the broker.
    pub broker: watch::Receiver<BrokerStatus>,
    /// What is wrong with the file, while another configuration than that is in force.
    pub refused: watch::Receiver<Option<String>>,
    /// Why the state cannot be saved, while it cannot.
    pub unsaved: watch::Receiver<Option<String>>,
    /// The daemon's clock.
    pub clock: Clock,
}

impl House {
    /// All that is told of the house besides its points.
    fn about(&self, snapshot: &Snapshot) -> shape::About {
        let (refused, unsaved) = (self.refused.borrow().clone(), self.unsaved.borrow().clone());
        shape::about(snapshot, &self.broker.borrow(), refused, unsaved)
    }
}

/// Wall time for JSON: RFC 3339 in the hub's zone.
fn local(snapshot: &Snapshot, time: chrono::DateTime<chrono::Utc>) -> String {
    time.with_timezone(&snapshot.config.hub.timezone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// Seconds from `time` to `now`, not negative.
fn age_s(now: Now, time: chrono::DateTime<chrono::Utc>) -> i64 {
    (now.wall - time).num_seconds().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use super::{
        api::{Id, why},
        connections::Work,
    };
    use crate::{
        clock::Moment,
        engine::Engine,
        model::{Line, Output, OutputKind},
    };
    use axum::{Extension, extract::State, http::StatusCode};

    fn snapshot(outputs: &[&str]) -> Arc<Snapshot> {
        let mut config = Config::empty("h");
        let plain = |id: &&str| Output::plain(id, OutputKind::Light, Line::Number(0));
        config.outputs.extend(outputs.iter().map(plain));
        let now = Now { moment: Moment::START, wall: chrono::DateTime::UNIX_EPOCH, wall_known: true };
        Arc::new(Engine::new(Arc::new(config), None, now).snapshot(now))
    }

    /// A reload comes between a question and its answer, which speaks of outputs that the last snapshot does not know.
    #[tokio::test]
    async fn reasons_are_told_of_the_house_that_they_are_of() {
        let (before, after) = (snapshot(&[]), snapshot(&["old", "lamp"]));
        let (publish, snapshots) = watch::channel(before);
        let (questions, mut asked) = mpsc::channel(1);
        let house = House {
            snapshots,
            requests: mpsc::channel(1).0,
            questions,
            broker: watch::channel(BrokerStatus::default()).1,
            refused: watch::channel(None).1,
            unsaved: watch::channel(None).1,
            clock: Clock::system(Moment::START, crate::model::ClockTrust::Always),
        };
        let answers = async {
            let Some(Question::Why(name, answer)) = asked.recv().await else { panic!("another question") };
            assert_eq!(name, "lamp");
            let (config, reasons) = (after.config.clone(), Reasons::default());
            assert!(answer.send(Some(Explained { config, reasons })).is_ok());
            tokio::task::yield_now().await;
            publish.send_replace(after.clone());
            let Some(Question::Why(_, answer)) = asked.recv().await else { panic!("another question") };
            assert!(answer.send(None).is_ok());
        };
        let asks = async {
            let found = why(State(house.clone()), Extension(Work::default()), Id("lamp".into())).await;
            let gone = why(State(house.clone()), Extension(Work::default()), Id("old lamp".into())).await;
            (found.status(), gone.status())
        };
        let ((), statuses) = tokio::join!(answers, asks);
        assert_eq!(statuses, (StatusCode::OK, StatusCode::NOT_FOUND));
    }
}
