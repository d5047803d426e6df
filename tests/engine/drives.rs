//! Drives that are answered late, or never: an answer counts for the drive that it is of, and for no other.

use crate::{
    NOTHING,
    support::{engine_config::*, engine_house::House},
};
use hearthd::{
    clock::Now,
    engine::{EffectQueue, Engine},
    model::{
        Cause, Command, Config, DriveId, Effect, Event, Level, Output, Quality, RequestId, RuleId, SafeState, Source,
    },
};
use std::sync::Arc;

/// A house whose wires answer only when a test says so.
struct Slow {
    engine: Engine,
    now: Now,
    /// Every drive so far: its id, the output's name then, the level.
    drives: Vec<(DriveId, Arc<str>, Level)>,
    config: Arc<Config>,
}

impl Slow {
    /// All its outputs are driven and have answered.
    fn new(config: Arc<Config>) -> Slow {
        Slow::after(House::new(config))
    }

    /// Goes on from a house whose wires answered at once.
    fn after(House { engine, now, config, .. }: House) -> Slow {
        Slow { engine, now, drives: Vec::new(), config }
    }

    fn send(&mut self, event: Event) -> Vec<String> {
        if let Event::Reconfigure(config) = &event {
            self.config = config.clone();
        }
        let effects = self.engine.handle(self.now, event);
        let driven = |effect| {
            let Effect::Drive { drive, output, level, .. } = effect else { return None };
            let id = self.config[output].id.clone();
            let text = format!("{id} {level}");
            self.drives.push((drive, id, level));
            Some(text)
        };
        effects.into_iter().filter_map(driven).collect()
    }

    fn command(&mut self, point: &str, payload: &str) -> Vec<String> {
        let (point, payload) = (point.to_owned(), payload.to_owned());
        let command = Command { source: Source::Mqtt, point, payload, hold: None };
        self.send(Event::Command { command, request: None })
    }

    /// The id of the newest drive.
    fn newest(&self) -> DriveId {
        self.drives.last().unwrap().0
    }

    fn answer(&mut self, drive: DriveId) -> Vec<String> {
        self.send(Event::Driven { drive, result: Ok(()) })
    }

    fn overdue(&mut self, drive: DriveId) -> Vec<String> {
        self.send(Event::Overdue { drive, text: "hangs".into() })
    }

    /// What an output shows, and whether that is good.
    fn shows(&self, id: &str) -> (String, bool) {
        let point = self.engine.snapshot(self.now).find(id).unwrap().clone();
        (point.text().unwrap(), point.quality == Quality::Good)
    }

    fn pass(&mut self, seconds: u64) -> Vec<String> {
        self.now.moment = self.now.moment + secs(seconds);
        self.send(Event::Wake)
    }
}

fn shows(text: &str, good: bool) -> (String, bool) {
    (text.into(), good)
}

fn two() -> Slow {
    let mut b = Builder::new();
    b.output(output("lamp"));
    b.output(output("fan"));
    Slow::new(b.build())
}

#[test]
fn what_a_bus_was_asked_to_switch_on_is_taken_back_before_it_answers() {
    let mut house = two();
    assert_eq!(house.command("lamp", "ON"), ["lamp ON"]);
    let on = house.newest();
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF"]);
    let off = house.newest();
    assert_eq!(house.command("fan", "ON"), ["fan ON"], "another output does not wait");
    assert_eq!(house.command("lamp", "ON"), NOTHING, "it is first known to be off");
    assert_eq!(house.answer(on), NOTHING, "that counts no more");
    assert_eq!(house.shows("lamp"), shows("OFF", true));
    assert_eq!(house.answer(off), ["lamp ON"]);
    assert_eq!(house.answer(off), NOTHING, "an answer counts once");
    assert_eq!(house.answer(house.newest()), NOTHING);
    assert_eq!(house.shows("lamp"), shows("ON", true));
}

