//! The MQTT adapter alone, against a real mosquitto, and against a broker of our own that misbehaves.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "mqtt/broker.rs"]
mod broker;
#[path = "mqtt/house.rs"]
mod house;

use broker::{Behaviour, FakeBroker, Mosquitto, Spy, until};
use hearthd::house::{Notification, Refused};
use hearthd::model::{Level, Quality, Value, Vital};
use house::House;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

const DISCOVERY: &str = "homeassistant/device/hearthd_cottage/config";
const AVAILABILITY: &str = "hearthd/cottage/availability";
const LAMP_SET: &str = "hearthd/cottage/lamp/set";
const LAMP_STATE: &str = "hearthd/cottage/lamp/state";
const ERROR: &str = "hearthd/cottage/error";
const LET_GO: &str = r#"{"migrate_discovery":true}"#;

#[tokio::test]
async fn everything_is_retained_at_the_broker_after_connecting() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp", "pump"]);
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    house.set("living.temperature", Value::Number(21.5));
    spy.wait_for("hearthd/cottage/living/temperature/state", "21.50").await;
    spy.wait_for("hearthd/cottage/living/temperature/availability", "online").await;

    let retained = Spy::connect(broker.port).await.retained().await;
    let topics: Vec<&str> = retained.keys().map(String::as_str).collect();
    let expected = [
        "hearthd/cottage/availability",
        "hearthd/cottage/hall_motion/availability",
        "hearthd/cottage/hall_motion/fault",
        "hearthd/cottage/hub/faults/attributes",
        "hearthd/cottage/hub/faults/state",
        "hearthd/cottage/lamp/attributes",
        "hearthd/cottage/lamp/availability",
        "hearthd/cottage/lamp/fault",
        "hearthd/cottage/lamp/state",
        "hearthd/cottage/lamp/why",
        "hearthd/cottage/living/temperature/availability",
        "hearthd/cottage/living/temperature/fault",
        "hearthd/cottage/living/temperature/state",
        "hearthd/cottage/problem",
        "hearthd/cottage/pump/attributes",
        "hearthd/cottage/pump/availability",
        "hearthd/cottage/pump/fault",
        "hearthd/cottage/pump/state",
        "hearthd/cottage/pump/why",
        DISCOVERY,
    ];
    assert_eq!(topics, expected);
    assert_eq!(retained[LAMP_STATE], "OFF");
    assert_eq!(retained["hearthd/cottage/lamp/why"], "default: nobody asks for anything");
    assert_eq!(retained["hearthd/cottage/hall_motion/availability"], "offline");
    let announced: Json = serde_json::from_str(&retained[DISCOVERY]).unwrap();
    assert_eq!(announced["cmps"]["switch-lamp"]["cmd_t"], LAMP_SET);
}

#[tokio::test]
async fn commands_arrive_as_they_were_sent_and_retained_ones_never() {
    let broker = Mosquitto::start();
    let spy = Spy::connect(broker.port).await;
    spy.publish(LAMP_SET, true, "TOGGLE").await;
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    spy.publish(LAMP_SET, false, "on ").await;
    spy.publish("hearthd/cottage/living/temperature/set", false, "1e999").await;
    assert_eq!(house.command().await, ("lamp".into(), "on ".into()));
    assert_eq!(house.command().await, ("living.temperature".into(), "1e999".into()));
}

#[tokio::test]
async fn a_broker_that_lost_its_store_is_told_everything_again() {
    let mut broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    broker.kill();
    house.disconnected().await;
    house.set("lamp", Value::Level(Level::ON));
    broker.start_again();
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    let retained = Spy::connect(broker.port).await.retained().await;
    assert_eq!(retained[LAMP_STATE], "ON", "what happened meanwhile counts");
    assert!(retained.contains_key(DISCOVERY) && retained.contains_key("hearthd/cottage/lamp/why"));
    spy.publish(LAMP_SET, false, "OFF").await;
    assert_eq!(house.command().await.1, "OFF", "it is subscribed again");
}

#[tokio::test]
async fn without_a_farewell_the_broker_says_offline() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    house.abort().await;
    spy.wait_for(AVAILABILITY, "offline").await;
    assert_eq!(Spy::connect(broker.port).await.retained().await[AVAILABILITY], "offline");
}

