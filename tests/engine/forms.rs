//! Every point by every form of command: what is accepted for a time holds and is over, all else is refused, and `check`
//! judges as the command does. The points are those of the model: a new kind of point does not compile here until it is told
//! what to write to it.

use crate::support::{engine_config::*, engine_house::House};
use hearthd::model::{Capability, ClimateFacet, Config, Hold, Method, OutputFacet, Point, Quality, Settable, Wish};

/// A house with a point of every kind, twice where two kinds of thing have it.
const HOUSE: &str = r#"
[modes]
list = ["home", "away"]
[outputs.relay]
kind = "light"
gpio = 4
lock = true
power = 40
[outputs.lamp]
kind = "light"
pwm = 18
transition = "0s"
manual_for = "3h"
settable = true
[outputs.vent]
kind = "fan"
speeds = [5, 6, 13]
[outputs.valve]
kind = "valve"
gpio = 16
[outputs.pump]
kind = "switch"
gpio = 17
default = "hold"
[outputs.blind]
kind = "cover"
open_gpio = 19
close_gpio = 20
open_time = "20s"
close_time = "20s"
[outputs.gate]
kind = "switch"
gpio = 21
pulse = "500ms"
[outputs.heater]
kind = "heater"
gpio = 22
[outputs.cooler]
kind = "cooler"
gpio = 23
[outputs.lights]
kind = "group"
members = ["relay", "lamp"]
[outputs.blinds]
kind = "group"
members = ["blind"]
[inputs.motion]
kind = "motion"
gpio = 24
[inputs.bell]
kind = "button"
gpio = 25
[inputs.meter]
kind = "counter"
gpio = 26
measures = "energy"
pulses_per_unit = 1000
[inputs.go]
kind = "contact"
gpio = 27
[sensors.living]
chip = "tmp102"
[rooms.hall]
motion = ["motion"]
asleep_while = "mode is away"
settable = true
[climate.zone]
sensor = "living.temperature"
heat = "heater"
cool = "cooler"
mode = "heat"
target = 20
cool_target = 26
pid = { kp = 40, ti = "30m" }
presets = { away = { heat = 15, cool = 28 } }
settable = true
[scenes.evening]
set = { lamp = 40, relay = "on" }
[scenes.leave]
set = { gate = "on" }
"#;

/// What is tried on a point.
fn payloads(point: Point, config: &Config) -> Vec<String> {
    let mut texts: Vec<String> =
        ["AUTO", "TOGGLE", "banana", "2e1", "-0", "", "40.", "1e999"].iter().map(|text| (*text).to_owned()).collect();
    let mut add = |more: &[&str]| texts.extend(more.iter().map(|text| (*text).to_owned()));
    match point {
        Point::Output(id) => {
            config.words(id).for_each(|(word, _)| add(&[word, &word.to_uppercase()]));
            add(&["0", "40", "40%", "40 %", "+10", "-10", "by 10", "to 40", "101", "speed 2", "speed 4", "40.4"]);
        }
        Point::OutputFacet(_, facet) => match facet {
            OutputFacet::Level | OutputFacet::Position => add(&["0", "40", "+10", "-10", "ON", "101"]),
            OutputFacet::Lock => add(&["on", "off", "locked", "unlocked"]),
            OutputFacet::Power | OutputFacet::Energy => add(&["0", "1"]),
        },
        Point::Input(_) | Point::Occupied(_) | Point::Asleep(_) => add(&["on", "off"]),
        Point::Reading(..) => add(&["12", "12.5", "-1"]),
        Point::Mode => add(&["away", "home", "AWAY"]),
        Point::Event(_) => add(&["click"]),
        // What is cooled to is above what is warmed to, whatever that is set to.
        Point::Setting(Settable::Cool(..)) => add(&["29", "29.5 °C", "to 30", "+1", "99999"]),
        Point::Setting(_) => add(&["12", "12.5", "12.5 min", "16 °C", "1h30m", "to 13", "+1", "99999"]),
        Point::Climate(zone, facet) => {
            add(&facet.words(&config[zone]));
            match facet {
                ClimateFacet::Target | ClimateFacet::CoolTarget | ClimateFacet::Setpoint => {
                    add(&["21", "21.5", "+1", "-1", "by 2", "to 22", "99"])
                }
                ClimateFacet::Tuning => add(&["START", "STOP"]),
                ClimateFacet::Mode
                | ClimateFacet::Preset
                | ClimateFacet::Measured
                | ClimateFacet::Action
                | ClimateFacet::Alarm => {}
            }
        }
    }
    texts
}

