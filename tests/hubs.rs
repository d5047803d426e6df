//! Other hubs on one real mosquitto: two hearthds that use each other's points, and fifty.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::{Broker, House, Watcher, wait_until};

fn house(id: &str, port: u16, points: &str) -> House {
    House::new(&format!(
        "[hub]\nid = \"{id}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[hardware]\nbackend = \"simulated\"\n{points}"
    ))
}

/// A garage by itself: a door, a bell, a thermometer, a lamp with a rule of its own, and a fan.
const GARAGE: &str = r#"
[inputs.front_door]
kind = "door"
gpio = 4
[inputs.bell]
kind = "button"
gpio = 5
long_after = "10s"
[inputs.dim]
kind = "contact"
gpio = 6
[sensors.attic]
chip = "lm75"
every = "1s"
[outputs.lamp]
kind = "light"
gpio = 17
[outputs.desk]
kind = "light"
pwm = 18
transition = "0s"
[[rules]]
name = "Dusk"
while = "dim"
set = { lamp = "on" }
"#;

const COTTAGE: &str = r#"
[outputs.hall_light]
kind = "light"
gpio = 17
[inputs.hall_switch]
kind = "contact"
gpio = 4
[outputs.chime]
kind = "siren"
gpio = 27
[hubs.garage]
inputs = { front_door = "door", bell = "button" }
sensors = { attic = "temperature" }
outputs = { lamp = "light", desk = { kind = "light", levels = true } }
[[rules]]
name = "Door"
while = "garage.front_door is open"
set = { hall_light = "on" }
[[rules]]
name = "Switch"
while = "hall_switch"
set = { garage.lamp = "on", "garage.desk" = 40 }
[[rules]]
name = "Bell"
on = "garage.bell click"
do = "set chime on for 30s"
"#;

fn point(house: &House, name: &str) -> serde_json::Value {
    let why: serde_json::Value = serde_json::from_str(&house.ask(&["why", name, "--json"])).unwrap();
    why["point"].clone()
}

fn wait_for(house: &House, point: &str, value: &str) {
    wait_until(&format!("{point} is {value}"), || house.value(point) == value && is_good(house, point));
}

fn is_good(house: &House, name: &str) -> bool {
    point(house, name)["quality"] == "good"
}

/// Waits until a point cannot be believed, and returns what is wrong.
fn fault(house: &House, name: &str) -> String {
    let mut text = String::new();
    wait_until(&format!("{name} is in fault"), || {
        let point = point(house, name);
        text = point["fault"].as_str().unwrap_or_default().to_owned();
        point["quality"] == "fault"
    });
    text
}

fn wait_for_fault(house: &House, name: &str, text: &str) {
    wait_until(&format!("{name}: {text}"), || point(house, name)["fault"].as_str() == Some(text));
}

fn pair(broker: &Broker) -> (House, House) {
    let (mut garage, mut cottage) = (house("garage", broker.port, GARAGE), house("cottage", broker.port, COTTAGE));
    garage.up(&[]);
    garage.console(&["set", "front_door", "OFF"]);
    garage.console(&["set", "bell", "OFF"]);
    garage.console(&["set", "dim", "OFF"]);
    cottage.up(&[]);
    cottage.console(&["set", "hall_switch", "OFF"]);
    wait_for(&cottage, "garage.front_door", "OFF");
    wait_for(&cottage, "garage.lamp", "OFF");
    (garage, cottage)
}

