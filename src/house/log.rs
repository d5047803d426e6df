//! The log of this process, for whoever wants to see it elsewhere. As the log is one for the process, so is this.

use std::sync::{Arc, OnceLock};
use tokio::sync::broadcast;
use tracing::Level;

/// So many entries wait for who is slow.
const WAITING: usize = 256;
/// The longest entry, in bytes; what is longer is cut.
const LONGEST: usize = 4 << 10;

static HEARD: OnceLock<broadcast::Sender<Entry>> = OnceLock::new();

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How grave it is.
    pub level: Level,
    /// As the log shows it.
    pub text: Arc<str>,
}

/// Whoever writes the log tells each entry here, and waits for nobody.
pub fn tell(level: Level, text: &str) {
    // Most of the time, nobody listens.
    if let Some(heard) = HEARD.get().filter(|heard| heard.receiver_count() > 0) {
        let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let _ = heard.send(Entry { level, text: text[..end].into() });
    }
}

/// What is written from now on.
pub fn listen() -> broadcast::Receiver<Entry> {
    HEARD.get_or_init(|| broadcast::channel(WAITING).0).subscribe()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_hears_what_is_written_from_then_on() {
        tell(Level::INFO, "nobody hears it");
        let mut heard = listen();
        tell(Level::WARN, "disk");
        tell(Level::INFO, &"ö".repeat(LONGEST));
        assert_eq!(heard.try_recv(), Ok(Entry { level: Level::WARN, text: "disk".into() }));
        assert_eq!(heard.try_recv().unwrap().text.len(), LONGEST);
        (0..2 * WAITING).for_each(|_| tell(Level::INFO, "flood"));
        assert!(
            matches!(heard.try_recv(), Err(broadcast::error::TryRecvError::Lagged(missed)) if missed == WAITING as u64)
        );
        assert!(heard.try_recv().is_ok());
    }
}
