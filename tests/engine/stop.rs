//! STOP of a cover: afterwards no motor runs until somebody asks.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::time::Duration;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn blind(open_ms: u64, close_ms: u64, stop_ms: u64) -> String {
    format!(
        "[outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\n\
         open_time = \"{open_ms}ms\"\nclose_time = \"{close_ms}ms\"\nstop = \"{stop_ms}ms\"\n"
    )
}

fn text(house: &House, point: &str) -> String {
    house.point(point).text().unwrap_or_default()
}

#[test]
fn between_whole_seconds_it_stands_where_it_was_stopped() {
    let mut house = House::new(from_text(&blind(20_000, 20_000, 500)));
    house.command("blind", "CLOSE");
    house.live(secs(60));
    for (after, percent) in [(700, "4"), (5_200, "30")] {
        house.command("blind", "OPEN");
        house.live(secs(1));
        house.live(ms(after) - ms(500));
        let stopped = house.command("blind", "STOP");
        assert_eq!(stopped[0], "blind.open OFF: blind does not need it now");
        assert_eq!(house.live(mins(10)), NOTHING);
        assert_eq!(text(&house, "blind"), "stopped");
        let is: i32 = text(&house, "blind.position").parse().unwrap();
        assert!((is - percent.parse::<i32>().unwrap()).abs() <= 7, "{is}");
    }
}

#[test]
fn a_button_stops_it_also_while_it_waits_to_turn_round() {
    let text_of_house = format!(
        "{}[inputs.button]\nkind = \"button\"\ngpio = 4\ntoggles = \"blind\"\n[outputs.both]\nkind = \"group\"\nmembers = [\"blind\"]\n",
        blind(20_000, 20_000, 1_000)
    );
    for by in ["TOGGLE", "STOP", "button", "group"] {
        let mut house = House::new(from_text(&text_of_house));
        house.input("button", false);
        house.command("blind", "CLOSE");
        house.live(secs(60));
        house.command("blind", "OPEN");
        house.live(secs(10));
        house.command("blind", "CLOSE");
        house.live(ms(300));
        assert!(!house.is_on("blind.open") && !house.is_on("blind.close"), "it rests before it turns round");
        match by {
            "button" => house.input("button", true),
            "group" => house.command("both", "STOP"),
            word => house.command("blind", word),
        };
        assert!(house.live(mins(10)).iter().all(|line| !line.starts_with("blind.")), "{by}");
    }
}

#[test]
fn a_rule_moves_it_again_only_when_it_asks_anew() {
    let mut house = House::new(from_text(&format!(
        "{}manual_for = \"10m\"\n[inputs.sunny]\nkind = \"contact\"\ngpio = 4\n\
         [[rules]]\nname = \"Shade\"\nwhile = \"sunny\"\nset = {{ blind = \"closed\" }}\n",
        blind(20_000, 20_000, 500)
    )));
    house.input("sunny", true);
    house.live(secs(8));
    house.command("blind", "STOP");
    assert_eq!(house.live(mins(9)), NOTHING);
    house.live(mins(2));
    assert_eq!(text(&house, "blind"), "closed", "the command is over, and the rule asks");
}

#[derive(Clone, Debug)]
enum Step {
    Command(&'static str),
    Wait(u64),
    Restart(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let words = select(vec!["OPEN", "CLOSE", "TOGGLE", "STOP", "AUTO", "30", "70", "+10", "-25", "ON", "OFF"]);
    let step = prop_oneof![
        4 => words.prop_map(Step::Command),
        4 => (0u64..30_000).prop_map(Step::Wait),
        1 => (0u64..5_000).prop_map(Step::Restart),
    ];
    vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn after_stop_no_motor_runs_until_somebody_asks(
        open in 1_000u64..60_000, close in 1_000u64..60_000, stop in 500u64..3_000, steps in steps(), by_toggle: bool,
        restart in proptest::option::of(0u64..20_000), power in any::<bool>(),
    ) {
        let mut house = House::new(from_text(&blind(open, close, stop)));
        for step in steps {
            match step {
                Step::Command(word) => drop(house.command("blind", word)),
                Step::Wait(time) => drop(house.live(ms(time))),
                Step::Restart(time) => drop(house.restart(ms(time))),
            }
        }
        let moves = house.is_on("blind.open") || house.is_on("blind.close");
        house.command("blind", if by_toggle && moves { "TOGGLE" } else { "STOP" });
        let is_on = |house: &House| house.is_on("blind.open") || house.is_on("blind.close");
        prop_assert!(!is_on(&house), "it stops at once");
        let before = house.log.len();
        let stood = house.point("blind.position").value;
        house.live(ms(1_500));
        if let Some(pause) = restart {
            if power { house.power_cut(ms(pause)) } else { house.restart(ms(pause)) };
        }
        house.live(mins(10));
        let ran = house.log[before..].iter().find(|driven| driven.output.starts_with("blind.") && driven.level.is_on());
        prop_assert_eq!(ran, None);
        prop_assert!(restart.is_some() || house.point("blind.position").value == stood);
    }
}
