//! What holds in every climate zone, whatever happens to it: random zones of every mode and kind of control, random lives
//! with sensors that are lost, restarts, power cuts, clocks that jump.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_config;
    pub mod engine_house;
}

use hearthd::{
    clock::{Moment, Now},
    model::{
        AtStart, Climate, ClimateMode, Config, Control, DaySet, Exercise, Gains, InputId, Level, Line, Output,
        OutputId, OutputKind, PlanAsk, PlanPeriod, Preset, PwmChannel, SensorId, SensorLost, Setpoints, TargetFor,
        WindowWatch,
    },
};
use proptest::{collection::vec, option, prelude::*};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use support::{
    engine_config::{Builder, mins, secs},
    engine_house::{House, utc},
};

/// `PROPTEST_CASES=2560` tries ten times as many.
fn cases(number: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (number * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

/// How old a reading of the builder's sensors may get.
const STALE_AFTER: Duration = secs(90);
/// What `sensor_lost` allows begins this long after the loss.
const LOST_FOR_LONG: Duration = mins(10);
/// The sensors: two of the room, the weather, the water.
const SENSORS: [&str; 4] = ["s0", "s1", "outdoor", "flow"];

/// A random zone.
#[derive(Clone, Debug)]
struct ZonePlan {
    control: u8,
    mode: ClimateMode,
    lost: SensorLost,
    /// Which of heating and cooling it has: 0 both, 1 heat, 2 cool.
    ways: u8,
    two_sensors: bool,
    dimmed: bool,
    at_start: AtStart,
    min_on: u8,
    min_off: u8,
    output_min_on: Option<u8>,
    output_min_off: Option<u8>,
    /// Minutes, and how many of rest.
    output_max_on: Option<(u8, u8)>,
    cycle: u8,
    window: bool,
    slope: bool,
    heat_below: bool,
    plan: bool,
    /// A pump runs with the heater: after how many minutes off it is exercised, and for how many seconds.
    pump: Option<(u8, u8)>,
    /// Another zone has the same heater and pump, and the second sensor.
    shared: bool,
}

fn zone_plan() -> impl Strategy<Value = ZonePlan> {
    let lost = prop_oneof![Just(SensorLost::Off), Just(SensorLost::Frost), (0..=100u8).prop_map(SensorLost::Percent)];
    let at_start = prop_oneof![Just(AtStart::Off), Just(AtStart::Restore)];
    let minimum = || option::weighted(0.4, 1..180u8);
    (
        (0..5u8, prop::sample::select(&ClimateMode::ALL[..]), lost, 0..3u8, any::<bool>(), prop::bool::weighted(0.3)),
        (at_start, 0..120u8, 0..120u8, minimum(), minimum(), option::weighted(0.3, (4..60u8, 1..30u8)), 5..20u8),
        (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.3), any::<bool>()),
        (option::of((2..60u8, 1..120u8)), prop::bool::weighted(0.3)),
    )
        .prop_map(
            |(
                (control, mode, lost, ways, two_sensors, dimmed),
                times,
                (window, slope, heat_below, plan),
                (pump, shared),
            )| {
                let (at_start, min_on, min_off, output_min_on, output_min_off, output_max_on, cycle) = times;
                ZonePlan {
                    control,
                    mode,
                    lost,
                    ways,
                    two_sensors,
                    dimmed,
                    at_start,
                    min_on,
                    min_off,
                    output_min_on,
                    output_min_off,
                    output_max_on,
                    cycle,
                    window,
                    slope,
                    heat_below,
                    plan,
                    pump,
                    shared,
                }
            },
        )
}

impl ZonePlan {
    fn heats(&self) -> bool {
        self.ways != 2
    }

    fn cools(&self) -> bool {
        self.ways != 1
    }

    fn output(&self, id: &str, kind: OutputKind) -> Output {
        let seconds = |number: Option<u8>| number.map(|number| secs(number.into()));
        let line = if self.dimmed && id != "pump" { Line::Pwm(PwmChannel::Pin(18)) } else { Line::Named(id.into()) };
        Output {
            at_start: self.at_start,
            min_on: seconds(self.output_min_on),
            min_off: seconds(self.output_min_off),
            max_on: self.output_max_on.map(|(limit, _)| mins(limit.into())),
            max_on_rest: self.output_max_on.map(|(_, rest)| mins(rest.into())),
            ..Output::plain(id, kind, line)
        }
    }

    fn config(&self) -> Arc<Config> {
        let mut builder = Builder::new();
        let heater = builder.output(self.output("heater", OutputKind::Heater));
        let cooler = builder.output(self.output("cooler", OutputKind::Cooler));
        let pump = builder.output(self.output("pump", OutputKind::Switch));
        let fan = builder.output(Output { at_start: AtStart::Restore, ..self.output("fan", OutputKind::Fan) });
        let window = builder.input("window");
        for sensor in SENSORS {
            builder.sensor(sensor);
        }
        let setpoints =
            |heat: f64, cool: f64| Setpoints { heat: self.heats().then_some(heat), cool: self.cools().then_some(cool) };
        let gains = Gains { kp: 30.0, ti: mins(20), td: secs(60) };
        let control = match self.control {
            0 => Control::Hysteresis,
            1 => Control::Tpi { inside: 60.0, outside: 1.0 },
            2 => Control::Pid(gains),
            3 => Control::Curve { points: vec![(-15.0, 90.0), (20.0, 10.0)], flow: None },
            _ => Control::Curve { points: vec![(-15.0, 55.0), (20.0, 25.0)], flow: Some(SensorId(3)) },
        };
        let every_day = DaySet::from_days(0..7);
        let plan = [(12 * 3600 + 600, 21.0), (12 * 3600 + 1800, 18.0)].map(|(begins_s, target)| PlanPeriod {
            days: every_day,
            begins_s,
            ask: PlanAsk::Setpoints(setpoints(target, target + 4.0)),
        });
        let outputs = |has: bool, output: OutputId| if has { vec![output] } else { Vec::new() };
        let warms = || if self.pump.is_some() { vec![pump, heater] } else { vec![heater] };
        let exercise = || {
            let (every, run) = self.pump?;
            Some(Exercise { outputs: vec![pump], every: mins(every.into()), run: secs(run.into()) })
        };
        let zone = Climate {
            sensors: if self.two_sensors { vec![SensorId(0), SensorId(1)] } else { vec![SensorId(0)] },
            heat: if self.heats() { warms() } else { Vec::new() },
            cool: outputs(self.cools(), cooler),
            fan: vec![fan],
            mode: self.mode,
            target: setpoints(20.0, 24.0),
            presets: vec![Preset { name: "away".into(), setpoints: setpoints(15.0, 28.0) }],
            plan: if self.plan { plan.to_vec() } else { Vec::new() },
            manual_for: if self.plan { TargetFor::NextPeriod } else { TargetFor::Time(mins(20)) },
            min_on: secs(self.min_on.into()),
            min_off: secs(self.min_off.into()),
            min_idle: secs(60),
            control,
            cycle: mins(self.cycle.into()),
            window: WindowWatch {
                contacts: if self.window { vec![window] } else { Vec::<InputId>::new() },
                slope: self.slope.then_some(3.0),
                ..Climate::plain("zone", SensorId(0)).window
            },
            frost: self.heats().then_some(5.0),
            overheat: self.heats().then_some(35.0),
            outdoor: Some(SensorId(2)),
            heat_below: self.heat_below.then_some(16.0),
            sensor_lost: self.lost,
            failure_after: Some(mins(15)),
            exercise: exercise().filter(|_| self.heats()),
            ..Climate::plain("zone", SensorId(0))
        };
        // The file refuses what does not fit together.
        let mode = zone.modes().find(|mode| *mode == zone.mode).unwrap_or(ClimateMode::Off);
        builder.climate(Climate { mode, ..zone });
        if self.shared {
            builder.climate(Climate {
                heat: warms(),
                target: Setpoints { heat: Some(19.0), cool: None },
                cycle: mins(self.cycle.into()),
                outdoor: Some(SensorId(2)),
                frost: Some(5.0),
                sensor_lost: self.lost,
                exercise: exercise(),
                ..Climate::plain("second", SensorId(1))
            });
        }
        builder.build()
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A sensor is read, in tenths of a degree.
    Reads(usize, i16),
    Fails(usize, bool),
    /// All sensors are read every half a minute for so long, with these values.
    Settled(u16, [i16; 4]),
    /// Time passes in silence.
    Silence(u16),
    Window(Option<bool>),
    Command(&'static str, &'static str, Option<u8>),
    Restart(u16),
    PowerCut(u16),
    RestartWithoutClock,
    SetClock(i64),
    ClockKnown(bool),
}

fn temperature() -> impl Strategy<Value = i16> {
    prop_oneof![6 => 150..260i16, 1 => -50..100i16, 1 => 300..450i16]
}

fn senses() -> BoxedStrategy<Step> {
    let values = [temperature().boxed(), temperature().boxed(), (-100..250i16).boxed(), (150..600i16).boxed()];
    prop_oneof![
        4 => (0..4usize, temperature()).prop_map(|(sensor, value)| Step::Reads(sensor, value)),
        2 => (0..4usize, any::<bool>()).prop_map(|(sensor, fault)| Step::Fails(sensor, fault)),
        5 => (0..1_500u16, values).prop_map(|(seconds, values)| Step::Settled(seconds, values)),
        4 => prop_oneof![0..200u16, 0..7_200u16].prop_map(Step::Silence),
        2 => option::weighted(0.7, any::<bool>()).prop_map(Step::Window),
    ]
    .boxed()
}

const COMMANDS: &[(&str, &str)] = &[
    ("zone.target", "22.5"),
    ("zone.target", "17"),
    ("zone.target", "AUTO"),
    ("zone.cool_target", "21"),
    ("zone.setpoint", "22"),
    ("zone.setpoint", "+1.5"),
    ("zone.setpoint", "AUTO"),
    ("zone", "AUTO"),
    ("zone.mode", "heat"),
    ("zone.mode", "cool"),
    ("zone.mode", "heat_cool"),
    ("zone.mode", "fan_only"),
    ("zone.mode", "off"),
    ("zone.mode", "AUTO"),
    ("zone.preset", "away"),
    ("zone.preset", "none"),
    ("zone.tuning", "START"),
    ("zone.tuning", "STOP"),
    ("second.target", "23"),
    ("second.mode", "off"),
    ("second.mode", "AUTO"),
];

fn commands() -> BoxedStrategy<Step> {
    (prop::sample::select(COMMANDS), option::weighted(0.3, 1..255u8))
        .prop_map(|((point, payload), hold)| Step::Command(point, payload, hold))
        .boxed()
}

fn clocks() -> BoxedStrategy<Step> {
    prop_oneof![
        2 => (-8_000..8_000i64).prop_map(Step::SetClock),
        1 => (-2_000_000_000..2_000_000_000i64).prop_map(Step::SetClock),
        2 => any::<bool>().prop_map(Step::ClockKnown),
    ]
    .boxed()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ends = prop_oneof![
        (0..2_000u16).prop_map(Step::Restart),
        (0..2_000u16).prop_map(Step::PowerCut),
        Just(Step::RestartWithoutClock),
    ];
    vec(prop_oneof![12 => senses(), 4 => commands(), 2 => clocks(), 2 => ends], 1..30)
}

/// A life in which a restart takes no time.
fn twin_steps() -> impl Strategy<Value = Vec<Step>> {
    vec(prop_oneof![10 => senses(), 4 => commands(), 2 => clocks(), 4 => Just(Step::Restart(0))], 1..25)
}

/// Lets one thing happen; `look` is called each time something may have changed, every few seconds at the least.
fn take(house: &mut House, step: &Step, look: &mut impl FnMut(&House, Option<(usize, bool)>)) {
    match step {
        Step::Reads(sensor, value) => {
            house.reads(SENSORS[*sensor], f64::from(*value) / 10.0);
            look(house, Some((*sensor, true)));
        }
        Step::Fails(sensor, fault) => {
            house.read_fails(SENSORS[*sensor], *fault);
            look(house, fault.then_some((*sensor, false)));
        }
        Step::Settled(seconds, values) => {
            for _ in 0..seconds / 30 {
                for (sensor, value) in values.iter().enumerate() {
                    house.reads(SENSORS[sensor], f64::from(*value) / 10.0);
                    look(house, Some((sensor, true)));
                }
                live(house, secs(30), look);
            }
        }
        Step::Silence(seconds) => live(house, secs((*seconds).into()), look),
        Step::Window(Some(open)) => drop(house.input("window", *open)),
        Step::Window(None) => drop(house.input_fails("window")),
        Step::Command(point, payload, hold) => {
            house.command_for(point, payload, hold.map(|minutes| mins(minutes.into())));
        }
        Step::Restart(pause) => drop(house.restart(secs((*pause).into()))),
        Step::PowerCut(pause) => drop(house.power_cut(secs((*pause).into()))),
        Step::RestartWithoutClock => drop(house.restart_without_a_clock()),
        Step::SetClock(seconds) => {
            let wall = house.now.wall.checked_add_signed(chrono::TimeDelta::seconds(*seconds));
            house.now.wall = wall.unwrap_or(house.now.wall);
            house.wake();
        }
        Step::ClockKnown(known) => {
            house.now.wall_known = *known;
            house.wake();
        }
    }
    look(house, None);
}

fn live(house: &mut House, duration: Duration, look: &mut impl FnMut(&House, Option<(usize, bool)>)) {
    let end = house.now.moment + duration;
    while house.now.moment < end {
        house.live(LOOK_EVERY.min(end.since(house.now.moment)));
        look(house, None);
    }
}

/// Knows by itself when the temperatures of zones were good, and complains of what is on without them.
struct Watcher {
    zones: Vec<ZoneWatch>,
    lost_sensor: SensorLost,
    cycle: Duration,
    output_min_on: Duration,
    max_on: Option<Duration>,
    /// After which time off the pump is exercised, and for how long.
    exercise: Option<(Duration, Duration)>,
    dimmed: bool,
    /// Until when a reading counts, of each sensor.
    good_until: [Option<Moment>; 4],
    /// Since when each wire is on, and for how long it was off before; None: that is not known.
    on_since: BTreeMap<&'static str, (Moment, Option<Duration>)>,
    off_since: BTreeMap<&'static str, Moment>,
    /// How long each was on since a loss became a long one, and when that was last looked at.
    on_while_lost: BTreeMap<&'static str, Duration>,
    last: Moment,
}

/// One zone and the sensors that matter to it: those of the room, of which one is enough, and the flow's.
struct ZoneWatch {
    drives: Vec<&'static str>,
    room: Vec<usize>,
    flow: bool,
    /// Since when no temperature is good.
    lost_since: Option<Moment>,
}

/// Wires are looked at so often at the least.
const LOOK_EVERY: Duration = secs(7);

impl Watcher {
    fn of(plan: &ZonePlan) -> Watcher {
        let zone = |drives: &[&'static str], room: &[usize], flow| ZoneWatch {
            drives: drives.to_vec(),
            room: room.to_vec(),
            flow,
            lost_since: Some(Moment::START),
        };
        let mut zones = vec![zone(
            match plan.ways {
                0 => &["heater", "pump", "cooler"],
                1 => &["heater", "pump"],
                _ => &["cooler"],
            },
            if plan.two_sensors { &[0, 1] } else { &[0] },
            plan.control == 4,
        )];
        if plan.shared {
            zones.push(zone(&["heater", "pump"], &[1], false));
        }
        Watcher {
            zones,
            lost_sensor: plan.lost,
            cycle: mins(plan.cycle.into()),
            output_min_on: secs(plan.output_min_on.unwrap_or(0).into()),
            max_on: plan.output_max_on.map(|(limit, _)| mins(limit.into())),
            exercise: plan.pump.map(|(every, run)| (mins(every.into()), secs(run.into()))),
            dimmed: plan.dimmed,
            good_until: [None; 4],
            on_since: BTreeMap::new(),
            off_since: ["heater", "pump", "cooler"].map(|output| (output, Moment::START)).into(),
            on_while_lost: BTreeMap::new(),
            last: Moment::START,
        }
    }

    /// Meanwhile nothing was driven; and perhaps all that was read before is forgotten.
    fn starts(&mut self, forgets: bool) {
        self.on_since.clear();
        if forgets {
            self.good_until = [None; 4];
        }
    }

    /// Looks at the wires of heater, pump and cooler. `news`: a sensor was read, or reported a fault.
    fn look(&mut self, house: &House, news: Option<(usize, bool)>) {
        let now = house.now.moment;
        if let Some((sensor, good)) = news {
            self.good_until[sensor] = good.then(|| now + STALE_AFTER);
        }
        self.zones.iter_mut().for_each(|zone| zone.look(&self.good_until, now));
        for output in ["heater", "pump", "cooler"] {
            let level = house.wires[output];
            let mut zones = self.zones.iter().filter(|zone| zone.drives.contains(&output));
            if zones.any(|zone| zone.lost_since.is_none()) {
                self.on_while_lost.remove(output);
            }
            if !level.is_on() {
                self.on_since.remove(output);
                self.off_since.entry(output).or_insert(now);
                continue;
            }
            let stood = self.off_since.remove(output).map(|off| now.since(off));
            let (since, stood) = *self.on_since.entry(output).or_insert((now, stood));
            if let Some(limit) = self.max_on {
                assert!(now.since(since) <= limit, "{output} is on for longer than its max_on of {limit:?}");
            }
            let is_exercise = self.exercise.is_some_and(|(every, run)| {
                output == "pump" && now <= since + run && stood.is_none_or(|stood| stood + LOOK_EVERY >= every)
            });
            if !is_exercise {
                self.is_allowed(output, level, since, now);
            }
        }
        self.last = now;
    }

    /// Something is on: because a zone that drives it knows its temperature, or it must not go off yet, or as
    /// `sensor_lost` allows.
    fn is_allowed(&mut self, output: &'static str, level: Level, since: Moment, now: Moment) {
        let zones = self.zones.iter().filter(|zone| zone.drives.contains(&output));
        let lost: Option<Vec<Moment>> = zones.map(|zone| zone.lost_since).collect();
        let Some(lost) = lost.filter(|_| now >= since + self.output_min_on) else { return };
        let percent = match self.lost_sensor {
            SensorLost::Off => 0,
            SensorLost::Frost => 10,
            SensorLost::Percent(percent) => percent,
        };
        let first = *lost.iter().min().expect("a zone drives it");
        assert!(percent > 0, "{output} is on {:?} after its sensor was lost", now.since(first));
        assert!(now >= first + LOST_FOR_LONG, "{output} is on already {:?} after the loss", now.since(first));
        if self.dimmed && output != "pump" {
            assert!(level.percent() <= percent, "{output} is at {level} without a sensor, allowed is {percent} %");
            return;
        }
        let on = self.on_while_lost.entry(output).or_default();
        *on += now.since(self.last.max(since));
        // Zones do not wait for each other: their shares may add up.
        let of_zone = |lost: &Moment| {
            let long = now.since(*lost + LOST_FOR_LONG);
            (long + self.cycle).mul_f64(f64::from(percent) / 100.0) + self.cycle
        };
        let allowed: Duration = lost.iter().map(of_zone).sum();
        assert!(*on <= allowed, "{output} was on {on:?} since {first:?} without a sensor, allowed are {percent} %");
    }
}

impl ZoneWatch {
    fn look(&mut self, good_until: &[Option<Moment>; 4], now: Moment) {
        let good = |sensor: usize| good_until[sensor].is_some_and(|until| now < until);
        if self.room.iter().any(|sensor| good(*sensor)) && (!self.flow || good(3)) {
            self.lost_since = None;
        } else if self.lost_since.is_none() {
            // When the last temperature that was needed became stale; it was before this look.
            let room = self.room.iter().filter_map(|sensor| good_until[*sensor]).max();
            let needed = if self.flow { room.min(good_until[3]) } else { room };
            self.lost_since = Some(needed.unwrap_or(now).min(now));
        }
    }
}

fn house(plan: &ZonePlan) -> House {
    House::at(plan.config(), "2026-11-23T10:55:00")
}

proptest! {
    #![proptest_config(cases(150))]

    /// A lost temperature sensor never leaves a heater (or a cooler) on past its limit, in every mode and with every kind
    /// of control: off when the last good reading is stale, but for what is left of the output's `min_on`; ten minutes
    /// later on for the configured share at most.
    #[test]
    fn a_lost_sensor_leaves_nothing_on(plan in zone_plan(), steps in steps(), silence in 0..10_000u16) {
        let mut house = house(&plan);
        let mut watcher = Watcher::of(&plan);
        for step in steps.iter().chain([&Step::Silence(silence)]) {
            if let Step::Restart(_) | Step::PowerCut(_) | Step::RestartWithoutClock = step {
                watcher.starts(matches!(step, Step::RestartWithoutClock));
            }
            take(&mut house, step, &mut |house, news| watcher.look(house, news));
        }
    }

    /// Heater and cooler of a zone are never on together, but for minimum times.
    #[test]
    fn nothing_heats_and_cools_at_once(plan in zone_plan(), steps in steps()) {
        let plan = ZonePlan { output_min_on: None, ways: 0, shared: false, ..plan };
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &mut |house, _| {
                assert!(!(house.is_on("heater") && house.is_on("cooler")), "{}", house.why("heater"));
            });
        }
    }

    /// The setpoint of a zone that does both is the target that counts in its mode; told another, that target is it, and
    /// where there is none it is refused and changes nothing. What else is on, and until when, is that target's.
    #[test]
    fn a_setpoint_is_the_target_of_its_mode(plan in zone_plan(), steps in steps(), degrees in 60..330u16) {
        let plan = ZonePlan { ways: 0, ..plan };
        let mut house = house(&plan);
        let number = |house: &House, point: &str| house.engine.number(house.config.find_point(point).unwrap(), house.now);
        let target = |house: &House| match house.point("zone.mode").text()?.as_str() {
            "heat" => Some("zone.target"),
            "cool" => Some("zone.cool_target"),
            _ => None,
        };
        for step in &steps {
            take(&mut house, step, &mut |house, _| {
                let counts = target(house).and_then(|point| number(house, point));
                assert_eq!(number(house, "zone.setpoint"), counts);
                assert_eq!(house.point("zone.setpoint").text().is_some(), counts.is_some());
            });
            let degrees = (f64::from(degrees) / 10.0).to_string();
            let (mut by_setpoint, mut by_target) = (house.clone(), house.clone());
            let answer = by_setpoint.command("zone.setpoint", &degrees);
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            match target(&house) {
                Some(target) => {
                    prop_assert_eq!(&answer, &by_target.command(target, &degrees));
                    prop_assert!(!answer.iter().any(|line| line.starts_with("refused")), "{} {:?}", degrees, answer);
                    prop_assert_eq!(number(&by_setpoint, "zone.setpoint"), Some(degrees.parse().unwrap()));
                }
                None => prop_assert!(answer.iter().any(|line| line.contains("one target is for heat and cool")), "{:?}", answer),
            }
            prop_assert_eq!(picture(&by_setpoint), picture(&by_target));
        }
    }

    /// A zone that is given back to AUTO is as if nobody had set anything of it: each of its points by itself is, too, and
    /// what time would have ended does not come back.
    #[test]
    fn a_zone_given_back_holds_nothing_by_hand(plan in zone_plan(), steps in steps()) {
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &mut |_, _| {});
            let (mut whole, mut single) = (house.clone(), house.clone());
            whole.command("zone", "AUTO");
            for point in ["zone.mode", "zone.preset", "zone.target"] {
                single.command(point, "AUTO");
            }
            prop_assert_eq!(whole.point("zone.mode").text(), Some(whole.config.climates[0].mode.word().to_owned()));
            for point in ["zone.mode", "zone.preset", "zone.target"] {
                let why = whole.point(point).why().unwrap_or_default().to_owned();
                prop_assert!(!why.starts_with("manual"), "{}: {}", point, why);
            }
            prop_assert_eq!(&whole.wires, &single.wires);
            whole.live(mins(30));
            single.live(mins(30));
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&whole), picture(&single));
        }
    }

    /// Killed and started again at the same instant, a zone goes on as if nothing had been.
    #[test]
    fn a_restart_changes_nothing(plan in zone_plan(), steps in twin_steps()) {
        let plan = ZonePlan { at_start: AtStart::Restore, ..plan };
        let start = Now { moment: Moment::START, wall: utc("2026-11-23T10:55:00"), wall_known: true };
        let mut steady = House::start(plan.config(), None, start);
        let mut restarted = steady.clone();
        for step in &steps {
            take(&mut restarted, step, &mut |_, _| {});
            match step {
                Step::Restart(_) => drop(steady.wake()),
                _ => take(&mut steady, step, &mut |_, _| {}),
            }
            prop_assert_eq!(&steady.wires, &restarted.wires);
            let picture = |house: &House| house.engine.snapshot(house.now).points;
            prop_assert_eq!(picture(&steady), picture(&restarted));
            let kept = |house: &House| serde_json::to_string(&house.engine.memory(house.now)).unwrap();
            prop_assert_eq!(kept(&steady), kept(&restarted));
        }
    }

    /// Until the next wake-up that the engine asks for, nothing is to be done and nothing looks different.
    #[test]
    fn the_next_wakeup_is_true(plan in zone_plan(), steps in steps(), early in 0.0..1.0f64) {
        let mut house = house(&plan);
        for step in &steps {
            take(&mut house, step, &mut |_, _| {});
            house.publish();
            let asleep = house.engine.next_wakeup().map_or(mins(60), |next| next.since(house.now.moment));
            prop_assert!(asleep > Duration::ZERO, "awake for ever");
            let (mut woken, mut sleeper) = (house.clone(), house.clone());
            let nap = asleep.mul_f64(early).min(asleep - Duration::from_millis(1));
            let nap = Duration::from_millis(u64::try_from(nap.as_millis()).unwrap());
            woken.pass(nap);
            prop_assert_eq!(woken.wake(), Vec::<String>::new(), "{:?} before {:?}", nap, asleep);
            prop_assert_eq!(woken.engine.snapshot(woken.now).points, house.engine.snapshot(woken.now).points);
            woken.pass(asleep - nap);
            sleeper.pass(asleep);
            prop_assert_eq!(woken.wake(), sleeper.wake());
        }
    }
}
