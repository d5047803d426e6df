//! MQTT 5: a whole house with a real mosquitto. Commands are answered where they ask for it, what the broker thinks of us is
//! said, and a broker that does not speak it is spoken to in 3.1.1.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "mqtt5/asker.rs"]
mod asker;
mod support;

use asker::Asker;
use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use serde_json::{Value as Json, json};
use std::{collections::BTreeSet, fs};
use support::{Broker, House, PATIENCE, Watcher, free_port, wait_until};

const ANSWERS: &str = "phone/answers";

fn config(port: u16, mqtt: &str) -> String {
    format!(
        "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n{mqtt}\n[hardware]\nbackend = \"simulated\"\n\
         [outputs.lamp]\nkind = \"light\"\npwm = 18\n[outputs.plug]\nkind = \"switch\"\nmqtt = \"plug/power\"\n\
         [sensors.hall]\nchip = \"lm75\"\naddress = 0x48\n[climate.room]\nsensor = \"hall.temperature\"\nheat = \"heater\"\ntarget = 20\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 5\n\
         [scenes.bright]\nset = {{ lamp = \"on\" }}\n"
    )
}

fn house(port: u16, mqtt: &str) -> House {
    let mut house = House::new(&config(port, mqtt));
    house.up(&[]);
    house
}

fn connected(house: &House) {
    wait_until("it is connected", || house.status()["broker"]["connected"] == true);
}

