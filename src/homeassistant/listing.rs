//! All that Home Assistant is told of the house before it sees any state: the device, its rooms, its entities and its actions.

use super::{
    actions,
    entities::{
        About, BinarySensor, Button, Cover, Entity, Event, Fan, Light, Measured, Number, Part, Place, Seen, Select,
        Sensor, Sign, Switch, Text, TextSensor, Thermostat, Valve,
    },
    message::device,
    names::{self, Unnamed},
    wire::{Greeting, Message},
};
use crate::model::{
    Backend, Category, Climate, ClimateFacet, ClimateMode, Config, HttpSettings, Kind, Owner, PRESS, PointSpec, Role,
    RoomId, Vital, VitalKind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What gives something back to the house: word and icon.
const AUTO: &str = "auto";
const AUTO_ICON: &str = "mdi:refresh-auto";
const WORD_ICON: &str = "mdi:gesture-tap-button";
/// Who looks for the reason finds it; nobody else has one more entity.
const WHY_ICON: &str = "mdi:comment-question-outline";
const SCENE_ICON: &str = "mdi:palette";
const SIREN_ICON: &str = "mdi:bullhorn";
/// Vitals that are seldom looked at.
const HIDDEN: [Vital; 4] = [Vital::Kernel, Vital::Firmware, Vital::Written, Vital::I2cErrors];

/// See the module.
pub struct Listing {
    /// The house that it is of.
    pub config: Arc<Config>,
    /// The answer to who asks for the device.
    pub device: Message,
    /// What is told of each entity, then of each action.
    pub told: Vec<Message>,
    /// In the order in which they are told.
    pub entities: Vec<Listed>,
    by_key: BTreeMap<u32, usize>,
}

/// An entity that is listed.
pub struct Listed {
    /// What is said of it.
    pub about: About,
    /// What it is.
    pub entity: Box<dyn Entity>,
}

/// One that has no name and number yet.
struct Draft {
    /// Part of its id: `hall_light`, `hall_light-auto`.
    object_id: String,
    title: String,
    room: Option<RoomId>,
    icon: Option<&'static str>,
    class: Option<&'static str>,
    category: Category,
    is_hidden: bool,
    entity: Box<dyn Entity>,
}

impl Draft {
    fn new(id: &str, title: impl Into<String>, room: Option<RoomId>, entity: impl Entity + 'static) -> Draft {
        Draft::boxed(id, title, room, Box::new(entity))
    }

    fn boxed(id: &str, title: impl Into<String>, room: Option<RoomId>, entity: Box<dyn Entity>) -> Draft {
        Draft {
            object_id: id.replace('.', "-"),
            title: title.into(),
            room,
            icon: None,
            class: None,
            category: Category::Primary,
            is_hidden: false,
            entity,
        }
    }

    fn id(&self) -> String {
        format!("{}-{}", self.entity.kind(), self.object_id)
    }

    fn about(&self, name: String, key: u32, device: u32) -> About {
        let kind = self.entity.kind();
        let class = self.class.filter(|class| *class != "enum" && (kind != "text_sensor" || is_time(class)));
        let category = match self.category {
            Category::Primary => 0,
            Category::Config if self.entity.commanded_by().is_some() => 1,
            // Home Assistant does not take what only shows something as something to be set.
            Category::Config | Category::Diagnostic => 2,
        };
        About {
            object_id: self.object_id.clone(),
            key,
            name,
            icon: self.icon.unwrap_or_default().into(),
            class: class.unwrap_or_default().into(),
            category,
            is_hidden: self.is_hidden,
            device,
        }
    }
}

impl Listing {
    /// Of the house as it is seen, by who greets so.
    pub fn new(seen: &Seen, greeting: &Greeting) -> Listing {
        let config = seen.snapshot.config.clone();
        let drafts = drafts(&config, seen);
        let mut rooms: Vec<RoomId> = drafts.iter().filter_map(|draft| draft.room).collect();
        rooms.sort_by_key(|room| room.0);
        rooms.dedup();
        let room_ids: Vec<String> = rooms.iter().map(|room| room_id(&config, *room)).collect();
        let devices = names::numbers(room_ids.iter().map(String::as_str));
        let device_of = |room: RoomId| devices.get(&*room_id(&config, room)).copied().unwrap_or_default();
        let ids: Vec<String> = drafts.iter().map(Draft::id).collect();
        let keys = names::numbers(ids.iter().map(String::as_str));
        let unnamed = drafts.iter().map(|draft| Unnamed {
            group: (draft.room.map(device_of).unwrap_or_default(), draft.entity.kind()),
            within: config.name_within(draft.room, &draft.title).unwrap_or_default(),
            title: &draft.title,
            id: &draft.object_id,
        });
        let names = names::distinct(&unnamed.collect::<Vec<_>>());
        let about = drafts.iter().zip(names).zip(&ids).map(|((draft, name), id)| {
            let (key, device) = (keys.get(&**id).copied(), draft.room.map(device_of));
            draft.about(name, key.unwrap_or_default(), device.unwrap_or_default())
        });
        let about: Vec<About> = about.collect();
        let rooms = rooms.iter().map(|room| (device_of(*room), config[*room].name.clone())).collect();
        let device = described(&config, greeting, rooms);
        let by_key = about.iter().map(|about| about.key).zip(0..).collect();
        let entities = drafts.into_iter().zip(about).map(|(draft, about)| Listed { about, entity: draft.entity });
        let entities: Vec<Listed> = entities.collect();
        let told = entities.iter().map(|listed| listed.entity.describe(&listed.about));
        let told = told.chain(actions::listed()).collect();
        Listing { config, device, told, entities, by_key }
    }

    /// Whether clients that know the one know the other.
    pub fn is_told_as(&self, other: &Listing) -> bool {
        self.told == other.told && self.device == other.device
    }

    /// The place of the entity with this key.
    pub fn find(&self, key: u32) -> Option<usize> {
        self.by_key.get(&key).copied()
    }
}

/// Of a text, Home Assistant knows these classes only.
fn is_time(class: &str) -> bool {
    matches!(class, "timestamp" | "date")
}

fn room_id(config: &Config, room: RoomId) -> String {
    format!("room-{}", config.first_id(Owner::Room(room)))
}

fn described(config: &Config, greeting: &Greeting, rooms: Vec<(u32, String)>) -> Message {
    let in_the_clear = config.http.as_ref().filter(|http| http.tls.is_none());
    let page = in_the_clear.filter(|http| !HttpSettings::is_of_this_machine(http.listen));
    let mac: Vec<String> = greeting.mac.iter().map(|byte| format!("{byte:02X}")).collect();
    let answered = device::Answered {
        name: greeting.name.clone(),
        mac: mac.join(":"),
        version: env!("CARGO_PKG_VERSION").into(),
        model: "hearthd".into(),
        page_port: page.map_or(0, |http| http.listen.port().into()),
        manufacturer: "hearthd".into(),
        friendly_name: config.hub.name.clone(),
        is_encrypted: greeting.key.is_some(),
        areas: rooms.iter().map(|(id, name)| device::Area { id: *id, name: name.clone() }).collect(),
        rooms: rooms.into_iter().map(|(id, name)| device::Room { id, name, area: id }).collect(),
    };
    Message::new(device::ANSWERED, &answered)
}

/// All entities, in the order of the points, then the scenes and the hub itself.
fn drafts(config: &Config, seen: &Seen) -> Vec<Draft> {
    let house = House { config, places: config.specs().iter().map(|spec| &*spec.name).zip(0..).collect() };
    let mut drafts = Vec::new();
    // Another hub shows its points itself.
    for (place, spec) in config.specs().iter().enumerate() {
        if !config.is_of_another_hub(spec.owner) {
            house.add(&mut drafts, spec, Place { place, name: spec.name.clone() });
        }
    }
    for scene in &config.scenes {
        let name = format!("scene.{}", scene.id);
        let button = Button { wish: (name.clone(), "ON".into()) };
        drafts.push(Draft { icon: Some(SCENE_ICON), ..Draft::new(&name, &*scene.name, None, button) });
    }
    house.add_problems(&mut drafts);
    let connected = Draft::new("hub.connectivity", "Connectivity", None, BinarySensor { of: Sign::Connected });
    let class = Some("connectivity");
    drafts.push(Draft { class, category: Category::Diagnostic, ..connected });
    drafts.extend(vitals(config, seen).into_iter().map(of_vital));
    drafts
}

/// What the hub tells of itself, and what it will: the time of day or a bus may come later, and Home Assistant forgets what is
/// not on the list.
fn vitals(config: &Config, seen: &Seen) -> BTreeSet<Vital> {
    let has_bus = !config.expanders.is_empty() || config.sensors.iter().any(|sensor| sensor.i2c().is_some());
    let errors = (has_bus && config.hardware.backend != Backend::Simulated).then_some(Vital::I2cErrors);
    seen.vitals.keys().copied().chain([Vital::Started, Vital::Booted]).chain(errors).collect()
}

fn of_vital(vital: Vital) -> Draft {
    let (facts, name) = (vital.facts(), vital.name());
    let entity: Box<dyn Entity> = match &facts.kind {
        VitalKind::Switch => Box::new(BinarySensor { of: Sign::Hub(vital) }),
        // Gigabytes are told in tenths, all else is whole.
        VitalKind::Number(unit, course) => Box::new(Sensor {
            of: Measured::Hub(vital),
            unit,
            decimals: Some(usize::from(*unit == "GB")),
            course: Some(*course),
        }),
        VitalKind::Word(_) | VitalKind::Text | VitalKind::Message => Box::new(TextSensor { of: Text::Hub(vital) }),
        VitalKind::Button => Box::new(Button { wish: (name.clone(), PRESS.into()) }),
    };
    let (icon, class, category) = (facts.icon, facts.class, facts.category());
    Draft {
        icon,
        class,
        category,
        is_hidden: HIDDEN.contains(&vital),
        ..Draft::boxed(&name, facts.title, None, entity)
    }
}

/// The house, with the places of its points by their names.
struct House<'c> {
    config: &'c Config,
    places: BTreeMap<&'c str, usize>,
}

