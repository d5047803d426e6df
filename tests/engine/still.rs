//! An unknown moves no cover.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};

fn house(rules: &str) -> House {
    let mut house = House::new(from_text(&format!(
        "[outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\nopen_time = \"20s\"\nclose_time = \"20s\"\n\
         [outputs.both]\nkind = \"group\"\nmembers = [\"blind\"]\n\
         [sensors.terrace]\nchip = \"lm75\"\n[inputs.home]\nkind = \"contact\"\ngpio = 4\n{rules}"
    )));
    house.input("home", true);
    house
}

fn rule(name: &str, condition: &str, set: &str) -> String {
    format!("[[rules]]\nname = \"{name}\"\nwhile = \"{condition}\"\nset = {{ {set} }}\n")
}

#[test]
fn neither_at_a_start_nor_later() {
    for to in ["blind = \"closed\"", "blind = \"open\"", "blind = 40", "both = \"closed\""] {
        let mut house = house(&rule("Warm", "terrace.temperature > 25", to));
        assert_eq!(house.live(mins(5)), NOTHING, "{to}");
        let why = "rule: Warm (its condition is unknown: it stays where it is)";
        assert_eq!(house.why("blind"), why, "{to}");
        house.reads("terrace", 20.0);
        assert_eq!(house.live(secs(60)), NOTHING, "{to}: it is known that the rule does not apply");
        house.reads("terrace", 30.0);
        house.live(secs(60));
        let stood = house.point("blind.position").value;
        assert!(stood.is_some(), "{to}");
        assert_eq!(house.live(mins(10)), ["blind 40 %: Warm"; 0], "{to}: the sensor is lost");
        house.restart(secs(5));
        house.input("home", true);
        house.live(mins(10));
        assert_eq!(house.point("blind.position").value, stood, "{to}");
    }
}

#[test]
fn what_comes_after_an_unknown_moves_it_only_the_same_way() {
    let open = rule("Home", "home", "blind = \"open\"");
    let mut other = house(&format!("{}{open}", rule("Warm", "terrace.temperature > 25", "blind = \"closed\"")));
    assert_eq!(other.live(mins(5)), NOTHING, "it might have to be closed");
    other.reads("terrace", 20.0);
    other.live(secs(60));
    assert_eq!(other.point("blind").text().as_deref(), Some("open"));
    let mut same = house(&format!("{}{open}", rule("Cold", "terrace.temperature < 5", "blind = \"open\"")));
    same.live(secs(60));
    assert_eq!(same.point("blind").text().as_deref(), Some("open"), "in either case");
}

#[test]
fn a_hand_moves_it_still() {
    let mut house = house(&rule("Warm", "terrace.temperature > 25", "blind = \"closed\""));
    house.command("blind", "OPEN");
    house.live(secs(60));
    assert_eq!(house.point("blind").text().as_deref(), Some("open"));
    house.command("blind", "AUTO");
    assert_eq!(house.live(mins(5)), NOTHING);
}
