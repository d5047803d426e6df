//! `[sensors.NAME]`: what gives readings.

mod derived;
mod filters;
mod kernel;

use super::{
    chips,
    diagnostic::Problems,
    ids, modbus, remote, serial,
    shape::{ChipWord, Class, DAY, Period, SECOND, Word, one_of},
    table::{Id, Table},
};
use crate::model::{Hub, Quantity, Sensor, SensorSource, SerialSensor, Via, duration};
use std::{collections::BTreeMap, ops::Range, time::Duration};

/// A sensor as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    pub sensor: Sensor,
    chip: chips::Draft,
    derived: Vec<(Quantity, Range<usize>)>,
    filters: Vec<filters::Draft>,
    /// The place of its topic or of its device, if it is on the broker, on Modbus or on a serial port.
    elsewhere: Option<Range<usize>>,
    /// What it reads of a serial port, if it is there.
    serial: Option<serial::Named>,
    /// The room that it names.
    pub room: Option<(String, Range<usize>)>,
    /// The place of its class.
    class: Option<Range<usize>>,
}

impl Draft {
    /// What it is on the broker, if it is there.
    pub fn claim(&self) -> Option<remote::Claim<'_>> {
        let SensorSource::Remote(sensor) = &self.sensor.source else { return None };
        Some(remote::Claim { id: &self.id.text, place: self.elsewhere.as_ref()?, sensor: Some(sensor), remote: None })
    }

    /// What may have quantities of its own, with the place that says what it is.
    pub fn elsewhere(&self) -> Option<(&Range<usize>, &Sensor)> {
        Some((self.elsewhere.as_ref()?, &self.sensor))
    }

    /// What it is on Modbus, if it is there.
    pub fn modbus_claim(&self) -> Option<modbus::Claim<'_>> {
        let SensorSource::Modbus(sensor) = &self.sensor.source else { return None };
        let place = self.elsewhere.as_ref()?;
        Some(modbus::Claim { id: &self.id.text, place, unit: &sensor.unit, output: None, is_in_interlock: false })
    }
}

impl Draft {
    /// Finds what it reads of its serial port, if it is on one.
    pub fn find_serial(&mut self, ports: &[serial::Draft], problems: &Problems) {
        if let (Some(named), SensorSource::Serial(sensor)) = (&self.serial, &mut self.sensor.source) {
            sensor.channels = serial::channels(named, ports, problems);
        }
    }
}

pub(super) fn read(id: &Id, home: Via, table: &mut Table<'_>) -> Draft {
    let chip = table.optional(
        "chip",
        "Which chip it is. Instead of it: `iio`, `hwmon`, `onewire` or `cpu`, which the kernel reads.",
        ChipWord,
    );
    let mut kernel = kernel::read(table);
    let (of_modbus, of_broker) = match modbus::is_meant(table) {
        true => (kernel.readings.take(), None),
        false => (None, kernel.readings.take()),
    };
    let on_broker = remote::sensor(&WIRED, of_broker, home, table);
    let on_modbus = modbus::sensor(&WIRED, &CHIP_KEYS, of_modbus, table);
    let on_serial = serial::sensor(&WIRED, &CHIP_KEYS, kernel.words.take(), table);
    check_source(&kernel, table);
    let called = ids::called_now(id, table);
    let wired = chips::read(chip, table);
    let usual_every = match () {
        () if remote::is_meant(table) => EVERY_OF_REMOTE,
        () if modbus::is_meant(table) || serial::is_meant(table) => EVERY_OF_LINKS,
        () => chips::usual_every(chip),
    };
    let every = table.defaulted("every", "How often it is read, 1s to 1d.", Period(SECOND..=DAY), usual_every);
    let stale_after = table.optional(
        "stale_after",
        "A reading older than this no longer counts; twice `every` and 5s when absent.",
        Period(SECOND..=30 * DAY),
    );
    let derived = table.optional(
        "derive",
        "What is worked out from its readings: dew_point, absolute_humidity, heat_index, sea_level_pressure.",
        derived::Names,
    );
    let room = table.optional("room", "The room that it is in; when absent, the room of the same name.", Word);
    let class = table.optional(
        "class",
        "What Home Assistant is to call what it measures, such as \"moisture\" for the humidity of soil.",
        Class::of_sensor(),
    );
    let filters = table.tables_by_name("filter", "What is done to its readings before they count.", filters::read);

    if let Some(chip) = chip {
        chips::check_every(chip, every, table);
    }
    if remote::is_meant(table) {
        for key in CHIP_KEYS.into_iter().chain(["every"]).filter(|key| table.has(key)) {
            table.error_at(
                key,
                format!("`{key}` is of what hearthd reads itself"),
                "remove it: the device tells when it likes",
            );
        }
    } else if let Some(stale_after) = stale_after
        && stale_after < every
    {
        let (every, stale) = (duration::spell(every), duration::spell(stale_after));
        let message = format!("a reading would be stale ({stale}) before the next one ({every})");
        table.error_at("stale_after", message, format!("write {every} or longer"));
    }
    if let Some((sensor, ..)) = &on_broker {
        remote::check_stale(sensor.via, stale_after, table);
    }
    let usual_stale = on_broker.as_ref().map_or(2 * every + Duration::from_secs(5), |(_, _, usual)| *usual);
    let on_broker = on_broker.map(|(sensor, place, _)| (SensorSource::Remote(sensor), place));
    let on_modbus = on_modbus.map(|(sensor, place)| (SensorSource::Modbus(sensor), place));
    let of_port = on_serial.as_ref().map(|named| {
        let sensor = SerialSensor { port: named.port.as_str().into(), channels: Vec::new() };
        (SensorSource::Serial(sensor), named.place.clone())
    });
    let (elsewhere, place) = on_broker.or(on_modbus).or(of_port).unzip();
    let of_kernel = || kernel.source.map(SensorSource::Kernel);
    Draft {
        room: room.map(|room| (room, table.place_of("room"))),
        class: class.map(|_| table.place_of("class")),
        elsewhere: place,
        serial: on_serial,
        sensor: Sensor {
            id: id.text.as_str().into(),
            name: called.name.clone(),
            source: elsewhere.or_else(of_kernel).unwrap_or_else(|| SensorSource::I2c(wired.wired.clone())),
            every,
            stale_after: stale_after.unwrap_or(usual_stale),
            derived: Vec::new(),
            filters: BTreeMap::new(),
            altitude_m: None,
            room: None,
            class,
        },
        chip: wired,
        derived: derived.unwrap_or_default(),
        filters,
        id: id.clone(),
        called,
    }
}

