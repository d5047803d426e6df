//! What `check` says of two rules and what the engine makes of them: random conditions, random lives. Rules that are ever
//! active together were not taken for rules that never are.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support {
    #![allow(dead_code, reason = "each test file uses a part of it")]
    pub mod engine_house;
}

use hearthd::{
    config,
    model::{Config, RuleId, Truth},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::{path::Path, sync::Arc, time::Duration};
use support::engine_house::House;

const HOUSE: &str = "\
[hub]
id = 'home'
latitude = 52.37
longitude = 4.89
timezone = 'Europe/Amsterdam'
[outputs.lamp]
kind = 'light'
gpio = 17
[inputs.door]
kind = 'door'
gpio = 5
[inputs.motion]
kind = 'motion'
gpio = 4
[sensors.bath]
chip = 'tmp102'
[sensors.living]
chip = 'tmp102'
address = 0x49
[rooms.hall]
motion = ['motion']
empty_after = '2m'
[modes]
list = ['home', 'away', 'night']
";

const PARTS: [&str; 44] = [
    "door is open",
    "motion",
    "hall.occupied",
    "mode is home",
    "mode is away or night",
    "mode is not night",
    "bath.temperature < 19",
    "bath.temperature >= 19",
    "bath.temperature > 20",
    "bath.temperature == 20",
    "bath.temperature between 18 and 20",
    "bath.temperature > living.temperature",
    "bath.temperature > living.temperature + 1",
    "living.temperature > bath.temperature + 1",
    "living.temperature < bath.temperature",
    "living.temperature != 20",
    "living.temperature + 1 > 20",
    "dark",
    "daylight",
    "sun.elevation < 0",
    "sun.elevation > 10",
    "time between 06:00 and 12:00",
    "time between 12:00 and 22:00",
    "time between 22:00 and 06:00",
    "time after 18:00",
    "time before 07:00",
    "time between sunset and 23:00",
    "time between 23:00 and sunrise",
    "time between sunrise - 1h and sunset + 1h",
    "time between dusk and dawn",
    "time between nautical dusk and astronomical dawn",
    "time between 06:00 and sunrise",
    "time between sunset not before 17:00 and 23:00",
    "time between 20:00 spread 1h and 23:00",
    "weekday",
    "day is saturday",
    "day between friday and monday",
    "date in june",
    "date between 15 october and 15 april",
    "date is 21 june or 21 december",
    "door changed within 1m",
    "door changed within 3m",
    "motion changed within 2m",
    "mode changed within 2m",
];

fn condition() -> impl Strategy<Value = String> {
    select(PARTS.to_vec()).prop_map(str::to_owned).prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.clone().prop_map(|part| format!("not {part}")),
            (inner, 1..4).prop_map(|(part, minutes)| format!("(({part}) for {minutes}m)")),
        ]
    })
}

/// A `while`, and sometimes an `until`.
type Rule = (String, Option<String>);

fn rule() -> impl Strategy<Value = Rule> {
    (condition(), prop::option::weighted(0.3, condition()))
}

/// The first rule sets the lamp on and the second one off. Nothing if the language has something against them.
fn house(rules: [&Rule; 2]) -> Option<(Config, Vec<String>)> {
    let mut text = HOUSE.to_owned();
    for (level, (condition, until)) in ["on", "off"].iter().zip(rules) {
        text += &format!("[[rules]]\nname = '{level}'\nwhile = '{condition}'\nset = {{ lamp = '{level}' }}\n");
        text += &until.as_ref().map(|until| format!("until = '{until}'\n")).unwrap_or_default();
    }
    let loaded = config::parse(Path::new("c.toml"), &text).ok()?;
    Some((loaded.config, loaded.warnings.into_iter().map(|warning| warning.message).collect()))
}

#[derive(Clone, Debug)]
enum Step {
    Door(bool),
    Motion(bool),
    Bath(f64),
    Living(f64),
    Mode(&'static str),
    Clock(String),
    Live(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let temperature = || select(vec![17.5, 18.0, 18.9, 19.0, 19.5, 20.0, 20.5, 21.0]);
    let clock = (1..=12, 1..=28, 0..24, 0..60).prop_map(|(month, day, hour, minute)| {
        Step::Clock(format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:00"))
    });
    // The nights on which clocks change, and the longest and the shortest days.
    let days = vec!["2026-03-29", "2026-10-25", "2026-06-21", "2026-12-21"];
    let odd_days = (select(days), 0..6, 0..60)
        .prop_map(|(day, hour, minute)| Step::Clock(format!("{day}T{:02}:{minute:02}:00", (hour + 21) % 24)));
    prop_oneof![
        1 => any::<bool>().prop_map(Step::Door),
        1 => any::<bool>().prop_map(Step::Motion),
        1 => temperature().prop_map(Step::Bath),
        1 => temperature().prop_map(Step::Living),
        1 => select(vec!["home", "away", "night"]).prop_map(Step::Mode),
        3 => clock,
        1 => odd_days,
        2 => (10..300u64).prop_map(Step::Live),
    ]
}

fn take(house: &mut House, step: &Step) {
    match step {
        Step::Door(open) => house.input("door", *open),
        Step::Motion(seen) => house.input("motion", *seen),
        Step::Bath(temperature) => house.reads("bath", *temperature),
        Step::Living(temperature) => house.reads("living", *temperature),
        Step::Mode(mode) => house.command("mode", mode),
        Step::Clock(time) => house.set_clock(time),
        Step::Live(seconds) => house.live(Duration::from_secs(*seconds)),
    };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// `PROPTEST_CASES=2000` takes longer and tries more.
    #[test]
    fn rules_that_meet_were_not_said_to_be_apart(one in rule(), other in rule(), steps in vec(step(), 1..40)) {
        let (Some((config, said)), Some((_, said_turned))) = (house([&one, &other]), house([&other, &one])) else {
            return Ok(());
        };
        let about_order = |said: &[String], what| said.iter().any(|message| message.contains(what));
        let warned = |said: &[String]| about_order(said, "\" wants lamp on") || about_order(said, "\" never has lamp off");
        let (covered, covers) = (about_order(&said, " never has "), about_order(&said_turned, " never has "));
        let mut house = House::new(Arc::new(config));
        for first in [Step::Door(false), Step::Motion(false), Step::Bath(18.0), Step::Living(18.0)] {
            take(&mut house, &first);
        }
        for step in &steps {
            take(&mut house, step);
            let [one, other] = [0, 1].map(|rule| house.engine.rule_truth(RuleId(rule)));
            if one.is_true() && other.is_true() {
                prop_assert!(warned(&said) || warned(&said_turned), "they are active together: {said:?}, {said_turned:?}");
            }
            prop_assert!(!(covered && other.is_true() && one == Truth::False), "the first does not cover the second");
            prop_assert!(!(covers && one.is_true() && other == Truth::False), "the second does not cover the first");
        }
    }
}
