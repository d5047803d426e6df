//! The log: lines on standard error. Under systemd each carries the journal's priority (`<3>` error to `<7>` debug).

use std::{env, fmt};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Starts logging for this process.
pub fn start(verbose: bool) {
    start_at(if verbose { Level::DEBUG } else { Level::INFO });
}

/// As [`start`], but only what is wrong.
pub fn start_quiet(verbose: bool) {
    start_at(if verbose { Level::DEBUG } else { Level::ERROR });
}

fn start_at(level: Level) {
    let format = Lines { journal: env::var_os("JOURNAL_STREAM").is_some() };
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).event_format(format).finish();
    // A second start in one process changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
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
        if !self.journal {
            return writeln!(writer, "{word:>7}: {}", message.0);
        }
        // The journal makes an entry of each line.
        message.0.lines().try_for_each(|line| writeln!(writer, "<{priority}>{line}"))
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
