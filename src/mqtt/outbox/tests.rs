//! What is published in which order, told by a small house.

use super::*;
use crate::house::{Notice, Refused};
use crate::model::{
    Because, Carrier, Climate, Config, Cover, InputKind, Level, Method, OutputId, OutputKind, Owner, Point, PointState,
    Quality, RoomId, SensorId,
};
use crate::mqtt::discovery::Layout;
use crate::mqtt::house;
use crate::mqtt::inbox::{Heard, mark};

const DISCOVERY: &str = "homeassistant/device/hearthd_cottage/config";
const HALL: &str = "homeassistant/device/hearthd_cottage/hall/config";

/// What is kept of an output of this name.
const PUMP: [&str; 5] = ["pump/attributes", "pump/availability", "pump/fault", "pump/state", "pump/why"];

fn config(outputs: &[(&str, OutputKind)]) -> Arc<Config> {
    Arc::new(house::config(outputs))
}

fn outbox(config: &Arc<Config>) -> Outbox {
    with_record(config, Record::default())
}

fn with_record(config: &Arc<Config>, record: Record) -> Outbox {
    with_settings(&house::settings(), config, record)
}

fn with_settings(settings: &MqttSettings, config: &Arc<Config>, record: Record) -> Outbox {
    Outbox::new(settings, Arc::new(house::snapshot(config)), record, Board::default())
}

/// What an earlier run announced, as it is read.
fn earlier(outbox: &mut Outbox, config: &Config) {
    let topics = Topics::new("hearthd/cottage");
    let all = discovery::announcements(config, &topics, &Board::default(), &Layout::new(), Step::Removed);
    for (device, payload) in all {
        let earlier = discovery::read(&device, payload.as_bytes(), &topics);
        outbox.earlier_discovery(device, earlier);
    }
}

/// What is said, without the prefix; long payloads in short.
fn said(outbox: &mut Outbox) -> Vec<String> {
    let line = |message: Message| {
        assert_eq!(message.retain, message.told.is_none());
        let topic = message.topic.replace("hearthd/cottage/", "").replace("homeassistant/device/", "");
        // What they say is a subject of its own.
        if topic.ends_with("/attributes") && !message.payload.is_empty() {
            return topic;
        }
        let topic = topic.replace("hearthd_cottage/config", "discovery").replace("hearthd_cottage/", "");
        if message.payload.len() > 300 { topic } else { format!("{topic} {}", message.payload).trim_end().to_owned() }
    };
    std::iter::from_fn(|| outbox.next()).map(line).collect()
}

fn set(snapshot: &mut Snapshot, point: Point, value: Value) {
    let place = snapshot.points.iter().position(|state| state.point == point).unwrap();
    change(snapshot, place, |state| (state.value, state.quality) = (Some(value), Quality::Good));
}

fn change(snapshot: &mut Snapshot, place: usize, change: impl FnOnce(&mut PointState)) {
    let mut state = PointState::clone(&snapshot.points[place]);
    change(&mut state);
    snapshot.set(place, state);
}

fn point(config: &Config, name: &str) -> Point {
    config.find_point(name).unwrap()
}

#[test]
fn a_connection_begins_with_everything_and_online_comes_last() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let expected = [
        "discovery",
        "hall/config",
        "problem none",
        "hub/faults/attributes",
        "hub/faults/state 0",
        "lamp/why default: nobody asks for anything",
        "lamp/attributes",
        "lamp/fault none",
        "lamp/availability online",
        "lamp/state OFF",
        "hall_motion/fault nothing was heard yet",
        "hall_motion/availability offline",
        "living/temperature/fault nothing was heard yet",
        "living/temperature/availability offline",
        "hall/occupied/fault nothing was heard yet",
        "hall/occupied/availability offline",
        "availability online",
    ];
    let mut outbox = outbox(&config);
    assert_eq!(said(&mut outbox), expected);
    assert_eq!(said(&mut outbox), [""; 0], "nothing is said twice");
    outbox.start();
    assert_eq!(said(&mut outbox), expected, "the next connection begins anew");
}

#[test]
fn a_sign_of_life_says_again_that_we_are_there_and_nothing_else() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    outbox.sign_of_life();
    assert_eq!(said(&mut outbox).iter().filter(|line| line.starts_with("availability")).count(), 1, "not before all");
    outbox.sign_of_life();
    assert_eq!(said(&mut outbox), ["availability online"]);
    outbox.close(Clearing::default());
    outbox.sign_of_life();
    assert_eq!(said(&mut outbox), ["availability offline"]);
}

#[test]
fn only_differences_are_said_and_the_latest_value_wins() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    for degrees in [19.0, 20.0, 21.5] {
        set(&mut snapshot, point(&config, "living.temperature"), Value::Number(degrees));
        outbox.update(Arc::new(snapshot.clone()));
    }
    let good =
        ["living/temperature/fault none", "living/temperature/state 21.50", "living/temperature/availability online"];
    assert_eq!(said(&mut outbox), good);
    set(&mut snapshot, point(&config, "living.temperature"), Value::Number(21.501));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), [""; 0], "it reads the same");
    set(&mut snapshot, point(&config, "lamp"), Value::Level(Level::ON));
    change(&mut snapshot, 0, |state| state.explanation = Some(house::explanation("manual: command by MQTT")));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), ["lamp/why manual: command by MQTT", "lamp/attributes", "lamp/state ON"]);
    change(&mut snapshot, 0, |state| state.explanation = Some(house::explanation("manual: command by MQTT")));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), [""; 0], "the same reason made anew");
    change(&mut snapshot, 0, |state| (state.quality, state.fault) = (Quality::Fault, Some("no answer".into())));
    outbox.update(Arc::new(snapshot.clone()));
    let fault = ["lamp/fault no answer", "lamp/availability offline", "hub/faults/attributes", "hub/faults/state 1"];
    assert_eq!(said(&mut outbox), fault);
    change(&mut snapshot, 0, |state| state.fault = Some("burnt out".into()));
    outbox.update(Arc::new(snapshot));
    assert_eq!(said(&mut outbox), ["lamp/fault burnt out"], "the same points are in fault");
    outbox.sign_of_life();
    assert_eq!(said(&mut outbox), ["availability online", "hub/faults/attributes"], "and why is told in a while");
}