#[test]
fn points_of_another_hub_are_read_and_commanded_and_given_back() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, "hearthd/#");
    let (mut garage, mut cottage) = pair(&broker);
    garage.console(&["set", "front_door", "ON"]);
    wait_for(&cottage, "garage.front_door", "ON");
    wait_for(&cottage, "hall_light", "ON");
    garage.console(&["set", "attic.temperature", "23.5"]);
    wait_for(&cottage, "garage.attic.temperature", "23.50");
    garage.console(&["set", "bell", "ON"]);
    garage.console(&["set", "bell", "OFF"]);
    wait_for(&cottage, "chime", "ON");

    // A rule here holds outputs there, and lets go of them.
    cottage.console(&["set", "hall_switch", "ON"]);
    wait_for(&garage, "lamp", "ON");
    wait_for(&garage, "desk.level", "40");
    wait_for(&cottage, "garage.lamp", "ON");
    assert!(garage.ask(&["why", "lamp"]).contains("command by cottage (MQTT)"));
    garage.console(&["set", "dim", "ON"]);
    cottage.console(&["set", "hall_switch", "OFF"]);
    wait_until("the lamp is given back", || garage.ask(&["why", "lamp"]).contains("Dusk"));
    wait_for(&garage, "desk", "OFF");
    wait_for(&cottage, "garage.lamp", "ON");
    garage.console(&["set", "dim", "OFF"]);
    wait_for(&cottage, "garage.lamp", "OFF");

    // Who stands before it has the last word, until what is asked from here becomes another.
    cottage.console(&["set", "hall_switch", "ON"]);
    wait_for(&cottage, "garage.lamp", "ON");
    garage.console(&["set", "lamp", "OFF"]);
    wait_for(&cottage, "garage.lamp", "OFF");
    assert!(cottage.ask(&["why", "garage.lamp"]).contains("garage"), "{}", cottage.ask(&["why", "garage.lamp"]));
    cottage.console(&["set", "hall_switch", "OFF"]);
    cottage.console(&["set", "hall_switch", "ON"]);
    wait_for(&garage, "lamp", "ON");

    // For a time, and from outside.
    cottage.console(&["set", "hall_switch", "OFF"]);
    wait_for(&cottage, "garage.lamp", "OFF");
    cottage.console(&["set", "garage.lamp", "ON", "--for", "10s"]);
    wait_for(&garage, "lamp", "ON");
    wait_for(&garage, "lamp", "OFF");
    assert!(garage.ask(&["why", "lamp"]).contains("default"));

    // It tells of none of them itself: who owns them does.
    let told = watcher.all_of_any("hearthd/cottage/garage");
    assert!(told.is_empty(), "{told:?}");

    // At its end, nothing stays asked for.
    cottage.console(&["set", "garage.lamp", "ON"]);
    wait_for(&garage, "lamp", "ON");
    assert!(cottage.stop());
    wait_for(&garage, "lamp", "OFF");
    // The command was one of this house: it goes on with it.
    cottage.up(&[]);
    wait_for(&garage, "lamp", "ON");
    // Killed, it takes back what nobody asks for any more when it comes again.
    cottage.kill();
    let text = std::fs::read_to_string(&cottage.config).unwrap();
    assert_eq!(garage.value("lamp"), "ON");
    cottage.up(&[]);
    cottage.console(&["auto", "garage.lamp"]);
    wait_for(&garage, "lamp", "OFF");
    // A reload that does not name it any more takes it back, too.
    cottage.console(&["set", "garage.lamp", "ON"]);
    wait_for(&garage, "lamp", "ON");
    let without = text.replace("lamp = \"light\", ", "").replace("garage.lamp = \"on\", ", "");
    std::fs::write(&cottage.config, without).unwrap();
    wait_for(&garage, "lamp", "OFF");
    assert!(garage.stop() && cottage.stop());
}

