//! A whole day of the people at once: when each wire senses them. It says the same as asking every ten seconds, and is
//! worked out in no time.

use super::{
    DAYLIGHT, Day, HOUR, Household, Stay,
    sense::{Press, Sense},
};
use crate::simulator::world::{
    random::Random,
    rooms::{HALL, OUTDOORS, Place},
};
use chrono::{Datelike, NaiveDate};

/// Seconds of a local day, the end not included.
pub(in crate::simulator::world) type Span = (i32, i32);

/// A motion detector stays active for this long after the last motion.
const MOTION_HOLD_S: i32 = 60;
/// A press has a second of its own; how long the button is held down is not said here.
const PRESS_S: i32 = 1;
const DAY_S: i32 = 24 * HOUR;
/// On how many days a visitor rings, and when.
const VISITED: f64 = 0.4;
const VISITING: (i32, i32) = (14 * HOUR, 18 * HOUR);

impl Household {
    /// For each of these wires, when it is active on a local day: in order, without overlaps.
    pub(in crate::simulator::world) fn script(&self, date: NaiveDate, senses: &[Sense]) -> Vec<Vec<Span>> {
        if senses.iter().all(|sense| *sense == Sense::Nothing) {
            return vec![Vec::new(); senses.len()];
        }
        let days = [0, 1].map(|person| self.day(person, date));
        senses.iter().map(|sense| joined(self.sensed(date, &days, *sense))).collect()
    }

    fn sensed(&self, date: NaiveDate, days: &[Day; 2], sense: Sense) -> Vec<Span> {
        let of_each = |spans: &dyn Fn(usize, &Day) -> Vec<Span>| {
            days.iter().enumerate().flat_map(|(person, day)| spans(person, day)).collect()
        };
        match sense {
            Sense::Motion(place) => of_each(&|person, day| day.motion(self.seed, person, place)),
            Sense::Door(place) => of_each(&|_, day| day.changes_of_side(place)),
            Sense::Window => of_each(&|_, day| day.airing().into_iter().collect()),
            Sense::WallSwitch(place) => of_each(&|_, day| day.lit(place)),
            Sense::Press(press) => self.pressed(date, days, press).into_iter().map(|at| (at, at + PRESS_S)).collect(),
            Sense::Nothing => Vec::new(),
        }
    }

    fn pressed(&self, date: NaiveDate, days: &[Day; 2], press: Press) -> Vec<i32> {
        let stays = || days.iter().flat_map(|day| &day.stays);
        match press {
            Press::Visitor => {
                let mut random = Random::new(self.seed, &[12, date.num_days_from_ce() as u64]);
                let comes = random.unit() < VISITED;
                comes.then(|| random.between(VISITING.0, VISITING.1)).into_iter().collect()
            }
            Press::Gate => stays().filter(|stay| stay.place == Some(OUTDOORS)).map(|stay| stay.from_s).collect(),
            Press::Bedtime => stays()
                .filter(|stay| stay.asleep && stay.from_s > 20 * HOUR)
                .map(|stay| stay.from_s)
                .max()
                .into_iter()
                .collect(),
            Press::Evening(place) => {
                let comes = |stay: &&Stay| stay.place == Some(place) && !stay.asleep && stay.from_s >= DAYLIGHT.end;
                stays().filter(comes).map(|stay| stay.from_s).min().into_iter().collect()
            }
        }
    }
}

impl Day {
    /// When the person has light in a place.
    fn lit(&self, place: Place) -> Vec<Span> {
        let lit = self.stays_with_ends().filter(|(stay, _)| stay.place == Some(place) && stay.switches_light_on());
        lit.map(|(stay, end_s)| (stay.from_s, end_s)).collect()
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
        model::{InputKind, Zone},
        simulator::world::rooms::{BATHROOM, BEDROOM, KITCHEN, LIVING},
    };

    #[test]
    fn spans_are_joined() {
        assert_eq!(joined(vec![(50, 70), (10, 20), (20, 30), (15, 25)]), [(10, 30), (50, 70)]);
    }

    #[test]
    fn a_day_has_doors_motion_and_a_bedtime() {
        let household = Household::new(1, Zone::UTC, Vec::new());
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let senses = [
            Sense::Motion(KITCHEN),
            Sense::Door(HALL),
            Sense::of(InputKind::Button, BEDROOM, "bedroom_button"),
            Sense::of(InputKind::Leak, KITCHEN, "kitchen_leak"),
        ];
        let [kitchen, door, button, leak] = &household.script(date, &senses)[..] else { panic!("four wires") };
        assert!((5..200).contains(&kitchen.len()), "{kitchen:?}");
        assert!((2..=4).contains(&door.len()), "both leave and come home: {door:?}");
        assert_eq!((button.len(), leak.len()), (1, 0), "the last one puts out the light");
    }

    #[test]
    fn buttons_are_pressed_by_whoever_needs_them() {
        let household = Household::new(1, Zone::UTC, Vec::new());
        let monday = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let button = |place, id| Sense::of(InputKind::Button, place, id);
        let senses = [
            button(OUTDOORS, "front_doorbell"),
            button(Place(6), "garage_button"),
            button(HALL, "hall_button"),
            button(LIVING, "living_button"),
        ];
        let weeks: Vec<_> =
            (0..28).map(|day| household.script(monday + chrono::TimeDelta::days(day), &senses)).collect();
        let rings: Vec<Span> = weeks.iter().flat_map(|day| day[0].clone()).collect();
        assert!((4..=20).contains(&rings.len()), "now and then: {rings:?}");
        assert!(rings.iter().all(|(from, _)| (14 * HOUR..18 * HOUR).contains(from)), "{rings:?}");
        for day in &weeks {
            assert!((2..=4).contains(&day[1].len()), "both leave and come home: {:?}", day[1]);
            assert!(day[2].len() == 1 && day[2][0].0 > 22 * HOUR, "{:?}", day[2]);
            assert!(day[3].len() <= 1 && day[3].iter().all(|(from, _)| *from >= 17 * HOUR), "{:?}", day[3]);
        }
        assert!(weeks.iter().filter(|day| day[3].len() == 1).count() > 14);
    }

    #[test]
    fn lights_are_switched_on_in_the_dark_hours_and_off_when_the_last_one_leaves() {
        let household = Household::new(1, Zone::UTC, Vec::new());
        let monday = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let [bath] = &household.script(monday, &[Sense::of(InputKind::Switch, BATHROOM, "bath_switch")])[..] else {
            panic!("one wire")
        };
        assert!(bath.iter().any(|(from, _)| (6 * HOUR..8 * HOUR).contains(from)), "{bath:?}");
        assert!(bath.iter().any(|(from, _)| *from > 22 * HOUR), "{bath:?}");
        assert!(bath.iter().all(|(from, to)| !DAYLIGHT.contains(from) && to - from < HOUR), "{bath:?}");
    }
}
