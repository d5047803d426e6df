//! Covers on the broker, in the ways in which each kind of device speaks: a row for each.

use super::{
    Broker, House, Watcher, devices, fault, house, point, support::Message as Came, wait_for_value, wait_until,
};
use std::fs;

/// What a device hears and says: a topic and a payload.
type Message = (&'static str, &'static str);

struct Row {
    /// What the file says of it, after its kind.
    keys: &'static str,
    /// How it is asked where it is, if it can be.
    ask: Option<Message>,
    open: Message,
    close: Message,
    stop: Message,
    /// To 40 %.
    to_40: Message,
    /// It says that it is closed, that it moves up, that it stands at 40 %.
    is_closed: &'static [Message],
    /// None: it never says that it moves.
    is_opening: &'static [Message],
    is_at_40: &'static [Message],
    is_open: &'static [Message],
    /// What says that it is not there, and that it is again.
    gone: Message,
    back: Message,
}

const ROWS: [Row; 6] = [
    Row {
        keys: "zigbee2mqtt = \"blind\"",
        ask: None,
        open: ("zigbee2mqtt/blind/set", r#"{"state":"OPEN"}"#),
        close: ("zigbee2mqtt/blind/set", r#"{"state":"CLOSE"}"#),
        stop: ("zigbee2mqtt/blind/set", r#"{"state":"STOP"}"#),
        to_40: ("zigbee2mqtt/blind/set", r#"{"position":40}"#),
        is_closed: &[("zigbee2mqtt/blind", r#"{"linkquality":90,"position":0,"state":"CLOSE"}"#)],
        is_opening: &[],
        is_at_40: &[("zigbee2mqtt/blind", r#"{"linkquality":90,"position":40,"state":"OPEN"}"#)],
        is_open: &[("zigbee2mqtt/blind", r#"{"linkquality":90,"position":100,"state":"OPEN"}"#)],
        gone: ("zigbee2mqtt/blind/availability", r#"{"state":"offline"}"#),
        back: ("zigbee2mqtt/blind/availability", r#"{"state":"online"}"#),
    },
    Row {
        keys: "shelly = \"shellyplus2pm-a8032a\"",
        ask: Some(("shellyplus2pm-a8032a/command/cover:0", "status_update")),
        open: ("shellyplus2pm-a8032a/command/cover:0", "open"),
        close: ("shellyplus2pm-a8032a/command/cover:0", "close"),
        stop: ("shellyplus2pm-a8032a/command/cover:0", "stop"),
        to_40: (
            "shellyplus2pm-a8032a/rpc",
            r#"{"id":1,"src":"hearthd","method":"Cover.GoToPosition","params":{"id":0,"pos":40}}"#,
        ),
        is_closed: &[(
            "shellyplus2pm-a8032a/status/cover:0",
            r#"{"id":0,"source":"limit_switch","state":"closed","apower":0.0,"current_pos":0,"last_direction":"close"}"#,
        )],
        is_opening: &[(
            "shellyplus2pm-a8032a/status/cover:0",
            r#"{"id":0,"source":"MQTT","state":"opening","apower":120.5,"current_pos":10,"target_pos":40}"#,
        )],
        is_at_40: &[(
            "shellyplus2pm-a8032a/status/cover:0",
            r#"{"id":0,"source":"timeout","state":"stopped","apower":0.0,"current_pos":40,"last_direction":"open"}"#,
        )],
        is_open: &[(
            "shellyplus2pm-a8032a/status/cover:0",
            r#"{"id":0,"source":"limit_switch","state":"open","apower":0.0,"current_pos":100,"last_direction":"open"}"#,
        )],
        gone: ("shellyplus2pm-a8032a/online", "false"),
        back: ("shellyplus2pm-a8032a/online", "true"),
    },
    Row {
        keys: "shelly = \"shellyswitch25-73CDE9\"",
        ask: None,
        open: ("shellies/shellyswitch25-73CDE9/roller/0/command", "open"),
        close: ("shellies/shellyswitch25-73CDE9/roller/0/command", "close"),
        stop: ("shellies/shellyswitch25-73CDE9/roller/0/command", "stop"),
        to_40: ("shellies/shellyswitch25-73CDE9/roller/0/command/pos", "40"),
        is_closed: &[
            ("shellies/shellyswitch25-73CDE9/roller/0", "stop"),
            ("shellies/shellyswitch25-73CDE9/roller/0/pos", "0"),
        ],
        is_opening: &[("shellies/shellyswitch25-73CDE9/roller/0", "open")],
        is_at_40: &[
            ("shellies/shellyswitch25-73CDE9/roller/0", "stop"),
            ("shellies/shellyswitch25-73CDE9/roller/0/pos", "40"),
        ],
        is_open: &[
            ("shellies/shellyswitch25-73CDE9/roller/0", "stop"),
            ("shellies/shellyswitch25-73CDE9/roller/0/pos", "100"),
        ],
        gone: ("shellies/shellyswitch25-73CDE9/online", "false"),
        back: ("shellies/shellyswitch25-73CDE9/online", "true"),
    },
    Row {
        keys: "tasmota = \"blind1\"",
        ask: Some(("cmnd/blind1/Backlog", "TelePeriod")),
        open: ("cmnd/blind1/Backlog", "ShutterOpen1"),
        close: ("cmnd/blind1/Backlog", "ShutterClose1"),
        stop: ("cmnd/blind1/Backlog", "ShutterStop1"),
        to_40: ("cmnd/blind1/ShutterPosition1", "40"),
        is_closed: &[(
            "tele/blind1/SENSOR",
            r#"{"Time":"2026-11-29T08:00:00","Shutter1":{"Position":0,"Direction":0,"Target":0,"Tilt":0}}"#,
        )],
        is_opening: &[("stat/blind1/RESULT", r#"{"Shutter1":{"Position":5,"Direction":1,"Target":40,"Tilt":0}}"#)],
        is_at_40: &[("stat/blind1/RESULT", r#"{"Shutter1":{"Position":40,"Direction":0,"Target":40,"Tilt":0}}"#)],
        is_open: &[("stat/blind1/RESULT", r#"{"Shutter1":{"Position":100,"Direction":0,"Target":100,"Tilt":0}}"#)],
        gone: ("tele/blind1/LWT", "Offline"),
        back: ("tele/blind1/LWT", "Online"),
    },
    Row {
        keys: "esphome = \"attic/skylight\"",
        ask: None,
        open: ("attic/cover/skylight/command", "OPEN"),
        close: ("attic/cover/skylight/command", "CLOSE"),
        stop: ("attic/cover/skylight/command", "STOP"),
        to_40: ("attic/cover/skylight/position/command", "40"),
        is_closed: &[("attic/cover/skylight/state", "closed"), ("attic/cover/skylight/position/state", "0")],
        is_opening: &[("attic/cover/skylight/state", "opening")],
        is_at_40: &[("attic/cover/skylight/position/state", "40"), ("attic/cover/skylight/state", "open")],
        is_open: &[("attic/cover/skylight/position/state", "100"), ("attic/cover/skylight/state", "open")],
        gone: ("attic/status", "offline"),
        back: ("attic/status", "online"),
    },
    Row {
        keys: "mqtt = \"awning/set\"\non = \"UP\"\noff = \"DOWN\"\nstop_with = \"HALT\"\nstate_topic = \"awning\"\n\
               pointer = \"/s\"\nstate_on = \"up\"\nstate_off = \"down\"\nstate_opening = \"rising\"\n\
               level = '{\"at\":{}}'\nlevel_topic = \"awning/at/set\"\nlevel_max = 200\nlevel_pointer = \"/at\"\n\
               ask = \"?\"\navailability = \"awning/up\"\n",
        ask: Some(("awning/set", "?")),
        open: ("awning/set", "UP"),
        close: ("awning/set", "DOWN"),
        stop: ("awning/set", "HALT"),
        to_40: ("awning/at/set", r#"{"at":80}"#),
        is_closed: &[("awning", r#"{"s":"down","at":0}"#)],
        is_opening: &[("awning", r#"{"s":"rising","at":20}"#)],
        is_at_40: &[("awning", r#"{"s":"stopped","at":80}"#)],
        is_open: &[("awning", r#"{"s":"up","at":200}"#)],
        gone: ("awning/up", "offline"),
        back: ("awning/up", "online"),
    },
];

/// Each device in turn: asked, opened, stopped, moved to a position, closed; silent, gone and back.
#[test]
fn covers_speak_their_own_ways() {
    let broker = Broker::start();
    let device = devices(broker.port);
    let says = |messages: &[Message]| messages.iter().for_each(|(topic, payload)| device.publish(topic, *payload));
    let points: Vec<String> = ROWS
        .iter()
        .zip(0..)
        .map(|(row, number)| {
            let keys = row.keys;
            format!("[outputs.c{number}]\nkind = \"cover\"\nconfirm_within = \"5s\"\n{keys}\n")
        })
        .collect();
    let mut house = house(broker.port, &points.concat());
    house.up(&[]);
    let hears = |(topic, payload): Message| {
        wait_until(&format!("{payload} on {topic}"), || {
            device.all(topic).iter().any(|message| message.payload == payload && !message.retained)
        });
    };
    ROWS.iter().filter_map(|row| row.ask).for_each(hears);
    for (row, name) in ROWS.iter().zip((0..).map(|number| format!("c{number}"))) {
        let command = |payload: &str| {
            device.forget();
            house.console(&["set", &name, payload]);
        };
        let position = format!("{name}.position");
        wait_until(&format!("{name} is heard"), || {
            says(row.is_closed);
            house.value(&name) == "closed"
        });
        device.wait_for(&format!("hearthd/cottage/{name}/state"), "closed");
        assert_eq!(house.value(&position), "0", "{name}");

        command("OPEN");
        hears(row.open);
        if !row.is_opening.is_empty() {
            says(row.is_opening);
            wait_for_value(&house, &name, "opening");
        }
        command("STOP");
        hears(row.stop);
        command("40");
        hears(row.to_40);
        says(row.is_at_40);
        wait_for_value(&house, &position, "40");
        assert_eq!(house.value(&name), "stopped", "{name}");
        command("OPEN");
        hears(row.open);
        says(row.is_open);
        wait_for_value(&house, &name, "open");
        assert_eq!(point(&house, &name)["quality"], "good", "{name}");

        // It hears the command and stays where it is.
        command("CLOSE");
        hears(row.close);
        let text = fault(&house, &name);
        assert!(text.contains(" does not follow: it says open 5s after the command"), "{name}: {text}");
        says(row.is_closed);
        wait_until(&format!("{name} is good"), || point(&house, &name)["quality"] == "good");

        let (topic, payload) = row.gone;
        device.publish_retained(topic, payload);
        let text = fault(&house, &name);
        assert!(text.starts_with(topic), "{name}: {text}");
        let (topic, payload) = row.back;
        device.publish_retained(topic, payload);
        wait_until(&format!("{name} is back"), || point(&house, &name)["quality"] == "good");
        assert_eq!(house.value(&name), "closed", "{name}");
        // Each command once, and nothing else but what asks: whatever was published before STOP came before it.
        house.console(&["set", &name, "STOP"]);
        hears(row.stop);
        assert_eq!(sent(&device, &presses(row)), [row.close, row.stop], "{name}");
    }
    device.forget();
    assert!(house.stop());
    barrier(&device);
    let moved: Vec<_> = ROWS.iter().flat_map(presses).collect();
    assert_eq!(sent(&device, &moved), [], "the end leaves them where they are");
}

/// What makes it do something.
fn presses(row: &Row) -> [Message; 4] {
    [row.open, row.close, row.stop, row.to_40]
}

/// Of these messages, those that came, in order.
fn sent(device: &Watcher, presses: &[Message]) -> Vec<Message> {
    let is = |(topic, payload): &&Message, came: &Came| *topic == came.topic && *payload == came.payload;
    let came = device.all_of_any("");
    came.iter().filter_map(|came| presses.iter().find(|press| is(press, came)).copied()).collect()
}

/// All that the broker was given until now has come.
fn barrier(device: &Watcher) {
    device.publish("marker", "x");
    device.wait_for("marker", "x");
}

const SET: &str = "zigbee2mqtt/blind/set";
const OPEN: Message = (SET, r#"{"state":"OPEN"}"#);
const CLOSE: Message = (SET, r#"{"state":"CLOSE"}"#);
const STOP: Message = (SET, r#"{"state":"STOP"}"#);
const TO_40: Message = (SET, r#"{"position":40}"#);
const ALL: [Message; 4] = [OPEN, CLOSE, STOP, TO_40];
const GARAGE_OPEN: Message = ("garage/set", "OPEN");
const GARAGE_CLOSE: Message = ("garage/set", "CLOSE");

/// A blind of zigbee2mqtt and a garage door without positions, in a group and a scene.
const POINTS: &str = r#"
[outputs.blind]
kind = "cover"
zigbee2mqtt = "blind"
confirm_within = "5s"
[outputs.garage]
kind = "cover"
class = "garage"
mqtt = "garage/set"
state_topic = "garage"
confirm_within = "5s"
[outputs.all]
kind = "group"
members = ["blind", "garage"]
[scenes.cinema]
set = { blind = "40 %", garage = "closed" }
"#;

fn blind_says(device: &Watcher, position: u8) {
    let state = if position == 0 { "CLOSE" } else { "OPEN" };
    device.publish("zigbee2mqtt/blind", format!(r#"{{"linkquality":90,"position":{position},"state":"{state}"}}"#));
}

/// Both are heard of, in a house that may just have started.
fn are(house: &House, device: &Watcher, position: u8, garage: &str) {
    wait_until("both are heard of", || {
        blind_says(device, position);
        device.publish("garage", garage);
        house.value("blind.position") == position.to_string() && house.value("garage") == garage
    });
}

fn hears(device: &Watcher, press: Message) {
    wait_until(&format!("{press:?}"), || sent(device, &[press]).len() == 1);
}

/// Killed after it published, reloaded and moved to another broker, it tells no cover anything again.
#[test]
fn a_cover_is_told_once_whatever_comes_between() {
    let (broker, other) = (Broker::start(), Broker::start());
    let device = devices(broker.port);
    let mut house = house(broker.port, POINTS);
    house.up(&[]);
    are(&house, &device, 0, "closed");
    house.console(&["set", "all", "OPEN"]);
    [OPEN, GARAGE_OPEN].into_iter().for_each(|press| hears(&device, press));
    are(&house, &device, 100, "open");
    house.kill();
    house.up(&[]);
    assert_eq!(point(&house, "blind")["quality"], "unknown", "nobody knows what became of it meanwhile");
    are(&house, &device, 100, "open");
    assert_eq!(house.value("all"), "open", "one takes positions, the other does not");
    // What was published before comes before it.
    house.console(&["set", "blind", "STOP"]);
    hears(&device, STOP);
    barrier(&device);
    assert_eq!(sent(&device, &ALL), [OPEN, STOP]);
    assert_eq!(sent(&device, &[GARAGE_OPEN, GARAGE_CLOSE]), [GARAGE_OPEN]);

    // A reload that leaves them on their topics leaves them alone, and knows where they are.
    device.forget();
    let text = fs::read_to_string(&house.config).unwrap();
    let lamp = "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n";
    fs::write(&house.config, format!("{text}{lamp}")).unwrap();
    wait_until("the lamp is there", || house.console(&["why", "lamp"]).status.success());
    assert_eq!((house.value("blind"), house.value("garage")), ("open".into(), "open".into()));
    house.console(&["set", "blind", "STOP"]);
    hears(&device, STOP);
    barrier(&device);
    assert_eq!(sent(&device, &ALL), [STOP]);

    // On another broker they are others, of which nobody has heard; also where they say the same.
    let elsewhere = devices(other.port);
    fs::write(&house.config, text.replace(&format!(":{}\"", broker.port), &format!(":{}\"", other.port))).unwrap();
    wait_until("nothing is known of them", || point(&house, "blind")["quality"] == "unknown");
    are(&house, &elsewhere, 100, "open");
    house.console(&["set", "blind", "STOP"]);
    hears(&elsewhere, STOP);
    barrier(&elsewhere);
    assert_eq!(sent(&elsewhere, &ALL), [STOP]);
    assert_eq!(sent(&elsewhere, &[GARAGE_OPEN, GARAGE_CLOSE]), []);
    assert!(house.stop());
}

#[test]
fn covers_go_back_after_a_time_and_a_scene_moves_each_once() {
    let broker = Broker::start();
    let device = devices(broker.port);
    let mut house = house(broker.port, POINTS);
    house.up(&[]);
    are(&house, &device, 100, "open");
    let config = "homeassistant/device/hearthd_cottage/config";
    device.wait_until(config, "both covers", |config| config.contains("cover-garage"));
    let config: serde_json::Value = serde_json::from_str(&device.last(config).unwrap()).unwrap();
    let (blind, garage) = (&config["cmps"]["cover-blind"], &config["cmps"]["cover-garage"]);
    assert_eq!(blind["set_position_topic"], "hearthd/cottage/blind/position/set");
    assert_eq!((&garage["dev_cla"], &garage["set_position_topic"]), (&"garage".into(), &serde_json::Value::Null));

    house.console(&["set", "scene.cinema", "ON", "--for", "6s"]);
    [TO_40, GARAGE_CLOSE].into_iter().for_each(|press| hears(&device, press));
    are(&house, &device, 40, "closed");
    // The blind goes back. The garage door does not open because a time is over.
    hears(&device, OPEN);
    are(&house, &device, 100, "closed");
    house.console(&["set", "blind", "STOP"]);
    hears(&device, STOP);
    barrier(&device);
    assert_eq!(sent(&device, &ALL), [TO_40, OPEN, STOP]);
    assert_eq!(sent(&device, &[GARAGE_OPEN, GARAGE_CLOSE]), [GARAGE_CLOSE]);

    // One that goes the wrong way does not follow.
    device.forget();
    house.console(&["set", "garage", "OPEN"]);
    hears(&device, GARAGE_OPEN);
    device.publish("garage", "closing");
    let text = fault(&house, "garage");
    assert_eq!(text, "garage does not follow: it says closing 5s after the command");
    device.publish("garage", "opening");
    device.wait_for("hearthd/cottage/garage/state", "opening");
    wait_until("it is good", || point(&house, "garage")["quality"] == "good");
    let was_offline = device.all("hearthd/cottage/garage/availability").iter().any(|told| told.payload == "offline");
    assert!(!was_offline, "where it is, it says: it can be told again");
    assert!(house.stop());
}
