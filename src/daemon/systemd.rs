//! What systemd is told: ready, reloading, stopping, alive. Without systemd all of it does nothing.

use sd_notify::NotifyState;
use std::time::Duration;

/// hearthd serves; `status` is shown by `systemctl status`.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// What `systemctl status` shows from now on.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(status)]);
}

/// A changed file is being taken in; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// The end has begun.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// The control loop has made a full pass.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// Whether whoever started us is told how we are, and starts us again when we end.
pub fn starts_us_again() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// How often [`alive`] must be said at the least, if systemd watches: a third of its patience.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|patience| patience / 3)
}

fn notify(states: &[NotifyState<'_>]) {
    // No systemd, or one that does not listen any more: nothing depends on it.
    let _ = sd_notify::notify(states);
}
