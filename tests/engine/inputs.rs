//! Inputs whose news comes late: what is timed is timed from when it happened.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::*},
};
use hearthd::model::{Click, Event, InputKind, Quality, Value};
use std::time::Duration;

#[test]
fn a_hold_counts_from_the_edge_however_late_it_is_told() {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let motion = builder.input("motion");
    builder.change_input(motion, |input| input.hold = secs(10));
    builder.rule("Light", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(builder.build());
    drop((house.input("motion", false), house.input("motion", true)));
    house.live(secs(60));
    assert_eq!(house.input_ago("motion", false, secs(4)), NOTHING);
    house.live(secs(6) - Duration::from_millis(1));
    assert!(house.is_on("lamp"));
    house.live(Duration::from_millis(1));
    assert!(!house.is_on("lamp"));
    let motion = house.point("motion");
    assert_eq!((motion.value, motion.changed), (Some(Value::Switch(false)), Some(house.now.wall)));
}

/// Two clicks that were further apart than a double click is are told closer to each other: the first came late.
#[test]
fn clicks_are_told_apart_by_when_they_were() {
    let ms = Duration::from_millis;
    let told = |late: Duration| {
        let mut builder = Builder::new();
        let button = builder.input("button");
        builder.change_input(button, |input| {
            (input.kind, input.double_gap, input.long_after) = (InputKind::Button, ms(400), ms(1000));
        });
        let mut house = House::new(builder.build());
        house.input("button", false);
        house.live(secs(60));
        drop((house.input_ago("button", true, late + ms(50)), house.input_ago("button", false, late)));
        house.live(ms(300));
        drop((house.input("button", true), house.input("button", false)));
        house.live(secs(1));
        house.point("button.event").text()
    };
    assert_eq!(told(Duration::ZERO).as_deref(), Some("double"));
    assert_eq!(told(ms(150)).as_deref(), Some("click"));
}

/// A loop that was busy hears of all of it at once, one by one.
#[test]
fn what_was_heard_late_is_not_ended_before_all_of_it_was_heard() {
    let ms = Duration::from_millis;
    let told = |news: &[(bool, u64)]| {
        let mut builder = Builder::new();
        let button = builder.input("button");
        builder.change_input(button, |input| {
            (input.kind, input.double_gap, input.long_after) = (InputKind::Button, ms(350), ms(1000));
        });
        let mut house = House::new(builder.build());
        house.input("button", false);
        house.live(secs(60));
        news.iter().for_each(|(pressed, ago)| drop(house.input_ago("button", *pressed, ms(*ago))));
        house.live(secs(1));
        house.point("button.event").text()
    };
    assert_eq!(told(&[(true, 2000), (false, 1000)]).as_deref(), Some("long"));
    assert_eq!(told(&[(true, 2000), (false, 1900), (true, 1700), (false, 1600)]).as_deref(), Some("double"));
    assert_eq!(told(&[(true, 2000), (false, 1900)]).as_deref(), Some("click"));
}

#[test]
fn a_hold_that_goes_on_was_never_over() {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let motion = builder.input("motion");
    builder.change_input(motion, |input| input.hold = secs(2));
    builder.rule("Light", is_on(motion), &[(lamp, ON)]);
    let mut house = House::new(builder.build());
    drop((house.input("motion", false), house.input("motion", true)));
    house.live(secs(60));
    assert_eq!(house.input_ago("motion", false, secs(3)), NOTHING);
    assert_eq!(house.input_ago("motion", true, Duration::from_millis(2500)), NOTHING);
    house.live(secs(60));
    assert!(house.is_on("lamp"));
    assert_eq!(house.input_ago("motion", false, secs(3)), NOTHING);
    assert_eq!(house.wake(), ["lamp OFF: nobody asks for anything"]);
}

/// No stamp makes something happen in the future.
#[test]
fn a_stamp_of_the_future_is_now() {
    let mut builder = Builder::new();
    let motion = builder.input("motion");
    builder.change_input(motion, |input| input.hold = secs(10));
    let mut house = House::new(builder.build());
    house.input("motion", true);
    house.live(secs(60));
    let at = Some(house.now.moment + secs(3600));
    house.send(hearthd::model::Event::InputRead { input: "motion".into(), result: Ok(false), at });
    house.live(secs(10));
    assert_eq!(house.point("motion").value, Some(Value::Switch(false)));
}

#[test]
fn what_a_device_on_the_broker_said_is_not_believed_after_a_start_nor_of_another_one() {
    let text = |device: &str| {
        format!(
            "[mqtt]\nurl = \"mqtt://localhost\"\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
             [inputs.motion]\nkind = \"motion\"\nzigbee2mqtt = \"{device}\"\n\
             [sensors.air]\nzigbee2mqtt = \"{device}\"\nquantities = [\"temperature\"]\n\
             [[rules]]\nname = \"Light\"\nwhile = \"motion\"\nset = {{ lamp = \"on\" }}\n"
        )
    };
    let mut house = House::new(from_text(&text("hall")));
    house.input("motion", true);
    house.reads("air", 20.0);
    assert!(house.is_on("lamp"));
    let quality = |house: &House, point: &str| house.point(point).quality;
    house.restart(secs(1));
    assert_eq!((quality(&house, "motion"), house.is_on("lamp")), (Quality::Unknown, false));
    house.input("motion", true);
    house.reads("air", 20.0);
    house.send(Event::Reconfigure(from_text(&text("hall"))));
    assert_eq!((quality(&house, "motion"), quality(&house, "air.temperature")), (Quality::Good, Quality::Good));
    house.send(Event::Reconfigure(from_text(&text("attic"))));
    assert_eq!((quality(&house, "motion"), quality(&house, "air.temperature")), (Quality::Unknown, Quality::Unknown));
    assert!(!house.is_on("lamp"));
}

/// A button whose device tells its clicks itself, and does not stop.
#[test]
fn a_storm_of_clicks_is_a_fault_until_it_is_quiet() {
    let button = "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[mqtt]\nurl = \"mqtt://127.0.0.1\"\n\
                  [inputs.button]\nkind = \"button\"\nzigbee2mqtt = \"button\"\ntoggles = \"lamp\"\n\
                  [[rules]]\nname = \"Tell\"\non = \"button click\"\ndo = \"notify 'clicked'\"\n";
    let mut house = House::new(from_text(button));
    let click = |house: &mut House| house.send(Event::InputClicked { input: "button".into(), click: Click::Single });
    house.input("button", false);
    house.live(secs(60));
    for _ in 0..20 {
        assert_eq!(click(&mut house).len(), 2, "the lamp and the notice: nobody clicks faster than this");
        house.live(Duration::from_millis(250));
    }
    let lamp_before = house.log.len();
    let mut done = 0;
    for _ in 0..100_000 {
        done += click(&mut house).len();
        house.live(Duration::from_micros(100));
    }
    assert!(done <= 40 && house.log.len() - lamp_before <= 20, "{done}");
    let point = house.point("button");
    assert_eq!(point.quality, Quality::Fault);
    let fault = "it tells more than 15 changes or clicks a second: a broken device, or another program?";
    assert_eq!(point.fault.as_deref(), Some(fault));
    assert!(house.engine.next_wakeup().is_some_and(|next| next > house.now.moment), "and nothing is done meanwhile");
    house.live(secs(9));
    assert_eq!(click(&mut house), NOTHING, "it was not quiet yet");
    house.live(secs(10));
    assert_eq!(house.point("button").quality, Quality::Good);
    assert_eq!(click(&mut house).len(), 2);
}
