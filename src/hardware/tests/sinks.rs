//! Outputs on buses: a bus that hangs holds up its own outputs and nothing else.

use super::*;
use crate::{
    hardware::outputs::{START_WITHIN, bus},
    model::{ActiveLevel, AtStart, Dimming, InterlockId, SafeState},
};

fn on_bus(id: &str, chip: &str, offset: u32) -> Output {
    Output::plain(id, OutputKind::Light, Line::OnChip { chip: chip.into(), offset })
}

struct House {
    board: Recorder,
    outputs: Outputs,
    events: Receiver<Event>,
    config: Arc<Config>,
}

impl House {
    /// All outputs start off.
    fn new(list: &[Output]) -> House {
        let (board, (sender, events)) = (Recorder::default(), channel(8));
        let mut outputs = Outputs::new(Arc::new(board.clone()), sender);
        let config = house(list, &[], &[]);
        outputs.claim_missing(&config, &vec![Level::OFF; list.len()], START_WITHIN);
        board.log.lock().unwrap().clear();
        House { board, outputs, events, config }
    }

    fn drive(&mut self, drive: u64, output: usize, level: Level) -> Option<Result<(), HardwareError>> {
        self.outputs.drive(DriveId(drive), &self.config, OutputId(output), level)
    }

    fn reload(&mut self, list: &[Output]) -> Vec<(OutputId, Level)> {
        let config = house(list, &[], &[]);
        self.outputs.release_others(&self.config, &config);
        self.config = config;
        self.outputs.claim_missing(&self.config, &vec![Level::OFF; list.len()], Duration::from_millis(100))
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.board.log.lock().unwrap())
    }
}

fn answer(drive: u64) -> Option<Event> {
    Some(Event::Driven { drive: DriveId(drive), result: Ok(()) })
}

#[test]
fn what_is_driven_over_a_bus_answers_later_and_holds_up_nothing_else() {
    let mut house = House::new(&[on_bus("slow", "a", 1), on_bus("other", "b", 1), output("direct", 17)]);
    house.board.hang("a", true);
    assert!(house.drive(1, 0, Level::ON).is_none());
    assert!(house.drive(2, 1, Level::ON).is_none());
    assert!(house.drive(3, 2, Level::ON).is_some_and(|result| result.is_ok()));
    assert_eq!(next(&mut house.events), answer(2));
    assert!(house.outputs.verify().is_empty(), "nor does the look at all lines");
    house.board.hang("a", false);
    assert_eq!(next(&mut house.events), answer(1));
    let mut log = house.log();
    assert_eq!(log.pop().as_deref(), Some("line 1 of a to ON"));
    log.sort();
    assert_eq!(log, ["GPIO 17 to ON", "line 1 of b to ON"]);
}

#[test]
fn of_what_waits_in_line_the_newest_level_of_each_output_is_driven() {
    let mut house = House::new(&[on_bus("one", "a", 1), on_bus("two", "a", 2)]);
    house.board.hang("a", true);
    house.drive(1, 0, Level::ON);
    // The first is under way: it cannot be taken back.
    sleep(Duration::from_millis(50));
    for drive in 2..100 {
        house.drive(drive, 0, Level::from_on(drive % 2 == 0));
        house.drive(drive + 100, 1, Level::from_on(drive % 2 == 0));
    }
    house.board.hang("a", false);
    assert_eq!([next(&mut house.events), next(&mut house.events)], [answer(1), answer(99)]);
    assert_eq!(next(&mut house.events), answer(199));
    assert_eq!(house.log(), ["line 1 of a to ON", "line 1 of a to OFF", "line 2 of a to OFF"]);
}

#[test]
fn a_reload_while_a_bus_hangs_leaves_safe_what_goes_and_keeps_what_waits() {
    let going = Output { safe: SafeState::On, ..on_bus("going", "a", 2) };
    let mut house = House::new(&[on_bus("kept", "a", 1), going, on_bus("busy", "a", 3)]);
    house.board.hang("a", true);
    house.drive(1, 2, Level::ON);
    sleep(Duration::from_millis(50));
    house.drive(2, 0, Level::ON);
    house.drive(3, 1, Level::ON);
    // Another output at the place of the one that goes, on its line, that is active low.
    let new = Output { active: ActiveLevel::Low, ..on_bus("new", "a", 2) };
    let renamed = on_bus("renamed", "a", 1);
    house.reload(&[new, renamed, on_bus("busy", "a", 3)]);
    house.drive(4, 0, Level::ON);
    house.board.hang("a", false);
    assert_eq!([next(&mut house.events), next(&mut house.events)], [answer(1), answer(2)]);
    assert_eq!(next(&mut house.events), answer(4), "nobody waits for the third any more");
    assert_eq!(
        house.log(),
        [
            "line 3 of a to ON",
            "line 1 of a to ON",
            "line 2 of a to ON",
            "line 2 of a released",
            "line 2 of a claimed at OFF",
            "line 2 of a to ON"
        ]
    );
}