/// A bus that fails takes all that hangs on it along.
#[test]
fn what_is_wrong_with_many_points_the_hub_tells_once() {
    let names: Vec<String> = (0..40).map(|n| format!("lamp_{n}")).collect();
    let outputs: Vec<(&str, OutputKind)> = names.iter().map(|name| (&**name, OutputKind::Light)).collect();
    let config = config(&outputs);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    for place in 0..names.len() {
        change(&mut snapshot, place, |state| (state.quality, state.fault) = (Quality::Fault, Some("no answer".into())));
    }
    outbox.update(Arc::new(snapshot));
    let heard = said(&mut outbox);
    assert_eq!(heard.iter().filter(|line| line.ends_with("/fault no answer")).count(), names.len());
    assert_eq!(heard[2 * names.len()..], ["hub/faults/attributes", "hub/faults/state 40"]);
}

/// Each change of an attribute is a row in Home Assistant's database.
#[test]
fn attributes_stay_while_only_a_reading_in_the_reason_changes() {
    use crate::model::{Cause, Claim, ClimateId, ClimateReason, HvacAction, Slot};
    let mut house = house::config(&[("heater", OutputKind::Heater)]);
    house.climates = vec![Climate::plain("warmth", SensorId(0))];
    let config = Arc::new(house);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    let mut warm_to = |target: f64, current: f64| {
        let doing = HvacAction::Heating(target);
        let reason =
            ClimateReason { zone: ClimateId(0), doing, current: Some(current), percent: None, windows_closed: None };
        let line = format!("climate: {}", reason.describe(&config));
        let claim = Claim { level: Level::ON, cause: Cause::Climate(Arc::new(reason)) };
        let slots = vec![(Slot::Climate, claim)];
        let explanation = Explanation { winner: Slot::Climate, level: Level::ON, line, slots };
        change(&mut snapshot, 0, |state| state.explanation = Some(Arc::new(explanation)));
        outbox.update(Arc::new(snapshot.clone()));
        said(&mut outbox)
    };
    let why = |text: &str| format!("heater/why climate: warmth heating to {text}");
    assert_eq!(warm_to(21.0, 19.8), [why("21 °C (19.8 °C)"), "heater/attributes".into()]);
    assert_eq!(warm_to(21.0, 19.9), [why("21 °C (19.9 °C)")]);
    assert_eq!(warm_to(22.0, 19.9), [why("22 °C (19.9 °C)"), "heater/attributes".into()]);
}

#[test]
fn a_room_tells_its_reason_once() {
    let config = config(&[]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    let occupied = point(&config, "hall.occupied");
    let place = snapshot.points.iter().position(|state| state.point == occupied).unwrap();
    for (reason, expected) in [
        ("somebody moves", &["hall/occupied/why somebody moves", "hall/occupied/attributes"][..]),
        ("somebody moves", &[]),
    ] {
        change(&mut snapshot, place, |state| {
            state.because = Some(Because { line: reason.into(), slot: None, rule: None, until: None })
        });
        outbox.update(Arc::new(snapshot.clone()));
        assert_eq!(said(&mut outbox), expected);
    }
}

#[test]
fn a_restless_point_silences_no_other_and_not_online() {
    let config = config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let mut outbox = outbox(&config);
    let mut snapshot = house::snapshot(&config);
    let mut heard = Vec::new();
    for round in 0..40 {
        set(&mut snapshot, point(&config, "lamp"), Value::Level(Level::from_on(round % 2 == 0)));
        if round == 30 {
            let pump = snapshot.points.iter().position(|state| state.point == point(&config, "pump")).unwrap();
            change(&mut snapshot, pump, |state| (state.quality, state.fault) = (Quality::Fault, Some("lost".into())));
        }
        outbox.update(Arc::new(snapshot.clone()));
        heard.extend(outbox.next().map(|message| format!("{} {}", message.topic, message.payload)));
    }
    for said in ["pump/state ", "pump/why ", "hall_motion/availability ", "availability ", "hub/faults/state 1"] {
        let line = format!("hearthd/cottage/{said}");
        assert!(heard.iter().any(|heard| heard.starts_with(&line)), "{said} in {heard:?}");
    }
    let named = r#"hearthd/cottage/hub/faults/attributes {"faults":{"pump":"lost"}}"#;
    assert!(heard.iter().any(|heard| heard == named), "{heard:?}");
}

#[test]
fn at_a_birth_availability_comes_before_the_states() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    outbox.birth();
    let heard = said(&mut outbox);
    let why = "lamp/why default: nobody asks for anything";
    let lamp = [why, "lamp/attributes", "lamp/fault none", "lamp/availability online", "lamp/state OFF"];
    assert_eq!(heard[..3], ["discovery", "hall/config", "availability online"]);
    assert_eq!(heard[3..8], lamp);
    assert_eq!(heard.iter().filter(|line| *line == "availability online").count(), 1);
}

