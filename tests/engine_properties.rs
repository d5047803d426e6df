//! What holds in every house, whatever happens to it: random houses, random lives.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
    pub mod engine_plans;
}

use hearthd::{
    clock::{Moment, Now},
    engine::Engine,
    model::{
        Cause, Cell, Condition, Config, CoverSays, DriveId, Event, Level, Method, Number, Output, OutputId, Point,
        Quality, Quantity, ReadFailure, RuleId, Slot, Snapshot, Source, Value,
    },
};
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use support::{
    engine_config::{Builder, output, secs},
    engine_house::{Driven, House, utc},
    engine_plans::{
        EVERYTHING, HousePlan, INPUTS, SENSORS, Step, Taste, completions, house_plan, steps, take, twin_steps,
        watched_steps,
    },
};

/// `PROPTEST_CASES=2560` tries ten times as many.
fn cases(number: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (number * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

fn house(plan: &HousePlan) -> House {
    House::at(plan.config(), plan.begins())
}

/// What is known of one wire by watching it.
#[derive(Clone, Copy)]
struct Wire {
    on: bool,
    since: Moment,
}

/// Watches the wires of a house and complains.
#[derive(Default)]
struct Watcher {
    wires: BTreeMap<Arc<str>, Wire>,
    /// When a wire was last seen broken.
    broken: BTreeMap<Arc<str>, Moment>,
    seen: usize,
}

impl Watcher {
    /// Looks at all that was driven since the last time.
    fn watch(&mut self, house: &House) {
        self.broken.extend(house.broken.iter().map(|id| (id.clone(), house.now.moment)));
        self.wires.retain(|id, _| house.config.find_output(id).is_some());
        for driven in &house.log[self.seen..] {
            self.see(driven, &house.config);
        }
        self.seen = house.log.len();
        for (index, group) in house.config.interlocks.iter().enumerate() {
            let on: Vec<_> = house
                .config
                .outputs
                .iter()
                .filter(|output| output.interlock.is_some_and(|id| id.0 == index) && self.wires[&output.id].on)
                .collect();
            let broken = on.iter().any(|output| house.broken.contains(&output.id));
            assert!(on.len() < 2 || broken, "two members of {} are on: {:?}", group.id, on);
        }
        for output in &house.config.outputs {
            // Slow PWM breaks off in each period: what counts is its wire.
            let counted = match output.method {
                Method::SlowPwm { wire, .. } => &house.config[wire].id,
                _ => &output.id,
            };
            let wire = self.wires[counted];
            if let Some(limit) = output.max_on.filter(|_| wire.on) {
                // That a wire was mended is found out by the next attempt, a minute later at the most.
                let mended = self.broken.get(counted).map_or(Moment::START, |broken| *broken + secs(60));
                let end = (wire.since + limit).max(mended);
                assert!(house.now.moment <= end, "{} is still on, max_on {limit:?}", output.id);
            }
        }
    }

    fn see(&mut self, driven: &Driven, config: &Config) {
        assert!(!driven.beside_a_fault, "{driven:?} beside a wire that is known to be in fault");
        let id = config.find_output(&driven.output).unwrap();
        let on = driven.level.is_on();
        let before = self.wires.get(&driven.output).copied();
        let unchanged = before.filter(|wire| wire.on == on);
        self.wires.insert(driven.output.clone(), unchanged.unwrap_or(Wire { on, since: driven.at }));
        let Some(before) = before.filter(|wire| wire.on != on) else { return };
        let lasted = driven.at.since(before.since);
        let output = &config[id];
        if on {
            assert!(lasted >= output.min_off.unwrap_or_default(), "{driven:?} after {lasted:?} off");
            let group = output.interlock.map(|group| (group, config[group].wait));
            for other in config.outputs.iter().filter(|other| other.id != output.id) {
                let Some((_, wait)) = group.filter(|(group, _)| other.interlock == Some(*group)) else { continue };
                let Some(wire) = self.wires.get(&other.id) else { continue };
                assert!(!wire.on, "{driven:?} while {} is on", other.id);
                let rested = driven.at.since(wire.since);
                assert!(wire.since == Moment::START || rested >= wait, "{driven:?} {rested:?} after {}", other.id);
            }
        } else {
            // What may cut a minimum short: a start with `at_start = "off"`, `max_on`, and a reload that joins two members
            // that are on.
            let exempt = match &driven.cause {
                None | Some(Cause::MaxOn { .. }) => true,
                Some(Cause::Interlock { other, .. }) => self.wires[&config[*other].id].on,
                Some(_) => false,
            };
            assert!(exempt || lasted >= output.min_on.unwrap_or_default(), "{driven:?} after {lasted:?} on");
        }
    }
}

proptest! {
    // What could hurt a house.
    #![proptest_config(cases(1_000))]

    /// At the wires: never two members of an interlock on, nor one within the group's wait after another, nor does one go
    /// on while the wire of another is known to be in fault; `max_on`, `min_on` and `min_off` hold; over failing wires,
    /// reloads, restarts and power cuts with wires that fail at the start. And every chain of answers ends.
    #[test]
    fn limits_and_interlocks_hold_at_the_wires(
        plans in vec(house_plan(EVERYTHING), 1..3),
        steps in steps(),
    ) {
        let configs: Vec<_> = plans.iter().map(HousePlan::config).collect();
        let mut house = house(&plans[0]);
        let mut watcher = Watcher::default();
        watcher.watch(&house);
        for step in &steps {
            take(&mut house, step, &configs);
            watcher.watch(&house);
        }
    }

    /// What needs a sensor is off while that is lost, whatever happens: no rule holds anything on by it.
    #[test]
    fn nothing_is_on_through_a_lost_sensor(plan in house_plan(EVERYTHING), steps in steps()) {
        let configs = [plan.config()];
        let config = &configs[0];
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &configs);
            for (index, rule) in config.rules.iter().enumerate() {
                let is_lost = |sensor: usize| house.point(&format!("s{sensor}.temperature")).quality != Quality::Good;
                let needs = |sensor: usize| {
                    let mut all = std::iter::once(&rule.condition).chain(&rule.until);
                    all.all(|condition| needs(condition, sensor))
                };
                if !(0..SENSORS).any(|sensor| is_lost(sensor) && needs(sensor)) {
                    continue;
                }
                prop_assert!(!house.engine.rule_truth(RuleId(index)).is_true(), "{} is active", rule.name);
                for output in config.outputs.iter().filter(|output| config.find_point(&output.id).is_some()) {
                    let explanation = house.point(&output.id).explanation.unwrap();
                    let by_it = explanation.slots[0].1.cause == Cause::Rule(RuleId(index));
                    prop_assert!(!(by_it && explanation.level.is_on()), "{}: {}", output.id, explanation.line);
                }
            }
        }
    }

    /// Every command that is accepted for a time holds its outputs at once, and none of them after that time; one that is
    /// refused leaves all as it was. No rule takes it back at once: there are none on events.
    #[test]
    fn what_is_accepted_for_a_time_holds_and_is_over(
        plan in house_plan(Taste { events: false, ..EVERYTHING }),
        steps in steps(),
        (of, payload) in any::<(prop::sample::Index, prop::sample::Index)>(),
        hold in 1_u64..4_000,
    ) {
        let configs = [plan.config()];
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &configs);
        }
        let config = &configs[0];
        let points: Vec<Point> = config.points().filter(|point| config.is_commanded(*point)).collect();
        let point = *of.get(&points);
        let (its, words) = match point {
            Point::Output(id) => (config.members(id), config.words(id).map(|(word, _)| word).chain(["40", "+10"]).collect()),
            Point::OutputFacet(id, _) => (config.members(id), vec!["40", "-10", "on", "off"]),
            _ => (vec![], vec!["home", "away"]),
        };
        let (name, payload) = (config.point_name(point), *payload.get(&words));
        let before = by_hand(&house);
        let answer = house.command_for(&name, payload, Some(secs(hold)));
        if answer.iter().any(|line| line.starts_with("refused")) {
            prop_assert_eq!(by_hand(&house), before, "{} {} is refused", name, payload);
        } else {
            let is_held = |id: &OutputId| by_hand(&house).iter().any(|(of, _)| of == id);
            prop_assert!(its.iter().all(is_held), "{name} {payload} for {hold} s: {answer:?}");
            house.live(secs(hold) + secs(1));
            let still = by_hand(&house).into_iter().find(|(id, _)| its.contains(id) || !before.iter().any(|(of, _)| of == id));
            prop_assert!(still.is_none(), "{name} {payload} for {hold} s still holds: {still:?}, {before:?}");
        }
    }
}

