//! What each path of the service answers.

use super::{
    auth::{self, Auth, Credentials},
    connections::Work,
    editing, events, health, metrics, openapi,
    operations::{self, Content, Operation, Verb},
    page,
    problem::problem,
    report, rules, shape,
};
use crate::clock::Moment;
use crate::house::{Ask, Candidate, Course, Explained, House, NoCourse, Past, Plan, Question, Request};
use crate::model::{Hold, Refusal, Scope, Source};
use crate::report::{Report, Wanted};
use axum::{
    Extension, Json, Router,
    body::{Bytes, to_bytes},
    extract::{FromRef, FromRequestParts, Path, Query, Request as HttpRequest, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use http_body_util::LengthLimitError;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, de::DeserializeOwned};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, Semaphore, SemaphorePermit, oneshot},
    time::timeout,
};

/// Longer than any pass of the control loop and any wait for the disk.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// A client that asks for nothing for so long is let go.
pub(super) const REQUEST_WITHIN: Duration = Duration::from_secs(5);
/// The largest body of a command, in bytes,
const COMMAND_MAX: usize = 16 << 10;
/// and of one that holds a configuration and what it names, each as large as a file of that kind may be, with all their escapes.
const PLAN_MAX: usize = 4 * crate::files::WRITTEN as usize;
/// So many bodies with configurations come in at a time: they are large.
static ARRIVING: Semaphore = Semaphore::const_new(4);
/// Each takes as much memory as the configuration of the largest house: one at a time.
static PLANNING: Semaphore = Semaphore::const_new(1);

/// For so long an outlook answers others, too, if no point changed: it takes as much work as a day of the house.
const OUTLOOK_HOLDS: Duration = Duration::from_secs(5);

/// What the handlers of one listener share.
#[derive(Clone)]
pub(super) struct App {
    house: House,
    pub readers: Arc<events::Readers>,
    foreseen: Arc<Mutex<Option<LastOutlook>>>,
}

/// What was expected last.
struct LastOutlook {
    /// [`crate::model::Snapshot::seq`] before it was asked.
    seq: u64,
    at: Moment,
    outlook: shape::Outlook,
}

impl App {
    /// With room for so many readers of events.
    pub fn new(house: House, readers: usize) -> App {
        App { house, readers: Arc::new(events::Readers::new(readers)), foreseen: Arc::default() }
    }
}

impl FromRef<App> for House {
    fn from_ref(app: &App) -> House {
        app.house.clone()
    }
}

/// Who asks.
#[derive(Clone)]
pub(super) struct Caller(pub Source);

/// All paths. With `auth`, those of the API are for those who come in.
pub(super) fn routes(app: App, auth: Option<&Arc<Auth>>) -> Router {
    let operations = operations(auth);
    let document = openapi::document(&operations, auth.is_some());
    let described = get(async move || Json(document));
    page::add(operations::route(operations, auth))
        .route("/api/v1/openapi.json", described)
        .with_state(app)
        .fallback(async || problem(StatusCode::NOT_FOUND, "no such path; the points are at /api/v1/points"))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, "no such method on this path"))
}