#[test]
fn a_birth_before_all_was_told_does_not_say_online_too_early() {
    let config = config(&[("a", OutputKind::Light), ("b", OutputKind::Light), ("c", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    while outbox.next().unwrap().topic != "hearthd/cottage/b/state" {}
    outbox.birth();
    let heard = said(&mut outbox);
    let at = |line: &str| heard.iter().position(|each| each == line).unwrap();
    assert!(at("availability online") > at("c/state OFF"));
}

/// Acknowledges everything and lets Home Assistant have its time.
fn settle(outbox: &mut Outbox) -> Vec<String> {
    assert!(outbox.has_to_clear());
    outbox.clear();
    let heard = said(outbox);
    outbox.all_acknowledged();
    assert!(!outbox.has_to_clear());
    heard
}

/// What the next announcement says of a component: nothing, `removed`, or `described`.
fn announced(outbox: &mut Outbox, component: &str) -> Option<&'static str> {
    let announced = outbox.next().unwrap();
    assert_eq!(announced.topic, DISCOVERY);
    outbox.announcements.clear();
    let announced: serde_json::Value = serde_json::from_str(&announced.payload).unwrap();
    let component = announced["cmps"].get(component)?.as_object().unwrap();
    Some(if component.len() == 1 { "removed" } else { "described" })
}

#[test]
fn what_belongs_to_a_state_is_said_before_it() {
    let mut house = house::config(&[("blind", OutputKind::Cover), ("lamp", OutputKind::Light)]);
    let travel = std::time::Duration::from_secs(20);
    let (open, close) = (OutputId(0), OutputId(0));
    house.outputs[0].method = Method::Cover(Cover { open, close, open_time: travel, close_time: travel });
    house.outputs[1].steps = Some(100);
    let config = Arc::new(house);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    for (name, value) in [
        ("blind", Value::Word("stopped".into())),
        ("blind.position", Value::Level(Level::new(30).unwrap())),
        ("lamp", Value::Level(Level::ON)),
        ("lamp.level", Value::Level(Level::new(40).unwrap())),
    ] {
        set(&mut snapshot, point(&config, name), value);
    }
    for explained in [0, 2] {
        change(&mut snapshot, explained, |state| {
            state.explanation = Some(house::explanation("manual: command by MQTT"))
        });
    }
    outbox.update(Arc::new(snapshot));
    let is_about_it = |line: &String| !line.contains("availability") && !line.contains("/fault");
    let heard: Vec<String> = said(&mut outbox).into_iter().filter(is_about_it).collect();
    let expected = [
        "blind/why manual: command by MQTT",
        "blind/attributes",
        "blind/position/state 30",
        "blind/state stopped",
        "lamp/why manual: command by MQTT",
        "lamp/attributes",
        "lamp/level/state 40",
        "lamp/state ON",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn a_difference_is_said_whole_before_anything_newer() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    let mut heard = Vec::new();
    for (round, on) in [true, false, true, false, true].into_iter().enumerate() {
        set(&mut snapshot, point(&config, "lamp"), Value::Level(Level::from_on(on)));
        change(&mut snapshot, 0, |state| state.explanation = Some(house::explanation(&format!("round {round}"))));
        outbox.update(Arc::new(snapshot.clone()));
        heard.extend(outbox.next().map(|message| message.payload));
    }
    heard.extend(std::iter::from_fn(|| outbox.next()).map(|message| message.payload));
    let why = |text: &str| {
        let text = text.to_owned();
        if text.starts_with('{') {
            text.split('"').nth(3).map(|why| format!("{{{why}}}")).unwrap_or_default()
        } else {
            text
        }
    };
    let heard: Vec<String> = heard.iter().map(|text| why(text)).collect();
    let expected = ["round 0", "{round 0}", "ON", "round 3", "{round 3}", "OFF", "round 4", "{round 4}", "ON"];
    assert_eq!(heard, expected, "each state after its own reason, and the last is the last");
}

#[test]
fn what_is_gone_is_named_until_home_assistant_was_there() {
    let before = config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let mut outbox = outbox(&before);
    said(&mut outbox);
    let after = config(&[("lamp", OutputKind::Light)]);
    outbox.update(Arc::new(house::snapshot(&after)));
    assert_eq!(announced(&mut outbox, "switch-pump"), Some("removed"));
    let heard = said(&mut outbox);
    assert!(!heard.iter().any(|line| line.contains("pump")), "not before Home Assistant has let go of it: {heard:?}");
    assert!(!heard.contains(&"availability online".into()), "we never went away");
    assert_eq!(settle(&mut outbox), PUMP);
    assert!(!outbox.has_a_step(), "nobody knows whether Home Assistant is there");

    // It starts. What it only remembers it removes when it was described.
    outbox.birth();
    for expected in [Some("removed"), Some("described"), Some("removed"), None] {
        for component in ["button-pump", "switch-pump"] {
            outbox.all_devices_due();
            assert_eq!(announced(&mut outbox, component), expected);
        }
        said(&mut outbox);
        assert_eq!(outbox.has_a_step(), expected.is_some());
        if expected.is_some() {
            outbox.next_step();
        }
    }
    assert_eq!(outbox.record().layout(), discovery::layout(&after, &Topics::new("hearthd/cottage"), &Board::default()));
}

#[test]
fn home_assistant_that_is_there_removes_it_at_once() {
    let mut outbox = outbox(&config(&[("pump", OutputKind::Switch)]));
    said(&mut outbox);
    outbox.home_assistant(true);
    outbox.update(Arc::new(house::snapshot(&config(&[]))));
    assert_eq!(announced(&mut outbox, "switch-pump"), Some("removed"));
    assert!(outbox.has_a_step());
    outbox.next_step();
    assert_eq!(announced(&mut outbox, "switch-pump"), None);
}

#[test]
fn what_is_renamed_stays_the_same_to_home_assistant_on_other_topics() {
    let before = config(&[("lamp", OutputKind::Light), ("fan", OutputKind::Fan)]);
    for is_reload in [true, false] {
        let mut after = Config::clone(&before);
        after.outputs[0].id = "light".into();
        after.rooms[0].id = "lobby".into();
        after.renamed =
            vec![(Owner::Output(OutputId(0)), vec!["lamp".into()]), (Owner::Room(RoomId(0)), vec!["hall".into()])];
        let after = Arc::new(after);
        let mut outbox = outbox(&before);
        outbox.home_assistant(true);
        said(&mut outbox);
        let layout = outbox.layout.clone();
        if is_reload {
            outbox.update(Arc::new(house::snapshot(&after)));
        } else {
            outbox = with_record(&after, outbox.record());
        }
        let mut announced: Vec<Message> = Vec::new();
        while let Some(message) = outbox.next() {
            announced.extend(Some(message).filter(|message| message.topic.ends_with("/config")));
        }
        assert_eq!(outbox.layout, layout, "no entity comes or goes");
        assert!(!outbox.has_a_step() && outbox.moving.is_empty());
        assert_eq!(announced.iter().map(|message| &*message.topic).collect::<Vec<_>>(), [DISCOVERY, HALL]);
        let hub: serde_json::Value = serde_json::from_str(&announced[0].payload).unwrap();
        let (lamp, auto) = (&hub["cmps"]["light-lamp"], &hub["cmps"]["button-lamp"]);
        assert_eq!(
            (&lamp["uniq_id"], &auto["uniq_id"]),
            (&"hearthd_cottage_lamp".into(), &"hearthd_cottage_lamp.auto".into())
        );
        assert_eq!(
            (&lamp["stat_t"], &auto["cmd_t"]),
            (&"hearthd/cottage/light/state".into(), &"hearthd/cottage/light/set".into())
        );
        let hall: serde_json::Value = serde_json::from_str(&announced[1].payload).unwrap();
        assert_eq!(hall["dev"]["ids"], serde_json::json!(["hearthd_cottage.hall"]));
        let occupied = &hall["cmps"]["binary_sensor-hall-occupied"];
        assert_eq!(occupied["stat_t"], "hearthd/cottage/lobby/occupied/state");
        outbox.clear();
        let cleared: Vec<String> = said(&mut outbox).into_iter().filter(|line| !line.contains(' ')).collect();
        for gone in ["lamp/state", "lamp/why", "hall/occupied/state", "hall/occupied/availability"] {
            assert!(cleared.iter().any(|line| line == gone), "{gone}: {cleared:?}");
        }
    }
}

#[test]
fn what_went_while_the_broker_was_away_is_cleared_when_it_is_back() {
    let mut outbox = outbox(&config(&[("pump", OutputKind::Switch)]));
    outbox.update(Arc::new(house::snapshot(&config(&[]))));
    outbox.start();
    assert_eq!(announced(&mut outbox, "switch-pump"), Some("removed"));
    said(&mut outbox);
    assert_eq!(settle(&mut outbox)[..5], PUMP);
}

/// A house whose lamp is in a room of this id.
fn lamp_in(room: &str) -> Arc<Config> {
    let mut config = house::config(&[("lamp", OutputKind::Light)]);
    config.rooms[0].id = room.into();
    config.outputs[0].room = Some(RoomId(0));
    Arc::new(config)
}

/// What is said on the topics of the discovery, as the device and how it is: `taken away`, to `let go`, or the ids of its
/// components, those that are removed with `-`, those that are described once more with `?`.
fn devices(outbox: &mut Outbox) -> Vec<(String, String)> {
    let told = std::iter::from_fn(|| outbox.next()).filter(|message| message.topic.starts_with("homeassistant/"));
    let how = |payload: &str| match payload {
        "" => "taken away".to_owned(),
        discovery::LET_GO => "let go".to_owned(),
        payload => {
            let announced: serde_json::Value = serde_json::from_str(payload).unwrap();
            let components = announced["cmps"].as_object().unwrap();
            let ids = components.iter().map(|(id, described)| match described.as_object().unwrap() {
                removed if removed.len() == 1 => format!("-{id}"),
                described if !described.contains_key("name") => format!("?{id}"),
                _ => id.clone(),
            });
            ids.collect::<Vec<_>>().join(" ")
        }
    };
    let device = |topic: &str| topic.strip_prefix("homeassistant/device/hearthd_").unwrap().replace("/config", "");
    told.map(|message| (device(&message.topic), how(&message.payload))).collect()
}

const LAMP: &str = "button-lamp light-lamp";
const OCCUPIED: &str = "binary_sensor-hall-occupied";
const REST: &str = "binary_sensor-hub-connectivity binary_sensor-hub-faults binary_sensor-hub-problem event-hub-notice \
                    event-hub-refusal sensor-living-temperature";

fn is_told(told: &[(String, String)], expected: &[(&str, &str)]) {
    let told: Vec<_> = told.iter().map(|(device, how)| (device.as_str(), how.as_str())).collect();
    assert_eq!(told, expected);
}

#[test]
fn what_moves_into_a_room_is_let_go_of_before_it_is_announced_there() {
    let before = outbox(&config(&[("lamp", OutputKind::Light)])).record();
    let after = lamp_in("hall");
    let hall = format!("binary_sensor-hall-occupied binary_sensor-hall_motion {LAMP}");
    let announced = [("cottage", REST), ("cottage/hall", &hall)];
    let mut outbox = with_record(&after, before);
    // Also if hearthd is started again meanwhile, or the connection is made anew.
    for round in 0..3 {
        assert!(said(&mut outbox)[0].starts_with(r#"discovery {"migrate_discovery":true}"#));
        assert!(outbox.begins_to_let_go() && !outbox.begins_to_let_go(), "once it is told");
        outbox.birth();
        is_told(&devices(&mut outbox), &[]);
        assert!(!outbox.has_a_step() && !outbox.has_to_clear(), "Home Assistant has its time");
        match round {
            0 => outbox = with_record(&after, outbox.record()),
            1 => outbox.start(),
            _ => {}
        }
    }
    outbox.moved();
    is_told(&devices(&mut outbox), &announced);
    assert!(!outbox.has_a_step() && outbox.record().moving.is_empty());
    assert_eq!(outbox.record().layout(), discovery::layout(&after, &Topics::new("hearthd/cottage"), &Board::default()));
    let mut outbox = with_record(&after, outbox.record());
    is_told(&devices(&mut outbox), &announced);
}

#[test]
fn without_a_record_it_is_seen_in_what_the_broker_keeps() {
    let mut outbox = outbox(&lamp_in("hall"));
    said(&mut outbox);
    earlier(&mut outbox, &house::config(&[("lamp", OutputKind::Light)]));
    is_told(&devices(&mut outbox), &[("cottage", "let go")]);
    outbox.moved();
    assert_eq!(devices(&mut outbox).len(), 2);
    earlier(&mut outbox, &lamp_in("hall"));
    is_told(&devices(&mut outbox), &[]);
}

#[test]
fn a_room_with_another_id_takes_its_things_over_and_leaves_no_device() {
    for is_there in [None, Some(true)] {
        let mut outbox = outbox(&lamp_in("hall"));
        said(&mut outbox);
        is_there.into_iter().for_each(|is_there| outbox.home_assistant(is_there));
        let after = lamp_in("entry");
        outbox.update(Arc::new(house::snapshot(&after)));
        is_told(&devices(&mut outbox), &[("cottage/hall", "let go")]);
        outbox.moved();
        let entry = format!("binary_sensor-entry-occupied binary_sensor-hall_motion {LAMP}");
        let here = [("cottage", REST), ("cottage/entry", &*entry)];
        let with_hall = |how: &str| {
            [&here[..], &[("cottage/hall", how)]]
                .concat()
                .iter()
                .map(|(device, how)| ((*device).to_owned(), (*how).to_owned()))
                .collect::<Vec<_>>()
        };
        let described = format!("?{OCCUPIED}");
        assert_eq!(devices(&mut outbox), with_hall(&described), "it was let go of, and is not removed yet");
        assert!(outbox.has_a_step());
        outbox.next_step();
        assert_eq!(devices(&mut outbox), with_hall("taken away"));
        if is_there.is_none() {
            assert!(!outbox.has_a_step(), "nobody knows whether Home Assistant has heard of it");
            outbox.birth();
            is_told(&devices(&mut outbox), &here);
            for how in [&*described, "taken away"] {
                outbox.next_step();
                assert_eq!(devices(&mut outbox), with_hall(how));
            }
        }
        assert!(outbox.has_a_step());
        outbox.next_step();
        is_told(&devices(&mut outbox), &here);
        assert_eq!(
            outbox.record().layout(),
            discovery::layout(&after, &Topics::new("hearthd/cottage"), &Board::default())
        );
        assert!(!outbox.record().topics.contains(HALL) && !outbox.has_a_step());
    }
}

#[test]
fn a_room_that_is_deleted_is_taken_away_with_all_it_had() {
    let mut outbox = outbox(&config(&[]));
    said(&mut outbox);
    outbox.home_assistant(true);
    let mut without = house::config(&[]);
    (without.rooms, without.inputs) = Default::default();
    outbox.update(Arc::new(house::snapshot(&Arc::new(without))));
    is_told(&devices(&mut outbox), &[("cottage", REST), ("cottage/hall", "taken away")]);
    outbox.next_step();
    is_told(&devices(&mut outbox), &[("cottage", REST)]);
}

#[test]
fn with_no_discovery_nothing_has_to_move() {
    let record = outbox(&config(&[("lamp", OutputKind::Light)])).record();
    let settings = MqttSettings { discovery_prefix: None, ..house::settings() };
    let mut outbox = with_settings(&settings, &lamp_in("hall"), record);
    is_told(&devices(&mut outbox), &[("cottage", "taken away"), ("cottage/hall", "taken away")]);
    assert_eq!((outbox.record().components.len(), outbox.record().moving.len()), (0, 0));
}

#[test]
fn what_comes_back_is_not_cleared() {
    let with = config(&[("pump", OutputKind::Switch)]);
    let mut outbox = outbox(&with);
    outbox.update(Arc::new(house::snapshot(&config(&[]))));
    outbox.update(Arc::new(house::snapshot(&with)));
    let announced = outbox.next().unwrap();
    assert!(!announced.payload.contains(r#"{"p":"switch"}"#), "{}", announced.payload);
    assert!(said(&mut outbox).contains(&"pump/state OFF".into()));
    assert!(!outbox.has_to_clear() && outbox.gone_components.is_empty());
}

#[test]
fn what_an_earlier_run_announced_and_is_gone_is_removed() {
    let before = house::config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let mut outbox = outbox(&config(&[("lamp", OutputKind::Light)]));
    said(&mut outbox);
    earlier(&mut outbox, &before);
    assert_eq!(announced(&mut outbox, "switch-pump"), Some("removed"));
    assert_eq!(settle(&mut outbox), PUMP);
}

#[test]
fn a_record_tells_what_is_gone_at_this_broker_and_at_another() {
    let before = outbox(&config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)])).record();
    let after = |settings: &MqttSettings| {
        let mut outbox = with_settings(settings, &config(&[("lamp", OutputKind::Light)]), before.clone());
        assert_eq!(announced(&mut outbox, "switch-pump"), Some("removed"));
        said(&mut outbox);
        outbox
    };
    assert_eq!(settle(&mut after(&house::settings())), PUMP);
    let elsewhere = MqttSettings { host: "another".into(), ..house::settings() };
    assert!(!after(&elsewhere).has_to_clear(), "what the other broker keeps, this one does not");
}

#[test]
fn under_another_prefix_the_old_topics_go_when_the_new_ones_are_announced() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let before = outbox(&config).record();
    let settings = MqttSettings { prefix: "home".into(), ..house::settings() };
    let mut outbox = with_settings(&settings, &config, before);
    let heard = said(&mut outbox);
    assert_eq!((heard[0].as_str(), heard.len()), ("discovery", said_of(&config)));
    let cleared = settle(&mut outbox);
    assert!(cleared.contains(&"lamp/state".into()) && cleared.contains(&"availability".into()), "{cleared:?}");
}

/// How many messages a connection begins with.
fn said_of(config: &Arc<Config>) -> usize {
    said(&mut outbox(config)).len()
}

#[test]
fn with_another_hub_or_no_discovery_the_old_device_goes_first() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let before = outbox(&config).record();
    let settings = MqttSettings { discovery_prefix: None, ..house::settings() };
    let mut outbox = with_settings(&settings, &config, before);
    for topic in [DISCOVERY, HALL] {
        let first = outbox.next().unwrap();
        assert_eq!((first.topic.as_str(), first.payload.as_str()), (topic, ""));
    }
}

#[test]
fn what_a_stranger_says_in_our_place_is_said_right_again() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    let hear = |outbox: &mut Outbox, topic: &str, payload: &str| {
        let topic = if topic.ends_with("/config") { topic.into() } else { format!("hearthd/cottage/{topic}") };
        outbox.heard(&Heard { topic, mark: mark(payload.as_bytes()), deleted: payload.is_empty() })
    };
    assert!(!hear(&mut outbox, "lamp/state", "ON"), "kept from before: it was not said otherwise yet");
    let all: Vec<Message> = std::iter::from_fn(|| outbox.next()).collect();
    for message in &all {
        let heard = Heard { topic: message.topic.clone(), mark: mark(message.payload.as_bytes()), deleted: false };
        assert!(!outbox.heard(&heard), "our own: {message:?}");
    }
    assert_eq!(outbox.set_right(), None);
    for (topic, payload, said_again) in [
        ("availability", "offline", "availability online"),
        ("availability", "", "availability online"),
        ("problem", "the house burns", "problem none"),
        ("lamp/state", "ON", "lamp/state OFF"),
        ("lamp/why", "magic", "lamp/why default: nobody asks for anything"),
        ("lamp/attributes", "{}", "lamp/attributes"),
        ("lamp/fault", "it burns", "lamp/fault none"),
        ("lamp/availability", "offline", "lamp/availability online"),
        ("hub/faults/state", "7", "hub/faults/state 0"),
        (DISCOVERY, "{}", "discovery"),
        (HALL, "{}", "hall/config"),
    ] {
        assert!(hear(&mut outbox, topic, payload));
        assert!(outbox.set_right().is_some());
        assert_eq!(said(&mut outbox), [said_again]);
    }
    for (topic, payload) in [(DISCOVERY, ""), ("pump/state", "ON"), ("living/temperature/state", "20")] {
        assert!(!hear(&mut outbox, topic, payload), "{topic}: deleted by Home Assistant, or nothing of ours");
    }
    // An older message of our own that comes back late is followed by the newer one.
    assert!(hear(&mut outbox, "lamp/state", "ON") && !hear(&mut outbox, "lamp/state", "OFF"));
    assert_eq!(outbox.set_right(), None);
}

#[test]
fn what_the_broker_does_not_take_for_now_is_said_again_as_it_is_then() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    for topic in ["hearthd/cottage/lamp/state", "hearthd/cottage/problem", HALL] {
        assert!(outbox.not_taken(topic.to_owned()), "{topic}");
    }
    for topic in ["hearthd/cottage/notify", "phone/answers"] {
        assert!(!outbox.not_taken(topic.to_owned()), "{topic}: whoever was there has heard nothing, and it is over");
    }
    assert!(said(&mut outbox).is_empty(), "not at once");
    outbox.say_again();
    let mut again = said(&mut outbox);
    again.sort();
    assert_eq!(again, ["hall/config", "lamp/state OFF", "problem none"]);
    outbox.say_again();
    assert!(said(&mut outbox).is_empty());
}

