//! The configuration file over HTTP: what is asked of the daemon, and how its answers are told.

use super::{
    api::{self, Caller, Id, body_in_turn},
    connections::Work,
    operations::{Operation, Verb},
    problem::problem,
};
use crate::house::{
    Candidate, House,
    editing::{Answer, Applied, Change, Checked, ConfigFile, Edit, Refused, Text, Trial, Trialled, Version, Written},
};
use crate::model::Scope;
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ETAG, IF_MATCH},
    },
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// The tests that a file names, and the disk, may take so long; a day of two houses may, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every edit may be refused with.
const REFUSED: [StatusCode; 2] = [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];

/// What is answered where people have to log in: whoever edits the file may do all that it can.
pub(super) fn operations() -> Vec<Operation> {
    use Scope::Configure;
    use Verb::{Get, Post, Put};
    const VERSION: &str = "/api/v1/config/versions/{id}";
    vec![
        Operation::new(
            Post,
            "/api/v1/simulate",
            "simulate",
            "A day of another configuration beside the running one",
            simulate,
        )
        .scope(Configure)
        .takes::<Trial>()
        .gives::<Trialled>()
        .fails(&[StatusCode::UNSUPPORTED_MEDIA_TYPE])
        .fails(&REFUSED),
        Operation::new(Get, "/api/v1/config", "getConfig", "The configuration file", read)
            .scope(Configure)
            .gives::<ConfigFile>()
            .fails(&REFUSED),
        Operation::new(
            Put,
            "/api/v1/config",
            "setConfig",
            "Writes the configuration file and brings it into force",
            apply,
        )
        .scope(Configure)
        .matches()
        .takes::<Written>()
        .gives::<Applied>()
        .fails(&REFUSED),
        Operation::new(Post, "/api/v1/config/check", "checkConfig", "What is wrong with a configuration", check)
            .scope(Configure)
            .takes::<Written>()
            .gives::<Checked>()
            .fails(&[StatusCode::UNSUPPORTED_MEDIA_TYPE])
            .fails(&REFUSED),
        Operation::new(
            Get,
            "/api/v1/config/versions",
            "listVersions",
            "What the file was before, the newest first",
            versions,
        )
        .scope(Configure)
        .gives::<Vec<Version>>()
        .fails(&REFUSED),
        Operation::new(Get, VERSION, "getVersion", "The file as it was before", version)
            .scope(Configure)
            .gives::<ConfigFile>()
            .fails(&[StatusCode::NOT_FOUND])
            .fails(&REFUSED),
        Operation::new(Put, VERSION, "restoreVersion", "Brings the file back to what it was before", restore)
            .scope(Configure)
            .matches()
            .gives::<Applied>()
            .fails(&[StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY])
            .fails(&REFUSED),
    ]
}

pub(super) async fn read(State(house): State<House>, Extension(work): Extension<Work>) -> Response {
    let _at_work = work.begin();
    match ask(&house, Edit::Read).await {
        Ok(file) => marked(&file.version.clone(), file),
        Err(response) => response,
    }
}

pub(super) async fn check(State(house): State<House>, Extension(work): Extension<Work>, request: Request) -> Response {
    answered(&house, &work, request, |Written { text }, answer| Edit::Check(text, answer)).await
}

pub(super) async fn simulate(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    request: Request,
) -> Response {
    answered(&house, &work, request, Edit::Simulate).await
}

/// Asks what makes a house of the text that the request holds.
async fn answered<B: DeserializeOwned, T: Serialize>(
    house: &House,
    work: &Work,
    request: Request,
    edit: impl FnOnce(B, Answer<T>) -> Edit,
) -> Response {
    let body = match body_in_turn(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let _at_work = work.begin();
    told(ask_in_turn(house, |answer| edit(body, answer)).await)
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
    let unanswered = |why| problem(StatusCode::SERVICE_UNAVAILABLE, why);
    let (sender, answer) = oneshot::channel();
    let asked = async {
        house.edits.send(edit(sender)).await.ok()?;
        answer.await.ok()
    };
    match timeout(PATIENCE, asked).await {
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(Some(Err(refused))) => Err(refusal(refused)),
        Ok(None) => Err(unanswered("hearthd is stopping")),
        Err(_) => Err(unanswered("hearthd did not answer in time")),
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
