//! What rules have told people last: it is remembered, because nobody hears again what is told once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The last notice of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastNotice {
    /// What it said.
    pub text: String,
    /// The rule.
    pub rule: Arc<str>,
    /// When.
    pub at: DateTime<Utc>,
}
