//! Watches the inputs: claims their lines, reports each change, and tries again what could not be had.

use super::{
    board::{Board, InputLine},
    edge_queue::{EdgeQueue, News, Wake},
};
use crate::{
    clock::{Clock, Moment},
    model::{Config, Event, Input, Line},
    threads::{Reports, Worker},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc::Sender;

/// The first pause before a line in trouble is tried again; it doubles.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// The longest such pause.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Without any edge, all are read this often: an edge may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// All inputs and the thread that reports them. It does not rely on edges: it reads the level itself after each, and
/// once in a while without any.
pub(super) struct Inputs {
    watched: Arc<Mutex<BTreeMap<Arc<str>, Watched>>>,
    edge_queue: Arc<EdgeQueue>,
    worker: Option<Worker>,
}

struct Watched {
    input: Input,
    line: Option<Box<dyn InputLine>>,
    /// What was last reported.
    reported: Option<Result<bool, String>>,
    /// When it is looked at without an edge.
    look_at: Option<Moment>,
    retry_after: Duration,
}

impl Inputs {
    /// Starts without any input.
    pub fn start(board: Arc<dyn Board>, clock: Clock, events: Sender<Event>) -> Inputs {
        let watched = Arc::new(Mutex::new(BTreeMap::new()));
        let edge_queue = Arc::new(EdgeQueue::default());
        let watch = Watch {
            watched: watched.clone(),
            edge_queue: edge_queue.clone(),
            board,
            clock,
            reports: Reports::new(events),
        };
        Inputs { watched, edge_queue, worker: Worker::spawn("inputs", move || watch.run()) }
    }

    /// False after a panic of its thread.
    pub fn is_healthy(&self) -> bool {
        self.worker.as_ref().is_none_or(Worker::is_running)
    }

    /// Releases the inputs that `config` does not have any more, or not on the same wire, or whose line moved elsewhere.
    pub fn release_others(&self, config: &Config, moved: impl Fn(&Line) -> bool) {
        lock(&self.watched).retain(|id, watched| {
            let stays = |input: &Input| same_wire(input, &watched.input) && !moved(&input.line);
            config.inputs.iter().any(|input| input.id == *id && stays(input))
        });
    }

    /// Claims and reports the inputs that are not watched yet.
    pub fn watch_missing(&self, config: &Config) {
        let mut watched = lock(&self.watched);
        for input in &config.inputs {
            if !watched.contains_key(&input.id) {
                watched.insert(input.id.clone(), Watched::new(input.clone()));
                self.edge_queue.look_at(&input.id);
            }
        }
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.edge_queue.stop();
        if let Some(worker) = self.worker.take() {
            worker.join();
        }
        lock(&self.watched).clear();
    }
}

/// Whether a line that is claimed for one serves the other.
fn same_wire(a: &Input, b: &Input) -> bool {
    (&a.line, a.active, a.pull, a.debounce, a.counts()) == (&b.line, b.active, b.pull, b.debounce, b.counts())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread holds.
struct Watch {
    watched: Arc<Mutex<BTreeMap<Arc<str>, Watched>>>,
    edge_queue: Arc<EdgeQueue>,
    board: Arc<dyn Board>,
    clock: Clock,
    reports: Reports,
}

impl Watch {
    fn run(mut self) {
        while let Wake::Pending(mut pending) = self.edge_queue.wait(self.patience()) {
            let now = self.clock.now().moment;
            for (id, watched) in lock(&self.watched).iter_mut() {
                let News { look, edges, pulses, at } = pending.remove(id).unwrap_or_default();
                if look || watched.look_at.is_some_and(|at| at <= now) {
                    let moment = |stamp| self.clock.moment_of_stamp(stamp);
                    let edges = edges.into_iter().map(|(level, at)| (level, at.map(moment))).collect();
                    let reports = watched.look(edges, &*self.board, &self.edge_queue, now);
                    let event = |(result, at)| Event::InputRead { input: id.clone(), result, at };
                    self.reports.extend(reports.into_iter().map(event));
                }
                if pulses > 0 {
                    let at = at.map_or(now, |stamp| self.clock.moment_of_stamp(stamp));
                    self.reports.push(Event::Pulsed { input: id.clone(), count: pulses, at });
                }
            }
            if self.reports.send().is_break() {
                return;
            }
        }
    }

    /// How long to wait for the edge_queue.
    fn patience(&self) -> Option<Duration> {
        let look_at = lock(&self.watched).values().filter_map(|watched| watched.look_at).min();
        let wait = look_at.map(|at| self.clock.real_time_until(at));
        self.reports.wait().or(wait)
    }
}

impl Watched {
    fn new(input: Input) -> Watched {
        Watched { input, line: None, reported: None, look_at: None, retry_after: RETRY_FIRST }
    }

    /// Claims the line if need be and reads it. What there is to report: what differs from before, edge by edge, and when
    /// that was, as far as it is told.
    fn look(
        &mut self,
        edges: Vec<(bool, Option<Moment>)>,
        board: &dyn Board,
        edge_queue: &Arc<EdgeQueue>,
        now: Moment,
    ) -> Vec<(Result<bool, String>, Option<Moment>)> {
        let read = self.read(board, edge_queue);
        match (&read, &self.reported) {
            (Err(text), Some(Err(before))) if text == before => {}
            (Err(text), _) => tracing::warn!("input {}: {text}", self.input.id),
            (Ok(_), Some(Err(_))) => tracing::info!("input {} works again", self.input.id),
            (Ok(_), _) => {}
        }
        if read.is_ok() {
            (self.look_at, self.retry_after) = (Some(now + LOOK_AGAIN), RETRY_FIRST);
        } else {
            self.look_at = Some(now + self.retry_after);
            self.retry_after = (self.retry_after * 2).min(RETRY_MAX);
        }
        let edges = edges.into_iter().filter(|_| !self.input.counts()).map(|(level, at)| (Ok(level), at));
        let mut reports: Vec<_> = edges.chain([(read, Some(now))]).collect();
        reports.retain(|(report, _)| self.reported.replace(report.clone()).as_ref() != Some(report));
        reports
    }

    fn read(&mut self, board: &dyn Board, edge_queue: &Arc<EdgeQueue>) -> Result<bool, String> {
        let line = match self.line.take() {
            Some(line) => line,
            None => {
                let (queue, id) = (edge_queue.clone(), self.input.id.clone());
                let on_edge = Box::new(move |edge| queue.push(&id, edge));
                board.claim_input(&self.input, on_edge).map_err(|error| error.to_string())?
            }
        };
        let active = line.is_active().map_err(|error| error.to_string())?;
        self.line = Some(line);
        // Of a counter only matters that it can be read.
        Ok(active && !self.input.counts())
    }
}
