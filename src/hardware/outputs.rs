//! The claimed lines of all outputs.

use super::{
    HardwareError,
    board::{Board, OutputLine},
    choice,
};
use crate::model::{ActiveLevel, AtStart, Config, Dimming, Level, Line, Output, OutputId, SafeState};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

/// A line that was driven reads so within this time.
const SETTLES_WITHIN: Duration = Duration::from_millis(1);

/// Holds the lines. A line stays claimed for as long as a configuration has an output on it with the same active level,
/// whatever else changes: releasing it could move the relay.
#[derive(Default)]
pub(super) struct Outputs {
    claimed: BTreeMap<Line, Claimed>,
    /// What was last said about a line in trouble, so that it is said once.
    troubles: BTreeMap<Line, String>,
}

struct Claimed {
    line: Box<dyn OutputLine>,
    id: Arc<str>,
    active: ActiveLevel,
    dimming: Dimming,
    safe: SafeState,
    /// What it was last driven to.
    level: Level,
}

impl Outputs {
    /// Releases the lines that `config` does not have any more, or that moved elsewhere, in their safe state.
    pub fn release_others(&mut self, config: &Config, moved: impl Fn(&Line) -> bool) {
        for output in &config.outputs {
            let claimed = output.line.as_ref().and_then(|line| self.claimed.get_mut(line));
            if let Some(claimed) = claimed.filter(|claimed| claimed.is_of(output)) {
                (claimed.id, claimed.safe) = (output.id.clone(), output.safe);
            }
        }
        let has = |output: &Output, line: &Line| output.line.as_ref() == Some(line);
        self.claimed.retain(|line, claimed| {
            let wanted = |output: &Output| has(output, line) && claimed.is_of(output);
            let keep = !moved(line) && config.outputs.iter().any(wanted);
            if !keep {
                claimed.drive_safe(line);
            }
            keep
        });
        self.troubles.retain(|line, _| config.outputs.iter().any(|output| has(output, line)));
    }

    /// Claims every line that is not claimed yet, at its level of `start`, which is in the order of the outputs; off before
    /// on: where the line of one of an interlock cannot be claimed, the others are off. Returns the levels of those that
    /// are at another one: they are kept as they are, or off for this reason.
    pub fn claim_missing(&mut self, board: &dyn Board, config: &Config, start: &[Level]) -> Vec<(OutputId, Level)> {
        let (mut others, mut faulty) = (Vec::new(), BTreeSet::new());
        let mut all: Vec<(OutputId, &Output, Level)> = config
            .outputs
            .iter()
            .zip(start)
            .enumerate()
            .map(|(index, (output, &level))| (OutputId(index), output, level))
            .collect();
        all.sort_by_key(|(_, _, level)| level.is_on());
        for (id, output, level) in all {
            let Some(line) = output.line.as_ref().filter(|line| !self.claimed.contains_key(*line)) else { continue };
            if output.at_start == AtStart::Keep {
                others.extend(self.keep(board, line, output).map(|level| (id, level)));
                continue;
            }
            let kept_off = level.is_on() && output.interlock.is_some_and(|group| faulty.contains(&group));
            let level = if kept_off { Level::OFF } else { level };
            // A failure is logged, and the next drive tries again.
            match self.drive(board, output, level) {
                Ok(()) => others.extend(kept_off.then_some((id, level))),
                Err(_) => faulty.extend(output.interlock),
            }
        }
        others
    }

    /// Claims a line as it is.
    fn keep(&mut self, board: &dyn Board, wire: &Line, output: &Output) -> Option<Level> {
        let claimed = board.claim_as_is(wire, output).map(|(line, level)| {
            let (active, dimming, safe) = (output.active, output.dimming, output.safe);
            self.claimed.insert(wire.clone(), Claimed { line, id: output.id.clone(), active, dimming, safe, level });
            level
        });
        let result = claimed.as_ref().map(|_| ());
        self.tell(wire, output, &result);
        claimed.ok()
    }

