//! Questions that the snapshot does not answer; the daemon looks into a copy of the engine.

use crate::model::{Config, Outlook, Reasons, RulesNow};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::oneshot;

/// A question, and where its answer goes.
pub enum Question {
    /// Why the point of this name is as it is, or the climate zone does what it does; nothing if there is none.
    Why(String, oneshot::Sender<Option<Explained>>),
    /// What is expected within a day.
    Outlook(oneshot::Sender<Foreseen>),
    /// How it stands with each rule.
    Rules(oneshot::Sender<Ruled>),
    /// What a changed configuration would change; or its problems.
    Plan(Candidate, oneshot::Sender<Result<Plan, String>>),
}

/// Why something is as it is.
pub struct Explained {
    /// The house that the reasons speak of by numbers: after a reload it is another than that of an earlier snapshot.
    pub config: Arc<Config>,
    /// Why.
    pub reasons: Reasons,
}

/// How it stands with the rules.
pub struct Ruled {
    /// The house whose rules they are.
    pub config: Arc<Config>,
    /// In its order.
    pub rules: RulesNow,
}

/// What is expected.
pub struct Foreseen {
    /// The house that the outlook speaks of by numbers.
    pub config: Arc<Config>,
    /// What is expected of it.
    pub outlook: Outlook,
    /// Since when.
    pub now: DateTime<Utc>,
}

/// A configuration that may come into force: the body of `POST /api/v1/plan`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What messages call the file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The zone that counts where the text names none; the machine's when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// The texts of the files that it names, but for passwords; those beside the file of the running hearthd when absent and
    /// `http.configure` is true.
    #[serde(default)]
    pub files: Option<BTreeMap<String, String>>,
}

/// Answer of `POST /api/v1/plan`: what would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Keys of the file whose values differ.
    pub settings: Vec<Difference>,
    /// Wires that another output or input would use, or none any more, or one for the first time.
    pub wires: Vec<Difference>,
    /// Points whose topics on MQTT would go, come or be others: `{state,set,why,attributes,fault,availability}`. Should all topics move,
    /// `all topics` comes first, and their points are compared below.
    pub topics: Vec<Difference>,
    /// Entities of Home Assistant that would go, come or become others, with what is said of them. Should all be new,
    /// `device` comes first.
    pub entities: Vec<Difference>,
    /// Numbers that somebody set instead of those of the file, and that would be over.
    #[serde(default)]
    pub by_hand: Vec<Difference>,
    /// Outputs that would change at once.
    pub moves: Vec<Move>,
    /// What takes effect only with a restart: a sentence.
    pub restart: Option<String>,
}

/// Something before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Difference {
    /// What: `outputs.hall_light.gpio`, `GPIO 17`.
    pub what: String,
    /// Null when there was none.
    pub before: Option<String>,
    /// Null when there would be none.
    pub after: Option<String>,
}

/// An output that would change at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Move {
    /// Which.
    pub output: String,
    /// Null when it is new.
    pub before: Option<String>,
    /// What it would be; null when it would be gone, and its wire in its safe state.
    pub after: Option<String>,
    /// The slot and the cause that would hold it.
    pub why: String,
}