#[test]
fn what_the_broker_does_not_clear_for_now_is_cleared_later() {
    let mut outbox = outbox(&config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]));
    said(&mut outbox);
    outbox.update(Arc::new(house::snapshot(&config(&[("lamp", OutputKind::Light)]))));
    said(&mut outbox);
    outbox.clear();
    assert_eq!(said(&mut outbox), PUMP);
    let full = |name: &&str| format!("hearthd/cottage/{name}");
    let recorded = |outbox: &mut Outbox| -> Vec<String> {
        let record = outbox.changed_record().expect("a change to write down");
        record.topics.into_iter().filter(|topic| topic.contains("/pump/")).collect()
    };
    let refused = [PUMP[1], PUMP[2]].map(|name| full(&name));
    refused.iter().for_each(|topic| assert!(outbox.not_taken(topic.clone()), "{topic}"));
    outbox.all_acknowledged();
    assert_eq!(recorded(&mut outbox), refused);
    outbox.all_acknowledged();
    assert!(outbox.changed_record().is_none() && said(&mut outbox).is_empty(), "not at once");
    assert!(!outbox.has_to_clear(), "Home Assistant needs no more time");
    outbox.say_again();
    assert_eq!(said(&mut outbox), PUMP[1..3]);
    assert!(outbox.not_taken(refused[1].clone()));
    outbox.all_acknowledged();
    assert_eq!(recorded(&mut outbox), refused[1..]);
    outbox.say_again();
    assert_eq!(said(&mut outbox), PUMP[2..3]);
    outbox.all_acknowledged();
    assert!(recorded(&mut outbox).is_empty());
    outbox.say_again();
    assert!(said(&mut outbox).is_empty());
}

