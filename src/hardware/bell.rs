//! Wakes the thread that watches the inputs.

use super::board::Edge;
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Of one input, at most so many edges are remembered until the thread comes; after that only the newest.
const EDGES_MAX: usize = 64;

/// Rung from any thread, waited for by one.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stop: bool,
    rung: Rung,
}

/// The inputs of which there is news.
pub(super) type Rung = BTreeMap<Arc<str>, News>;

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
    /// Somebody rang, or nobody did for as long as it wished to wait.
    Rung(Rung),
}

impl Bell {
    /// Tells what happened to the line of an input.
    pub fn ring(&self, input: &Arc<str>, edge: Edge) {
        let mut state = self.state();
        let news = state.rung.entry(input.clone()).or_default();
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
        self.state().rung.entry(input.clone()).or_default().look = true;
        self.changed.notify_one();
    }

    pub fn stop(&self) {
        self.state().stop = true;
        self.changed.notify_one();
    }

    /// Waits until somebody rings, at most `limit`; None: for ever.
    pub fn wait(&self, limit: Option<Duration>) -> Wake {
        let silent = |state: &mut State| !state.stop && state.rung.is_empty();
        let state = self.state();
        let mut state = match limit {
            None => self.changed.wait_while(state, silent).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                self.changed.wait_timeout_while(state, limit, silent).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if state.stop { Wake::Stop } else { Wake::Rung(std::mem::take(&mut state.rung)) }
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
        let (bell, door) = (Bell::default(), Arc::<str>::from("door"));
        assert_eq!(bell.wait(Some(Duration::ZERO)), Wake::Rung(Rung::new()));
        let edge = |level, ms| Edge::To { level, at: Some(Duration::from_millis(ms)) };
        bell.ring(&door, edge(true, 7));
        bell.ring(&door, edge(false, 9));
        bell.ring(&door, Edge::Lost);
        let news = News {
            look: true,
            edges: vec![(true, Some(Duration::from_millis(7))), (false, Some(Duration::from_millis(9)))],
            ..News::default()
        };
        assert_eq!(bell.wait(None), Wake::Rung(Rung::from([(door.clone(), news)])));
        (0..1_001).for_each(|ms| bell.ring(&door, edge(ms % 2 == 0, ms)));
        let Wake::Rung(rung) = bell.wait(None) else { panic!("nobody said stop") };
        assert!(rung[&door].edges.len() <= EDGES_MAX);
        assert_eq!(rung[&door].edges.last(), Some(&(true, Some(Duration::from_secs(1)))), "the newest edge is kept");
        bell.stop();
        assert_eq!(bell.wait(None), Wake::Stop);
    }

    #[test]
    fn no_pulse_is_lost_and_none_asks_for_a_look() {
        let (bell, meter) = (Bell::default(), Arc::<str>::from("meter"));
        let at = |ms| Some(Duration::from_millis(ms));
        (0..1_000).for_each(|ms| bell.ring(&meter, Edge::Pulses { count: 3, at: at(ms) }));
        let news = News { pulses: 3_000, at: at(999), ..News::default() };
        assert_eq!(bell.wait(None), Wake::Rung(Rung::from([(meter, news)])));
    }
}
