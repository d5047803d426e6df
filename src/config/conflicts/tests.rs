//! Pairs of conditions, and how the rules that have them stand to each other.

use crate::config::parse;
use std::{fmt::Write, path::Path};

const HOUSE: &str = "\
[hub]
id = 'home'
latitude = 52.0
longitude = 5.0
[outputs.lamp]
kind = 'light'
gpio = 17
[outputs.fan]
kind = 'fan'
gpio = 18
[outputs.heater]
kind = 'heater'
gpio = 19
[inputs.door]
kind = 'door'
gpio = 5
[inputs.motion]
kind = 'motion'
gpio = 4
[sensors.bath]
chip = 'bme280'
[sensors.living]
chip = 'bme280'
address = 0x77
[rooms.hall]
motion = ['motion']
[climate.bath]
sensor = 'bath.temperature'
heat = 'heater'
target = 20
presets = { night = 17 }
[modes]
";

/// What `check` says of these rules, each a `while` or `while | until`, which set the lamp on and off by turns.
fn said(rules: &[&str]) -> Vec<String> {
    said_in(HOUSE, rules)
}

fn said_in(house: &str, rules: &[&str]) -> Vec<String> {
    let mut text = house.to_owned();
    for (index, rule) in rules.iter().enumerate() {
        let (condition, until) = rule.split_once(" | ").unwrap_or((rule, ""));
        let level = if index % 2 == 0 { "on" } else { "off" };
        write!(text, "[[rules]]\nname = '{index}'\nwhile = '{condition}'\nset = {{ lamp = '{level}' }}\n").unwrap();
        if !until.is_empty() {
            writeln!(text, "until = '{until}'").unwrap();
        }
    }
    let loaded = parse(Path::new("c.toml"), &text).unwrap_or_else(|report| panic!("{report}"));
    loaded.warnings.into_iter().map(|warning| warning.message).collect()
}

/// How two rules stand to each other, found in both orders.
fn relation(one: &str, other: &str) -> &'static str {
    let kind = |rules: [&str; 2]| match &said(&rules)[..] {
        [] => "silent",
        [message] if message.contains(" never has ") => "never",
        [message] if message.contains(" wants ") => "together",
        messages => panic!("{one}, {other}: {messages:#?}"),
    };
    match (kind([one, other]), kind([other, one])) {
        ("silent", "silent") => "apart",
        ("together", "together") => "together",
        ("silent", "never") => "within",
        ("never", "silent") => "around",
        ("never", "never") => "equal",
        mixed => panic!("{one}, {other}: {mixed:?}"),
    }
}