#[test]
fn a_problem_of_the_hub_is_told_until_it_is_over() {
    let mut outbox = outbox(&config(&[]));
    said(&mut outbox);
    outbox.problem(Some("no commands come".into()));
    assert_eq!(said(&mut outbox), ["problem no commands come"]);
    outbox.start();
    assert_eq!(said(&mut outbox)[2], "problem no commands come");
    outbox.problem(None);
    assert_eq!(said(&mut outbox), ["problem none"]);
}

#[test]
fn an_equal_earlier_announcement_changes_nothing() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    earlier(&mut outbox, &config);
    assert_eq!(said(&mut outbox), [""; 0]);
}

#[test]
fn refusals_are_answered_as_json_and_the_oldest_give_way() {
    let mut outbox = outbox(&config(&[]));
    said(&mut outbox);
    let refused = |n: usize| {
        Notification::Refused(Refused {
            point: format!("p{n}"),
            payload: "\"\n".into(),
            reason: "no such point".into(),
        })
    };
    (0..=TOLD).for_each(|n| outbox.tell(refused(n)));
    outbox.tell_again(Told::All(refused(9_999)));
    let first = outbox.next().unwrap();
    assert_eq!((first.topic.as_str(), first.retain), ("hearthd/cottage/error", false));
    assert_eq!(first.payload, r#"{"point":"p1","payload":"\"\n","reason":"no such point"}"#);
    outbox.tell_again(first.told.unwrap());
    let answers: Vec<_> = std::iter::from_fn(|| outbox.next()).filter_map(|message| message.told).collect();
    assert_eq!(answers.len(), TOLD);
    let all = |n| Told::All(refused(n));
    assert_eq!((&answers[0], &answers[TOLD - 1]), (&all(1), &all(TOLD)));
}

#[test]
fn an_answer_goes_to_whoever_asked_and_nowhere_else() {
    use super::super::reply::{Answer, ReplyTo};
    let mut outbox = outbox(&config(&[]));
    said(&mut outbox);
    let answer = |topic: &str| Answer { to: ReplyTo::new(topic.into(), Some(b"7".to_vec())), payload: "{}".into() };
    outbox.answer(answer("hearthd/cottage/lamp/set"));
    assert_eq!(outbox.next(), None);
    outbox.answer(answer("phone/answers"));
    let message = outbox.next().unwrap();
    assert_eq!((message.topic.as_str(), &*message.payload, message.retain), ("phone/answers", "{}", false));
    outbox.tell_again(message.told.unwrap());
    assert_eq!(outbox.next().unwrap().told, Some(Told::Asker(answer("phone/answers"))), "also on another connection");
}

#[test]
fn a_notice_waits_for_the_broker_and_a_click_does_not() {
    let mut config = (*config(&[])).clone();
    config.inputs.push(house::input("bell", InputKind::Button));
    let mut outbox = outbox(&Arc::new(config));
    said(&mut outbox);
    outbox.tell(Notification::Clicked("bell.event".into(), "double"));
    let click = outbox.next().unwrap();
    assert_eq!(
        (click.topic.as_str(), &*click.payload, click.retain),
        ("hearthd/cottage/bell/event/state", "double", false)
    );
    let notice = Notice { text: "Wet".into(), rule: "Leak".into(), time: "2026-11-23T07:30:00+01:00".into() };
    outbox.tell(Notification::Clicked("bell.event".into(), "click"));
    outbox.tell(Notification::Notice(notice));
    outbox.start();
    let once: Vec<_> = std::iter::from_fn(|| outbox.next()).filter(|message| message.told.is_some()).collect();
    assert_eq!(once.len(), 1);
    assert_eq!((once[0].topic.as_str(), once[0].retain), ("hearthd/cottage/notify", false));
    assert_eq!(once[0].payload, r#"{"text":"Wet","rule":"Leak","time":"2026-11-23T07:30:00+01:00"}"#);
}

#[test]
fn the_last_word_is_offline() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    outbox.close(Clearing::default());
    let heard = said(&mut outbox);
    assert_eq!(heard.last().unwrap(), "availability offline");
    assert!(!heard.contains(&"availability online".into()) && heard.contains(&"lamp/state OFF".into()));
}

#[test]
fn a_hub_that_moves_away_clears_what_it_kept_there() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let cleared = |clearing: Clearing| {
        let mut outbox = outbox(&config);
        said(&mut outbox);
        if clearing.discovery {
            outbox.take_back_discovery();
        }
        outbox.close(clearing);
        let kept = outbox.record_after(clearing);
        assert_eq!((kept.topics.is_empty(), kept.components.is_empty()), (clearing.topics, clearing.discovery));
        said(&mut outbox)
    };
    let all = cleared(Clearing { topics: true, discovery: true });
    assert_eq!(all[..5], ["discovery", "hall/config", "lamp/state", "lamp/why", "lamp/attributes"]);
    assert_eq!(all[all.len() - 2..], ["availability offline", "availability"]);
    assert_eq!(
        cleared(Clearing { topics: false, discovery: true }),
        ["discovery", "hall/config", "availability offline"]
    );
}

