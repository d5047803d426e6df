//! The whole file: reads all tables, then resolves what they say of each other.

use super::{
    alike, chips, climate, daily,
    diagnostic::Problems,
    energy, expanders, hardware, history, holidays, homeassistant, http, hub, hubs, ids, inputs,
    language::{Kept, Scope},
    modbus, modes, mqtt, outputs,
    pem_files::FindPem,
    remote, rooms, rules, scenes, sensors, serial, settable,
    shape::Wrong,
    table::{Id, Table},
    wires,
};
use crate::model::{Config, HardwareSettings, HistorySettings, Owner, RoomId, Tariff, Via, Zone};
use std::{cell::RefCell, sync::Arc};

/// All tables, each as far as it tells by itself.
pub(super) struct Draft {
    hub: hub::Draft,
    mqtt: Option<mqtt::Draft>,
    http: Option<http::Draft>,
    homeassistant: Option<homeassistant::Draft>,
    history: Option<HistorySettings>,
    energy: Option<Tariff>,
    hardware: HardwareSettings,
    outputs: Vec<outputs::Draft>,
    inputs: Vec<inputs::Draft>,
    sensors: Vec<sensors::Draft>,
    expanders: Vec<expanders::Draft>,
    modbus: Vec<modbus::Draft>,
    serial: Vec<serial::Draft>,
    hubs: Vec<hubs::Draft>,
    rooms: Vec<rooms::Draft>,
    climates: Vec<climate::Draft>,
    modes: Option<modes::Draft>,
    scenes: Vec<scenes::Draft>,
    rules: Vec<rules::Draft>,
}

/// What reads the files that the configuration names. None: they are not to be read.
pub(super) struct Files<'f> {
    /// A password, by the name of its file.
    pub secret: &'f dyn Fn(&str) -> Result<Option<String>, Wrong>,
    /// Another file beside the configuration, by its name.
    pub beside: &'f dyn Fn(&str) -> Result<Option<String>, Wrong>,
    /// Where a certificate or a key is; where files are not to be read, it is not looked into.
    pub pem: &'f FindPem<'f>,
}

pub(super) fn read(root: &mut Table<'_>, system_zone: Zone, problems: &Problems) -> Draft {
    if root.is_real() && !root.has("hub") {
        problems.error(0..0, "the table [hub] is missing", "add [hub] and, on the line after it, id = \"home\"");
    }
    root.require("hub");
    let hub = root.table("hub", "The machine and the place.", |table| hub::read(table, system_zone));
    let with_mqtt = root.has("mqtt");
    let mqtt = root
        .table("mqtt", "The broker; without this table hearthd works alone.", |table| mqtt::read(table, &hub.hub.id));
    let with_http = root.has("http");
    let http =
        root.table("http", "The web page and the API; without this table only the Unix socket is served.", http::read);
    let with_homeassistant = root.has("homeassistant");
    // What it tells, it tells there, too.
    let home = if with_homeassistant { Via::HomeAssistant } else { Via::Broker };
    let others = homeassistant::Others {
        discovery: with_mqtt && mqtt.settings.discovery_prefix.is_some(),
        http: with_http.then_some(http.listen()),
    };
    let homeassistant = root.table(
        "homeassistant",
        "Home Assistant without a broker, by the native API of ESPHome; without this table it is not served.",
        |table| homeassistant::read(table, &others),
    );
    // It is written to the card all the time: only for who wants it.
    let with_history = root.has("history");
    let history = root.table("history", "What the house remembers; without this table, nothing.", history::read);
    let energy = root.table("energy", "What energy costs, for `hearthd report`.", energy::read);
    let with_modes = root.has("modes");
    let modes = root.table("modes", "The modes of the house, such as home and away.", modes::read);
    let names_of_rules = RefCell::default();
    Draft {
        mqtt: with_mqtt.then_some(mqtt),
        http: with_http.then_some(http),
        homeassistant: with_homeassistant.then_some(homeassistant),
        history: with_history.then_some(history),
        energy,
        hub,
        modes: with_modes.then_some(modes),
        hardware: root.table("hardware", "How wires are reached.", hardware::read),
        outputs: root.tables_by_name("outputs", "What is driven: lights, fans, heaters.", outputs::read),
        inputs: root.tables_by_name("inputs", "What is read by interrupts: motion, doors, buttons.", |id, table| {
            inputs::read(id, home, table)
        }),
        sensors: root.tables_by_name(
            "sensors",
            "What gives readings: temperature, humidity, pressure.",
            |id, table| sensors::read(id, home, table),
        ),
        expanders: root.tables_by_name(
            "expanders",
            "Chips on I2C whose pins are used like wires of the board: gpio = \"box/3\".",
            expanders::read,
        ),
        modbus: root.tables_by_name(
            "modbus",
            "Buses of devices with registers and coils: RS-485 on a serial port, or over the network.",
            modbus::read,
        ),
        serial: root.tables_by_name(
            "serial",
            "Serial ports with one device each: a smart meter, a radar, a sensor for carbon dioxide or dust.",
            serial::read,
        ),
        hubs: root.tables_by_name("hubs", "Other hearthds on the broker: what of them is used here.", hubs::read),
        rooms: root.tables_by_name("rooms", "Groups of inputs that tell whether somebody is there.", rooms::read),
        climates: root.tables_by_name("climate", "Thermostats: what is held at which temperature.", climate::read),
        scenes: root.tables_by_name("scenes", "Several outputs set at once.", scenes::read),
        rules: root.list(
            "rules",
            "What should be true while a condition holds (the first rule wins), and what is done once, on an event.",
            |table| rules::read(table, &names_of_rules),
        ),
    }
}