#[test]
fn each_works_alone_and_says_what_is_wrong_with_the_other() {
    let mut broker = Broker::reserve();
    let (mut garage, mut cottage) = (house("garage", broker.port, GARAGE), house("cottage", broker.port, COTTAGE));
    cottage.up(&[]);
    cottage.console(&["set", "hall_light", "ON"]);
    assert_eq!(cottage.value("hall_light"), "ON");
    // What another hub is, nobody knows.
    assert_eq!(point(&cottage, "garage.front_door")["quality"], "unknown");
    assert_eq!(point(&cottage, "garage.lamp")["quality"], "unknown");
    cottage.console(&["auto", "hall_light"]);

    broker.up();
    let nobody = "no hub garage is known at the broker: hearthd/garage/availability is empty";
    for name in ["garage.front_door", "garage.attic.temperature", "garage.lamp"] {
        wait_for_fault(&cottage, name, nobody);
    }
    cottage.wait_for_log(nobody);
    cottage.console(&["set", "hall_switch", "ON"]);

    // It comes later: what was asked of it meanwhile it is asked now.
    garage.up(&[]);
    garage.console(&["set", "front_door", "ON"]);
    wait_for(&cottage, "hall_light", "ON");
    wait_for(&garage, "lamp", "ON");
    wait_for(&cottage, "garage.lamp", "ON");
    garage.console(&["set", "attic.temperature", "20"]);
    wait_for(&cottage, "garage.attic.temperature", "20.00");

    // The broker dies and forgets everything.
    broker.kill();
    assert_eq!(cottage.value("hall_light"), "ON", "for a while, what was known counts");
    garage.console(&["set", "front_door", "OFF"]);
    garage.console(&["set", "attic.temperature", "19"]);
    broker.up();
    wait_for(&cottage, "garage.front_door", "OFF");
    wait_for(&cottage, "hall_light", "OFF");
    wait_for(&cottage, "garage.attic.temperature", "19.00");
    wait_for(&cottage, "garage.lamp", "ON");

    // Killed, its last will says so; nothing of it turns anything on.
    garage.console(&["set", "front_door", "ON"]);
    wait_for(&cottage, "hall_light", "ON");
    garage.kill();
    for name in ["garage.front_door", "garage.attic.temperature", "garage.lamp"] {
        assert_eq!(fault(&cottage, name), "the hub garage is offline");
    }
    wait_for(&cottage, "hall_light", "OFF");
    let refused = cottage.ask(&["status"]);
    assert!(refused.contains("the hub garage is offline"), "{refused}");
    garage.up(&[]);
    garage.console(&["set", "front_door", "ON"]);
    garage.console(&["set", "attic.temperature", "18"]);
    wait_for(&cottage, "hall_light", "ON");
    wait_for(&cottage, "garage.attic.temperature", "18.00");
    wait_for(&cottage, "garage.lamp", "ON");

    // It is renamed, and named as before again.
    let text = std::fs::read_to_string(&garage.config).unwrap();
    std::fs::write(&garage.config, text.replace("[inputs.front_door]", "[inputs.back_door]")).unwrap();
    wait_for_fault(&cottage, "garage.front_door", "the hub garage has no point front_door any more");
    wait_for(&cottage, "hall_light", "OFF");
    std::fs::write(&garage.config, &text).unwrap();
    garage.console(&["set", "front_door", "ON"]);
    wait_until("the door is back", || {
        garage.console(&["set", "front_door", "ON"]);
        is_good(&cottage, "garage.front_door")
    });
    wait_for(&cottage, "hall_light", "ON");
    // One that it never had.
    let text = std::fs::read_to_string(&cottage.config).unwrap();
    std::fs::write(&cottage.config, text.replace("attic = \"temperature\"", "attic = [\"temperature\", \"humidity\"]"))
        .unwrap();
    wait_for_fault(&cottage, "garage.attic.temperature", "the hub garage has no point attic.humidity");
    assert!(garage.stop() && cottage.stop());
}

#[test]
fn what_does_not_follow_is_in_fault_and_says_so() {
    let broker = Broker::start();
    let locked = GARAGE.replace("[outputs.lamp]\n", "[outputs.lamp]\nlock = true\n");
    let (mut garage, mut cottage) = (house("garage", broker.port, &locked), house("cottage", broker.port, COTTAGE));
    garage.up(&[]);
    garage.console(&["set", "lamp.lock", "ON"]);
    cottage.up(&[]);
    wait_for(&cottage, "garage.lamp", "OFF");
    cottage.console(&["set", "hall_switch", "ON"]);
    let text = fault(&cottage, "garage.lamp");
    assert_eq!(text, "hearthd/garage/lamp/state says nothing within 3s of the command");
    wait_for(&cottage, "garage.desk", "ON");
    garage.console(&["set", "lamp.lock", "OFF"]);
    // It is tried again by itself.
    wait_for(&cottage, "garage.lamp", "ON");
    wait_for(&garage, "lamp", "ON");
}

