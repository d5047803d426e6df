//! Claimed lines of outputs, as the loop or the thread of a bus holds them.

use super::{
    HardwareError,
    board::{Board, OutputLine},
};
use crate::model::{ActiveLevel, AtStart, Config, Dimming, Level, Line, Output, SafeState};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

/// A line that was driven reads so within this time.
const SETTLES_WITHIN: Duration = Duration::from_millis(1);

/// Holds lines. A line stays claimed for as long as a configuration has an output on it with the same active level,
/// whatever else changes: releasing it could move the relay.
pub(super) struct LineSet {
    board: Arc<dyn Board>,
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

impl LineSet {
    /// Holds nothing yet.
    pub fn new(board: Arc<dyn Board>) -> LineSet {
        LineSet { board, claimed: BTreeMap::new(), troubles: BTreeMap::new() }
    }

    /// The lines that are claimed.
    pub fn lines(&self) -> BTreeSet<Line> {
        self.claimed.keys().cloned().collect()
    }

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

    /// Claims the line of an output at a level, or as it is if that is how the output starts; then that level is returned.
    pub fn claim(&mut self, output: &Output, level: Level) -> Result<Option<Level>, HardwareError> {
        match &output.line {
            Some(line) if output.at_start == AtStart::Keep => self.keep(line, output).map(Some),
            _ => self.drive(output, level).map(|()| None),
        }
    }

    /// Claims a line as it is.
    fn keep(&mut self, wire: &Line, output: &Output) -> Result<Level, HardwareError> {
        let claimed = self.board.claim_as_is(wire, output).map(|(line, level)| {
            self.claimed.insert(wire.clone(), Claimed::new(line, output, level));
            level
        });
        self.tell(wire, output, &claimed.as_ref().map(|_| ()));
        claimed
    }

    /// Drives an output, claiming its line at that level if it is not claimed yet. One that works through others has
    /// nothing to be driven.
    pub fn drive(&mut self, output: &Output, level: Level) -> Result<(), HardwareError> {
        let Some(wire) = &output.line else { return Ok(()) };
        let result = match self.claimed.get_mut(wire) {
            Some(claimed) => claimed.drive(level),
            None => self.board.claim_output(wire, output, level).and_then(|line| {
                let mut claimed = Claimed::new(line, output, level);
                let result = claimed.verify();
                self.claimed.insert(wire.clone(), claimed);
                result
            }),
        };
        self.tell(wire, output, &result.as_ref().copied());
        result
    }

    /// The outputs that are not as they were last driven, each with that level and what is wrong.
    pub fn verify(&mut self) -> Vec<(Arc<str>, Level, HardwareError)> {
        let mut wrong = Vec::new();
        for (wire, claimed) in &mut self.claimed {
            // That it is well again shows when it is driven.
            if let Err(error) = claimed.verify() {
                tell_trouble(&mut self.troubles, wire, &claimed.id, &error);
                wrong.push((claimed.id.clone(), claimed.level, error));
            }
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
            Err(error) => tell_trouble(&mut self.troubles, wire, &output.id, error),
        }
    }
}

fn tell_trouble(troubles: &mut BTreeMap<Line, String>, wire: &Line, id: &str, error: &HardwareError) {
    let text = error.to_string();
    if troubles.get(wire) != Some(&text) {
        tracing::warn!("output {id}: {text}");
        troubles.insert(wire.clone(), text);
    }
}

impl Claimed {
    fn new(line: Box<dyn OutputLine>, output: &Output, level: Level) -> Claimed {
        let (active, dimming, safe) = (output.active, output.dimming, output.safe);
        Claimed { line, id: output.id.clone(), active, dimming, safe, level }
    }

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
