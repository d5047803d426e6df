//! What is shown by what changed, of what looks different by time alone and of what consists of others.

use crate::support::{engine_config::*, engine_house::House};

const HOUSE: &str = "[outputs.lamp]\nkind = \"light\"\npwm = 18\npower = 60\nlock = true\n\
    [outputs.heater]\nkind = \"heater\"\ngpio = 17\nslow_pwm = \"10s\"\npower = 1000\n\
    [outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\nopen_time = \"20s\"\nclose_time = \"10s\"\n\
    [outputs.all]\nkind = \"group\"\nmembers = [\"lamp\", \"heater\"]\n\
    [inputs.bell]\nkind = \"button\"\ngpio = 20\n[inputs.meter]\nkind = \"counter\"\ngpio = 21\nmeasures = \"energy\"\npulses_per_unit = 1000\n";

#[test]
fn wires_that_run_break_and_turn_and_what_consists_of_them() {
    let mut house = House::new(from_text(HOUSE));
    let live = |house: &mut House, seconds: u64| {
        for _ in 0..seconds {
            house.live(secs(1));
            house.publish();
        }
    };
    let changes = |house: &mut House| {
        let before = house.publish();
        house.live(mins(10));
        let after = house.publish();
        let names = after.changes_since(&before).map(|place| after.config.specs()[place].name.clone());
        names.collect::<Vec<_>>()
    };
    // Until the meter shows that nothing flows.
    house.live(mins(60));
    assert_eq!(changes(&mut house), [""; 0], "a house at rest changes nothing");
    for (point, payload) in [("lamp", "40"), ("blind", "CLOSE"), ("heater.level", "30"), ("lamp.lock", "ON")] {
        house.command(point, payload);
        house.publish();
        live(&mut house, 15);
    }
    let running = changes(&mut house);
    assert!(running.contains(&"lamp.energy".into()) && !running.contains(&"blind".into()), "{running:?}");
    house.break_wire("heater.wire");
    live(&mut house, 12);
    house.mend_wire("heater.wire");
    live(&mut house, 5);
    house.command("all", "OFF");
    live(&mut house, 3);
    house.input("bell", true);
    house.publish();
    house.input("bell", false);
    live(&mut house, 3);
    house.set_clock("2026-11-24T12:00:00");
    house.publish();
    live(&mut house, 3);
}