#[test]
fn hubs_that_switch_each_other_come_to_rest() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, "hearthd/+/lamp/+");
    let side = |other: &str, condition: &str| {
        format!(
            "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[hubs.{other}]\noutputs = {{ lamp = \"light\" }}\n\
             [[rules]]\nname = \"Follows\"\nwhile = \"{condition}\"\nset = {{ lamp = \"on\" }}\n"
        )
    };
    // One follows the other, which does the opposite: they would go on for ever.
    let mut one = house("one", broker.port, &side("two", "two.lamp"));
    let mut two = house("two", broker.port, &side("one", "not one.lamp"));
    one.up(&[]);
    two.up(&[]);
    let rests = |house: &House| {
        point(house, "lamp")["fault"]
            .as_str()
            .is_some_and(|text| text.contains("too often") || text.contains("more than"))
    };
    wait_until("one of them rests", || rests(&one) || rests(&two));
    watcher.publish("hearthd/x/lamp/state", "marker");
    watcher.wait_for("hearthd/x/lamp/state", "marker");
    let told = watcher.all_of_any("hearthd/one/lamp/state").len() + watcher.all_of_any("hearthd/two/lamp/state").len();
    assert!(told < 1_000, "{told}");
    // It stays so: nothing is told any more.
    let before = watcher.all_of_any("hearthd/").len();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(watcher.all_of_any("hearthd/").len() < before + 20);

    // Two that want different things of a third: the last word counts, and that is all.
    let third = house("third", broker.port, GARAGE);
    let mut third = third;
    third.up(&[]);
    let wants = |id: &str, what: &str| {
        house(
            id,
            broker.port,
            &format!(
                "[inputs.go]\nkind = \"contact\"\ngpio = 4\n[hubs.third]\noutputs = {{ lamp = \"light\" }}\n\
                 [[rules]]\nname = \"Wants\"\nwhile = \"go\"\nset = {{ third.lamp = \"{what}\" }}\n"
            ),
        )
    };
    let (mut on, mut off) = (wants("on_side", "on"), wants("off_side", "off"));
    on.up(&[]);
    off.up(&[]);
    on.console(&["set", "go", "ON"]);
    wait_for(&third, "lamp", "ON");
    off.console(&["set", "go", "ON"]);
    wait_for(&third, "lamp", "OFF");
    wait_for(&on, "third.lamp", "OFF");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(watcher.all_of_any("hearthd/third/lamp/set").len() < 10);
}

#[test]
fn fifty_hubs_on_one_broker_read_each_other() {
    const HUBS: usize = 50;
    let broker = Broker::start();
    let mut hubs: Vec<House> = (0..HUBS)
        .map(|number| {
            let next = (number + 1) % HUBS;
            house(
                &format!("hub{number}"),
                broker.port,
                &format!(
                    "[inputs.door]\nkind = \"door\"\ngpio = 4\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
                     [hubs.next]\nid = \"hub{next}\"\ninputs = {{ door = \"door\" }}\n\
                     [[rules]]\nname = \"Follows\"\nwhile = \"next.door is open\"\nset = {{ lamp = \"on\" }}\n"
                ),
            )
        })
        .collect();
    for hub in &mut hubs {
        hub.up(&[]);
        hub.console(&["set", "door", "OFF"]);
    }
    for hub in &hubs {
        wait_for(hub, "next.door", "OFF");
    }
    for hub in &hubs {
        hub.console(&["set", "door", "ON"]);
    }
    for hub in &hubs {
        wait_for(hub, "lamp", "ON");
    }
    let resident: Vec<u64> = hubs
        .iter()
        .map(|hub| {
            let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid())).unwrap();
            let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        })
        .collect();
    println!(
        "{HUBS} hubs: {} kB resident on average, {} at most",
        resident.iter().sum::<u64>() / HUBS as u64,
        resident.iter().max().unwrap()
    );
    // One dies: its neighbour alone loses anything.
    hubs[7].kill();
    assert_eq!(fault(&hubs[6], "next.door"), "the hub next is offline");
    wait_for(&hubs[6], "lamp", "OFF");
    wait_for(&hubs[7 + 1], "lamp", "ON");
    assert!(
        hubs.iter()
            .enumerate()
            .filter(|(number, _)| ![6, 7].contains(number))
            .all(|(_, hub)| is_good(hub, "next.door"))
    );
}

