//! `hearthd test`: what a user expects of the house, and what a reload makes of it.

#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "each test file uses a part of the support")]

mod support;

use hearthd::{
    config::{self, Source},
    model::Config,
    simulator::expectations,
};
use std::{fs, path::Path, sync::Arc};
use support::House;

const HOUSE: &str = "
[hub]
id = \"cottage\"
timezone = \"Europe/Amsterdam\"
[hardware]
backend = \"simulated\"
[outputs.hall_light]
kind = \"light\"
gpio = 17
[outputs.heater]
kind = \"heater\"
gpio = 24
min_off = \"10m\"
max_on = \"4h\"
[inputs.hall_motion]
kind = \"motion\"
gpio = 4
[sensors.living]
chip = \"tmp102\"
[[rules]]
name = \"Light with motion\"
while = \"hall_motion\"
set = { hall_light = \"on\" }
[[rules]]
name = \"Warm\"
while = \"living.temperature < 19\"
set = { heater = \"on\" }
";

fn house(text: &str) -> Arc<Config> {
    let loaded = config::parse(Path::new("config.toml"), text).unwrap_or_else(|report| panic!("{report}"));
    Arc::new(loaded.config)
}

fn run(tests: &str) -> Result<usize, String> {
    let source = Source { path: "config.test.toml".into(), text: tests.into() };
    expectations::run(&source, &house(HOUSE)).map_err(|report| report.to_string())
}

#[test]
fn the_tests_that_hearthd_comes_with_come_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let source = Source { path: "config.test.toml".into(), text: read("config.test.toml") };
    let count = expectations::run(&source, &house(&read("config.toml"))).unwrap_or_else(|report| panic!("{report}"));
    assert!(count >= 7, "{count}");
}

#[test]
fn every_kind_of_step_comes_true() {
    let count = run("
[[test]]
name = \"A day\"
at = 2026-11-23T18:00:00
given = { hall_motion = true, living.temperature = 18.5, 'clock' = 'unknown' }
expect = { hall_light = true, heater = \"ON\", \"living.temperature\" = 18.5 }
why = { hall_light = \"Light with motion\", heater = \"rule: Warm\" }
[[test.steps]]
after = \"10s\"
given = { hall_motion = \"off\", hall_light = \"on for 1m\" }
expect = { hall_light = \"on\" }
why = { hall_light = \"command by MQTT, until\" }
[[test.steps]]
after = \"61s\"
happens = [\"living lost\"]
expect = { hall_light = \"off\" }
[[test.steps]]
after = \"2m\"
given = { hall_motion = \"fault\" }
expect = { heater = \"off\", hall_motion = \"unknown\", \"living.temperature\" = \"lost\" }
[[test]]
name = \"What is given for a time ends between two steps\"
at = \"2026-11-23 18:00\"
given = { hall_motion = \"on for 30s\" }
expect = { hall_light = \"on\" }
[[test.steps]]
after = \"29s\"
expect = { hall_light = \"on\" }
[[test.steps]]
after = \"2s\"
expect = { hall_light = \"off\" }
");
    assert_eq!(count, Ok(2));
}

#[test]
fn what_does_not_come_true_is_shown_in_its_line_with_the_reason() {
    let message = run("[[test]]
name = \"Warm\"
at = \"2026-11-23 18:00\"
given = { living.temperature = 18 }
expect = { heater = \"off\", living.temperature = 19 }
why = { heater = \"somebody\" }
")
    .unwrap_err();
    let expected = "\
error: \"Warm\": at 18:00:00 heater is ON
  --> config.test.toml:5:21
   |
5  | expect = { heater = \"off\", living.temperature = 19 }
   |                     ^^^^^ rule: Warm

error: \"Warm\": at 18:00:00 living.temperature is 18.00
  --> config.test.toml:5:49
   |
5  | expect = { heater = \"off\", living.temperature = 19 }
   |                                                 ^^ expected 19

error: \"Warm\": at 18:00:00 heater has another reason
  --> config.test.toml:6:18
   |
6  | why = { heater = \"somebody\" }
   |                  ^^^^^^^^^^ rule: Warm";
    assert_eq!(message, expected);
}

#[test]
fn slips_are_pointed_at() {
    let message = run("[[test]]
name = \"A\"
at = \"six\"
expct = { hall_light = \"on\" }
[[test]]
name = \"B\"
at = \"2026-11-23 18:00\"
expect = [\"hall_light\"]
[[test.steps]]
after = 5
")
    .unwrap_err();
    for part in [
        "config.test.toml:3:6",
        "not a local date and time",
        "config.test.toml:4:1",
        "did you mean `expect`?",
        "config.test.toml:8:10",
        "points and their values",
        "config.test.toml:10:9",
    ] {
        assert!(message.contains(part), "{part} is not in\n{message}");
    }
    let message = run("[[test]]
name = \"A\"
at = \"2026-03-29 02:30\"
given = { hall_moton = \"on\", living.temperature = 900 }
happens = [\"power out\", \"living gone\"]
expect = { hal_light = \"on\", hall_light = \"bright\" }
why = { hall_motion = \"x\" }
")
    .unwrap_err();
    for part in [
        "clocks skip this time",
        "did you mean `hall_motion`?",
        "config.test.toml:4:51",
        "config.test.toml:5:25",
        "did you mean `cut`?",
        "did you mean `hall_light`?",
        "`hall_light` is never bright",
        "only outputs have a reason",
    ] {
        assert!(message.contains(part), "{part} is not in\n{message}");
    }
    assert!(run("").is_err() && run("[[tests]]\nname = \"A\"").unwrap_err().contains("did you mean `test`?"));
}

/// A file whose tests do not come true does not come into force; the one that is in force goes on.
#[test]
fn a_reload_that_breaks_an_expectation_is_refused() {
    let good = HOUSE.replace("timezone", "tests = \"config.test.toml\"\ntimezone");
    let mut house = House::new(&good);
    let tests = "[[test]]\nname = \"Light\"\nat = \"2026-11-23 18:00\"\ngiven = { hall_motion = \"on\" }\n\
                 expect = { hall_light = \"on\" }\n";
    fs::write(house.config.with_file_name("config.test.toml"), tests).unwrap();
    house.up(&[]);
    fs::write(&house.config, good.replace("while = \"hall_motion\"", "while = \"not hall_motion\"")).unwrap();
    house.wait_for_log("config.test.toml:5:25");
    house.wait_for_log("the old one stays in force");
    house.ask(&["set", "hall_motion", "on"]);
    assert!(house.ask(&["why", "hall_light"]).contains("Light with motion"));
    assert_eq!(house.value("hall_light"), "ON", "the old rule still decides");

    fs::write(&house.config, good + "[outputs.porch]\nkind = \"light\"\ngpio = 22\n").unwrap();
    house.wait_for_log("the changed configuration is in force");
    assert_eq!(house.value("porch"), "OFF");
}

#[test]
fn failed_tests_are_counted_and_a_slip_in_one_does_not_hide_the_others() {
    let test = |name: &str, light: &str| {
        format!(
            "[[test]]\nname = \"{name}\"\nat = \"2026-11-23 18:00\"\ngiven = {{ hall_motion = \"on\" }}\nexpect = {{ \
             hall_light = \"{light}\" }}\n"
        )
    };
    let failed = run(&[test("A", "on"), test("B", "off"), test("C", "off")].concat()).unwrap_err();
    assert!(failed.ends_with("\n\n2 of 3 tests did not come true"), "{failed}");

    let slips = [test("A", "on").replace("18:00", "25:00"), test("B", "off").replace("hall_motion", "hal_motion")];
    let failed = run(&slips.concat()).unwrap_err();
    assert!(failed.contains("not a local date and time") && failed.contains("hal_motion"), "{failed}");
}