impl Draft {
    /// The tables whose numbers people may set.
    fn settable(&self) -> settable::Drafts {
        settable::Drafts {
            outputs: self.outputs.iter().filter(|draft| draft.settable).map(|draft| draft.id.clone()).collect(),
            rooms: self.rooms.iter().filter(|draft| draft.settable).map(|draft| draft.id.clone()).collect(),
            zones: self.climates.iter().filter(|draft| draft.settable).map(|draft| draft.id.clone()).collect(),
        }
    }

    /// The tables that name an entity.
    fn named(&self) -> Vec<ids::Named> {
        fn named(kind: &'static str, id: &Id, called: &ids::Called) -> ids::Named {
            ids::Named { kind, id: id.clone(), called: called.clone() }
        }
        let outputs = self.outputs.iter().map(|draft| named("output", &draft.id, &draft.called));
        let inputs = self.inputs.iter().map(|draft| named("input", &draft.id, &draft.called));
        let sensors = self.sensors.iter().map(|draft| named("sensor", &draft.id, &draft.called));
        let rooms = self.rooms.iter().map(|draft| named("room", &draft.id, &draft.called));
        let climates = self.climates.iter().map(|draft| named("climate zone", &draft.id, &draft.called));
        let scenes = self.scenes.iter().map(|draft| named("scene", &draft.id, &draft.called));
        outputs.chain(inputs).chain(sensors).chain(rooms).chain(climates).chain(scenes).collect()
    }
}

