//! Counters: pulses in, totals and rates out, over restarts, kills, reloads and commands.

use crate::{
    NOTHING,
    support::{engine_config::secs, engine_house::House},
};
use hearthd::{
    config,
    engine::{Engine, Memory},
    model::{Config, Event, Quality, Value},
};
use proptest::prelude::*;
use std::{path::Path, sync::Arc, time::Duration};

fn house(keys: &str) -> Arc<Config> {
    let text = format!("[hub]\nid = \"h\"\n[inputs.meter]\nkind = \"counter\"\ngpio = 22\n{keys}");
    Arc::new(config::parse(Path::new("config.toml"), &text).unwrap_or_else(|report| panic!("{report}")).config)
}

fn electricity() -> Arc<Config> {
    house("measures = \"energy\"\npulses_per_unit = 1000\n")
}

fn pulse(house: &mut House, count: u32) -> Vec<String> {
    let at = house.now.moment;
    house.send(Event::Pulsed { input: "meter".into(), count, at })
}

fn shown(house: &House, point: &str) -> (Option<f64>, Quality) {
    let state = house.point(point);
    let number = match state.value {
        Some(Value::Number(number)) => Some((number * 1e6).round() / 1e6),
        _ => None,
    };
    (number, state.quality)
}

fn total(house: &House) -> f64 {
    shown(house, "meter.energy").0.unwrap()
}

/// What the daemon does now and then: the memory goes to the disk, and all that is shown after it comes later.
fn keep(house: &mut House) -> String {
    let text = serde_json::to_string(&house.engine.memory(house.now)).unwrap();
    house.engine.mark_persisted();
    text
}

fn start(house: &mut House, text: &str) {
    let memory: Memory = serde_json::from_str(text).unwrap();
    house.engine = Engine::new(house.config.clone(), Some(memory), house.now);
    house.send(Event::Wake);
}

#[test]
fn a_meter_has_a_total_and_a_power_and_is_no_point_itself() {
    let mut house = House::new(electricity());
    let names: Vec<String> = house.config.points().map(|point| house.config.point_name(point)).collect();
    assert_eq!(names, ["meter.energy", "meter.power"]);
    assert_eq!(shown(&house, "meter.energy"), (Some(0.0), Quality::Good));
    assert_eq!(shown(&house, "meter.power"), (None, Quality::Unknown));
    pulse(&mut house, 1);
    house.live(secs(4));
    pulse(&mut house, 1);
    house.live(secs(10));
    // 1 Wh in 4 s, and none for 6 s when it was last shown.
    assert_eq!(shown(&house, "meter.power"), (Some(600.0), Quality::Good));
    assert_eq!(total(&house), 0.0, "not kept yet");
    keep(&mut house);
    house.live(secs(10));
    assert_eq!(total(&house), 0.002);
    house.live(secs(279));
    assert!(shown(&house, "meter.power").0.unwrap() > 0.0);
    house.live(secs(1));
    assert_eq!(shown(&house, "meter.power"), (Some(0.0), Quality::Good), "at once, not when it is next renewed");
}

