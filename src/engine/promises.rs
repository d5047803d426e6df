//! What somebody was promised since the state was last kept: the part of the memory that is to be written at once.

use super::{Engine, Memory};
use crate::{
    clock::Now,
    model::{ClimateId, OutputId, RoomId, RuleId},
};
use std::{collections::BTreeSet, sync::Arc};

/// Whose state somebody was promised something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Promised {
    /// Of everything, as after a reload.
    Whole,
    /// Of the house: its mode, how many commands there were, what is set back when their time is over, what was told last.
    House,
    /// Of an output, and of those that it is decided with.
    Output(OutputId),
    Zone(ClimateId),
    /// What was set of it.
    Room(RoomId),
    /// What was told of it.
    Rule(RuleId),
    /// An event rule, by its place.
    Event(usize),
}

/// What was promised since the memory was last kept, each once, and how often anything was since the start.
#[derive(Clone, Debug)]
pub(super) struct Promises {
    of: BTreeSet<Promised>,
    pub count: u64,
}

impl Promises {
    /// Nothing was kept yet, after so many.
    pub fn whole(count: u64) -> Promises {
        Promises { of: BTreeSet::from([Promised::Whole]), count }
    }

    /// A kill must not forget this.
    pub fn note(&mut self, of: Promised) {
        self.count += 1;
        self.of.insert(of);
    }
}

impl Engine {
    /// What is to be kept before anything is shown that this engine says from now on: the whole memory, or of what somebody
    /// was promised since the last call, which is laid over what was kept then ([`Memory::absorb`]).
    pub fn keep(&mut self, whole: bool, now: Now) -> Memory {
        let promised = std::mem::take(&mut self.promises.of);
        if whole || promised.contains(&Promised::Whole) {
            self.mark_persisted();
            return self.memory(now);
        }
        let (config, mut memory) = (&self.config, self.memory_of_house(now).as_part());
        let mut outputs = BTreeSet::new();
        for of in promised {
            match of {
                Promised::Whole | Promised::House => {}
                Promised::Output(id) => {
                    let cluster = self.order.clusters.iter().find(|cluster| cluster.outputs.contains(&id));
                    outputs.extend(cluster.into_iter().flat_map(|cluster| &cluster.outputs).chain([&id]).copied());
                }
                Promised::Zone(id) => drop(memory.climates.insert(config[id].id.clone(), self.climates[id.0].clone())),
                Promised::Room(id) => drop(memory.rooms.insert(config[id].id.clone(), self.rooms[id.0].clone())),
                Promised::Rule(id) => drop(memory.rules.insert(config[id].name.clone(), self.rules[id.0].clone())),
                Promised::Event(place) => {
                    let mut state = self.events[place].clone();
                    state.tell(self.last_wall);
                    memory.events.insert(config.events[place].name.clone(), state);
                }
            }
        }
        let named = |id: OutputId| -> (Arc<str>, _) { (config[id].id.clone(), self.outputs[id.0].clone()) };
        memory.outputs.extend(outputs.into_iter().map(named));
        memory
    }
}
