//! What an input senses of the people: worked out once from its kind, its place and its id.

use crate::{
    model::InputKind,
    simulator::world::rooms::{BEDROOM, HALL, Place},
};

/// What makes an input active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator::world) enum Sense {
    /// Somebody moves there.
    Motion(Place),
    /// Somebody walks through the door of that place.
    Door(Place),
    /// Fresh air in the morning.
    Window,
    /// A light switch: somebody awake is there in the dark hours.
    WallSwitch(Place),
    /// A button is clicked.
    Press(Press),
    /// Nothing that people do.
    Nothing,
}

/// When a button is clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator::world) enum Press {
    /// A visitor rings, on some afternoons.
    Visitor,
    /// Somebody leaves the house or comes home.
    Gate,
    /// The last one goes to bed.
    Bedtime,
    /// The first one comes into this place in the evening.
    Evening(Place),
}

const BELLS: [&str; 3] = ["bell", "chime", "ring"];
const GATES: [&str; 4] = ["garage", "gate", "drive", "carport"];

impl Sense {
    /// Of an input in some place.
    pub(in crate::simulator::world) fn of(kind: InputKind, place: Place, id: &str) -> Sense {
        match kind {
            InputKind::Motion => Sense::Motion(place),
            InputKind::Door | InputKind::Contact => Sense::Door(place),
            InputKind::Window => Sense::Window,
            InputKind::Switch => Sense::WallSwitch(place),
            InputKind::Button => Sense::Press(Press::of(place, id)),
            InputKind::Leak | InputKind::Smoke | InputKind::Counter => Sense::Nothing,
        }
    }

    /// It, if it is a button.
    pub(in crate::simulator::world) fn press(self) -> Sense {
        if matches!(self, Sense::Press(_)) { self } else { Sense::Nothing }
    }
}

impl Press {
    fn of(place: Place, id: &str) -> Press {
        let says = |part: &dyn Fn(&str) -> bool| id.split('_').any(part);
        if says(&|part| BELLS.iter().any(|bell| part.ends_with(bell))) {
            Press::Visitor
        } else if says(&|part| GATES.iter().any(|gate| part.starts_with(gate))) {
            Press::Gate
        } else if matches!(place, BEDROOM | HALL) {
            Press::Bedtime
        } else {
            Press::Evening(place)
        }
    }
}
