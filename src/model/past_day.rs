//! A day of the past, which lights repeat while nobody is there.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// When each of some lights was on, on one local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDay {
    /// Which day it was.
    pub date: NaiveDate,
    /// By the id of the light: from and to, in seconds after midnight on the local clock; 86,400 is the end of the day.
    pub on: BTreeMap<Arc<str>, Vec<(i32, i32)>>,
}

impl PastDay {
    /// So many days later they are repeated: on the same weekday.
    pub const AGO: Days = Days::new(14);
    /// No light has more times on one day; of others, nobody could tell the difference.
    pub const TIMES_MAX: usize = 96;

    /// Which day is repeated on `date`; None at the ends of the calendar.
    pub fn before(date: NaiveDate) -> Option<NaiveDate> {
        date.checked_sub_days(PastDay::AGO)
    }
}
