//! The weekly plan of a zone: `"weekday 06:30 21"`.

use super::{Checked, shapes::Asked, unfit};
use crate::{
    config::{
        diagnostic::Problems,
        nearest,
        shape::{Wrong, shorten},
        suggestions,
        week::{self, Begin, DAYS},
    },
    model::{Climate, PlanAsk, PlanPeriod, TargetFor},
};
use std::ops::Range;

/// The plan that these lines are. What is wrong with it is reported.
pub(super) fn read(
    lines: &[(String, Range<usize>)],
    zone: &Climate,
    checked: &Checked,
    problems: &Problems,
) -> Vec<PlanPeriod> {
    let mut plan: Vec<PlanPeriod> = Vec::new();
    for (line, place) in lines {
        match period(line, zone) {
            Ok(period) => {
                let same = |other: &PlanPeriod| other.begins_s == period.begins_s && other.days.meets(period.days);
                if plan.iter().any(same) {
                    problems.error(
                        place.clone(),
                        "another period begins at the same time",
                        "change the time, or remove one",
                    );
                }
                plan.push(period);
            }
            Err(wrong) => problems.error(place.clone(), wrong.message, wrong.advice),
        }
    }
    if plan.len() == lines.len() {
        gaps(&plan, checked, problems);
    }
    plan
}

fn period(line: &str, zone: &Climate) -> Result<PlanPeriod, Wrong> {
    let form = "write days, time and target, such as \"weekday 06:30 21\" or \"daily 22:00 night\"";
    let Begin { days, begins_s, rest: ask } = week::begin(line, &["°C", "C"], form)?;
    let number = ask.trim_end_matches("°C").parse::<f64>().ok().filter(|number| number.is_finite());
    let ask = match number {
        Some(target) => {
            let setpoints = Asked::One(target).setpoints(zone);
            if let Some(wrong) = unfit(setpoints, zone) {
                return Err(wrong);
            }
            PlanAsk::Setpoints(setpoints)
        }
        None => match zone.find_preset(ask) {
            Some(preset) => PlanAsk::Preset(preset.name.clone()),
            None => {
                let known: Vec<&str> = zone.presets.iter().map(|preset| &*preset.name).collect();
                let advice = match nearest::name(ask, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "write a number of °C, or add presets = { night = 17 }".into(),
                    None => format!("write a number of °C, or one of {}", suggestions::list(&known)),
                };
                return Err(Wrong::new(format!("unknown preset `{}`", shorten(ask)), advice));
            }
        },
    };
    Ok(PlanPeriod { days, begins_s, ask })
}

/// Days on which nothing begins are easily forgotten ones.
fn gaps(plan: &[PlanPeriod], checked: &Checked, problems: &Problems) {
    let without: Vec<&str> = (0u32..7)
        .zip(DAYS)
        .filter(|(day, _)| !plan.iter().any(|p| p.days.contains(*day)))
        .map(|(_, name)| name)
        .collect();
    if plan.is_empty() || without.is_empty() {
        return;
    }
    problems.warning(
        checked.places.of_key("plan"),
        format!("no period begins on {}: the one before goes on all day", without.join(", ")),
        format!("add a period such as \"{} 08:00 20\"", without[0]),
    );
}

/// A target by hand that holds until the next period needs one.
pub(super) fn check(zone: &Climate, checked: &Checked, problems: &Problems) {
    if zone.manual_for == TargetFor::NextPeriod && zone.plan.is_empty() && checked.places.written("plan").is_none() {
        problems.error(
            checked.places.of_key("manual_for"),
            "`manual_for = \"next_period\"` without a `plan`",
            "add plan = [\"daily 06:30 21\", \"daily 22:00 17\"], or write \"auto\" or a duration",
        );
    }
}