/// The configuration. When problems were found, now or before, it is not to be used.
pub(super) fn resolve(mut draft: Draft, source: &str, files: &Files<'_>, problems: &Problems) -> Config {
    let outputs = draft.outputs.iter().map(|draft| ("output", &draft.id));
    let inputs = draft.inputs.iter().map(|draft| ("input", &draft.id));
    let sensors = draft.sensors.iter().map(|draft| ("sensor", &draft.id));
    let rooms = draft.rooms.iter().map(|draft| &draft.id);
    let expanders = draft.expanders.iter().map(|draft| &draft.id);
    let climates = draft.climates.iter().map(|draft| &draft.id);
    ids::check_unique(outputs.clone().chain(inputs.clone()).chain(sensors.clone()), problems);
    let scenes = draft.scenes.iter().map(|draft| &draft.id);
    let things = outputs.chain(inputs).chain(sensors).map(|(_, id)| id);
    let buses = draft.modbus.iter().map(|draft| &draft.id).chain(draft.serial.iter().map(|draft| &draft.id));
    for id in things.chain(rooms).chain(climates).chain(scenes).chain(expanders.clone()).chain(buses) {
        ids::check(id, problems);
    }
    expanders.for_each(|id| expanders::check_name(id, problems));
    let (named, settable) = (draft.named(), draft.settable());
    let names: Vec<_> =
        named.iter().filter(|named| named.kind != "scene").map(|named| (named.kind, &named.id)).collect();
    ids::check_former(&named, source, problems);
    let mqtt = draft.mqtt.as_ref().map(|mqtt| &mqtt.settings);
    hubs::check(&draft.hubs, &draft.hub.hub.id, mqtt, &names, problems);
    let hubs = hubs::build(draft.hubs, &draft.hub.hub.id);

    let expanders = draft.expanders.iter().map(expanders::Draft::claim);
    chips::check_addresses(sensors::claims(&draft.sensors).chain(expanders), problems);
    serial::check(&draft.serial, &draft.modbus, problems);
    draft.sensors.iter_mut().for_each(|sensor| sensor.find_serial(&draft.serial, problems));
    draft.inputs.iter_mut().for_each(|input| input.find_serial(&draft.serial, problems));
    remote::check_units(draft.sensors.iter().filter_map(sensors::Draft::elsewhere), problems);
    let on_broker = draft.inputs.iter().filter_map(inputs::Draft::claim);
    let on_broker = on_broker.chain(draft.sensors.iter().filter_map(sensors::Draft::claim));
    let on_broker = on_broker.chain(draft.outputs.iter().filter_map(outputs::Draft::claim));
    remote::check(on_broker, draft.mqtt.as_ref().map(|mqtt| &mqtt.settings), problems);
    let on_modbus = draft.inputs.iter().filter_map(inputs::Draft::modbus_claim);
    let on_modbus = on_modbus.chain(draft.sensors.iter().filter_map(sensors::Draft::modbus_claim));
    let on_modbus = on_modbus.chain(draft.outputs.iter().filter_map(outputs::Draft::modbus_claim));
    modbus::check(on_modbus, &draft.modbus, problems);
    let rooms_of_sensors: Vec<_> = draft.sensors.iter_mut().map(|draft| draft.room.take()).collect();
    let rooms_of_inputs: Vec<_> = draft.inputs.iter_mut().map(|draft| draft.room.take()).collect();
    let rooms_of_zones: Vec<_> = draft.climates.iter_mut().map(|draft| draft.room.take()).collect();
    let counted = draft.inputs.iter().filter_map(inputs::Draft::counted).cloned();
    let counted: Vec<_> = counted.collect();
    let mut sensors: Vec<_> =
        draft.sensors.into_iter().map(|sensor| sensors::resolve(sensor, &draft.hub.hub, problems)).collect();
    wires::check(&draft.hardware, &draft.outputs, &draft.inputs, &sensors, &draft.expanders, problems);
    sensors.extend(counted);
    sensors.extend(hubs.sensors);
    draft.outputs.extend(hubs.outputs);
    let rooms_of_outputs: Vec<_> = draft.outputs.iter_mut().map(|draft| draft.room.take()).collect();
    let outputs = outputs::build(draft.outputs, problems);
    let mqtt = draft.mqtt.map(|mqtt| mqtt::resolve(mqtt, files.secret, files.pem, problems));

    let http = draft.http.map(|http| http::resolve(http, files.secret, files.pem, problems));
    let homeassistant = draft.homeassistant.map(|draft| homeassistant::resolve(draft, files.secret, problems));
    draft.hub.check_clock(homeassistant.as_ref(), problems);
    let holidays = draft.hub.holidays.as_ref().map(|(file, place)| {
        let text = (files.beside)(file).map(Option::unwrap_or_default);
        text.and_then(|text| holidays::parse(file, &text)).unwrap_or_else(|wrong| {
            problems.error(place.clone(), wrong.message, wrong.advice);
            Default::default()
        })
    });
    let with_holidays = holidays.is_some();
    // Whether they come true is found out by those who have an engine.
    if let Some((file, place)) = &draft.hub.tests
        && let Err(wrong) = (files.beside)(file)
    {
        problems.error(place.clone(), wrong.message, wrong.advice);
    }
    let mut config = Config {
        mqtt,
        http,
        homeassistant,
        history: draft.history,
        energy: draft.energy,
        hardware: draft.hardware,
        outputs: outputs.outputs,
        sensors,
        expanders: draft.expanders.into_iter().map(|draft| draft.expander).collect(),
        modbus: draft.modbus.into_iter().filter_map(|draft| draft.bus).collect(),
        serial: draft.serial.into_iter().filter_map(|draft| draft.port).collect(),
        interlocks: outputs.interlocks,
        modes: draft.modes.as_ref().map(|draft| draft.modes.clone()).unwrap_or_default(),
        ..Config::empty(&draft.hub.hub.id)
    };
    config.hub = draft.hub.hub.clone();
    config.hub.holidays = holidays.unwrap_or_default();
    config.inputs = draft.inputs.into_iter().map(|draft| inputs::resolve(draft, &config, problems)).collect();
    config.inputs.extend(hubs.inputs);
    outputs::find_switches(outputs.ends, &mut config, problems);
    let rooms = draft.rooms.into_iter().map(|draft| rooms::resolve(draft, &config, problems));
    let (rooms, asked): (Vec<_>, Vec<_>) = rooms.unzip();
    config.rooms = rooms;
    let find = |rooms: Vec<Option<rooms::Mention>>, config: &Config| -> Vec<Option<RoomId>> {
        rooms.into_iter().map(|room| rooms::find(room?, config, problems)).collect()
    };
    let of_outputs = find(rooms_of_outputs, &config);
    config.outputs.iter_mut().zip(of_outputs).for_each(|(output, room)| output.room = room);
    let of_inputs = find(rooms_of_inputs, &config);
    config.inputs.iter_mut().zip(of_inputs).for_each(|(input, room)| input.room = room);
    let of_sensors = find(rooms_of_sensors, &config);
    config.sensors.iter_mut().zip(of_sensors).for_each(|(sensor, room)| sensor.room = room);
    let of_zones = find(rooms_of_zones, &config);
    let mut zones: Vec<_> =
        draft.climates.into_iter().map(|draft| climate::resolve(draft, &config, problems)).collect();
    zones.iter_mut().zip(of_zones).for_each(|((zone, _), room)| zone.room = room);
    for (zone, checked) in &zones {
        climate::give_rests(zone, &mut config.outputs);
        climate::check(zone, checked, &config, problems);
    }
    climate::check_all(&zones, &config, problems);
    config.climates = zones.into_iter().map(|(zone, _)| zone).collect();
    config.settable = settable::resolve(&settable, &config, problems);
    config.scenes = draft.scenes.into_iter().map(|draft| scenes::resolve(draft, &config, problems)).collect();
    let mut kept = Kept::default();
    let placed = draft.hub.placed;
    fn scope(config: &Config, placed: bool, holidays: bool) -> Scope<'_> {
        Scope { config, placed, holidays }
    }
    config.dark = draft.hub.dark(&scope(&config, placed, with_holidays), &mut kept, source, problems);
    let conditions = rooms::conditions(&asked, &scope(&config, placed, with_holidays), &mut kept, source, problems);
    for (room, conditions) in config.rooms.iter_mut().zip(conditions) {
        [room.occupied_while, room.asleep_while] = conditions;
    }
    let (rules, events, order) =
        rules::resolve(draft.rules, &scope(&config, placed, with_holidays), &mut kept, source, problems);
    (config.rules, config.events) = (rules, events);
    if let Some(modes) = draft.modes {
        let presence = modes::presence(modes, &scope(&config, placed, with_holidays), &mut kept, source, problems);
        config.rules.extend(presence);
    }
    config.rules.extend(daily::rules(&config));
    rooms::check(&asked, &config, problems);
    config.series = kept.series;
    order.check(&config, source, problems);
    config.renamed = renamed(&named, &config);
    alike::check(&named, &config, source, problems);
    config
}

/// What had other ids before, with those.
fn renamed(named: &[ids::Named], config: &Config) -> Vec<(Owner, Vec<Arc<str>>)> {
    let owners = |ids::Named { kind, id, .. }: &ids::Named| -> Vec<Owner> {
        let id = &*id.text;
        // What a counter shows has its name.
        let sensor = config.find_sensor(id).map(Owner::Sensor);
        let owner = match *kind {
            "output" => config.find_output(id).map(Owner::Output),
            "input" => config.find_input(id).map(Owner::Input),
            "room" => config.find_room(id).map(Owner::Room),
            "climate zone" => config.find_climate(id).map(Owner::Zone),
            _ => None,
        };
        owner.into_iter().chain(sensor.filter(|_| matches!(*kind, "input" | "sensor"))).collect()
    };
    let of = |named: &ids::Named| {
        let was: Vec<Arc<str>> = named.called.was.iter().map(|(was, _)| was.as_str().into()).collect();
        let owners = if was.is_empty() { Vec::new() } else { owners(named) };
        owners.into_iter().map(move |owner| (owner, was.clone()))
    };
    named.iter().flat_map(of).collect()
}
