//! A whole day of the people at once: when each wire senses them. It says the same as asking every ten seconds, and is
//! worked out in no time.

use super::{Day, HOUR, Household, MINUTE, Stay, plan};
use crate::{
    model::InputKind,
    simulator::world::rooms::{HALL, OUTDOORS, Place},
};
use chrono::NaiveDate;

/// Seconds of a local day, the end not included.
type Span = (i32, i32);

/// A motion detector stays active for this long after the last motion.
const MOTION_HOLD_S: i32 = 60;
/// A button is pressed for a moment; at least a second, since a day is worked out in seconds.
const PRESS_S: i32 = 1;
const DAY_S: i32 = 24 * HOUR;

impl Household {
    /// For each of these wires, when it is active on a local day: in order, without overlaps.
    pub(in crate::simulator::world) fn script(&self, date: NaiveDate, wires: &[(InputKind, Place)]) -> Vec<Vec<Span>> {
        let days = [0, 1].map(|person| plan(self.seed, person, date, &self.others));
        let of_wire = |(kind, place): &(InputKind, Place)| {
            let sensed = (0..).zip(&days).flat_map(|(person, day)| day.sensed(self.seed, person, *kind, *place));
            joined(sensed.collect())
        };
        wires.iter().map(of_wire).collect()
    }
}

impl Day {
    fn sensed(&self, seed: u64, person: usize, kind: InputKind, place: Place) -> Vec<Span> {
        match kind {
            InputKind::Motion => self.motion(seed, person, place),
            InputKind::Door | InputKind::Contact => self.changes_of_side(place),
            InputKind::Window => vec![(self.wakes_s + 25 * MINUTE, self.wakes_s + 37 * MINUTE)],
            InputKind::Button => {
                let to_bed = self.stays.iter().filter(|stay| stay.asleep && stay.from_s > 20 * HOUR);
                to_bed.map(|stay| (stay.from_s, stay.from_s + PRESS_S)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn motion(&self, seed: u64, person: usize, place: Place) -> Vec<Span> {
        let mut spans = Vec::new();
        for (stay, end_s) in self.stays_with_ends().filter(|(stay, _)| stay.place == Some(place) && !stay.asleep) {
            let mut second = stay.from_s;
            while second < end_s {
                // Chance takes a new turn every ten seconds.
                let next = (second / 10 + 1) * 10;
                if self.moves(seed, person, second, stay, second - stay.from_s) {
                    spans.push((second, next.min(end_s) + MOTION_HOLD_S));
                }
                second = next;
            }
        }
        spans
    }

    /// When the person goes through the door of a place; that of the hall is the front door.
    fn changes_of_side(&self, door: Place) -> Vec<Span> {
        let inside = |place: Option<Place>| match door {
            HALL | OUTDOORS => place.is_some_and(|place| place != OUTDOORS),
            here => place == Some(here),
        };
        let pairs = self.stays.windows(2).filter(|pair| inside(pair[0].place) != inside(pair[1].place));
        pairs.map(|pair| (pair[1].from_s, pair[1].from_s + super::DOOR_S)).collect()
    }

    fn stays_with_ends(&self) -> impl Iterator<Item = (Stay, i32)> + '_ {
        let ends = self.stays.iter().skip(1).map(|next| next.from_s).chain([DAY_S]);
        self.stays.iter().copied().zip(ends)
    }
}

/// The same times as spans in order that do not touch.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        let to = to.min(DAY_S);
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Zone,
        simulator::world::rooms::{BEDROOM, KITCHEN},
    };

    #[test]
    fn spans_are_joined() {
        assert_eq!(joined(vec![(50, 70), (10, 20), (20, 30), (15, 25)]), [(10, 30), (50, 70)]);
    }

    #[test]
    fn a_day_has_doors_motion_and_a_bedtime() {
        let household = Household::new(1, Zone::UTC, Vec::new());
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let wires = [
            (InputKind::Motion, KITCHEN),
            (InputKind::Door, HALL),
            (InputKind::Button, BEDROOM),
            (InputKind::Leak, KITCHEN),
        ];
        let [kitchen, door, button, leak] = &household.script(date, &wires)[..] else { panic!("four wires") };
        assert!((5..200).contains(&kitchen.len()), "{kitchen:?}");
        assert!((2..=4).contains(&door.len()), "both leave and come home: {door:?}");
        assert_eq!((button.len(), leak.len()), (2, 0));
    }
}
