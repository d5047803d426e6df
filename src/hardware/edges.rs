//! The edges of one claimed line, told by a thread that sleeps in the kernel until there is one.

use super::board::{Edge, OnEdge};
use crate::threads::Worker;
use gpiocdev::{Request, line::EdgeKind};
use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    time::Duration,
};

/// Pulses of a counter are told together, at most this often: the kernel numbers them, so that none is lost meanwhile.
const PULSES_EVERY: Duration = Duration::from_millis(250);
/// So many are told at once, even if there are more.
const PULSES_AT_ONCE: u32 = 10_000;

/// Ends with its thread when it is dropped.
pub(super) struct Edges {
    /// Closing it wakes the thread for its end.
    alive: Option<UnixStream>,
    worker: Option<Worker>,
}

impl Edges {
    /// Tells the edges of a line that was requested with edge detection; of one that `counts`, with detection of active
    /// edges only, how many there were.
    pub fn watch(name: &str, request: Arc<Request>, counts: bool, on_edge: OnEdge) -> io::Result<Edges> {
        let (alive, ended) = UnixStream::pair()?;
        let worker = Worker::spawn(&format!("input {name}"), move || {
            let tell = if counts { tell_pulses } else { tell_edges };
            if let Err(error) = tell(&request, &ended, &on_edge) {
                tracing::warn!("input line lost: {error}");
                on_edge(Edge::Lost);
            }
        });
        match worker {
            Some(worker) => Ok(Edges { alive: Some(alive), worker: Some(worker) }),
            None => Err(io::Error::other("no thread left to watch it")),
        }
    }
}

impl Drop for Edges {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(worker) = self.worker.take() {
            worker.join();
        }
    }
}

/// Returns when the other end of `ended` was closed.
fn tell_edges(request: &Request, ended: &UnixStream, on_edge: &OnEdge) -> io::Result<()> {
    let (mut last, mut complained) = (0, false);
    loop {
        let [edge, end] = wait_readable([request.as_fd(), ended.as_fd()], None)?;
        if end {
            return Ok(());
        }
        // Without an edge it was woken because the chip is gone, and reading says so.
        if edge {
            let edge = request.read_edge_event().map_err(io::Error::other)?;
            let at = Some(Duration::from_nanos(edge.timestamp_ns));
            on_edge(Edge::To { level: edge.kind == EdgeKind::Rising, at });
            // The kernel numbers them, also those that its buffer had no room for. The level is read in any case; a click
            // may be missing.
            if edge.line_seqno.wrapping_sub(last) > 1 && !std::mem::replace(&mut complained, true) {
                let lost = edge.line_seqno.wrapping_sub(last) - 1;
                tracing::warn!("an input changes faster than it can be read: {lost} edges at once were lost");
            }
            last = edge.line_seqno;
        }
    }
}

/// Returns when the other end of `ended` was closed.
fn tell_pulses(request: &Request, ended: &UnixStream, on_edge: &OnEdge) -> io::Result<()> {
    let mut told = 0;
    loop {
        let [edge, end] = wait_readable([request.as_fd(), ended.as_fd()], None)?;
        if end {
            return Ok(());
        }
        if !edge {
            continue;
        }
        let mut last = request.read_edge_event().map_err(io::Error::other)?;
        while request.has_edge_event().map_err(io::Error::other)? {
            last = request.read_edge_event().map_err(io::Error::other)?;
            // A line that changes without an end is told, too.
            if last.line_seqno.wrapping_sub(told) >= PULSES_AT_ONCE {
                break;
            }
        }
        // It numbers the edges of the line from 1 on, also those that its buffer had no room for.
        let count = last.line_seqno.wrapping_sub(told);
        told = last.line_seqno;
        on_edge(Edge::Pulses { count, at: Some(Duration::from_nanos(last.timestamp_ns)) });
        if let [true] = wait_readable([ended.as_fd()], Some(PULSES_EVERY))? {
            return Ok(());
        }
    }
}

/// Sleeps until one of these can be read, was closed at its other end, or is in error; tells which. None when `limit` is
/// over.
#[expect(unsafe_code, reason = "poll(2) has no safe wrapper in the standard library")]
fn wait_readable<const N: usize>(fds: [BorrowedFd<'_>; N], limit: Option<Duration>) -> io::Result<[bool; N]> {
    let limit_ms = limit.map_or(-1, |limit| i32::try_from(limit.as_millis()).unwrap_or(i32::MAX));
    let mut polled = fds.map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    // SAFETY: `polled` is a valid array of N for the time of the call, and the borrows keep its descriptors open.
    let count = unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, limit_ms) };
    match io::Error::last_os_error() {
        error if count < 0 && error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(polled.map(|fd| fd.revents != 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_closed_end_and_a_byte_both_wake() {
        let (a, mut other_a) = UnixStream::pair().unwrap();
        let (b, other_b) = UnixStream::pair().unwrap();
        other_a.write_all(b"x").unwrap();
        assert_eq!(wait_readable([b.as_fd()], Some(Duration::ZERO)).unwrap(), [false]);
        assert_eq!(wait_readable([a.as_fd(), b.as_fd()], None).unwrap(), [true, false]);
        drop(other_b);
        assert_eq!(wait_readable([a.as_fd(), b.as_fd()], None).unwrap(), [true, true]);
    }
}
