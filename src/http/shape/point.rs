//! What is told of a point.

use super::super::{age_s, local, zones};
use crate::model::{Category, Kind, Owner, PointSpec, PointState, Quality, Role, Snapshot, Unit, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Answer of `GET /api/v1/points/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PointShape {
    /// The dotted name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `output`, `input`, `reading`, `room`, `climate`, `mode`, `event` or `scene`; what belongs to an output: `level`,
    /// `position`, `lock`, `power`, `energy`; to a room: `asleep`; a number of the file that may be set: `setting`.
    pub kind: String,
    /// `"ON"`, `"OFF"` or a number; null before the first value.
    #[schemars(with = "Option<WordOrNumber>")]
    pub value: Option<serde_json::Value>,
    /// The value as MQTT has it.
    pub text: Option<String>,
    /// Of a number.
    pub unit: Option<String>,
    /// Of an output with levels: how far it is on; of a cover: how far open. 0 to 100.
    #[serde(default)]
    pub percent: Option<u8>,
    /// `good`, `stale`, `fault` or `unknown`.
    pub quality: String,
    /// When the value last changed, RFC 3339.
    pub changed: Option<String>,
    /// Seconds since then.
    pub age_s: Option<i64>,
    /// What is wrong, when the quality is `fault`.
    pub fault: Option<String>,
    /// Of an output or a zone's point: the slot and the cause that hold it. Of a room: why it is so.
    pub why: Option<String>,
    /// Of an output: how much it was used.
    #[serde(default)]
    pub usage: Option<UsageShape>,
    /// The id of the room where it is, if the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The id of the point that stands for it where several are shown as one: of `lamp.level` it is `lamp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Of an output: its kind, such as `light`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Of what is on or off: the words that people have for it, `{"ON": "open", "OFF": "closed"}`, if it is not those two.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, String>,
    /// `config` or `diagnostic`, if not everybody wants to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The device class of Home Assistant: `temperature`, `door`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Of a number: how many decimals are enough for the eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<usize>,
    /// What it can be told; absent: it only shows something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<CommandsShape>,
}

/// What values are.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes a shape")]
pub(in crate::http) enum WordOrNumber {
    Word(String),
    Number(f64),
}

/// What a point can be told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommandsShape {
    /// The words that it understands; capitals do not matter.
    pub words: Vec<String>,
    /// All in one line for people: `ON, OFF, TOGGLE or AUTO`.
    pub expected: String,
    /// Of what takes numbers: the smallest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// the largest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// and the step in which people set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Of an output or a zone: for how long a command holds that does not say it: `auto` (until AUTO), `next_change`,
    /// `room_empty`, `next_period`, a time such as `2h` or a time of day such as `22:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_for: Option<String>,
    /// Of an output: a command of it can hold until its room is empty, `"for": "room_empty"`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub room_empty: bool,
}

/// How much an output was used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UsageShape {
    /// How often it went on.
    pub cycles: u64,
    /// Seconds that it was on in all.
    pub on_s: u64,
}

/// The point of this name; of a counter what it shows first, for on simulated hardware it is given pulses itself; of a zone
/// its mode; or the scene: it can be given, and has no value.
pub(in crate::http) fn find(snapshot: &Snapshot, name: &str) -> Option<PointShape> {
    let config = &snapshot.config;
    let scene = || {
        let scene = &config[config.find_scene(name.strip_prefix("scene.")?)?];
        Some(PointShape {
            id: name.into(),
            name: scene.name.clone(),
            kind: "scene".into(),
            quality: Quality::Good.to_string(),
            ..PointShape::default()
        })
    };
    let counter = || {
        let (.., counter) = config.find_counter(name)?;
        snapshot.find(&format!("{name}.{}", counter.measures.quantities().next()?.word()))
    };
    let whole = || snapshot.described().find(|(spec, _)| spec.whole.as_deref() == Some(name)).map(|(_, state)| state);
    snapshot.find(name).or_else(counter).or_else(whole).map(|state| point(snapshot, state)).or_else(scene)
}

