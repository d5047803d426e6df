//! `[sensors.NAME.filter.QUANTITY]`: what is done to readings before they count.

use crate::{
    config::{
        diagnostic::Problems,
        nearest,
        shape::{DAY, Decimal, Period, SECOND, Shape, Whole, Wrong, shorten},
        suggestions,
        table::{Id, Table},
    },
    model::{Delta, Filter, Plausible, Quantity, Sensor, duration},
};
use serde_json::{Value as Json, json};
use std::ops::RangeInclusive;
use toml::de::DeValue;

/// Any number that a sensor may have to do with.
const NUMBER: RangeInclusive<f64> = -1e6..=1e6;
/// One that is more than nothing.
const POSITIVE: RangeInclusive<f64> = 1e-6..=1e6;

/// The filter of one quantity, under the name that stands in the file.
pub(in crate::config) struct Draft {
    pub id: Id,
    pub filter: Filter,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let calibrate = table.optional(
        "calibrate",
        "What was measured and what was true: [[0.8, 0], [98.5, 100]]; straight lines through them.",
        Pairs,
    );
    let multiply = table.optional("multiply", "A factor, after the calibration.", Decimal(NUMBER));
    let offset = table.defaulted("offset", "Added after the factor.", Decimal(NUMBER), 0.0);
    let plausible = table.table(
        "plausible",
        "A corrected reading outside, or one that changed too fast, counts as a failed one.",
        plausible,
    );
    let clamp = table.has("clamp");
    let limits =
        table.table("clamp", "A reading outside is taken for the nearer limit.", |table| limits(table, "clamp"));
    let filter = Filter {
        calibrate: calibrate.unwrap_or_default(),
        multiply,
        offset,
        plausible,
        clamp: clamp.then(|| (limits.0.unwrap_or(f64::NEG_INFINITY), limits.1.unwrap_or(f64::INFINITY))),
        median: count(table, "median", "The middle one of the last so many readings, 3 to 99.", 3..=99),
        average: count(table, "average", "The mean of the last so many readings, 2 to 999.", 2..=999),
        ema: table.optional(
            "ema",
            "Exponential moving average: the share of the newest reading, 0.01 to 1; less is smoother.",
            Decimal(0.01..=1.0),
        ),
        round_to: table.optional("round_to", "Rounds to multiples of this, such as 0.5.", Decimal(POSITIVE)),
        delta: table.optional("delta", "A smaller change is not shown: 0.2, or \"5%\".", Change),
        throttle: table.optional("throttle", "Changes are shown at most this often.", Period(SECOND..=DAY)),
        heartbeat: table.optional(
            "heartbeat",
            "What `delta` and `throttle` hold back is shown after this long.",
            Period(SECOND..=DAY),
        ),
    };
    check_heartbeat(&filter, table);
    Draft { id: id.clone(), filter }
}

/// Gives a sensor the filter of one of its quantities.
pub(super) fn add(draft: Draft, sensor: &mut Sensor, problems: &Problems) {
    let Draft { id, filter } = draft;
    let found = sensor.quantities().find(|quantity| quantity.word() == id.text);
    match found {
        Some(quantity) => {
            sensor.filters.insert(quantity, filter);
        }
        None => {
            let words: Vec<&str> = sensor.quantities().map(Quantity::word).collect();
            let advice = match nearest::name(&id.text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its quantities are {}", suggestions::list(&words)),
            };
            problems.error(id.place, format!("`{}` gives no {}", sensor.id, shorten(&id.text)), advice);
        }
    }
}

fn check_heartbeat(filter: &Filter, table: &Table<'_>) {
    let Some(heartbeat) = filter.heartbeat else { return };
    if !table.has("delta") && !table.has("throttle") {
        let message = "`heartbeat` without `delta` or `throttle`: nothing is held back";
        table.error_at("heartbeat", message, "remove it, or add delta = 0.1");
    } else if let Some(throttle) = filter.throttle.filter(|throttle| heartbeat < *throttle) {
        let (heartbeat, throttle) = (duration::spell(heartbeat), duration::spell(throttle));
        let message = format!("`heartbeat` ({heartbeat}) would undo `throttle` ({throttle})");
        table.error_at("heartbeat", message, format!("write {throttle} or longer"));
    }
}

