//! What is published in which order, told by a small house.

use super::*;
use crate::model::{Climate, InputKind, Level, OutputKind, Point, SensorId};
use crate::mqtt::{Notice, Refused, house};

const DISCOVERY: &str = "homeassistant/device/hearthd_cottage/config";

fn config(outputs: &[(&str, OutputKind)]) -> Arc<Config> {
    Arc::new(house::config(outputs))
}

fn outbox(config: &Arc<Config>) -> Outbox {
    Outbox::new(&house::settings(), Arc::new(house::snapshot(config)))
}

/// What is said, without the prefix; long payloads in short.
fn said(outbox: &mut Outbox) -> Vec<String> {
    let line = |message: Message| {
        assert_eq!(message.retain, message.told.is_none());
        let topic = message.topic.strip_prefix("hearthd/cottage/").unwrap_or("discovery").to_owned();
        if message.payload.len() > 300 { topic } else { format!("{topic} {}", message.payload).trim_end().to_owned() }
    };
    std::iter::from_fn(|| outbox.next()).map(line).collect()
}

fn set(snapshot: &mut Snapshot, point: Point, value: Value) {
    let state = snapshot.points.iter_mut().find(|state| state.point == point).unwrap();
    (state.value, state.quality) = (Some(value), Quality::Good);
}

fn point(config: &Config, name: &str) -> Point {
    config.find_point(name).unwrap()
}

#[test]
fn a_connection_begins_with_everything_and_online_comes_last() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let expected = [
        "discovery",
        "lamp/state OFF",
        "lamp/why default: nobody asks for anything",
        "lamp/availability online",
        "hall_motion/availability offline",
        "living/temperature/availability offline",
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
fn only_differences_are_said_and_the_latest_value_wins() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    for degrees in [19.0, 20.0, 21.5] {
        set(&mut snapshot, point(&config, "living.temperature"), Value::Number(degrees));
        outbox.update(Arc::new(snapshot.clone()));
    }
    assert_eq!(said(&mut outbox), ["living/temperature/state 21.50", "living/temperature/availability online"]);
    set(&mut snapshot, point(&config, "living.temperature"), Value::Number(21.501));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), [""; 0], "it reads the same");
    set(&mut snapshot, point(&config, "lamp"), Value::Level(Level::ON));
    snapshot.points[0].explanation = Some(house::explanation("manual: command by MQTT"));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), ["lamp/state ON", "lamp/why manual: command by MQTT"]);
    snapshot.points[0].explanation = Some(house::explanation("manual: command by MQTT"));
    outbox.update(Arc::new(snapshot.clone()));
    assert_eq!(said(&mut outbox), [""; 0], "the same reason made anew");
    snapshot.points[0].quality = Quality::Fault;
    outbox.update(Arc::new(snapshot));
    assert_eq!(said(&mut outbox), ["lamp/availability offline"]);
}

