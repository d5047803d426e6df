//! What is set by hand on a zone's points.

use super::{
    autotune::Tuning,
    regulate,
    state::{HandEnd, HandPreset, HandTarget, ZoneState},
    target,
};
use crate::{
    clock::Now,
    engine::state::Timestamp,
    model::{Climate, ClimateFacet, Refusal, SETPOINTS_APART, Setpoints, Source, TargetFor, ZoneAsk},
};
use std::{sync::Arc, time::Duration};

impl ZoneState {
    /// Does what was asked of one of its points, or says why not. `hold` is how long it is to hold, if the command says, and
    /// `by` whose it is.
    pub(in crate::engine) fn command(
        &mut self,
        zone: &Climate,
        facet: ClimateFacet,
        ask: &ZoneAsk,
        (hold, by): (Option<Duration>, &Source),
        now: Now,
    ) -> Result<(), Refusal> {
        match ask {
            ZoneAsk::Auto => self.give_back(facet),
            ZoneAsk::Target(target) => {
                return self.set_target(zone, self.meant(zone, facet)?, *target, (hold, by), now);
            }
            ZoneAsk::By(degrees) => {
                let facet = self.meant(zone, facet)?;
                let (range, before) = (zone.target_range(facet), self.held(zone));
                let is = if facet == ClimateFacet::CoolTarget { before.cool } else { before.target() };
                let is = is.ok_or_else(|| zone.bad_value(facet))?;
                // As far as it goes.
                let target = ((is + degrees) * 100.0).round() / 100.0 + 0.0;
                let target = target.min(*range.end()).max(*range.start());
                return self.set_target(zone, facet, target, (hold, by), now);
            }
            ZoneAsk::Mode(mode) => {
                (self.mode, self.mode_by) = (Some(*mode), Some(by.clone()));
                self.mode_until = hold.map(|hold| Timestamp::after(now, hold));
            }
            ZoneAsk::NoPreset => self.preset = None,
            ZoneAsk::Preset(name) => self.set_preset(name, (hold, by), now),
            ZoneAsk::Tune(true) => regulate::begin_tuning(zone, self, now.moment),
            ZoneAsk::Tune(false) => self.tuning = Tuning::Idle,
        }
        Ok(())
    }

    /// Lets a point follow the plan, or the file, again.
    fn give_back(&mut self, facet: ClimateFacet) {
        match facet {
            ClimateFacet::Mode => (self.mode, self.mode_by, self.mode_until) = (None, None, None),
            ClimateFacet::Preset => self.preset = None,
            // The file's numbers again.
            ClimateFacet::Tuning => (self.tuning, self.tuned) = (Tuning::Idle, None),
            _ => self.manual = None,
        }
    }

    /// The same of all that people set on a thermostat. The search for PID numbers, and what it found, is no such thing.
    pub(in crate::engine) fn give_all_back(&mut self) {
        for facet in [ClimateFacet::Mode, ClimateFacet::Preset, ClimateFacet::Target] {
            self.give_back(facet);
        }
    }

    /// The target that a temperature for this point is for.
    fn meant(&self, zone: &Climate, facet: ClimateFacet) -> Result<ClimateFacet, Refusal> {
        let mode = self.mode(zone);
        facet.meant(mode).ok_or_else(|| Refusal::NoSetpoint { zone: zone.id.to_string(), mode })
    }

    /// What it holds now.
    fn held(&self, zone: &Climate) -> Setpoints {
        self.manual.as_ref().map_or_else(|| target::automatic(zone, self).0, |manual| manual.setpoints)
    }

    fn set_target(
        &mut self,
        zone: &Climate,
        facet: ClimateFacet,
        target: f64,
        (hold, by): (Option<Duration>, &Source),
        now: Now,
    ) -> Result<(), Refusal> {
        let range = zone.range();
        let setpoints = with(self.held(zone), facet, target);
        if [setpoints.heat, setpoints.cool].into_iter().flatten().any(|setpoint| !range.contains(&setpoint)) {
            return Err(zone.bad_value(facet));
        }
        let begins = self.shown.window.filter(|_| now.wall_known).map(|window| window.begins);
        let end = match (hold, zone.manual_for) {
            (Some(hold), _) | (None, TargetFor::Time(hold)) => HandEnd::At(Timestamp::after(now, hold)),
            (None, TargetFor::NextPeriod) => HandEnd::Period(begins),
            (None, TargetFor::Auto) => HandEnd::Auto,
        };
        self.manual = Some(HandTarget { setpoints, end, by: Some(by.clone()) });
        Ok(())
    }

    fn set_preset(&mut self, name: &Arc<str>, (hold, by): (Option<Duration>, &Source), now: Now) {
        let until = hold.map(|hold| Timestamp::after(now, hold));
        self.preset = Some(HandPreset { name: name.clone(), until, by: Some(by.clone()) });
        // Who chooses a preset does not want an odd target from before.
        self.manual = None;
    }
}

/// The setpoints with one of them changed; the other makes way.
fn with(before: Setpoints, facet: ClimateFacet, target: f64) -> Setpoints {
    let mut setpoints = before;
    if facet == ClimateFacet::CoolTarget || before.heat.is_none() {
        setpoints.cool = Some(target);
        setpoints.heat = before.heat.map(|heat| heat.min(target - SETPOINTS_APART));
    } else {
        setpoints.heat = Some(target);
        setpoints.cool = before.cool.map(|cool| cool.max(target + SETPOINTS_APART));
    }
    setpoints
}
