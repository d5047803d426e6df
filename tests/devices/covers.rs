//! Covers on the broker, in the ways in which each kind of device speaks: a row for each.

use super::{Broker, devices, fault, house, point, wait_for_value, wait_until};

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
        // Each command once, and nothing else but what asks.
        let sent: Vec<_> = [row.open, row.close, row.stop, row.to_40]
            .into_iter()
            .flat_map(|(topic, payload)| {
                device.all(topic).into_iter().filter(move |message| message.payload == payload)
            })
            .collect();
        assert_eq!(sent.len(), 1, "{name}: {sent:?}");
    }
    device.forget();
    assert!(house.stop());
    let moved: Vec<_> = ROWS.iter().flat_map(|row| [row.open, row.close, row.stop, row.to_40]).collect();
    let sent: Vec<_> = moved
        .iter()
        .flat_map(|(topic, payload)| device.all(topic).into_iter().filter(move |message| message.payload == *payload))
        .collect();
    assert_eq!(sent, [], "the end leaves them where they are");
}
