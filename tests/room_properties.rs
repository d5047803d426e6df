//! What holds in every room with a door, whatever life goes on in it: random rooms, random lives, and a plain model that
//! follows them step by step.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
}

use hearthd::{
    clock::Moment,
    model::{Config, Quality, Value},
};
use proptest::{collection::vec, prelude::*};
use std::{sync::Arc, time::Duration};
use support::{engine_config::*, engine_house::House};

/// `PROPTEST_CASES=2560` tries ten times as many.
fn cases(number: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (number * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

/// Durations in seconds.
#[derive(Clone, Copy, Debug)]
struct Plan {
    empty_after: u64,
    settle: u64,
    forget_after: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// None: the line is lost.
    Door(Option<bool>),
    Motion(Option<bool>),
    /// Milliseconds.
    Live(u64),
    Restart,
}

fn plan() -> impl Strategy<Value = Plan> {
    (1..60u64, 1..60u64, 60..400u64).prop_map(|(empty_after, settle, forget_after)| Plan {
        empty_after,
        settle,
        forget_after,
    })
}

fn life(faults: bool) -> impl Strategy<Value = Vec<Step>> {
    let known = move |number: u8| (number > 0 || !faults).then_some(number.is_multiple_of(2));
    let step = prop_oneof![
        3 => (0..10u8).prop_map(move |number| Step::Door(known(number))),
        4 => (0..10u8).prop_map(move |number| Step::Motion(known(number))),
        2 => (0..5_000u64).prop_map(Step::Live),
        4 => (0..100_000u64).prop_map(Step::Live),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..60)
}

fn config(plan: Plan) -> Arc<Config> {
    let mut builder = Builder::new();
    let (motion, door) = (builder.input("motion"), builder.input("door"));
    let room = builder.room("room", &[motion], secs(plan.empty_after));
    builder.change_room(room, |room| {
        room.doors = vec![door];
        (room.settle, room.forget_after) = (secs(plan.settle), secs(plan.forget_after));
    });
    builder.build()
}

/// A room followed step by step: what an engine that is never late would keep in its head.
struct Model {
    plan: Plan,
    door: Option<bool>,
    motion: Option<bool>,
    closed: Option<Moment>,
    inside: bool,
    /// When the wire of the detector was last on.
    moved: Option<Moment>,
    /// When the last sign of somebody ended.
    last: Option<Moment>,
}

impl Model {
    fn new(plan: Plan) -> Model {
        Model { plan, door: None, motion: None, closed: None, inside: false, moved: None, last: None }
    }

    fn door(&mut self, open: Option<bool>, now: Moment) {
        if self.door != open || self.door.is_none() {
            self.leave(now);
            self.closed = (open == Some(false)).then_some(now);
            self.door = open;
        }
    }

    fn leave(&mut self, now: Moment) {
        if std::mem::take(&mut self.inside) && !self.forgotten(now) {
            self.last = Some(now);
        }
    }

    fn motion(&mut self, active: Option<bool>, now: Moment) {
        let rises = self.motion == Some(false) && active == Some(true);
        if self.motion == Some(true) || active == Some(true) {
            (self.moved, self.last) = (Some(now), Some(now));
        }
        self.motion = active;
        self.inside |= rises && self.closed.is_some_and(|closed| now >= closed + secs(2));
    }

    /// Time has passed; it is looked at before anything else happens.
    fn look(&mut self, now: Moment) {
        let settled = self.closed.is_some_and(|closed| now >= closed + secs(self.plan.settle));
        self.inside |= settled && self.motion == Some(true);
    }

    fn forgotten(&self, now: Moment) -> bool {
        let moved = if self.motion == Some(true) { Some(now) } else { self.moved };
        moved.is_some_and(|moved| now >= moved + secs(self.plan.forget_after))
    }

    /// None: not known.
    fn occupied(&self, now: Moment) -> Option<bool> {
        let held = self.last.is_some_and(|last| now < last + secs(self.plan.empty_after));
        let inside = self.inside && !self.forgotten(now);
        if self.motion == Some(true) || held || inside { Some(true) } else { self.motion }
    }
}

fn take(house: &mut House, step: Step) {
    let read = |house: &mut House, id: &str, value: Option<bool>| match value {
        Some(value) => house.input(id, value),
        None => house.input_fails(id),
    };
    match step {
        Step::Door(open) => drop(read(house, "door", open)),
        Step::Motion(active) => drop(read(house, "motion", active)),
        Step::Live(ms) => drop(house.live(Duration::from_millis(ms))),
        Step::Restart => drop(house.restart(Duration::ZERO)),
    }
}

fn occupied(house: &House) -> Option<bool> {
    let point = house.point("room.occupied");
    assert_eq!(point.quality == Quality::Good, point.value.is_some());
    point.value.map(|value| value == Value::Switch(true))
}

proptest! {
    #![proptest_config(cases(600))]

    /// The room is what a plain model says that follows every step, over restarts and lost lines: and so whoever moves is
    /// never in an empty room within `empty_after`, and who moved behind a closed door is in none until it opens.
    #[test]
    fn a_room_is_what_a_step_by_step_model_says(plan in plan(), life in life(true)) {
        let mut house = House::new(config(plan));
        let mut model = Model::new(plan);
        for step in life {
            match step {
                // What passes is looked at in pieces, at the latest when something is due.
                Step::Live(ms) => {
                    let end = house.now.moment + Duration::from_millis(ms);
                    while house.now.moment < end {
                        let piece = end.since(house.now.moment).min(Duration::from_millis(500));
                        house.live(piece);
                        model.look(house.now.moment);
                        prop_assert_eq!(occupied(&house), model.occupied(house.now.moment));
                    }
                }
                Step::Door(open) => {
                    take(&mut house, step);
                    model.door(open, house.now.moment);
                }
                Step::Motion(active) => {
                    take(&mut house, step);
                    model.motion(active, house.now.moment);
                }
                Step::Restart => take(&mut house, step),
            }
            model.look(house.now.moment);
            prop_assert_eq!(occupied(&house), model.occupied(house.now.moment), "{:?} {:?}", step, house.point("room.occupied"));
        }
    }

    /// An unknown never occupies: a room becomes occupied only while its detector is known to see somebody.
    #[test]
    fn nothing_but_somebody_occupies(plan in plan(), life in life(true)) {
        let mut house = House::new(config(plan));
        let mut motion = None;
        let mut before = occupied(&house);
        for step in life {
            take(&mut house, step);
            if let Step::Motion(active) = step {
                motion = active;
            }
            let now = occupied(&house);
            prop_assert!(now != Some(true) || before == Some(true) || motion == Some(true), "{:?} {:?}", step, before);
            before = now;
        }
    }

    /// The room never depends on when it is looked at: a house that wakes up only when it must is as one that always
    /// looks.
    #[test]
    fn it_makes_no_difference_how_often_one_looks(plan in plan(), life in life(false)) {
        let (mut seldom, mut often) = (House::new(config(plan)), House::new(config(plan)));
        for step in life {
            take(&mut seldom, step);
            if let Step::Live(ms) = step {
                for piece in [ms / 3, ms / 2 - ms / 3, ms - ms / 2] {
                    often.live(Duration::from_millis(piece));
                    often.wake();
                }
            } else {
                take(&mut often, step);
            }
            often.publish();
            prop_assert_eq!(seldom.engine.snapshot(seldom.now).points, often.engine.snapshot(often.now).points);
        }
    }
}
