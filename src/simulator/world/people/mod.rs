//! Two people and their days: when they sleep, where they are, and how they walk through the house.

mod script;
mod sense;

pub(super) use script::Span;
pub(super) use sense::Sense;

use super::{
    random::Random,
    rooms::{BATHROOM, BEDROOM, HALL, KITCHEN, LIVING, OUTDOORS, Place},
};
use crate::model::Zone;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc, Weekday};

/// Who lives in the house.
pub(super) struct Household {
    seed: u64,
    timezone: Zone,
    /// The rooms of no known use, which somebody looks into now and then.
    others: Vec<Place>,
    /// How many of them live there at that time; the others are away.
    pub(super) at_home: usize,
    /// Each person's plan of the day last asked for.
    days: [Option<Day>; 2],
}

/// One person, one day.
struct Day {
    date: NaiveDate,
    /// None: the person wakes up elsewhere.
    wakes_s: Option<i32>,
    /// By time; the first begins at midnight.
    stays: Vec<Stay>,
}

/// Where a person is from `from_s` (seconds of the local day) until the next stay.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stay {
    from_s: i32,
    /// None: away.
    place: Option<Place>,
    asleep: bool,
}

impl Stay {
    /// Whoever comes into a room in the dark hours switches its light on.
    fn switches_light_on(&self) -> bool {
        !self.asleep && self.place.is_some() && !DAYLIGHT.contains(&self.from_s)
    }
}

/// What one person does at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doing {
    /// None: away.
    pub(super) place: Option<Place>,
    pub(super) asleep: bool,
    /// A motion sensor in the same place would see it.
    pub(super) moving: bool,
    /// Where the person came from, while the door in between is still open.
    pub(super) just_left: Option<Option<Place>>,
    /// Is awake, and has switched the light on when coming in.
    pub(super) lit: bool,
    /// The time of fresh air in the morning.
    pub(super) airing: bool,
}

const MINUTE: i32 = 60;
const HOUR: i32 = 3_600;

/// Nobody needs light then; and from its end on it is evening.
const DAYLIGHT: std::ops::Range<i32> = 8 * HOUR..17 * HOUR;

/// How many live in a house.
pub const PEOPLE: usize = 2;
/// So long after waking up there is fresh air.
const AIRING: std::ops::Range<i32> = 25 * MINUTE..37 * MINUTE;

/// A door that somebody walks through stands open for this long.
const DOOR_S: i32 = 15;

impl Household {
    pub(super) fn new(seed: u64, timezone: Zone, others: Vec<Place>) -> Household {
        Household { seed, timezone, others, at_home: PEOPLE, days: [None, None] }
    }

    fn day(&self, person: usize, date: NaiveDate) -> Day {
        match person < self.at_home {
            true => plan(self.seed, person as i32, date, &self.others),
            false => Day { date, wakes_s: None, stays: vec![Stay { from_s: 0, place: None, asleep: false }] },
        }
    }

    /// What everybody does at an instant.
    pub(super) fn at(&mut self, wall: DateTime<Utc>) -> [Doing; 2] {
        let local = wall.with_timezone(&self.timezone).naive_local();
        let second = local.num_seconds_from_midnight() as i32;
        [0, 1].map(|person: usize| {
            let day = self.days[person].take().filter(|day| day.date == local.date());
            let day = day.unwrap_or_else(|| self.day(person, local.date()));
            let doing = day.doing(self.seed, person, second);
            self.days[person] = Some(day);
            doing
        })
    }
}

impl Day {
    fn doing(&self, seed: u64, person: usize, second: i32) -> Doing {
        let next = self.stays.partition_point(|stay| stay.from_s <= second);
        let now = self.stays[next.saturating_sub(1)];
        let before = next.checked_sub(2).map(|i| self.stays[i]);
        let since_s = second - now.from_s;
        let just_left = before.filter(|_| since_s < DOOR_S).map(|stay| stay.place);
        Doing {
            place: now.place,
            asleep: now.asleep,
            moving: !now.asleep && self.moves(seed, person, second, now, since_s),
            just_left,
            lit: now.switches_light_on(),
            airing: self.airing().is_some_and(|(from_s, to_s)| (from_s..to_s).contains(&second)),
        }
    }

