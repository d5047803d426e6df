//! The whole file: reads all tables, then resolves what they say of each other.

use super::{
    chips, climate, diagnostic::Problems, expanders, hardware, hub, ids, inputs, mqtt, outputs, rooms, rules, sensors,
    shape::Wrong, table::Table, wires,
};
use crate::model::{Config, HardwareSettings, Hub};

/// All tables, each as far as it tells by itself.
pub(super) struct Draft {
    hub: Hub,
    /// Whether the file says where the house is.
    placed: bool,
    mqtt: Option<mqtt::Draft>,
    hardware: HardwareSettings,
    outputs: Vec<outputs::Draft>,
    inputs: Vec<inputs::Draft>,
    sensors: Vec<sensors::Draft>,
    expanders: Vec<expanders::Draft>,
    rooms: Vec<rooms::Draft>,
    climates: Vec<climate::Draft>,
    rules: Vec<rules::Draft>,
}

pub(super) fn read(root: &mut Table<'_>, system_zone: chrono_tz::Tz, problems: &Problems) -> Draft {
    if root.is_real() && !root.has("hub") {
        problems.error(0..0, "the table [hub] is missing", "add [hub] and, on the line after it, id = \"home\"");
    }
    root.require("hub");
    let (hub, placed) = root.table("hub", "The machine and the place.", |table| hub::read(table, system_zone));
    let with_mqtt = root.has("mqtt");
    let mqtt =
        root.table("mqtt", "The broker; without this table hearthd works alone.", |table| mqtt::read(table, &hub.id));
    Draft {
        mqtt: with_mqtt.then_some(mqtt),
        hub,
        placed,
        hardware: root.table("hardware", "How wires are reached.", hardware::read),
        outputs: root.tables_by_name("outputs", "What is driven: lights, fans, heaters.", outputs::read),
        inputs: root.tables_by_name("inputs", "What is read by interrupts: motion, doors, buttons.", inputs::read),
        sensors: root.tables_by_name("sensors", "What gives readings: temperature, humidity, pressure.", sensors::read),
        expanders: root.tables_by_name(
            "expanders",
            "Chips on I2C whose pins are used like wires of the board: gpio = \"box/3\".",
            expanders::read,
        ),
        rooms: root.tables_by_name(
            "rooms",
            "Groups of motion inputs that tell whether somebody is there.",
            rooms::read,
        ),
        climates: root.tables_by_name("climate", "Thermostats: what is held at which temperature.", climate::read),
        rules: root.list("rules", "What should be true while a condition holds; the first rule wins.", rules::read),
    }
}

/// The configuration. When problems were found, now or before, it is not to be used.
pub(super) fn resolve(
    mut draft: Draft,
    source: &str,
    secret: impl FnOnce(&str) -> Result<Option<String>, Wrong>,
    problems: &Problems,
) -> Config {
    let outputs = draft.outputs.iter().map(|draft| ("output", &draft.id));
    let inputs = draft.inputs.iter().map(|draft| ("input", &draft.id));
    let sensors = draft.sensors.iter().map(|draft| ("sensor", &draft.id));
    let rooms = draft.rooms.iter().map(|draft| &draft.id);
    let expanders = draft.expanders.iter().map(|draft| &draft.id);
    let climates = draft.climates.iter().map(|draft| &draft.id);
    ids::check_unique(outputs.clone().chain(inputs.clone()).chain(sensors.clone()), problems);
    let named = outputs.chain(inputs).chain(sensors).map(|(_, id)| id).chain(rooms).chain(climates);
    for id in named.chain(expanders.clone()) {
        ids::check(id, problems);
    }
    expanders.for_each(|id| expanders::check_name(id, problems));

    let expanders = draft.expanders.iter().map(expanders::Draft::claim);
    chips::check_addresses(sensors::claims(&draft.sensors).chain(expanders), problems);
    let sensors: Vec<_> =
        draft.sensors.into_iter().map(|sensor| sensors::resolve(sensor, &draft.hub, problems)).collect();
    wires::check(&draft.hardware, &draft.outputs, &draft.inputs, &sensors, &draft.expanders, problems);
    let rooms_of_outputs: Vec<_> = draft.outputs.iter_mut().map(|draft| draft.room.take()).collect();
    let (outputs, interlocks) = outputs::build(draft.outputs, problems);
    let mqtt = draft.mqtt.map(|mqtt| mqtt::resolve(mqtt, secret, problems));

    let mut config = Config {
        hub: draft.hub,
        mqtt,
        hardware: draft.hardware,
        outputs,
        inputs: draft.inputs.into_iter().map(|draft| draft.input).collect(),
        sensors,
        expanders: draft.expanders.into_iter().map(|draft| draft.expander).collect(),
        rooms: Vec::new(),
        climates: Vec::new(),
        rules: Vec::new(),
        interlocks,
    };
    config.rooms = draft.rooms.into_iter().map(|draft| rooms::resolve(draft, &config, problems)).collect();
    for (index, room) in rooms_of_outputs.into_iter().enumerate() {
        config.outputs[index].room = room.and_then(|room| rooms::find(room, &config, problems));
    }
    let zones: Vec<_> = draft.climates.into_iter().map(|draft| climate::resolve(draft, &config, problems)).collect();
    for (zone, checked) in &zones {
        climate::check(zone, checked, &config, problems);
    }
    climate::check_all(&zones, &config, problems);
    config.climates = zones.into_iter().map(|(zone, _)| zone).collect();
    config.rules = rules::resolve(draft.rules, &config, draft.placed, source, problems);
    config
}
