//! Server-sent events: the house as it is, then what changes.
//!
//! | event | data | when |
//! | --- | --- | --- |
//! | `snapshot` | as `GET /api/v1/points` | first, and when another configuration came into force |
//! | `changes` | `{"time": .., "points": [..]}` | points became others |
//! | `house` | as `snapshot`, without rooms, scenes and points | the broker, Home Assistant, the file, the disk or the clock is not as it was |
//!
//! Nothing is queued: a reader is told the newest state, however much was missed, and who takes nothing is let go
//! (`connections.rs`). What is read is numbered over one run of hearthd, so whoever comes back with a `Last-Event-ID` of this
//! run and configuration is told what changed since; everybody else, everything.

use super::{
    House,
    api::App,
    auth::Admitted,
    connections::{AtWork, Work},
    operations::Shape,
    problem::problem,
    shape,
};
use crate::model::{Config, Snapshot};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream::unfold;
use hyper::body::Bytes;
use schemars::SchemaGenerator;
use serde::Serialize;
use std::{
    convert::Infallible,
    fmt::Write,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// A comment in a silence shows both ends, and those between, that there is still a connection.
const SILENCE: Duration = Duration::from_secs(15);
/// Passes that follow each other sooner become one event.
const COALESCED: Duration = Duration::from_millis(50);
/// When a reader is to try again that has lost its connection, in milliseconds.
const RETRY_MS: u32 = 2_000;

const SNAPSHOT: &str = "snapshot";
const CHANGES: &str = "changes";
const HOUSE: &str = "house";

/// Each event for the OpenAPI document: its name, when it comes, what its data is.
pub(super) const EVENTS: [(&str, &str, Shape); 3] = [
    (
        SNAPSHOT,
        "First, and when another configuration came into force.",
        SchemaGenerator::subschema_for::<shape::House>,
    ),
    (CHANGES, "Points became others.", SchemaGenerator::subschema_for::<shape::Changes>),
    (
        HOUSE,
        "The broker, Home Assistant, the file, the disk or the clock is not as it was.",
        SchemaGenerator::subschema_for::<shape::About>,
    ),
];

/// Those who read events on one listener.
pub(super) struct Readers {
    room: Arc<Semaphore>,
    limit: usize,
    /// Tells this run from others: numbers of changes begin anew in each.
    run: u64,
    /// The newest configuration that somebody was told of, and its number.
    told: Mutex<(Option<Arc<Config>>, u64)>,
}

impl Readers {
    /// So many at a time.
    pub fn new(limit: usize) -> Readers {
        let run = RandomState::new().build_hasher().finish();
        Readers { room: Arc::new(Semaphore::new(limit)), limit, run, told: Mutex::default() }
    }

    /// Names a configuration. While it is told of, nothing else has its place in memory.
    fn mark(&self, config: &Arc<Config>) -> Mark {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.0.as_ref().is_some_and(|known| Arc::ptr_eq(known, config)) {
            *told = (Some(config.clone()), told.1 + 1);
        }
        Mark { run: self.run, config: told.1 }
    }
}

/// In which run, under which configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    run: u64,
    config: u64,
}

impl Mark {
    fn id(self, seq: u64) -> String {
        format!("{:x}-{}-{seq}", self.run, self.config)
    }

    /// The number of the last change that whoever has this id was told of, if it is of here.
    fn seq(self, id: &str) -> Option<u64> {
        let (mark, seq) = id.rsplit_once('-')?;
        let seq = seq.parse().ok()?;
        (self.id(seq).rsplit_once('-')?.0 == mark).then_some(seq)
    }
}

/// `GET /api/v1/events`
pub(super) async fn events(
    State(app): State<App>,
    State(house): State<House>,
    Extension(work): Extension<Work>,
    admitted: Option<Extension<Admitted>>,
    headers: HeaderMap,
) -> Response {
    let Ok(place) = app.readers.room.clone().try_acquire_owned() else {
        let text = format!("{} others read events already; close a page, or ask again", app.readers.limit);
        let again = [(RETRY_AFTER, HeaderValue::from_static("10"))];
        return (again, problem(StatusCode::SERVICE_UNAVAILABLE, &text)).into_response();
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let admitted = admitted.map(|Extension(admitted)| admitted);
    let reader = Reader { house, readers: app.readers, admitted, last, told: None, _place: place, _work: work.begin() };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would collect events before it passes them on.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(unfold(reader, Reader::next))).into_response()
}

