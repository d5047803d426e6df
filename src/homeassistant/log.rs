//! The log of the daemon, as a client wants to see it: from a level on, and never more than it can take.

use super::{
    message::log::{TOLD, Told},
    wire::Message,
};
use crate::house::log::{self, Entry};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tracing::Level;

/// Entries that a client is told in a tick of its connection; what is more is counted.
const IN_A_TICK: u32 = 500;

/// What a client sees of it.
pub struct Stream {
    entries: Receiver<Entry>,
    /// The number of the least grave level that it wants.
    level: i32,
    told: u32,
    left_out: u64,
}

/// The number of a level.
fn number(level: Level) -> i32 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 5,
        Level::TRACE => 7,
    }
}

impl Stream {
    /// From now on, up to the level of this number; None: it wants nothing.
    pub fn new(level: i32) -> Option<Stream> {
        (level > 0).then(|| Stream { entries: log::listen(), level, told: 0, left_out: 0 })
    }

    /// Waits for the next entry; None: it is none for this client.
    pub async fn next(&mut self) -> Option<Message> {
        match self.entries.recv().await {
            Ok(entry) => self.take(&entry),
            Err(RecvError::Lagged(missed)) => {
                self.left_out += missed;
                None
            }
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    fn take(&mut self, entry: &Entry) -> Option<Message> {
        let level = number(entry.level);
        if level > self.level {
            return None;
        }
        if self.told >= IN_A_TICK {
            self.left_out += 1;
            return None;
        }
        self.told += 1;
        Some(Message::new(TOLD, &Told { level, text: entry.text.as_bytes().to_vec() }))
    }

    /// Time has passed. Says how much was left out: not in the log, which would become longer by it.
    pub fn tick(&mut self) -> Option<Message> {
        self.told = 0;
        let left_out = std::mem::take(&mut self.left_out);
        let text = format!("{left_out} entries of the log were left out here: they were too many");
        (left_out > 0).then(|| Message::new(TOLD, &Told { level: number(Level::WARN), text: text.into_bytes() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_sees_what_is_as_grave_as_it_wants_and_no_flood() {
        assert!(Stream::new(0).is_none() && Stream::new(-1).is_none());
        let entry = |level, text: &str| Entry { level, text: text.into() };
        let seen = |wanted| {
            let mut stream = Stream::new(wanted).unwrap();
            let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
            levels.into_iter().filter(|level| stream.take(&entry(*level, "x")).is_some()).count()
        };
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 100].map(seen), [1, 2, 3, 3, 4, 4, 5, 5]);
        let mut stream = Stream::new(3).unwrap();
        let told = stream.take(&entry(Level::WARN, "hé")).unwrap();
        // As another library reads it: a level and bytes.
        assert_eq!((told.id, &*told.body), (29, &b"\x08\x02\x1a\x03h\xc3\xa9"[..]));
        assert!(stream.tick().is_none());
        let flood = (0..600).filter_map(|_| stream.take(&entry(Level::INFO, "x"))).count();
        assert_eq!(flood, 500);
        let told: Told = stream.tick().unwrap().read().unwrap();
        assert_eq!(
            String::from_utf8(told.text).unwrap(),
            "100 entries of the log were left out here: they were too many"
        );
        assert!(stream.tick().is_none() && stream.take(&entry(Level::INFO, "x")).is_some());
    }
}
