//! The components: what each point, scene and the hub itself are in Home Assistant.

use super::device::Device;
use super::{Board, Topics, hub};
use crate::model::{
    Category, Climate, ClimateFacet, ClimateMode, Config, Course, Kind, Owner, PointSpec, Role, RoomId, Unit,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// The platform of what starts automations.
pub(super) const AUTOMATION: &str = "device_automation";
/// Gives back what was commanded.
const AUTO: &str = "auto";
/// What Home Assistant calls the clicks of a button; it has no word for `many`, and shows any other as it is.
const TRIGGERS: [(&str, &str); 4] = [
    ("click", "button_short_press"),
    ("double", "button_double_press"),
    ("triple", "button_triple_press"),
    ("long", "button_long_press"),
];

/// The components of a house, by device and id.
pub(super) fn components(config: &Config, topics: &Topics, board: &Board) -> BTreeMap<Device, Map<String, Value>> {
    let mut components: BTreeMap<Device, Map<String, Value>> = BTreeMap::new();
    let mut insert = |device: &Device, id: String, described: Value| {
        components.entry(device.clone()).or_default().insert(id, described);
    };
    // Another hub announces its points itself.
    for spec in config.specs().iter().filter(|spec| !config.is_of_another_hub(spec.owner)) {
        let Some(entity) = config.entity(spec) else { continue };
        let about = About {
            first_name: entity.first_name.clone(),
            ..About::new(config, topics, entity.platform, entity.name, spec.room)
        };
        let described = match spec.owner {
            Owner::Output(_) if spec.role == Role::Output => {
                let (id, button) = about.button(&spec.title, AUTO);
                insert(&about.device, id, button);
                about.output(spec)
            }
            Owner::Zone(id) if config.has_parts(spec) => {
                let zone = &config[id];
                if spec.whole.is_some() {
                    let (id, button) = about.button(&zone.name, AUTO);
                    insert(&about.device, id, button);
                }
                about.climate(zone)
            }
            _ => {
                for (id, beside) in about.triggers(spec).into_iter().chain(about.buttons(spec)) {
                    insert(&about.device, id, beside);
                }
                about.point(spec, entity.title)
            }
        };
        insert(&about.device, about.component_id(), described);
    }
    for scene in &config.scenes {
        let about = About::new(config, topics, "scene", &format!("scene.{}", scene.id), None);
        insert(&about.device, about.component_id(), about.scene(&scene.name));
    }
    if !components.is_empty() {
        let described = hub::described(config, topics, board).into_iter();
        let described = described.map(|(about, described)| (about.component_id(), described));
        components.entry(Device::hub()).or_default().extend(described);
    }
    components
}

/// The platform is part of it, so that a light that becomes a fan is one removed and one new, as Home Assistant sees it.
fn component_id(platform: &str, point: &str) -> String {
    format!("{platform}-{}", point.replace('.', "-"))
}

/// A point and where it is described.
pub(super) struct About<'a> {
    config: &'a Config,
    topics: &'a Topics,
    platform: &'static str,
    name: String,
    /// Its name before it was renamed. Home Assistant knows it by that: it goes by ids of components, and by `unique_id`.
    first_name: Arc<str>,
    device: Device,
}

