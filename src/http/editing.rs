//! The configuration file over HTTP: what is asked of the daemon, and how its answers are told.

use super::{
    api::{self, Caller, Id, body_in_turn},
    connections::Work,
    problem::problem,
};
use crate::house::{
    Candidate, House,
    editing::{Answer, Change, Edit, Refused, Text, Trial, Written},
};
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ETAG, IF_MATCH},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// The tests that a file names, and the disk, may take so long; a day of two houses may, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every edit may be refused with.
pub(super) const REFUSED: [StatusCode; 2] = [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];

pub(super) async fn read(State(house): State<House>, Extension(work): Extension<Work>) -> Response {
    let _at_work = work.begin();
    match ask(&house, Edit::Read).await {
        Ok(file) => marked(&file.version.clone(), file),
        Err(response) => response,
    }
}

pub(super) async fn check(State(house): State<House>, Extension(work): Extension<Work>, request: Request) -> Response {
    let Written { text } = match body_in_turn(request).await {
        Ok(written) => written,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    told(ask_in_turn(&house, |answer| Edit::Check(text, answer)).await)
}

pub(super) async fn simulate(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    request: Request,
) -> Response {
    let trial: Trial = match body_in_turn(request).await {
        Ok(trial) => trial,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    told(ask_in_turn(&house, |answer| Edit::Simulate(trial, answer)).await)
}

pub(super) async fn apply(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    Extension(Caller(by)): Extension<Caller>,
    request: Request,
) -> Response {
    let Some(version) = version_of(request.headers()) else { return unsaid() };
    let Written { text } = match body_in_turn(request).await {
        Ok(written) => written,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    change(&house, Change { to: Text::Given(text), version, by }).await
}

pub(super) async fn versions(State(house): State<House>, Extension(work): Extension<Work>) -> Response {
    let _at_work = work.begin();
    told(ask(&house, Edit::Versions).await)
}

pub(super) async fn version(State(house): State<House>, Extension(work): Extension<Work>, Id(id): Id) -> Response {
    let _at_work = work.begin();
    told(ask(&house, |answer| Edit::Version(id, answer)).await)
}

pub(super) async fn restore(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    Extension(Caller(by)): Extension<Caller>,
    Id(id): Id,
    request: Request,
) -> Response {
    let Some(version) = version_of(request.headers()) else { return unsaid() };
    let _at_work = work.begin();
    change(&house, Change { to: Text::Earlier(id), version, by }).await
}

/// A candidate with what it does not say itself.
pub(super) async fn complete(house: &House, candidate: Candidate) -> Result<Candidate, Response> {
    match candidate.files {
        Some(_) => Ok(candidate),
        None => ask(house, |answer| Edit::Complete(candidate, answer)).await,
    }
}

/// The file that a change is of.
fn version_of(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(IF_MATCH)?.to_str().ok()?.trim().trim_matches('"').to_owned())
}

fn unsaid() -> Response {
    let text = "say of which file this is a change: if-match: \"...\", with the version that /api/v1/config told";
    problem(StatusCode::PRECONDITION_REQUIRED, text)
}

async fn change(house: &House, change: Change) -> Response {
    match ask_in_turn(house, |answer| Edit::Apply(change, answer)).await {
        Ok(applied) => marked(&applied.version.clone(), applied),
        Err(response) => response,
    }
}

fn told<T: Serialize>(answer: Result<T, Response>) -> Response {
    answer.map_or_else(|response| response, |answer| Json(answer).into_response())
}

fn marked(version: &str, answer: impl Serialize) -> Response {
    let mut response = Json(answer).into_response();
    if let Ok(mark) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, mark);
    }
    response
}

/// As [`ask`], of what makes a house of a text: that takes memory, so one at a time.
async fn ask_in_turn<T>(house: &House, edit: impl FnOnce(Answer<T>) -> Edit) -> Result<T, Response> {
    let _turn = api::turn(PATIENCE).await?;
    ask(house, edit).await
}

async fn ask<T>(house: &House, edit: impl FnOnce(Answer<T>) -> Edit) -> Result<T, Response> {
    let unanswered = || problem(StatusCode::SERVICE_UNAVAILABLE, "hearthd did not answer in time");
    let (sender, answer) = oneshot::channel();
    let asked = async {
        house.edits.send(edit(sender)).await.ok()?;
        answer.await.ok()
    };
    match timeout(PATIENCE, asked).await {
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(Some(Err(refused))) => Err(refusal(refused)),
        Ok(None) | Err(_) => Err(unanswered()),
    }
}

fn refusal(refused: Refused) -> Response {
    match refused {
        Refused::Off(why) => problem(StatusCode::FORBIDDEN, &why),
        Refused::NoVersion(id) => {
            let text = format!("{}: no such version; they are at /api/v1/config/versions", crate::model::shown(&id));
            problem(StatusCode::NOT_FOUND, &text)
        }
        Refused::Stale => {
            problem(StatusCode::PRECONDITION_FAILED, "somebody else changed the file meanwhile; read it again")
        }
        Refused::Wrong(why) => problem(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Refused::Trouble(why) => problem(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}
