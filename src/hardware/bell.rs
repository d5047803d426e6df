//! Wakes the thread that watches the inputs.

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

/// The inputs to look at, with the levels that their edges led to, in order.
pub(super) type Rung = BTreeMap<Arc<str>, Vec<bool>>;

/// Why the waiter was woken.
#[derive(Debug, PartialEq)]
pub(super) enum Wake {
    /// It is to end.
    Stop,
    /// Somebody rang, or nobody did for as long as it wished to wait.
    Rung(Rung),
}

impl Bell {
    /// Asks to look at an input; with the level that an edge led to, if it was one.
    pub fn ring(&self, input: &Arc<str>, edge: Option<bool>) {
        let mut state = self.state();
        let edges = state.rung.entry(input.clone()).or_default();
        if edges.len() >= EDGES_MAX {
            edges.clear();
        }
        edges.extend(edge);
        drop(state);
        self.changed.notify_one();
    }

    pub fn stop(&self) {
        self.state().stop = true;
        self.changed.notify_one();
    }

    /// Waits until somebody rings, at most `limit`; nothing: for ever.
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
        bell.ring(&door, Some(true));
        bell.ring(&door, Some(false));
        bell.ring(&door, None);
        assert_eq!(bell.wait(None), Wake::Rung(Rung::from([(door.clone(), vec![true, false])])));
        (0..1_001).for_each(|i| bell.ring(&door, Some(i % 2 == 0)));
        let Wake::Rung(rung) = bell.wait(None) else { panic!("nobody said stop") };
        assert!(rung[&door].len() <= EDGES_MAX);
        assert_eq!(rung[&door].last(), Some(&true), "the newest edge is kept");
        bell.stop();
        assert_eq!(bell.wait(None), Wake::Stop);
    }
}