/// A garage with a blind that takes four seconds, and a door with one button.
const COVERS: &str = r#"
[outputs.blind]
kind = "cover"
open_gpio = 20
close_gpio = 21
open_time = "4s"
close_time = "4s"
[inputs.shut]
kind = "switch"
gpio = 22
[outputs.gate]
kind = "cover"
button_gpio = 23
closed_switch = "shut"
open_time = "2s"
close_time = "2s"
"#;

const USER: &str = r#"
[outputs.hall_light]
kind = "light"
gpio = 17
[inputs.go]
kind = "contact"
gpio = 4
[hubs.garage]
outputs = { blind = "cover", gate = { kind = "cover", class = "garage", levels = false } }
[[rules]]
name = "Day"
while = "go"
set = { garage.blind = "open" }
[[rules]]
name = "Open"
while = "garage.blind is open"
set = { hall_light = "on" }
"#;

const BLIND_SET: &str = "hearthd/garage/blind/set";

fn told(watcher: &Watcher, topic: &str) -> Vec<String> {
    let payload = |message: support::Message| message.payload;
    watcher.all(topic).into_iter().map(payload).collect()
}

/// Waits until the cottage published these and no others on the topic since it was last looked at.
fn wait_for_told(watcher: &Watcher, topic: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|command| format!("{command} by cottage")).collect();
    wait_until(&format!("{expected:?} on {topic}"), || told(watcher, topic).len() >= expected.len());
    assert_eq!(told(watcher, topic), expected);
    watcher.forget();
}