/// What a sensor on the broker cannot be besides.
const WIRED: [&str; 5] = ["chip", "iio", "hwmon", "onewire", "cpu"];
/// How often a simulation has a sensor on the broker tell its readings.
pub(super) const EVERY_OF_REMOTE: Duration = Duration::from_secs(60);
/// How often a sensor on Modbus or on a serial port is read, when the file does not say.
const EVERY_OF_LINKS: Duration = Duration::from_secs(10);

/// Keys that say where and how a chip is wired.
const CHIP_KEYS: [&str; 7] = ["address", "bus", "mux", "channels", "full_scale", "shunt", "self_calibration"];

/// Reports a sensor with no source, with more than one, or with keys of another.
fn check_source(kernel: &kernel::Draft, table: &Table<'_>) {
    match kernel.written.as_slice() {
        // That was looked at with the broker or the bus.
        _ if remote::is_meant(table) || modbus::is_meant(table) || serial::is_meant(table) => {}
        [] if !table.has("chip") && table.is_real() => {
            table.error_at(
                "chip",
                "nothing says what this sensor is",
                "add chip = \"bme280\", onewire = \"auto\", iio = \"dht11\", hwmon = \"sht3x\" or cpu = true",
            );
        }
        [] => {}
        [first, rest @ ..] => {
            if let Some(other) = table.has("chip").then_some(&"chip").or(rest.first()) {
                let message = format!("a sensor is either `{first}` or `{other}`");
                table.error_at(other, message, "remove one of the two lines");
                return;
            }
            for key in CHIP_KEYS.into_iter().filter(|key| table.has(key)) {
                let message = format!("`{key}` goes with a `chip`, which hearthd reads itself");
                table.error_at(key, message, format!("remove it: the kernel knows where `{first}` is"));
            }
        }
    }
}

/// What the chips of sensors take on their buses.
pub(super) fn claims(drafts: &[Draft]) -> impl Iterator<Item = chips::Claim<'_>> {
    drafts.iter().map(|draft| draft.chip.claim(&draft.id))
}

/// The sensor with what is worked out from it and the filters of all its quantities.
pub(super) fn resolve(draft: Draft, hub: &Hub, problems: &Problems) -> Sensor {
    let mut sensor = draft.sensor;
    sensor.altitude_m = hub.altitude_m;
    if let (SensorSource::I2c(chip), Some(altitude)) = (&mut sensor.source, hub.altitude_m) {
        chip.settings.altitude_m = altitude.clamp(0.0, 3_000.0) as u16;
    }
    for (quantity, place) in draft.derived {
        if let Some((message, advice)) = derived::refusal(quantity, &sensor) {
            problems.error(place, message, advice);
        } else {
            sensor.derived.push(quantity);
        }
    }
    if let Some(place) = draft.class
        && !sensor.quantities().any(|quantity| sensor.called(quantity).is_some())
    {
        let mut fit: Vec<&str> = sensor.quantities().flat_map(|quantity| quantity.unit().classes()).copied().collect();
        fit.dedup();
        let advice = match fit[..] {
            [] => "remove the line".into(),
            _ => format!("write {}", one_of(fit.iter().map(|word| format!("\"{word}\"")).collect())),
        };
        problems.error(place, "nothing that this sensor measures can be called so", advice);
    }
    for filter in draft.filters {
        filters::add(filter, &mut sensor, problems);
    }
    sensor
}
