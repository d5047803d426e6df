//! What messages of devices become.

use super::{OutputPoint, Points, Purpose};
use crate::{
    clock::{Moment, Now},
    model::*,
};
use chrono::{DateTime, Utc};
use std::{sync::Arc, time::Duration};

fn at(seconds: u64) -> Now {
    let wall: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
    Now {
        moment: Moment::START + Duration::from_secs(seconds),
        wall: wall + Duration::from_secs(seconds),
        wall_known: true,
    }
}

fn told(topic: &str, pointer: &str) -> Told {
    Told { topic: topic.into(), pointer: pointer.into() }
}

fn there(topic: &str) -> Availability {
    let words = Words { on: vec!["online".into()], off: vec!["offline".into()] };
    Availability { topic: topic.into(), words }
}

fn remote(topic: &str, pointer: &str) -> Remote {
    Remote {
        state: Some(told(topic, pointer)),
        words: Words { on: vec!["ON".into(), "true".into()], off: vec!["OFF".into(), "false".into()] },
        availability: vec![there(&format!("{topic}/availability"))],
        stale_after: Some(Duration::from_secs(3600)),
        time: "/last_seen".into(),
        ..Remote::plain(Via::Broker)
    }
}

fn plug(state: bool) -> Remote {
    let command = Commanded {
        topic: "cmnd/plug/POWER".into(),
        on: "ON".into(),
        off: Some("OFF".into()),
        stop: None,
        level: None,
        ask: None,
        confirm_within: Duration::from_secs(3),
    };
    let state = state.then(|| told("stat/plug/POWER", ""));
    let availability = vec![there("tele/plug/LWT")];
    Remote { state, availability, stale_after: None, command: Some(command), ..remote("", "") }
}

/// A lamp as zigbee2mqtt has it.
fn lamp() -> Remote {
    let level = RemoteLevel {
        payload: r#"{"brightness":{}}"#.into(),
        full: 254,
        state: Some(told("z/lamp", "/brightness")),
        ..RemoteLevel::plain("z/lamp/set".into())
    };
    let command = Commanded {
        topic: "z/lamp/set".into(),
        on: "ON".into(),
        off: Some("OFF".into()),
        stop: None,
        level: Some(level),
        ask: None,
        confirm_within: Duration::from_secs(3),
    };
    Remote { stale_after: None, command: Some(command), ..remote("z/lamp", "/state") }
}

fn house() -> Config {
    let input = |id, kind, remote| Input::plain(id, kind, Line::Remote(Arc::new(remote)));
    let clicks = vec![("single".into(), Click::Single), ("hold".into(), Click::Long)];
    let counted =
        Remote { clicks: vec![("S".into(), Click::Single)], counter: "/n".into(), ..remote("s/event", "/event") };
    let channel =
        |quantity, pointer| RemoteChannel { quantity, told: told("z/climate", pointer), scale: 1.0, offset: 0.0 };
    let sensor = RemoteSensor {
        channels: vec![channel(Quantity::Temperature, "/temperature"), channel(Quantity::Humidity, "/humidity")],
        availability: vec![there("z/climate/availability")],
        time: "/last_seen".into(),
        owner: None,
        via: Via::Broker,
    };
    let output = |id, remote| Output::plain(id, OutputKind::Switch, Line::Remote(Arc::new(remote)));
    Config {
        inputs: vec![
            input("motion", InputKind::Motion, remote("z/motion", "/occupancy")),
            input("button", InputKind::Button, Remote { clicks, ..remote("z/button", "/action") }),
            input("counted", InputKind::Button, counted),
        ],
        sensors: vec![Sensor {
            source: SensorSource::Remote(sensor),
            stale_after: Duration::from_secs(3600),
            ..Sensor::plain("climate", Chip::Lm75)
        }],
        outputs: vec![output("plug", plug(true)), output("lamp", lamp())],
        ..Config::empty("hut")
    }
}

fn points() -> Points {
    let mut points = Points::new(Via::Broker, at(0));
    points.follow(&house(), at(0));
    points.connected(true, at(0));
    points
}