#[test]
fn covers_of_another_hub_are_moved_and_followed_and_given_back() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, "hearthd/#");
    let (mut garage, mut cottage) = (house("garage", broker.port, COVERS), house("cottage", broker.port, USER));
    garage.up(&[]);
    garage.console(&["set", "shut", "ON"]);
    cottage.up(&[]);
    cottage.console(&["set", "go", "OFF"]);
    // Where it is nobody knows there before it was at an end.
    wait_for(&cottage, "garage.blind", "stopped");
    wait_until("nobody knows where it is", || point(&cottage, "garage.blind.position")["quality"] == "unknown");
    wait_for(&cottage, "garage.gate", "closed");

    // A rule here moves it there, and is followed.
    cottage.console(&["set", "go", "ON"]);
    wait_for(&cottage, "garage.blind", "opening");
    wait_for(&cottage, "garage.blind", "open");
    wait_for(&cottage, "garage.blind.position", "100");
    wait_for(&cottage, "hall_light", "ON");
    assert!(garage.ask(&["why", "blind"]).contains("command by cottage (MQTT)"), "{}", garage.ask(&["why", "blind"]));
    wait_for_told(&watcher, BLIND_SET, &["OPEN"]);
    // By hand, here; then the rule has its way again, and then nobody.
    cottage.console(&["set", "garage.blind", "40"]);
    wait_for(&garage, "blind.position", "40");
    wait_for(&cottage, "garage.blind.position", "40");
    wait_for(&cottage, "garage.blind", "stopped");
    cottage.console(&["auto", "garage.blind"]);
    wait_for(&cottage, "garage.blind", "open");
    cottage.console(&["set", "go", "OFF"]);
    wait_for_told(&watcher, BLIND_SET, &["40", "OPEN", "AUTO"]);
    wait_until("it is given back", || !garage.ask(&["why", "blind"]).contains("command by cottage (MQTT)"));
    assert_eq!(garage.value("blind"), "open", "it stays where it is");

    // Whoever stops it there has the last word.
    cottage.console(&["set", "garage.blind", "CLOSED"]);
    wait_for(&cottage, "garage.blind", "closing");
    garage.console(&["set", "blind", "STOP"]);
    wait_for(&cottage, "garage.blind", "stopped");
    let place = garage.value("blind.position");
    wait_for(&cottage, "garage.blind.position", &place);
    assert_ne!(place, "0");
    cottage.console(&["set", "garage.blind", "CLOSED"]);
    wait_for(&cottage, "garage.blind", "closed");
    cottage.console(&["auto", "garage.blind"]);
    wait_for_told(&watcher, BLIND_SET, &["CLOSE", "CLOSE", "AUTO"]);
    cottage.console(&["set", "go", "ON"]);
    wait_for(&cottage, "garage.blind", "opening");
    garage.console(&["set", "blind", "STOP"]);
    wait_for(&cottage, "garage.blind", "stopped");
    cottage.console(&["set", "garage.gate", "OPEN"]);
    wait_for(&cottage, "garage.gate", "opening");
    garage.console(&["set", "shut", "OFF"]);
    wait_for(&cottage, "garage.gate", "open");
    assert_eq!(cottage.value("garage.blind"), "stopped", "a rule asks once");
    cottage.console(&["set", "go", "OFF"]);
    wait_for_told(&watcher, BLIND_SET, &["OPEN", "AUTO"]);

    // Its end moves nothing, and what was asked is given back when nobody asks any more.
    for end in ["stopped", "killed"] {
        cottage.console(&["set", "garage.blind", "CLOSED"]);
        wait_for(&cottage, "garage.blind", "closed");
        match end {
            "stopped" => assert!(cottage.stop()),
            _ => cottage.kill(),
        }
        wait_for_told(&watcher, BLIND_SET, &["CLOSE"]);
        assert!(garage.ask(&["why", "blind"]).contains("command by cottage (MQTT)"), "{end}");
        cottage.up(&[]);
        cottage.console(&["set", "go", "OFF"]);
        wait_for(&cottage, "garage.blind", "closed");
        cottage.console(&["auto", "garage.blind"]);
        wait_for_told(&watcher, BLIND_SET, &["AUTO"]);
        cottage.console(&["set", "garage.blind", "OPEN"]);
        wait_for(&cottage, "garage.blind", "open");
        cottage.console(&["auto", "garage.blind"]);
        wait_for_told(&watcher, BLIND_SET, &["OPEN", "AUTO"]);
    }

    // So it is when the file does not name it any more, also after a start.
    cottage.console(&["set", "garage.blind", "60"]);
    wait_for(&cottage, "garage.blind.position", "60");
    assert!(cottage.stop());
    cottage.up(&[]);
    wait_for(&cottage, "garage.blind.position", "60");
    let text = std::fs::read_to_string(&cottage.config).unwrap();
    let rules = text.find("[[rules]]").unwrap();
    std::fs::write(&cottage.config, text[..rules].replace("blind = \"cover\", ", "")).unwrap();
    wait_for_told(&watcher, BLIND_SET, &["60", "AUTO"]);
    // It tells of none of them itself: who owns them does.
    let own = watcher.all_of_any("hearthd/cottage/garage");
    assert!(own.is_empty(), "{own:?}");
    assert!(garage.stop() && cottage.stop());
}

