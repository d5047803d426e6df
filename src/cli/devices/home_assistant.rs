//! What programs announce to Home Assistant, as points on their topics: ESPHome, OpenMQTTGateway and many others.

use super::{Tables, clicks::Key, other_hubs, quoted};
use hearthd::model::Quantity;
use serde_json::{Map, Value as Json};

/// The short forms of what is read here.
const ABBREVIATIONS: [(&str, &str); 56] = [
    ("atype", "automation_type"),
    ("avty", "availability"),
    ("avty_mode", "availability_mode"),
    ("avty_t", "availability_topic"),
    ("avty_tpl", "availability_template"),
    ("bri_cmd_t", "brightness_command_topic"),
    ("bri_scl", "brightness_scale"),
    ("bri_stat_t", "brightness_state_topic"),
    ("bri_val_tpl", "brightness_value_template"),
    ("cmd_t", "command_topic"),
    ("cmd_tpl", "command_template"),
    ("cmps", "components"),
    ("dev", "device"),
    ("dev_cla", "device_class"),
    ("ent_cat", "entity_category"),
    ("evt_typ", "event_types"),
    ("mf", "manufacturer"),
    ("o", "origin"),
    ("p", "platform"),
    ("pct_cmd_t", "percentage_command_topic"),
    ("pct_cmd_tpl", "percentage_command_template"),
    ("pct_stat_t", "percentage_state_topic"),
    ("pct_val_tpl", "percentage_value_template"),
    ("pl", "payload"),
    ("pl_avail", "payload_available"),
    ("pl_cls", "payload_close"),
    ("pl_not_avail", "payload_not_available"),
    ("pl_off", "payload_off"),
    ("pl_on", "payload_on"),
    ("pl_open", "payload_open"),
    ("pl_stop", "payload_stop"),
    ("pos", "reports_position"),
    ("pos_clsd", "position_closed"),
    ("pos_open", "position_open"),
    ("pos_t", "position_topic"),
    ("pos_tpl", "position_template"),
    ("set_pos_t", "set_position_topic"),
    ("set_pos_tpl", "set_position_template"),
    ("spd_rng_max", "speed_range_max"),
    ("spd_rng_min", "speed_range_min"),
    ("stat_cla", "state_class"),
    ("stat_closed", "state_closed"),
    ("stat_clsd", "state_closed"),
    ("stat_closing", "state_closing"),
    ("stat_off", "state_off"),
    ("stat_on", "state_on"),
    ("stat_open", "state_open"),
    ("stat_opening", "state_opening"),
    ("stat_stopped", "state_stopped"),
    ("stat_t", "state_topic"),
    ("stat_val_tpl", "state_value_template"),
    ("stype", "subtype"),
    ("t", "topic"),
    ("uniq_id", "unique_id"),
    ("unit_of_meas", "unit_of_measurement"),
    ("val_tpl", "value_template"),
];
/// What has an announcement of its own.
const KNOWN_OTHERWISE: [&str; 4] = ["zigbee2mqtt/", "tele/", "stat/", "shellies/"];
/// By device class of a binary sensor: the kind of input.
pub(super) const KINDS: [(&str, &str); 9] = [
    ("motion", "motion"),
    ("occupancy", "motion"),
    ("presence", "motion"),
    ("door", "door"),
    ("garage_door", "door"),
    ("opening", "door"),
    ("window", "window"),
    ("moisture", "leak"),
    ("smoke", "smoke"),
];
/// Filters of templates after which a value is still the same.
const HARMLESS: [&str; 8] = ["default", "float", "int", "lower", "round", "string", "trim", "upper"];
/// Device classes that are called otherwise here.
const QUANTITIES: [(&str, &str); 2] = [("carbon_dioxide", "co2"), ("atmospheric_pressure", "pressure")];

