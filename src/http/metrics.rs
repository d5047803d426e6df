//! `GET /metrics`: numbers for Prometheus, in its text format (version 0.0.4), in base units and by its rules for names.
//!
//! What is not known, or not good any more, is left out: a gap in the chart, not a flat line.

use super::{House, health::Health};
use crate::model::{Config, Course, Kind, PointSpec, PointState, Quality, Role, Snapshot, Unit, Value};
use axum::{
    extract::State,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use std::{collections::BTreeMap, fmt::Write};

/// `GET /metrics`
pub(super) async fn metrics(State(house): State<House>) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, kind)], text(&house)).into_response()
}

/// What Prometheus calls a unit, and how many of its base units it is. A total ends with `_total`.
fn base(unit: Unit) -> (&'static str, f64) {
    match unit {
        Unit::Celsius => ("celsius", 1.0),
        Unit::Percent => ("ratio", 0.01),
        Unit::Hectopascal => ("pascals", 100.0),
        Unit::Lux => ("lux", 1.0),
        Unit::PartsPerMillion => ("parts_per_million", 1.0),
        Unit::PartsPerBillion => ("parts_per_billion", 1.0),
        Unit::MicrogramsPerCubicMetre => ("grams_per_cubic_metre", 1e-6),
        Unit::GramsPerCubicMetre => ("grams_per_cubic_metre", 1.0),
        Unit::Index => ("index", 1.0),
        Unit::Ohm => ("ohms", 1.0),
        Unit::Volt => ("volts", 1.0),
        Unit::Ampere => ("amperes", 1.0),
        Unit::Watt => ("watts", 1.0),
        Unit::RevolutionsPerMinute => ("revolutions_per_minute", 1.0),
        Unit::KilowattHour => ("joules", 3_600_000.0),
        Unit::CubicMetre => ("cubic_metres", 1.0),
        Unit::LitresPerMinute => ("cubic_metres_per_second", 1e-3 / 60.0),
        Unit::TimesPerMinute => ("per_minute", 1.0),
        Unit::Minute => ("seconds", 60.0),
        // Names are of whole words, and nobody knows that of `m/s`: it is a label.
        Unit::Own(_) => ("own_unit", 1.0),
    }
}

/// Families of samples by their names.
#[derive(Default)]
struct Families(BTreeMap<String, Family>);

struct Family {
    kind: &'static str,
    help: String,
    samples: Vec<(String, f64)>,
}

impl Families {
    fn add(&mut self, name: &str, help: &str, labels: String, value: f64) {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let family = self.0.entry(format!("hearthd_{name}"));
        let family = family.or_insert_with(|| Family { kind, help: help.to_owned(), samples: Vec::new() });
        family.samples.push((labels, value));
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, Family { kind, help, samples }) in &self.0 {
            // What is written into a text does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in samples {
                let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

fn text(house: &House) -> String {
    let snapshot = house.snapshots.borrow().clone();
    let health = Health::of(house).checks;
    let mut all = Families::default();
    let yes = |is: bool| f64::from(u8::from(is));
    let mut own = |name: &str, help: &str, value: f64| all.add(name, help, String::new(), value);
    own(
        "healthy",
        "Whether the control loop goes round and the state can be saved.",
        yes(health.control_loop && health.disk),
    );
    #[expect(clippy::cast_precision_loss, reason = "no house changes so often")]
    own("changes_total", "Changes of points since the start.", snapshot.seq as f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    own("last_pass_seconds", "Time since the control loop went round.", health.last_pass_s as f64);
    own("config_accepted", "Whether the configuration file is in force.", yes(health.config));
    own("state_saved", "Whether the state can be saved.", yes(health.disk));
    own("history_written", "Whether the history can be written, if there is one.", yes(health.history));
    own("time_known", "Whether the time of day is known.", yes(health.time));
    if let Some(connected) = health.broker {
        own("broker_connected", "Whether the broker has taken us in.", yes(connected));
    }
    if let Some(clients) = health.homeassistant {
        #[expect(clippy::cast_precision_loss, reason = "there is room for 100")]
        own("homeassistant_clients", "Clients that are connected by the API for Home Assistant.", clients as f64);
    }
    all.add("build_info", "The version.", label("version", env!("CARGO_PKG_VERSION")), 1.0);
    for (spec, state) in snapshot.described() {
        point(&mut all, &snapshot, spec, state);
    }
    all.text()
}

fn point(all: &mut Families, snapshot: &Snapshot, spec: &PointSpec, state: &PointState) {
    let labels = labels(&snapshot.config, spec);
    let is_good = state.quality == Quality::Good;
    let good = f64::from(u8::from(is_good));
    all.add("point_good", "Whether what a point shows can be trusted.", labels.clone(), good);
    if let Some(usage) = &state.usage {
        let on_s = usage.on_time(snapshot.now.moment).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "no relay lives so long")]
        all.add("output_cycles_total", "How often an output went on.", labels.clone(), usage.cycles as f64);
        all.add("output_on_seconds_total", "How long an output was on.", labels.clone(), on_s);
    }
    let Some(value) = state.value.as_ref().filter(|_| is_good || spec.role == Role::Output) else { return };
    match (value, &spec.kind) {
        (Value::Number(value), Kind::Number(number)) => {
            let (unit, factor) = base(number.unit);
            let total = if spec.is_measured() && is_total(spec) { "_total" } else { "" };
            let what = spec.role.word();
            let labels = match number.unit {
                Unit::Own(_) => format!("{labels},{}", label("unit", number.unit.sign())),
                _ => labels,
            };
            let help = format!("Of a {what}, in {}.", unit.replace('_', " "));
            all.add(&format!("{what}_{unit}{total}"), &help, labels, value * factor);
        }
        (Value::Level(level), Kind::Level(_)) => {
            let ratio = f64::from(level.percent()) / 100.0;
            all.add("output_level_ratio", "How far an output is on, or a cover open.", labels, ratio);
        }
        (Value::Level(level), Kind::Switch(_)) => {
            on(all, spec, labels, level.is_on());
        }
        (Value::Switch(is_on), _) => on(all, spec, labels, *is_on),
        // What is said by words has no number.
        _ => {}
    }
}

fn on(all: &mut Families, spec: &PointSpec, labels: String, is_on: bool) {
    let name = format!("{}_on", spec.role.word());
    let help = format!("Whether a point of the kind {} is on.", spec.role.word());
    all.add(&name, &help, labels, f64::from(u8::from(is_on)));
}

fn is_total(spec: &PointSpec) -> bool {
    let Kind::Number(number) = &spec.kind else { return false };
    number.course == Some(Course::TotalIncreasing)
}

fn labels(config: &Config, spec: &PointSpec) -> String {
    let point = label("point", &spec.name);
    match spec.room {
        Some(room) => format!("{point},{}", label("room", &config[room].id)),
        None => point,
    }
}

fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
