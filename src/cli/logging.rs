//! The log: lines on standard error. Under systemd each carries the journal's priority (`<3>` error to `<7>` debug).
//!
//! A thread writes them, so that nothing waits for a journal that hangs, a terminal that was stopped by Ctrl-S or a full
//! pipe: then lines are left out, and counted. Where the system gives no thread, they are written at the end.

use hearthd::{
    clock::{Clock, Moment},
    house::log,
    model::{ClockTrust, shown_lines, without_error_numbers},
};
use std::{
    env, fmt,
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Bytes that may wait to be written.
const WAITING_MAX: usize = 1 << 20;
/// Between two writes, where lines come one after the other: each wakes a thread, and costs more than it says.
const REST: Duration = Duration::from_millis(20);
/// At the end, the last lines are waited for this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// The log of this process. Dropped, it writes what is left.
pub struct Log {
    queue: Arc<Queue>,
    /// Told when the thread has written all; None: there is none.
    written: Option<mpsc::Receiver<()>>,
}

impl Log {
    /// Starts logging.
    pub fn start(verbose: bool) -> Log {
        Log::start_at(if verbose { Level::DEBUG } else { Level::INFO })
    }

    /// As [`Log::start`], but only what is wrong.
    pub fn start_quiet(verbose: bool) -> Log {
        Log::start_at(if verbose { Level::DEBUG } else { Level::ERROR })
    }

    fn start_at(level: Level) -> Log {
        let queue = Arc::new(Queue::default());
        let (end, written) = mpsc::channel();
        let (ours, theirs) = (queue.clone(), queue.clone());
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            ours.write_to(io::stderr());
            let _ = end.send(());
        });
        let format = Lines { journal: env::var_os("JOURNAL_STREAM").is_some() };
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(move || Entry(theirs.clone()))
            .event_format(format)
            .finish();
        // A second start in one process changes nothing.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Log { queue, written: thread.is_ok().then_some(written) }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.filled.notify_one();
        match &self.written {
            Some(written) => drop(written.recv_timeout(PATIENCE)),
            None => self.queue.write_to(io::stderr()),
        }
    }
}

/// What waits to be written.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    left_out: u64,
    /// Whoever writes them sleeps until there are some.
    asleep: bool,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until the queue is closed. Nobody can be told when that fails.
    fn write_to(&self, mut out: impl Write) {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let mut rested = clock.now().moment;
        loop {
            let mut waiting = self.lock();
            waiting.asleep = true;
            let empty = |waiting: &mut Waiting| waiting.bytes.is_empty() && waiting.left_out == 0 && !waiting.closed;
            waiting = self.filled.wait_while(waiting, empty).unwrap_or_else(PoisonError::into_inner);
            waiting.asleep = false;
            let rest = rested.since(clock.now().moment);
            let waited = self.filled.wait_timeout_while(waiting, rest, |waiting| !waiting.closed);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            let (bytes, left_out, closed) =
                (mem::take(&mut waiting.bytes), mem::take(&mut waiting.left_out), waiting.closed);
            drop(waiting);
            let _ = out.write_all(&bytes);
            if left_out > 0 {
                tracing::warn!("{left_out} entries of the log were left out: nobody took them");
            }
            if closed {
                return;
            }
            rested = clock.now().moment + REST;
        }
    }
}

/// Takes one entry of the log.
struct Entry(Arc<Queue>);

impl Write for Entry {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + entry.len() > WAITING_MAX {
            waiting.left_out += 1;
        } else {
            waiting.bytes.extend_from_slice(entry);
        }
        let wake = mem::take(&mut waiting.asleep);
        drop(waiting);
        if wake {
            self.0.filled.notify_one();
        }
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Lines {
    journal: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message(String::new());
        event.record(&mut message);
        let (priority, word) = match *event.metadata().level() {
            Level::ERROR => (3, "error"),
            Level::WARN => (4, "warning"),
            Level::INFO => (6, "info"),
            _ => (7, "debug"),
        };
        // What acts on a terminal is never ours. Ends of lines may be; that those of others make no entry of their own,
        // whoever writes the entry sees to, and lines that follow do not look like one.
        let message = without_error_numbers(&message.0);
        let message = shown_lines(&message);
        log::tell(*event.metadata().level(), &message);
        for (number, line) in message.lines().enumerate() {
            match (self.journal, number) {
                // The journal makes an entry of each line.
                (true, 0) => writeln!(writer, "<{priority}>{line}")?,
                (true, _) => writeln!(writer, "<{priority}>  {line}")?,
                (false, 0) => writeln!(writer, "{word:>7}: {line}")?,
                (false, _) => writeln!(writer, "         {line}")?,
            }
        }
        Ok(())
    }
}

/// The text of an event, with its other fields behind it.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
        } else {
            self.0 += &format!(" {field}={value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was written so far.
    #[derive(Clone, Default)]
    struct Written(Arc<(Mutex<Vec<u8>>, Condvar)>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.0.lock().unwrap().extend_from_slice(bytes);
            self.0.1.notify_all();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn wait_for(&self, end: &str) {
            let missing = |bytes: &mut Vec<u8>| !bytes.ends_with(end.as_bytes());
            let (bytes, waited) =
                self.0.1.wait_timeout_while(self.0.0.lock().unwrap(), Duration::from_secs(60), missing).unwrap();
            assert!(!waited.timed_out(), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn an_entry_that_is_too_large_is_left_out_and_silences_nothing() {
        let (queue, written) = (Arc::new(Queue::default()), Written::default());
        let (ours, out) = (queue.clone(), written.clone());
        let thread = std::thread::spawn(move || ours.write_to(out));
        let mut entry = Entry(queue.clone());
        entry.write_all(b"before\n").unwrap();
        written.wait_for("before\n");
        // Each time nothing else waits: whoever writes sleeps, and is woken by what is left out.
        for round in 0..3 {
            entry.write_all(&vec![b'x'; WAITING_MAX + 1]).unwrap();
            let line = format!("after {round}\n");
            entry.write_all(line.as_bytes()).unwrap();
            written.wait_for(&line);
        }
        queue.lock().closed = true;
        queue.filled.notify_one();
        thread.join().unwrap();
        assert_eq!(queue.lock().left_out, 0, "it was told");
        assert_eq!(String::from_utf8_lossy(&written.0.0.lock().unwrap()), "before\nafter 0\nafter 1\nafter 2\n");
    }
}
