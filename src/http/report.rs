//! What the past of the house comes to, as JSON and as a page.

use super::{
    api::{Asked, PATIENCE, no_course, understood},
    connections::Work,
    problem::problem,
};
use crate::{
    house::{Ask, Course, House, NoCourse, Past},
    report::{self, Report, Wanted, html},
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

/// No longer time is told of, in days: a report is held in memory, with each day of each point. `hearthd report` takes more.
const DAYS_MOST: i64 = 400;

/// Why there is no report.
enum NoReport {
    Past(NoCourse),
    /// The history has too much to do, or is gone.
    Busy,
    TooLong,
    /// Whoever asked has gone.
    Over,
}

/// `GET /api/v1/report`.
pub(super) async fn report(state: State<House>, work: Extension<Work>, wanted: Asked<Wanted>) -> Response {
    made(state, work, wanted, |report: &Report| Json(report).into_response()).await
}

/// `GET /api/v1/report.html`.
pub(super) async fn page(state: State<House>, work: Extension<Work>, wanted: Asked<Wanted>) -> Response {
    let page = |report: &Report| ([(CONTENT_SECURITY_POLICY, POLICY)], Html(html::page(report))).into_response();
    made(state, work, wanted, page).await
}

/// Made and written out beside the house, which waits for neither.
async fn made(
    State(house): State<House>,
    Extension(work): Extension<Work>,
    wanted: Asked<Wanted>,
    written: fn(&Report) -> Response,
) -> Response {
    let _at_work = work.begin();
    let wanted = match understood(wanted, "from and to") {
        Ok(wanted) => wanted,
        Err(wrong) => return problem(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    };
    let unavailable = |text| problem(StatusCode::SERVICE_UNAVAILABLE, text);
    let Ok(Ok(turn)) = timeout(PATIENCE, REPORTING.acquire()).await else {
        return unavailable("hearthd is at work on another report; ask again");
    };
    let (config, now) = (house.snapshots.borrow().config.clone(), house.clock.now());
    if !now.wall_known {
        return unavailable("the time is not known yet; ask again");
    }
    // Dropped with this answer, when whoever asked goes away.
    let waits = Arc::new(());
    let goes_on = Arc::downgrade(&waits);
    let working = spawn_blocking(move || {
        let _turn = turn;
        let mut source = |ask: &Ask| match goes_on.strong_count() {
            0 => Err(NoReport::Over),
            _ => course(&house.past, ask),
        };
        let Some(time) = report::time(&config, &wanted, now.wall, &mut source)? else { return Ok(None) };
        if (time.to - time.from).num_days() > DAYS_MOST {
            return Err(NoReport::TooLong);
        }
        report::make(&config, time, &mut source).map(|report| report.as_ref().map(written))
    });
    match working.await {
        Ok(Ok(Some(response))) => response,
        Ok(Ok(None)) => problem(StatusCode::NOT_FOUND, report::NOTHING),
        Ok(Err(NoReport::Past(why))) => no_course(&why),
        Ok(Err(NoReport::TooLong)) => {
            let text = format!("ask for {DAYS_MOST} days at most, or on the machine itself with `hearthd report`");
            problem(StatusCode::UNPROCESSABLE_ENTITY, &text)
        }
        Ok(Err(NoReport::Busy | NoReport::Over)) => unavailable("the history is busy; ask again"),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the report could not be made; the log says why"),
    }
}

/// What became of a point; None: nothing was recorded of it, which may be otherwise with the next.
fn course(past: &mpsc::Sender<Past>, ask: &Ask) -> Result<Option<Course>, NoReport> {
    let (answer_in, answer) = oneshot::channel();
    past.blocking_send(Past { ask: ask.clone(), answer: answer_in }).map_err(|_| NoReport::Busy)?;
    match answer.blocking_recv().map_err(|_| NoReport::Busy)? {
        Ok(course) => Ok(Some(course)),
        Err(why) if why.is_of_one_point() => Ok(None),
        Err(why) => Err(NoReport::Past(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Moment, Now},
        engine::Engine,
        house::Ends,
        model::{ClockTrust, Config, Line, Output, OutputKind},
    };
    use axum::extract::Query;
    use chrono::DateTime;

    /// Reports of a house of many points, whose history is this test: each question waits until it is answered here.
    #[tokio::test]
    async fn one_is_made_at_a_time_and_only_for_somebody() {
        let mut config = Config::empty("h");
        let lamps = ["a", "b", "c"].map(|id| Output::plain(id, OutputKind::Light, Line::Number(0)));
        config.outputs.extend(lamps);
        let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
        let snapshot = Arc::new(Engine::new(Arc::new(config), None, now).snapshot(now));
        let (house, Ends { past: mut asked, .. }) =
            House::new(snapshot, Clock::system(Moment::START, ClockTrust::Always));
        let ask = |from: &str| {
            let wanted = Wanted { from: Some(from.into()), to: None };
            tokio::spawn(report(State(house.clone()), Extension(Work::default()), Ok(Query(wanted))))
        };
        let mut next = async || asked.recv().await.unwrap();
        let says_nothing = |question: Past| {
            let whose = question.ask.from.clone().unwrap();
            question.answer.send(Err(NoCourse::UnknownPoint("it was never on".into()))).unwrap();
            whose
        };
        let first = ask("1d");
        let question = next().await;
        let second = ask("2d");
        // The other one has had time enough to ask.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(says_nothing(question), "1d");
        let question = next().await;
        // Of those that are left of the first, nobody wants to know.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let whose = [says_nothing(question), says_nothing(next().await), says_nothing(next().await)];
        assert_eq!(whose, ["1d", "2d", "2d"]);
        says_nothing(next().await);
        assert_eq!(second.await.unwrap().status(), StatusCode::NOT_FOUND);
    }
}