#[test]
fn only_what_nobody_takes_over_is_cleared() {
    let (settings, both) = (house::settings(), Clearing { topics: true, discovery: true });
    let to = |hub, change: fn(&mut MqttSettings)| {
        let mut other = settings.clone();
        change(&mut other);
        Clearing::between(("cottage", &settings), Some((hub, &other)))
    };
    let (none, discovery) = (Clearing::default(), Clearing { topics: false, discovery: true });
    assert_eq!(to("cottage", |other| other.client_id = "another".into()), none);
    assert_eq!(to("cottage", |other| other.discovery_prefix = None), discovery);
    assert_eq!(to("barn", |_| {}), discovery);
    assert_eq!(to("cottage", |other| other.prefix = "home".into()), none, "the next connection does it, in time");
    assert_eq!(to("barn", |other| other.prefix = "home".into()), both);
    assert_eq!(to("cottage", |other| other.host = "elsewhere".into()), both);
    assert_eq!(to("cottage", |other| other.port = 1884), both, "another broker of the same host");
    let by_websocket = |other: &mut MqttSettings| {
        (other.port, other.carrier) = (9001, Carrier::WebSocket { path: "/mqtt".into() });
    };
    assert_eq!(to("cottage", by_websocket), none, "the same broker by another way");
    assert_eq!(Clearing::between(("cottage", &settings), None), both);
}