/// The outputs with a command, and whose that is.
fn by_hand(house: &House) -> Vec<(OutputId, Source)> {
    let of = |output: OutputId| {
        let state = house.engine.point_state(Point::Output(output), house.now);
        state.explanation?.slots.iter().find_map(|(_, claim)| match &claim.cause {
            Cause::Manual { source, .. } => Some((output, source.clone())),
            _ => None,
        })
    };
    house.config.visible_outputs().filter_map(of).collect()
}

proptest! {
    #![proptest_config(cases(400))]

    /// The same events at the same times have the same effects, also for a copy made half-way.
    #[test]
    fn the_same_events_give_the_same_effects(
        plans in vec(house_plan(EVERYTHING), 1..3),
        steps in steps(),
        half in any::<prop::sample::Index>(),
    ) {
        let configs: Vec<_> = plans.iter().map(HousePlan::config).collect();
        let (mut first, mut second) = (house(&plans[0]), house(&plans[0]));
        let mut copy = None;
        for (index, step) in steps.iter().enumerate() {
            if index == half.index(steps.len()) {
                copy = Some(first.clone());
            }
            let done = take(&mut first, step, &configs);
            prop_assert_eq!(&done, &take(&mut second, step, &configs));
            if let Some(copy) = &mut copy {
                prop_assert_eq!(&done, &take(copy, step, &configs));
            }
        }
        let points = first.engine.snapshot(first.now).points;
        prop_assert_eq!(&points, &second.engine.snapshot(second.now).points);
        prop_assert_eq!(first.engine.memory(first.now), second.engine.memory(second.now));
    }

    /// What is shown by what changed is what would be shown if all were worked out anew, over reloads too; and who asks what
    /// changed since any earlier time hears of all of it.
    #[test]
    fn what_is_published_is_what_is_so(
        plans in vec(house_plan(EVERYTHING), 1..3),
        steps in steps(),
    ) {
        let configs: Vec<_> = plans.iter().map(HousePlan::config).collect();
        let mut house = house(&plans[0]);
        let mut earlier: Vec<Snapshot> = Vec::new();
        for step in &steps {
            take(&mut house, step, &configs);
            if matches!(step, Step::Restart(_) | Step::PowerCut(_)) {
                // Another process counts anew.
                earlier.clear();
            }
            let published = house.publish();
            for before in &earlier {
                let told: Vec<usize> = published.changes_since(before).collect();
                let untold = (0..published.points.len()).filter(|place| !told.contains(place));
                for place in untold {
                    prop_assert_eq!(&*before.points[place], &*published.points[place]);
                }
            }
            earlier.push(published);
        }
    }

    /// Until the next wake-up that the engine asks for, nothing is to be done and nothing looks different; and having
    /// looked does no harm.
    #[test]
    fn the_next_wakeup_is_true(
        plan in house_plan(EVERYTHING),
        steps in steps(),
        early in 0.0..1.0f64,
    ) {
        let configs = [plan.config()];
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &configs);
            let day = Duration::from_secs(86_400);
            let asleep = house.engine.next_wakeup().map_or(day, |next| next.since(house.now.moment));
            prop_assert!(asleep > Duration::ZERO, "awake for ever");
            let (mut woken, mut sleeper) = (house.clone(), house.clone());
            let nap = Duration::from_millis(asleep.mul_f64(early).as_millis() as u64).min(asleep - Duration::from_millis(1));
            woken.pass(nap);
            prop_assert_eq!(woken.wake(), Vec::<String>::new(), "{:?} before {:?}", nap, asleep);
            prop_assert_eq!(woken.engine.snapshot(woken.now).points, house.engine.snapshot(woken.now).points);
            woken.pass(asleep - nap);
            sleeper.pass(asleep);
            prop_assert_eq!(woken.wake(), sleeper.wake());
        }
    }

    /// What looks only at things that did not change need not be worked out: whoever works out everything each time comes to
    /// the same at the same times.
    #[test]
    fn what_did_not_change_need_not_be_worked_out(plans in vec(house_plan(EVERYTHING), 1..3), steps in steps()) {
        let configs: Vec<_> = plans.iter().map(|plan| plan.config()).collect();
        let mut quick = house(&plans[0]);
        let mut thorough = House { thorough: true, ..quick.clone() };
        for step in &steps {
            prop_assert_eq!(take(&mut quick, step, &configs), take(&mut thorough, step, &configs));
            prop_assert_eq!(&quick.log, &thorough.log);
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&quick), picture(&thorough));
            let memory = |house: &House| serde_json::to_string(&house.engine.memory(house.now)).unwrap();
            prop_assert_eq!(memory(&quick), memory(&thorough));
        }
    }

    /// An engine that was killed and started again at the same instant, and has read its points again, goes on as one
    /// that never stopped: the same changes at the wires at the same times for the same reasons, the same picture of the
    /// house, the same event rules with the same actions under way. Only half a click is forgotten, and since when a cover on
    /// the broker was as a condition asks: no condition here is on one.
    #[test]
    fn a_restart_changes_nothing(plan in house_plan(Taste { movers: false, ..EVERYTHING }), steps in twin_steps()) {
        let mut config = (*plan.config()).clone();
        for output in &mut config.outputs {
            output.at_start = hearthd::model::AtStart::Restore;
        }
        let configs = [Arc::new(config)];
        let start = Now { moment: Moment::START, wall: utc(plan.begins()), wall_known: true };
        let mut steady = House::start(configs[0].clone(), None, start);
        let mut restarted = steady.clone();
        for step in &steps {
            let (seen_steady, seen_restarted) = (steady.log.len(), restarted.log.len());
            let (wires_steady, wires_restarted) = (steady.wires.clone(), restarted.wires.clone());
            match step {
                // Half a click is forgotten, so the button is let go first. At a start everything is read again.
                Step::Restart(_) => {
                    for house in [&mut steady, &mut restarted] {
                        if house.point("i2").value.is_some() {
                            house.input("i2", false);
                        }
                        house.live(secs(21));
                        house.read_again();
                    }
                    steady.wake();
                    restarted.restart(Duration::ZERO);
                    drop((steady.read_again(), restarted.read_again()));
                }
                _ => drop((take(&mut steady, step, &configs), take(&mut restarted, step, &configs))),
            }
            prop_assert_eq!(
                changes(wires_steady, &steady.log[seen_steady..]),
                changes(wires_restarted, &restarted.log[seen_restarted..])
            );
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&steady), picture(&restarted));
            let memory = |house: &House| serde_json::to_string(&house.engine.memory(house.now)).unwrap();
            prop_assert_eq!(memory(&steady), memory(&restarted));
        }
    }

    /// Also after a pause in which nothing was to be heard, once everything was read again and the longest timer has
    /// run. What only somebody who was there can know is left out: hysteresis, `max_on`, and what rooms
    /// ask.
    #[test]
    fn a_restart_after_a_pause_arrives_at_the_same_state(
        plan in house_plan(Taste {
            limits: false, max_on: false, until: false, events: false, asked: false, today: false, ..EVERYTHING
        }),
        steps in twin_steps(),
        pause in 0..600_000u64,
        values in vec(17..22i8, 8),
    ) {
        let configs = [plan.config()];
        let mut steady = house(&plan);
        for step in &steps {
            take(&mut steady, step, &configs);
        }
        let mut restarted = steady.clone();
        let pause = Duration::from_millis(pause);
        steady.live(pause);
        restarted.restart(pause);
        for _ in 0..6 {
            for event in completions(&values) {
                steady.send(event.clone());
                restarted.send(event);
            }
            steady.live(secs(60));
            restarted.live(secs(60));
        }
        for output in configs[0].visible_outputs().map(|id| &configs[0][id]) {
            prop_assert_eq!(steady.why(&output.id), restarted.why(&output.id));
            prop_assert_eq!(steady.is_on(&output.id), restarted.is_on(&output.id));
        }
    }

    /// An unknown never turns an output on, at one instant: whatever is asked to be on while some points are not known
    /// is asked to be on whatever these points turn out to be.
    #[test]
    fn what_is_asked_on_without_knowing_is_asked_on_whatever_is_found_out(
        plan in house_plan(EVERYTHING),
        steps in steps(),
        values in vec(vec(17..22i8, 8), 4),
    ) {
        let configs = [plan.config()];
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &configs);
            let before = house.engine.snapshot(house.now);
            for values in &values {
                let mut found_out = house.clone();
                found_out.now.wall_known = true;
                for event in completions(values) {
                    let point = before.config.find_point(match &event {
                        Event::InputRead { input, .. } => input,
                        Event::SensorRead { sensor, .. } => if &**sensor == "s0" { "s0.temperature" } else { "s1.temperature" },
                        _ => unreachable!(),
                    }).unwrap();
                    if before.get(point).unwrap().quality != Quality::Good {
                        // The drives stay undone: only what is asked counts here.
                        found_out.engine.handle(found_out.now, event);
                    }
                }
                for index in configs[0].visible_outputs().map(|id| id.0) {
                    let output = Point::Output(OutputId(index));
                    if before.get(output).unwrap().quality != Quality::Good {
                        let level = Level::from_on(values[index % values.len()] % 2 == 0);
                        let id = configs[0][OutputId(index)].id.clone();
                        found_out.engine.handle(found_out.now, Event::WireFound { output: id, level, result: Ok(()) });
                    }
                }
                found_out.engine.handle(found_out.now, Event::Wake);
                let after = found_out.engine.snapshot(found_out.now);
                asked_on_in_both(&before.points, &after.points);
            }
        }
    }

    /// An unknown never turns an output on, over time: of two houses that live through the same, but one does not hear
    /// all of it, that one asks for nothing to be on that the other does not ask for too. Left out: hysteresis, which
    /// goes on where it was, and rooms and held inputs, which are empty once all is known to be still.
    #[test]
    fn whoever_knows_less_turns_on_no_more(
        plan in house_plan(Taste {
            limits: false, max_on: false, until: false, outputs: false, movers: false, rooms: false, events: false,
            back: false, asked: false, today: false,
        }),
        steps in watched_steps(),
        values in vec(17..22i8, 8),
    ) {
        let configs = [plan.config()];
        let mut knowing = house(&plan);
        for event in completions(&values) {
            knowing.send(event);
        }
        let mut ignorant = house(&plan);
        let mut last = values.clone();
        for step in &steps {
            take(&mut ignorant, step, &configs);
            match step {
                // What the ignorant one does not hear, the knowing one does.
                Step::Input(input, None) => drop(knowing.input(&format!("i{input}"), last[0] % 2 == 0)),
                Step::ReadFails(sensor, true) => drop(knowing.reads(&format!("s{sensor}"), f64::from(last[1]))),
                Step::ReadFails(_, false) | Step::ClockKnown(_) => drop(knowing.wake()),
                _ => drop(take(&mut knowing, step, &configs)),
            }
            last.rotate_left(1);
            // Nor does a reading of the knowing one ever go stale.
            let fresh: Vec<_> = (0..SENSORS).map(|sensor| knowing.point(&format!("s{sensor}.temperature"))).collect();
            for (sensor, point) in fresh.iter().enumerate() {
                let Some(Value::Number(value)) = point.value else { unreachable!() };
                knowing.reads(&format!("s{sensor}"), value);
            }
            asked_on_in_both(
                &ignorant.engine.snapshot(ignorant.now).points,
                &knowing.engine.snapshot(knowing.now).points,
            );
        }
    }
}

