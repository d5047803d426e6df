//! All outputs: those on lines of the board are driven at once, those on a bus by its thread.

use super::{
    HardwareError,
    board::Board,
    choice,
    lineset::LineSet,
    sink::{Answers, Drive, Sink},
};
use crate::model::{Config, DriveId, Event, Level, Line, Output, OutputId, PwmChannel};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc::{Sender, channel};

/// At a start, no bus is waited for longer than this.
pub(super) const START_WITHIN: Duration = Duration::from_secs(2);
/// Nor at a reload, while the house goes on.
pub(super) const RELOAD_WITHIN: Duration = Duration::from_millis(100);
/// Nor at the end, before the rest is driven on.
const SAFE_WITHIN: Duration = Duration::from_secs(3);

/// The lines of all outputs.
pub(super) struct Outputs {
    board: Arc<dyn Board>,
    events: Sender<Event>,
    direct: LineSet,
    /// By the names of their buses. A bus that has no outputs any more rests.
    sinks: BTreeMap<String, Sink>,
}

/// What is done with the line of an output: the level that it has now, if that is another than it was to have.
type Act = fn(&mut LineSet, &Output, Level) -> Result<Option<Level>, HardwareError>;

/// What became of one output of several: the level that it was to have in the end.
type Done = (OutputId, Level, Result<Option<Level>, HardwareError>);

impl Outputs {
    /// Holds nothing yet. Drives over buses are answered by `events`.
    pub fn new(board: Arc<dyn Board>, events: Sender<Event>) -> Outputs {
        Outputs { direct: LineSet::new(board.clone()), board, events, sinks: BTreeMap::new() }
    }

    /// False after a panic of a bus's thread.
    pub fn is_healthy(&self) -> bool {
        self.sinks.values().all(Sink::is_healthy)
    }

    /// Releases the lines that `config` does not have any more, or that moved elsewhere, in their safe state. A bus that
    /// has such lines is waited for, [`RELOAD_WITHIN`] at most, so that what takes their place finds them free.
    pub fn release_others(&mut self, before: &Arc<Config>, config: &Arc<Config>) {
        self.direct.release_others(config, |line| line.is_moved(before, config));
        let stays = |output: &Output| {
            let same =
                |now: &Output| now.line == output.line && now.active == output.active && now.dimming == output.dimming;
            let moved = output.line.as_ref().is_some_and(|line| line.is_moved(before, config));
            !moved && config.outputs.iter().any(same)
        };
        let going = before.outputs.iter().filter(|output| !stays(output)).filter_map(|output| output.line.as_ref());
        let going: BTreeSet<&Line> = going.collect();
        let (answers, mut asked) = (Answers::default(), 0);
        for sink in self.sinks.values_mut() {
            let number = sink.lines.len();
            sink.lines.retain(|line| !going.contains(line));
            sink.keep_drives(stays);
            let (before, config, answers) = (before.clone(), config.clone(), answers.clone());
            let releases = number > sink.lines.len();
            asked += usize::from(releases);
            sink.work(move |lines| {
                lines.release_others(&config, |line| line.is_moved(&before, &config));
                if releases {
                    answers.give((OutputId(0), Ok(None)));
                }
            });
        }
        answers.wait(asked, RELOAD_WITHIN);
    }

    /// Claims every line that is not claimed yet, at its level of `start`, which is in the order of the outputs. Returns the
    /// levels of those that are at another one: they are kept as they are, or off beside one of an interlock that may be on.
    pub fn claim_missing(
        &mut self,
        config: &Arc<Config>,
        start: &[Level],
        patience: Duration,
    ) -> Vec<(OutputId, Level)> {
        let sinks = self.sinks.values().flat_map(|sink| sink.lines.iter().cloned());
        let claimed: BTreeSet<Line> = self.direct.lines().into_iter().chain(sinks).collect();
        let missing = config.outputs.iter().zip(start).enumerate().filter_map(|(index, (output, level))| {
            let line = output.line.as_ref()?;
            (!claimed.contains(line)).then_some((OutputId(index), *level))
        });
        let missing: Vec<(OutputId, Level)> = missing.collect();
        // A failure is logged, and the next drive tries again.
        let done = self.act_on_all(config, &missing, LineSet::claim, patience);
        let mut others: Vec<(OutputId, Level)> = done
            .into_iter()
            .filter_map(|(id, level, result)| {
                let asked = missing.contains(&(id, level));
                result.ok()?.or_else(|| (!asked).then_some(level)).map(|level| (id, level))
            })
            .collect();
        others.sort_unstable();
        others
    }