#[test]
fn what_was_taken_back_may_have_been_on_until_it_is_known_to_be_off() {
    let mut b = Builder::new();
    let (up, down) = (b.output(output("up")), b.output(output("down")));
    b.interlock("shutter", secs(10), &[up, down]);
    let mut house = Slow::new(b.build());
    house.pass(600);
    house.command("up", "ON");
    assert_eq!(house.command("up", "OFF"), ["up OFF"]);
    assert_eq!(house.command("down", "ON"), NOTHING);
    let off = house.newest();
    let mut config = Config::clone(&house.config);
    config.hub.name = "other".into();
    assert_eq!(house.send(Event::Reconfigure(config.into())), NOTHING, "nor does a reload make it known");
    assert_eq!(house.pass(60), NOTHING);
    assert_eq!(house.answer(off), NOTHING, "it has been off from now on only");
    assert_eq!(house.pass(9), NOTHING);
    assert_eq!(house.pass(1), ["down ON"]);
}

/// A blind that was closed, whose motor was asked to open it and to stop, and has answered neither; the id of the stop.
fn blind_taken_back() -> (Slow, DriveId) {
    let blind = "[outputs.blind]\nkind = \"cover\"\nopen_gpio = \"UP\"\nclose_gpio = \"DOWN\"\n\
                 open_time = \"20s\"\nclose_time = \"20s\"\n";
    let mut at_once = House::new(from_text(blind));
    at_once.live(secs(60));
    at_once.command("blind", "CLOSE");
    at_once.live(secs(60));
    let mut house = Slow::after(at_once);
    assert_eq!(house.shows("blind.position"), shows("0", true));
    house.command("blind", "OPEN");
    let (on, _, _) = house.drives.iter().find(|(_, id, _)| &**id == "blind.open").cloned().unwrap();
    assert!(house.engine.awaits(on).is_some());
    house.command("blind", "STOP");
    let (off, id, level) = house.drives.last().cloned().unwrap();
    assert_eq!((&*id, level), ("blind.open", Level::OFF));
    (house, off)
}

#[test]
fn where_a_cover_is_whose_motor_was_taken_back_nobody_knows() {
    let (mut house, off) = blind_taken_back();
    house.answer(off);
    assert_ne!(house.engine.snapshot(house.now).find("blind.position").unwrap().quality, Quality::Good);
}

#[test]
fn a_drive_that_is_overdue_is_a_fault_until_it_is_answered() {
    let mut house = two();
    house.command("lamp", "ON");
    let drive = house.newest();
    assert_eq!(house.overdue(drive), NOTHING);
    assert_eq!((house.shows("lamp").1, house.shows("fan").1), (false, true));
    assert_eq!(house.answer(drive), NOTHING);
    assert_eq!(house.shows("lamp"), shows("ON", true));
    assert_eq!(house.pass(100), NOTHING, "it is not tried again");
    assert_eq!(house.overdue(drive), NOTHING);
    assert_eq!(house.shows("lamp"), shows("ON", true), "that came too late");
}

#[test]
fn the_answer_to_an_earlier_drive_is_not_that_to_the_newest() {
    let mut house = two();
    house.command("lamp", "ON");
    let first = house.newest();
    house.overdue(first);
    assert_eq!(house.pass(1), ["lamp ON"], "it is tried again");
    let second = house.newest();
    assert_eq!(house.answer(first), NOTHING);
    assert!(!house.shows("lamp").1);
    assert_eq!(house.answer(second), NOTHING);
    assert_eq!(house.shows("lamp"), shows("ON", true));
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF"]);
    let third = house.newest();
    house.answer(first);
    house.answer(second);
    assert_eq!(house.shows("lamp"), shows("ON", true));
    house.answer(third);
    assert_eq!(house.shows("lamp"), shows("OFF", true));
}

#[test]
fn a_drive_of_an_output_that_a_reload_keeps_goes_on_wherever_the_output_is_now() {
    let mut house = two();
    house.command("fan", "ON");
    let drive = house.newest();
    let mut b = Builder::new();
    b.output(output("fan"));
    b.output(output("lamp"));
    assert_eq!(house.send(Event::Reconfigure(b.build())), NOTHING);
    assert_eq!(house.answer(drive), NOTHING);
    assert_eq!((house.shows("fan"), house.shows("lamp")), (shows("ON", true), shows("OFF", true)));
}

