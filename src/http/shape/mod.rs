//! The JSON shapes of the service: of the house here, of its parts in a file each.

mod outlook;
mod point;
mod why;

pub(super) use outlook::outlook;
pub use outlook::{ExpectedShape, Outlook, RuleAheadShape, SunShape};
pub use point::{CommandsShape, PointShape, UsageShape};
pub(super) use point::{WordOrNumber, find};
pub(super) use why::word;
pub use why::{NextShape, PartShape, PendingShape, RuleShape, SlotShape, Why, WireShape, why};

use super::{
    local,
    zones::{self, ZoneShape},
};
use crate::model::{BrokerStatus, Guest, Snapshot, Vital, VitalKind, VitalState};
use point::described;
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
