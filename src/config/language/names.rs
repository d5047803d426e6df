//! What the names in a condition stand for.

use super::{slips, words};
use crate::{
    config::{hubs, nearest, suggestions},
    model::{ClimateFacet, ClimateId, Config, Modes, Number, OutputFacet, Point, Quantity, Unit},
};

/// What a name stands for.
pub(super) enum Named {
    /// Something on or off.
    Binary(Point),
    /// Something that has one of a few words.
    Word(ClimateId, ClimateFacet),
    /// Something measured.
    Number(Number, Measure),
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// A number as written, without a unit.
    Plain,
    Of(Unit),
    OfOutput(OutputFacet),
    Degrees,
    /// A length of time.
    Time,
}

impl Measure {
    /// What a number with this unit measures.
    pub(super) fn of(unit: Unit) -> Measure {
        if unit.sign() == "°" { Measure::Degrees } else { Measure::Of(unit) }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Measure::Plain => "a plain number",
            Measure::Of(unit) => unit.noun(),
            Measure::OfOutput(_) => "a level",
            Measure::Degrees => "an angle",
            Measure::Time => "a length of time",
        }
    }
}

/// What `name` stands for, if it stands for anything.
pub(super) fn find(config: &Config, name: &str) -> Option<Named> {
    if name == "sun.elevation" {
        return Some(Named::Number(Number::SunElevation, Measure::Degrees));
    }
    Some(match config.find_point(name)? {
        Point::Reading(sensor, quantity) => {
            Named::Number(Number::Reading(sensor, quantity), Measure::of(quantity.unit()))
        }
        Point::OutputFacet(output, facet) if facet.unit().is_some() => {
            let measure = match facet {
                OutputFacet::Power => Measure::Of(Unit::Watt),
                OutputFacet::Energy => Measure::Of(Unit::KilowattHour),
                _ => Measure::OfOutput(facet),
            };
            Named::Number(Number::Output(output, facet), measure)
        }
        Point::Climate(zone, facet) if facet.is_temperature() => {
            Named::Number(Number::Climate(zone, facet), Measure::Of(Quantity::Temperature.unit()))
        }
        Point::Climate(zone, facet) => Named::Word(zone, facet),
        point @ (Point::Output(_)
        | Point::OutputFacet(..)
        | Point::Input(_)
        | Point::Occupied(_)
        | Point::Asleep(_)) => Named::Binary(point),
        Point::Mode | Point::Event(_) | Point::Setting(_) => return None,
    })
}

/// What is wrong with a mode that is none, and what to write.
pub(in crate::config) fn no_mode(word: &str, modes: &Modes) -> (String, String) {
    let names: Vec<&str> = modes.list.iter().map(|mode| &**mode).collect();
    match nearest::name(word, names.iter().copied()) {
        _ if names.is_empty() => ("there are no modes".into(), "add the table [modes]".into()),
        Some(near) => (format!("unknown mode `{word}`"), format!("did you mean `{near}`?")),
        None => (
            format!("unknown mode `{word}`"),
            format!("write one of {}, or add it to [modes]", suggestions::list(&names)),
        ),
    }
}

/// What is wrong with a name that stands for nothing, and what to write.
pub(super) fn not_found(config: &Config, name: &str) -> (String, String) {
    if let Some(advice) = slips::instead_of_name(name) {
        return (format!("unknown name `{name}`"), advice.to_owned());
    }
    if let Some(of_hub) = hubs::not_found(name, config) {
        return of_hub;
    }
    let (first, second) = name.split_once('.').unwrap_or((name, ""));
    if let "on_today" | "energy_today" | "today" = second {
        let energy = format!("{first}.energy");
        let of = if second == "energy_today" && find(config, &energy).is_some() { &energy } else { first };
        return (format!("unknown name `{name}`"), format!("write `today({of})`"));
    }
    if second == "event" && matches!(config.find_point(name), Some(Point::Event(_))) {
        let advice = format!("write `on = \"{first} click\"` in a rule of its own");
        return (format!("`{name}` happens and is over: it is no condition"), advice);
    }
    if let Some(Point::Setting(_)) = config.find_point(name) {
        return (
            format!("`{name}` is a number of the file that people set: it is no condition"),
            "write the number".into(),
        );
    }
    if config.modes.find(name).is_some() {
        return (format!("`{name}` is a mode"), format!("write `mode is {name}`"));
    }
    let readings = |sensor: usize| {
        let sensor = &config.sensors[sensor];
        let names: Vec<String> = sensor.quantities().map(|q| format!("`{}.{}`", sensor.id, q.word())).collect();
        names.join(" or ")
    };
    let sensor = config.find_sensor(first).map(|sensor| readings(sensor.0));
    let room = config.rooms.iter().any(|room| &*room.id == first);
    let zone: Vec<String> = config.find_climate(first).map_or_else(Vec::new, |zone| {
        config[zone].facets().map(|facet| format!("`{first}.{}`", facet.word())).collect()
    });
    let known: Vec<String> = config.points().map(|point| config.point_name(point)).collect();
    let all = known.iter().map(String::as_str).chain(words::ATOMS).chain(["sun.elevation", "time", "day"]);
    let near = nearest::name(name, all).map(|near| format!("did you mean `{near}`?"));
    match (second, suggestions::kind_of(first, config)) {
        ("", Some(kind)) => {
            let occupied = room.then(|| format!("`{first}.occupied`"));
            let points: Vec<String> = occupied.into_iter().chain(sensor).chain(zone).collect();
            (format!("`{first}` is {kind}, which has no value of its own"), format!("write {}", points.join(" or ")))
        }
        ("asleep", Some(_)) if room => (
            format!("nobody ever sleeps in `{first}`"),
            format!("add asleep_while to [rooms.{first}], such as \"mode is night\""),
        ),
        ("empty", Some(_)) if room => (format!("`{name}` does not exist"), format!("write `{first} is empty`")),
        (_, Some(kind)) => {
            let points = match (sensor, room) {
                (Some(readings), true) => format!("write {readings} or `{first}.occupied`"),
                (Some(readings), false) => format!("write {readings}"),
                (None, true) => format!("write `{first}.occupied`"),
                (None, false) if !zone.is_empty() => format!("write {}", zone.join(" or ")),
                (None, false) => format!("write `{first}`"),
            };
            (format!("`{first}` is {kind} without `{second}`"), near.unwrap_or(points))
        }
        (_, None) => {
            let some: Vec<&str> = known.iter().map(String::as_str).collect();
            let listed = || match some[..] {
                [] => "add an input, a sensor or a room first".to_owned(),
                _ => format!("write one of {}", suggestions::list(&some)),
            };
            let new_table = || match second {
                "occupied" => Some(format!("add [rooms.{first}]")),
                word if Quantity::find(word).is_some() => Some(format!("add [sensors.{first}]")),
                _ => None,
            };
            (format!("unknown name `{name}`"), near.or_else(new_table).unwrap_or_else(listed))
        }
    }
}