/// The tables of an announcement: of one component, or of a device with several.
pub(super) fn announcement(tables: &mut Tables, topic: &[&str], payload: &str) {
    let Ok(Json::Object(told)) = serde_json::from_str(payload) else { return };
    let told = in_full(told);
    let is_ours = told.get("origin").is_some_and(|origin| origin["name"] == "hearthd");
    // The first topic of availability is the hub's own.
    let available = told.get("availability").and_then(|listed| listed[0]["t"].as_str()).unwrap_or_default();
    let prefix = available.strip_suffix("/availability").map(str::to_owned);
    let hub = other_hubs::id(topic).zip(prefix).filter(|_| is_ours);
    if is_ours && hub.is_none() {
        return;
    }
    let mut add = |component: Component<'_>| match &hub {
        Some((hub, prefix)) => tables.hub(hub, prefix).learn(component.platform, component.told),
        None => component.add(tables),
    };
    match (topic, told.get("components")) {
        (["device", ..], Some(Json::Object(components))) => {
            for (id, component) in components {
                let Json::Object(component) = component else { continue };
                // What the device says counts for each that does not say it.
                let mut all = told.clone();
                all.extend(in_full(component.clone()));
                let platform = all.get("platform").and_then(Json::as_str).unwrap_or_default().to_owned();
                add(Component { platform: &platform, id, told: &all });
            }
        }
        // What stands last is one click of it.
        ([platform @ "device_automation", device, _], _) => add(Component { platform, id: device, told: &told }),
        ([platform, .., id], _) => add(Component { platform, id, told: &told }),
        _ => {}
    }
}

/// Its keys without short forms, and with `~` filled in.
fn in_full(told: Map<String, Json>) -> Map<String, Json> {
    let base = told.get("~").and_then(Json::as_str).unwrap_or_default().to_owned();
    let key =
        |key: String| ABBREVIATIONS.iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| (*long).to_owned());
    let value = |key: &str, value: Json| match value {
        Json::String(topic) if key == "topic" || key.ends_with("_topic") => topic.replace('~', &base).into(),
        value => value,
    };
    told.into_iter()
        .map(|(short, told)| (key(short.clone()), told))
        .map(|(key, told)| (key.clone(), value(&key, told)))
        .collect()
}

/// One of the things that are announced.
pub(super) struct Component<'a> {
    pub platform: &'a str,
    pub id: &'a str,
    /// With all keys in full.
    pub told: &'a Map<String, Json>,
}

