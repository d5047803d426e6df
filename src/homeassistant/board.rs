//! How all entities are, as messages: each is made once for all clients, and has the number of its last change.

use super::{
    entities::Seen,
    listing::Listing,
    wire::{Greeting, Message},
};
use std::sync::Arc;

/// All entities at one moment.
pub struct Board {
    /// What they are.
    pub listing: Arc<Listing>,
    /// Another one, when clients have to list entities anew.
    pub generation: u64,
    /// How many changes there were.
    pub seq: u64,
    /// In the order of the listing; None: its state is not known, or it has none.
    pub states: Vec<Option<State>>,
    /// What they are made of.
    pub seen: Seen,
    /// Whether clients are to take leave.
    pub is_leaving: bool,
}

/// The state of an entity.
#[derive(Clone)]
pub struct State {
    /// [`Board::seq`] when it became so.
    pub seq: u64,
    /// It.
    pub message: Arc<Message>,
}

impl Board {
    /// The first one.
    pub fn new(seen: Seen, greeting: &Greeting) -> Board {
        let listing = Arc::new(Listing::new(&seen, greeting));
        Board::of(listing, seen, 1, 1)
    }

    /// One on which all states are new.
    fn of(listing: Arc<Listing>, seen: Seen, generation: u64, seq: u64) -> Board {
        let state = |state: Option<Message>| Some(State { seq, message: Arc::new(state?) });
        let states = listing.entities.iter().map(|listed| state(listed.entity.state(&listed.about, &seen)));
        let states = states.collect();
        Board { listing, generation, seq, states, seen, is_leaving: false }
    }

    /// The next one. Only what changed since is worked out.
    pub fn next(&self, seen: Seen, greeting: &Greeting) -> Board {
        let is_same_house = Arc::ptr_eq(&self.seen.snapshot.config, &seen.snapshot.config)
            && self.seen.vitals.keys().eq(seen.vitals.keys());
        let listing = match is_same_house {
            true => self.listing.clone(),
            false => Arc::new(Listing::new(&seen, greeting)),
        };
        let seq = self.seq + 1;
        if !is_same_house && !listing.is_told_as(&self.listing) {
            return Board::of(listing, seen, self.generation + 1, seq);
        }
        let changed: Vec<usize> = seen.snapshot.changes_since(&self.seen.snapshot).collect();
        let states = listing.entities.iter().zip(&self.states).map(|(listed, before)| {
            let is_changed = listed.entity.places().iter().any(|place| changed.binary_search(place).is_ok());
            if !is_changed && is_same_house && !listed.entity.looks_at_hub() {
                return before.clone();
            }
            let Some(now) = listed.entity.state(&listed.about, &seen) else { return before.clone() };
            match before {
                Some(before) if *before.message == now => Some(before.clone()),
                _ => Some(State { seq, message: Arc::new(now) }),
            }
        });
        let states = states.collect();
        Board { listing, generation: self.generation, seq, states, seen, is_leaving: self.is_leaving }
    }

    /// The same, for clients to take leave of.
    pub fn leaving(&self) -> Board {
        let (listing, states, seen) = (self.listing.clone(), self.states.clone(), self.seen.clone());
        Board { listing, generation: self.generation, seq: self.seq, states, seen, is_leaving: true }
    }

    /// What became another after so many changes.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Message> {
        self.states.iter().flatten().filter(move |state| state.seq > seq).map(|state| &*state.message)
    }
}
