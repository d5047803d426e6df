//! The JSON shapes of the service.

use super::{
    age_s, local,
    zones::{self, ZoneShape},
};
use crate::house::Foreseen;
use crate::model::{
    BrokerStatus, Category, Claim, ClimateFacet, Expected, Explanation, Guest, Kind, Level, Owner, PartReason, Pending,
    PointSpec, PointState, Quality, Reasons, Role, RuleAhead, RuleReason, Slot, Snapshot, SunTimes, Truth, Unit, Value,
    Vital, VitalKind, VitalState, WireReason,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The house apart from its points: of `GET /api/v1/points`, and the event `house`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The hub's id.
    pub hub: String,
    /// The hub's name.
    pub name: String,
    /// The version of hearthd.
    #[serde(default)]
    pub version: String,
    /// RFC 3339, in the hub's zone.
    pub time: String,
    /// Whether that time can be believed.
    pub time_known: bool,
    /// The connection to the broker; null without `[mqtt]`.
    pub broker: Option<BrokerStatus>,
    /// Who is connected by the API for Home Assistant; null without `[homeassistant]`.
    #[serde(default)]
    pub homeassistant: Option<Clients>,
    /// What is wrong with the configuration file, while an earlier one is in force; null when it is in force.
    #[serde(default)]
    pub config_refused: Option<String>,
    /// Why the state cannot be saved, so that a restart would lose commands; null while it can.
    #[serde(default)]
    pub state_unsaved: Option<String>,
    /// Why the history cannot be written; null while it can, or there is none.
    #[serde(default)]
    pub history_unwritten: Option<String>,
    /// Whether the file asks for a history.
    #[serde(default)]
    pub has_history: bool,
}

/// Who is connected by the API for Home Assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clients {
    /// How many.
    pub connected: usize,
    /// Those that came first, 16 at the most.
    pub clients: Vec<Client>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// What it calls itself: `Home Assistant 2026.2.3`.
    pub name: String,
    /// Its address on the network.
    pub address: String,
    /// Since when, RFC 3339, in the hub's zone; null while the time is not known.
    pub since: Option<String>,
    /// Whether it needed the key.
    pub encrypted: bool,
}

/// Answer of `GET /api/v1/points`, and the event `snapshot`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct House {
    /// All but the points.
    #[serde(flatten)]
    pub about: About,
    /// In the order of the file.
    #[serde(default)]
    pub rooms: Vec<Named>,
    /// In the order of the file: `PUT /api/v1/points/{id}` with `ON` sets one.
    #[serde(default)]
    pub scenes: Vec<Named>,
    /// What the file says of climate zones, in its order.
    #[serde(default)]
    pub zones: Vec<ZoneShape>,
    /// Outputs, inputs, readings, rooms, climate zones, each in the order of the file; then the mode and events.
    pub points: Vec<PointShape>,
}

/// Something that has a name and no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// `hall`, `scene.evening`
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// The event `changes`: the points that are not what they were at the event before.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// RFC 3339, in the hub's zone.
    pub time: String,
    /// Each as a whole.
    pub points: Vec<PointShape>,
}

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
pub(super) enum WordOrNumber {
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
}

/// How much an output was used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UsageShape {
    /// How often it went on.
    pub cycles: u64,
    /// Seconds that it was on in all.
    pub on_s: u64,
}

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

/// Answer of `GET /api/v1/outlook`: what is expected, if nothing happens in the house but that time goes on. All times are
/// RFC 3339, in the hub's zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// Now.
    pub time: String,
    /// Until when it was looked ahead: a day, or less where too much happens.
    pub until: String,
    /// Of yesterday, today and tomorrow; empty where the file does not say where the house is, or the time is not known.
    pub sun: Vec<SunShape>,
    /// What changes of itself, the soonest first: outputs, what zones are to hold, the mode.
    pub changes: Vec<ExpectedShape>,
    /// What rules do next up to `until`: of each the first time, the soonest first.
    #[serde(default)]
    pub rules: Vec<RuleAheadShape>,
}

/// What a rule does next by itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleAheadShape {
    /// Its sentence.
    pub name: String,
    /// When, RFC 3339.
    pub at: String,
    /// Whether it is active then: `yes`, `no` or `unknown`; null: it acts once.
    pub active: Option<String>,
}

/// The sun's times of one day. Where it stays up, they reach from one solar midnight to the next; where it stays down,
/// `sunrise` and `sunset` are the same.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SunShape {
    /// It rises through -6°.
    pub dawn: String,
    /// It appears.
    pub sunrise: String,
    /// It is gone.
    pub sunset: String,
    /// It sinks through -6°.
    pub dusk: String,
}

/// A change that is expected.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedShape {
    /// The dotted name of the point.
    pub id: String,
    /// When.
    pub at: String,
    /// What it is then, as MQTT has it.
    pub value: String,
    /// Of an output with levels: how far it is on then; of a cover: how far open. 0 to 100.
    #[serde(default)]
    pub percent: Option<u8>,
    /// The slot and the cause that hold it then; empty of what has none.
    pub why: String,
}

/// Of the answer of `GET /api/v1/hub`: something that the hub tells of itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VitalShape {
    /// `hub.disk_free`
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Null while it cannot be read.
    pub value: Option<String>,
    /// Of a number.
    pub unit: Option<String>,
    /// Why it is so, where there is something to say.
    pub why: Option<String>,
    /// Of a message, of which `value` is at most 255 characters: its whole `text`, the `rule` that told it and the `time`. Null
    /// where there is none.
    #[serde(default)]
    pub parts: Option<BTreeMap<String, String>>,
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