    /// Drives an output, claiming its line first if that failed before. None: its bus answers later, by
    /// [`Event::Driven`].
    pub fn drive(
        &mut self,
        drive: DriveId,
        config: &Arc<Config>,
        output: OutputId,
        level: Level,
    ) -> Option<Result<(), HardwareError>> {
        let Some(bus) = bus(&config[output], config) else { return Some(self.direct.drive(&config[output], level)) };
        let is_under_way = self.sink(&bus).drive(Drive { drive, config: config.clone(), output, level });
        (!is_under_way).then(|| Err(no_thread(&bus)))
    }

    /// At the end: drives outputs one after the other and waits for their buses, each time [`SAFE_WITHIN`] at most.
    pub fn drive_all(
        &mut self,
        config: &Arc<Config>,
        levels: &[(OutputId, Level)],
    ) -> BTreeMap<OutputId, Result<(), HardwareError>> {
        self.sinks.values().for_each(Sink::fall_silent);
        let drive: Act = |lines, output, level| lines.drive(output, level).map(|()| None);
        let done = self.act_on_all(config, levels, drive, SAFE_WITHIN);
        let told = |(id, level, result): Done| {
            let kept_off = result.is_ok() && !levels.contains(&(id, level));
            (id, if kept_off { Err(HardwareError::BesideFault) } else { result.map(drop) })
        };
        done.into_iter().map(told).collect()
    }

    /// The lines of the board that are not as they were last driven. Those on buses are told by [`Event::WireFound`].
    pub fn verify(&mut self) -> Vec<(Arc<str>, Level, HardwareError)> {
        self.sinks.values().for_each(Sink::verify);
        self.direct.verify()
    }

    /// Does the same with several outputs, off before on: where one of an interlock fails or does not answer, the others of
    /// it are off.
    fn act_on_all(
        &mut self,
        config: &Arc<Config>,
        levels: &[(OutputId, Level)],
        act: Act,
        patience: Duration,
    ) -> Vec<Done> {
        let (mut done, mut faulty) = (Vec::new(), BTreeSet::new());
        for on in [false, true] {
            let (answers, mut asked) = (Answers::default(), BTreeMap::new());
            let mut of_phase = Vec::new();
            for &(id, level) in levels.iter().filter(|(_, level)| level.is_on() == on) {
                let output = &config[id];
                let kept_off = on && output.interlock.is_some_and(|group| faulty.contains(&group));
                let level = if kept_off { Level::OFF } else { level };
                let Some(bus) = bus(output, config) else {
                    of_phase.push((id, level, act(&mut self.direct, output, level)));
                    continue;
                };
                let sink = self.sink(&bus);
                sink.lines.extend(output.line.clone());
                asked.insert(id, (level, bus));
                let (config, answers) = (config.clone(), answers.clone());
                sink.work(move |lines| answers.give((id, act(lines, &config[id], level))));
            }
            for (id, result) in answers.wait(asked.len(), patience) {
                of_phase.extend(asked.remove(&id).map(|(level, _)| (id, level, result)));
            }
            of_phase.extend(asked.into_iter().map(|(id, (level, bus))| (id, level, Err(no_answer(&bus, patience)))));
            let failed = of_phase.iter().filter(|(_, _, result)| result.is_err());
            faulty.extend(failed.filter_map(|(id, ..)| config[*id].interlock));
            done.append(&mut of_phase);
        }
        done
    }

    fn sink(&mut self, bus: &str) -> &mut Sink {
        let (board, events) = (&self.board, &self.events);
        self.sinks.entry(bus.to_owned()).or_insert_with_key(|bus| Sink::start(bus, board.clone(), events.clone()))
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        Sink::end_all(std::mem::take(&mut self.sinks).into_values().collect());
    }
}

/// The name of what an output is driven over; None: of lines of the board itself.
pub(super) fn bus(output: &Output, config: &Config) -> Option<String> {
    let line = output.line.as_ref().filter(|line| !line.is_direct())?;
    if let Some((expander, _)) = config.expander_pin(line) {
        return Some(format!("i2c-{}", expander.bus));
    }
    Some(match line {
        Line::Number(_) | Line::Named(_) => "lines by name".into(),
        Line::OnChip { chip, .. } => chip.clone(),
        Line::Pwm(PwmChannel::Pin(_)) => "pwm".into(),
        Line::Pwm(PwmChannel::OnChip { chip, .. }) => format!("pwm {chip}"),
        // Only where it is played.
        Line::Remote(_) => "mqtt".into(),
        Line::Modbus(_) => "modbus".into(),
        Line::Serial(_) => "serial".into(),
    })
}

