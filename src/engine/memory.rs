//! What an engine remembers over a restart.

use serde::{Deserialize, Serialize};

/// All that must survive a restart, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {}
