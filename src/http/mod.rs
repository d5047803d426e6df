//! The HTTP service: what the console and other programs on this machine talk to, over a Unix socket.
//!
//! | route | does |
//! | --- | --- |
//! | `GET /api/v1/points` | all points |
//! | `GET /api/v1/points/{id}` | one point |
//! | `PUT /api/v1/points/{id}` | a command: `{"value": "ON", "for": "2h"}`; to `scene.evening` as well |
//! | `DELETE /api/v1/points/{id}` | gives the point back to automatic control |
//! | `GET /api/v1/why/{id}` | what holds an output, what shows somebody in a room, what is waited for, what comes next |
//! | `POST /api/v1/plan` | what a configuration would change: `{"name": "new.toml", "text": "..."}`, with what it names in `"files"` |
//! | `GET /healthz` | `ok` while the control loop runs |
//!
//! Errors are `{"error": "..."}` with a status that fits.

pub mod client;
mod connections;
pub mod shape;
pub mod trust;

use crate::{
    clock::Now,
    house::{Candidate, Explained, House, Question, Request},
    model::{Refusal, Snapshot, duration},
};
use axum::{
    Extension, Json, Router,
    body::to_bytes,
    extract::{FromRequestParts, Path, Request as HttpRequest, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use connections::{Connections, Patient, Work};
use http_body_util::LengthLimitError;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

/// Longer than any pass of the control loop and any wait for the disk.
const PATIENCE: Duration = Duration::from_secs(10);
/// A client that asks for nothing for so long is let go.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
/// The largest body of a command, in bytes,
const COMMAND_MAX: usize = 16 << 10;
/// and of a plan: a configuration and what it names, each as large as a file of that kind may be, with all their escapes.
const PLAN_MAX: usize = 4 * crate::files::WRITTEN as usize;
/// Each takes as much memory as the configuration of the largest house: one at a time.
static PLANNING: Semaphore = Semaphore::const_new(1);
/// When the system is out of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Serves `house` on a listening socket until the task is dropped.
pub async fn serve(listener: tokio::net::UnixListener, house: House) {
    let routes = routes(house);
    let mut http = http1::Builder::new();
    // A client that says nothing is not kept for ever.
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN);
    // The library cannot write a date before 1970, and tries to.
    http.auto_date_header(false);
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            // How a connection ended is the client's affair.
            Ok((stream, _)) => {
                let work = Work::default();
                let service = TowerToHyperService::new(routes.clone().layer(Extension(work.clone())));
                let connection = http.serve_connection(Patient::new(TokioIo::new(stream)), service);
                connections.add(work, async { drop(connection.await) }).await;
            }
            Err(error) => {
                tracing::warn!("the control socket cannot take a connection: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

fn routes(house: House) -> Router {
    Router::new()
        .route("/api/v1/points", get(points))
        .route("/api/v1/points/{id}", get(point).put(put).delete(delete))
        .route("/api/v1/why/{id}", get(why))
        .route("/api/v1/plan", post(plan))
        .route("/healthz", get(async || "ok\n"))
        .fallback(async || error(StatusCode::NOT_FOUND, "no such path; the points are at /api/v1/points"))
        .method_not_allowed_fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, "no such method on this path"))
        .with_state(house)
}

async fn points(State(house): State<House>) -> Response {
    let snapshot = house.snapshots.borrow().clone();
    let (refused, unsaved) = (house.refused.borrow().clone(), house.unsaved.borrow().clone());
    Json(shape::house(&snapshot, &house.broker.borrow(), refused, unsaved)).into_response()
}

async fn point(State(house): State<House>, Id(id): Id) -> Response {
    let snapshot = house.snapshots.borrow().clone();
    match shape::find(&snapshot, &id) {
        Some(point) => Json(point).into_response(),
        None => unknown_point(&house, &id),
    }
}

async fn why(State(house): State<House>, Extension(work): Extension<Work>, Id(id): Id) -> Response {
    let _at_work = work.begin();
    let Explained { config, reasons } = match ask(&house, |answer| Question::Why(id.clone(), answer)).await {
        Ok(Some(explained)) => explained,
        Ok(None) => return unknown_point(&house, &id),
        Err(response) => return response,
    };
    // Just after a reload, the snapshot that goes with the reasons is still to come.
    let mut snapshots = house.snapshots.clone();
    let fitting = snapshots.wait_for(|snapshot| Arc::ptr_eq(&snapshot.config, &config));
    let Ok(Ok(snapshot)) = timeout(PATIENCE, fitting).await.map(|fitting| fitting.map(|s| s.clone())) else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "the configuration is being changed; ask again");
    };
    shape::why(&snapshot, &id, &reasons).map_or_else(|| unknown_point(&house, &id), |why| Json(why).into_response())
}