#[test]
fn what_somebody_there_asks_meanwhile_stays_when_it_is_given_back() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, "hearthd/garage/#");
    // Rules there would have the gate open and the lamp on.
    let garage = format!(
        "{COVERS}[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[[rules]]\nname = \"Always\"\nwhile = \"not gate.lock\"\n\
         set = {{ blind = \"open\", lamp = \"on\" }}\n"
    );
    let garage = garage.replace("[outputs.gate]", "[outputs.gate]\nlock = true");
    let user = USER.replace("blind = \"cover\", ", "blind = \"cover\", lamp = \"light\", ");
    let user =
        user.replace("set = { garage.blind = \"open\" }", "set = { garage.blind = \"closed\", garage.lamp = \"off\" }");
    let (mut garage, mut cottage) = (house("garage", broker.port, &garage), house("cottage", broker.port, &user));
    garage.up(&[]);
    garage.console(&["set", "shut", "ON"]);
    wait_for(&garage, "blind", "open");
    cottage.up(&[]);
    cottage.console(&["set", "go", "ON"]);
    wait_for(&garage, "blind", "closed");
    wait_for(&garage, "lamp", "OFF");
    for by in ["a person", "nobody"] {
        if by == "a person" {
            garage.console(&["set", "blind", "30"]);
            garage.console(&["set", "lamp", "OFF"]);
            wait_for(&garage, "blind.position", "30");
            wait_for(&cottage, "garage.blind.position", "30");
        }
        watcher.forget();
        cottage.console(&["set", "go", "OFF"]);
        watcher.wait_for("hearthd/garage/lamp/set", "AUTO by cottage");
        wait_for_told(&watcher, BLIND_SET, &["AUTO"]);
        // What comes after it was understood: so was it.
        watcher.publish("hearthd/garage/gate/lock/set", "ON");
        wait_for(&garage, "gate.lock", "ON");
        let why = |point| garage.ask(&["why", point]);
        match by {
            "a person" => {
                assert!(why("blind").contains("command by the console"), "{}", why("blind"));
                assert!(why("lamp").contains("command by the console"), "{}", why("lamp"));
                assert_eq!(garage.value("blind.position"), "30");
            }
            _ => {
                assert!(!why("blind").contains("command"), "{}", why("blind"));
                assert!(!why("lamp").contains("command"), "{}", why("lamp"));
            }
        }
        garage.console(&["set", "gate.lock", "OFF"]);
        garage.console(&["auto", "blind"]);
        garage.console(&["auto", "lamp"]);
        wait_for(&garage, "blind", "open");
        wait_for(&cottage, "garage.blind", "open");
        cottage.console(&["set", "go", "ON"]);
        wait_for(&garage, "blind", "closed");
        wait_for(&garage, "lamp", "OFF");
    }
    assert!(garage.stop() && cottage.stop());
}

#[test]
fn a_cover_of_a_hub_that_is_away_is_unknown_and_is_moved_when_it_is_back() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, BLIND_SET);
    let (mut garage, mut cottage) = (house("garage", broker.port, COVERS), house("cottage", broker.port, USER));
    // Asked of nobody, it is not lost.
    cottage.up(&[]);
    cottage.console(&["set", "go", "ON"]);
    let nobody = "no hub garage is known at the broker: hearthd/garage/availability is empty";
    wait_for_fault(&cottage, "garage.blind", nobody);
    assert!(told(&watcher, BLIND_SET).is_empty());
    garage.up(&[]);
    garage.console(&["set", "shut", "ON"]);
    wait_for(&cottage, "garage.blind", "open");
    wait_for(&cottage, "hall_light", "ON");
    wait_for_told(&watcher, BLIND_SET, &["OPEN"]);
    for is_killed in [false, true] {
        match is_killed {
            true => garage.kill(),
            false => assert!(garage.stop()),
        }
        assert_eq!(fault(&cottage, "garage.blind"), "the hub garage is offline");
        wait_for(&cottage, "hall_light", "OFF");
        cottage.console(&["set", "garage.blind", "CLOSED"]);
        cottage.console(&["auto", "garage.blind"]);
        garage.up(&[]);
        garage.console(&["set", "shut", "ON"]);
        wait_until("it is there again", || is_good(&cottage, "garage.blind"));
        // What the rule asks was asked again, and nothing that was over by then.
        wait_for_told(&watcher, BLIND_SET, &["OPEN"]);
    }
    // It has none where it takes no positions.
    let text = std::fs::read_to_string(&cottage.config).unwrap();
    std::fs::write(&cottage.config, text.replace(", levels = false", "")).unwrap();
    wait_for_fault(&cottage, "garage.gate", "the hub garage has no point gate.position");
    assert!(garage.stop() && cottage.stop());
}