#[test]
fn the_answer_for_an_output_that_went_is_not_taken_for_the_one_in_its_place() {
    let mut house = two();
    house.command("lamp", "ON");
    let gone = house.newest();
    let mut b = Builder::new();
    b.output(output("heater"));
    let driven = house.send(Event::Reconfigure(b.build()));
    assert_eq!(driven, ["heater OFF"]);
    let own = house.newest();
    assert!(own > gone, "ids go on over a reload");
    assert_eq!(house.answer(gone), NOTHING);
    assert_eq!(house.send(Event::Driven { drive: gone, result: Err("gone".into()) }), NOTHING);
    assert_eq!(house.overdue(gone), NOTHING);
    assert_eq!(house.shows("heater"), shows("OFF", true));
    assert_eq!(house.answer(own), NOTHING);
}

#[test]
fn on_another_wire_an_output_is_another_one() {
    let mut house = two();
    house.command("lamp", "ON");
    let before = house.newest();
    let mut config = Config::clone(&house.config);
    config.outputs[0].line = output("elsewhere").line;
    assert_eq!(house.send(Event::Reconfigure(config.into())), ["lamp ON"]);
    house.answer(before);
    assert_eq!(house.shows("lamp"), shows("OFF", true), "its new wire has not answered");
    house.answer(house.newest());
    assert_eq!(house.shows("lamp"), shows("ON", true));
}

#[test]
fn a_member_of_an_interlock_goes_on_when_the_off_of_the_other_is_confirmed() {
    let mut b = Builder::new();
    let (up, down) = (b.output(output("up")), b.output(output("down")));
    b.interlock("shutter", secs(2), &[up, down]);
    let mut house = Slow::new(b.build());
    house.pass(60);
    house.command("up", "ON");
    house.answer(house.newest());
    house.pass(60);
    assert_eq!(house.command("down", "ON"), ["up OFF"]);
    let off = house.newest();
    assert_eq!(house.pass(60), NOTHING, "nobody knows yet whether it is off");
    house.overdue(off);
    assert_eq!(house.pass(1), ["up OFF"], "it is tried again, and the other stays off");
    assert_eq!(house.answer(off), NOTHING);
    assert_eq!(house.answer(house.newest()), NOTHING, "it rests first");
    assert_eq!(house.pass(2), ["down ON"]);
}

#[test]
fn an_output_that_goes_on_for_another_one_waits_for_its_wire() {
    let mut b = Builder::new();
    let (pump, heater) = (b.output(output("pump")), b.output(output("heater")));
    b.rule("Water runs", output_is_on(pump), &[(heater, ON)]);
    let mut house = Slow::new(b.build());
    assert_eq!(house.command("pump", "ON"), ["pump ON"]);
    let drive = house.newest();
    assert_eq!(house.pass(1), NOTHING);
    assert_eq!(house.answer(drive), ["heater ON"]);
}

#[test]
fn the_end_takes_back_what_is_under_way() {
    let mut house = two();
    house.command("lamp", "ON");
    assert_eq!(house.send(Event::Stop), ["lamp OFF"]);
}

#[test]
fn what_fails_while_the_end_comes_is_tried_once_more() {
    for is_late in [false, true] {
        let mut house = two();
        house.command("lamp", "ON");
        house.answer(house.newest());
        assert_eq!(house.command("lamp", "OFF"), ["lamp OFF"]);
        assert_eq!(house.send(Event::Stop), NOTHING, "it is under way");
        let fail = |house: &mut Slow| match house.newest() {
            drive if is_late => house.overdue(drive),
            drive => house.send(Event::Driven { drive, result: Err("no answer".into()) }),
        };
        assert_eq!(fail(&mut house), ["lamp OFF"]);
        assert_eq!(fail(&mut house), NOTHING);
        assert_eq!(house.pass(60), ["lamp OFF"], "a while later, as ever");
    }
}

#[test]
fn how_a_wire_was_before_it_was_driven_does_not_count() {
    let mut house = two();
    house.command("lamp", "ON");
    let drive = house.newest();
    let found = |level, result| Event::WireFound { output: "lamp".into(), level, result };
    house.send(found(Level::OFF, Err("reads otherwise".into())));
    assert!(house.shows("lamp").1);
    // It was claimed anew meanwhile: the drive was before.
    assert_eq!(house.send(found(Level::OFF, Ok(()))), ["lamp ON"]);
    assert_eq!(house.answer(drive), NOTHING);
    assert_eq!(house.shows("lamp"), shows("OFF", true));
}