#[tokio::test]
async fn at_a_stop_the_last_states_come_first_and_offline_last() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    house.set("lamp", Value::Level(Level::ON));
    house.stop().await;
    let heard = spy.wait_for(AVAILABILITY, "offline").await;
    assert!(heard.iter().any(|(topic, payload)| topic == LAMP_STATE && payload == "ON"), "{heard:?}");
    let retained = Spy::connect(broker.port).await.retained().await;
    assert_eq!((&*retained[AVAILABILITY], &*retained[LAMP_STATE]), ("offline", "ON"));
    assert!(!house.status.borrow().connected);
}

#[tokio::test]
async fn a_stop_without_a_broker_is_quick() {
    let mut house = House::start(broker::free_port(), &["lamp"]);
    house.until_status("an error", |status| status.error.is_some()).await;
    house.stop().await;
}

#[tokio::test]
async fn monstrous_commands_are_answered_and_harm_nobody() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    spy.publish(LAMP_SET, false, vec![b'x'; 1 << 20]).await;
    let answer: Json = serde_json::from_str(&spy.wait_for_topic(ERROR).await).unwrap();
    let reason = "the payload has 1048576 bytes; a command has at most 64";
    assert_eq!(answer, json!({ "point": "lamp", "payload": "x".repeat(64), "reason": reason }));
    spy.publish(LAMP_SET, false, [0xc3, 0x28]).await;
    let answer: Json = serde_json::from_str(&spy.wait_for_topic(ERROR).await).unwrap();
    assert_eq!(answer, json!({ "point": "lamp", "payload": "\u{fffd}(", "reason": "the payload is not UTF-8 text" }));
    spy.publish(LAMP_SET, false, "ON").await;
    assert_eq!(house.command().await.1, "ON", "neither became a command");
    assert!(house.status.borrow().connected);
    assert!(!Spy::connect(broker.port).await.retained().await.contains_key(ERROR));
}

#[tokio::test]
async fn refusals_wait_for_a_broker() {
    let mut broker = FakeBroker::start([Behaviour::Close, Behaviour::Serve]).await;
    let mut house = House::start(broker.port, &["lamp"]);
    house.until_status("an error", |status| status.error.is_some()).await;
    for point in ["one", "two"] {
        let refused = Refused { point: point.into(), payload: "ON".into(), reason: "no such point".into() };
        house.tell(Notification::Refused(refused));
    }
    for point in ["one", "two"] {
        let answer: Json = serde_json::from_str(&broker.heard_until(ERROR).await.1).unwrap();
        assert_eq!(answer, json!({ "point": point, "payload": "ON", "reason": "no such point" }));
    }
}

#[tokio::test]
async fn ten_thousand_commands_arrive_in_order_and_states_go_out_meanwhile() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(LAMP_STATE, "OFF").await;
    for n in 0..10_000 {
        let topic = format!("hearthd/cottage/relay{}/set", n % 16);
        spy.publish(&topic, false, n.to_string()).await;
    }
    // Nobody takes the commands yet, and still:
    house.set("lamp", Value::Level(Level::ON));
    spy.wait_for(LAMP_STATE, "ON").await;
    for n in 0..10_000 {
        assert_eq!(house.command().await, (format!("relay{}", n % 16), n.to_string()));
    }
}

#[tokio::test]
async fn what_belongs_to_a_state_is_at_the_broker_before_it() {
    let broker = Mosquitto::start();
    let mut spy = Spy::connect(broker.port).await;
    let mut house = House::start(broker.port, &["lamp"]);
    let order = |heard: &[(String, String)], about: &str| -> Vec<String> {
        let leaf = |(topic, _): &(String, String)| topic.strip_prefix(about).map(String::from);
        heard.iter().filter_map(leaf).collect()
    };
    let heard = spy.wait_for(AVAILABILITY, "online").await;
    let lamp = "hearthd/cottage/lamp/";
    assert_eq!(order(&heard, lamp), ["why", "attributes", "fault", "availability", "state"]);
    house.change("lamp", |state| (state.value, state.quality) = (Some(Value::Level(Level::ON)), Quality::Fault));
    let heard = spy.wait_for(LAMP_STATE, "ON").await;
    assert_eq!(order(&heard, lamp), ["fault", "availability"], "it goes away before it shows anything new");
    house.set("lamp", Value::Level(Level::OFF));
    let heard = spy.wait_for("hearthd/cottage/lamp/availability", "online").await;
    assert_eq!(order(&heard, lamp), ["fault", "state"], "what it was before is not shown as good");
}