/// One who reads.
struct Reader {
    house: House,
    readers: Arc<Readers>,
    /// None: nobody has to be let in.
    admitted: Option<Admitted>,
    /// What it was told last, as it says.
    last: Option<String>,
    told: Option<Told>,
    _place: OwnedSemaphorePermit,
    /// Nobody else is given its connection.
    _work: AtWork,
}

/// What a reader knows.
struct Told {
    config: Arc<Config>,
    seq: u64,
    /// Without the time.
    about: shape::About,
}

impl Reader {
    /// The next piece of the stream. It ends with the daemon, and with the session.
    async fn next(self) -> Option<(Result<Bytes, Infallible>, Reader)> {
        let (piece, reader) = self.piece().await?;
        reader.admitted.as_ref().is_none_or(Admitted::counts).then_some((piece, reader))
    }

    async fn piece(mut self) -> Option<(Result<Bytes, Infallible>, Reader)> {
        if self.told.is_none() {
            let text = format!("retry: {RETRY_MS}\n{}", self.news());
            return Some((Ok(text.into()), self));
        }
        sleep(COALESCED).await;
        let silence = sleep(SILENCE);
        tokio::pin!(silence);
        loop {
            let House { snapshots, broker, guests, refused, unsaved, unrecorded, .. } = &mut self.house;
            let goes_on = tokio::select! {
                changed = snapshots.changed() => changed.is_ok(),
                Ok(()) = broker.changed() => true,
                Ok(()) = guests.changed() => true,
                Ok(()) = refused.changed() => true,
                Ok(()) = unsaved.changed() => true,
                Ok(()) = unrecorded.changed() => true,
                () = &mut silence => return Some((Ok(Bytes::from_static(b":\n\n")), self)),
            };
            if !goes_on {
                return None;
            }
            let text = self.news();
            if !text.is_empty() {
                return Some((Ok(text.into()), self));
            }
        }
    }

    /// The events that tell it what it does not know; empty: it knows all.
    fn news(&mut self) -> String {
        let snapshot = self.house.snapshots.borrow_and_update().clone();
        let mark = self.readers.mark(&snapshot.config);
        let mut about = self.house.about(&snapshot);
        let time = std::mem::take(&mut about.time);
        let told = self.told.replace(Told { config: snapshot.config.clone(), seq: snapshot.seq, about: about.clone() });
        let known = match &told {
            Some(told) => Arc::ptr_eq(&told.config, &snapshot.config).then_some(told.seq),
            None => self.last.as_deref().and_then(|id| mark.seq(id)).filter(|seq| *seq <= snapshot.seq),
        };
        let mut text = String::new();
        let is_known = told.is_some_and(|told| told.about == about);
        about.time = time;
        let Some(known) = known else {
            event(&mut text, SNAPSHOT, Some((mark, &snapshot)), &shape::house(&snapshot, about));
            return text;
        };
        if !is_known {
            event(&mut text, HOUSE, None, &about);
        }
        if snapshot.seq > known {
            event(&mut text, CHANGES, Some((mark, &snapshot)), &shape::changes(&snapshot, known));
        }
        text
    }
}

fn event(text: &mut String, name: &str, id: Option<(Mark, &Snapshot)>, data: &impl Serialize) {
    // JSON has no line breaks of its own; what is written into a text does not fail.
    let data = serde_json::to_string(data).unwrap_or_default();
    let id = id.map(|(mark, snapshot)| format!("id: {}\n", mark.id(snapshot.seq))).unwrap_or_default();
    let _ = write!(text, "event: {name}\n{id}data: {data}\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_in_its_run_and_under_its_configuration() {
        let (one, other) = (Readers::new(1), Readers::new(1));
        let (config, changed) = (Arc::new(Config::empty("h")), Arc::new(Config::empty("h")));
        let mark = one.mark(&config);
        let id = mark.id(17);
        assert_eq!(one.mark(&config).seq(&id), Some(17));
        assert_eq!(other.mark(&config).seq(&id), None);
        assert_eq!(one.mark(&changed).seq(&id), None);
        assert_eq!(one.mark(&config).seq(&id), None, "nobody knows what became of it meanwhile");
        for wrong in ["", "17", "-", "x-y-17", &format!("{id}-"), &format!("{id}-1"), "1-1-99999999999999999999999"] {
            assert_eq!(mark.seq(wrong), None, "{wrong}");
        }
    }
}
