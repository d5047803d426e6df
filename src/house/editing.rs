//! The configuration file as it is edited from a page: what is asked of the daemon, and what it answers.

use super::Candidate;
use crate::model::Source;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// Where the answer of an edit goes.
pub type Answer<T> = oneshot::Sender<Result<T, Refused>>;

/// What is asked about the file, and where its answer goes.
pub enum Edit {
    /// The file as it is now.
    Read(Answer<ConfigFile>),
    /// What is wrong with this text.
    Check(String, Answer<Checked>),
    /// The candidate with the files that it names, and with what is hidden in its text.
    Complete(Candidate, Answer<Candidate>),
    /// A day of this text beside that of what is in force.
    Simulate(Trial, Answer<Trialled>),
    /// Another content of the file.
    Apply(Change, Answer<Applied>),
    /// What the file was before, the newest first.
    Versions(Answer<Vec<Version>>),
    /// One of them.
    Version(String, Answer<ConfigFile>),
}

/// What the file is to become.
pub struct Change {
    /// Where its text is.
    pub to: Text,
    /// [`ConfigFile::version`] as it was when it was read; `*`: whatever it is.
    pub version: String,
    /// Who asks.
    pub by: Source,
}

/// Where a text is.
pub enum Text {
    /// Here.
    Given(String),
    /// It is an earlier version.
    Earlier(String),
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not allowed, or there is no file; what to write so that it is.
    Off(String),
    /// There is no such version.
    NoVersion(String),
    /// The file is another than the one that was read.
    Stale,
    /// What is wrong with what was sent.
    Wrong(String),
    /// The disk, the system or the time does not allow it.
    Trouble(String),
}

/// Answer of `GET /api/v1/config`: a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfigFile {
    /// What it is called.
    pub name: String,
    /// Its text. A password in it is shown as `‹hidden 1›`, which stands for it also in a text that is sent.
    pub text: String,
    /// Which one it is: for `If-Match`, with quotes around it. Another one after each change and each start of hearthd.
    pub version: String,
}

/// The body of `POST /api/v1/config/check` and `PUT /api/v1/config`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// A configuration.
    pub text: String,
}

/// Answer of `POST /api/v1/config/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checked {
    /// Whether it could come into force.
    pub good: bool,
    /// What is wrong, or to be looked at, in the order of its lines; at most a hundred.
    pub diagnostics: Vec<Diagnosis>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// `error`, for which the file is refused, or `warning`.
    pub severity: Severity,
    /// The line, from 1; null when it is about the file as a whole.
    pub line: Option<usize>,
    /// The character of the line, from 1.
    pub column: Option<usize>,
    /// The key that it is about: `outputs.lamp.gpio`.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Whether the file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is.
    Error,
    /// It is not.
    Warning,
}

/// Answer of `PUT /api/v1/config`: it is written, and in force but for what needs a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Applied {
    /// As in [`ConfigFile`].
    pub version: String,
    /// What somebody should look at.
    pub warnings: Vec<Diagnosis>,
    /// Why it comes into force only with a restart: a sentence.
    pub restart: Option<String>,
}

/// What the file was before somebody changed it over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// Which one.
    pub id: u64,
    /// Until when it was so.
    pub until: String,
    /// Who changed it then.
    pub by: String,
    /// Lines that the next one, or the file as it is now, has and it has not.
    pub added: usize,
    /// Lines that it has and the next one has not.
    pub removed: usize,
}

/// The body of `POST /api/v1/simulate`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// A configuration.
    pub text: String,
    /// The local date, or date and time, to begin at: `2026-11-30`, `2026-11-30T17:00`; today when absent.
    pub from: Option<String>,
    /// How long, at most `7d`; `1d` when absent.
    #[serde(rename = "for")]
    pub length: Option<String>,
    /// Another number makes other people and other weather.
    pub seed: Option<u32>,
    /// How many are at home of the two who live there, `0` to `2`; both when absent.
    pub people: Option<u8>,
    /// Temperatures outside: lines of a local time and °C, such as `2026-01-01 00:00,3.5`; a climate by latitude when absent.
    pub weather: Option<String>,
    /// What happens, as a scenario file without a house of its own; `from` and `for` stand in it.
    pub scenario: Option<String>,
}

/// Answer of `POST /api/v1/simulate`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Trialled {
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub until: String,
    /// What becomes of the text that was sent.
    pub edited: Day,
    /// What becomes of the configuration in force.
    pub running: Day,
}

/// What a simulation has shown.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Day {
    /// Each output that is not hidden.
    pub outputs: Vec<OutputDay>,
    /// Each number that was read or worked out.
    pub numbers: Vec<NumberDay>,
    /// Whether changes are left out, because there are too many.
    pub is_cut: bool,
}

/// The course of an output.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutputDay {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How long it was on, seconds.
    pub on_s: i64,
    /// How often it went on.
    pub times: u32,
    /// Its energy, where its power is known.
    pub kwh: Option<f64>,
    /// Its first level, and each other one from when it had it.
    pub changes: Vec<Turn>,
}

/// An output has another level.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Turn {
    /// When.
    pub at: String,
    /// The level, 0 to 100.
    pub percent: f64,
    /// The slot and the cause that hold it.
    pub why: String,
}

/// What became of a number.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NumberDay {
    /// The point.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its least value; null where it was never known.
    pub lowest: Option<f64>,
    /// Its mean.
    pub mean: Option<f64>,
    /// Its greatest value.
    pub highest: Option<f64>,
}
