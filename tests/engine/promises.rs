//! What is kept at once: what somebody was promised, and of a large house no more than of a small one.

use crate::support::{engine_config::*, engine_house::House};

#[test]
fn a_command_is_kept_in_less_than_a_kilobyte_whatever_the_size_of_the_house() {
    let mut text = String::from("[outputs.gate]\nkind = \"switch\"\ngpio = 4\nmin_off = \"2m\"\n");
    for number in 0..200 {
        text += &format!("[outputs.o{number}]\nkind = \"light\"\ngpio = \"gpiochip9/{number}\"\n");
        let (bus, address) = (10 + number / 4, 0x48 + number % 4);
        text += &format!("[sensors.s{number}]\nchip = \"tmp102\"\nbus = {bus}\naddress = {address}\n");
    }
    let mut house = House::new(from_text(&text));
    for number in 0..200 {
        house.reads(&format!("s{number}"), 20.5);
    }
    let whole = house.engine.keep(true, house.now);
    assert!(!whole.is_part());
    for (point, payload) in [("o7", "ON"), ("o7", "AUTO"), ("o8", "TOGGLE"), ("gate", "ON"), ("gate", "OFF")] {
        house.command(point, payload);
        house.reads("s3", 21.0);
        let part = house.engine.keep(false, house.now);
        let written = serde_json::to_string(&part).unwrap();
        assert!(part.is_part() && written.len() < 1_000, "{point} {payload}: {written}");
        assert!(written.contains(&format!("\"{point}\"")) && !written.contains("\"s3\""), "{written}");
    }
    let size = serde_json::to_string(&house.engine.memory(house.now)).unwrap().len();
    assert!(size > 20_000, "{size}");
}

#[test]
fn a_reload_is_kept_as_a_whole() {
    let mut house = House::new(from_text("[outputs.a]\nkind = \"light\"\ngpio = 4\n"));
    house.engine.keep(true, house.now);
    house.reconfigure(from_text("[outputs.b]\nkind = \"light\"\ngpio = 4\n"));
    assert!(!house.engine.keep(false, house.now).is_part());
    house.command("b", "ON");
    assert!(house.engine.keep(false, house.now).is_part());
}