#[test]
fn what_went_while_the_way_to_the_broker_changed_is_cleared_as_well() {
    let before = config(&[("lamp", OutputKind::Light), ("fan", OutputKind::Fan)]);
    let record = outbox(&before).record();
    let with = |settings: MqttSettings| {
        let now = config(&[("lamp", OutputKind::Light)]);
        let mut outbox = Outbox::new(&settings, Arc::new(house::snapshot(&now)), record.clone(), Board::default());
        said(&mut outbox);
        outbox.clear();
        said(&mut outbox).into_iter().filter(|line| line.starts_with("fan/")).collect::<Vec<_>>()
    };
    let cleared = with(MqttSettings { port: 8883, ..house::settings() });
    assert!(cleared.contains(&"fan/state".into()), "{cleared:?}");
    assert!(with(MqttSettings { host: "elsewhere".into(), ..house::settings() }).is_empty());
}

#[test]
fn without_a_discovery_prefix_nothing_is_announced() {
    let settings = MqttSettings { discovery_prefix: None, ..house::settings() };
    let mut outbox = with_settings(&settings, &config(&[]), Record::default());
    assert!(!said(&mut outbox).contains(&"discovery".into()));
}

#[test]
fn a_house_without_points_is_online_all_the_same() {
    let mut empty = house::config(&[]);
    (empty.inputs, empty.sensors, empty.rooms) = (vec![], vec![], vec![]);
    let hub = ["discovery", "problem none", "hub/faults/attributes", "hub/faults/state 0", "availability online"];
    assert_eq!(said(&mut outbox(&Arc::new(empty))), hub);
}