fn no_thread(bus: &str) -> HardwareError {
    HardwareError::Os { what: format!("cannot drive over {bus}"), source: io::Error::other("no thread is left") }
}

fn no_answer(bus: &str, patience: Duration) -> HardwareError {
    HardwareError::NotDriven { bus: bus.into(), patience }
}

/// Drives every output to its safe state and releases it, without a running daemon. Outputs whose safe state is `hold`
/// are left alone and reported as good. By id.
///
/// The wires of the house `except` are left alone, too: whatever it has there, it knows better.
pub fn drive_safe(config: &Config, except: Option<&Config>) -> Vec<(Arc<str>, Result<(), HardwareError>)> {
    let mut config = config.wired();
    if let Some(except) = except {
        let others = config.outputs.iter().map(|output| {
            let taken = output.line.as_ref().is_some_and(|line| has_wire(except, line, &config));
            Output { line: output.line.clone().filter(|_| !taken), ..output.clone() }
        });
        config.outputs = others.collect();
    }
    let board = choice::choose(&config.hardware).board;
    board.lay(&config);
    drive_safe_on(board, &Arc::new(config))
}

/// Whether the house has something on the very wire that `other` calls `line`.
fn has_wire(house: &Config, line: &Line, other: &Config) -> bool {
    let outputs = house.outputs.iter().filter_map(|output| output.line.as_ref());
    let mut lines = outputs.chain(house.inputs.iter().map(|input| &input.line));
    let board = |house: &Config| (choice::resolve(&house.hardware), house.hardware.gpiochip.clone());
    board(house) == board(other) && !line.is_moved(other, house) && lines.any(|theirs| theirs == line)
}

