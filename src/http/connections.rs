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
    time::{Sleep, sleep, timeout},
};

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

    /// Ends them when the house is at work for none of them any more, or after this time.
    pub async fn end(mut self, within: Duration) {
        let is_at_work = |(task, work): &(AbortHandle, Work)| !task.is_finished() && work.is_going_on();
        let at_rest = async {
            while self.open.iter().any(is_at_work) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = timeout(within, at_rest).await;
        self.tasks.shutdown().await;
    }
}

/// A stream whose writes do not wait for ever.
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Since the other end stopped taking.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Of a stream whose other end may take nothing for so long.
    pub fn new(stream: S, patience: Duration) -> Patient<S> {
        Patient { stream, patience, stalled: None }
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
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.patience)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use hyper_util::rt::TokioIo;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, duplex};

    const PIECE: [u8; 64] = [1; 64];

    /// Writes a piece.
    async fn write<S: Write + Unpin>(stream: &mut Patient<S>) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *stream).poll_write(context, &PIECE)).await
    }

    #[tokio::test]
    async fn who_takes_nothing_is_let_go() {
        let (ours, _theirs) = duplex(PIECE.len());
        let mut stream = Patient::new(TokioIo::new(ours), Duration::from_millis(20));
        assert_eq!(write(&mut stream).await.unwrap(), PIECE.len(), "there is room for it");
        assert_eq!(write(&mut stream).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_takes_something_has_all_the_time_anew() {
        let (ours, mut theirs) = duplex(PIECE.len());
        let mut stream = Patient::new(TokioIo::new(ours), Duration::from_secs(3_600));
        for _ in 0..3 {
            assert_eq!(write(&mut stream).await.unwrap(), PIECE.len());
            assert!(stream.stalled.is_none());
            assert!(write(&mut stream).now_or_never().is_none() && stream.stalled.is_some());
            theirs.read_exact(&mut [0; PIECE.len()]).await.unwrap();
        }
    }
}
