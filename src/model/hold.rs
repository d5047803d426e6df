//! How long a command holds that says so: `2h`, `room_empty`.

use super::duration;
use std::{fmt, time::Duration};

/// How long a command holds that says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// For so long.
    Time(Duration),
    /// Until the room of each output that it sets is empty.
    RoomEmpty,
}

impl Hold {
    /// The word for [`Hold::RoomEmpty`], as `manual_for` has it, too.
    pub const ROOM_EMPTY: &str = "room_empty";

    /// What `text` writes: a duration, or `room_empty`.
    ///
    /// # Errors
    /// One line for people that says what is wrong, and both forms.
    pub fn parse(text: &str) -> Result<Hold, String> {
        if text == Hold::ROOM_EMPTY {
            return Ok(Hold::RoomEmpty);
        }
        let both = |wrong| format!("{wrong}, or \"{}\" for until its room is empty", Hold::ROOM_EMPTY);
        duration::parse(text).map(Hold::Time).map_err(both)
    }

    /// The time, if it is one.
    pub fn time(self) -> Option<Duration> {
        match self {
            Hold::Time(time) => Some(time),
            Hold::RoomEmpty => None,
        }
    }
}

/// As [`Hold::parse`] reads it.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::Time(time) => f.write_str(&duration::spell(*time)),
            Hold::RoomEmpty => f.write_str(Hold::ROOM_EMPTY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        for (text, hold) in [
            ("2h", Hold::Time(Duration::from_secs(7_200))),
            ("1m30s", Hold::Time(Duration::from_secs(90))),
            ("room_empty", Hold::RoomEmpty),
        ] {
            assert_eq!(Hold::parse(text), Ok(hold));
            assert_eq!(hold.to_string(), text);
        }
    }

    #[test]
    fn what_is_neither_is_told_both_forms() {
        for text in ["", "5", "soon", "2 h", "room empty", "ROOM_EMPTY", "next_change", "22:30"] {
            let wrong = Hold::parse(text).expect_err(text);
            assert!(wrong.contains("\"1h30m\"") && wrong.contains("\"room_empty\""), "{text:?}: {wrong}");
        }
    }
}