impl<'a> About<'a> {
    pub(super) fn new(
        config: &'a Config,
        topics: &'a Topics,
        platform: &'static str,
        name: &str,
        room: Option<RoomId>,
    ) -> About<'a> {
        About { config, topics, platform, name: name.into(), first_name: name.into(), device: Device::of(config, room) }
    }

    fn component_id(&self) -> String {
        component_id(self.platform, &self.first_name)
    }

    fn unique_id(&self) -> String {
        format!("hearthd_{}_{}", self.config.hub.id, self.first_name)
    }

    /// A point that is an entity by itself.
    fn point(&self, spec: &PointSpec, title: &str) -> Value {
        let mut component = self.readable(title);
        let facts = match &spec.kind {
            Kind::Switch(_) => json!({}),
            Kind::Level(_) => {
                json!({ "min": 0, "max": 100, "unit_of_meas": Unit::Percent.sign(), "mode": "slider" })
            }
            Kind::Number(number) if self.platform == "number" => json!({
                "min": number.range.start(),
                "max": number.range.end(),
                "step": number.step,
                "unit_of_meas": number.unit.sign(),
                "mode": "box",
            }),
            Kind::Number(_) if self.platform == "binary_sensor" => json!({ "pl_on": "1", "pl_off": "0" }),
            Kind::Number(number) => json!({
                "unit_of_meas": number.unit.sign(),
                "stat_cla": number.course.map(Course::word),
                "suggested_display_precision": number.shown_decimals,
            }),
            Kind::Word(words) if self.platform == "select" => json!({ "options": words }),
            Kind::Word(words) => json!({ "ops": words }),
            // Home Assistant wants what happens as JSON.
            Kind::Event(words) => {
                json!({ "event_types": words, "val_tpl": "{{ {'event_type': value} | tojson }}" })
            }
        };
        component.extend(facts.as_object().cloned().into_iter().flatten().filter(|(_, fact)| !is_nothing(fact)));
        self.with_look(spec, &mut component);
        if spec.commands.is_some() && self.platform != "sensor" {
            component.insert("cmd_t".into(), self.topics.set(&self.name).into());
        }
        component.into()
    }

    /// What may start an automation by itself, by the id of its component.
    fn triggers(&self, spec: &PointSpec) -> Vec<(String, Value)> {
        let Kind::Event(words) = &spec.kind else { return Vec::new() };
        let name = self.config.owner_name(spec.owner);
        let subtype = match self.device.name_within(self.config, name) {
            Value::Null => name.into(),
            within => within,
        };
        let trigger = |word: &String| {
            let kind = TRIGGERS.iter().find(|(click, _)| click == word).map_or(&**word, |(_, kind)| *kind);
            let described = json!({
                "p": AUTOMATION,
                "atype": "trigger",
                "type": kind,
                "stype": subtype,
                "t": self.topics.of_point(&self.name).state,
                "pl": word,
            });
            (component_id(AUTOMATION, &format!("{}.{word}", self.first_name)), described)
        };
        words.iter().map(trigger).collect()
    }

    /// What it can be told that is none of the words that it has: a sensor of Home Assistant takes nothing.
    fn buttons(&self, spec: &PointSpec) -> Vec<(String, Value)> {
        let (Kind::Word(_), "sensor", Some(commands)) = (&spec.kind, self.platform, &spec.commands) else {
            return Vec::new();
        };
        commands.words.iter().map(|word| self.button(&spec.title, word)).collect()
    }

    fn output(&self, spec: &PointSpec) -> Value {
        let mut component = self.readable(&spec.title);
        component.insert("cmd_t".into(), self.topics.set(&self.name).into());
        self.with_look(spec, &mut component);
        let is_level = |part: &&PointSpec| part.entity == spec.point && matches!(part.kind, Kind::Level(_));
        let level = self.config.specs().iter().find(is_level);
        let mut add = |facts: Value| component.extend(facts.as_object().cloned().into_iter().flatten());
        match self.platform {
            // It knows tones and loudness, too, and says all of it as JSON.
            "siren" => add(json!({ "cmd_tpl": "{{ value }}", "support_duration": false, "support_volume_set": false })),
            "cover" if matches!(spec.kind, Kind::Switch(_)) => add(json!({
                "payload_open": "OPEN",
                "payload_close": "CLOSE",
                "payload_stop": null,
                "state_open": "ON",
                "state_closed": "OFF",
            })),
            "valve" if level.is_none() => add(json!({
                "payload_open": "OPEN",
                "payload_close": "CLOSE",
                "state_open": "ON",
                "state_closed": "OFF",
            })),
            _ => {}
        }
        let Some(level) = level else { return component.into() };
        let (shown, set) = (self.topics.of_point(&level.name).state, self.topics.set(&level.name));
        let facts = match self.platform {
            // It sends the brightness first and then ON, which leaves that level as it is.
            "light" => {
                json!({ "brightness_state_topic": shown, "brightness_command_topic": set, "bri_scl": 100 })
            }
            "fan" => json!({ "pct_stat_t": shown, "pct_cmd_t": set }),
            "cover" => json!({ "position_topic": shown, "set_position_topic": set }),
            // A valve with a position is told nothing else.
            "valve" => json!({ "stat_t": shown, "cmd_t": set, "reports_position": true }),
            _ => json!({}),
        };
        component.extend(facts.as_object().cloned().into_iter().flatten());
        if let (Kind::Level(Some(count)), "fan") = (&level.kind, self.platform) {
            // Home Assistant counts speeds, our level is in percent.
            component.insert("spd_rng_max".into(), (*count).into());
            let to_level = format!("{{{{ (value | int * 100 / {count}) | round(0) | int }}}}");
            let to_speed = format!("{{{{ (value | int * {count} / 100) | round(0) | int }}}}");
            component.insert("percentage_command_template".into(), to_level.into());
            component.insert("percentage_value_template".into(), to_speed.into());
        }
        component.into()
    }

    /// Says a word for which the entity itself has no control, such as AUTO, which gives a light, a switch or a thermostat
    /// back to the rules, the plan and the file.
    fn button(&self, title: &str, word: &str) -> (String, Value) {
        let of_word = |name: &str| if word == AUTO { name.to_owned() } else { format!("{name}.{word}") };
        let described = json!({
            "p": "button",
            "uniq_id": format!("{}.{word}", self.unique_id()),
            "default_entity_id": self.entity_id("button", &format!("_{word}")),
            "name": self.device.name_within(self.config, &format!("{title} {word}")),
            "cmd_t": self.topics.set(&self.name),
            "pl_prs": word.to_uppercase(),
            "ent_cat": "config",
            "ic": if word == AUTO { "mdi:refresh-auto" } else { "mdi:gesture-tap-button" },
        });
        (component_id("button", &of_word(&self.first_name)), described)
    }

    /// What it is and how it is shown; of what is decided, the reason, which becomes an attribute of the entity itself: one
    /// tap away and no entity more.
    fn with_look(&self, spec: &PointSpec, component: &mut Map<String, Value>) {
        let category = match spec.category {
            Category::Primary => None,
            Category::Config => Some("config"),
            Category::Diagnostic => Some("diagnostic"),
        };
        let facts = [("dev_cla", spec.class), ("ic", spec.icon), ("ent_cat", category)];
        component.extend(facts.into_iter().filter_map(|(key, fact)| Some((key.to_owned(), fact?.into()))));
        if spec.is_decided {
            self.with_attributes(&self.name, component);
        }
    }

    /// The reason of a point beside the state.
    fn with_attributes(&self, point: &str, component: &mut Map<String, Value>) {
        component.insert("json_attr_t".into(), self.topics.of_point(point).attributes.into());
        // Said, because Home Assistant goes on with the template that it was told before, when it is told of none.
        component.insert("json_attr_tpl".into(), "{{ value }}".into());
    }

    /// A thermostat. A zone that warms and cools has a lower and an upper target; beside them one that is there while its
    /// mode has one target only, and `None` else, so that Home Assistant shows the pair.
    fn climate(&self, zone: &Climate) -> Value {
        let point = |facet: ClimateFacet| format!("{}.{}", zone.id, facet.word());
        let state = |facet| self.topics.of_point(&point(facet)).state;
        let set = |facet| self.topics.set(&point(facet));
        let mut component = self.readable(&zone.name);
        component.remove("stat_t");
        let availability = self.topics.of_point(&point(ClimateFacet::Target)).availability;
        component.insert("avty".into(), json!([{ "t": self.topics.availability() }, { "t": availability }]));
        self.with_attributes(&point(ClimateFacet::Target), &mut component);
        let single = if zone.does_both() { ClimateFacet::Setpoint } else { ClimateFacet::Target };
        let pair = [
            (ClimateFacet::Target, "temp_lo_stat_t", "temp_lo_cmd_t"),
            (ClimateFacet::CoolTarget, "temp_hi_stat_t", "temp_hi_cmd_t"),
        ];
        let pair = pair.into_iter().filter(|_| zone.does_both());
        for (facet, shown, commanded) in pair.chain([(single, "temp_stat_t", "temp_cmd_t")]) {
            component.insert(shown.into(), state(facet).into());
            component.insert(commanded.into(), set(facet).into());
        }
        let range = zone.target_range(single);
        let more = json!({
            "modes": zone.modes().map(ClimateMode::word).collect::<Vec<_>>(),
            "mode_stat_t": state(ClimateFacet::Mode),
            "mode_cmd_t": set(ClimateFacet::Mode),
            "curr_temp_t": state(ClimateFacet::Measured),
            "act_t": state(ClimateFacet::Action),
            "min_temp": range.start(),
            "max_temp": range.end(),
            "temp_step": 0.5,
            "precision": 0.1,
            "temp_unit": "C",
        });
        component.extend(more.as_object().cloned().unwrap_or_default());
        if !zone.presets.is_empty() {
            let names: Vec<&str> = zone.presets.iter().map(|preset| &*preset.name).collect();
            component.insert("pr_modes".into(), json!(names));
            component.insert("pr_mode_stat_t".into(), state(ClimateFacet::Preset).into());
            component.insert("pr_mode_cmd_t".into(), set(ClimateFacet::Preset).into());
        }
        component.into()
    }

    fn scene(&self, name: &str) -> Value {
        json!({
            "p": "scene",
            "uniq_id": self.unique_id(),
            "default_entity_id": self.entity_id("scene", ""),
            "name": name,
            "cmd_t": self.topics.set(&self.name),
            "pl_on": "ON",
        })
    }

    /// What all components have in common.
    pub(super) fn identified(&self) -> Map<String, Value> {
        [
            ("p", json!(self.platform)),
            ("uniq_id", json!(self.unique_id())),
            ("default_entity_id", json!(self.entity_id(self.platform, ""))),
        ]
        .into_iter()
        .map(|(key, value)| (key.into(), value))
        .collect()
    }

    /// What all components that show a point have in common.
    fn readable(&self, name: &str) -> Map<String, Value> {
        let topics = self.topics.of_point(&self.name);
        let mut component = self.identified();
        component.extend(
            [
                ("name", self.device.name_within(self.config, name)),
                ("stat_t", json!(topics.state)),
                ("avty", json!([{ "t": self.topics.availability() }, { "t": topics.availability }])),
                ("avty_mode", json!("all")),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        component
    }

    fn entity_id(&self, platform: &str, suffix: &str) -> String {
        format!("{platform}.{}_{}{suffix}", self.config.hub.id, self.name.replace('.', "_"))
    }
}

/// What is not said: Home Assistant takes neither an empty unit nor null.
pub(super) fn is_nothing(fact: &Value) -> bool {
    fact.is_null() || fact.as_str() == Some("")
}