    /// When the windows are open.
    fn airing(&self) -> Option<Span> {
        self.wakes_s.map(|wakes_s| (wakes_s + AIRING.start, wakes_s + AIRING.end))
    }

    /// People move when they come in, and now and then after that, in stretches of ten seconds.
    fn moves(&self, seed: u64, person: usize, second: i32, stay: Stay, since_s: i32) -> bool {
        let often = match stay.place {
            None => return false,
            Some(HALL | OUTDOORS) => 1.0,
            Some(KITCHEN | BATHROOM) => 0.4,
            Some(_) => 0.15,
        };
        let stretch = (second / 10) as u64;
        let day = self.date.num_days_from_ce() as u64;
        since_s < 30 || Random::new(seed, &[11, person as u64, day, stretch]).unit() < often
    }
}

/// A day of a person, from midnight to midnight.
fn plan(seed: u64, person: i32, date: NaiveDate, others: &[Place]) -> Day {
    let mut random = Random::new(seed, &[10, person as u64, date.num_days_from_ce() as u64]);
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let early = |random: &mut Random, minutes: i32| random.between(-minutes, minutes) * MINUTE;
    let wakes_s = if weekend { 8 * HOUR + 40 * MINUTE } else { 6 * HOUR + 45 * MINUTE }
        + person * 11 * MINUTE
        + early(&mut random, 9);
    let (leaves_s, returns_s) = if weekend {
        (14 * HOUR + early(&mut random, 40), 16 * HOUR + 40 * MINUTE + early(&mut random, 30))
    } else {
        let leaves_s = 8 * HOUR + 15 * MINUTE + person * 6 * MINUTE + early(&mut random, 4);
        (leaves_s, 17 * HOUR + 30 * MINUTE - person * 32 * MINUTE + early(&mut random, 14))
    };
    let bed_s = 22 * HOUR + 50 * MINUTE + person * 12 * MINUTE + early(&mut random, 14);
    let dinner_s = 18 * HOUR + 25 * MINUTE;

    let mut walk = Walk { stays: Vec::new(), random, others };
    walk.stays.push(Stay { from_s: 0, place: Some(BEDROOM), asleep: true });
    if walk.random.unit() < 0.4 {
        let up_s = walk.random.between(2 * HOUR, 4 * HOUR);
        walk.go(up_s, BATHROOM);
        walk.sleep(up_s + 4 * MINUTE);
    }
    walk.stays.push(Stay { from_s: wakes_s, place: Some(BEDROOM), asleep: false });
    walk.go(wakes_s + 6 * MINUTE, BATHROOM);
    walk.go(wakes_s + 18 * MINUTE, KITCHEN);
    walk.wander(wakes_s + 45 * MINUTE, leaves_s - 4 * MINUTE);
    walk.leave(leaves_s);
    walk.come_home(returns_s);
    walk.wander(returns_s + 3 * MINUTE, dinner_s);
    walk.go(dinner_s, KITCHEN);
    walk.wander(dinner_s + 35 * MINUTE, bed_s - 10 * MINUTE);
    walk.go(bed_s - 10 * MINUTE, BATHROOM);
    walk.sleep(bed_s);
    Day { date, wakes_s: Some(wakes_s), stays: walk.stays }
}

/// A person on the way through a day; times only ever grow.
struct Walk<'a> {
    stays: Vec<Stay>,
    random: Random,
    others: &'a [Place],
}