#[test]
fn what_a_kill_leaves_half_driven_on_rests_as_if_it_had_been_on() {
    let mut b = Builder::new();
    let (up, down) = (b.output(output("up")), b.output(output("down")));
    b.interlock("shutter", secs(60), &[up, down]);
    let mut house = Slow::new(b.build());
    house.pass(600);
    let promised = house.engine.revision().durable;
    assert_eq!(house.command("up", "ON"), ["up ON"]);
    assert_ne!(house.engine.revision().durable, promised, "it is kept before the wire has answered");
    assert_eq!(house.command("up", "OFF"), ["up OFF"], "its wire has not answered");
    let memory = serde_json::to_string(&house.engine.memory(house.now)).unwrap();
    let memory = serde_json::from_str(&memory).unwrap();
    let mut again = House::start(house.config.clone(), Some(memory), house.now);
    assert_eq!(again.command("down", "ON"), NOTHING, "`up` may have been on a moment ago");
    assert_eq!(again.live(secs(59)), NOTHING);
    assert_eq!(again.live(secs(1)), ["down ON: command by MQTT, until AUTO"]);
}

#[test]
fn an_answer_names_the_request_that_it_is_of() {
    let mut house = two();
    let mut ask = |request: Option<u64>, point: &str| {
        let (point, payload) = (point.to_owned(), "ON".to_owned());
        let command = Command { source: Source::Console, point, payload, hold: None };
        let event = Event::Command { command, request: request.map(RequestId) };
        house.engine.handle(house.now, event).into_iter().find_map(|effect| match effect {
            Effect::Answer { request, result, .. } => Some((request, result.is_ok())),
            _ => None,
        })
    };
    assert_eq!(ask(Some(2), "lamp"), Some((Some(RequestId(2)), true)));
    assert_eq!(ask(Some(1), "nothing"), Some((Some(RequestId(1)), false)));
    assert_eq!(ask(None, "fan"), Some((None, true)));
}

#[test]
fn what_is_in_line_at_a_reload_has_the_cause_that_it_has_then() {
    let mut b = Builder::new();
    let (lamp, i) = (b.output(output("lamp")), b.input("i"));
    b.rule("Gone", is_on(i), &[]);
    b.rule("Light", is_on(i), &[(lamp, ON)]);
    let mut house = Slow::new(b.build());
    let mut queue = EffectQueue::default();
    let event = Event::InputRead { input: "i".into(), result: Ok(true), at: None };
    queue.add(house.engine.handle(house.now, event));
    let note = Effect::Note { about: "Gone".into(), text: "of before".into() };
    queue.add(vec![note.clone()]);
    let mut b = Builder::new();
    let (lamp, i) = (b.output(output("lamp")), b.input("i"));
    b.rule("Light", is_on(i), &[(lamp, ON)]);
    house.send(Event::Reconfigure(b.build()));
    queue.follow(&house.engine);
    let Some(Effect::Drive { cause, .. }) = queue.next(&house.engine) else { panic!("it is under way still") };
    assert_eq!(cause, Cause::Rule(RuleId(0)));
    assert_eq!(queue.next(&house.engine), Some(note));
}

#[test]
fn what_stays_as_it_is_left_stays_as_it_was_last_driven() {
    let mut b = Builder::new();
    let (lamp, i) = (b.output(Output { default_holds: true, ..output("lamp") }), b.input("i"));
    b.output(Output { safe: SafeState::Hold, ..output("pump") });
    b.rule("Press", is_on(i), &[(lamp, ON)]);
    let mut house = Slow::new(b.build());
    let i = |on| Event::InputRead { input: "i".into(), result: Ok(on), at: None };
    house.send(i(false));
    assert_eq!(house.send(i(true)), ["lamp ON"]);
    assert_eq!(house.send(i(false)), NOTHING);
    assert_eq!(house.answer(house.newest()), NOTHING);
    assert_eq!(house.shows("lamp"), shows("ON", true));
    assert_eq!(house.command("pump", "ON"), ["pump ON"]);
    assert_eq!(house.send(Event::Stop), ["lamp OFF"]);
}