    /// Drives an output, claiming its line at that level if it is not claimed yet. One that works through others has
    /// nothing to be driven.
    pub fn drive(&mut self, board: &dyn Board, output: &Output, level: Level) -> Result<(), HardwareError> {
        let Some(wire) = &output.line else { return Ok(()) };
        let result = match self.claimed.get_mut(wire) {
            Some(claimed) => claimed.drive(level),
            None => board.claim_output(wire, output, level).and_then(|line| {
                let (active, dimming, safe) = (output.active, output.dimming, output.safe);
                let mut claimed = Claimed { line, id: output.id.clone(), active, dimming, safe, level };
                let result = claimed.verify();
                self.claimed.insert(wire.clone(), claimed);
                result
            }),
        };
        self.tell(wire, output, &result.as_ref().copied());
        result
    }

    /// The lines that are not as they were last driven.
    pub fn verify(&mut self, config: &Config) -> Vec<(OutputId, Level, HardwareError)> {
        let mut wrong = Vec::new();
        for (index, output) in config.outputs.iter().enumerate() {
            let Some(wire) = &output.line else { continue };
            let Some(claimed) = self.claimed.get_mut(wire) else { continue };
            let (level, result) = (claimed.level, claimed.verify());
            // That it is well again shows when it is driven.
            if result.is_err() {
                self.tell(wire, output, &result.as_ref().copied());
            }
            wrong.extend(result.err().map(|error| (OutputId(index), level, error)));
        }
        wrong
    }

    /// Says once that a line is in trouble, and once that it is well again.
    fn tell(&mut self, wire: &Line, output: &Output, result: &Result<(), &HardwareError>) {
        match result {
            Ok(()) => {
                if self.troubles.remove(wire).is_some() {
                    tracing::info!("output {} works again", output.id);
                }
            }
            Err(error) => {
                let text = error.to_string();
                if self.troubles.get(wire) != Some(&text) {
                    tracing::warn!("output {}: {text}", output.id);
                    self.troubles.insert(wire.clone(), text);
                }
            }
        }
    }
}

impl Claimed {
    /// Whether it is claimed as this output wants its line.
    fn is_of(&self, output: &Output) -> bool {
        self.active == output.active && self.dimming == output.dimming
    }

    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.level = level;
        self.line.drive(level)?;
        self.verify()
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        match self.line.verify() {
            // A long wire takes a moment.
            Err(HardwareError::ReadsOtherwise { .. }) => {
                sleep(SETTLES_WITHIN);
                self.line.verify()
            }
            result => result,
        }
    }

    fn drive_safe(&mut self, line: &Line) {
        if let Some(Err(error)) = self.safe.level().map(|level| self.line.drive(level)) {
            tracing::warn!("output {} could not be left in its safe state on {line}: {error}", self.id);
        }
    }
}

/// Drives every output to its safe state and releases it, without a running daemon. Outputs whose safe state is `hold`
/// are left alone and reported as good. By id.
///
/// The wires of the house `except` are left alone, too: whatever it has there, it knows better.
pub fn drive_safe(config: &Config, except: Option<&Config>) -> Vec<(Arc<str>, Result<(), HardwareError>)> {
    let mut config = config.clone();
    if let Some(except) = except {
        let others = config.outputs.iter().map(|output| {
            let taken = output.line.as_ref().is_some_and(|line| has_wire(except, line, &config));
            Output { line: output.line.clone().filter(|_| !taken), ..output.clone() }
        });
        config.outputs = others.collect();
    }
    let board = choice::choose(&config.hardware).board;
    board.lay(&config);
    drive_safe_on(&*board, &config)
}

/// Whether the house has something on the very wire that `other` calls `line`.
fn has_wire(house: &Config, line: &Line, other: &Config) -> bool {
    let outputs = house.outputs.iter().filter_map(|output| output.line.as_ref());
    let mut lines = outputs.chain(house.inputs.iter().map(|input| &input.line));
    let board = |house: &Config| (choice::resolve(&house.hardware), house.hardware.gpiochip.clone());
    board(house) == board(other) && !line.is_moved(other, house) && lines.any(|theirs| theirs == line)
}