/// The house as it is lived in: all is known.
fn lived_in(config: &std::sync::Arc<Config>) -> House {
    let mut house = House::new(config.clone());
    for input in ["motion", "bell", "go"] {
        house.input(input, false);
    }
    house.reads("living", 20.0);
    house.command("blind", "CLOSE");
    house.live(secs(60));
    house.command("blind", "30");
    house.live(secs(60));
    house.command("blind", "AUTO");
    house.live(secs(60));
    house
}

/// What people see of the house, but for what a sensor and its zone show and what was used.
fn picture(house: &House) -> Vec<(String, Option<String>, Option<String>)> {
    let snapshot = house.engine.snapshot(house.now);
    let is_decided = |point: Point| {
        house.config.is_commanded(point)
            && !matches!(point, Point::Reading(..) | Point::Climate(_, ClimateFacet::Tuning))
    };
    let state = |state: &hearthd::model::Cell| {
        let by_hand = state.explanation.as_ref().map(|explanation| explanation.winner.to_string());
        (house.config.point_name(state.point), state.text(), by_hand)
    };
    snapshot.points.iter().filter(|state| is_decided(state.point)).map(state).collect()
}

fn tried(config: &Config) -> Vec<(String, String)> {
    let points = config.points().flat_map(|point| {
        let name = config.point_name(point);
        payloads(point, config).into_iter().map(move |payload| (name.clone(), payload))
    });
    let scenes = ["scene.evening", "scene.leave"].map(|scene| (scene.to_owned(), "ON".to_owned()));
    let zone = ["AUTO", "auto", "heat", "21", "OFF"].map(|payload| ("zone".to_owned(), payload.to_owned()));
    points.chain(scenes).chain(zone).collect()
}

#[test]
fn what_is_accepted_for_a_time_holds_and_is_over() {
    let config = from_text(HOUSE);
    let lived = lived_in(&config);
    let before = picture(&lived);
    let mut held = 0;
    for (point, payload) in tried(&config) {
        let mut house = lived.clone();
        let answer = house.command_for(&point, &payload, Some(mins(10)));
        let refused = answer.iter().any(|line| line.starts_with("refused"));
        assert_eq!(
            refused,
            config.wish(&point, &payload, Some(Hold::Time(mins(10)))).is_err(),
            "{point} {payload}: {answer:?}"
        );
        if refused {
            assert_eq!(picture(&house), before, "{point} {payload} is refused and does nothing");
            continue;
        }
        held += 1;
        house.live(secs(570));
        house.reads("living", 20.0);
        house.restart(secs(5));
        for input in ["motion", "bell", "go"] {
            house.input(input, false);
        }
        house.reads("living", 20.0);
        house.live(secs(90));
        house.reads("living", 20.0);
        house.live(secs(30));
        assert_eq!(picture(&house), before, "after {point} {payload} for 10m: {answer:?}");
    }
    assert!(held > 60, "{held}");
}