#[test]
fn a_pulse_that_is_asked_for_again_while_it_is_taken_back_is_given() {
    let mut b = Builder::new();
    b.output(Output { pulse: Some(secs(1)), ..output("gate") });
    let mut house = Slow::new(b.build());
    assert_eq!(house.command("gate", "ON"), ["gate ON"]);
    assert_eq!(house.command("gate", "OFF"), ["gate OFF"]);
    let off = house.newest();
    assert_eq!(house.command("gate", "ON"), NOTHING);
    assert_eq!(house.answer(off), ["gate ON"]);
}

#[test]
fn a_start_does_not_know_where_a_cover_is_whose_motor_was_taken_back() {
    let (mut house, _) = blind_taken_back();
    let memory = serde_json::to_string(&house.engine.memory(house.now)).unwrap();
    let memory = serde_json::from_str(&memory).unwrap();
    house.send(Event::Wake);
    let again = House::start(house.config.clone(), Some(memory), house.now);
    assert_ne!(again.point("blind.position").quality, Quality::Good);
}

#[test]
fn a_rest_is_kept_of_an_output_that_nobody_knows_to_be_off() {
    let mut b = Builder::new();
    b.output(Output { min_off: Some(secs(60)), ..output("pump") });
    let mut house = Slow::new(b.build());
    house.pass(600);
    assert_eq!(house.command("pump", "ON"), ["pump ON"]);
    assert_eq!(house.command("pump", "OFF"), ["pump OFF"]);
    house.overdue(house.newest());
    assert_eq!(house.command("pump", "ON"), NOTHING);
    assert_eq!(house.pass(90), ["pump OFF"], "it is tried again");
    assert_eq!(house.answer(house.newest()), NOTHING);
    assert_eq!(house.pass(59), NOTHING);
    assert_eq!(house.pass(1), ["pump ON"]);
}

#[test]
fn what_once_on_stays_on_for_a_while_is_not_taken_back_but_for_safety() {
    let mut b = Builder::new();
    b.output(Output { min_on: Some(secs(60)), ..output("pump") });
    let mut house = Slow::new(b.build());
    assert_eq!(house.command("pump", "ON"), ["pump ON"]);
    assert_eq!(house.command("pump", "OFF"), NOTHING);
    assert_eq!(house.send(Event::Stop), ["pump OFF"]);
}

/// A lamp with a limit of ten minutes, behind a bus.
fn limited(rest: Option<u64>) -> Slow {
    let mut b = Builder::new();
    b.output(Output { max_on: Some(mins(10)), max_on_rest: rest.map(secs), ..output("lamp") });
    Slow::new(b.build())
}

