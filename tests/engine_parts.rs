//! What holds of outputs that work through parts, and of pulses, at the wires.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
}

use hearthd::clock::Moment;
use proptest::{collection::vec, prelude::*};
use std::time::Duration;
use support::{
    engine_config::{from_text, secs},
    engine_house::House,
};

/// `PROPTEST_CASES=2560` tries ten times as many.
fn cases(number: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (number * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

/// What happens to one output.
#[derive(Clone, Debug)]
enum Happening {
    Command(String),
    Live(u32),
    Restart,
}

/// Levels, words and time; `restarts` of no length.
fn life(words: &'static [&'static str], restarts: bool) -> impl Strategy<Value = Vec<Happening>> {
    let level = (0..=100u8).prop_map(|level| Happening::Command(level.to_string()));
    let word = prop::sample::select(words).prop_map(|word| Happening::Command(word.into()));
    let live = prop_oneof![0..3_000u32, 0..120_000u32].prop_map(Happening::Live);
    let restart = if restarts { Just(Happening::Restart).boxed() } else { Just(Happening::Live(0)).boxed() };
    vec(prop_oneof![3 => level, 2 => word, 6 => live, 1 => restart], 1..40)
}

impl Happening {
    fn happens(&self, house: &mut House, output: &str) {
        match self {
            Happening::Command(payload) => drop(house.command(output, payload)),
            Happening::Live(ms) => drop(house.live(Duration::from_millis((*ms).into()))),
            Happening::Restart => drop(house.restart(Duration::ZERO)),
        }
    }
}

/// When a wire went on and off, up to now.
fn phases(house: &House, wire: &str) -> Vec<(Moment, bool)> {
    let mut phases: Vec<(Moment, bool)> = Vec::new();
    for driven in house.log.iter().filter(|driven| &*driven.output == wire) {
        let on = driven.level.is_on();
        if phases.last().is_none_or(|(_, before)| *before != on) {
            phases.push((driven.at, on));
        }
    }
    phases
}

fn time_on(phases: &[(Moment, bool)], until: Moment) -> i64 {
    let ends = phases.iter().skip(1).map(|(at, _)| *at).chain([until]);
    let on = phases.iter().zip(ends).filter(|((_, on), _)| *on);
    on.map(|((begins, _), ends)| ends.since(*begins).as_millis() as i64).sum()
}

proptest! {
    #![proptest_config(cases(300))]

    /// Slow PWM: whatever levels are asked for and however often it is restarted, the time that the wire was on differs
    /// from the time that was asked for by no more than the longest of period, `min_on` and `min_off`, once more for each
    /// time that it is switched off; and no phase is shorter than these minimums.
    #[test]
    fn slow_pwm_gives_what_is_asked_for(
        (period, min_on, min_off) in (1..30u32, 1..20u32, 1..20u32),
        life in life(&["ON", "OFF"], true),
    ) {
        let mut house = House::new(from_text(&format!(
            "[outputs.x]\nkind = \"switch\"\ngpio = 17\nslow_pwm = \"{period}s\"\nmin_on = \"{min_on}s\"\nmin_off = \"{min_off}s\"\n"
        )));
        house.live(secs(30));
        let begins = house.now.moment;
        // In percent milliseconds.
        let (mut asked, mut level) = (0i64, 0i64);
        let bound = 1000 * i64::from(period.max(min_on).max(min_off));
        for happening in &life {
            let before = house.now.moment;
            happening.happens(&mut house, "x");
            asked += level * house.now.moment.since(before).as_millis() as i64;
            level = house.point("x.level").text().unwrap().parse().unwrap();
            let given = time_on(&phases(&house, "x.wire"), house.now.moment);
            let error = given - asked / 100;
            // What was given too much before a rest is forgotten, and what `min_off` kept back from full on cannot be
            // made up for: each time that it is switched off may add to the error.
            let is_off = |happening: &&Happening| matches!(happening, Happening::Command(c) if c == "OFF" || c == "0");
            let bound = bound * (1 + life.iter().filter(is_off).count() as i64);
            prop_assert!(error.abs() <= bound, "{error} ms of {bound}");
        }
        let phases = phases(&house, "x.wire");
        for pair in phases.windows(2).filter(|pair| pair[0].0 >= begins) {
            let lasted = pair[1].0.since(pair[0].0);
            let least = if pair[0].1 { min_on } else { min_off };
            prop_assert!(lasted >= secs(least.into()), "{lasted:?} {}", if pair[0].1 { "on" } else { "off" });
        }
    }

    /// A pulse is never longer than said, counted from when it was last asked for; over restarts too.
    #[test]
    fn no_pulse_is_longer_than_said(
        pulse in 10..5_000u32,
        life in life(&["ON", "ON", "OFF", "TOGGLE", "AUTO"], true),
        pauses in vec(0..3_000u64, 40),
    ) {
        let mut house = House::new(from_text(&format!(
            "[outputs.x]\nkind = \"switch\"\ngpio = 17\npulse = \"{pulse}ms\"\n"
        )));
        let length = Duration::from_millis(pulse.into());
        let mut asked = None;
        let mut seen = 0;
        for (happening, pause) in life.iter().zip(pauses.iter().cycle()) {
            match happening {
                Happening::Restart => drop(house.restart(Duration::from_millis(*pause))),
                _ => happening.happens(&mut house, "x"),
            }
            if let Happening::Command(_) = happening {
                asked = Some(house.now.moment);
            }
            for driven in &house.log[seen..] {
                let last = asked.unwrap_or(Moment::START);
                prop_assert!(!driven.level.is_on() || driven.at == last, "{driven:?} by itself");
            }
            seen = house.log.len();
            if house.is_on("x") {
                let last = asked.expect("it is on");
                prop_assert!(house.now.moment.since(last) < length, "on for {:?}", house.now.moment.since(last));
            }
        }
    }

    /// A cover: never both directions at once, the rest between them is kept, no run is longer than the whole way and a
    /// bit, and where it is said to be is where it is, once it was at an end.
    #[test]
    fn a_cover_is_where_it_is_said_to_be(
        (open_time, close_time, stop) in (1..40u32, 1..40u32, 500..5_000u32),
        begins in 0.0..100.0f64,
        life in life(&["OPEN", "CLOSE", "STOP", "TOGGLE", "AUTO"], true),
    ) {
        let mut house = House::new(from_text(&format!(
            "[outputs.x]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\nopen_time = \"{open_time}s\"\n\
             close_time = \"{close_time}s\"\nstop = \"{stop}ms\"\n"
        )));
        // Where it really is, and what its wires did last.
        let (mut position, mut way, mut since) = (begins, 0i8, house.now.moment);
        let (mut off_since, mut last_way) = (house.now.moment, 0i8);
        let mut seen = 0;
        let run = |position: f64, way: i8, time: Duration| {
            let whole = if way > 0 { open_time } else { close_time };
            (position + f64::from(way) * 100.0 * time.as_secs_f64() / f64::from(whole)).clamp(0.0, 100.0)
        };
        for happening in &life {
            // A restart of no length leaves the wires of a cover off, and nobody knows for how long it ran.
            happening.happens(&mut house, "x");
            for driven in house.log[seen..].iter().filter(|driven| driven.output.starts_with("x.")) {
                let direction = if &*driven.output == "x.open" { 1 } else { -1 };
                match (driven.level.is_on(), way) {
                    (true, 0) => {
                        let rested = driven.at.since(off_since);
                        let turned = last_way == -direction;
                        prop_assert!(!turned || rested >= Duration::from_millis(stop.into()), "{driven:?} after {rested:?}");
                        (way, last_way, since) = (direction, direction, driven.at);
                    }
                    (true, way) => prop_assert_eq!(way, direction, "both directions: {:?}", driven),
                    (false, way_before) if way_before == direction => {
                        let ran = driven.at.since(since);
                        let whole = secs(u64::from(if way > 0 { open_time } else { close_time }));
                        prop_assert!(ran <= whole.mul_f64(1.2) + secs(2), "ran for {ran:?}");
                        position = run(position, way, ran);
                        (way, off_since) = (0, driven.at);
                    }
                    (false, _) => {}
                }
            }
            seen = house.log.len();
            if let Some(said) = house.point("x.position").text() {
                let really = run(position, way, house.now.moment.since(since));
                let said: f64 = said.parse().unwrap();
                // It is shown anew each second while it moves.
                let step = if way == 0 { 0.0 } else { 100.0 / f64::from(open_time.min(close_time)) };
                prop_assert!((said - really).abs() <= 1.0 + step, "said {said}, really {really}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(80))]

    /// A door with one button, whatever its opener does of a press while it closes, and whoever else moves it: it is said to
    /// be closed and open exactly when its switches say so, it is pressed twice for a command at most and never because of a
    /// start or a reload, and what is asked of it alone, it comes to.
    #[test]
    fn a_door_is_pressed_only_when_it_is_asked(
        (open_time, close_time, with_open, reverses) in (2..20u32, 2..20u32, any::<bool>(), any::<bool>()),
        begins in prop_oneof![Just(0u32), Just(UP), 0..=UP],
        life in vec(door_event(), 1..15),
    ) {
        let config = |rest: &str| from_text(&format!(
            "[inputs.shut]\nkind = \"door\"\ngpio = 5\n[inputs.up]\nkind = \"switch\"\ngpio = 6\n\
             [inputs.late]\nkind = \"switch\"\ngpio = 7\n[outputs.x]\nkind = \"cover\"\nbutton_gpio = 17\n\
             closed_switch = \"shut\"\n{}open_time = \"{open_time}s\"\nclose_time = \"{close_time}s\"\nstop = \"{rest}\"\n\
             [[rules]]\nname = \"Late\"\nwhile = \"late\"\nset = {{ x = \"closed\" }}\n",
            if with_open { "open_switch = \"up\"\n" } else { "" },
        ));
        let door = Opener { at: begins, way: 0, last: 1, reverses, stuck: false, open_time, close_time };
        let mut garage = Garage { house: House::new(config("500ms")), door, with_open, may_be_pressed: 0, seen: 0 };
        garage.tell();
        garage.house.input("late", false);
        for event in &life {
            match event {
                DoorEvent::Command(word) => garage.asked(word)?,
                DoorEvent::Rule(on) => {
                    garage.may_be_pressed = 2;
                    drop(garage.house.input("late", *on));
                }
                DoorEvent::Remote => garage.door.press(),
                DoorEvent::Stuck(is) => garage.door.stuck = *is,
                DoorEvent::Live(ms) => garage.live(Duration::from_millis((*ms).into()))?,
                DoorEvent::Restart => {
                    drop(garage.house.restart(Duration::ZERO));
                    drop(garage.house.read_again());
                    garage.left_alone()?;
                }
                DoorEvent::Reload(rest) => {
                    drop(garage.house.reconfigure(config(rest)));
                    garage.left_alone()?;
                }
            }
            garage.heed()?;
        }
        // Left alone, it comes to where it is asked.
        garage.door.stuck = false;
        garage.may_be_pressed = 2;
        let whole = secs(u64::from(open_time.max(close_time)) * 3 + 10);
        garage.live(whole)?;
        for (word, end) in [("CLOSE", 0), ("OPEN", UP), ("OPEN", UP), ("CLOSE", 0)] {
            garage.asked(word)?;
            garage.live(whole)?;
            let at = garage.door.at;
            // Without a switch there, half open is taken for open.
            let is_taken_for_open = !with_open && (word == "OPEN" || garage.house.point("x").fault.is_some());
            prop_assert!(at == end || is_taken_for_open && at > 0, "{word}: at {at}");
        }
    }
}

/// A house with a door.
struct Garage {
    house: House,
    door: Opener,
    with_open: bool,
    /// How often its button may still be pressed.
    may_be_pressed: u32,
    /// So much of what was driven was seen.
    seen: usize,
}

impl Garage {
    fn asked(&mut self, word: &str) -> Result<(), TestCaseError> {
        self.heed()?;
        self.may_be_pressed = match word {
            "OPEN" | "CLOSE" | "TOGGLE" => 2,
            "STOP" => 1,
            // Then the rule asks.
            _ => 2,
        };
        drop(self.house.command("x", word));
        self.heed()
    }

    /// After a start or a reload, nothing presses.
    fn left_alone(&mut self) -> Result<(), TestCaseError> {
        self.may_be_pressed = 0;
        self.heed()?;
        self.live(secs(11))
    }

    fn live(&mut self, time: Duration) -> Result<(), TestCaseError> {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(Duration::from_millis(100));
            left -= step;
            self.house.live(step);
            self.heed()?;
            self.door.go(step);
            self.tell();
            let said = self.house.point("x").text();
            let is_at_rest = !matches!(said.as_deref(), Some("opening" | "closing"));
            prop_assert!(!is_at_rest || (said.as_deref() == Some("closed")) == (self.door.at == 0), "{said:?}");
            let mut anew = self.house.clone();
            anew.engine.forget_decisions();
            prop_assert!(anew.wake().is_empty() && anew.point("x") == self.house.point("x"), "something was left out");
            prop_assert!(!self.with_open || said.as_deref() != Some("open") || self.door.at == UP);
        }
        Ok(())
    }

    /// Lets the door feel what was pressed.
    fn heed(&mut self) -> Result<(), TestCaseError> {
        for driven in &self.house.log[self.seen..] {
            if &*driven.output == "x.button" && driven.level.is_on() {
                prop_assert!(self.may_be_pressed > 0, "pressed unasked: {driven:?}");
                self.may_be_pressed -= 1;
                self.door.press();
            }
        }
        self.seen = self.house.log.len();
        Ok(())
    }

    fn tell(&mut self) {
        drop(self.house.input("shut", self.door.at != 0));
        drop(self.house.input("up", self.door.at == UP));
    }
}

/// What happens to a door.
#[derive(Clone, Debug)]
enum DoorEvent {
    Command(&'static str),
    Rule(bool),
    /// Somebody presses the button on the wall.
    Remote,
    Stuck(bool),
    Live(u32),
    Restart,
    Reload(&'static str),
}

fn door_event() -> impl Strategy<Value = DoorEvent> {
    use DoorEvent::{Command, Live, Reload, Remote, Restart, Rule, Stuck};
    let word = prop::sample::select(&["OPEN", "CLOSE", "STOP", "TOGGLE", "AUTO"][..]);
    prop_oneof![
        4 => word.prop_map(Command),
        2 => any::<bool>().prop_map(Rule),
        1 => Just(Remote),
        1 => any::<bool>().prop_map(Stuck),
        6 => (0..30_000u32).prop_map(Live),
        1 => Just(Restart),
        1 => prop::sample::select(&["600ms", "1s"][..]).prop_map(Reload),
    ]
}

/// How far open a door is that is open.
const UP: u32 = 1_000_000;

/// A door as it is: how far open in millionths, and what its opener does of a press.
struct Opener {
    at: u32,
    /// 1: it opens, -1: it closes.
    way: i8,
    last: i8,
    /// Pressed while it closes, it opens instead of stopping.
    reverses: bool,
    stuck: bool,
    open_time: u32,
    close_time: u32,
}

impl Opener {
    fn press(&mut self) {
        (self.way, self.last) = match (self.way, self.at) {
            (-1, _) if self.reverses => (1, 1),
            (0, 0) => (1, 1),
            (0, UP) => (-1, -1),
            (0, _) => (-self.last, -self.last),
            (way, _) => (0, way),
        };
    }

    fn go(&mut self, time: Duration) {
        let whole = if self.way > 0 { self.open_time } else { self.close_time };
        let moved = u32::try_from(time.as_millis()).unwrap() * 1000 / whole;
        if !self.stuck {
            self.at = match self.way {
                1 => (self.at + moved).min(UP),
                -1 => self.at.saturating_sub(moved),
                _ => self.at,
            };
        }
        if self.at == 0 && self.way < 0 || self.at == UP && self.way > 0 {
            self.way = 0;
        }
    }
}