/// What there is; who asks is a matter only where there is `auth`.
fn operations(auth: Option<&Arc<Auth>>) -> Vec<Operation> {
    use Scope::{Configure, Control, Read};
    use Verb::{Delete, Get, Post, Put};
    const POINT: &str = "/api/v1/points/{id}";
    /// The daemon did not answer, or is stopping.
    const UNANSWERED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
    let refused = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY, StatusCode::LOCKED, UNANSWERED];
    let mut operations = vec![
        Operation::new(Get, "/api/v1/points", "listPoints", "All points", points).scope(Read).gives::<shape::House>(),
        Operation::new(Get, POINT, "getPoint", "One point", point)
            .scope(Read)
            .gives::<shape::PointShape>()
            .fails(&[StatusCode::NOT_FOUND]),
        Operation::new(Put, POINT, "setPoint", "Commands a point, or gives a scene", put)
            .scope(Control)
            .takes::<Commanded>()
            .gives::<shape::PointShape>()
            .fails(&refused),
        Operation::new(Delete, POINT, "releasePoint", "Gives a point back to automatic control", delete)
            .scope(Control)
            .gives::<shape::PointShape>()
            .fails(&refused),
        Operation::new(Get, "/api/v1/why/{id}", "why", "Why a point is as it is, and what comes next", why)
            .scope(Read)
            .gives::<shape::Why>()
            .fails(&[StatusCode::NOT_FOUND, UNANSWERED]),
        Operation::new(Get, "/api/v1/outlook", "outlook", "What is expected within a day, and the sun", outlook)
            .scope(Read)
            .gives::<shape::Outlook>()
            .fails(&[UNANSWERED]),
        Operation::new(Get, "/api/v1/rules", "listRules", "Every rule, and what it does now", rules::rules)
            .scope(Read)
            .gives::<Vec<rules::ListedRule>>()
            .fails(&[UNANSWERED]),
        Operation::new(Get, "/api/v1/hub", "hub", "What the hub tells of itself and its machine", hub)
            .scope(Read)
            .gives::<Vec<shape::VitalShape>>(),
        Operation::new(Get, "/api/v1/history/{id}", "history", "What became of a point, and why", past)
            .scope(Read)
            .asks::<Ask>()
            .gives::<Course>()
            .fails(&[StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY, UNANSWERED]),
        Operation::new(Get, "/api/v1/report", "report", "What the past of the house comes to", report::report)
            .scope(Read)
            .asks::<Wanted>()
            .gives::<Report>()
            .fails(&[StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY, UNANSWERED]),
        Operation::new(Get, "/api/v1/report.html", "reportPage", "The same as a page", report::page)
            .scope(Read)
            .asks::<Wanted>()
            .answers(StatusCode::OK, Content::Text("text/html"))
            .fails(&[StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY, UNANSWERED]),
        Operation::new(
            Get,
            "/api/v1/events",
            "events",
            "Server-sent events: all points, then what changes",
            events::events,
        )
        .scope(Read)
        .answers(StatusCode::OK, Content::Events(&events::EVENTS))
        .fails(&[UNANSWERED]),
        Operation::new(Post, "/api/v1/plan", "plan", "What another configuration would change", plan)
            .scope(Configure)
            .takes::<Candidate>()
            .gives::<Plan>()
            .fails(&[StatusCode::UNSUPPORTED_MEDIA_TYPE, UNANSWERED]),
        Operation::new(Get, "/metrics", "metrics", "Numbers for Prometheus", metrics::metrics)
            .scope(Read)
            .answers(StatusCode::OK, Content::Text("text/plain")),
        Operation::new(Get, "/healthz", "health", "How hearthd itself is; 503: it has failed", health::healthz)
            .gives::<health::Health>()
            .answers(UNANSWERED, Content::Json(SchemaGenerator::subschema_for::<health::Health>)),
    ];
    if let Some(auth) = auth {
        operations.extend(editing::operations());
        operations.extend([
            Operation::of_auth(Post, "/api/v1/login", "logIn", "Begins a session, known by a cookie", (log_in, auth))
                .takes::<Credentials>()
                .gives::<auth::Described>()
                .fails(&[StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS])
                .fails(&[StatusCode::UNSUPPORTED_MEDIA_TYPE, UNANSWERED]),
            Operation::of_auth(Post, "/api/v1/logout", "logOut", "Ends the session", (auth::log_out, auth))
                .answers(StatusCode::NO_CONTENT, Content::Empty)
                .fails(&[StatusCode::UNSUPPORTED_MEDIA_TYPE]),
            Operation::of_auth(
                Get,
                "/api/v1/session",
                "session",
                "Who asks, and what they may do",
                (auth::session, auth),
            )
            .gives::<auth::Described>()
            .fails(&[StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS]),
        ]);
    }
    operations
}

async fn log_in(State(auth): State<Arc<Auth>>, request: HttpRequest) -> Response {
    let far_end = auth::far_end(&request);
    match body(request, COMMAND_MAX).await {
        Ok(credentials) => auth.log_in(credentials, far_end).await,
        Err(response) => response,
    }
}

async fn points(State(house): State<House>) -> Response {
    let snapshot = house.snapshots.borrow().clone();
    Json(shape::house(&snapshot, house.about(&snapshot))).into_response()
}

async fn point(State(house): State<House>, Id(id): Id) -> Response {
    let snapshot = house.snapshots.borrow().clone();
    match shape::find(&snapshot, &id) {
        Some(point) => Json(point).into_response(),
        None => unknown_point(&house, &id),
    }
}

pub(super) async fn why(State(house): State<House>, Extension(work): Extension<Work>, Id(id): Id) -> Response {
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
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the configuration is being changed; ask again");
    };
    shape::why(&snapshot, &id, &reasons).map_or_else(|| unknown_point(&house, &id), |why| Json(why).into_response())
}

