//! The HTTP service: what the console, the page and other programs talk to, over a Unix socket and, with `[http]`, over TCP.
//!
//! | route | does |
//! | --- | --- |
//! | `GET /api/v1/points` | all points |
//! | `GET /api/v1/points/{id}` | one point |
//! | `PUT /api/v1/points/{id}` | a command: `{"value": "ON", "for": "2h"}`; to `scene.evening` as well |
//! | `DELETE /api/v1/points/{id}` | gives the point back to automatic control |
//! | `GET /api/v1/why/{id}` | what holds an output, what shows somebody in a room, what is waited for, what comes next |
//! | `GET /api/v1/outlook` | what is expected within a day, and when the sun is up |
//! | `GET /api/v1/rules` | every rule, what it does now |
//! | `GET /api/v1/hub` | what the hub tells of itself and its machine |
//! | `GET /api/v1/history/{id}` | what became of a point: `?from=yesterday&to=now&every=1h`, sums and changes |
//! | `GET /api/v1/report` | what the past of the house comes to: `?from=7d&to=now`; `/api/v1/report.html`: the same as a page |
//! | `GET /api/v1/events` | server-sent events: all points, then what changes |
//! | `POST /api/v1/plan` | what a configuration would change: `{"name": "new.toml", "text": "..."}`, with what it names in `"files"` |
//! | `POST /api/v1/simulate` | a day of a configuration beside that of the one in force: `{"text": "...", "from": "2026-11-30", "for": "1d"}` |
//! | `GET /api/v1/config` | the configuration file, its secrets covered; `PUT` writes it and brings it into force |
//! | `POST /api/v1/config/check` | what is wrong with a configuration: `{"text": "..."}` |
//! | `GET /api/v1/config/versions` | what the file was before; `PUT` on one of them brings it back |
//! | `GET /` | the page, with its files beside it |
//! | `POST /api/v1/login` | over TCP: `{"user": "...", "password": "..."}` begins a session; `POST /api/v1/logout` ends it |
//! | `GET /api/v1/session` | over TCP: who asks, and what they may do |
//! | `GET /healthz` | how hearthd itself is; 503 when it has failed |
//! | `GET /metrics` | numbers for Prometheus |
//! | `GET /api/v1/openapi.json` | all this, for programs |
//!
//! Errors are problem details (RFC 9457): `{"title": "Locked", "status": 423, "detail": "..."}`.

mod announce;
mod api;
mod auth;
pub mod client;
mod connections;
mod editing;
mod events;
mod far_end;
mod gate;
mod health;
mod limiter;
mod metrics;
mod openapi;
mod operations;
mod page;
mod problem;
mod report;
mod rules;
pub mod secret;
mod self_made;
mod serve;
pub mod shape;
mod tls;
pub mod trust;
pub mod zones;

pub use announce::announce;
pub use serve::{Listening, serve, serve_tcp};

use crate::{clock::Now, house::House, model::Snapshot};

impl House {
    /// All that is told of the house besides its points.
    fn about(&self, snapshot: &Snapshot) -> shape::About {
        shape::About {
            config_refused: self.refused.borrow().clone(),
            state_unsaved: self.unsaved.borrow().clone(),
            history_unwritten: self.unrecorded.borrow().clone(),
            ..shape::about(snapshot, &self.broker.borrow(), &self.guests.borrow())
        }
    }
}

/// Wall time for JSON: RFC 3339 in the hub's zone.
fn local(snapshot: &Snapshot, time: chrono::DateTime<chrono::Utc>) -> String {
    snapshot.config.hub.on_the_clock(time)
}

/// Seconds from `time` to `now`, not negative.
fn age_s(now: Now, time: chrono::DateTime<chrono::Utc>) -> i64 {
    (now.wall - time).num_seconds().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use super::{
        api::{App, Id, outlook, why},
        connections::Work,
    };
    use crate::{
        clock::{Clock, Moment},
        engine::Engine,
        house::{Ends, Explained, Foreseen, Question},
        model::{ClockTrust, Config, Line, Outlook, Output, OutputKind, Reasons},
    };
    use axum::{Extension, extract::State, http::StatusCode};
    use std::sync::Arc;

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
        let (house, Ends { snapshots: publish, questions: mut asked, .. }) =
            House::new(before, Clock::system(Moment::START, ClockTrust::Always));
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

    /// All pages that ask at a time cost one outlook, until something changes or it is old.
    #[tokio::test]
    async fn one_outlook_answers_all_who_ask_of_the_same_house() {
        let first = snapshot(&["lamp"]);
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let (house, Ends { snapshots: publish, questions: mut asked, .. }) = House::new(first.clone(), clock);
        let app = App::new(house, 1);
        let answers = async {
            let mut questions = 0;
            while let Some(Question::Outlook(answer)) = asked.recv().await {
                questions += 1;
                let now = chrono::DateTime::UNIX_EPOCH;
                let outlook = Outlook { sun: Vec::new(), changes: Vec::new(), rules: Vec::new(), until: now };
                assert!(answer.send(Foreseen { config: first.config.clone(), outlook, now }).is_ok());
            }
            questions
        };
        let asks = async {
            let ask = || outlook(State(app.clone()), Extension(Work::default()));
            let (one, other) = tokio::join!(ask(), ask());
            publish.send_replace(Arc::new(Snapshot { seq: first.seq + 1, ..(*first).clone() }));
            let statuses = [one.status(), other.status(), ask().await.status()];
            drop(app);
            statuses
        };
        let (questions, statuses) = tokio::join!(answers, asks);
        assert_eq!((questions, statuses), (2, [StatusCode::OK; 3]));
    }
}