impl Walk<'_> {
    /// To a room, through the hall.
    fn go(&mut self, at_s: i32, place: Place) {
        let here = self.stays.last().and_then(|stay| stay.place);
        if here == Some(place) {
            return;
        }
        let in_hall_s = if here == Some(HALL) || place == HALL { 0 } else { self.random.between(15, 40) };
        if in_hall_s > 0 {
            self.stays.push(Stay { from_s: at_s, place: Some(HALL), asleep: false });
        }
        self.stays.push(Stay { from_s: at_s + in_hall_s, place: Some(place), asleep: false });
    }

    fn sleep(&mut self, at_s: i32) {
        self.go(at_s, BEDROOM);
        // Undressing takes its time.
        self.stays.push(Stay { from_s: at_s + 5 * MINUTE, place: Some(BEDROOM), asleep: true });
    }

    fn leave(&mut self, at_s: i32) {
        self.go(at_s - 3 * MINUTE, HALL);
        self.stays.push(Stay { from_s: at_s, place: Some(OUTDOORS), asleep: false });
        self.stays.push(Stay { from_s: at_s + 20, place: None, asleep: false });
    }

    fn come_home(&mut self, at_s: i32) {
        self.stays.push(Stay { from_s: at_s, place: Some(OUTDOORS), asleep: false });
        self.stays.push(Stay { from_s: at_s + 20, place: Some(HALL), asleep: false });
    }

    /// From room to room, as the fancy takes.
    fn wander(&mut self, from_s: i32, to_s: i32) {
        let mut at_s = from_s;
        while at_s < to_s - 3 * MINUTE {
            let chance = self.random.unit();
            let other = self.others.get((self.random.unit() * self.others.len() as f64) as usize);
            let (place, minutes) = match chance {
                ..0.55 => (LIVING, self.random.between(15, 50)),
                0.55..0.75 => (KITCHEN, self.random.between(5, 15)),
                0.75..0.85 => (BATHROOM, self.random.between(3, 8)),
                _ => (other.copied().unwrap_or(BEDROOM), self.random.between(5, 20)),
            };
            self.go(at_s, place);
            at_s += minutes * MINUTE;
        }
    }
}

/// Where everybody is, in words.
pub(super) fn describe(doings: &[Doing; 2], names: &[String]) -> String {
    let where_is = |doing: &Doing| match (doing.asleep, doing.place) {
        (true, _) => "asleep",
        (false, Some(place)) => names[place.0].as_str(),
        (false, None) => "out",
    };
    match (where_is(&doings[0]), where_is(&doings[1])) {
        ("asleep", "asleep") => "everybody asleep".into(),
        ("out", "out") => "nobody at home".into(),
        (one, other) if one == other => format!("both {one}"),
        (one, other) => format!("one {one}, one {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_in_order_and_ends_in_bed() {
        for seed in 0..20 {
            for day in 0..370 {
                let date = NaiveDate::from_yo_opt(2026, 1).unwrap() + chrono::TimeDelta::days(day);
                for person in 0..2 {
                    let day = plan(seed, person, date, &[Place(6)]);
                    assert!(day.stays.is_sorted_by_key(|stay| stay.from_s), "{date} {:#?}", day.stays);
                    let last = day.stays[day.stays.len() - 1];
                    assert!(last.asleep && last.from_s < 24 * HOUR, "{date} {last:?}");
                }
            }
        }
    }

    #[test]
    fn people_are_said_to_be_where_they_are() {
        let names: Vec<String> = vec!["in the hall".into(), "in the living room".into()];
        let doing = |place, asleep| Doing { place, asleep, moving: false, just_left: None, lit: false, airing: false };
        let (hall, living, away) = (doing(Some(HALL), false), doing(Some(LIVING), false), doing(None, false));
        assert_eq!(describe(&[doing(Some(BEDROOM), true); 2], &names), "everybody asleep");
        assert_eq!(describe(&[away; 2], &names), "nobody at home");
        assert_eq!(describe(&[living; 2], &names), "both in the living room");
        assert_eq!(describe(&[hall, away], &names), "one in the hall, one out");
    }
}
