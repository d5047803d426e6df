//! What the past of the house comes to, as JSON and as a page.

use super::{
    api::{Asked, PATIENCE, no_course, understood},
    connections::Work,
    problem::problem,
};
use crate::{
    house::{Ask, Course, House, NoCourse, Past},
    report::{Report, Wanted, html, make},
};
use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::spawn_blocking,
    time::timeout,
};

/// Each asks the history many times: one at a time.
static REPORTING: Semaphore = Semaphore::const_new(1);
/// Its style stands in the page itself; nothing else does, and nothing is loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Why there is no report.
enum NoReport {
    Past(NoCourse),
    /// The daemon is stopping, or whoever asked has gone.
    Over,
}

/// `GET /api/v1/report`.
pub(super) async fn report(state: State<House>, work: Extension<Work>, wanted: Asked<Wanted>) -> Response {
    made(state, work, wanted).await.map_or_else(|response| response, |report| Json(report).into_response())
}

/// `GET /api/v1/report.html`.
pub(super) async fn page(state: State<House>, work: Extension<Work>, wanted: Asked<Wanted>) -> Response {
    let page = |report: Report| ([(CONTENT_SECURITY_POLICY, POLICY)], Html(html::page(&report))).into_response();
    made(state, work, wanted).await.map_or_else(|response| response, page)
}

async fn made(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    wanted: Asked<Wanted>,
) -> Result<Report, Response> {
    let _at_work = work.begin();
    let wanted = understood(wanted, "from and to");
    let wanted = wanted.map_err(|wrong| problem(StatusCode::UNPROCESSABLE_ENTITY, &wrong))?;
    let unavailable = |text| problem(StatusCode::SERVICE_UNAVAILABLE, text);
    let Ok(Ok(turn)) = timeout(PATIENCE, REPORTING.acquire()).await else {
        return Err(unavailable("hearthd is at work on another report; ask again"));
    };
    let (config, now) = (house.snapshots.borrow().config.clone(), house.clock.now().wall);
    // Dropped with this answer, when whoever asked goes away.
    let waits = Arc::new(());
    let goes_on = Arc::downgrade(&waits);
    let working = spawn_blocking(move || {
        let _turn = turn;
        let mut source = |ask: &Ask| match goes_on.strong_count() {
            0 => Err(NoReport::Over),
            _ => course(&house.past, ask),
        };
        make(&config, &wanted, now, &mut source)
    });
    match working.await {
        Ok(Ok(Some(report))) => Ok(report),
        Ok(Ok(None)) => Err(problem(StatusCode::NOT_FOUND, "nothing was recorded in that time")),
        Ok(Err(NoReport::Past(why))) => Err(no_course(&why)),
        Ok(Err(NoReport::Over)) | Err(_) => Err(unavailable("hearthd is stopping")),
    }
}

/// What became of a point; None: nothing was recorded of it, which may be otherwise with the next.
fn course(past: &mpsc::Sender<Past>, ask: &Ask) -> Result<Option<Course>, NoReport> {
    let (answer_in, answer) = oneshot::channel();
    past.blocking_send(Past { ask: ask.clone(), answer: answer_in }).map_err(|_| NoReport::Over)?;
    match answer.blocking_recv().map_err(|_| NoReport::Over)? {
        Ok(course) => Ok(Some(course)),
        Err(NoCourse::UnknownPoint(_)) => Ok(None),
        Err(why) => Err(NoReport::Past(why)),
    }
}
