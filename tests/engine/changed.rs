//! `changed within`: that what is shown became another.

use crate::support::{engine_config::*, engine_house::House};

const HOUSE: &str = "[modes]\nlist = [\"home\", \"away\"]\n[outputs.lamp]\nkind = \"light\"\npwm = 18\ntransition = \"0s\"\nlock = true\n\
                     [outputs.heater]\nkind = \"heater\"\ngpio = 5\n\
                     [outputs.all]\nkind = \"group\"\nmembers = [\"lamp\", \"heater\"]\n\
                     [inputs.cold]\nkind = \"contact\"\ngpio = 4\n\
                     [outputs.a]\nkind = \"switch\"\ngpio = 6\n[outputs.b]\nkind = \"switch\"\ngpio = 7\n\
                     [outputs.c]\nkind = \"switch\"\ngpio = 8\n[outputs.d]\nkind = \"switch\"\ngpio = 9\n\
                     [[rules]]\nname = \"A\"\nwhile = \"lamp changed within 10m\"\nset = { a = \"on\" }\n\
                     [[rules]]\nname = \"B\"\nwhile = \"heater changed within 10m\"\nset = { b = \"on\" }\n\
                     [[rules]]\nname = \"C\"\nwhile = \"all changed within 10m\"\nset = { c = \"on\" }\n\
                     [[rules]]\nname = \"D\"\nwhile = \"lamp.lock changed within 10m\"\nset = { d = \"on\" }\n\
                     [[rules]]\nname = \"Heat\"\nwhile = \"cold\"\nset = { heater = \"on\" }\n";

fn on(house: &House) -> String {
    ["a", "b", "c", "d"].into_iter().filter(|id| house.is_on(id)).collect()
}

#[test]
fn a_start_is_no_change_and_a_restart_is_none() {
    let mut house = House::new(from_text(HOUSE));
    assert_eq!(on(&house), "", "nothing changed yet");
    house.input("cold", true);
    assert_eq!(on(&house), "bc");
    house.live(mins(10));
    assert_eq!(on(&house), "");
    // Its wire is claimed off, and goes on again.
    house.restart(secs(5));
    house.input("cold", true);
    assert!(house.is_on("heater"));
    assert_eq!(on(&house), "", "as before the restart");
    house.input("cold", false);
    house.live(mins(4));
    assert_eq!(on(&house), "bc");
    house.restart(mins(2));
    house.input("cold", false);
    assert_eq!(on(&house), "bc", "six minutes ago");
    house.live(mins(4));
    assert_eq!(on(&house), "");
}

#[test]
fn levels_and_locks_count() {
    let mut house = House::new(from_text(HOUSE));
    house.input("cold", false);
    house.command("lamp", "40");
    assert_eq!(on(&house), "ac");
    house.live(mins(9));
    house.command("lamp", "60");
    house.live(mins(9));
    assert_eq!(on(&house), "ac", "from 40 to 60 % nine minutes ago");
    house.command("lamp", "60");
    house.live(mins(1));
    assert_eq!(on(&house), "", "the same again is no change");
    house.command("lamp.lock", "ON");
    assert_eq!(on(&house), "d");
    house.live(mins(10));
    assert_eq!(on(&house), "");
}