fn check(pairs: &[(&str, &str, &str)]) {
    let differ: Vec<_> = pairs
        .iter()
        .map(|(one, expected, other)| (one, expected, other, relation(one, other)))
        .filter(|(_, expected, _, found)| *expected != found)
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn points_and_words() {
    check(&[
        ("door is open", "apart", "door is closed"),
        ("door is open", "together", "motion"),
        ("door is open", "around", "door is open and motion"),
        ("door is open and motion", "within", "door is open or dark"),
        ("door is open or motion", "apart", "not motion and door is closed"),
        ("door is open or motion", "together", "not motion"),
        ("mode is home", "apart", "mode is away or night"),
        ("mode is home or away", "together", "mode is away or night"),
        ("mode is not home", "around", "mode is away"),
        ("mode is home or away", "apart", "not mode is home and not mode is away"),
        ("bath.mode is heat", "apart", "bath.mode is off"),
        ("bath.mode is heat", "within", "bath.mode is not off"),
        ("bath.mode is not heat", "together", "bath.mode is not off"),
        ("not (door is open or motion)", "equal", "door is closed and not motion"),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("bath.temperature < 20", "apart", "bath.temperature > 20"),
        ("bath.temperature <= 20", "together", "bath.temperature >= 20"),
        ("bath.temperature < 20", "apart", "not bath.temperature < 20"),
        ("bath.temperature > 25", "within", "bath.temperature > 20"),
        ("bath.temperature > 25", "together", "living.temperature < 20"),
        ("bath.temperature between 20 and 22", "apart", "bath.temperature == 19"),
        ("bath.temperature == 20", "apart", "bath.temperature != 20"),
        ("20 < bath.temperature", "apart", "bath.temperature < 20"),
        ("average(bath.temperature, 10m) > 21", "apart", "average(bath.temperature, 10m) < 20"),
        ("average(bath.temperature, 10m) > 21", "together", "average(bath.temperature, 20m) < 20"),
        ("minimum(bath.temperature, 10m) > 21", "together", "maximum(bath.temperature, 10m) < 20"),
        ("bath.humidity > living.humidity + 30", "apart", "bath.humidity < living.humidity + 20"),
        ("bath.humidity > living.humidity + 30", "apart", "bath.humidity <= living.humidity + 30"),
        ("bath.humidity > living.humidity + 30", "within", "living.humidity < bath.humidity - 20"),
        ("bath.humidity - living.humidity > 30", "together", "bath.humidity < living.humidity + 20"),
        ("bath.humidity > living.humidity", "apart", "living.humidity > bath.humidity"),
        // A sum is rounded: limits that only just differ may be the same.
        ("bath.humidity + 0.1 > 50.3", "together", "bath.humidity < 50.2"),
        ("sun.elevation < 0", "apart", "sun.elevation > 3"),
    ]);
}

#[test]
fn nights_from_noon_to_noon() {
    check(&[
        ("night of friday", "apart", "night of saturday"),
        ("night of friday", "apart", "day is monday"),
        ("night of friday", "together", "day is friday"),
        ("night of friday", "together", "day is saturday"),
        ("night of friday and time after 22:00", "apart", "day is saturday"),
        ("night of friday and time before 06:00", "within", "day is saturday"),
        ("night of friday and time between 11:00 and 13:00", "together", "day is saturday"),
        ("night of friday", "apart", "not day in friday, saturday"),
        ("night of 31 december", "together", "date is 1 january"),
        ("night of 31 december", "apart", "date is 2 january"),
        ("night of 28 february", "together", "date is 1 march"),
        ("night of 28 february and time before 06:00", "together", "date is 1 march and motion"),
        ("night of 29 february", "together", "date is 1 march"),
    ]);
}

#[test]
fn what_is_lost_is_neither_so_nor_not() {
    check(&[
        ("bath.temperature is lost for 5m", "apart", "bath.temperature > 20"),
        ("bath.temperature is lost for 5m", "apart", "not bath.temperature > 20"),
        ("bath.temperature is lost for 5m", "apart", "bath.temperature + 1 > living.temperature"),
        ("bath.temperature is lost for 5m", "together", "bath.humidity > 20"),
        ("bath.temperature is lost for 5m", "together", "average(bath.temperature, 1h) > 20"),
        ("door is lost", "apart", "door is closed"),
        ("door is lost", "together", "motion"),
        ("heater is lost", "together", "heater"),
        ("not door is lost", "around", "door"),
    ]);
}

/// While what the hub says of darkness is not known, the sun tells: `dark` beside a lost sensor is what people write for that.
#[test]
fn darkness_that_is_measured_may_be_so_while_its_sensor_is_lost() {
    let house = HOUSE.replace("longitude = 5.0\n", "longitude = 5.0\ndark_while = 'bath.humidity < 30'\n");
    let lost = "bath.humidity is lost for 10m";
    assert_eq!(said_in(&house, &[&format!("dark and {lost}"), "motion and not dark"]), [""; 0]);
    let met = said_in(&house, &["dark", lost]);
    assert!(met.len() == 1 && met[0].contains(" wants "), "{met:?}");
}

#[test]
fn what_changed_is_not_so_for_long() {
    check(&[
        ("door changed within 5m", "apart", "door is open for 5m"),
        ("door changed within 5m", "apart", "door is closed for 10m"),
        ("door changed within 5m", "together", "door is open for 4m"),
        ("door changed within 5m", "together", "motion for 5m"),
    ]);
}

#[test]
fn windows_of_the_day() {
    check(&[
        ("time between 06:00 and 12:00", "apart", "time between 12:00 and 18:00"),
        ("time between 22:00 and 06:00", "apart", "time between 06:00 and 22:00"),
        ("time between 22:00 and 06:00", "together", "time between 05:59 and 22:00"),
        ("not time between 22:00 and 06:00", "equal", "time between 06:00 and 22:00"),
        ("time between 23:00 and 01:00", "within", "time between 22:00 and 06:00"),
        ("time after 22:00", "apart", "time before 06:00"),
        ("time between 08:00 and 18:00 and not time between 10:00 and 12:00", "apart", "time between 10:30 and 11:00"),
        ("dark", "apart", "daylight"),
        ("dark", "within", "not daylight"),
        ("not dark", "together", "not daylight"),
        ("time between sunset and 23:30", "apart", "time between 23:30 and sunrise"),
        ("time between sunset and 23:30", "together", "time between 23:00 and sunrise"),
        ("time between sunset - 15m and 23:30", "together", "daylight"),
        ("time between sunset + 15m and 23:30", "together", "dark"),
        ("time between sunrise and sunset", "equal", "daylight"),
        ("time between sunset and sunrise", "apart", "daylight"),
        ("time between sunrise + 1h and sunset - 1h", "within", "daylight"),
        ("time between nautical dusk and nautical dawn", "within", "dark"),
        ("time between sunset not before 17:00 and 23:00", "apart", "time between 23:00 and sunrise not after 08:00"),
        ("time between 22:00 spread 10m and 23:00", "together", "time between 20:00 and 22:00"),
        // Where the sun's times stand on the clock is not known.
        ("time between sunrise and sunset", "together", "time between 00:00 and 01:00"),
    ]);
    let measured = HOUSE.replace("longitude = 5.0", "longitude = 5.0\ndark_while = 'bath.temperature < 10'");
    assert_eq!(said_in(&measured, &["dark", "daylight"]).len(), 1, "where the hub says what is dark, days may be");
    // What the hub says of darkness is so when it is dark, and not when it is not.
    for (dark_while, one, other, conflicts) in [
        ("dark_while = 'bath.temperature < 10'", "dark", "bath.temperature > 15", 0),
        ("dark_while = 'bath.temperature < 10'", "dark", "bath.temperature > 5", 1),
        ("dark_while = 'bath.temperature < 10'", "not dark and motion", "bath.temperature < 8", 0),
        (
            "dark_while = 'bath.temperature < 10'\ndark_until = 'bath.temperature > 12'",
            "dark",
            "bath.temperature > 15",
            0,
        ),
        (
            "dark_while = 'bath.temperature < 10'\ndark_until = 'bath.temperature > 12'",
            "dark",
            "bath.temperature > 11",
            1,
        ),
        ("dark_while = 'sun.elevation < 3'", "dark", "sun.elevation > 5", 0),
    ] {
        let house = HOUSE.replace("longitude = 5.0", &format!("longitude = 5.0\n{dark_while}"));
        let said = said_in(&house, &[one, other]);
        assert_eq!(said.len(), conflicts, "{dark_while}: {one}, {other}: {said:?}");
    }
}

#[test]
fn days_and_dates() {
    check(&[
        ("weekday", "apart", "weekend"),
        ("day is monday", "within", "weekday"),
        ("not weekday", "equal", "weekend"),
        ("date in july", "apart", "date between 15 october and 15 april"),
        ("date is 24 december", "within", "date between 15 october and 15 april"),
        ("not date in july and not date in august", "apart", "date is 31 july"),
        ("date in july", "together", "weekend"),
    ]);
}

#[test]
fn time_that_passes() {
    check(&[
        ("door is open for 5m", "within", "door is open"),
        ("door is open for 5m", "apart", "door is closed"),
        ("door is open for 10m", "within", "door is open for 5m"),
        ("door is open for 5m", "together", "not (door is open for 10m)"),
        ("door is open for 10m", "apart", "not (door is open for 5m)"),
        ("not (door is open for 5m)", "together", "door is open"),
        ("(door is open and motion) for 5m", "apart", "not motion"),
        ("door changed within 5m", "within", "door changed within 10m"),
        ("door changed within 10m", "apart", "not door changed within 1h"),
        ("door changed within 10m", "together", "motion changed within 1h"),
    ]);
}

#[test]
fn with_until_a_rule_goes_on() {
    check(&[
        ("bath.temperature > 26 | bath.temperature < 24", "together", "bath.temperature < 25"),
        ("bath.temperature > 26 | bath.temperature < 24", "apart", "bath.temperature < 24"),
        ("bath.temperature > 28", "within", "bath.temperature > 26 | bath.temperature < 24"),
        ("bath.temperature > 25", "together", "bath.temperature > 26 | bath.temperature < 24"),
        ("motion | door is open", "apart", "dark | door is closed"),
        // Both go on where neither would begin.
        ("bath.temperature < 19 | bath.temperature > 22", "together", "bath.temperature > 21 | bath.temperature < 18"),
    ]);
}

#[test]
fn the_example_is_a_case_without_what_follows() {
    let example = |rules: &[&str]| {
        let said = said(rules);
        said[0].split_once("for example while ").map(|(_, example)| example.to_owned()).unwrap_or_default()
    };
    assert_eq!(
        example(&["time between 01:00 and 05:00 and door is closed", "dark and (hall.occupied or door is open)"]),
        "time between 01:00 and 05:00 and door is closed and dark and hall.occupied"
    );
    assert_eq!(
        example(&["door is open for 2m", "bath.temperature < 15 or door is closed"]),
        "door is open for 2m and bath.temperature < 15"
    );
    assert_eq!(example(&["bath.temperature < 19", "bath.temperature < 15 or motion"]), "bath.temperature < 15");
    assert_eq!(example(&["not bath.temperature < 19", "not motion"]), "bath.temperature >= 19 and not motion");
}

#[test]
fn rules_about_an_output_of_a_climate_zone_have_no_order() {
    let rules = "[[rules]]\nname = 'a'\nwhile = 'motion'\nset = { heater = 'on' }\n\
                 [[rules]]\nname = 'b'\nwhile = 'dark'\nset = { heater = 'off' }\n";
    let loaded = parse(Path::new("c.toml"), &format!("{HOUSE}{rules}")).unwrap();
    let messages: Vec<_> = loaded.warnings.into_iter().map(|warning| warning.message).collect();
    assert!(messages.len() == 2 && messages.iter().all(|message| message.contains("no effect")), "{messages:?}");
}

/// As long as conditions may be, and made to be hard: a search through all alternatives would never end.
#[test]
fn what_is_too_long_to_search_is_given_up() {
    let numbered = |index: usize| format!("bath.pressure == {}", 300 + index);
    let any = |from: usize| (0..8).map(|index| numbered(from + index)).collect::<Vec<_>>().join(" or ");
    let sums = |from: usize| {
        let other = |index: usize| format!("living.humidity + {index} > bath.humidity * {}", from + index);
        (0..6).map(|index| format!("({} or {})", other(index), other(index + 20))).collect::<Vec<_>>().join(" and ")
    };
    let hard: Vec<String> = (0..40).map(|index| format!("({}) and {}", any(index * 8), sums(index))).collect();
    let hard: Vec<&str> = hard.iter().map(String::as_str).collect();
    assert!(hard.iter().all(|condition| condition.len() < 1000));
    assert_eq!(said(&hard), Vec::<String>::new(), "each is apart from each other, or not known to be together");
}
