//! Why something is as it is, and what comes next.

use super::{
    super::{age_s, local},
    point::{PointShape, find, point},
};
use crate::model::{
    Claim, ClimateFacet, Explanation, Level, Owner, PartReason, Pending, Reasons, RuleReason, Slot, Snapshot, Truth,
    WireReason,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answer of `GET /api/v1/why/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The point itself.
    pub point: PointShape,
    /// What asks for its value, highest first; the first one holds it. Empty for what nobody decides.
    pub slots: Vec<SlotShape>,
    /// Of a zone: its points and outputs.
    #[serde(default)]
    pub points: Vec<PointShape>,
    /// The wires behind an output that is no wire itself.
    #[serde(default)]
    pub wires: Vec<WireShape>,
    /// The rules that set it, in the order of the file.
    pub rules: Vec<RuleShape>,
    /// Of a room: what can show that somebody is there. Of a scene: what it sets, and whether that is so.
    #[serde(default)]
    pub signs: Vec<PartShape>,
    /// What is waited for, soonest first.
    pub pending: Vec<PendingShape>,
    /// The next change, if nothing else happens; null: none within a day.
    pub next: Option<NextShape>,
    /// Without `next`: until when nothing changes, where no whole day could be looked ahead. RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_until: Option<String>,
}

/// A wire behind an output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WireShape {
    /// `heater.wire`
    pub id: String,
    /// What it carries.
    pub level: String,
    /// Seconds since it does.
    pub age_s: i64,
    /// As those of an output.
    pub slots: Vec<SlotShape>,
}

/// How it stands with one rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleShape {
    /// Its sentence.
    pub name: String,
    /// What it would set.
    pub level: String,
    /// Whether it is active: `yes`, `no` or `unknown`.
    pub active: String,
    /// What must all be so.
    pub parts: Vec<PartShape>,
}

/// A part of a rule's condition, or a sign of somebody.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PartShape {
    /// As one would write it in a rule.
    pub text: String,
    /// Whether it is so: `yes`, `no` or `unknown`.
    pub so: String,
    /// What it looks at.
    pub points: Vec<PointShape>,
    /// What it compares besides, each with its value: `average(living.temperature, 1h) 20.10 °C`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
}

/// Something that time alone will end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PendingShape {
    /// What.
    pub what: String,
    /// When, RFC 3339.
    pub ends: String,
}

/// A change that time alone will bring.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NextShape {
    /// When, RFC 3339.
    pub at: String,
    /// What it is then asked to be; of a room, whether it is then occupied.
    pub level: String,
    /// The slot and the cause that hold it then; of a room, why.
    pub why: String,
}

/// One filled slot.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SlotShape {
    /// `safety`, `protect`, `manual`, `climate`, `rule` or `default`.
    pub slot: String,
    /// What it asks for.
    pub level: String,
    /// Due to what.
    pub cause: String,
    /// The slot that it lost to; null for the one that holds.
    pub overruled_by: Option<String>,
}

/// Why what has this name is as it is: a point, or a zone, spoken of by what it does. `reasons` are of the same house.
pub fn why(snapshot: &Snapshot, name: &str, reasons: &Reasons) -> Option<Why> {
    let config = &snapshot.config;
    let part = |part: &PartReason| PartShape {
        text: part.text.clone(),
        so: word(part.truth),
        points: part.points.iter().filter_map(|id| Some(point(snapshot, snapshot.get(*id)?))).collect(),
        numbers: part.numbers.clone(),
    };
    if name.starts_with("scene.") {
        let signs = reasons.signs.iter().map(part).collect();
        return Some(Why { point: find(snapshot, name)?, signs, ..Why::default() });
    }
    let of_zone = || snapshot.find(&format!("{name}.{}", ClimateFacet::Action.word()));
    let state = snapshot.find(name).or_else(of_zone)?;
    let spec = config.spec(state.point)?;
    let level_text = |level: Level| match spec.owner {
        Owner::Output(id) => config.level_text(id, level),
        _ => level.to_string(),
    };
    let mut slots =
        state.explanation.as_ref().map_or_else(Vec::new, |explanation| array(snapshot, &level_text, explanation));
    for (index, slot) in reasons.slots.iter().enumerate() {
        let overruled_by = (index > 0).then(|| reasons.slots[0].slot.to_owned());
        let (level, cause) = (slot.value.clone(), slot.cause.clone());
        slots.push(SlotShape { slot: slot.slot.into(), level, cause, overruled_by });
    }
    let wire = |reason: &WireReason| WireShape {
        id: config[reason.wire].id.to_string(),
        level: reason.level.to_string(),
        age_s: age_s(snapshot.now, reason.since),
        slots: array(snapshot, &|level| config.level_text(reason.wire, level), &reason.explanation),
    };
    let rule = |reason: &RuleReason| RuleShape {
        name: config[reason.rule].name.to_string(),
        level: level_text(reason.level),
        active: word(reason.active),
        parts: reason.parts.iter().map(part).collect(),
    };
    let pending = |pending: &Pending| PendingShape { what: pending.what.clone(), ends: local(snapshot, pending.ends) };
    Some(Why {
        point: point(snapshot, state),
        slots,
        points: reasons.points.iter().filter_map(|id| Some(point(snapshot, snapshot.get(*id)?))).collect(),
        wires: reasons.wires.iter().map(wire).collect(),
        rules: reasons.rules.iter().map(rule).collect(),
        signs: reasons.signs.iter().map(part).collect(),
        pending: reasons.pending.iter().map(pending).collect(),
        next: reasons.next.as_ref().map(|next| NextShape {
            at: local(snapshot, next.at),
            level: next.value.clone(),
            why: next.line.clone(),
        }),
        stays_until: reasons.stays_until.map(|until| local(snapshot, until)),
    })
}

/// A priority array, the highest filled slot first.
fn array(snapshot: &Snapshot, level_text: &dyn Fn(Level) -> String, explanation: &Explanation) -> Vec<SlotShape> {
    let config = &snapshot.config;
    let slot = |(slot, claim): &(Slot, Claim)| SlotShape {
        slot: slot.to_string(),
        level: level_text(claim.level),
        cause: claim.cause.describe(config),
        overruled_by: explanation.slots.first().filter(|(first, _)| first != slot).map(|(first, _)| first.to_string()),
    };
    explanation.slots.iter().map(slot).collect()
}

pub(in crate::http) fn word(truth: Truth) -> String {
    match truth {
        Truth::True => "yes",
        Truth::False => "no",
        Truth::Unknown => "unknown",
    }
    .into()
}