impl House<'_> {
    /// What a point is, with what is beside it.
    fn add(&self, drafts: &mut Vec<Draft>, spec: &PointSpec, at: Place) {
        let Some(entity) = self.config.entity(spec) else { return };
        let (first, title, room) = (&*entity.first_name, entity.title, spec.room);
        let shown: Box<dyn Entity> = match spec.owner {
            Owner::Zone(id) if self.config.has_parts(spec) => Box::new(self.thermostat(&self.config[id])),
            Owner::Output(_) if spec.role == Role::Output => self.output(entity.platform, spec, at.clone()),
            _ => point(entity.platform, spec, at.clone()),
        };
        let icon = spec.icon.or((entity.platform == "siren").then_some(SIREN_ICON));
        let (class, category) = (spec.class, spec.category);
        drafts.push(Draft { icon, class, category, ..Draft::boxed(first, title, room, shown) });
        let is_words = matches!((&spec.kind, entity.platform), (Kind::Word(_), "sensor"));
        let mut beside = |word: &str, icon, name: &str| {
            let button = Button { wish: (name.to_owned(), word.to_uppercase()) };
            let draft = Draft::new(&format!("{first}-{word}"), format!("{title} {word}"), room, button);
            drafts.push(Draft { icon: Some(icon), category: Category::Config, ..draft });
        };
        if spec.role == Role::Output || spec.whole.is_some() {
            beside(AUTO, AUTO_ICON, entity.name);
        }
        if let Some(commands) = spec.commands.as_ref().filter(|_| is_words && spec.role != Role::Output) {
            for word in &commands.words {
                beside(word, if word == AUTO { AUTO_ICON } else { WORD_ICON }, entity.name);
            }
        }
        if spec.is_decided {
            let why = TextSensor { of: Text::Why(at.place) };
            let draft = Draft::new(&format!("{first}-why"), format!("{title} why"), room, why);
            let (icon, category) = (Some(WHY_ICON), Category::Diagnostic);
            drafts.push(Draft { icon, category, is_hidden: true, ..draft });
        }
    }

    /// An output, by what Home Assistant calls such a thing.
    fn output(&self, platform: &str, spec: &PointSpec, at: Place) -> Box<dyn Entity> {
        let is_level = |part: &&PointSpec| part.entity == spec.point && matches!(part.kind, Kind::Level(_));
        let level = self.config.specs().iter().find(is_level).map(|level| Part {
            at: self.place(&level.name),
            steps: if let Kind::Level(steps) = level.kind { steps } else { None },
        });
        let moves = matches!(spec.kind, Kind::Word(_));
        match platform {
            "light" => Box::new(Light { at, level }),
            "fan" => Box::new(Fan { at, level }),
            "cover" => Box::new(Cover { at, position: level, moves }),
            "valve" => Box::new(Valve { at, level, moves }),
            _ => Box::new(Switch { at }),
        }
    }

    fn thermostat(&self, zone: &Climate) -> Thermostat {
        let place = |facet: ClimateFacet| (facet, self.place(&format!("{}.{}", zone.id, facet.word())));
        let (lower, upper) = (zone.target_range(ClimateFacet::Target), zone.target_range(ClimateFacet::CoolTarget));
        Thermostat {
            zone: zone.facets().map(place).collect(),
            modes: zone.modes().map(ClimateMode::word).collect(),
            presets: zone.presets.iter().map(|preset| preset.name.to_string()).collect(),
            range: *lower.start()..=*if zone.does_both() { upper.end() } else { lower.end() },
            does_both: zone.does_both(),
        }
    }

    fn place(&self, name: &str) -> Place {
        // Each of them is a point of this configuration.
        Place { place: self.places.get(name).copied().unwrap_or(usize::MAX), name: name.to_owned() }
    }

    /// What is wrong with outputs: of each room, and of the hub with all that is in none.
    fn add_problems(&self, drafts: &mut Vec<Draft>) {
        let mut outputs: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::from([(None, Vec::new())]);
        for (place, spec) in self.config.specs().iter().enumerate() {
            if spec.role == Role::Output && !self.config.is_of_another_hub(spec.owner) {
                outputs.entry(spec.room.map(|room| room.0)).or_default().push(place);
            }
        }
        for (room, places) in outputs {
            let room = room.map(RoomId);
            let (id, title, of) = match room {
                None => ("hub.problem".to_owned(), "Problem".to_owned(), Sign::Trouble(places)),
                Some(room) => {
                    let title = format!("{} problem", self.config[room].name);
                    (format!("{}-problem", room_id(self.config, room)), title, Sign::Fault(places))
                }
            };
            let (class, category) = (Some("problem"), Category::Diagnostic);
            drafts.push(Draft { class, category, ..Draft::new(&id, title, room, BinarySensor { of }) });
        }
    }
}

/// Any other point.
fn point(platform: &str, spec: &PointSpec, at: Place) -> Box<dyn Entity> {
    match (platform, &spec.kind) {
        ("switch", _) => Box::new(Switch { at }),
        ("number", Kind::Number(number)) => Box::new(Number {
            at,
            range: number.range.clone(),
            step: number.step.unwrap_or(1.0),
            unit: number.unit.sign(),
            is_level: false,
        }),
        ("number", _) => Box::new(Number { at, range: 0.0..=100.0, step: 1.0, unit: "%", is_level: true }),
        ("select", Kind::Word(words)) => Box::new(Select { at, options: words.clone() }),
        ("event", Kind::Event(words)) => Box::new(Event { name: at.name, words: words.clone() }),
        ("sensor", Kind::Number(number)) => Box::new(Sensor {
            of: Measured::Point(at.place),
            unit: number.unit.sign(),
            decimals: number.shown_decimals.or(number.decimals),
            course: number.course,
        }),
        ("binary_sensor", _) => Box::new(BinarySensor { of: Sign::Point(at.place) }),
        _ => Box::new(TextSensor { of: Text::Value(at.place) }),
    }
}
