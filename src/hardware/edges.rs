//! The edges of one claimed line, told by a thread that sleeps in the kernel until there is one.

use super::{board::OnEdge, worker::Worker};
use gpiocdev::{Request, line::EdgeKind};
use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
};

/// Ends with its thread when it is dropped.
pub(super) struct Edges {
    /// Closing it wakes the thread for its end.
    alive: Option<UnixStream>,
    worker: Option<Worker>,
}

impl Edges {
    /// Tells the edges of a line that was requested with edge detection.
    pub fn watch(name: &str, request: Arc<Request>, on_edge: OnEdge) -> io::Result<Edges> {
        let (alive, ended) = UnixStream::pair()?;
        let worker = Worker::spawn(&format!("input {name}"), move || {
            if let Err(error) = tell_edges(&request, &ended, &on_edge) {
                tracing::warn!("input line lost: {error}");
                on_edge(None);
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
    loop {
        let [edge, end] = wait_readable([request.as_fd(), ended.as_fd()])?;
        if end {
            return Ok(());
        }
        // Without an edge it was woken because the chip is gone, and reading says so.
        if edge {
            let edge = request.read_edge_event().map_err(io::Error::other)?;
            on_edge(Some(edge.kind == EdgeKind::Rising));
        }
    }
}

/// Sleeps until one of these can be read, was closed at its other end, or is in error; tells which.
#[expect(unsafe_code, reason = "poll(2) has no safe wrapper in the standard library")]
fn wait_readable(fds: [BorrowedFd<'_>; 2]) -> io::Result<[bool; 2]> {
    let mut polled = fds.map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    // SAFETY: `polled` is a valid array of 2 for the time of the call, and the borrows keep its descriptors open.
    let count = unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) };
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
        assert_eq!(wait_readable([a.as_fd(), b.as_fd()]).unwrap(), [true, false]);
        drop(other_b);
        assert_eq!(wait_readable([a.as_fd(), b.as_fd()]).unwrap(), [true, true]);
    }
}
