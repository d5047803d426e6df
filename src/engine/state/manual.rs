//! What is in the manual slot of an output.

use super::timestamp::{Timestamp, is_plain};
use crate::{
    clock::Moment,
    model::{Level, Source},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Somebody's command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Manual {
    pub level: Level,
    pub source: Source,
    /// The how-many-eth command of this house it was: among commands the latest comes first.
    pub order: u64,
    /// Until this time.
    pub until: Option<Timestamp>,
    /// Until something happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// A cover is to stand still: its level only tells where.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub stands: bool,
    /// What it is afterwards, if nobody asks then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Level>,
}

/// What an output would be without a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::engine) enum ByItself {
    At(Level),
    /// Nobody asks, and it stays as it is.
    Left {},
}

/// What ends a command, besides AUTO and time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Release {
    /// What the output would be by itself becomes another than this; None: not known yet.
    NextChange { automatic: Option<ByItself> },
    /// The room is empty.
    RoomEmpty {
        /// Somebody was there since.
        seen: bool,
        /// When it was given: a room that nobody enters is as empty as one that was left.
        since: Moment,
    },
    /// A time of the local day; None: not known when that is.
    TimeOfDay { wall: Option<DateTime<Utc>> },
}