/// Whether nobody can tell of a condition while a sensor is lost.
fn needs(condition: &Condition, sensor: usize) -> bool {
    match condition {
        Condition::All(parts) => !parts.is_empty() && parts.iter().any(|part| needs(part, sensor)),
        Condition::Any(parts) => !parts.is_empty() && parts.iter().all(|part| needs(part, sensor)),
        Condition::Held { condition, .. } => needs(condition, sensor),
        Condition::Compare(Number::Reading(id, _), ..) => id.0 == sensor,
        Condition::Compare(Number::Over(_, series), ..) => series.0 == sensor,
        _ => false,
    }
}

/// Whatever the first asks to be on without a command, the second does too.
fn asked_on_in_both(first: &[Cell], second: &[Cell]) {
    for (first, second) in first.iter().zip(second) {
        let (Some(first), Some(second)) = (&first.explanation, &second.explanation) else { continue };
        let below_manual = |slot: Slot| slot > Slot::Manual;
        let asked = |explanation: &hearthd::model::Explanation| {
            explanation.slots.iter().find(|(slot, _)| below_manual(*slot)).unwrap().1.clone()
        };
        let (first, second) = (asked(first), asked(second));
        // What stays as it is was asked for before.
        let asked_on = first.level.is_on() && !matches!(first.cause, Cause::Held | Cause::RuleStays(_));
        assert!(!asked_on || second.level.is_on(), "{first:?}, but knowing better {second:?}");
    }
}

