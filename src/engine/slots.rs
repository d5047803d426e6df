//! What an output is decided from, and the slots of its priority array as they fill up.

use super::{
    climate::Claimed,
    state::{InputState, RoomState, RuleState},
};
use crate::{
    clock::Now,
    model::{Cause, Claim, Config, InputId, Level, OutputId, RuleId, Slot, Truth},
};

/// What is decided from: everything but the outputs themselves.
pub(super) struct Situation<'a> {
    pub config: &'a Config,
    /// Of each interlock.
    pub members: &'a [Vec<OutputId>],
    pub rules: &'a [RuleState],
    /// By output: the rules that set it.
    pub wishes: &'a [Vec<Wish>],
    pub rooms: &'a [RoomState],
    pub inputs: &'a [InputState],
    /// What climate zones ask for, by output.
    pub claims: &'a [Option<Claimed>],
    pub stopping: bool,
    /// Wires of slow PWM stay in the phase that they are in.
    pub holds_phases: bool,
    pub now: Now,
}

/// What a rule sets an output to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub rule: RuleId,
    pub level: Level,
}

/// By output: the rules that set it, in the order of the file.
pub(super) fn wishes(config: &Config) -> Vec<Vec<Wish>> {
    let mut wishes = vec![Vec::new(); config.outputs.len()];
    for (index, rule) in config.rules.iter().enumerate() {
        for (output, level) in &rule.set {
            wishes[output.0].push(Wish { rule: RuleId(index), level: *level });
        }
    }
    wishes
}

impl Situation<'_> {
    /// The rules that set an output, and whether each is active.
    pub fn wishes(&self, id: OutputId) -> impl Iterator<Item = (Wish, Truth)> {
        self.wishes[id.0].iter().map(|wish| (*wish, self.rules[wish.rule.0].truth))
    }

    /// Whether a door is at the end of this switch: one that says open or closed says it; any other is on there.
    pub fn is_at_end(&self, switch: InputId, open: bool) -> Truth {
        let is_active = self.inputs[switch.0].truth();
        if self.config[switch].kind.opens() && !open { !is_active } else { is_active }
    }

    pub fn claimed(&self, id: OutputId) -> Option<&Claimed> {
        self.claims.get(id.0)?.as_ref()
    }
}

/// The slots of one output as they fill up.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    pub safety: Option<Cause>,
    pub safety_level: Level,
    pub protect: Option<Claim>,
    /// The lowest first, which is the relinquish default; never empty.
    pub asked: Vec<(Slot, Claim)>,
}

impl Slots {
    pub fn nothing() -> Slots {
        Slots { safety: None, safety_level: Level::OFF, protect: None, asked: Vec::new() }
    }

    /// What it is to be, minimum times apart.
    pub fn wanted(&self) -> Level {
        if self.safety.is_some() { self.safety_level } else { highest(&self.asked).1.level }
    }

    /// The highest filled slot.
    pub fn winner(mut self) -> (Slot, Claim) {
        let safety = self.safety.map(|cause| (Slot::Safety, Claim { level: self.safety_level, cause }));
        let protect = self.protect.map(|claim| (Slot::Protect, claim));
        // Never empty; what nobody asks for is off.
        let nobody = (Slot::Default, Claim { level: Level::OFF, cause: Cause::Default });
        safety.or(protect).or_else(|| self.asked.pop()).unwrap_or(nobody)
    }

    /// Who asks for what, minimum times and safety apart.
    pub fn asks(&self) -> &(Slot, Claim) {
        highest(&self.asked)
    }
}

/// The highest of these slots.
pub(super) fn highest(asked: &[(Slot, Claim)]) -> &(Slot, Claim) {
    &asked[asked.len() - 1]
}