#[tokio::test]
async fn what_the_hub_tells_of_itself_is_at_the_broker() {
    let broker = Mosquitto::start();
    let mut spy = Spy::connect(broker.port).await;
    let mut house = House::start(broker.port, &["lamp"]);
    spy.wait_for(AVAILABILITY, "online").await;
    house.vitals(&[(Vital::Memory, "20"), (Vital::Restart, "")]);
    spy.wait_for("hearthd/cottage/hub/memory/state", "20").await;
    let retained = Spy::connect(broker.port).await.retained().await;
    assert!(retained[DISCOVERY].contains(r#""sensor-hub-memory""#) && retained[DISCOVERY].contains("hub/restart/set"));
    // What somebody else says of it is set right.
    spy.publish("hearthd/cottage/hub/memory/state", true, "99").await;
    spy.wait_for("hearthd/cottage/hub/memory/state", "99").await;
    spy.wait_for("hearthd/cottage/hub/memory/state", "20").await;
    spy.publish("hearthd/cottage/hub/restart/set", false, "PRESS").await;
    assert_eq!(house.command().await, ("hub.restart".into(), "PRESS".into()));
}

/// Half of a house that is announced in one message goes: nobody else hears anything, and nothing of it stays.
#[tokio::test]
async fn a_reload_that_deletes_half_takes_that_half_away_and_moves_nothing() {
    let broker = Mosquitto::start();
    let all: Vec<String> = (0..60).map(|n| format!("output_{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut house = House::start(broker.port, &all);
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    spy.publish("homeassistant/status", false, "online").await;
    spy.wait_for(AVAILABILITY, "online").await;
    let before = Spy::connect(broker.port).await.retained().await;
    let announced = |retained: &std::collections::BTreeMap<String, String>| -> Json {
        serde_json::from_str::<Json>(&retained[DISCOVERY]).unwrap()["cmps"].clone()
    };
    let half = &all[..30];
    house.reload(half);
    announced_as(&mut spy, "switch-output_59", Some("removed")).await;
    until("the topics of half are cleared", async {
        let mut cleared = 0;
        while cleared < 4 * 30 {
            let (topic, payload) = spy.next().await;
            let point = topic.strip_prefix("hearthd/cottage/").and_then(|rest| rest.split_once('/'));
            if let Some((point, _)) = point.filter(|(point, _)| point.starts_with("output_") && payload.is_empty()) {
                assert!(!half.contains(&point), "{topic} is still there");
                cleared += 1;
            }
        }
    })
    .await;
    announced_as(&mut spy, "switch-output_59", None).await;
    let after = Spy::connect(broker.port).await.retained().await;
    let is_gone = |topic: &str| all[30..].iter().any(|gone| topic.contains(&format!("/{gone}/")));
    let left: Vec<_> = before.iter().filter(|(topic, _)| !is_gone(topic) && *topic != DISCOVERY).collect();
    let found: Vec<_> = after.iter().filter(|(topic, _)| *topic != DISCOVERY).collect();
    assert_eq!(found, left, "the other half is as it was");
    let (before, after) = (announced(&before), announced(&after));
    let is_same = |(id, described): (&String, &Json)| before[id] == *described;
    assert!(after.as_object().unwrap().iter().all(is_same), "no entity of it is another");
    assert_eq!(after.as_object().unwrap().len(), before.as_object().unwrap().len() - 2 * 30);
}

/// Which entities Home Assistant has, by what it hears: it removes what is named by its platform alone, and all of a device
/// that is taken away; what it has let go of it keeps for who announces it next.
#[derive(Default)]
struct Registry {
    /// By id, the topic of its announcement.
    entities: BTreeMap<String, String>,
    /// The last announcement on each topic.
    payloads: BTreeMap<String, String>,
    removed: BTreeSet<String>,
    /// Announced on a topic while another had it: Home Assistant refuses it.
    twice: Vec<String>,
}

impl Registry {
    fn hear(&mut self, topic: String, payload: String) {
        if payload == LET_GO {
            self.entities.retain(|_, of| *of != topic);
        } else if payload.is_empty() {
            let gone: Vec<String> =
                self.entities.iter().filter(|(_, of)| **of == topic).map(|(id, _)| id.clone()).collect();
            gone.iter().for_each(|id| drop(self.entities.remove(id)));
            self.removed.extend(gone);
            self.payloads.remove(&topic);
            return;
        } else {
            let announced: Json = serde_json::from_str(&payload).unwrap();
            assert_eq!(announced["dev"]["ids"], json!(["hearthd_cottage"]), "{topic}");
            for (id, described) in announced["cmps"].as_object().unwrap() {
                if described.as_object().unwrap().len() > 1 {
                    let before = self.entities.insert(id.clone(), topic.clone());
                    self.twice.extend(before.filter(|before| *before != topic).map(|_| id.clone()));
                } else if self.entities.get(id) == Some(&topic) {
                    self.entities.remove(id);
                    self.removed.insert(id.clone());
                }
            }
        }
        self.payloads.insert(topic, payload);
    }

    /// Whether the broker keeps the announcements of these, and of nothing else.
    fn has_only(&self, expected: &BTreeSet<String>) -> bool {
        let said = |payload: &String| -> BTreeSet<String> {
            let announced: Json = serde_json::from_str(payload).unwrap();
            // Where it is to let go, nothing is said.
            announced["cmps"].as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect()
        };
        let all: Vec<BTreeSet<String>> = self.payloads.values().map(said).collect();
        let is_settled =
            all.iter().all(|part| !part.is_empty()) && all.iter().map(BTreeSet::len).sum::<usize>() == expected.len();
        is_settled && self.entities.keys().eq(expected)
    }
}

#[tokio::test]
async fn a_device_that_grows_and_shrinks_is_in_as_many_parts_as_it_takes() {
    let broker = Mosquitto::start();
    let all: Vec<String> = (0..300).map(|n| format!("output_{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut spy = Spy::connect(broker.port).await;
    let mut house = House::start(broker.port, &all[..2]);
    house.connected().await;
    let mut registry = Registry::default();
    let ids =
        |outputs: &[&str]| outputs.iter().flat_map(|id| [format!("switch-{id}"), format!("button-{id}")]).collect();
    let mut others = BTreeSet::new();
    let is_announcement = |topic: &str| topic.starts_with("homeassistant/device/");
    for (topic, payload) in spy.wait_for(AVAILABILITY, "online").await {
        if is_announcement(&topic) {
            registry.hear(topic, payload);
        }
    }
    others.extend(registry.entities.keys().filter(|id| !id.contains("output_")).cloned());
    spy.publish("homeassistant/status", false, "online").await;
    let mut stay = 2;
    for (count, at_least, at_most) in [(300, 4, 10), (100, 2, 4), (2, 1, 1)] {
        house.reload(&all[..count]);
        let mut expected: BTreeSet<String> = ids(&all[..count]);
        expected.extend(others.iter().cloned());
        until("Home Assistant has what is there", async {
            while !registry.has_only(&expected) {
                let (topic, payload) = spy.next().await;
                if is_announcement(&topic) {
                    registry.hear(topic, payload);
                }
            }
        })
        .await;
        let parts = registry.payloads.len();
        assert!((at_least..=at_most).contains(&parts), "{parts} parts of {count} outputs");
        assert!(registry.payloads.iter().all(|(topic, payload)| topic.len() + payload.len() < 1 << 16));
        let stayed: BTreeSet<String> = ids(&all[..stay.min(count)]);
        assert!(registry.removed.is_disjoint(&stayed), "what stays keeps its history");
        assert!(registry.removed.is_disjoint(&others));
        assert_eq!(registry.twice, [""; 0]);
        let retained = Spy::connect(broker.port).await.retained().await;
        let announced = retained.iter().filter(|(topic, _)| is_announcement(topic));
        assert!(announced.eq(&registry.payloads), "what the broker keeps is the last that was said");
        stay = count;
        registry.removed.clear();
    }
    assert_eq!(registry.payloads.keys().collect::<Vec<_>>(), [DISCOVERY]);
}

#[tokio::test]
async fn home_assistant_is_told_everything_when_it_starts() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    spy.retained().await;
    spy.publish("homeassistant/status", false, "online").await;
    let heard = spy.wait_for("hearthd/cottage/hall_motion/availability", "offline").await;
    let topics: Vec<&str> = heard.iter().map(|(topic, _)| topic.as_str()).collect();
    let place = |topic| topics.iter().position(|heard| *heard == topic).unwrap_or_else(|| panic!("{topic} {topics:?}"));
    assert!(place(DISCOVERY) < place(AVAILABILITY) && place(AVAILABILITY) < place(LAMP_STATE), "{topics:?}");
}

/// The next announcement in which a component is named as `removed`, `described`, or not at all.
async fn announced_as(spy: &mut Spy, component: &str, how: Option<&str>) {
    // Bounded as a whole: other announcements may come for ever.
    until(&format!("{component} is {how:?}"), async {
        loop {
            let announced: Json = serde_json::from_str(&spy.wait_for_topic(DISCOVERY).await).unwrap();
            let found = announced["cmps"].get(component).and_then(Json::as_object);
            if found.map(|found| if found.len() == 1 { "removed" } else { "described" }) == how {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_reload_takes_away_home_assistant_hears_when_it_starts() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp", "pump"]);
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for("hearthd/cottage/pump/state", "OFF").await;
    spy.wait_for(AVAILABILITY, "online").await;
    house.reload(&["lamp", "boiler"]);
    // First the announcement; the topics go when Home Assistant has let go of them.
    announced_as(&mut spy, "switch-pump", Some("removed")).await;
    spy.wait_for("hearthd/cottage/pump/why", "").await;
    let retained = Spy::connect(broker.port).await.retained().await;
    assert!(retained.keys().all(|topic| !topic.contains("pump")), "{:?}", retained.keys());
    assert_eq!(retained["hearthd/cottage/boiler/state"], "OFF");
    assert!(retained[DISCOVERY].contains(r#""switch-pump":{"p":"switch"}"#), "until Home Assistant was there");
    spy.publish("homeassistant/status", false, "online").await;
    for how in [Some("removed"), Some("described"), Some("removed"), None] {
        announced_as(&mut spy, "switch-pump", how).await;
    }
}

#[tokio::test]
async fn what_moves_into_a_room_is_first_let_go_of() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp", "pump"]);
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    house.reload_with_hall(&["lamp", "pump"]);
    spy.wait_for(DISCOVERY, r#"{"migrate_discovery":true}"#).await;
    let heard = spy.wait_for_topic("homeassistant/device/hearthd_cottage/hall/config").await;
    assert!(heard.contains(r#""light-lamp""#) || heard.contains(r#""switch-lamp""#), "{heard}");
    let retained = Spy::connect(broker.port).await.retained().await;
    let lamp = r#""uniq_id":"hearthd_cottage_lamp""#;
    assert!(!retained[DISCOVERY].contains(lamp) && retained[DISCOVERY].contains("switch-pump"));
    // The room is given up: its device goes, and the lamp is the hub's again.
    house.reload(&["lamp", "pump"]);
    let hall = "homeassistant/device/hearthd_cottage/hall/config";
    spy.wait_for(hall, r#"{"migrate_discovery":true}"#).await;
    let heard = spy.wait_for_topic(DISCOVERY).await;
    assert!(heard.contains(lamp), "{heard}");
    spy.wait_for(hall, "").await;
    assert!(!Spy::connect(broker.port).await.retained().await.contains_key(hall));
}

#[tokio::test]
async fn from_devices_to_single_entities_and_back_each_is_let_go_of_first() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for(AVAILABILITY, "online").await;
    let (lamp, let_go) = ("homeassistant/switch/hearthd_cottage/switch-lamp/config", r#"{"migrate_discovery":true}"#);
    house.reload_single(&["lamp"], true);
    spy.wait_for(DISCOVERY, let_go).await;
    spy.wait_for(DISCOVERY, "").await;
    let announced: Json = serde_json::from_str(&spy.wait_for_topic(lamp).await).unwrap();
    assert_eq!(announced["uniq_id"], "hearthd_cottage_lamp");
    assert_eq!(announced["dev"]["ids"], json!(["hearthd_cottage"]));
    let retained = Spy::connect(broker.port).await.retained().await;
    assert!(!retained.contains_key(DISCOVERY) && retained.contains_key(lamp));
    house.reload_single(&["lamp"], false);
    spy.wait_for(lamp, let_go).await;
    spy.wait_for(lamp, "").await;
    let announced = spy.wait_for_topic(DISCOVERY).await;
    assert!(announced.contains(r#""uniq_id":"hearthd_cottage_lamp""#), "{announced}");
    let retained = Spy::connect(broker.port).await.retained().await;
    let left: Vec<&String> = retained.keys().filter(|topic| topic.starts_with("homeassistant/")).collect();
    assert_eq!(left, [DISCOVERY]);
}

#[tokio::test]
async fn what_a_run_before_had_is_taken_away_too() {
    let broker = Mosquitto::start();
    let mut before = House::start(broker.port, &["lamp", "pump"]);
    before.connected().await;
    before.stop().await;
    let mut spy = Spy::connect(broker.port).await;
    assert!(spy.retained().await.contains_key("hearthd/cottage/pump/state"));
    let _after = House::start(broker.port, &["lamp"]);
    spy.wait_for("hearthd/cottage/pump/why", "").await;
    let retained = Spy::connect(broker.port).await.retained().await;
    assert!(retained.keys().all(|topic| !topic.contains("pump")), "{:?}", retained.keys());
    assert!(retained[DISCOVERY].contains(r#""switch-pump":{"p":"switch"}"#));
}

#[tokio::test]
async fn what_a_stranger_publishes_as_us_is_set_right() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.connected().await;
    let mut spy = Spy::connect(broker.port).await;
    for (topic, theirs, ours) in [
        (AVAILABILITY, "offline", "online"),
        (LAMP_STATE, "ON", "OFF"),
        ("hearthd/cottage/lamp/availability", "", "online"),
    ] {
        spy.publish(topic, true, theirs).await;
        spy.wait_for(topic, theirs).await;
        spy.wait_for(topic, ours).await;
        assert_eq!(Spy::connect(broker.port).await.retained().await[topic], ours);
    }
    // What was set right is not what was last said.
    house.set("lamp", Value::Level(Level::ON));
    spy.wait_for(LAMP_STATE, "ON").await;
}

#[tokio::test]
async fn a_message_too_large_to_be_read_keeps_nobody_from_commanding() {
    for (topic, size) in [(DISCOVERY, 3 << 20), (LAMP_SET, 3 << 20), ("hearthd/cottage/nobody/set", 20 << 20)] {
        let broker = Mosquitto::start();
        let mut spy = Spy::connect(broker.port).await;
        spy.publish(topic, true, vec![b'['; size]).await;
        spy.wait_for_topic(topic).await;
        let mut house = House::start(broker.port, &["lamp"]);
        house.connected().await;
        spy.publish(LAMP_SET, false, "ON").await;
        assert_eq!(house.command().await, ("lamp".into(), "ON".into()));
    }
}

#[tokio::test]
async fn a_broker_that_owes_us_answers_is_left() {
    let mut broker = FakeBroker::start([Behaviour::NeverAcknowledge, Behaviour::Serve]).await;
    let mut house = House::start(broker.port, &["lamp"]);
    let status = house.until_status("what is wrong", |status| status.error.is_some()).await;
    assert!(!status.connected && status.error.is_some_and(|error| error.contains("no PUBACK")));
    let (_, problem) = broker.heard_until("hearthd/cottage/problem").await;
    assert_eq!(problem, "none");
    let (_, problem) = broker.heard_until("hearthd/cottage/problem").await;
    assert!(problem.contains("no PUBACK"), "told on the next connection: {problem}");
    house.connected().await;
    assert_eq!(broker.heard_until("hearthd/cottage/problem").await.1, "none");
}

#[tokio::test]
async fn a_broker_that_restarts_is_not_another_client_and_found_again_soon() {
    let mut broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    for _ in 0..6 {
        house.connected().await;
        broker.kill();
        // Both threads of this test are one: only when the house has seen that nobody listens may the broker come back.
        let error = |status: &hearthd::model::BrokerStatus| status.error.clone().unwrap_or_default();
        let status = house.until_status("the loss", |status| error(status).contains("refused")).await;
        assert!(!error(&status).contains("another client"));
        broker.start_again();
    }
    house.connected().await;
}

#[tokio::test]
async fn a_broker_that_is_silent_closes_or_refuses_is_tried_until_it_is_well() {
    // After it hung up on us it is asked once whether it expects TLS.
    let broker =
        FakeBroker::start([Behaviour::Silent, Behaviour::Close, Behaviour::Close, Behaviour::Refuse, Behaviour::Serve])
            .await;
    let mut house = House::start(broker.port, &["lamp"]);
    for (attempts, reason) in [(1, "no answer within 5 s"), (2, "closed the connection"), (3, "user name")] {
        let status = house.until_status(reason, |status| status.attempts == attempts).await;
        assert!(!status.connected);
        assert!(status.error.as_ref().is_some_and(|error| error.contains(reason)), "{status:?} lacks {reason}");
    }
    house.connected().await;
    assert_eq!(*house.status.borrow(), hearthd::model::BrokerStatus { connected: true, attempts: 0, error: None });
}

#[tokio::test]
async fn another_client_with_our_id_is_suspected() {
    let thrown_out = || Behaviour::CloseAfterAccepting;
    let broker = FakeBroker::start([thrown_out(), thrown_out(), thrown_out(), Behaviour::Serve]).await;
    let mut house = House::start(broker.port, &["lamp"]);
    house
        .until_status("the suspicion", |status| {
            status.error.as_ref().is_some_and(|error| error.contains("another client seems to use the client id"))
        })
        .await;
    house.connected().await;
}

#[tokio::test]
async fn no_more_than_twenty_messages_wait_for_a_slow_broker() {
    let mut broker = FakeBroker::start([Behaviour::NeverAcknowledge]).await;
    let outputs: Vec<String> = (0..16).map(|n| format!("relay{n}")).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let _house = House::start(broker.port, &outputs);
    // A ping comes when nothing else has for a while.
    let (heard, _) = broker.heard_until("ping").await;
    assert_eq!(heard.len(), 20, "{heard:?}");
}

#[tokio::test]
async fn an_answer_that_the_broker_did_not_get_is_given_again() {
    let mut broker = FakeBroker::start([Behaviour::CloseOn(ERROR), Behaviour::Serve]).await;
    let house = House::start(broker.port, &["lamp"]);
    let refused = Refused { point: "lampe".into(), payload: "ON".into(), reason: "no such point".into() };
    house.tell(Notification::Refused(refused));
    for _ in 0..2 {
        let (_, answer) = broker.heard_until(ERROR).await;
        assert!(answer.contains("lampe"), "{answer}");
    }
}

#[tokio::test]
async fn a_sensor_in_fault_is_offline_tells_why_and_keeps_its_last_value() {
    let broker = Mosquitto::start();
    let mut house = House::start(broker.port, &["lamp"]);
    house.set("living.temperature", Value::Number(20.0));
    let mut spy = Spy::connect(broker.port).await;
    spy.wait_for("hearthd/cottage/living/temperature/availability", "online").await;
    house.change("living.temperature", |state| {
        (state.quality, state.fault) = (Quality::Fault, Some("nobody answers at 0x48".into()));
    });
    spy.wait_for("hearthd/cottage/living/temperature/availability", "offline").await;
    spy.wait_for("hearthd/cottage/hub/faults/state", "1").await;
    let retained = Spy::connect(broker.port).await.retained().await;
    assert_eq!(retained["hearthd/cottage/living/temperature/state"], "20.00");
    assert_eq!(retained["hearthd/cottage/living/temperature/fault"], "nobody answers at 0x48");
    let named: Json = serde_json::from_str(&retained["hearthd/cottage/hub/faults/attributes"]).unwrap();
    assert_eq!(named, serde_json::json!({ "faults": { "living.temperature": "nobody answers at 0x48" } }));
    house.set("living.temperature", Value::Number(21.0));
    spy.wait_for("hearthd/cottage/living/temperature/fault", "none").await;
    spy.wait_for("hearthd/cottage/hub/faults/state", "0").await;
}