/// Events in a line each.
fn lines(events: Vec<Event>) -> Vec<String> {
    let line = |event| match event {
        Event::InputRead { input, result: Ok(on), .. } => format!("{input} {on}"),
        Event::InputRead { input, result: Err(text), .. } => format!("{input}: {text}"),
        Event::InputClicked { input, click } => format!("{input} {}", click.word()),
        Event::SensorRead { sensor, result: Ok(readings) } => {
            let readings = readings.iter().map(|(quantity, value)| format!("{}={value}", quantity.word()));
            format!("{sensor} {}", readings.collect::<Vec<_>>().join(" "))
        }
        Event::SensorRead { sensor, result: Err(failure) } => format!("{sensor}: {}", failure.text),
        Event::Driven { drive, result } => format!("drive {} {result:?}", drive.0),
        Event::Overdue { drive, text } => format!("drive {} overdue: {text}", drive.0),
        Event::WireReached { output } => format!("{output} reached"),
        Event::WireFound { output, level, result } => format!("{output} found {level} {result:?}"),
        other => format!("{other:?}"),
    };
    events.into_iter().map(line).collect()
}

fn hear(points: &mut Points, topic: &str, payload: &str, now: u64) -> Vec<String> {
    lines(points.hear(topic, payload.as_bytes(), false, at(now)))
}

