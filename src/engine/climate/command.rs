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
    model::{Climate, ClimateFacet, ClimateMode, Refusal, SETPOINTS_APART, Setpoints, Source, TargetFor},
};
use std::time::Duration;

impl ZoneState {
    /// Does what a command for one of its points means, or says why not. Words count in any case: `OFF` is a mode, too. `hold` is how long it is to hold, if the command
    /// says, and `by` whose it is.
    pub(in crate::engine) fn command(
        &mut self,
        zone: &Climate,
        facet: ClimateFacet,
        payload: &str,
        (hold, by): (Option<Duration>, &Source),
        now: Now,
    ) -> Result<(), Refusal> {
        let word = payload.to_ascii_lowercase();
        match facet {
            ClimateFacet::Target | ClimateFacet::CoolTarget => self.set_target(zone, facet, &word, (hold, by), now),
            ClimateFacet::Mode => self.set_mode(zone, &word, by),
            ClimateFacet::Preset => self.set_preset(zone, &word, (hold, by), now),
            ClimateFacet::Tuning => self.set_tuning(zone, &word, now),
            ClimateFacet::Measured | ClimateFacet::Action | ClimateFacet::Alarm => Err(Refusal::ReadOnly),
        }
    }

    fn set_target(
        &mut self,
        zone: &Climate,
        facet: ClimateFacet,
        payload: &str,
        (hold, by): (Option<Duration>, &Source),
        now: Now,
    ) -> Result<(), Refusal> {
        if payload == "auto" {
            self.manual = None;
            return Ok(());
        }
        let range = zone.range();
        let expected = || Refusal::BadValue { expected: format!("{} to {} °C, or AUTO", range.start(), range.end()) };
        let target = temperature(payload).filter(|target| range.contains(target)).ok_or_else(expected)?;
        let before = self.manual.as_ref().map_or_else(|| target::automatic(zone, self).0, |manual| manual.setpoints);
        let setpoints = with(before, facet, target);
        if [setpoints.heat, setpoints.cool].into_iter().flatten().any(|setpoint| !range.contains(&setpoint)) {
            return Err(expected());
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

    fn set_mode(&mut self, zone: &Climate, payload: &str, by: &Source) -> Result<(), Refusal> {
        if payload == "auto" {
            (self.mode, self.mode_by) = (None, None);
            return Ok(());
        }
        let mode = zone.modes().find(|mode| mode.word() == payload);
        let modes: Vec<&str> = zone.modes().map(ClimateMode::word).collect();
        self.mode = Some(mode.ok_or_else(|| Refusal::BadValue { expected: format!("{} or AUTO", modes.join(", ")) })?);
        self.mode_by = Some(by.clone());
        Ok(())
    }

    fn set_preset(
        &mut self,
        zone: &Climate,
        payload: &str,
        (hold, by): (Option<Duration>, &Source),
        now: Now,
    ) -> Result<(), Refusal> {
        if matches!(payload, "auto" | "none") {
            self.preset = None;
            return Ok(());
        }
        let Some(preset) = zone.find_preset(payload) else {
            let names: Vec<&str> = zone.presets.iter().map(|preset| &*preset.name).collect();
            return Err(Refusal::BadValue { expected: format!("{}, none or AUTO", names.join(", ")) });
        };
        let until = hold.map(|hold| Timestamp::after(now, hold));
        self.preset = Some(HandPreset { name: preset.name.clone(), until, by: Some(by.clone()) });
        // Who chooses a preset does not want an odd target from before.
        self.manual = None;
        Ok(())
    }

    fn set_tuning(&mut self, zone: &Climate, payload: &str, now: Now) -> Result<(), Refusal> {
        match payload {
            "start" => regulate::begin_tuning(zone, self, now.moment),
            "stop" => self.tuning = Tuning::Idle,
            // The file's numbers again.
            "auto" => (self.tuning, self.tuned) = (Tuning::Idle, None),
            _ => return Err(Refusal::BadValue { expected: "START, STOP or AUTO".into() }),
        }
        Ok(())
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

/// A plain decimal number of degrees, rounded to hundredths.
fn temperature(payload: &str) -> Option<f64> {
    let digits = payload.strip_prefix('-').unwrap_or(payload);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.len() <= 8
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = payload.parse().ok().filter(|_| plain)?;
    Some((number * 100.0).round() / 100.0 + 0.0)
}