/// The changes among what was driven, in the order of the outputs where they happen at once.
fn changes(mut wires: BTreeMap<Arc<str>, Level>, log: &[Driven]) -> Vec<(Moment, Arc<str>, Level, String)> {
    let mut changes = Vec::new();
    for driven in log {
        if wires.insert(driven.output.clone(), driven.level) != Some(driven.level) {
            let cause = format!("{:?}", driven.cause);
            changes.push((driven.at, driven.output.clone(), driven.level, cause));
        }
    }
    changes.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    changes
}

/// Anything that can reach an engine, in no sensible order.
#[derive(Clone, Debug)]
enum Chaos {
    Step(Step),
    /// An answer that perhaps nobody waits for, or news of a wire.
    Driven(usize, u8, bool),
    /// Points that are not there.
    Stranger(bool),
    /// Odd numbers.
    Odd(usize, f64),
    /// The moment moves by milliseconds, also back.
    Moment(i64),
    /// The year of the wall clock.
    Year(i32),
    Stop,
}

fn chaos() -> impl Strategy<Value = Vec<Chaos>> {
    let event = prop_oneof![
        10 => steps().prop_map(|mut steps| Chaos::Step(steps.remove(0))),
        4 => (0..9usize, 0..101u8, any::<bool>()).prop_map(|(output, level, good)| Chaos::Driven(output, level, good)),
        1 => any::<bool>().prop_map(Chaos::Stranger),
        1 => (0..SENSORS, prop::num::f64::ANY).prop_map(|(sensor, value)| Chaos::Odd(sensor, value)),
        2 => (-5_000..100_000i64).prop_map(Chaos::Moment),
        2 => prop_oneof![-262_000..262_000i32, -2_100..6_100i32, Just(-262_142), Just(262_142)].prop_map(Chaos::Year),
        1 => Just(Chaos::Stop),
    ];
    vec(event, 1..40)
}