/// Without what is wrong.
pub(super) fn about(snapshot: &Snapshot, broker: &BrokerStatus, guests: &[Guest]) -> About {
    About {
        hub: snapshot.config.hub.id.to_string(),
        name: snapshot.config.hub.name.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        time: local(snapshot, snapshot.now.wall),
        time_known: snapshot.now.wall_known,
        broker: snapshot.config.mqtt.is_some().then(|| broker.clone()),
        homeassistant: snapshot.config.homeassistant.is_some().then(|| clients(snapshot, guests)),
        config_refused: None,
        state_unsaved: None,
        history_unwritten: None,
        has_history: snapshot.config.history.is_some(),
    }
}

/// So many are told by name.
const CLIENTS_MAX: usize = 16;

fn clients(snapshot: &Snapshot, guests: &[Guest]) -> Clients {
    let client = |guest: &Guest| {
        // What came before the time was known is dated when it is.
        let since = [guest.since, snapshot.now].into_iter().find(|now| now.wall_known);
        Client {
            name: guest.name.clone(),
            address: guest.address.to_string(),
            since: since.map(|now| local(snapshot, now.wall_at(guest.since.moment))),
            encrypted: guest.is_encrypted,
        }
    };
    Clients { connected: guests.len(), clients: guests.iter().take(CLIENTS_MAX).map(client).collect() }
}

pub(super) fn house(snapshot: &Snapshot, about: About) -> House {
    let config = &snapshot.config;
    House {
        about,
        rooms: config.rooms.iter().map(|room| Named { id: room.id.to_string(), name: room.name.clone() }).collect(),
        scenes: config
            .scenes
            .iter()
            .map(|scene| Named { id: format!("scene.{}", scene.id), name: scene.name.clone() })
            .collect(),
        zones: zones::zones(config),
        points: snapshot.described().map(|(spec, state)| described(snapshot, spec, state)).collect(),
    }
}

/// What is not what it was at an earlier snapshot of the same configuration; of a part, also what stands for it.
pub(super) fn changes(snapshot: &Snapshot, since: u64) -> Changes {
    let cells = || snapshot.config.specs().iter().zip(&snapshot.points);
    let mut changed: Vec<bool> = snapshot.points.iter().map(|cell| cell.seq > since).collect();
    for (part, _) in cells().filter(|(spec, cell)| spec.is_part() && cell.seq > since) {
        if let Some(whole) = snapshot.config.specs().iter().position(|spec| spec.point == part.entity) {
            changed[whole] = true;
        }
    }
    let points = cells().zip(changed).filter(|(_, changed)| *changed);
    let points = points.map(|((spec, cell), _)| described(snapshot, spec, cell)).collect();
    Changes { time: local(snapshot, snapshot.now.wall), points }
}

/// The point of this name; of a counter what it shows first, for on simulated hardware it is given pulses itself; of a zone
/// its mode; or the scene: it can be given, and has no value.
pub(super) fn find(snapshot: &Snapshot, name: &str) -> Option<PointShape> {
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

fn described(snapshot: &Snapshot, spec: &PointSpec, state: &PointState) -> PointShape {
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
            CommandsShape {
                words: commands.words.clone(),
                expected: commands.expected.clone(),
                min,
                max,
                step,
                manual_for,
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

pub(super) fn outlook(Foreseen { config, outlook, now }: &Foreseen) -> Outlook {
    let local = |time| config.hub.on_the_clock(time);
    let sun = |sun: &SunTimes| SunShape {
        dawn: local(sun.dawn),
        sunrise: local(sun.sunrise),
        sunset: local(sun.sunset),
        dusk: local(sun.dusk),
    };
    let expected = |Expected { point, percent, next }: &Expected| ExpectedShape {
        id: config.point_name(*point),
        at: local(next.at),
        value: next.value.clone(),
        percent: *percent,
        why: next.line.clone(),
    };
    let rule = |rule: &RuleAhead| RuleAheadShape {
        name: rule.name.to_string(),
        at: local(rule.at),
        active: rule.active.map(word),
    };
    Outlook {
        time: local(*now),
        until: local(outlook.until),
        sun: outlook.sun.iter().map(sun).collect(),
        changes: outlook.changes.iter().map(expected).collect(),
        rules: outlook.rules.iter().map(rule).collect(),
    }
}

/// What a vital says; None: it can only be told something.
pub(super) fn vital((vital, state): (&Vital, &VitalState)) -> Option<VitalShape> {
    let facts = vital.facts();
    let unit = match facts.kind {
        VitalKind::Number(unit, _) => unit,
        VitalKind::Button => return None,
        VitalKind::Switch | VitalKind::Word(_) | VitalKind::Text | VitalKind::Message => "",
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let parts: BTreeMap<_, _> = state.parts.iter().map(|(word, text)| ((*word).to_owned(), text.clone())).collect();
    Some(VitalShape {
        id: vital.name(),
        name: facts.title.into(),
        value: some(&state.value),
        unit: some(unit),
        why: state.why.clone(),
        parts: Some(parts).filter(|parts| !parts.is_empty()),
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

pub(super) fn word(truth: Truth) -> String {
    match truth {
        Truth::True => "yes",
        Truth::False => "no",
        Truth::Unknown => "unknown",
    }
    .into()
}
