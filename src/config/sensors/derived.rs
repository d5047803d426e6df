//! `derive`: what is worked out from a sensor's readings.

use crate::{
    config::{
        nearest,
        shape::{Shape, Wrong, one_of, shorten},
    },
    model::{Quantity, Sensor},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// `["dew_point"]`
pub(super) struct Names;

/// All that can be worked out.
fn all() -> impl Iterator<Item = Quantity> {
    Quantity::all().filter(|quantity| !quantity.ingredients().is_empty())
}

impl Shape for Names {
    type Value = Vec<(Quantity, Range<usize>)>;

    fn noun(&self) -> String {
        "a list of quantities".into()
    }

    fn example(&self) -> String {
        "a list such as [\"dew_point\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let mut quantities: Self::Value = Vec::new();
        for item in items {
            let word = item.get_ref().as_str().unwrap_or_default();
            let Some(quantity) = all().find(|quantity| quantity.word() == word) else {
                let advice = match nearest::name(word, all().map(Quantity::word)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("write {}", one_of(all().map(|one| format!("\"{}\"", one.word())).collect())),
                };
                return Err(Wrong::new(format!("\"{}\" is nothing that can be worked out", shorten(word)), advice));
            };
            if !quantities.iter().any(|(listed, _)| *listed == quantity) {
                quantities.push((quantity, item.span()));
            }
        }
        Ok(Some(quantities))
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = all().map(Quantity::word).collect();
        json!({ "type": "array", "items": { "type": "string", "enum": words }, "uniqueItems": true })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(quantity, _)| json!(quantity.word())).collect()
    }
}

/// Why a sensor cannot give it, and what to do.
pub(super) fn refusal(quantity: Quantity, sensor: &Sensor) -> Option<(String, String)> {
    let measured: Vec<Quantity> = sensor.measured().collect();
    if measured.contains(&quantity) {
        return Some((format!("`{}` measures its {} itself", sensor.id, quantity.word()), "remove it here".into()));
    }
    if let Some(missing) = quantity.ingredients().iter().find(|ingredient| !measured.contains(ingredient)) {
        let message = format!("{} needs {}, which `{}` does not measure", quantity.word(), missing.word(), sensor.id);
        return Some((message, "remove it here, or use a sensor that does".into()));
    }
    (quantity == Quantity::SeaLevelPressure && sensor.altitude_m.is_none()).then(|| {
        let message = "sea_level_pressure needs to know how high the house stands".to_owned();
        (message, "add altitude = 120 (metres above the sea) to [hub]".into())
    })
}