fn error(house: &House) -> String {
    house.status()["broker"]["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_command_is_answered_where_it_asks_for_it() {
    let broker = Broker::start();
    let house = house(broker.port, "");
    house.wait_for_log("by MQTT 5");
    connected(&house);
    let (asker, watcher) =
        (Asker::start(broker.port, "phone", ANSWERS), Watcher::start(broker.port, "hearthd/hut/error"));

    asker.ask("hearthd/hut/lamp/set", "ON", ANSWERS, &[0, 255, 7]);
    let answer = asker.next();
    assert_eq!((&*answer.topic, answer.retained, answer.correlation), (ANSWERS, false, Some(vec![0, 255, 7])));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    let why = answer.body["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("manual: command by MQTT"), "{why}");
    let expected = json!({ "point": "lamp", "payload": "ON", "result": "accepted", "state": "ON", "why": why });
    assert_eq!(answer.body, expected);
    assert_eq!(house.value("lamp"), "ON", "when it was answered");

    // Of each kind that is commanded; what has no value of its own has no state.
    for (point, payload, state) in [
        ("lamp/level", "40", Some("40")),
        ("room/target", "21.5", Some("21.5")),
        ("room", "AUTO", None),
        ("scene/bright", "ON", None),
        ("hub/identify", "PRESS", None),
        ("lamp", "AUTO", Some("OFF")),
    ] {
        asker.ask(&format!("hearthd/hut/{point}/set"), payload, ANSWERS, b"");
        let body = asker.next().body;
        assert_eq!(body["result"], "accepted", "{body}");
        assert_eq!(
            (&*body["point"].as_str().unwrap().replace('.', "/"), body["state"].as_str()),
            (point, state),
            "{body}"
        );
    }

    // Refused by the engine, and before any engine looks at it: in the words of PREFIX/error, which come as well.
    let long = "x".repeat(65);
    for (point, payload) in [("lamp", "MAYBE"), ("lmap", "ON"), ("room/measured", "20"), ("lamp", long.as_str())] {
        watcher.forget();
        asker.ask(&format!("hearthd/hut/{point}/set"), payload, ANSWERS, b"no");
        let answer = asker.next();
        assert_eq!((answer.correlation, &answer.body["result"]), (Some(b"no".to_vec()), &json!("refused")));
        wait_until("everybody is told", || watcher.last("hearthd/hut/error").is_some());
        let mut told: Json = serde_json::from_str(&watcher.last("hearthd/hut/error").unwrap()).unwrap();
        told["result"] = "refused".into();
        assert_eq!(answer.body, told);
    }
}

#[test]
fn each_command_of_a_storm_is_answered() {
    const COUNT: u16 = 600;
    let broker = Broker::start();
    let house = house(broker.port, "version = \"5\"");
    connected(&house);
    // Also under the prefix, where hearthd may write whatever else an access list says.
    let asker = Asker::start(broker.port, "phone", "hearthd/hut/answers/#");
    for n in 0..COUNT {
        let payload = if n % 3 == 2 { "MAYBE" } else { "TOGGLE" };
        asker.ask("hearthd/hut/lamp/set", payload, "hearthd/hut/answers/phone/1", &n.to_be_bytes());
    }
    let mut answered = BTreeSet::new();
    for _ in 0..COUNT {
        let answer = asker.next();
        let n = u16::from_be_bytes(answer.correlation.unwrap().try_into().unwrap());
        assert_eq!(answer.body["result"], if n % 3 == 2 { "refused" } else { "accepted" });
        assert!(answered.insert(n), "{n} is answered once");
    }
}

#[test]
fn an_answer_goes_nowhere_where_it_would_command() {
    let broker = Broker::start();
    let house = house(broker.port, "");
    connected(&house);
    let asker = Asker::start(broker.port, "phone", "#");
    let forbidden = [
        "hearthd/hut/lamp/set",
        "hearthd/hut/lamp/state",
        "hearthd/hut/answers/set",
        "hearthd/barn/lamp/set",
        "homeassistant/status",
        "homie/5/hut/lamp/state/set",
        "plug/power",
        "$SYS/x",
    ];
    for topic in forbidden {
        asker.ask("hearthd/hut/lamp/set", "ON", topic, b"");
    }
    asker.ask("hearthd/hut/lamp/set", "ON", ANSWERS, &[1; 129]);
    asker.ask("hearthd/hut/lamp/set", "OFF", &"x".repeat(201), b"");
    asker.ask("hearthd/hut/lamp/set", "OFF", ANSWERS, b"the last");
    loop {
        let answer = asker.next();
        assert!(answer.topic == ANSWERS || answer.body.get("result").is_none(), "{answer:?}");
        if answer.topic == ANSWERS {
            assert_eq!(answer.correlation, Some(b"the last".to_vec()));
            break;
        }
    }
    house.wait_for_log(", where a command asks for it");
    assert_eq!(house.log().matches("no answer goes to").count(), 1, "{}", house.log());
}

#[test]
fn by_3_1_1_a_command_gets_no_answer_and_works() {
    let broker = Broker::start();
    let house = house(broker.port, "version = \"3.1.1\"");
    house.wait_for_log("by MQTT 3.1.1");
    connected(&house);
    let asker = Asker::start(broker.port, "phone", "#");
    asker.ask("hearthd/hut/lamp/set", "ON", ANSWERS, b"");
    wait_until("the lamp is on", || house.value("lamp") == "ON");
    asker.ask("hearthd/hut/lamp/set", "MAYBE", ANSWERS, b"");
    let told = std::iter::repeat_with(|| asker.next()).find(|told| told.topic == "hearthd/hut/error").unwrap();
    assert_eq!(told.body["payload"], "MAYBE");
}

#[test]
fn what_we_may_not_publish_is_said_once() {
    let mut broker = Broker::reserve();
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let list = folder.path().join("acl");
    fs::write(&list, "topic read #\ntopic readwrite hearthd/hut/#\n").unwrap();
    // As root, mosquitto becomes another user, who must read it.
    for path in [folder.path(), &list] {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    broker.add_listener(&format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nacl_file {}\nmax_queued_messages 1000",
        list.display()
    ));
    broker.up();
    let house = house(port, "discovery = \"single\"");
    connected(&house);
    wait_until("it is said", || !error(&house).is_empty());
    let said = "the broker does not let us publish on homeassistant/";
    assert!(error(&house).starts_with(said) && error(&house).ends_with("allow it in the broker's access list"));
    assert!(house.ask(&["status"]).contains(&format!("connected to the broker, but {said}")));
    let watcher = Watcher::start(broker.port, "hearthd/hut/#");
    watcher.wait_until("hearthd/hut/problem", "the problem", |problem| problem.starts_with(said));
    watcher.publish("hearthd/hut/lamp/set", "ON");
    watcher.wait_for("hearthd/hut/lamp/state", "ON");
    assert_eq!(house.log().matches(said).count(), 1, "{}", house.log());
    wait_until("the device is in fault", || {
        house.ask(&["why", "plug"]).contains("the broker does not let us command it")
    });
}

#[test]
fn what_the_broker_finds_too_large_is_left_out_and_nothing_else() {
    let mut broker = Broker::reserve();
    let port = free_port();
    broker.add_listener(&format!("listener {port} 127.0.0.1\nallow_anonymous true\nmax_packet_size 2000"));
    broker.up();
    let house = house(port, "");
    house.wait_for_log("not published: the message for homeassistant/device/hearthd_hut/config has");
    connected(&house);
    assert!(house.log().contains("more than the 2000 that can be sent"), "{}", house.log());
    let watcher = Watcher::start(broker.port, "hearthd/hut/#");
    watcher.wait_for("hearthd/hut/availability", "online");
    watcher.publish("hearthd/hut/lamp/set", "ON");
    watcher.wait_for("hearthd/hut/lamp/state", "ON");
    assert!(!house.log().contains("lost the broker"), "{}", house.log());
}

#[test]
fn a_command_that_is_too_large_is_a_fault_of_its_output_and_nothing_else() {
    let mut broker = Broker::reserve();
    let port = free_port();
    broker.add_listener(&format!("listener {port} 127.0.0.1\nallow_anonymous true\nmax_packet_size 700"));
    broker.up();
    let large = format!("mqtt = \"plug/{}\"\non = \"{}\"", "x".repeat(190), "y".repeat(480));
    let mut house = House::new(&config(port, "").replace("mqtt = \"plug/power\"", &large));
    house.up(&[]);
    connected(&house);
    house.ask(&["set", "plug", "ON"]);
    let why = "the broker does not let us command it: the command is larger than the 700 bytes that it takes";
    wait_until("the plug is in fault", || house.ask(&["why", "plug"]).contains(why));
    let log = house.log();
    assert!(!log.contains("lost the broker") && !log.contains("are not reached"), "{log}");
}

/// A device with a session at the broker, which outlives its connection: what it is told when it is back.
struct Sleeper {
    port: u16,
}

impl Sleeper {
    /// Connects until `topic` tells `last`, and returns what was told before.
    fn wakes(&self, topic: &str, last: &str, then: impl FnOnce()) -> Vec<String> {
        let mut options = rumqttc::MqttOptions::new("sleeper", ("127.0.0.1", self.port));
        options.set_clean_session(false);
        let (client, mut connection) = rumqttc::Client::builder(options).capacity(10).build();
        client.subscribe(topic, rumqttc::QoS::AtLeastOnce).unwrap();
        let (mut told, mut then) = (Vec::new(), Some(then));
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let asked = clock.now().moment;
        for event in connection.iter() {
            assert!(clock.now().moment.since(asked) < PATIENCE, "waited in vain for {last}");
            match event.unwrap() {
                rumqttc::Event::Incoming(rumqttc::Packet::SubAck(_)) => then.take().into_iter().for_each(|then| then()),
                rumqttc::Event::Incoming(rumqttc::Packet::Publish(message)) => {
                    let payload = String::from_utf8_lossy(&message.payload).into_owned();
                    if payload == last {
                        break;
                    }
                    told.push(payload);
                }
                _ => {}
            }
        }
        client.try_disconnect().unwrap();
        let _ = connection.iter().find(|event| event.is_err());
        told
    }
}

#[test]
fn a_device_that_was_away_is_not_told_what_is_over() {
    for (version, expected) in [("auto", "OFF"), ("3.1.1", "OFF ON OFF")] {
        let broker = Broker::start();
        let watcher = Watcher::start(broker.port, "#");
        let sleeper = Sleeper { port: broker.port };
        sleeper.wakes("sleeper/set", "good night", || watcher.publish("sleeper/set", "good night"));
        let output = "[outputs.sleeper]\nkind = \"switch\"\nmqtt = \"sleeper/set\"\nstate_topic = \"sleeper\"\nconfirm_within = \"500ms\"\n";
        let mut house = House::new(&(config(broker.port, &format!("version = \"{version}\"")) + output));
        house.up(&[]);
        connected(&house);
        watcher.wait_for("sleeper/set", "OFF");
        watcher.publish("hearthd/hut/sleeper/set", "ON");
        watcher.wait_for("sleeper/set", "ON");
        watcher.publish("hearthd/hut/sleeper/set", "AUTO");
        watcher.wait_for("sleeper/set", "OFF");
        // Twice as long as the command is of use.
        std::thread::sleep(std::time::Duration::from_secs(2));
        let mut told = sleeper.wakes("sleeper/set", "good morning", || watcher.publish("sleeper/set", "good morning"));
        // It does not answer, and is told again and again.
        told.dedup();
        assert_eq!(told.join(" "), expected, "{version}");
    }
}