/// One at a time, who then answers all who wait: many open pages ask at the same time.
pub(super) async fn outlook(State(app): State<App>, Extension(work): Extension<Work>) -> Response {
    let _at_work = work.begin();
    let App { house, foreseen, .. } = app;
    let Ok(mut last) = timeout(PATIENCE, foreseen.lock()).await else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd is at work on another outlook; ask again");
    };
    let (seq, at) = (house.snapshots.borrow().seq, house.clock.now().moment);
    if let Some(last) = last.as_ref().filter(|last| last.seq == seq && at.since(last.at) <= OUTLOOK_HOLDS) {
        return Json(&last.outlook).into_response();
    }
    match ask(&house, Question::Outlook).await {
        Ok(found) => {
            Json(&last.insert(LastOutlook { seq, at, outlook: shape::outlook(&found) }).outlook).into_response()
        }
        Err(response) => response,
    }
}

async fn hub(State(house): State<House>) -> Response {
    let vitals = house.vitals.borrow().clone();
    Json(vitals.iter().filter_map(shape::vital).collect::<Vec<_>>()).into_response()
}

/// A query that is not understood is told what it could be.
pub(super) type Asked<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// What was asked, or what is wrong with it and what the query may have.
pub(super) fn understood<T>(asked: Asked<T>, fields: &str) -> Result<T, String> {
    asked.map(|Query(asked)| asked).map_err(|wrong| format!("{}; the query may have {fields}", wrong.body_text()))
}

async fn past(State(house): State<House>, Extension(work): Extension<Work>, Id(id): Id, ask: Asked<Ask>) -> Response {
    let _at_work = work.begin();
    let ask = match understood(ask, "from, to, every and spans") {
        Ok(ask) => Ask { point: id, ..ask },
        Err(wrong) => return problem(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    };
    let busy = || problem(StatusCode::SERVICE_UNAVAILABLE, "the history is busy; ask again");
    let (answer_in, answer) = oneshot::channel();
    match timeout(PATIENCE, house.past.send(Past { ask, answer: answer_in })).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd is stopping"),
        Err(_) => return busy(),
    }
    match timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(course))) => Json(course).into_response(),
        Ok(Ok(Err(why))) => no_course(&why),
        Ok(Err(_)) | Err(_) => busy(),
    }
}

/// Why nothing is told of the past.
pub(super) fn no_course(why: &NoCourse) -> Response {
    let status = match why {
        NoCourse::NotKept(_) | NoCourse::UnknownPoint(_) => StatusCode::NOT_FOUND,
        NoCourse::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        NoCourse::Trouble(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    problem(status, &why.to_string())
}

async fn plan(State(house): State<House>, Extension(work): Extension<Work>, request: HttpRequest) -> Response {
    let (_place, bytes) = match bytes_in_turn(request).await {
        Ok(arrived) => arrived,
        Err(response) => return response,
    };
    // Its turn begins when all is there: nobody who sends slowly keeps others from theirs.
    let _turn = match turn(PATIENCE).await {
        Ok(turn) => turn,
        Err(response) => return response,
    };
    let candidate: Candidate = match serde_json::from_slice(&bytes) {
        Ok(candidate) => candidate,
        Err(wrong) => return malformed(wrong),
    };
    let _at_work = work.begin();
    let files = candidate.files.iter().flatten();
    let texts = [(&candidate.name, &candidate.text)].into_iter().chain(files);
    if let Some((name, _)) = texts.into_iter().find(|(_, text)| text.len() as u64 > crate::files::WRITTEN) {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, &format!("{name} is larger than 1 MiB: is it the right file?"));
    }
    let candidate = match editing::complete(&house, candidate).await {
        Ok(candidate) => candidate,
        Err(response) => return response,
    };
    match ask(&house, |answer| Question::Plan(candidate, answer)).await {
        Ok(Ok(plan)) => Json(plan).into_response(),
        Ok(Err(problems)) => problem(StatusCode::UNPROCESSABLE_ENTITY, &problems),
        Err(response) => response,
    }
}

/// A turn to do something with a configuration.
pub(super) async fn turn(patience: Duration) -> Result<SemaphorePermit<'static>, Response> {
    let busy = || problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd is at work on another configuration; ask again");
    timeout(patience, PLANNING.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())
}

/// The body of a request that holds a configuration.
async fn bytes_in_turn(request: HttpRequest) -> Result<(SemaphorePermit<'static>, Bytes), Response> {
    let Ok(Ok(place)) = timeout(PATIENCE, ARRIVING.acquire()).await else {
        return Err(problem(StatusCode::SERVICE_UNAVAILABLE, "others send configurations already; ask again"));
    };
    Ok((place, bytes(request, PLAN_MAX).await?))
}

/// As [`body`], of a request that holds a configuration.
pub(super) async fn body_in_turn<T: DeserializeOwned>(request: HttpRequest) -> Result<T, Response> {
    let (_place, bytes) = bytes_in_turn(request).await?;
    serde_json::from_slice(&bytes).map_err(malformed)
}