#[test]
fn beside_one_of_an_interlock_that_does_not_answer_none_goes_on() {
    let member = |output: Output| Output { interlock: Some(InterlockId(0)), ..output };
    let list = [member(on_bus("down", "a", 1)), member(output("up", 17)), output("light", 27)];
    let mut house = House::new(&list);
    house.board.hang("a", true);
    let levels = [(OutputId(2), Level::ON), (OutputId(1), Level::ON), (OutputId(0), Level::OFF)];
    let results = house.outputs.drive_all(&house.config, &levels);
    let results: Vec<_> = results.into_values().map(|result| result.map_err(|error| error.to_string()).err()).collect();
    let hangs = "no answer over a within 3 s: the bus or the device hangs";
    let beside = "left off, since another of its interlock may be on";
    assert_eq!(results, [Some(hangs.to_owned()), Some(beside.to_owned()), None]);
    assert_eq!(house.log(), ["GPIO 27 to ON", "GPIO 17 to OFF"]);
    house.board.hang("a", false);
}

#[test]
fn a_start_beside_a_bus_that_hangs_claims_the_rest() {
    let (board, (sender, _events)) = (Recorder::default(), channel(8));
    board.hang("a", true);
    let mut outputs = Outputs::new(Arc::new(board.clone()), sender);
    let member = |output: Output| Output { interlock: Some(InterlockId(0)), ..output };
    let kept = Output { at_start: AtStart::Keep, ..on_bus("kept", "b", 1) };
    let list = [member(on_bus("down", "a", 1)), member(output("up", 17)), kept];
    let config = house(&list, &[], &[]);
    let others = outputs.claim_missing(&config, &[Level::OFF, Level::ON, Level::OFF], Duration::from_millis(200));
    assert_eq!(others, [(OutputId(1), Level::OFF), (OutputId(2), Level::ON)]);
    let mut log = board.log.lock().unwrap().clone();
    log.sort();
    assert_eq!(log, ["GPIO 17 claimed at OFF", "line 1 of b claimed as it is"]);
    board.hang("a", false);
}

#[test]
fn only_lines_of_the_board_are_driven_in_the_loop() {
    let mut config = Config::clone(&house(&[], &[], &[]));
    config.expanders.push(crate::model::Expander {
        id: "box".into(),
        chip: crate::model::ExpanderChip::Mcp23017,
        bus: 1,
        address: 0x20,
        poll: Duration::from_secs(1),
        interrupt: None,
        frequency: 1000.0,
    });
    let over = |line| bus(&Output { dimming: Dimming::PLAIN, ..Output::plain("x", OutputKind::Light, line) }, &config);
    let on_chip = |chip: &str| Line::OnChip { chip: chip.into(), offset: 3 };
    assert_eq!(over(Line::Number(17)), None);
    assert_eq!(over(Line::Named("GPIO17".into())), None);
    assert_eq!(over(on_chip("box")).as_deref(), Some("i2c-1"));
    assert_eq!(over(on_chip("gpiochip2")).as_deref(), Some("gpiochip2"));
    assert_eq!(over(Line::Pwm(crate::model::PwmChannel::Pin(18))).as_deref(), Some("pwm"));
}

#[test]
fn a_slow_simulated_output_is_one_on_a_bus() {
    let (mut hardware, wires, mut events) =
        open(&house(&[on_bus("slow", "a", 1), output("direct", 17)], &[], &[]), slow(), 8);
    assert!(!wires.slow_output("direct", Duration::from_secs(2)));
    assert!(wires.slow_output("slow", Duration::from_secs(3_600)));
    assert!(hardware.drive(DriveId(7), OutputId(0), Level::ON).is_none());
    assert_eq!(wires.output("slow"), Some(Level::OFF));
    assert!(wires.slow_output("slow", Duration::ZERO));
    assert_eq!(next(&mut events), answer(7));
    assert_eq!(wires.output("slow"), Some(Level::ON));
}

#[test]
fn at_an_end_nobody_reads_a_bus_that_has_something_to_report_is_driven_all_the_same() {
    let mut house = House::new(&[on_bus("one", "a", 1), on_bus("two", "b", 1)]);
    // More than the queue of the loop takes.
    for drive in 0..20 {
        house.drive(drive, 0, Level::from_on(drive % 2 == 0));
        sleep(Duration::from_millis(5));
    }
    let results = house.outputs.drive_all(&house.config, &[(OutputId(0), Level::ON), (OutputId(1), Level::ON)]);
    assert!(results.values().all(Result::is_ok), "{results:?}");
}