#[test]
fn check_accepts_what_a_command_does_and_a_rule_does_the_same() {
    let config = from_text(HOUSE);
    let lived = lived_in(&config);
    for (point, payload) in tried(&config).into_iter().filter(|(_, payload)| !payload.is_empty()) {
        for held in [None, Some(mins(10))] {
            let for_time = if held.is_some() { " for 10m" } else { "" };
            let action = match point.strip_prefix("scene.") {
                Some(scene) => format!("scene {scene}{for_time}"),
                None => format!("set {point} {payload}{for_time}"),
            };
            let with_rule = format!("{HOUSE}[[rules]]\nname = \"Do\"\non = \"go on\"\ndo = \"{action}\"\n");
            let checked = try_text(&with_rule);
            let wish = config.wish(&point, &payload, held.map(Hold::Time));
            // A person who writes a file is asked what is meant; a program is taken by its word.
            let is_slip = payload == "40.4";
            assert_eq!(checked.is_ok(), wish.is_ok() && !is_slip, "{action}: {wish:?} {checked:?}");
            let (Ok(with_rule), Ok(wish)) = (checked, wish) else { continue };
            let (mut by_hand, mut by_rule) = (lived.clone(), lived_in(&with_rule));
            by_hand.command_for(&point, &payload, held);
            let done = by_rule.input("go", true);
            assert!(!done.iter().any(|line| line.contains("refused")), "{action}: {done:?}");
            by_hand.live(mins(2));
            by_rule.live(mins(2));
            // Toggling what is locked by the same command, and the like, is the same either way.
            assert_eq!(picture(&by_rule), picture(&by_hand), "{action}: {wish:?}");
        }
    }
}

#[test]
fn pulses_have_one_length() {
    let do_it =
        |action: &str| try_text(&format!("{HOUSE}[[rules]]\nname = \"Do\"\non = \"go on\"\ndo = \"{action}\"\n"));
    for good in ["pulse gate", "pulse relay", "pulse relay for 2s", "pulse lights for 2s"] {
        let mut house = lived_in(&do_it(good).unwrap());
        let before = picture(&house);
        house.input("go", true);
        assert_ne!(picture(&house), before, "{good}");
        house.live(secs(3));
        assert_eq!(picture(&house), before, "{good}");
    }
    for bad in ["pulse gate for 10s", "set gate on for 10s", "pulse blind", "scene leave for 1h", "auto relay for 1h"] {
        assert!(do_it(bad).is_err(), "{bad}");
    }
}

/// Home Assistant in °F sends what a whole degree is in °C, with all its digits.
#[test]
fn a_thermostat_takes_every_whole_degree_fahrenheit() {
    let config = from_text(
        "[outputs.heater]\nkind = \"heater\"\ngpio = 17\n[sensors.living]\nchip = \"tmp102\"\n\
         [climate.zone]\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20\nfrost = 4\noverheat = 40\n",
    );
    let mut house = House::new(config);
    for fahrenheit in 40..=95 {
        let celsius = f64::from(fahrenheit - 32) * 5.0 / 9.0;
        assert!(house.command("zone.target", &celsius.to_string()).is_empty(), "{fahrenheit} °F: {celsius}");
        let shown: f64 = house.point("zone.target").text().unwrap().parse().unwrap();
        assert_eq!(((shown * 9.0 / 5.0 + 32.0) * 10.0).round() / 10.0, f64::from(fahrenheit), "{shown} °C");
    }
}

#[test]
fn more_and_less_count_from_what_is_asked() {
    let mut house = lived_in(&from_text(HOUSE));
    let mut after = |point: &str, payload: &str, shown: &str| {
        assert!(!house.command(point, payload).iter().any(|line| line.starts_with("refused")), "{point} {payload}");
        house.live(mins(1));
        house.point(shown).text().unwrap()
    };
    assert_eq!(after("lamp", "+10", "lamp.level"), "10");
    assert_eq!(after("lamp.level", "+25", "lamp.level"), "35");
    assert_eq!(after("lamp", "-40", "lamp.level"), "0");
    assert_eq!(after("vent", "+10", "vent.level"), "33");
    assert_eq!(after("vent", "by 50", "vent.level"), "100");
    assert_eq!(after("vent", "-1", "vent.level"), "67");
    assert_eq!(after("blind", "+20", "blind.position"), "50");
    assert_eq!(after("blind.position", "-100", "blind.position"), "0");
    assert_eq!(after("zone.target", "+0.5", "zone.target"), "20.5");
    assert_eq!(after("zone.target", "-1.5", "zone.target"), "19");
    assert_eq!(after("zone.target", "+90", "zone.target"), "33.5", "as far as it goes, below what is cooled to");
}