#[test]
fn a_room_tells_its_reason_once() {
    let config = config(&[]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    let mut snapshot = house::snapshot(&config);
    let occupied = point(&config, "hall.occupied");
    let place = snapshot.points.iter().position(|state| state.point == occupied).unwrap();
    for (reason, expected) in [("somebody moves", &["hall/occupied/why somebody moves"][..]), ("somebody moves", &[])] {
        snapshot.points[place].because = Some(reason.into());
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
    for round in 0..20 {
        set(&mut snapshot, point(&config, "lamp"), Value::Level(Level::from_on(round % 2 == 0)));
        outbox.update(Arc::new(snapshot.clone()));
        heard.extend(outbox.next().map(|message| message.topic));
    }
    for topic in ["pump/state", "pump/why", "hall_motion/availability", "availability"] {
        assert!(heard.contains(&format!("hearthd/cottage/{topic}")), "{topic} in {heard:?}");
    }
}

#[test]
fn at_a_birth_availability_comes_before_the_states() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let mut outbox = outbox(&config);
    said(&mut outbox);
    outbox.birth();
    let heard = said(&mut outbox);
    assert_eq!(heard[..3], ["discovery", "availability online", "lamp/state OFF"]);
    assert_eq!(heard.iter().filter(|line| *line == "availability online").count(), 1);
}

#[test]
fn a_reload_clears_what_is_gone_and_names_it_once() {
    let before = config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let mut outbox = outbox(&before);
    said(&mut outbox);
    let after = config(&[("lamp", OutputKind::Light)]);
    outbox.update(Arc::new(house::snapshot(&after)));
    let announced = outbox.next().unwrap();
    assert_eq!(announced.topic, DISCOVERY);
    assert!(announced.payload.contains(r#""switch-pump":{"p":"switch"}"#), "{}", announced.payload);
    assert!(announced.payload.contains(r#""button-pump":{"p":"button"}"#), "{}", announced.payload);
    let heard = said(&mut outbox);
    assert_eq!(heard[..4], ["pump/availability", "pump/state", "pump/why", "lamp/state OFF"]);
    assert!(!heard.contains(&"availability online".into()), "we never went away");
    assert!(outbox.names_gone());
    outbox.forget_gone();
    let announced = outbox.next().unwrap();
    assert!(announced.topic == DISCOVERY && !announced.payload.contains("pump"), "{}", announced.payload);
    assert_eq!(said(&mut outbox), [""; 0]);
    assert!(!outbox.names_gone());
}

#[test]
fn what_went_while_the_broker_was_away_is_cleared_when_it_is_back() {
    let mut outbox = outbox(&config(&[("pump", OutputKind::Switch)]));
    outbox.update(Arc::new(house::snapshot(&config(&[]))));
    outbox.start();
    assert!(outbox.next().unwrap().payload.contains(r#""switch-pump":{"p":"switch"}"#));
    assert_eq!(said(&mut outbox)[..3], ["pump/availability", "pump/state", "pump/why"]);
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
    assert!(!outbox.names_gone());
}

#[test]
fn what_an_earlier_run_announced_and_is_gone_is_removed() {
    let earlier = house::config(&[("lamp", OutputKind::Light), ("pump", OutputKind::Switch)]);
    let earlier = discovery::payload(&earlier, &Topics::new("hearthd/cottage"), &Platforms::new()).unwrap();
    let mut outbox = outbox(&config(&[("lamp", OutputKind::Light)]));
    said(&mut outbox);
    outbox.earlier_discovery(earlier.as_bytes());
    assert!(outbox.next().unwrap().payload.contains(r#""switch-pump":{"p":"switch"}"#));
    assert_eq!(said(&mut outbox), ["pump/availability", "pump/state", "pump/why"]);
    assert!(outbox.names_gone());
}

#[test]
fn an_equal_earlier_announcement_changes_nothing() {
    let config = config(&[("lamp", OutputKind::Light)]);
    let earlier = discovery::payload(&config, &Topics::new("hearthd/cottage"), &Platforms::new()).unwrap();
    let mut outbox = outbox(&config);
    said(&mut outbox);
    outbox.earlier_discovery(earlier.as_bytes());
    assert_eq!(said(&mut outbox), [""; 0]);
}

#[test]
fn refusals_are_answered_as_json_and_the_oldest_give_way() {
    let mut outbox = outbox(&config(&[]));
    said(&mut outbox);
    let refused = |n: usize| {
        Told::Refused(Refused { point: format!("p{n}"), payload: "\"\n".into(), reason: "no such point".into() })
    };
    (0..=TOLD).for_each(|n| outbox.tell(refused(n)));
    outbox.tell_again(refused(9_999));
    let first = outbox.next().unwrap();
    assert_eq!((first.topic.as_str(), first.retain), ("hearthd/cottage/error", false));
    assert_eq!(first.payload, r#"{"point":"p1","payload":"\"\n","reason":"no such point"}"#);
    outbox.tell_again(first.told.unwrap());
    let answers: Vec<_> = std::iter::from_fn(|| outbox.next()).filter_map(|message| message.told).collect();
    assert_eq!(answers.len(), TOLD);
    assert_eq!((&answers[0], &answers[TOLD - 1]), (&refused(1), &refused(TOLD)));
}

#[test]
fn a_notice_waits_for_the_broker_and_a_click_does_not() {
    let mut config = (*config(&[])).clone();
    config.inputs.push(house::input("bell", InputKind::Button));
    let mut outbox = outbox(&Arc::new(config));
    said(&mut outbox);
    outbox.tell(Told::Clicked("bell.event".into(), "double"));
    let click = outbox.next().unwrap();
    assert_eq!(
        (click.topic.as_str(), &*click.payload, click.retain),
        ("hearthd/cottage/bell/event/state", "double", false)
    );
    let notice = Notice { text: "Wet".into(), rule: "Leak".into(), time: "2026-11-23T07:30:00+01:00".into() };
    outbox.tell(Told::Clicked("bell.event".into(), "click"));
    outbox.tell(Told::Notice(notice));
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
    let cleared = |clearing| {
        let mut outbox = outbox(&config);
        said(&mut outbox);
        outbox.close(clearing);
        said(&mut outbox)
    };
    let all = cleared(Clearing { topics: true, discovery: true });
    assert_eq!(all[..3], ["discovery", "lamp/state", "lamp/why"]);
    assert_eq!(all[all.len() - 2..], ["availability offline", "availability"]);
    assert_eq!(cleared(Clearing { topics: false, discovery: true }), ["discovery", "availability offline"]);
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
    assert_eq!(to("cottage", |other| other.prefix = "home".into()), Clearing { topics: true, discovery: false });
    assert_eq!(to("cottage", |other| other.port = 1884), both);
    assert_eq!(Clearing::between(("cottage", &settings), None), both);
}

#[test]
fn without_a_discovery_prefix_nothing_is_announced() {
    let settings = MqttSettings { discovery_prefix: None, ..house::settings() };
    let mut outbox = Outbox::new(&settings, Arc::new(house::snapshot(&config(&[]))));
    assert!(!said(&mut outbox).contains(&"discovery".into()));
}

#[test]
fn a_house_without_points_is_online_all_the_same() {
    let mut empty = house::config(&[]);
    (empty.inputs, empty.sensors, empty.rooms) = (vec![], vec![], vec![]);
    assert_eq!(said(&mut outbox(&Arc::new(empty))), ["discovery", "availability online"]);
}

/// Home Assistant's thermostat knows no availability of what it measures: `None` is how it forgets a dead temperature.
#[test]
fn a_thermostat_does_not_go_on_showing_a_dead_temperature() {
    let mut config = house::config(&[("heater", OutputKind::Heater)]);
    config.climates = vec![Climate::plain("living_room", SensorId(0))];
    let config = Arc::new(config);
    let mut outbox = outbox(&config);
    let about = |outbox: &mut Outbox| -> Vec<String> {
        said(outbox).into_iter().filter(|line| line.starts_with("living_room/measured/")).collect()
    };
    let unknown = ["living_room/measured/state None", "living_room/measured/availability offline"];
    assert_eq!(about(&mut outbox), unknown, "also what was kept of an earlier day");
    let measured = point(&config, "living_room.measured");
    let mut snapshot = house::snapshot(&config);
    set(&mut snapshot, measured, Value::Number(20.5));
    outbox.update(Arc::new(snapshot));
    assert_eq!(about(&mut outbox), ["living_room/measured/state 20.5", "living_room/measured/availability online"]);
    outbox.update(Arc::new(house::snapshot(&config)));
    assert_eq!(about(&mut outbox), unknown);
}