pub(super) fn point(snapshot: &Snapshot, state: &PointState) -> PointShape {
    snapshot.config.spec(state.point).map(|spec| described(snapshot, spec, state)).unwrap_or_default()
}

pub(super) fn described(snapshot: &Snapshot, spec: &PointSpec, state: &PointState) -> PointShape {
    let config = &snapshot.config;
    let unit = match &spec.kind {
        Kind::Level(_) => Unit::Percent.sign(),
        Kind::Number(number) => number.unit.sign(),
        Kind::Switch(_) | Kind::Word(_) | Kind::Event(_) => "",
    };
    let text = state.text();
    let value = match state.value {
        // Zero has no sign.
        Some(Value::Number(number)) => Some((number + 0.0).into()),
        _ => text.clone().map(serde_json::Value::from),
    };
    PointShape {
        id: spec.name.clone(),
        name: spec.title.clone(),
        kind: spec.role.word().into(),
        value,
        text,
        unit: (!unit.is_empty()).then(|| unit.into()),
        percent: percent(snapshot, spec),
        quality: state.quality.to_string(),
        changed: state.changed.map(|time| local(snapshot, time)),
        age_s: state.changed.map(|time| age_s(snapshot.now, time)),
        fault: state.fault.as_deref().map(str::to_owned),
        usage: state
            .usage
            .map(|usage| UsageShape { cycles: usage.cycles, on_s: usage.on_time(snapshot.now.moment).as_secs() }),
        why: state.why().map(str::to_owned),
        room: spec.room.map(|room| config[room].id.to_string()),
        part_of: spec.is_part().then(|| config.point_name(spec.entity)),
        device: match (spec.role, spec.owner) {
            (Role::Output, Owner::Output(id)) => Some(config[id].kind.word().to_owned()),
            _ => None,
        },
        states: [("ON", true), ("OFF", false)]
            .into_iter()
            .map(|(text, on)| (text.to_owned(), spec.state_word(on).to_owned()))
            .filter(|(_, word)| !word.is_empty() && !matches!(&**word, "on" | "off"))
            .collect(),
        category: match spec.category {
            Category::Primary => None,
            Category::Config => Some("config".to_owned()),
            Category::Diagnostic => Some("diagnostic".to_owned()),
        },
        class: spec.class.map(str::to_owned),
        decimals: match &spec.kind {
            Kind::Number(number) => number.shown_decimals.or(number.decimals),
            _ => None,
        },
        commands: spec.commands.as_ref().map(|commands| {
            let (min, max, step) = match &spec.kind {
                Kind::Number(number) => (Some(*number.range.start()), Some(*number.range.end()), number.step),
                Kind::Level(_) => (Some(0.0), Some(100.0), None),
                Kind::Switch(_) | Kind::Word(_) | Kind::Event(_) => (None, None, None),
            };
            let is_held = spec.role != Role::Setting && commands.words.iter().any(|word| word == "auto");
            let manual_for = is_held.then(|| manual_for(snapshot, spec)).flatten();
            let is_in_room = |id| snapshot.config.without_room(id).is_none();
            let room_empty = is_held && matches!(spec.owner, Owner::Output(id) if is_in_room(id));
            CommandsShape {
                words: commands.words.clone(),
                expected: commands.expected.clone(),
                min,
                max,
                step,
                manual_for,
                room_empty,
            }
        }),
    }
}

/// For how long a command holds that does not say it.
fn manual_for(snapshot: &Snapshot, spec: &PointSpec) -> Option<String> {
    match spec.owner {
        Owner::Output(id) => Some(snapshot.manual_for(id).to_string()),
        Owner::Zone(id) => Some(zones::manual_for(&snapshot.config[id])),
        _ => None,
    }
}

/// How far what others are parts of is on.
fn percent(snapshot: &Snapshot, spec: &PointSpec) -> Option<u8> {
    let is_level =
        |part: &&PointSpec| part.is_part() && part.entity == spec.point && matches!(part.kind, Kind::Level(_));
    let part = snapshot.config.specs().iter().find(is_level)?;
    match snapshot.get(part.point)?.value {
        Some(Value::Level(level)) => Some(level.percent()),
        _ => None,
    }
}