/// Home Assistant's thermostat knows no availability of what it measures: `None` is how it forgets a dead temperature.
#[test]
fn a_thermostat_does_not_go_on_showing_a_dead_temperature() {
    let mut config = house::config(&[("heater", OutputKind::Heater)]);
    config.climates = vec![Climate::plain("living_room", SensorId(0))];
    let config = Arc::new(config);
    let mut outbox = outbox(&config);
    let about = |outbox: &mut Outbox| -> Vec<String> {
        said(outbox).iter().filter_map(|line| Some(line.strip_prefix("living_room/measured/")?.to_owned())).collect()
    };
    let unknown = ["fault nothing was heard yet", "availability offline", "state None"];
    assert_eq!(about(&mut outbox), unknown, "also what was kept of an earlier day");
    let measured = point(&config, "living_room.measured");
    let mut snapshot = house::snapshot(&config);
    set(&mut snapshot, measured, Value::Number(20.5));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(about(&mut outbox), ["fault none", "state 20.5", "availability online"]);
    let place = snapshot.points.iter().position(|state| state.point == measured).unwrap();
    change(&mut snapshot, place, |state| (state.value, state.quality) = (None, Quality::Unknown));
    outbox.update(Arc::new(snapshot));
    assert_eq!(about(&mut outbox), unknown);
}

#[test]
fn what_is_announced_one_by_one_moves_from_its_device_and_back() {
    let single = |config: Config| {
        let mqtt = MqttSettings { discovery_single: true, ..house::settings() };
        Arc::new(Config { mqtt: Some(mqtt), ..config })
    };
    let together = house::config(&[("lamp", OutputKind::Light)]);
    let apart = single(together.clone());
    let together = Arc::new(together);
    let mut before = outbox(&together);
    said(&mut before);
    let topics = |outbox: &mut Outbox| -> Vec<(String, String)> {
        let said = std::iter::from_fn(|| outbox.next()).filter(|message| message.topic.starts_with("homeassistant/"));
        said.map(|message| (message.topic, message.payload)).collect()
    };
    let lamp = "homeassistant/light/hearthd_cottage/light-lamp/config";
    let to = |record: Record, config: &Arc<Config>| with_settings(config.mqtt.as_ref().unwrap(), config, record);

    let mut after = to(before.record(), &apart);
    let let_go = discovery::LET_GO.to_owned();
    assert_eq!(topics(&mut after), [(DISCOVERY.to_owned(), let_go.clone()), (HALL.to_owned(), let_go.clone())]);
    assert!(after.begins_to_let_go());
    after.moved();
    let all = topics(&mut after);
    assert!(all.iter().any(|(topic, payload)| topic == lamp && payload.contains("hearthd_cottage_lamp")));
    let gone = [DISCOVERY, HALL].map(|topic| (topic.to_owned(), String::new()));
    assert_eq!(all[..2], gone, "first where it was");
    assert!(all[2..].iter().all(|(_, payload)| !payload.is_empty()));
    after.start();
    assert!(topics(&mut after).iter().all(|(_, payload)| !payload.is_empty()), "the hub never had one there");

    let mut back = to(after.record(), &together);
    let all = topics(&mut back);
    assert!(all.contains(&(lamp.to_owned(), let_go.clone())) && all.iter().all(|(_, payload)| *payload == let_go));
    back.moved();
    let all = topics(&mut back);
    let (gone, there) = all.split_at(all.len() - 2);
    assert_eq!([&*there[0].0, &*there[1].0], [DISCOVERY, HALL], "at last where it is now");
    assert!(gone.iter().all(|(_, payload)| payload.is_empty()) && gone.iter().any(|(topic, _)| topic == lamp));

    // One that goes is described once more and taken away, as with a device.
    let mut shorter = to(after.record(), &single(house::config(&[])));
    assert!(topics(&mut shorter).contains(&(lamp.to_owned(), String::new())));
    shorter.home_assistant(true);
    shorter.next_step();
    let described = topics(&mut shorter).into_iter().find(|(topic, _)| topic == lamp).unwrap().1;
    assert!(
        described.contains(r#""uniq_id":"hearthd_cottage_lamp""#) && described.contains(r#""dev":{"#),
        "{described}"
    );
    shorter.next_step();
    assert!(topics(&mut shorter).contains(&(lamp.to_owned(), String::new())));
}

/// Each change of an attribute is a row in Home Assistant's database.
#[test]
fn a_fault_that_is_worded_anew_with_each_message_is_told_as_often_as_a_sign_of_life() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    let mut heard = Vec::new();
    for message in 0..50 {
        let text = format!("it says `{message}`, which is neither on nor off");
        change(&mut snapshot, 0, |state| (state.quality, state.fault) = (Quality::Fault, Some(text.into())));
        outbox.update(Arc::new(snapshot.clone()));
        let vitals = [(crate::model::Vital::Memory, message.to_string().into())];
        outbox.vitals(&Arc::new(vitals.into_iter().collect()));
        if message == 40 {
            outbox.sign_of_life();
        }
        heard.extend(std::iter::from_fn(|| outbox.next()).filter(|message| message.topic.contains("/hub/faults/")));
    }
    let heard: Vec<&str> = heard.iter().map(|message| &*message.payload).collect();
    let named = |n: u32| format!(r#"{{"faults":{{"lamp":"it says `{n}`, which is neither on nor off"}}}}"#);
    assert_eq!(heard, [&*named(0), "1", &*named(40)]);
}

#[test]
fn what_is_in_use_takes_no_room_from_what_is_gone() {
    let config = config(&[]);
    let used: Vec<String> = outbox(&config).places.into_keys().collect();
    let mut outbox = outbox(&config);
    outbox.gone_topics = (1..discovery::TOPICS_MAX).map(|n| format!("hearthd/cottage/old_{n}/state")).collect();
    let gone = "hearthd/cottage/zz_pump/state".to_owned();
    outbox.gone(Layout::new(), used.iter().cloned().chain([gone.clone()]).collect());
    assert!(outbox.gone_topics.contains(&gone));
    assert!(used.iter().all(|topic| !outbox.gone_topics.contains(topic)));
    outbox.gone(Layout::new(), vec!["hearthd/cottage/zzz/state".into()]);
    assert_eq!(outbox.gone_topics.len(), discovery::TOPICS_MAX, "and there is an end");
}
