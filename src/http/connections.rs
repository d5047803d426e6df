//! The connections of a listener: as many as there is room for, and none that stalls keeps another one out.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Sleep, sleep},
};

/// A client that takes nothing of its answer for so long is let go.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// How many requests of a connection the house is at work on.
#[derive(Clone, Default)]
pub struct Work(Arc<AtomicUsize>);

impl Work {
    /// At work until the answer is dropped.
    pub fn begin(&self) -> AtWork {
        self.0.fetch_add(1, Ordering::Relaxed);
        AtWork(self.0.clone())
    }

    fn is_going_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// See [`Work::begin`].
pub struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connections that are open, the oldest first.
pub struct Connections {
    limit: usize,
    tasks: JoinSet<()>,
    open: VecDeque<(AbortHandle, Work)>,
}

impl Connections {
    /// Room for so many.
    pub fn new(limit: usize) -> Connections {
        Connections { limit, tasks: JoinSet::new(), open: VecDeque::new() }
    }

    /// Takes one more. Where there is no room, the oldest one that waits for its client goes; while the house is at work for
    /// all of them, this one waits.
    pub async fn add(&mut self, work: Work, connection: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|(task, _)| !task.is_finished());
        while self.open.len() >= self.limit {
            match self.open.iter().position(|(_, work)| !work.is_going_on()) {
                Some(idle) => drop(self.open.remove(idle).map(|(task, _)| task.abort())),
                None => drop(self.tasks.join_next().await),
            }
            self.open.retain(|(task, _)| !task.is_finished());
        }
        let task = self.tasks.spawn(connection);
        self.open.push_back((task, work));
    }
}

/// A stream whose writes do not wait for ever.
pub struct Patient<S> {
    stream: S,
    /// Since the other end stopped taking.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Of a stream.
    pub fn new(stream: S) -> Patient<S> {
        Patient { stream, stalled: None }
    }
}

impl<S: Write + Unpin> Patient<S> {
    fn patiently<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: Read + Unpin> Read for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.patiently(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.patiently(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.patiently(context, |stream, context| stream.poll_shutdown(context))
    }
}