#[test]
fn below_zero_a_minus_is_no_less() {
    let freezer = "[outputs.compressor]\nkind = \"cooler\"\ngpio = 17\n[sensors.inside]\nchip = \"tmp102\"\n\
                   [climate.freezer]\nsensor = \"inside.temperature\"\ncool = \"compressor\"\nmode = \"cool\"\ntarget = -18\n\
                   [inputs.go]\nkind = \"contact\"\ngpio = 4\n";
    let mut house = House::new(from_text(freezer));
    for (payload, shown) in [("-20", "-20"), ("by -2", "-22"), ("+4", "-18"), ("to -19.5", "-19.5")] {
        assert!(house.command("freezer.target", payload).is_empty(), "{payload}");
        assert_eq!(house.point("freezer.target").text().as_deref(), Some(shown), "{payload}");
    }
    let rule =
        |action: &str| try_text(&format!("{freezer}[[rules]]\nname = \"Do\"\non = \"go on\"\ndo = \"{action}\"\n"));
    let unclear = rule("set freezer.target -20").unwrap_err().to_string();
    assert!(unclear.contains("write `to -20` for the temperature, or `by -20` for so much less"), "{unclear}");
    for clear in ["set freezer.target to -20", "set freezer.target by -2", "set freezer.target +2"] {
        assert!(rule(clear).is_ok(), "{clear}");
    }
}

#[test]
fn words_mean_the_same_everywhere_and_only_where_they_fit() {
    let config = from_text(HOUSE);
    for (point, words) in [
        ("blind", vec!["open", "closed", "close", "stop", "on", "off", "toggle", "auto"]),
        ("blinds", vec!["open", "closed", "stop"]),
        ("valve", vec!["open", "closed", "on", "off"]),
        ("vent", vec!["speed 1", "speed 3", "on", "off", "67"]),
        ("relay.lock", vec!["locked", "unlocked", "on", "off", "toggle"]),
    ] {
        for word in words {
            for written in [word.to_owned(), word.to_uppercase()] {
                assert!(config.wish(point, &written, None).is_ok(), "{point} {written}");
            }
        }
    }
    for (point, word) in
        [("lamp", "open"), ("relay", "closed"), ("lamp", "speed 1"), ("valve", "stop"), ("lights", "open")]
    {
        assert!(config.wish(point, word, None).is_err(), "{point} {word}");
        let set = format!("{HOUSE}[[rules]]\nname = \"Set\"\nwhile = \"go\"\nset = {{ {point} = \"{word}\" }}\n");
        assert!(try_text(&set).is_err(), "{point} {word}");
    }
    for (point, word) in
        [("blind", "open"), ("valve", "closed"), ("vent", "speed 2"), ("blinds", "open"), ("lamp", "40 %")]
    {
        let set = format!("{HOUSE}[[rules]]\nname = \"Set\"\nwhile = \"go\"\nset = {{ {point} = \"{word}\" }}\n");
        assert!(try_text(&set).is_ok(), "{point} {word}");
    }
}

#[test]
fn all_kinds_of_outputs_and_points_are_there() {
    let config = from_text(HOUSE);
    let of = |takes: fn(Capability) -> bool| config.visible_outputs().any(|id| takes(config.capability(id)));
    assert!(of(|takes| takes == Capability::OnOff) && of(|takes| takes == Capability::Percent));
    assert!(of(|takes| takes == Capability::Position) && of(|takes| matches!(takes, Capability::Steps(_))));
    assert!(config.outputs.iter().any(|output| matches!(output.method, Method::Group { .. })));
    assert!(matches!(config.wish("scene.evening", "ON", Some(Hold::Time(mins(10)))), Ok(Wish::Scene(_))));
    let house = lived_in(&config);
    let is_good = |name: &str| house.point(name).quality == Quality::Good;
    for name in ["relay", "relay.lock", "relay.power", "relay.energy", "lamp.level", "blind.position", "motion", "mode"]
    {
        assert!(is_good(name), "{name}");
    }
    for facet in ["target", "cool_target", "setpoint", "mode", "preset", "tuning"] {
        assert!(config.find_point(&format!("zone.{facet}")).is_some(), "{facet}");
    }
}