fn retained(points: &mut Points, topic: &str, payload: &str) -> Vec<String> {
    lines(points.hear(topic, payload.as_bytes(), true, at(1)))
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_input_is_what_its_device_says() {
    let mut points = points();
    assert_eq!(hear(&mut points, "z/motion", r#"{"battery":97,"occupancy":true}"#, 1), ["motion true"]);
    assert_eq!(hear(&mut points, "z/motion", r#"{"battery":97,"occupancy":true}"#, 2), NOTHING, "no news");
    assert_eq!(hear(&mut points, "z/motion", r#"{"battery":96}"#, 3), NOTHING, "about something else");
    assert_eq!(
        hear(&mut points, "z/motion", r#"{"occupancy":"maybe"}"#, 4),
        ["motion: z/motion says `{\"occupancy\":\"maybe\"}`, which is neither ON or true (on) nor OFF or false (off)"]
    );
    assert_eq!(hear(&mut points, "z/motion", "nonsense\n", 5).len(), 1);
    assert_eq!(hear(&mut points, "z/motion", r#"{"occupancy":false}"#, 6), ["motion false"]);
    assert_eq!(hear(&mut points, "z/other", r#"{"occupancy":true}"#, 7), NOTHING);
}

#[test]
fn an_input_that_is_silent_for_too_long_is_in_fault() {
    let mut points = points();
    assert_eq!(lines(points.update(at(10_000))), NOTHING, "never heard of, it is unknown");
    hear(&mut points, "z/motion", r#"{"occupancy":true}"#, 100);
    assert_eq!(points.next_due(), Some(at(3_700).moment));
    assert_eq!(lines(points.update(at(3_699))), NOTHING);
    assert_eq!(lines(points.update(at(3_700))), ["motion: nothing came on z/motion for 1h"]);
    assert_eq!(lines(points.update(at(3_800))), NOTHING, "once");
    assert_eq!(hear(&mut points, "z/motion", r#"{"occupancy":true}"#, 4_000), ["motion true"]);
}

#[test]
fn what_is_retained_and_old_is_not_believed() {
    let mut points = points();
    let old = r#"{"occupancy":true,"last_seen":"2026-11-29T10:00:00Z"}"#;
    let young = r#"{"occupancy":true,"last_seen":"2026-11-29T11:30:00Z"}"#;
    assert_eq!(retained(&mut points, "z/motion", old), NOTHING);
    assert_eq!(retained(&mut points, "z/motion", young), ["motion true"]);
    let climate = r#"{"temperature":21,"last_seen":"2026-11-29T10:00:00Z"}"#;
    assert_eq!(retained(&mut points, "z/climate", climate), NOTHING);
    assert_eq!(
        retained(&mut points, "z/climate", r#"{"temperature":21}"#),
        ["climate temperature=21"],
        "no time is said"
    );
}

#[test]
fn a_retained_click_is_none() {
    let mut points = points();
    assert_eq!(retained(&mut points, "z/button", r#"{"action":"single"}"#), NOTHING);
    assert_eq!(hear(&mut points, "z/button", r#"{"action":"single"}"#, 2), ["button false", "button click"]);
    assert_eq!(hear(&mut points, "z/button", r#"{"action":""}"#, 3), NOTHING);
    assert_eq!(hear(&mut points, "z/button", r#"{"action":"hold"}"#, 4), ["button long"]);
}

#[test]
fn a_click_that_is_counted_is_one_when_the_count_changes() {
    let mut points = points();
    let says = |points: &mut Points, event: &str, count: u32| {
        hear(points, "s/event", &format!(r#"{{"event":"{event}","n":{count}}}"#), 2)
    };
    let one = ["counted click"];
    assert_eq!(says(&mut points, "S", 7), ["counted false"], "who knows when that was");
    assert_eq!(says(&mut points, "S", 7), NOTHING);
    assert_eq!(says(&mut points, "S", 8), one);
    assert_eq!(says(&mut points, "S", 8), NOTHING);
    assert_eq!(says(&mut points, "S", 10), one, "what was missed is over");
    assert_eq!(hear(&mut points, "s/event", r#"{"event":"S"}"#, 3), NOTHING);
    assert_eq!(says(&mut points, "", 0), NOTHING, "it had no power");
    assert_eq!(says(&mut points, "S", 1), one);
    assert_eq!(retained(&mut points, "s/event", r#"{"event":"S","n":3}"#), NOTHING);
    assert_eq!(says(&mut points, "S", 3), NOTHING);
    assert_eq!(says(&mut points, "S", 4), one);
    points.connected(false, at(4));
    points.connected(true, at(5));
    assert_eq!(says(&mut points, "S", 5), NOTHING, "nobody listened when it was clicked");
    assert_eq!(retained(&mut points, "s/event", r#"{"event":"S","n":6}"#), NOTHING);
    assert_eq!(says(&mut points, "S", 7), one);
}

#[test]
fn a_device_that_is_away_is_in_fault_until_it_speaks() {
    let mut points = points();
    hear(&mut points, "z/motion", r#"{"occupancy":true}"#, 1);
    let offline = r#"{"state":"offline"}"#;
    assert_eq!(
        hear(&mut points, "z/motion/availability", offline, 2),
        ["motion: z/motion/availability says `{\"state\":\"offline\"}`"]
    );
    assert_eq!(retained(&mut points, "z/motion", r#"{"occupancy":true}"#), NOTHING, "that was before");
    assert_eq!(
        hear(&mut points, "z/motion/availability", r#"{"state":"online"}"#, 3),
        NOTHING,
        "it has said nothing yet"
    );
    assert_eq!(hear(&mut points, "z/motion", r#"{"occupancy":false}"#, 4), ["motion false"]);
    assert_eq!(
        hear(&mut points, "z/climate/availability", "offline", 5),
        ["climate: z/climate/availability says `offline`"]
    );
}

#[test]
fn a_device_says_in_its_own_words_whether_it_is_there() {
    let said = |topic: &str, on: &str, off: &str| Availability {
        words: Words { on: vec![on.into()], off: vec![off.into()] },
        ..there(topic)
    };
    let input = |id, topic: &str, there| {
        let remote = Remote { availability: vec![there], ..remote(topic, "") };
        Input::plain(id, InputKind::Door, Line::Remote(Arc::new(remote)))
    };
    let gate = input("gate", "gate", said("st", "Connected", "Disconnected"));
    let shed = input("shed", "shed", said("st", "up", "down"));
    let mut points = Points::new(Via::Broker, at(0));
    points.follow(&Config { inputs: vec![gate, shed], ..Config::empty("hut") }, at(0));
    points.connected(true, at(0));
    assert_eq!(points.topics().iter().filter(|topic| ***topic == *"st").count(), 1);
    hear(&mut points, "gate", "ON", 1);
    hear(&mut points, "shed", "ON", 1);
    assert_eq!(hear(&mut points, "st", "offline", 2), NOTHING, "it is no word of them");
    assert_eq!(hear(&mut points, "st", "", 2), NOTHING);
    assert_eq!(hear(&mut points, "st", "disconnected", 3), ["gate: st says `disconnected`"]);
    assert_eq!(hear(&mut points, "st", r#"{"state":"down"}"#, 4), ["shed: st says `{\"state\":\"down\"}`"]);
    assert_eq!(retained(&mut points, "gate", "ON"), NOTHING, "that was before");
    assert_eq!(hear(&mut points, "st", "Connected", 5), NOTHING);
    assert_eq!(retained(&mut points, "gate", "ON"), ["gate true"]);
    assert_eq!(retained(&mut points, "shed", "ON"), NOTHING);
}

#[test]
fn a_sensor_reads_numbers() {
    let mut points = points();
    assert_eq!(
        hear(&mut points, "z/climate", r#"{"temperature":21.5,"humidity":"44.1"}"#, 1),
        ["climate temperature=21.5 humidity=44.1"]
    );
    assert_eq!(hear(&mut points, "z/climate", r#"{"temperature":null,"humidity":45}"#, 2), ["climate humidity=45"]);
    for bad in [r#"{"temperature":"unavailable"}"#, r#"{"temperature":4000}"#, r#"{"temperature":"NaN"}"#] {
        let said = hear(&mut points, "z/climate", bad, 3);
        assert_eq!(said, [format!("climate: z/climate says `{bad}`, in which is no plausible temperature")]);
    }
}

fn drive(points: &mut Points, drive: u64, level: Level, now: u64) -> Vec<String> {
    drive_output(points, "plug", drive, level, now)
}

fn drive_output(points: &mut Points, id: &str, drive: u64, level: Level, now: u64) -> Vec<String> {
    let point = points.outputs.get_mut(id).unwrap();
    point.drive(DriveId(drive), level, Purpose::Want, true, at(now));
    published(point)
}

fn published(point: &mut OutputPoint) -> Vec<String> {
    let messages = point.take_order().map(|order| order.messages.into_iter().chain(order.ask));
    messages.into_iter().flatten().map(|(topic, payload)| format!("{topic} {payload}")).collect()
}

fn taken(points: &mut Points, drive: u64) -> Vec<String> {
    let mut events = Vec::new();
    points.outputs.iter_mut().for_each(|(id, point)| point.taken(id, DriveId(drive), &mut events));
    lines(events)
}

#[test]
fn an_output_is_driven_when_its_state_follows() {
    let mut points = points();
    assert_eq!(hear(&mut points, "stat/plug/POWER", "ON", 1), NOTHING, "nobody drove it yet");
    assert_eq!(drive(&mut points, 1, Level::OFF, 2), ["cmnd/plug/POWER OFF"]);
    assert_eq!(taken(&mut points, 1), NOTHING, "the broker's word is not the plug's");
    assert_eq!(hear(&mut points, "stat/plug/POWER", "OFF", 3), ["drive 1 Ok(())"]);
    assert_eq!(drive(&mut points, 2, Level::OFF, 4), ["cmnd/plug/POWER OFF"]);
    assert_eq!(taken(&mut points, 2), ["drive 2 Ok(())"], "it said so already, and some do not repeat it");
    drive(&mut points, 3, Level::ON, 5);
    assert_eq!(drive(&mut points, 4, Level::OFF, 5), ["cmnd/plug/POWER OFF"]);
    assert_eq!(taken(&mut points, 4), NOTHING, "what it said before the other command tells nothing");
    assert_eq!(hear(&mut points, "stat/plug/POWER", "ON", 5), NOTHING, "it still follows the other");
    assert_eq!(hear(&mut points, "stat/plug/POWER", "OFF", 5), ["drive 4 Ok(())"]);
}

#[test]
fn an_output_that_does_not_follow_is_in_fault_and_says_so() {
    let mut points = points();
    drive(&mut points, 1, Level::ON, 0);
    taken(&mut points, 1);
    assert_eq!(points.next_due(), Some(at(3).moment));
    assert_eq!(lines(points.update(at(3))), ["drive 1 overdue: stat/plug/POWER says nothing within 3s of the command"]);
    drive(&mut points, 2, Level::ON, 4);
    hear(&mut points, "stat/plug/POWER", "OFF", 5);
    assert_eq!(
        lines(points.update(at(7))),
        ["drive 2 Err(\"stat/plug/POWER does not follow: it says OFF 3s after the command\")"]
    );
    assert_eq!(hear(&mut points, "stat/plug/POWER", "ON", 9), ["plug found ON Ok(())"], "late is better than never");
}

#[test]
fn an_output_that_goes_by_itself_is_found() {
    let mut points = points();
    drive(&mut points, 1, Level::ON, 0);
    hear(&mut points, "stat/plug/POWER", "ON", 1);
    assert_eq!(hear(&mut points, "stat/plug/POWER", "ON", 2), NOTHING);
    assert_eq!(hear(&mut points, "stat/plug/POWER", "OFF", 3), ["plug found OFF Ok(())"]);
}

fn dim(points: &mut Points, id: u64, percent: u8, now: u64) {
    let number = (f64::from(percent) * 2.54).round();
    let published = drive_output(points, "lamp", id, Level::new(percent).unwrap(), now);
    assert_eq!(published, [format!(r#"z/lamp/set {{"brightness":{number}}}"#)]);
    assert_eq!(taken(points, id), NOTHING, "the broker's word is not the lamp's");
}

fn lamp_says(points: &mut Points, state: &str, brightness: u32, now: u64) -> Vec<String> {
    hear(points, "z/lamp", &format!(r#"{{"state":"{state}","brightness":{brightness}}}"#), now)
}

/// A lamp at 40 %, which is asked and told as 102.
fn lamp_at_40() -> Points {
    let mut points = points();
    dim(&mut points, 1, 40, 0);
    assert_eq!(lamp_says(&mut points, "ON", 102, 1), ["drive 1 Ok(())"]);
    points
}

#[test]
fn a_lamp_is_driven_when_its_level_follows_too() {
    let mut points = points();
    dim(&mut points, 1, 40, 0);
    assert_eq!(lamp_says(&mut points, "ON", 254, 1), NOTHING);
    assert_eq!(hear(&mut points, "z/lamp", r#"{"state":"ON"}"#, 1), NOTHING, "at which level?");
    assert_eq!(lamp_says(&mut points, "OFF", 102, 1), NOTHING, "it is off, and will be at that level");
    assert_eq!(lamp_says(&mut points, "ON", 103, 2), ["drive 1 Ok(())"], "devices round");
    assert_eq!(hear(&mut points, "z/lamp", r#"{"brightness":"bright"}"#, 2), NOTHING);
    assert_eq!(drive_output(&mut points, "lamp", 2, Level::OFF, 3), ["z/lamp/set OFF"]);
    assert_eq!(lamp_says(&mut points, "OFF", 103, 3), ["drive 2 Ok(())"]);
    assert_eq!(lamp_says(&mut points, "OFF", 254, 3), NOTHING, "what it is at while it is off is of no account");
    assert_eq!(points.next_due(), None);
    assert_eq!(lamp_says(&mut points, "ON", 254, 4), ["lamp found ON Ok(())"]);
    drive_output(&mut points, "lamp", 3, Level::new(100).unwrap(), 5);
    assert_eq!(taken(&mut points, 3), ["drive 3 Ok(())"], "it says so already");
}

#[test]
fn a_lamp_whose_level_does_not_follow_is_in_fault_and_says_so() {
    let mut points = lamp_at_40();
    dim(&mut points, 2, 80, 10);
    assert_eq!(lines(points.update(at(13))), ["drive 2 overdue: z/lamp says no level within 3s of the command"]);
    dim(&mut points, 3, 80, 20);
    assert_eq!(lamp_says(&mut points, "ON", 102, 21), NOTHING);
    assert_eq!(
        lines(points.update(at(23))),
        ["drive 3 overdue: z/lamp does not follow: it says 40 % 3s after the command"],
        "it is on all the same, and counts as that"
    );
    assert_eq!(lamp_says(&mut points, "ON", 102, 24), NOTHING, "it says nothing new");
    assert_eq!(points.next_due(), None, "it is in fault, and nobody believes that it went there by itself");
    dim(&mut points, 4, 80, 30);
    assert_eq!(lamp_says(&mut points, "ON", 127, 30), NOTHING);
    assert_eq!(
        lines(points.update(at(33))),
        ["drive 4 overdue: z/lamp does not follow: it says 50 % 3s after the command"],
        "it went one step, and no further"
    );
    assert_eq!(lamp_says(&mut points, "ON", 203, 40), ["lamp found 80 % Ok(())"], "late is better than never");
}

#[test]
fn a_lamp_that_is_moved_at_the_device_is_found_when_it_rests() {
    let mut points = lamp_at_40();
    for (now, brightness) in [(10, 120), (11, 150), (13, 180), (13, 180)] {
        assert_eq!(lamp_says(&mut points, "ON", brightness, now), NOTHING);
        assert_eq!(lines(points.update(at(now))), NOTHING);
    }
    assert_eq!(points.next_due(), Some(at(16).moment), "since it says so, not since it said it again");
    assert_eq!(lines(points.update(at(15))), NOTHING);
    assert_eq!(lines(points.update(at(16))), ["lamp found 71 % Ok(())"]);
    assert_eq!((points.next_due(), lines(points.update(at(30)))), (None, Vec::new()), "once");
    dim(&mut points, 2, 40, 31);
    assert_eq!(lamp_says(&mut points, "ON", 102, 32), ["drive 2 Ok(())"]);
}

#[test]
fn a_lamp_that_fades_is_left_alone_until_it_rests() {
    // As zigbee2mqtt tells it: first where it will be, then its way there.
    let mut points = lamp_at_40();
    for (now, brightness) in [(1, 20), (3, 60), (5, 90), (7, 102)] {
        assert_eq!(lamp_says(&mut points, "ON", brightness, now), NOTHING);
        assert_eq!(lines(points.update(at(now))), NOTHING);
    }
    assert_eq!(points.next_due(), None, "it arrived");
    // As others do: they are where they are. A fade may take longer than a fault.
    dim(&mut points, 2, 80, 10);
    for (now, brightness) in [(10, 104), (11, 120), (12, 140)] {
        assert_eq!(lamp_says(&mut points, "ON", brightness, now), NOTHING);
    }
    assert_eq!(lines(points.update(at(13))), ["drive 2 Ok(())"], "it follows");
    for (now, brightness) in [(14, 170), (16, 203)] {
        assert_eq!(lamp_says(&mut points, "ON", brightness, now), NOTHING);
        assert_eq!(lines(points.update(at(now))), NOTHING);
    }
    assert_eq!(points.next_due(), None);
    // One that stops on its way went there by itself.
    dim(&mut points, 3, 10, 20);
    lamp_says(&mut points, "ON", 180, 21);
    lamp_says(&mut points, "ON", 150, 22);
    assert_eq!(lines(points.update(at(23))), ["drive 3 Ok(())"]);
    assert_eq!(lines(points.update(at(25))), ["lamp found 59 % Ok(())"]);
}

#[test]
fn a_lamp_that_never_tells_a_level_is_driven_when_it_is_on() {
    let mut points = points();
    dim(&mut points, 1, 40, 0);
    assert_eq!(hear(&mut points, "z/lamp", r#"{"state":"ON"}"#, 1), ["drive 1 Ok(())"]);
    assert_eq!(points.next_due(), None);
}

#[test]
fn a_lamp_with_steps_of_its_own_is_not_driven_back() {
    let mut points = lamp_at_40();
    // It goes to the step beside what it was asked.
    dim(&mut points, 2, 45, 10);
    assert_eq!(lamp_says(&mut points, "ON", 127, 10), NOTHING);
    assert_eq!(lines(points.update(at(13))), ["drive 2 Ok(())"]);
    drive_output(&mut points, "lamp", 3, Level::new(45).unwrap(), 20);
    assert_eq!(taken(&mut points, 3), ["drive 3 Ok(())"], "that is its 45 %");
    // Or it says first what it was asked.
    dim(&mut points, 4, 80, 30);
    assert_eq!(lamp_says(&mut points, "ON", 203, 30), ["drive 4 Ok(())"]);
    assert_eq!(lamp_says(&mut points, "ON", 190, 31), NOTHING);
    assert_eq!((lines(points.update(at(34))), points.next_due()), (Vec::new(), None));
    // What somebody turns later is no step of it.
    assert_eq!(lamp_says(&mut points, "ON", 180, 50), NOTHING);
    assert_eq!(lines(points.update(at(53))), ["lamp found 71 % Ok(())"]);
}

#[test]
fn a_number_that_is_no_level_is_found_once() {
    for number in [0, 300] {
        let mut points = lamp_at_40();
        assert_eq!(lamp_says(&mut points, "ON", number, 10), NOTHING);
        assert_eq!(lines(points.update(at(13))).len(), 1, "{number}");
        assert_eq!((points.next_due(), lines(points.update(at(20)))), (None, Vec::new()), "{number}");
        lamp_says(&mut points, "ON", number, 21);
        assert_eq!(points.next_due(), None, "{number}");
    }
}

#[test]
fn what_is_renamed_keeps_what_is_known_of_it() {
    let mut points = lamp_at_40();
    assert_eq!(hear(&mut points, "z/motion", r#"{"occupancy":true}"#, 1), ["motion true"]);
    let mut config = house();
    for (place, output) in config.outputs.iter_mut().enumerate() {
        let was = std::mem::replace(&mut output.id, format!("new_{place}").into());
        config.renamed.push((Owner::Output(OutputId(place)), vec![was]));
    }
    points.follow(&config, at(2));
    assert!(points.outputs["new_1"].is_good());
    assert_eq!(lamp_says(&mut points, "OFF", 102, 3), ["new_1 found OFF Ok(())"]);
    let mut config = house();
    let was = std::mem::replace(&mut config.inputs[0].id, "entrance".into());
    config.renamed.push((Owner::Input(InputId(0)), vec![was]));
    points.follow(&config, at(4));
    let stale = lines(points.update(at(3_700)));
    assert!(stale.iter().any(|line| line.starts_with("entrance: ")), "{stale:?}");
}

#[test]
fn what_a_lamp_said_before_a_connection_was_lost_tells_nothing() {
    let mut points = lamp_at_40();
    lamp_says(&mut points, "ON", 254, 2);
    points.connected(false, at(3));
    points.outputs.values_mut().for_each(OutputPoint::publish_again);
    assert_eq!(lines(points.update(at(60))), NOTHING);
    points.connected(true, at(70));
    assert_eq!(retained(&mut points, "z/lamp", r#"{"state":"ON","brightness":254}"#), NOTHING);
    assert_eq!(lines(points.update(at(73))), ["lamp found ON Ok(())"]);
}

#[test]
fn an_output_that_is_away_fails_and_is_tried_when_it_is_back() {
    let mut points = points();
    drive(&mut points, 1, Level::ON, 0);
    hear(&mut points, "stat/plug/POWER", "ON", 1);
    assert_eq!(
        hear(&mut points, "tele/plug/LWT", "Offline", 2),
        ["plug found ON Err(\"tele/plug/LWT says `Offline`\")"]
    );
    let remote = plug(true);
    assert_eq!(points.absence("plug", &remote).as_deref(), Some("tele/plug/LWT says that it is offline"));
    assert_eq!(hear(&mut points, "tele/plug/LWT", "Online", 3), ["plug reached"]);
    assert_eq!(published(points.outputs.get_mut("plug").unwrap()), NOTHING, "what is tried when, the engine says");
    assert_eq!(drive(&mut points, 2, Level::ON, 3), ["cmnd/plug/POWER ON"]);
    assert_eq!(hear(&mut points, "tele/plug/LWT", "Online", 3), NOTHING, "it is tried already");
    assert_eq!(hear(&mut points, "stat/plug/POWER", "ON", 4), ["drive 2 Ok(())"]);
}

#[test]
fn without_a_broker_points_are_lost_after_a_while() {
    let mut points = points();
    drive(&mut points, 1, Level::ON, 0);
    hear(&mut points, "stat/plug/POWER", "ON", 1);
    points.connected(false, at(10));
    assert_eq!(lines(points.update(at(129))), NOTHING);
    assert_eq!(points.next_due(), Some(at(130).moment));
    assert_eq!(lines(points.update(at(130))), ["plug found ON Err(\"no connection to the broker\")"]);
    assert_eq!(lines(points.update(at(140))), NOTHING, "once");
    let point = points.outputs.get_mut("plug").unwrap();
    point.drive(DriveId(2), Level::OFF, Purpose::Want, true, at(150));
    assert_eq!(lines(points.update(at(153))), ["drive 2 Err(\"no connection to the broker\")"]);
}

#[test]
fn an_optimistic_output_is_what_the_broker_took() {
    let mut point = OutputPoint::new(Arc::new(plug(false)));
    let id: Arc<str> = "plug".into();
    point.drive(DriveId(1), Level::ON, Purpose::Want, true, at(0));
    assert_eq!(published(&mut point), ["cmnd/plug/POWER ON"]);
    assert_eq!(published(&mut point), NOTHING, "once");
    let mut events = Vec::new();
    point.taken(&id, DriveId(7), &mut events);
    point.taken(&id, DriveId(1), &mut events);
    assert_eq!(lines(events), ["drive 1 Ok(())"]);
}

#[test]
fn a_command_that_would_be_repeated_is_of_use_for_so_long_only() {
    let useful = |tells: bool, within, purpose| {
        let mut remote = plug(tells);
        remote.command.as_mut().unwrap().confirm_within = Duration::from_millis(within);
        let mut point = OutputPoint::new(Arc::new(remote));
        point.drive(DriveId(1), Level::ON, purpose, true, at(0));
        point.take_order().unwrap().useful_s
    };
    assert_eq!(useful(true, 3_000, Purpose::Want), Some(3));
    assert_eq!(useful(true, 500, Purpose::Want), Some(1), "the protocol knows whole seconds");
    assert_eq!(useful(true, 3_000, Purpose::Safe), None, "better late than never");
    assert_eq!(useful(false, 3_000, Purpose::Want), None, "nobody would repeat it");
}

#[test]
fn who_is_there_is_asked_for_before_what_they_said() {
    let topics = points().topics();
    let first = topics.iter().position(|topic| **topic == *"z/motion").unwrap();
    let last = topics.iter().rposition(|topic| topic.ends_with("availability") || topic.ends_with("LWT")).unwrap();
    assert!(last < first, "{topics:?}");
}

#[test]
fn what_the_broker_tells_again_is_no_reading() {
    let mut points = points();
    assert_eq!(retained(&mut points, "z/climate", r#"{"temperature":21}"#), ["climate temperature=21"]);
    assert_eq!(retained(&mut points, "z/climate", r#"{"temperature":21}"#), NOTHING);
    assert_eq!(hear(&mut points, "z/climate", r#"{"temperature":21}"#, 2), ["climate temperature=21"]);
    assert_eq!(retained(&mut points, "z/climate", r#"{"temperature":22}"#), ["climate temperature=22"]);
}