impl Component<'_> {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.told.get(key).and_then(Json::as_str)
    }

    /// A line of a table, if it says that.
    fn line(&self, key: &str, ours: &str) -> String {
        self.text(key).map(|text| format!("{ours} = {}\n", quoted(text))).unwrap_or_default()
    }

    fn add(&self, tables: &mut Tables) {
        let topics = [self.text("state_topic"), self.text("command_topic")];
        let of_others = |topic: &str| KNOWN_OTHERWISE.iter().any(|beginning| topic.starts_with(beginning));
        if topics.into_iter().flatten().any(of_others) {
            return;
        }
        let name = self.text("unique_id").unwrap_or(self.id);
        match self.platform {
            "device_automation" => return self.trigger(&mut tables.triggers),
            "event" => return self.buttons(name, tables),
            _ => {}
        }
        let keys = match self.platform {
            "binary_sensor" => self.input().map(|keys| ("inputs", keys)),
            "sensor" => self.sensor().map(|keys| ("sensors", keys)),
            "cover" => self.cover().map(|keys| ("outputs", keys)),
            "switch" | "light" | "fan" => self.output().map(|keys| ("outputs", keys)),
            "valve" => self.valve().map(|keys| ("outputs", keys)),
            "siren" => self.siren().map(|keys| ("outputs", keys)),
            _ => return,
        };
        if let Some((table, keys)) = keys {
            tables.add(table, name, &format!("{keys}{}", self.availability()));
        }
    }

    /// Where and in which words it says whether it is there. Of several topics, the last is taken whose payload is known
    /// here: the device itself comes after what it hangs on.
    pub(super) fn availability(&self) -> String {
        let listed = match self.told.get("availability") {
            Some(Json::Array(all)) => all.as_slice(),
            Some(one @ Json::Object(_)) => std::slice::from_ref(one),
            _ => return self.available_by("availability_topic", "availability_template"),
        };
        // It is there while any of them says so: that one does not says nothing.
        if listed.len() > 1 && self.text("availability_mode") == Some("any") {
            return String::new();
        }
        let base = self.told.get("~");
        let by_each = listed.iter().rev().filter_map(Json::as_object).map(|one| {
            let mut told = one.clone();
            told.extend(base.map(|base| ("~".to_owned(), base.clone())));
            Component { told: &in_full(told), ..*self }.available_by("topic", "value_template")
        });
        let lines = by_each.into_iter().find(|lines| !lines.is_empty()).unwrap_or_default();
        let note = if listed.len() > 1 && !lines.is_empty() {
            "# It has more topics for that: one is looked at.\n"
        } else {
            ""
        };
        format!("{note}{lines}")
    }

    /// The same by one topic, as far as what is said there is known here: the payload or its `state`.
    fn available_by(&self, topic: &str, template: &str) -> String {
        if !matches!(self.pointer(template).as_deref(), Some("" | "/state")) {
            return String::new();
        }
        let topic = self.line(topic, "availability");
        let word = |key: &str, ours, usual: &str| match self.text(key) {
            Some(said) if !topic.is_empty() && !said.eq_ignore_ascii_case(usual) => self.line(key, ours),
            _ => String::new(),
        };
        let available = word("payload_available", "available", "online");
        let unavailable = word("payload_not_available", "unavailable", "offline");
        format!("{topic}{available}{unavailable}")
    }

    fn input(&self) -> Option<String> {
        let class = self.text("device_class").unwrap_or_default();
        let kind = KINDS.iter().find(|(word, _)| *word == class).map_or("contact", |(_, kind)| kind);
        let topic = quoted(self.text("state_topic")?);
        let (on, off) = (self.line("payload_on", "on"), self.line("payload_off", "off"));
        Some(format!("kind = \"{kind}\"\nmqtt = {topic}\n{}{on}{off}", self.pointer_line("value_template")?))
    }

    fn sensor(&self) -> Option<String> {
        let class = self.text("device_class")?;
        let word = QUANTITIES.iter().find(|(theirs, _)| *theirs == class).map_or(class, |(_, ours)| ours);
        let quantity = Quantity::find(word)?;
        let unit = self.text("unit_of_measurement").filter(|unit| *unit != quantity.unit().sign());
        let pointer = quoted(&self.pointer("value_template")?);
        let place = match unit {
            Some(unit) => format!("{{ pointer = {pointer}, unit = {} }}", quoted(unit)),
            None => pointer,
        };
        Some(format!("mqtt = {}\nquantities = {{ {word} = {place} }}\n", quoted(self.text("state_topic")?)))
    }

    fn output(&self) -> Option<String> {
        let (kind, topic) = (self.platform, quoted(self.text("command_topic")?));
        let state = self.line("state_topic", "state_topic");
        let full = self.told.get("brightness_scale").and_then(Json::as_u64).unwrap_or(255);
        if self.text("schema") == Some("json") {
            let level = "level = '{\"state\":\"ON\",\"brightness\":{}}'\n";
            let told = if state.is_empty() { "" } else { "level_pointer = \"/brightness\"\n" };
            let level = match self.told.get("brightness") {
                Some(Json::Bool(true)) => format!("{level}level_max = {full}\n{told}"),
                _ => String::new(),
            };
            let pointer = if state.is_empty() { "" } else { "pointer = \"/state\"\n" };
            let words = "on = '{\"state\":\"ON\"}'\noff = '{\"state\":\"OFF\"}'\n";
            let says = if state.is_empty() { "" } else { "state_on = \"ON\"\nstate_off = \"OFF\"\n" };
            return Some(format!("kind = \"{kind}\"\nmqtt = {topic}\n{words}{state}{pointer}{says}{level}"));
        }
        let template = if self.platform == "switch" { "value_template" } else { "state_value_template" };
        let pointer = if state.is_empty() { String::new() } else { self.pointer_line(template)? };
        let (on, off) = (self.line("payload_on", "on"), self.line("payload_off", "off"));
        let told = if state.is_empty() { None } else { self.level_told() }.unwrap_or_default();
        let level = self
            .text("brightness_command_topic")
            .map(|topic| format!("level = \"{{}}\"\nlevel_topic = {}\nlevel_max = {full}\n{told}", quoted(topic)));
        let level = level.or_else(|| self.speed(!state.is_empty())).unwrap_or_default();
        Some(format!("kind = \"{kind}\"\nmqtt = {topic}\n{on}{off}{state}{pointer}{level}"))
    }

    /// How the speed of a fan is asked and told; None: it has none, or in a way that is not known here.
    fn speed(&self, is_told: bool) -> Option<String> {
        let topic = quoted(self.text("percentage_command_topic")?);
        let starts_at_one = self.told.get("speed_range_min").is_none_or(|min| *min == 1);
        let full = self.told.get("speed_range_max").map_or(Some(100), Json::as_u64)?;
        if !starts_at_one || full == 0 || self.told.contains_key("percentage_command_template") {
            return None;
        }
        let told = || {
            let topic = quoted(self.text("percentage_state_topic").filter(|_| is_told)?);
            let pointer = self.pointer("percentage_value_template")?;
            Some(format!("level_state_topic = {topic}\n{}", pointer_line("level_pointer", &pointer)))
        };
        let told = told().unwrap_or_default();
        Some(format!("level = \"{{}}\"\nlevel_topic = {topic}\nlevel_max = {full}\n{told}"))
    }

    /// None: it is told positions, and tells them instead of a state.
    fn valve(&self) -> Option<String> {
        let has_position = self.told.get("reports_position").is_some_and(|has| *has == true);
        let topic = quoted(self.text("command_topic").filter(|_| !has_position)?);
        let word = |theirs: &str, ours: &str, usual: &str| {
            format!("{ours} = {}\n", quoted(self.text(theirs).unwrap_or(usual)))
        };
        let payloads = word("payload_open", "on", "OPEN") + &word("payload_close", "off", "CLOSE");
        let state = self.line("state_topic", "state_topic");
        let told = match state.is_empty() {
            true => String::new(),
            false => {
                let words = word("state_open", "state_on", "open") + &word("state_closed", "state_off", "closed");
                format!("{state}{}{words}", self.pointer_line("value_template")?)
            }
        };
        Some(format!("kind = \"valve\"\nmqtt = {topic}\n{payloads}{told}"))
    }

    /// It takes JSON unless it says otherwise, and may tell its state as either: that is believed where it says how.
    fn siren(&self) -> Option<String> {
        let topic = quoted(self.text("command_topic")?);
        let (on, off) = (self.text("payload_on").unwrap_or("ON"), self.text("payload_off").unwrap_or("OFF"));
        let payload = |word: &str| match (self.text("command_template"), self.pointer("command_template")) {
            (None, _) => Some(quoted(&serde_json::json!({ "state": word }).to_string())),
            (Some(_), Some(pointer)) if pointer.is_empty() => Some(quoted(word)),
            _ => None,
        };
        let state = self.line("state_topic", "state_topic");
        let is_known = self.told.contains_key("state_value_template") && !state.is_empty();
        let told = match self.pointer_line("state_value_template").filter(|_| is_known) {
            Some(pointer) => format!("{state}{pointer}state_on = {}\nstate_off = {}\n", quoted(on), quoted(off)),
            None => String::new(),
        };
        Some(format!("kind = \"siren\"\nmqtt = {topic}\non = {}\noff = {}\n{told}", payload(on)?, payload(off)?))
    }

    /// An event of which some are clicks, perhaps of several keys.
    fn buttons(&self, name: &str, tables: &mut Tables) {
        let types =
            self.told.get("event_types").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let Some(topic) = self.text("state_topic").filter(|_| !self.told.contains_key("value_template")) else {
            return;
        };
        for key in Key::all(types) {
            let keys =
                format!("kind = \"button\"\nmqtt = {}\npointer = \"/event_type\"\n{}", quoted(topic), key.line());
            tables.add("inputs", &format!("{name} {}", key.name), &format!("{keys}{}", self.availability()));
        }
    }

    /// None: it does not tell where it is, or in a way that is not known here.
    fn cover(&self) -> Option<String> {
        let topic = quoted(self.text("command_topic")?);
        let payloads = [("payload_open", "on"), ("payload_close", "off"), ("payload_stop", "stop_with")];
        let payloads: String = payloads.into_iter().map(|(theirs, ours)| self.line(theirs, ours)).collect();
        let words = [
            ("state_open", "state_on"),
            ("state_closed", "state_off"),
            ("state_opening", "state_opening"),
            ("state_closing", "state_closing"),
            ("state_stopped", "state_stopped"),
        ];
        let state = self.line("state_topic", "state_topic");
        let told = match state.is_empty() {
            true => String::new(),
            false => {
                let words: String = words.into_iter().map(|(theirs, ours)| self.line(theirs, ours)).collect();
                format!("{state}{}{words}", self.pointer_line("value_template")?)
            }
        };
        let number = |key: &str, usual: u64| self.told.get(key).map_or(Some(usual), Json::as_u64);
        let (closed, open) = (number("position_closed", 0), number("position_open", 100));
        let position = || {
            let topic = quoted(self.text("set_position_topic").filter(|_| closed == Some(0))?);
            let full = open.filter(|open| *open > 0)?;
            let told = quoted(self.text("position_topic")?);
            let pointer = pointer_line("level_pointer", &self.pointer("position_template")?);
            let full = if full == 100 { String::new() } else { format!("level_max = {full}\n") };
            let plain = self.told.get("set_position_template").is_none();
            plain.then(|| {
                format!("level = \"{{}}\"\nlevel_topic = {topic}\n{full}level_state_topic = {told}\n{pointer}")
            })
        };
        let position = position().unwrap_or_default();
        let tells = !told.is_empty() || !position.is_empty();
        tells.then(|| format!("kind = \"cover\"\nmqtt = {topic}\n{payloads}{told}{position}"))
    }

    /// Where it tells its level; None: nowhere, or in a way that is not known here.
    fn level_told(&self) -> Option<String> {
        let topic = quoted(self.text("brightness_state_topic")?);
        let pointer = self.pointer("brightness_value_template")?;
        Some(format!("level_state_topic = {topic}\n{}", pointer_line("level_pointer", &pointer)))
    }

    fn pointer_line(&self, template: &str) -> Option<String> {
        self.pointer(template).map(|pointer| pointer_line("pointer", &pointer))
    }

    /// Where a template looks in the payload; None: it does more than that.
    pub(super) fn pointer(&self, template: &str) -> Option<String> {
        let Some(template) = self.text(template) else { return Some(String::new()) };
        let mut parts = template.trim().strip_prefix("{{")?.strip_suffix("}}")?.split('|').map(str::trim);
        let path = parts.next()?.strip_prefix("value")?;
        let is_harmless = |filter: &str| {
            let (name, rest) = filter.split_at(filter.find('(').unwrap_or(filter.len()));
            HARMLESS.contains(&name) && (rest.is_empty() || rest.find(')') == Some(rest.len() - 1))
        };
        if !parts.all(is_harmless) {
            return None;
        }
        let Some(path) = path.strip_prefix("_json") else { return path.is_empty().then(String::new) };
        let mut pointer = String::new();
        for key in path.split(['.', '[']).filter(|key| !key.is_empty()) {
            let key = key.strip_suffix(']').map_or(key, |key| key.trim_matches(['\'', '"']));
            let is_plain = |c: char| c.is_alphanumeric() || "_-:".contains(c);
            if key.is_empty() || !key.chars().all(is_plain) {
                return None;
            }
            pointer += &format!("/{key}");
        }
        Some(pointer)
    }
}

fn pointer_line(key: &str, pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{key} = {}\n", quoted(pointer)) }
}
