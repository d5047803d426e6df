//! What Home Assistant is told, so that every point shows up there by itself: one device, one component for each point.
//!
//! One payload describes the whole hub (device-based discovery). Home Assistant refuses all of it for one unknown key at
//! its root, and silently drops unknown keys of components; the tests hold both against its list. Abbreviated keys are
//! used where they are old; keys from after 2024 are written in full, because an older Home Assistant drops a short form
//! that it does not know.

mod earlier;
mod entity;
mod farewell;

pub(super) use earlier::COMPONENTS_MAX;
pub use earlier::{Earlier, read};
pub use entity::{Entity, entities};
pub use farewell::Step;

use super::topics::Topics;
use crate::model::{
    Click, Climate, ClimateAlarm, ClimateFacet, ClimateMode, Config, InputKind, Measures, Method, Output, OutputFacet,
    OutputId, OutputKind, Point, Quantity, Sensor, Takes, Unit,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where the device is announced, retained.
pub fn topic(discovery_prefix: &str, hub: &str) -> String {
    format!("{discovery_prefix}/device/hearthd_{hub}/config")
}

/// The ids of components, with the platform of each.
pub type Platforms = BTreeMap<String, String>;

/// The announcement of a whole hub. Components in `gone` are named by their platform alone, which removes them, or as the
/// step wants it. Nothing if no component would be left: an empty payload removes the device.
pub fn payload(config: &Config, topics: &Topics, gone: &Platforms, step: Step) -> Option<String> {
    let mut components = components(config, topics);
    if components.is_empty() {
        return None;
    }
    for (id, component) in farewell::components(gone, step, &config.hub.id, topics) {
        components.entry(id).or_insert(component);
    }
    let version = env!("CARGO_PKG_VERSION");
    let root = json!({
        "dev": {
            "ids": [format!("hearthd_{}", config.hub.id)],
            "name": config.hub.name,
            "mf": "hearthd",
            "mdl": "hearthd",
            "sw": version,
        },
        "o": { "name": "hearthd", "sw": version },
        // As a list: Home Assistant copies it to the components that have none, and refuses a component that ends up
        // with both this key and `availability_topic`.
        "avty": [{ "t": topics.availability() }],
        "qos": 1,
        "cmps": components,
    });
    Some(root.to_string())
}

/// The components of a configuration.
pub fn platforms(config: &Config) -> Platforms {
    let scenes = config.scenes.iter().map(|scene| (component_id("scene", &format!("scene.{}", scene.id)), "scene"));
    let points = config.points().flat_map(|point| platforms_of(config, point));
    let mut platforms: Platforms = points.chain(scenes).map(|(id, platform)| (id, platform.into())).collect();
    if !platforms.is_empty() {
        platforms.insert(PROBLEM.into(), "binary_sensor".into());
    }
    platforms
}

/// The component of the hub itself; no point has this name.
const PROBLEM: &str = "binary_sensor-hub-problem";

/// What is wrong with the hub itself.
fn problem(config: &Config, topics: &Topics) -> Value {
    json!({
        "p": "binary_sensor",
        "uniq_id": format!("hearthd_{}_hub.problem", config.hub.id),
        "default_entity_id": format!("binary_sensor.{}_hub_problem", config.hub.id),
        "name": "Problem",
        "stat_t": topics.problem(),
        "val_tpl": "{{ 'OFF' if value == 'none' else 'ON' }}",
        "json_attr_t": topics.problem(),
        "json_attr_tpl": "{{ {'why': value} | tojson }}",
        "dev_cla": "problem",
        "ent_cat": "diagnostic",
    })
}

fn components(config: &Config, topics: &Topics) -> Map<String, Value> {
    let mut components = Map::new();
    for point in config.points() {
        let Some(platform) = platform(config, point) else { continue };
        let about = About { config, topics, platform, name: entity_name(config, point) };
        let described = match point {
            Point::Output(id) => {
                let output = &config[id];
                components.insert(component_id("button", &about.name), about.auto_button(output));
                about.output(output, config.takes(id))
            }
            Point::OutputFacet(id, facet) => about.facet(&config[id].name, facet),
            Point::Input(id) => about.input(&config[id].name, config[id].kind),
            Point::Reading(id, quantity) => about.reading(&config.title(point), &config[id], quantity),
            Point::Occupied(id) => about.occupied(&config[id].name),
            Point::Asleep(id) => about.asleep(&config[id].name),
            Point::Climate(id, ClimateFacet::Alarm) => about.alarm(&config[id]),
            Point::Climate(id, _) => about.climate(&config[id]),
            Point::Mode => about.mode(),
            Point::Event(id) => about.event(&config[id].name),
        };
        components.insert(component_id(about.platform, &about.name), described);
    }
    for scene in &config.scenes {
        let about = About { config, topics, platform: "scene", name: format!("scene.{}", scene.id) };
        components.insert(component_id("scene", &about.name), about.scene(&scene.name));
    }
    if !components.is_empty() {
        components.insert(PROBLEM.into(), problem(config, topics));
    }
    components
}

fn platforms_of(config: &Config, point: Point) -> impl Iterator<Item = (String, &'static str)> {
    let button = matches!(point, Point::Output(_)).then_some("button");
    let name = entity_name(config, point);
    platform(config, point).into_iter().chain(button).map(move |platform| (component_id(platform, &name), platform))
}

/// The platform of a point's entity; nothing for a point that is part of another's.
fn platform(config: &Config, point: Point) -> Option<&'static str> {
    Some(match point {
        Point::Output(id) => match config[id].kind {
            _ if is_light(config, id) => "light",
            OutputKind::Fan => "fan",
            OutputKind::Cover if config.takes(id) == Takes::Position => "cover",
            // On or off: Home Assistant's valves, covers and sirens expect more than that.
            OutputKind::Light
            | OutputKind::Switch
            | OutputKind::Heater
            | OutputKind::Cooler
            | OutputKind::Valve
            | OutputKind::Cover
            | OutputKind::Siren => "switch",
        },
        Point::OutputFacet(id, OutputFacet::Level) => match config[id].kind {
            _ if is_light(config, id) => return None,
            OutputKind::Fan => return None,
            _ => "number",
        },
        Point::OutputFacet(_, OutputFacet::Position) => return None,
        Point::OutputFacet(_, OutputFacet::Lock) => "switch",
        Point::OutputFacet(_, OutputFacet::Power | OutputFacet::Energy) => "sensor",
        Point::Input(_) | Point::Occupied(_) | Point::Asleep(_) => "binary_sensor",
        Point::Reading(..) | Point::Climate(_, ClimateFacet::Alarm) => "sensor",
        // One thermostat shows all the points of its zone.
        Point::Climate(_, ClimateFacet::Target) => "climate",
        Point::Climate(..) => return None,
        Point::Mode => "select",
        Point::Event(_) => "event",
    })
}