#[test]
fn many_pulses_renew_what_is_shown_no_more_often_than_configured() {
    let mut house = House::new(house("measures = \"rotation\"\npulses_per_unit = 2\nevery = \"10s\"\n"));
    let mut values = Vec::new();
    for _ in 0..240 {
        house.live(Duration::from_millis(250));
        pulse(&mut house, 25);
        let value = shown(&house, "meter.fan_speed").0;
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    assert_eq!(values, [None, Some(3_000.0)], "100 Hz are 50 turns a second, seen once and not changed since");
}

#[test]
fn a_total_is_set_to_what_the_meter_shows_and_wrong_ones_are_refused() {
    let mut house = House::new(electricity());
    pulse(&mut house, 100);
    let promised = house.engine.revision().durable;
    assert_eq!(house.command("meter.energy", "12345.6"), NOTHING);
    assert_eq!((total(&house), house.engine.revision().durable), (12_345.6, promised + 1), "at once, and kept first");
    for wrong in ["-1", "NaN", "inf", "1e3", "", "AUTO", "ON", "1000000001", "12,5", "+5"] {
        let refused = house.command("meter.energy", wrong);
        let reason = "refused: not a value for this point; write what the meter shows, 0 to 1000000000 kWh";
        assert_eq!(refused, [reason], "{wrong}");
    }
    let refused = house.command_for("meter.energy", "5", Some(secs(60)));
    assert_eq!(refused, ["refused: it cannot hold for a time: the total is what the meter shows; leave the time out"]);
    assert_eq!(house.command("meter.power", "5"), ["refused: this point is read, not set"]);
    assert_eq!(total(&house), 12_345.6);
    house.restart(secs(5));
    assert_eq!(total(&house), 12_345.6);
}

#[test]
fn a_lost_line_is_a_fault_and_its_rate_is_not_known_after_it() {
    let mut house = House::new(electricity());
    for _ in 0..30 {
        house.live(secs(1));
        pulse(&mut house, 1);
    }
    keep(&mut house);
    house.live(secs(1));
    house.input_fails("meter");
    assert_eq!(shown(&house, "meter.energy").1, Quality::Fault);
    assert_eq!(shown(&house, "meter.power"), (None, Quality::Fault));
    house.live(secs(60));
    house.input("meter", false);
    assert_eq!(shown(&house, "meter.energy"), (Some(0.03), Quality::Good));
    assert_eq!(shown(&house, "meter.power"), (None, Quality::Unknown));
    house.live(secs(301));
    assert_eq!(shown(&house, "meter.power"), (Some(0.0), Quality::Good));
}

#[test]
fn a_storm_is_a_fault_and_is_not_counted() {
    let mut house = House::new(house("measures = \"energy\"\nmax_rate = 10\n"));
    pulse(&mut house, 10);
    pulse(&mut house, 1);
    keep(&mut house);
    assert_eq!(shown(&house, "meter.energy").1, Quality::Fault);
    house.live(secs(20));
    assert_eq!(shown(&house, "meter.energy"), (Some(10.0), Quality::Good), "it is over when it is quiet");
}

#[test]
fn a_reload_keeps_what_was_counted_and_its_rate() {
    let mut house = House::new(electricity());
    house.command("meter.energy", "100");
    for _ in 0..20 {
        house.live(secs(1));
        pulse(&mut house, 1);
    }
    keep(&mut house);
    house.live(secs(1));
    let before = (shown(&house, "meter.energy"), shown(&house, "meter.power"));
    assert_eq!(before.1, (Some(3_600.0), Quality::Good));
    house.reconfigure(self::house("name = \"Meter\"\nmeasures = \"energy\"\npulses_per_unit = 1000\n"));
    assert_eq!((shown(&house, "meter.energy"), shown(&house, "meter.power")), before);
    house.live(secs(10));
    house.reconfigure(self::house("measures = \"energy\"\npulses_per_unit = 10\n"));
    assert_eq!(total(&house), 100.02, "worth what they were");
    pulse(&mut house, 1);
    keep(&mut house);
    house.live(secs(20));
    assert_eq!(total(&house), 100.12);
    house.reconfigure(self::house("measures = \"water\"\n"));
    assert_eq!(shown(&house, "meter.volume").0, Some(0.0));
}

/// What can happen to a counter.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Pulses(u32),
    Live(u64),
    Keep,
    Kill,
    Stop,
    Reload,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1..50u32).prop_map(Deed::Pulses),
        4 => (1..40_000u64).prop_map(Deed::Live),
        2 => Just(Deed::Keep),
        1 => Just(Deed::Kill),
        1 => Just(Deed::Stop),
        1 => Just(Deed::Reload),
    ]
}

proptest! {
    /// However pulses, saves, kills, stops and reloads follow each other: no pulse is lost or doubled but those that a kill
    /// took before they were kept, and what was shown never goes back.
    #[test]
    fn a_total_is_as_exact_as_what_was_kept(deeds in prop::collection::vec(deed(), 1..80)) {
        let mut house = House::new(house("measures = \"count\"\nmax_rate = 1000\n"));
        let (mut counted, mut kept, mut file, mut last) = (0u64, 0u64, keep(&mut house), 0.0);
        for deed in deeds {
            match deed {
                Deed::Pulses(count) => {
                    // No storm.
                    house.live(secs(1));
                    pulse(&mut house, count);
                    counted += u64::from(count);
                }
                Deed::Live(ms) => drop(house.live(Duration::from_millis(ms))),
                Deed::Keep => (file, kept) = (keep(&mut house), counted),
                Deed::Kill => {
                    house.pass(secs(3));
                    start(&mut house, &file);
                    counted = kept;
                    prop_assert_eq!(shown(&house, "meter.count").0, Some(kept as f64));
                }
                Deed::Stop => {
                    file = keep(&mut house);
                    kept = counted;
                    house.pass(secs(3));
                    start(&mut house, &file);
                    prop_assert_eq!(shown(&house, "meter.count").0, Some(counted as f64));
                }
                Deed::Reload => drop(house.reconfigure(house.config.clone())),
            }
            let now = shown(&house, "meter.count").0.unwrap();
            prop_assert!(last <= now && now <= kept as f64, "{last} {now} {kept}");
            last = now;
        }
        keep(&mut house);
        house.live(secs(11));
        prop_assert_eq!(shown(&house, "meter.count").0, Some(counted as f64));
    }
}
