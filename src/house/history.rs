//! Questions about the past, and their answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// What somebody wants to know of the past. Times and durations are as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The dotted name of a point; `notices`: what rules had to say.
    #[serde(skip)]
    pub point: String,
    /// `2026-11-23`, `2026-11-23T21:00`, RFC 3339, or a duration: that long ago. None: a day ago.
    #[schemars(with = "String")]
    pub from: Option<String>,
    /// As `from`; None: now.
    #[schemars(with = "String")]
    pub to: Option<String>,
    /// How long a span is; None: such that there are about `spans`.
    #[schemars(with = "String")]
    pub every: Option<String>,
    /// How many spans there are to be when nothing says how long they are.
    #[schemars(with = "usize")]
    pub spans: Option<usize>,
}

/// A question about the past, and where its answer goes.
pub struct Past {
    /// What somebody wants to know.
    pub ask: Ask,
    /// What became of the point; or why that is not told.
    pub answer: oneshot::Sender<Result<Course, NoCourse>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCourse {
    /// No history is kept: what to do about it.
    #[error("{0}")]
    NotKept(String),
    /// Nothing was ever recorded of it.
    #[error("{0}")]
    UnknownPoint(String),
    /// The question is wrong: what to ask instead.
    #[error("{0}")]
    Wrong(String),
    /// The file cannot be read.
    #[error("{0}")]
    Trouble(String),
}

impl NoCourse {
    /// It is only of the one point that was asked for: of others, something may have been recorded.
    pub fn is_of_one_point(&self) -> bool {
        matches!(self, NoCourse::UnknownPoint(_))
    }
}

/// What became of a point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Course {
    /// Its dotted name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `number`, `total` (a meter), `switch`, `level` or `word`.
    pub kind: String,
    /// Of its values.
    pub unit: Option<String>,
    /// How many decimals its values are shown with; null: as many as they have.
    pub decimals: Option<usize>,
    /// The beginning of the first span: RFC 3339, in the hub's zone.
    pub from: String,
    /// Where the spans end.
    pub to: String,
    /// How long a span is, in seconds; days begin at local midnight.
    pub every_s: f64,
    /// Those of which something is known.
    pub spans: Vec<Span>,
    /// What it became and why, the oldest first; of a switch, a word or an event.
    pub changes: Vec<Change>,
    /// Whether there are older changes that are left out.
    pub more: bool,
}

/// What became of a point in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Its beginning: RFC 3339, in the hub's zone.
    pub time: String,
    /// How long its value was known.
    pub known_s: f64,
    /// The least value.
    pub min: f64,
    /// The mean, by time.
    pub mean: f64,
    /// The greatest value.
    pub max: f64,
    /// How long it was on, of what can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_s: Option<f64>,
    /// How often it was switched on, of what can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<u64>,
    /// By how much it grew, of a meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grew: Option<f64>,
    /// The energy that a power came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kwh: Option<f64>,
}

/// [`Change::value`] of a point of which nothing is known.
pub const UNKNOWN: &str = "unknown";

/// What a point became.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// When: RFC 3339, in the hub's zone.
    pub time: String,
    /// What, as MQTT and the console read it; [`UNKNOWN`].
    pub value: String,
    /// Why, as far as that was kept.
    pub why: Option<String>,
}