fn drive_safe_on(board: Arc<dyn Board>, config: &Arc<Config>) -> Vec<(Arc<str>, Result<(), HardwareError>)> {
    // All are held until the last one is driven: a second name of a wire does not drive it to something else.
    let (events, _nobody) = channel(1);
    let mut outputs = Outputs::new(board, events);
    let wired = |(index, output): (usize, &Output)| output.line.as_ref().map(|_| OutputId(index));
    let mut wired: Vec<OutputId> = config.outputs.iter().enumerate().filter_map(wired).collect();
    wired.sort_by_key(|id| config[*id].safe.level());
    let levels: Vec<_> = wired.iter().filter_map(|id| Some((*id, config[*id].safe.level()?))).collect();
    let mut results = outputs.drive_all(config, &levels);
    wired.into_iter().map(|id| (config[id].id.clone(), results.remove(&id).unwrap_or(Ok(())))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hardware::tests::{Recorder, house, output},
        model::{ActiveLevel, AtStart, InterlockId, SafeState},
    };
    use std::slice;

    fn on(board: &Recorder) -> Outputs {
        Outputs::new(Arc::new(board.clone()), channel(8).0)
    }

    fn claim(outputs: &mut Outputs, config: &Arc<Config>, start: &[Level]) -> Vec<(OutputId, Level)> {
        outputs.claim_missing(config, start, START_WITHIN)
    }

    /// Takes over one list of outputs after another, all to start off, and tells what happened to the lines at the last.
    fn last_of(configs: &[&[Output]]) -> Vec<String> {
        let board = Recorder::default();
        let mut outputs = on(&board);
        let mut before = house(&[], &[], &[]);
        for list in configs {
            board.log.lock().unwrap().clear();
            let config = house(list, &[], &[]);
            outputs.release_others(&before, &config);
            claim(&mut outputs, &config, &vec![Level::OFF; list.len()]);
            before = config;
        }
        board.log.lock().unwrap().clone()
    }

    #[test]
    fn lines_that_stay_outputs_are_not_touched() {
        let (light, fan) = (output("light", 17), output("fan", 27));
        let renamed = Output { id: "lamp".into(), safe: SafeState::On, ..light.clone() };
        assert_eq!(last_of(&[&[light.clone(), fan.clone()], &[fan.clone(), renamed]]), [""; 0]);
    }

    #[test]
    fn lines_that_go_are_left_safe_before_others_come() {
        let light = Output { safe: SafeState::On, ..output("light", 17) };
        let moved = Output { line: Some(Line::Number(5)), safe: SafeState::Off, ..light.clone() };
        assert_eq!(
            last_of(&[slice::from_ref(&light), &[moved]]),
            ["GPIO 17 to ON", "GPIO 17 released", "GPIO 5 claimed at OFF"],
            "the safe state of before"
        );
        let held = Output { safe: SafeState::Hold, ..light.clone() };
        assert_eq!(
            last_of(&[slice::from_ref(&light), &[held], &[]]),
            ["GPIO 17 released"],
            "the newest safe state counts"
        );
        let inverted = Output { active: ActiveLevel::Low, ..light.clone() };
        assert_eq!(
            last_of(&[&[light], &[inverted]]),
            ["GPIO 17 to ON", "GPIO 17 released", "GPIO 17 claimed at OFF"],
            "another active level is another wire"
        );
    }

    #[test]
    fn a_line_that_could_not_be_claimed_is_claimed_at_the_level_it_is_driven_to() {
        let board = Recorder::default();
        let mut outputs = on(&board);
        let config = house(&[output("light", 17)], &[], &[]);
        let drive = |outputs: &mut Outputs, level| outputs.drive(DriveId(1), &config, OutputId(0), level).unwrap();
        board.refuse.lock().unwrap().push("GPIO 17".into());
        claim(&mut outputs, &config, &[Level::OFF]);
        let refused = drive(&mut outputs, Level::ON).map_err(|error| error.to_string());
        assert_eq!(refused, Err("GPIO 17 is in use by a test: stop that program or choose another line".into()));
        board.refuse.lock().unwrap().clear();
        drive(&mut outputs, Level::ON).unwrap();
        drive(&mut outputs, Level::OFF).unwrap();
        assert_eq!(*board.log.lock().unwrap(), ["GPIO 17 claimed at ON", "GPIO 17 to OFF"]);
    }

    #[test]
    fn a_line_that_is_kept_is_not_driven_and_its_level_is_told() {
        let board = Recorder::default();
        let mut outputs = on(&board);
        let kept = Output { at_start: AtStart::Keep, ..output("pump", 17) };
        let config = house(&[output("light", 27), kept], &[], &[]);
        let told = claim(&mut outputs, &config, &[Level::OFF, Level::OFF]);
        assert_eq!(told, [(OutputId(1), Level::ON)]);
        assert_eq!(*board.log.lock().unwrap(), ["GPIO 27 claimed at OFF", "GPIO 17 claimed as it is"]);
        assert_eq!(claim(&mut outputs, &config, &[Level::OFF, Level::OFF]), [], "once");
    }

    #[test]
    fn a_wire_is_known_by_the_board_that_it_is_on() {
        let (old, new) = (house(&[output("pump", 17)], &[], &[]), house(&[output("pump", 27)], &[], &[]));
        assert!(has_wire(&old, &Line::Number(17), &new) && !has_wire(&old, &Line::Number(27), &new));
        let mut elsewhere = (*old).clone();
        elsewhere.hardware.gpiochip = Some("/dev/gpiochip7".into());
        assert!(!has_wire(&old, &Line::Number(17), &elsewhere), "another line of the same number");
    }

    #[test]
    fn no_member_of_an_interlock_is_claimed_on_beside_a_line_that_cannot_be() {
        let board = Recorder::default();
        let mut outputs = on(&board);
        let member = |id, line| Output { interlock: Some(InterlockId(0)), ..output(id, line) };
        let config = house(&[member("up", 1), output("light", 2), member("down", 3)], &[], &[]);
        board.refuse.lock().unwrap().push("GPIO 3".into());
        let told = claim(&mut outputs, &config, &[Level::ON, Level::ON, Level::OFF]);
        assert_eq!(told, [(OutputId(0), Level::OFF)]);
        assert_eq!(*board.log.lock().unwrap(), ["GPIO 1 claimed at OFF", "GPIO 2 claimed at ON"]);
    }

    #[test]
    fn safe_drives_all_but_those_that_hold_off_before_on() {
        let board = Recorder::default();
        board.refuse.lock().unwrap().push("GPIO 2".into());
        let safe = |id, line, safe| Output { safe, ..output(id, line) };
        let outputs =
            [safe("a", 1, SafeState::On), safe("b", 2, SafeState::Off), safe("c", 3, SafeState::Hold), output("d", 4)];
        let results = drive_safe_on(Arc::new(board.clone()), &house(&outputs, &[], &[]));
        let good: Vec<_> = results.iter().map(|(id, result)| (&**id, result.is_ok())).collect();
        assert_eq!(good, [("c", true), ("b", false), ("d", true), ("a", true)]);
        assert_eq!(
            *board.log.lock().unwrap(),
            ["GPIO 4 claimed at OFF", "GPIO 1 claimed at ON", "GPIO 1 released", "GPIO 4 released"]
        );
    }
}