/// The JSON of a request, which has to come in time and in no more than `max` bytes.
async fn body<T: DeserializeOwned>(request: HttpRequest, max: usize) -> Result<T, Response> {
    serde_json::from_slice(&bytes(request, max).await?).map_err(malformed)
}

async fn bytes(request: HttpRequest, max: usize) -> Result<Bytes, Response> {
    match timeout(REQUEST_WITHIN, to_bytes(request.into_body(), max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(wrong)) if wrong.source().is_some_and(|source| source.is::<LengthLimitError>()) => {
            Err(problem(StatusCode::PAYLOAD_TOO_LARGE, &format!("the request has more than {max} bytes")))
        }
        Ok(Err(wrong)) => Err(problem(StatusCode::BAD_REQUEST, &format!("the request broke off: {wrong}"))),
        Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "the request did not come in time")),
    }
}

fn malformed(wrong: serde_json::Error) -> Response {
    let status = if wrong.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
    problem(status, &format!("the request is not as it should be: {wrong}"))
}

/// The daemon's answer to a question.
pub(super) async fn ask<T>(
    house: &House,
    question: impl FnOnce(oneshot::Sender<T>) -> Question,
) -> Result<T, Response> {
    let (sender, answer) = oneshot::channel();
    if house.questions.send(question(sender)).await.is_err() {
        return Err(problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd is stopping"));
    }
    match timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd did not answer in time")),
    }
}

/// The body of a `PUT`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Commanded {
    /// A word such as `ON`, or a number.
    #[schemars(with = "shape::WordOrNumber")]
    value: serde_json::Value,
    /// How long it holds: `"2h"`, or `"room_empty"`: until the room of each output that it sets is empty; as the file says
    /// when absent.
    #[serde(rename = "for")]
    hold: Option<String>,
}

async fn put(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    Extension(Caller(source)): Extension<Caller>,
    Id(id): Id,
    request: HttpRequest,
) -> Response {
    let body: Commanded = match body(request, COMMAND_MAX).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    let payload = match body.value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        other => {
            let text = format!("the value is {other}; write a word or a number, such as \"ON\"");
            return problem(StatusCode::UNPROCESSABLE_ENTITY, &text);
        }
    };
    match body.hold.as_deref().map(Hold::parse).transpose() {
        Ok(hold) => command(&house, source, id, payload, hold).await,
        Err(wrong) => problem(StatusCode::UNPROCESSABLE_ENTITY, &format!("for: {wrong}")),
    }
}

async fn delete(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    Extension(Caller(source)): Extension<Caller>,
    Id(id): Id,
) -> Response {
    let _at_work = work.begin();
    command(&house, source, id, "AUTO".into(), None).await
}

async fn command(house: &House, source: Source, point: String, payload: String, hold: Option<Hold>) -> Response {
    let (request, answer) = Request::by(source, &point, &payload, hold);
    if house.requests.send(request).await.is_err() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd is stopping");
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
                | Refusal::Unfit { .. }
                | Refusal::NoAuto { .. }
                | Refusal::NoLevels { .. }
                | Refusal::BadHold
                | Refusal::NoHold { .. }
                | Refusal::NoRoom { .. }
                | Refusal::NotKnown
                | Refusal::NoEnds { .. }
                | Refusal::NoSetpoint { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            };
            problem(status, &format!("{point}: {refusal}"))
        }
        Ok(Err(_)) | Err(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd did not answer in time"),
    }
}

/// The point that a path names.
pub(super) struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Response> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Id(id)),
            Err(rejection) => Err(problem(rejection.status(), &rejection.body_text())),
        }
    }
}

fn unknown_point(house: &House, id: &str) -> Response {
    let text = match house.snapshots.borrow().config.nearest_point(id) {
        Some(near) => format!("{id}: no such point; did you mean {near}?"),
        None => format!("{id}: no such point; `hearthd status` lists them"),
    };
    problem(StatusCode::NOT_FOUND, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpSettings;

    #[test]
    fn what_changes_the_house_needs_more_than_what_shows_it() {
        let auth = Arc::new(Auth::new(&HttpSettings::default()));
        for Operation { verb, path, scope, .. } in operations(Some(&auth)) {
            let needed = match (verb, path) {
                (_, "/healthz" | "/api/v1/login" | "/api/v1/logout" | "/api/v1/session") => None,
                (_, "/api/v1/plan" | "/api/v1/simulate") => Some(Scope::Configure),
                (_, path) if path.starts_with("/api/v1/config") => Some(Scope::Configure),
                (Verb::Get, _) => Some(Scope::Read),
                _ => Some(Scope::Control),
            };
            assert_eq!(scope, needed, "{} {path}", verb.word());
        }
    }
}