async fn plan(State(house): State<House>, Extension(work): Extension<Work>, request: HttpRequest) -> Response {
    let Ok(Ok(_turn)) = timeout(PATIENCE, PLANNING.acquire()).await else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "hearthd is at work on another plan; ask again");
    };
    let candidate: Candidate = match body(request, PLAN_MAX).await {
        Ok(candidate) => candidate,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    let texts = [(&candidate.name, &candidate.text)].into_iter().chain(&candidate.files);
    if let Some((name, _)) = texts.into_iter().find(|(_, text)| text.len() as u64 > crate::files::WRITTEN) {
        return error(StatusCode::PAYLOAD_TOO_LARGE, &format!("{name} is larger than 1 MiB: is it the right file?"));
    }
    match ask(&house, |answer| Question::Plan(candidate, answer)).await {
        Ok(Ok(plan)) => Json(plan).into_response(),
        Ok(Err(problems)) => error(StatusCode::UNPROCESSABLE_ENTITY, &problems),
        Err(response) => response,
    }
}

/// The JSON of a request, which has to come in time and in no more than `max` bytes.
async fn body<T: DeserializeOwned>(request: HttpRequest, max: usize) -> Result<T, Response> {
    let bytes = match timeout(REQUEST_WITHIN, to_bytes(request.into_body(), max)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(wrong)) if wrong.source().is_some_and(|source| source.is::<LengthLimitError>()) => {
            return Err(error(StatusCode::PAYLOAD_TOO_LARGE, &format!("the request has more than {max} bytes")));
        }
        Ok(Err(wrong)) => return Err(error(StatusCode::BAD_REQUEST, &format!("the request broke off: {wrong}"))),
        Err(_) => return Err(error(StatusCode::REQUEST_TIMEOUT, "the request did not come in time")),
    };
    serde_json::from_slice(&bytes).map_err(|wrong| {
        let status = if wrong.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        error(status, &format!("the request is not as it should be: {wrong}"))
    })
}

/// The daemon's answer to a question.
async fn ask<T>(house: &House, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Result<T, Response> {
    let (sender, answer) = oneshot::channel();
    if house.questions.send(question(sender)).await.is_err() {
        return Err(error(StatusCode::SERVICE_UNAVAILABLE, "hearthd is stopping"));
    }
    match timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(error(StatusCode::SERVICE_UNAVAILABLE, "hearthd did not answer in time")),
    }
}

/// The body of a `PUT`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    value: serde_json::Value,
    #[serde(rename = "for")]
    hold: Option<String>,
}

async fn put(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    Id(id): Id,
    request: HttpRequest,
) -> Response {
    let body: Put = match body(request, COMMAND_MAX).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    let payload = match body.value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        other => {
            let text = format!("the value is {other}; write a word or a number, such as \"ON\"");
            return error(StatusCode::UNPROCESSABLE_ENTITY, &text);
        }
    };
    match body.hold.as_deref().map(duration::parse).transpose() {
        Ok(hold) => command(&house, id, payload, hold).await,
        Err(problem) => error(StatusCode::UNPROCESSABLE_ENTITY, &format!("for: {problem}")),
    }
}

async fn delete(State(house): State<House>, Extension(work): Extension<Work>, Id(id): Id) -> Response {
    let _at_work = work.begin();
    command(&house, id, "AUTO".into(), None).await
}

async fn command(house: &House, point: String, payload: String, hold: Option<Duration>) -> Response {
    let (request, answer) = Request::new(&point, &payload, hold);
    if house.requests.send(request).await.is_err() {
        return error(StatusCode::SERVICE_UNAVAILABLE, "hearthd is stopping");
    }
    match timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(snapshot))) => match shape::find(&snapshot, &point) {
            Some(point) => Json(point).into_response(),
            None => unknown_point(house, &point),
        },
        Ok(Ok(Err(Refusal::UnknownPoint { nearest: None }))) => unknown_point(house, &point),
        Ok(Ok(Err(refusal))) => {
            let status = match refusal {
                Refusal::UnknownPoint { .. } => StatusCode::NOT_FOUND,
                Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
                Refusal::Locked { .. } => StatusCode::LOCKED,
                Refusal::ReadOnly
                | Refusal::BadValue { .. }
                | Refusal::NoAuto { .. }
                | Refusal::NoLevels { .. }
                | Refusal::BadHold
                | Refusal::NoHold { .. }
                | Refusal::NotKnown => StatusCode::UNPROCESSABLE_ENTITY,
            };
            error(status, &format!("{point}: {refusal}"))
        }
        Ok(Err(_)) | Err(_) => error(StatusCode::SERVICE_UNAVAILABLE, "hearthd did not answer in time"),
    }
}

/// The point that a path names.
struct Id(String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Response> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Id(id)),
            Err(rejection) => Err(error(rejection.status(), &rejection.body_text())),
        }
    }
}

fn unknown_point(house: &House, id: &str) -> Response {
    let text = match house.snapshots.borrow().config.nearest_point(id) {
        Some(near) => format!("{id}: no such point; did you mean {near}?"),
        None => format!("{id}: no such point; `hearthd status` lists them"),
    };
    error(StatusCode::NOT_FOUND, &text)
}

fn error(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
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
    use crate::{
        clock::Moment,
        engine::Engine,
        house::Ends,
        model::{Config, Line, Output, OutputKind, Reasons},
    };

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
        let (house, Ends { snapshots: publish, questions: mut asked, .. }) = House::new(before);
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