fn count(table: &mut Table<'_>, key: &'static str, about: &str, range: RangeInclusive<i64>) -> Option<usize> {
    table.optional(key, about, Whole(range)).and_then(|count| usize::try_from(count).ok())
}

fn plausible(table: &mut Table<'_>) -> Plausible {
    let (min, max) = limits(table, "plausible");
    let rate = "It neither rises nor falls faster than this in a minute.";
    Plausible { min, max, max_rate_per_minute: table.optional("max_rate_per_minute", rate, Decimal(POSITIVE)) }
}

fn limits(table: &mut Table<'_>, of: &str) -> (Option<f64>, Option<f64>) {
    let min = table.optional("min", "Not less than this.", Decimal(NUMBER));
    let max = table.optional("max", "Not more than this.", Decimal(NUMBER));
    if let (Some(least), Some(most)) = (min, max)
        && least >= most
    {
        table.error_at("max", format!("{of}: the maximum {most} is not above the minimum {least}"), "exchange the two");
    }
    (min, max)
}

/// `[[0.8, 0], [98.5, 100]]`
struct Pairs;

impl Shape for Pairs {
    type Value = Vec<(f64, f64)>;

    fn noun(&self) -> String {
        "a list of pairs".into()
    }

    fn example(&self) -> String {
        "what was measured and what was true, in pairs: [[0.8, 0], [98.5, 100]]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let wrong = |message: String| Wrong::new(message, format!("write {}", self.example()));
        let mut pairs = Vec::new();
        for item in items {
            let numbers = item.get_ref().as_array().map(|pair| {
                let number = |item: &toml::Spanned<DeValue<'_>>| Decimal(NUMBER).read(item.get_ref());
                pair.iter().map(number).collect::<Result<Vec<_>, _>>()
            });
            match numbers.transpose()?.as_deref() {
                Some([Some(measured), Some(truth)]) => pairs.push((*measured, *truth)),
                _ => return Err(wrong("a calibration is made of pairs of two numbers".into())),
            }
        }
        pairs.sort_by(|(a, _): &(f64, f64), (b, _)| a.total_cmp(b));
        if let Some(twice) = pairs.windows(2).find(|two| two[1].0 - two[0].0 < 1e-9) {
            return Err(wrong(format!("{} was measured twice", twice[0].0)));
        }
        if pairs.is_empty() { Err(wrong("an empty list".into())) } else { Ok(Some(pairs)) }
    }

    fn schema(&self) -> Json {
        let pair = json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
        json!({ "type": "array", "items": pair, "minItems": 1 })
    }

    fn show(&self, value: &Self::Value) -> Json {
        json!(value)
    }
}

/// `0.2` or `"5%"`
struct Change;

impl Shape for Change {
    type Value = Delta;

    fn noun(&self) -> String {
        "a number or a percentage".into()
    }

    fn example(&self) -> String {
        "a number such as 0.2, or a percentage such as \"5%\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Delta>, Wrong> {
        let Some(text) = value.as_str() else {
            return Ok(Decimal(POSITIVE).read(value)?.map(Delta::Absolute));
        };
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|percent| (0.01..=1000.0).contains(percent)) {
            Some(percent) => Ok(Some(Delta::Percent(percent))),
            None => {
                Err(Wrong::new(format!("\"{}\" is not a change", shorten(text)), format!("write {}", self.example())))
            }
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [
            { "type": "number", "exclusiveMinimum": 0 },
            { "type": "string", "pattern": "^[0-9.]+ *%$" },
        ] })
    }

    fn show(&self, value: &Delta) -> Json {
        match value {
            Delta::Absolute(delta) => json!(delta),
            Delta::Percent(percent) => json!(format!("{percent}%")),
        }
    }
}
