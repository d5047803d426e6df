//! A timer that may not be set.

use std::{future::pending, pin::Pin, time::Duration};
use tokio::time::{Sleep, sleep};

pub(super) type Timer = Option<Pin<Box<Sleep>>>;

pub(super) fn timer(duration: Duration) -> Timer {
    Some(Box::pin(sleep(duration)))
}

/// Waits for a timer that is set, and unsets it.
pub(super) async fn ring(timer: &mut Timer) {
    match timer {
        Some(sleep) => sleep.as_mut().await,
        None => pending().await,
    }
    *timer = None;
}