#[test]
fn a_limit_counts_from_when_the_output_may_have_gone_on() {
    let mut house = limited(None);
    assert_eq!(house.command("lamp", "ON"), ["lamp ON"]);
    let on = house.newest();
    house.overdue(on);
    assert_eq!(house.pass(0), NOTHING);
    // It is tried again, and answered when it has long been on.
    assert_eq!(house.pass(240), ["lamp ON"]);
    house.answer(house.newest());
    assert_eq!(house.shows("lamp"), shows("ON", true));
    assert_eq!(house.pass(359), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"], "ten minutes after the first drive");
}

/// The newest drive is refused.
fn refuse(house: &mut Slow) {
    let drive = house.newest();
    assert_eq!(house.send(Event::Driven { drive, result: Err("busy".into()) }), NOTHING);
}

#[test]
fn a_refusal_makes_no_drive_before_it_undone() {
    let mut house = limited(None);
    house.command("lamp", "ON");
    refuse(&mut house);
    assert_eq!(house.pass(60), ["lamp ON"]);
    // The answer to this one is lost: from now on it may be on.
    house.overdue(house.newest());
    assert_eq!(house.pass(60), ["lamp ON"]);
    refuse(&mut house);
    assert_eq!(house.pass(60), ["lamp ON"]);
    house.answer(house.newest());
    assert_eq!(house.shows("lamp"), shows("ON", true));
    assert_eq!(house.pass(479), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"], "ten minutes after the drive whose answer was lost");
}

#[test]
fn a_refusal_makes_nothing_undone_that_was_to_be_taken_back_and_was_not() {
    let mut house = limited(None);
    house.command("lamp", "ON");
    assert_eq!(house.command("lamp", "OFF"), ["lamp OFF"]);
    refuse(&mut house);
    assert_eq!(house.pass(60), ["lamp OFF"]);
    refuse(&mut house);
    assert_eq!(house.command("lamp", "ON"), ["lamp ON"]);
    refuse(&mut house);
    assert_eq!(house.pass(60), ["lamp ON"]);
    house.answer(house.newest());
    assert_eq!(house.pass(479), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"], "ten minutes after the first drive, which nobody answered");
}

#[test]
fn a_limit_is_kept_also_while_nobody_answers() {
    let mut house = limited(Some(60));
    house.command("lamp", "ON");
    assert_eq!(house.pass(599), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"], "the bus hangs, and it may have been on for ten minutes");
    assert_eq!(house.pass(120), NOTHING, "until it answers it does not rest");
    house.answer(house.newest());
    assert_eq!(house.pass(59), NOTHING);
    assert_eq!(house.shows("lamp"), shows("OFF", true));
    assert_eq!(house.pass(1), NOTHING, "its command went with the trip");
    assert_eq!(house.command("lamp", "ON"), ["lamp ON"]);
    house.answer(house.newest());
    assert_eq!(house.pass(599), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"], "and a new limit counts anew");
}

#[test]
fn what_did_not_go_on_uses_up_no_limit() {
    let mut house = limited(None);
    house.command("lamp", "ON");
    let refused = |house: &mut Slow| house.send(Event::Driven { drive: house.newest(), result: Err("refused".into()) });
    refused(&mut house);
    for _ in 0..20 {
        assert_eq!(house.pass(60), ["lamp ON"]);
        refused(&mut house);
    }
    assert_eq!(house.pass(60), ["lamp ON"]);
    house.answer(house.newest());
    assert_eq!(house.pass(599), NOTHING);
    assert_eq!(house.pass(1), ["lamp OFF"]);
}

#[test]
fn a_reload_or_a_kill_does_not_begin_a_limit_anew() {
    let mut house = limited(None);
    house.command("lamp", "ON");
    house.pass(240);
    house.answer(house.newest());
    let mut config = Config::clone(&house.config);
    config.hub.name = "other".into();
    assert_eq!(house.send(Event::Reconfigure(config.into())), NOTHING);
    let memory = serde_json::to_string(&house.engine.memory(house.now)).unwrap();
    let mut again = House::start(house.config.clone(), Some(serde_json::from_str(&memory).unwrap()), house.now);
    assert_eq!((house.pass(359), again.live(secs(359))), (vec![], vec![]));
    assert_eq!((house.pass(1).len(), again.live(secs(1)).len()), (1, 1));
}

/// Home Assistant sends a level and then ON, which leaves it, also before anything has answered.
#[test]
fn a_group_is_asked_to_be_what_its_members_are_asked_to_be() {
    let config = hearthd::config::parse(
        std::path::Path::new("house.toml"),
        "[hub]\nid = \"house\"\n[hardware]\nbackend = \"simulated\"\n\
         [outputs.lamp]\nkind = \"light\"\npwm = 18\n[outputs.other]\nkind = \"light\"\npwm = 19\n\
         [outputs.both]\nkind = \"group\"\nmembers = [\"lamp\", \"other\"]\n",
    );
    let mut house = Slow::new(Arc::new(config.unwrap().config));
    assert_eq!(house.command("both", "ON"), ["lamp ON", "other ON"]);
    assert_eq!(house.command("both.level", "40"), NOTHING, "the wires have not answered");
    assert_eq!(house.command("both", "ON"), NOTHING);
    for (drive, ..) in house.drives.clone() {
        house.send(Event::Driven { drive, result: Ok(()) });
    }
    let levels: Vec<_> = house.drives.iter().skip(2).map(|(_, id, level)| format!("{id} {level}")).collect();
    assert_eq!(levels, ["lamp 40 %", "other 40 %"]);
    assert_eq!(house.command("both", "TOGGLE"), ["lamp OFF", "other OFF"]);
}