/// What a device does by itself, so many milliseconds after what it did before.
#[derive(Clone, Debug)]
enum Whim {
    Goes(Level),
    Lost,
    Reached,
}

fn whims() -> impl Strategy<Value = Vec<(u64, Whim)>> {
    let whim = prop_oneof![
        6 => any::<bool>().prop_map(|on| Whim::Goes(Level::from_on(on))),
        1 => Just(Whim::Lost),
        1 => Just(Whim::Reached),
    ];
    (prop_oneof![Just(5u64), Just(300), Just(20_000)], vec((0..1_000u64, whim), 200..800))
        .prop_map(|(pace, whims)| whims.into_iter().map(|(share, whim)| (1 + pace * share / 1_000, whim)).collect())
}

proptest! {
    #![proptest_config(cases(100))]

    /// Whatever a device does by itself, however fast: it is driven a dozen times a minute at most, it is never left as it
    /// must not be for more than ten seconds where it must be off, and once it obeys all is well.
    #[test]
    fn a_device_with_whims_is_put_right_and_never_stormed(
        whims in whims(),
        on in any::<bool>(),
        rests in (prop_oneof![Just(0u64), Just(1), Just(30)], prop_oneof![Just(0u64), Just(1), Just(30)]),
    ) {
        let limit = |seconds: u64| (seconds > 0).then(|| secs(seconds));
        let mut b = Builder::new();
        b.output(Output { min_on: limit(rests.0), min_off: limit(rests.1), ..output("lamp") });
        let mut house = House::new(b.build());
        house.live(secs(60));
        house.command("lamp", if on { "ON" } else { "OFF" });
        house.live(secs(600));
        let before = house.log.len();
        let id: Arc<str> = "lamp".into();
        let is_wrong = |house: &House| !on && rests.0 == 0 && house.engine.start_level(OutputId(0)).is_on();
        let mut wrong_since = None;
        for (wait, whim) in whims {
            house.live(Duration::from_millis(wait));
            wrong_since = wrong_since.filter(|_| is_wrong(&house));
            let wrong_for = wrong_since.map_or(Duration::ZERO, |since| house.now.moment.since(since));
            prop_assert!(wrong_for <= secs(10), "{wrong_for:?}");
            let event = match whim {
                Whim::Goes(level) => Event::WireFound { output: id.clone(), level, result: Ok(()) },
                Whim::Lost => {
                    let level = house.engine.start_level(OutputId(0));
                    Event::WireFound { output: id.clone(), level, result: Err("gone".into()) }
                }
                Whim::Reached => Event::WireReached { output: id.clone() },
            };
            house.send(event);
            wrong_since = wrong_since.or(is_wrong(&house).then_some(house.now.moment));
        }
        let drives: Vec<Moment> = house.log[before..].iter().map(|driven| driven.at).collect();
        let crowded = drives.windows(13).find(|window| window[12].since(window[0]) < secs(60));
        prop_assert!(crowded.is_none(), "{crowded:?} of {drives:?}");
        house.live(secs(240));
        prop_assert_eq!(house.engine.start_level(OutputId(0)).is_on(), on);
        prop_assert_eq!(house.point("lamp").quality, Quality::Good);
        prop_assert_eq!(house.live(secs(600)), Vec::<String>::new());
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Nothing panics, whatever comes in whatever order at whatever time; and what is remembered can be read again.
    #[test]
    fn nothing_panics(plans in vec(house_plan(EVERYTHING), 2), chaos in chaos()) {
        let configs: Vec<_> = plans.iter().map(HousePlan::config).collect();
        let mut config = configs[0].clone();
        let mut now = Now { moment: Moment::START, wall: utc("2026-10-25T00:30:00"), wall_known: true };
        let mut engine = Engine::new(config.clone(), None, now);
        for chaos in chaos {
            let event = match chaos {
                Chaos::Driven(output, percent, good) => {
                    let (drive, result) = (DriveId(percent.into()), if good { Ok(()) } else { Err("broken".into()) });
                    match output % 3 {
                        0 => Event::Driven { drive, result },
                        1 => Event::Overdue { drive, text: "hangs".into() },
                        _ => {
                            let level = Level::new(percent).unwrap();
                            Event::WireFound { output: format!("o{output}").into(), level, result }
                        }
                    }
                }
                Chaos::Stranger(true) => Event::InputRead { input: "nobody".into(), result: Ok(true), at: None },
                Chaos::Stranger(false) => Event::SensorRead {
                    sensor: "nobody".into(),
                    result: Err(ReadFailure { text: String::new(), fault: true }),
                },
                Chaos::Odd(sensor, value) => Event::SensorRead {
                    sensor: format!("s{sensor}").into(),
                    result: Ok(vec![(Quantity::Temperature, value), (Quantity::Humidity, value)]),
                },
                Chaos::Moment(ms) => {
                    now.moment = Moment::from_millis(now.moment.as_millis() + ms);
                    Event::Wake
                }
                Chaos::Year(year) => {
                    use chrono::Datelike;
                    now.wall = now.wall.with_year(year).unwrap_or(now.wall);
                    Event::Wake
                }
                Chaos::Stop => Event::Stop,
                Chaos::Step(Step::Input(input, result)) => {
                    Event::InputRead {
 input: format!("i{input}").into(),
 result: result.ok_or_else(|| "lost".into()),
 at: None,
 }
                }
                Chaos::Step(Step::Tells(number, position, opens)) => Event::CoverTold {
                    output: format!("o{}", number % 7).into(),
                    says: CoverSays { position: position.and_then(Level::new), towards: opens.map(Level::from_on) },
                },
                Chaos::Step(Step::Reconfigure(plan)) => {
                    config = configs[plan % configs.len()].clone();
                    Event::Reconfigure(config.clone())
                }
                Chaos::Step(Step::Live(ms)) => {
                    now.moment = now.moment + Duration::from_millis(ms.into());
                    Event::Wake
                }
                Chaos::Step(Step::ClockKnown(known)) => {
                    now.wall_known = known;
                    Event::Wake
                }
                Chaos::Step(Step::Restart(_)) => {
                    let text = serde_json::to_string(&engine.memory(now)).unwrap();
                    engine = Engine::new(config.clone(), Some(serde_json::from_str(&text).unwrap()), now);
                    Event::Wake
                }
                Chaos::Step(Step::Command(number, payload, hold)) => Event::Command {
                    request: None,
                    command: hearthd::model::Command {
                    source: hearthd::model::Source::Console,
                    point: format!("o{}", number % 7),
                    payload: payload.into(),
                    hold: hold.map(|hold| hearthd::model::Hold::Time(secs(hold.into()))),
                }},
                Chaos::Step(Step::SetMode(away)) => Event::Command {
                    request: None,
                    command: hearthd::model::Command {
                    source: hearthd::model::Source::Console,
                    point: "mode".into(),
                    payload: if away { "away" } else { "home" }.into(),
                    hold: None,
                }},
                Chaos::Step(_) => Event::Wake,
            };
            engine.handle(now, event);
            let snapshot = engine.snapshot(now);
            prop_assert_eq!(snapshot.points.len(), config.points().count());
            prop_assert!(INPUTS > 0 && engine.next_wakeup().is_none_or(|next| next > Moment::from_millis(i64::MIN)));
        }
    }
}
