//! Quantities that a configuration names itself: `{ water_pressure = { pointer = "/p", unit = "bar", decimals = 1 } }`.

use super::readings::{Fields, Reading, unknown};
use crate::{
    config::{
        diagnostic::Problems,
        language, nearest,
        shape::{Wrong, all_parts, is_word, not_a_word, shorten},
    },
    model::{ClimateFacet, OWN_MAX, Own, Quantity, Sensor},
};
use std::{collections::BTreeMap, ops::Range};

/// Longer units are a slip.
const LONGEST_UNIT: usize = 20;
/// More than any device of a house tells.
const MOST: f64 = 1e9;
/// What a reading has when the file does not say.
const DECIMALS: usize = 2;
/// What is a point of a room or zone of the same name already, or a topic.
const TAKEN: [&str; 8] = ["occupied", "asleep", "event", "state", "set", "why", "attributes", "availability"];

/// What is read of a quantity that is in no table.
pub(super) fn reading(word: &str, fields: Fields) -> Result<Reading, Wrong> {
    let Some(sign) = fields.unit.as_deref() else { return Err(unknown(word, fields.medium)) };
    // What has the unit of a known one and almost its name is that one, misspelt.
    let near = nearest::name(word, Quantity::all().map(Quantity::word)).and_then(Quantity::find);
    if near.is_some_and(|near| !sign.is_empty() && near.unit().converted(sign).is_some()) {
        return Err(unknown(word, fields.medium));
    }
    let unit = check_unit(sign).map_err(|wrong| fields.wrong("unit", wrong.message, wrong.advice));
    all_parts([check_word(word), unit])?;
    let (min, max) = (fields.min.unwrap_or(-MOST), fields.max.unwrap_or(MOST));
    if !(-MOST <= min && min < max && max <= MOST) {
        let message = format!("no {word} is from {min} to {max}");
        let key = if fields.max.is_some() { "max" } else { "min" };
        let advice = "write a min that is less than max, both from -1000000000 to 1000000000";
        return Err(fields.wrong(key, message, advice));
    }
    let register = fields.register()?;
    let own = Own::new(word, sign, fields.decimals.unwrap_or(DECIMALS), min..=max).ok_or_else(|| {
        let message = format!("more than {OWN_MAX} quantities of people's own were read since this program began");
        Wrong::new(message, "take some away; if there are fewer by now, restart hearthd")
    })?;
    Ok(Reading {
        quantity: Quantity::Own(own),
        register,
        // What has but one number needs none.
        pointer: Some(fields.pointer.unwrap_or_else(|| "".into())),
        scale: fields.scale,
        offset: fields.offset.unwrap_or(0.0),
        has_unit: false,
        place: fields.place,
    })
}

fn check_word(word: &str) -> Result<(), Wrong> {
    let of_zones = ClimateFacet::WORDS.iter().map(|(word, _)| *word);
    if language::is_reserved(word) || TAKEN.into_iter().chain(of_zones).any(|taken| taken == word) {
        let message = format!("`{word}` has a meaning of its own in rules or topics");
        return Err(Wrong::new(message, format!("choose another name, such as `{word}_1`")));
    }
    if !is_word(word) || !word.starts_with(|first: char| first.is_ascii_lowercase()) {
        let wrong = not_a_word(word);
        return Err(Wrong::new(format!("the name {}", wrong.message), wrong.advice.replace('"', "`")));
    }
    Ok(())
}

/// A unit is what can stand behind a number in a rule.
fn check_unit(sign: &str) -> Result<(), Wrong> {
    let begins = |first: char| first.is_alphabetic() || "°%‰€$£/".contains(first);
    let is_unit = sign.chars().count() <= LONGEST_UNIT
        && !sign.chars().any(|c| c.is_control() || "\"'`".contains(c))
        && sign.trim() == sign
        && sign.starts_with(begins)
        && !language::is_reserved(&sign.to_lowercase());
    if sign.is_empty() || is_unit {
        return Ok(());
    }
    let advice = "write what stands behind the number, at most 20 characters: \"bar\", \"m/s\"; \"\" if it has no unit";
    Err(Wrong::new(format!("\"{}\" cannot be a unit", shorten(sign)), advice))
}

/// Reports quantities that another sensor knows in another unit; of each sensor, where the file says what it is.
pub(in crate::config) fn check_units<'d>(
    sensors: impl Iterator<Item = (&'d Range<usize>, &'d Sensor)>,
    problems: &Problems,
) {
    let mut units: BTreeMap<&str, (Quantity, &str)> = BTreeMap::new();
    for (place, sensor) in sensors {
        for quantity in sensor.quantities() {
            let (first, by) = *units.entry(quantity.word()).or_insert((quantity, &*sensor.id));
            if first.unit() != quantity.unit() {
                let (word, sign) = (quantity.word(), quantity.unit().sign());
                let message = format!("`{word}` is in \"{sign}\" here, and in \"{}\" of `{by}`", first.unit());
                problems.error(place.clone(), message, "give both the same unit, one with a scale, or two names");
            }
        }
    }
}
