//! Points on the broker take part in the house as wires do: in rooms, climate zones, filters, `for` and interlocks.

use super::{devices, house};
use crate::support::{Broker, Dice, LOOK, Watcher, wait_until};
use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use std::{thread, time::Duration};

/// A plug of Tasmota that does what it is told.
fn obeys(device: &Watcher, plug: &str, word: &str) {
    device.wait_for(&format!("cmnd/{plug}/POWER"), word);
    device.publish(&format!("stat/{plug}/POWER"), word);
}

#[test]
fn they_take_part_in_the_house_as_wires_do() {
    let broker = Broker::start();
    let device = devices(broker.port);
    let mut house = house(
        broker.port,
        r#"
[outputs.boiler]
kind = "heater"
tasmota = "boiler"
[outputs.hall_lamp]
kind = "light"
tasmota = "lamp"
[outputs.chime]
kind = "siren"
tasmota = "chime"
[inputs.hall_motion]
kind = "motion"
zigbee2mqtt = "hall"
[inputs.gate]
kind = "door"
esphome = "porch/gate"
[sensors.living]
zigbee2mqtt = "living"
quantities = ["temperature"]
[sensors.living.filter.temperature]
offset = -2
[climate.living_room]
sensor = "living.temperature"
heat = "boiler"
target = 20
[rooms.hall]
motion = ["hall_motion"]
empty_after = "1s"
[[rules]]
name = "Hall"
while = "hall is occupied"
set = { hall_lamp = "on" }
[[rules]]
name = "Gate"
while = "gate is open for 1s"
set = { chime = "on" }
"#,
    );
    house.up(&[]);
    let climate = |told: &str| device.publish("zigbee2mqtt/living", format!(r#"{{"temperature":{told}}}"#));
    let motion = |there: bool| device.publish("zigbee2mqtt/hall", format!(r#"{{"occupancy":{there}}}"#));
    let door = |word: &str| device.publish_retained("porch/binary_sensor/gate/state", word);
    for plug in ["boiler", "lamp", "chime"] {
        obeys(&device, plug, "OFF");
    }
    // A climate zone with a sensor and a heater on the broker, by way of a filter.
    wait_until("hearthd listens", || {
        climate("24.5");
        device.last("hearthd/cottage/living/temperature/state").as_deref() == Some("22.50")
    });
    climate("20");
    device.wait_for("hearthd/cottage/living_room/measured/state", "18");
    obeys(&device, "boiler", "ON");
    device.wait_for("hearthd/cottage/boiler/state", "ON");
    device.wait_for("hearthd/cottage/living_room/action/state", "heating");
    climate("24");
    obeys(&device, "boiler", "OFF");
    device.wait_for("hearthd/cottage/boiler/state", "OFF");
    // A room.
    motion(true);
    device.wait_for("hearthd/cottage/hall/occupied/state", "ON");
    obeys(&device, "lamp", "ON");
    device.wait_for("hearthd/cottage/hall_lamp/state", "ON");
    motion(false);
    device.wait_for("hearthd/cottage/hall/occupied/state", "OFF");
    obeys(&device, "lamp", "OFF");
    // `for`: it rings when the gate has been open for so long.
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let opened = clock.now().moment;
    door("ON");
    device.wait_for("hearthd/cottage/gate/state", "ON");
    device.wait_for("cmnd/chime/POWER", "ON");
    assert!(clock.now().moment.since(opened) >= Duration::from_secs(1));
    obeys(&device, "chime", "ON");
    device.wait_for("hearthd/cottage/chime/state", "ON");
    door("OFF");
    obeys(&device, "chime", "OFF");
    // Whoever speaks is there.
    device.publish("zigbee2mqtt/bridge/state", r#"{"state":"offline"}"#);
    device.wait_for("hearthd/cottage/hall_motion/availability", "offline");
    device.wait_for("hearthd/cottage/living_room/measured/state", "None");
    motion(true);
    obeys(&device, "lamp", "ON");
    assert!(house.stop());
}

/// What was published of two windings, in the order of the broker: whether one was told to go on while the other was not
/// known to be off.
fn both_on(device: &Watcher) -> Option<String> {
    let mut is_off = [false; 2];
    for message in device.all_of_any("") {
        for winding in 0..2 {
            let name = ["up", "down"][winding];
            if message.topic == format!("stat/{name}/POWER") {
                is_off[winding] = message.payload == "OFF";
            }
            if message.topic == format!("cmnd/{name}/POWER") && message.payload == "ON" {
                if !is_off[1 - winding] {
                    return Some(format!("{name} goes on"));
                }
                // From now on it may be on, whatever it said before.
                is_off[winding] = false;
            }
        }
    }
    None
}

/// Commands as a nervous hand gives them, and plugs that obey late, seldom or not at all.
#[test]
fn of_two_that_exclude_each_other_none_is_told_to_go_on_before_the_other_is_off() {
    let broker = Broker::start();
    let device = devices(broker.port);
    let mut house = house(
        broker.port,
        "[outputs.up]\nkind = \"switch\"\ntasmota = \"up\"\ninterlock = \"motor\"\ninterlock_wait = \"100ms\"\nconfirm_within = \"500ms\"\n\
         [outputs.down]\nkind = \"switch\"\ntasmota = \"down\"\ninterlock = \"motor\"\ninterlock_wait = \"100ms\"\nconfirm_within = \"500ms\"\n",
    );
    house.up(&[]);
    device.wait_for("hearthd/cottage/availability", "online");
    let mut dice = Dice(20_261_130);
    let mut answered = [0, 0];
    let mut answer = |share: u64, dice: &mut Dice| {
        for (winding, name) in ["up", "down"].into_iter().enumerate() {
            let told = device.all(&format!("cmnd/{name}/POWER"));
            for message in &told[answered[winding]..] {
                if dice.roll(100) < share {
                    device.publish(&format!("stat/{name}/POWER"), message.payload.clone());
                }
            }
            answered[winding] = told.len();
        }
    };
    for round in 0..150 {
        let name = ["up", "down"][dice.roll(2) as usize];
        device.publish(&format!("hearthd/cottage/{name}/set"), ["ON", "ON", "OFF", "AUTO"][dice.roll(4) as usize]);
        for _ in 0..dice.roll(12) {
            thread::sleep(LOOK);
            // For a while they obey, and for a while hardly.
            answer(if round / 25 % 2 == 0 { 100 } else { 40 }, &mut dice);
        }
    }
    // In the end the motor turns, for both ways were possible all the time.
    for (name, other) in [("up", "down"), ("down", "up")] {
        device.publish(&format!("hearthd/cottage/{other}/set"), "AUTO");
        device.publish(&format!("hearthd/cottage/{name}/set"), "ON");
        wait_until(&format!("{name} is on"), || {
            answer(100, &mut dice);
            device.last(&format!("hearthd/cottage/{name}/state")).as_deref() == Some("ON")
        });
    }
    let went_on =
        |name: &str| device.all(&format!("cmnd/{name}/POWER")).iter().filter(|message| message.payload == "ON").count();
    assert!(went_on("up") > 5 && went_on("down") > 5, "up {} times, down {}", went_on("up"), went_on("down"));
    assert_eq!(both_on(&device), None);
    // A plug that is stuck on keeps the other off.
    device.forget();
    device.publish("stat/down/POWER", "ON");
    device.publish("hearthd/cottage/down/set", "AUTO");
    device.wait_for("cmnd/down/POWER", "OFF");
    device.publish("stat/down/POWER", "ON");
    device.publish("hearthd/cottage/up/set", "ON");
    device.wait_for("hearthd/cottage/down/availability", "offline");
    device.wait_until("hearthd/cottage/up/why", "the interlock", |why| why.contains("interlock motor with down"));
    assert_eq!(device.all("cmnd/up/POWER").iter().filter(|message| message.payload == "ON").count(), 0);
}