/// A light, or a group of nothing but lights.
fn is_light(config: &Config, id: OutputId) -> bool {
    match &config[id].method {
        Method::Group { members, .. } => !members.is_empty() && members.iter().all(|member| is_light(config, *member)),
        _ => config[id].kind == OutputKind::Light,
    }
}

/// What an entity is named after: its point, or a zone as a whole.
fn entity_name(config: &Config, point: Point) -> String {
    match point {
        Point::Climate(id, ClimateFacet::Target) => config[id].id.to_string(),
        point => config.point_name(point),
    }
}

/// The platform is part of it, so that a light that becomes a fan is one removed and one new, as Home Assistant sees it.
fn component_id(platform: &str, point: &str) -> String {
    format!("{platform}-{}", point.replace('.', "-"))
}

/// A point and where it is described.
struct About<'a> {
    config: &'a Config,
    topics: &'a Topics,
    platform: &'static str,
    name: String,
}

impl About<'_> {
    fn output(&self, output: &Output, takes: Takes) -> Value {
        let mut component = self.readable(&output.name);
        component.insert("cmd_t".into(), self.topics.set(&self.name).into());
        self.with_reason(&mut component);
        let kind = if self.platform == "light" { OutputKind::Light } else { output.kind };
        match (kind, takes) {
            (OutputKind::Light, Takes::Percent | Takes::Steps(_)) => {
                let level = format!("{}.level", self.name);
                component.insert("brightness_command_topic".into(), self.topics.set(&level).into());
                component.insert("brightness_state_topic".into(), self.topics.of_point(&level).state.into());
                // It sends the brightness first and then ON, which leaves that level as it is.
                component.insert("bri_scl".into(), 100.into());
            }
            (OutputKind::Fan, Takes::Percent | Takes::Steps(_)) => {
                let level = format!("{}.level", self.name);
                component.insert("pct_cmd_t".into(), self.topics.set(&level).into());
                component.insert("pct_stat_t".into(), self.topics.of_point(&level).state.into());
                if let Takes::Steps(count) = takes {
                    // Home Assistant counts speeds, our level is in percent.
                    component.insert("spd_rng_max".into(), count.into());
                    let to_level = format!("{{{{ (value | int * 100 / {count}) | round(0) | int }}}}");
                    let to_speed = format!("{{{{ (value | int * {count} / 100) | round(0) | int }}}}");
                    component.insert("percentage_command_template".into(), to_level.into());
                    component.insert("percentage_value_template".into(), to_speed.into());
                }
            }
            (OutputKind::Cover, Takes::Position) => {
                let position = format!("{}.position", self.name);
                component.insert("position_topic".into(), self.topics.of_point(&position).state.into());
                component.insert("set_position_topic".into(), self.topics.set(&position).into());
            }
            _ => {}
        }
        match kind {
            OutputKind::Light | OutputKind::Fan => {}
            OutputKind::Cover if takes == Takes::Position => {}
            OutputKind::Switch => drop(component.insert("dev_cla".into(), "switch".into())),
            OutputKind::Heater => drop(component.insert("ic".into(), "mdi:radiator".into())),
            OutputKind::Cooler => drop(component.insert("ic".into(), "mdi:snowflake".into())),
            OutputKind::Valve => drop(component.insert("ic".into(), "mdi:valve".into())),
            OutputKind::Cover => drop(component.insert("ic".into(), "mdi:window-shutter".into())),
            OutputKind::Siren => drop(component.insert("ic".into(), "mdi:bullhorn".into())),
        }
        component.into()
    }

    /// What belongs to an output and has a component of its own.
    fn facet(&self, output: &str, facet: OutputFacet) -> Value {
        let mut component = self.readable(&format!("{output} {}", facet.word()));
        let facts: &[(&str, Value)] = match facet {
            OutputFacet::Level | OutputFacet::Position => {
                &[("min", 0.into()), ("max", 100.into()), ("unit_of_meas", "%".into()), ("mode", "slider".into())]
            }
            OutputFacet::Lock => &[("ent_cat", "config".into()), ("ic", "mdi:lock".into())],
            OutputFacet::Power => {
                &[("dev_cla", "power".into()), ("unit_of_meas", "W".into()), ("stat_cla", "measurement".into())]
            }
            OutputFacet::Energy => {
                &[("dev_cla", "energy".into()), ("unit_of_meas", "kWh".into()), ("stat_cla", "total_increasing".into())]
            }
        };
        component.extend(facts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        if matches!(facet, OutputFacet::Level | OutputFacet::Position | OutputFacet::Lock) {
            component.insert("cmd_t".into(), self.topics.set(&self.name).into());
        }
        component.into()
    }

    /// Gives the output back to the rules; a light or a switch of Home Assistant knows only on and off.
    fn auto_button(&self, output: &Output) -> Value {
        json!({
            "p": "button",
            "uniq_id": format!("hearthd_{}_{}.auto", self.config.hub.id, self.name),
            "default_entity_id": self.entity_id("button", "_auto"),
            "name": format!("{} auto", output.name),
            "cmd_t": self.topics.set(&self.name),
            "pl_prs": "AUTO",
            "ent_cat": "config",
            "ic": "mdi:refresh-auto",
        })
    }

    fn input(&self, name: &str, kind: InputKind) -> Value {
        let mut component = self.readable(name);
        let device_class = match kind {
            InputKind::Motion => Some("motion"),
            InputKind::Door => Some("door"),
            InputKind::Window => Some("window"),
            InputKind::Leak => Some("moisture"),
            InputKind::Smoke => Some("smoke"),
            InputKind::Contact | InputKind::Button | InputKind::Switch | InputKind::Counter => None,
        };
        component.extend(device_class.map(|class| ("dev_cla".into(), class.into())));
        component.into()
    }

    fn reading(&self, title: &str, sensor: &Sensor, quantity: Quantity) -> Value {
        let mut component = self.readable(title);
        let measures = sensor.counter().map(|counter| counter.measures);
        let device_class = match quantity {
            Quantity::Temperature
            | Quantity::ObjectTemperature
            | Quantity::RemoteTemperature(_)
            | Quantity::DewPoint
            | Quantity::HeatIndex => Some("temperature"),
            Quantity::Humidity => Some("humidity"),
            Quantity::Pressure | Quantity::SeaLevelPressure => Some("atmospheric_pressure"),
            Quantity::Illuminance => Some("illuminance"),
            Quantity::Co2 | Quantity::Eco2 => Some("carbon_dioxide"),
            Quantity::Tvoc => Some("volatile_organic_compounds_parts"),
            Quantity::AirQuality => Some("aqi"),
            Quantity::Pm1 => Some("pm1"),
            Quantity::Pm25 => Some("pm25"),
            Quantity::Pm10 => Some("pm10"),
            Quantity::Voltage(_) => Some("voltage"),
            Quantity::Current(_) => Some("current"),
            Quantity::Power(_) => Some("power"),
            Quantity::AbsoluteHumidity => Some("absolute_humidity"),
            Quantity::Energy => Some("energy"),
            // Its energy page takes water and gas by their own classes only.
            Quantity::Volume => Some(match measures {
                Some(Measures::Water) => "water",
                Some(Measures::Gas) => "gas",
                _ => "volume",
            }),
            Quantity::Flow => Some("volume_flow_rate"),
            // Home Assistant has no class for these; for the dust below 4 µm only since a short time.
            Quantity::VocIndex
            | Quantity::UvIndex
            | Quantity::Pm4
            | Quantity::GasResistance
            | Quantity::Undervoltage
            | Quantity::Throttled
            | Quantity::FanSpeed
            | Quantity::Count
            | Quantity::Rate => None,
        };
        component.extend(device_class.map(|class| ("dev_cla".into(), class.into())));
        let unit = quantity.unit().sign();
        if !unit.is_empty() {
            component.insert("unit_of_meas".into(), unit.into());
        }
        let is_total = measures.is_some_and(|measures| measures.total() == Some(quantity));
        component.insert("stat_cla".into(), if is_total { "total_increasing" } else { "measurement" }.into());
        let decimals = if quantity.unit() == Unit::Celsius { 1 } else { quantity.decimals() };
        component.insert("suggested_display_precision".into(), decimals.into());
        component.into()
    }

    fn occupied(&self, room: &str) -> Value {
        let mut component = self.readable(&format!("{room} occupied"));
        component.insert("dev_cla".into(), "occupancy".into());
        self.with_reason(&mut component);
        component.into()
    }

    fn asleep(&self, room: &str) -> Value {
        let mut component = self.readable(&format!("{room} asleep"));
        component.insert("ic".into(), "mdi:sleep".into());
        self.with_reason(&mut component);
        component.into()
    }

    /// The reason becomes an attribute of the entity itself: one tap away and no entity more.
    fn with_reason(&self, component: &mut Map<String, Value>) {
        component.insert("json_attr_t".into(), self.topics.of_point(&self.name).why.into());
        component.insert("json_attr_tpl".into(), "{{ {'why': value} | tojson }}".into());
    }

    /// A thermostat. A zone that warms and cools has a lower and an upper target and no other.
    fn climate(&self, zone: &Climate) -> Value {
        let point = |facet: ClimateFacet| format!("{}.{}", zone.id, facet.word());
        let state = |facet| self.topics.of_point(&point(facet)).state;
        let set = |facet| self.topics.set(&point(facet));
        let mut component = self.readable(&zone.name);
        component.remove("stat_t");
        let availability = self.topics.of_point(&point(ClimateFacet::Target)).availability;
        component.insert("avty".into(), json!([{ "t": self.topics.availability() }, { "t": availability }]));
        let both = zone.facets().any(|facet| facet == ClimateFacet::CoolTarget);
        let targets: &[(ClimateFacet, &str, &str)] = if both {
            &[
                (ClimateFacet::Target, "temp_lo_stat_t", "temp_lo_cmd_t"),
                (ClimateFacet::CoolTarget, "temp_hi_stat_t", "temp_hi_cmd_t"),
            ]
        } else {
            &[(ClimateFacet::Target, "temp_stat_t", "temp_cmd_t")]
        };
        for (facet, shown, commanded) in targets {
            component.insert((*shown).into(), state(*facet).into());
            component.insert((*commanded).into(), set(*facet).into());
        }
        let range = zone.range();
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

    fn alarm(&self, zone: &Climate) -> Value {
        let mut component = self.readable(&format!("{} alarm", zone.name));
        let words: Vec<&str> =
            std::iter::once("none").chain(ClimateAlarm::ALL.into_iter().map(ClimateAlarm::word)).collect();
        component.insert("dev_cla".into(), "enum".into());
        component.insert("ops".into(), json!(words));
        component.insert("ent_cat".into(), "diagnostic".into());
        component.into()
    }

    fn mode(&self) -> Value {
        let mut component = self.readable("Mode");
        let modes: Vec<&str> = self.config.modes.list.iter().map(|mode| &**mode).collect();
        component.insert("cmd_t".into(), self.topics.set(&self.name).into());
        component.insert("options".into(), modes.into());
        component.insert("ic".into(), "mdi:home-switch".into());
        component.into()
    }

    /// Home Assistant wants what happens as JSON.
    fn event(&self, button: &str) -> Value {
        let mut component = self.readable(button);
        let clicks: Vec<&str> = Click::ALL.iter().map(|click| click.word()).collect();
        component.insert("event_types".into(), clicks.into());
        component.insert("val_tpl".into(), "{{ {'event_type': value} | tojson }}".into());
        component.insert("dev_cla".into(), "button".into());
        component.into()
    }

    fn scene(&self, name: &str) -> Value {
        json!({
            "p": "scene",
            "uniq_id": format!("hearthd_{}_{}", self.config.hub.id, self.name),
            "default_entity_id": self.entity_id("scene", ""),
            "name": name,
            "cmd_t": self.topics.set(&self.name),
            "pl_on": "ON",
        })
    }

    /// What all components that show a point have in common.
    fn readable(&self, name: &str) -> Map<String, Value> {
        let topics = self.topics.of_point(&self.name);
        [
            ("p", json!(self.platform)),
            ("uniq_id", json!(format!("hearthd_{}_{}", self.config.hub.id, self.name))),
            ("default_entity_id", json!(self.entity_id(self.platform, ""))),
            ("name", json!(name)),
            ("stat_t", json!(topics.state)),
            ("avty", json!([{ "t": self.topics.availability() }, { "t": topics.availability }])),
            ("avty_mode", json!("all")),
        ]
        .into_iter()
        .map(|(key, value)| (key.into(), value))
        .collect()
    }

    fn entity_id(&self, platform: &str, suffix: &str) -> String {
        format!("{platform}.{}_{}{suffix}", self.config.hub.id, self.name.replace('.', "_"))
    }
}

#[cfg(test)]
mod tests;
