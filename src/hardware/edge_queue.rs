//! The queue of edges: wakes the thread that watches the inputs.

use super::board::Edge;
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Of one input, at most so many edges are remembered until the thread comes; after that only the newest.
const EDGES_MAX: usize = 64;

/// Filled from any thread, waited for by one.
#[derive(Default)]
pub(super) struct EdgeQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stop: bool,
    pending: Pending,
}

/// The inputs of which there is news.
pub(super) type Pending = BTreeMap<Arc<str>, News>;

/// What was told of one input.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    /// It is to be looked at.
    pub look: bool,
    /// The levels that its edges led to, in order, and when each was, if the kernel has said it.
    pub edges: Vec<(bool, Option<Duration>)>,
    /// Its pulses: all of them, however late the thread comes.
    pub pulses: u32,
    /// When the last of them was, if the kernel has said it.
    pub at: Option<Duration>,
}

/// Why the waiter was woken.
#[derive(Debug, PartialEq)]
pub(super) enum Wake {
    /// It is to end.
    Stop,
    /// There is news, or there was none for as long as it wished to wait.
    Pending(Pending),
}

impl EdgeQueue {
    /// Tells what happened to the line of an input.
    pub fn push(&self, input: &Arc<str>, edge: Edge) {
        let mut state = self.state();
        let news = state.pending.entry(input.clone()).or_default();
        match edge {
            Edge::To { level, at } => {
                if news.edges.len() >= EDGES_MAX {
                    news.edges.clear();
                }
                news.edges.push((level, at));
                news.look = true;
            }
            Edge::Pulses { count, at } => (news.pulses, news.at) = (news.pulses.saturating_add(count), at),
            Edge::Lost => news.look = true,
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Asks to look at an input.
    pub fn look_at(&self, input: &Arc<str>) {
        self.state().pending.entry(input.clone()).or_default().look = true;
        self.changed.notify_one();
    }

    pub fn stop(&self) {
        self.state().stop = true;
        self.changed.notify_one();
    }

    /// Waits for news, at most `limit`; None: for ever.
    pub fn wait(&self, limit: Option<Duration>) -> Wake {
        let silent = |state: &mut State| !state.stop && state.pending.is_empty();
        let state = self.state();
        let mut state = match limit {
            None => self.changed.wait_while(state, silent).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                self.changed.wait_timeout_while(state, limit, silent).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if state.stop { Wake::Stop } else { Wake::Pending(std::mem::take(&mut state.pending)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_wait_for_the_waiter_in_order_and_bounded() {
        let (queue, door) = (EdgeQueue::default(), Arc::<str>::from("door"));
        assert_eq!(queue.wait(Some(Duration::ZERO)), Wake::Pending(Pending::new()));
        let edge = |level, ms| Edge::To { level, at: Some(Duration::from_millis(ms)) };
        queue.push(&door, edge(true, 7));
        queue.push(&door, edge(false, 9));
        queue.push(&door, Edge::Lost);
        let news = News {
            look: true,
            edges: vec![(true, Some(Duration::from_millis(7))), (false, Some(Duration::from_millis(9)))],
            ..News::default()
        };
        assert_eq!(queue.wait(None), Wake::Pending(Pending::from([(door.clone(), news)])));
        (0..1_001).for_each(|ms| queue.push(&door, edge(ms % 2 == 0, ms)));
        let Wake::Pending(pending) = queue.wait(None) else { panic!("nobody said stop") };
        assert!(pending[&door].edges.len() <= EDGES_MAX);
        assert_eq!(pending[&door].edges.last(), Some(&(true, Some(Duration::from_secs(1)))), "the newest edge is kept");
        queue.stop();
        assert_eq!(queue.wait(None), Wake::Stop);
    }

    #[test]
    fn no_pulse_is_lost_and_none_asks_for_a_look() {
        let (queue, meter) = (EdgeQueue::default(), Arc::<str>::from("meter"));
        let at = |ms| Some(Duration::from_millis(ms));
        (0..1_000).for_each(|ms| queue.push(&meter, Edge::Pulses { count: 3, at: at(ms) }));
        let news = News { pulses: 3_000, at: at(999), ..News::default() };
        assert_eq!(queue.wait(None), Wake::Pending(Pending::from([(meter, news)])));
    }
}