fn drive_safe_on(board: &dyn Board, config: &Config) -> Vec<(Arc<str>, Result<(), HardwareError>)> {
    // All are held until the last one is driven: a second name of a wire does not drive it to something else.
    let mut held = Vec::new();
    let mut drive = |line: &Line, output: &Output| -> Result<(), HardwareError> {
        if let Some(level) = output.safe.level() {
            held.push(board.claim_output(line, output, level)?);
        }
        Ok(())
    };
    let wires = config.outputs.iter().filter_map(|output| Some((output.line.as_ref()?, output)));
    let mut wires: Vec<(&Line, &Output)> = wires.collect();
    // Off before on: members of an interlock may be among them.
    wires.sort_by_key(|(_, output)| output.safe.level());
    wires.into_iter().map(|(line, output)| (output.id.clone(), drive(line, output))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hardware::tests::{Recorder, house, output},
        model::{InterlockId, Line},
    };
    use std::slice;

    /// Takes over one list of outputs after another, all to start off, and tells what happened to the lines at the last.
    fn last_of(configs: &[&[Output]]) -> Vec<String> {
        let (board, mut outputs) = (Recorder::default(), Outputs::default());
        for list in configs {
            board.log.lock().unwrap().clear();
            let config = house(list, &[], &[]);
            outputs.release_others(&config, |_| false);
            outputs.claim_missing(&board, &config, &vec![Level::OFF; list.len()]);
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
        let (board, mut outputs) = (Recorder::default(), Outputs::default());
        let config = house(&[output("light", 17)], &[], &[]);
        board.refuse.lock().unwrap().push("GPIO 17".into());
        outputs.claim_missing(&board, &config, &[Level::OFF]);
        let refused = outputs.drive(&board, &config.outputs[0], Level::ON).map_err(|error| error.to_string());
        assert_eq!(refused, Err("GPIO 17 is in use by a test: stop that program or choose another line".into()));
        board.refuse.lock().unwrap().clear();
        outputs.drive(&board, &config.outputs[0], Level::ON).unwrap();
        outputs.drive(&board, &config.outputs[0], Level::OFF).unwrap();
        assert_eq!(*board.log.lock().unwrap(), ["GPIO 17 claimed at ON", "GPIO 17 to OFF"]);
    }

    #[test]
    fn a_line_that_is_kept_is_not_driven_and_its_level_is_told() {
        let (board, mut outputs) = (Recorder::default(), Outputs::default());
        let kept = Output { at_start: AtStart::Keep, ..output("pump", 17) };
        let config = house(&[output("light", 27), kept], &[], &[]);
        let told = outputs.claim_missing(&board, &config, &[Level::OFF, Level::OFF]);
        assert_eq!(told, [(OutputId(1), Level::ON)]);
        assert_eq!(*board.log.lock().unwrap(), ["GPIO 27 claimed at OFF", "GPIO 17 claimed as it is"]);
        assert_eq!(outputs.claim_missing(&board, &config, &[Level::OFF, Level::OFF]), [], "once");
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
        let (board, mut outputs) = (Recorder::default(), Outputs::default());
        let member = |id, line| Output { interlock: Some(InterlockId(0)), ..output(id, line) };
        let config = house(&[member("up", 1), output("light", 2), member("down", 3)], &[], &[]);
        board.refuse.lock().unwrap().push("GPIO 3".into());
        let told = outputs.claim_missing(&board, &config, &[Level::ON, Level::ON, Level::OFF]);
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
        let results = drive_safe_on(&board, &house(&outputs, &[], &[]));
        let good: Vec<_> = results.iter().map(|(id, result)| (&**id, result.is_ok())).collect();
        assert_eq!(good, [("c", true), ("b", false), ("d", true), ("a", true)]);
        assert_eq!(
            *board.log.lock().unwrap(),
            ["GPIO 4 claimed at OFF", "GPIO 1 claimed at ON", "GPIO 4 released", "GPIO 1 released"]
        );
    }
}
