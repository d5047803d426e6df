//! The kinds of values that only zones have.

use super::unfit;
use crate::{
    config::{
        diagnostic::Problems,
        nearest,
        shape::{Decimal, Period, SECOND, Shape, Wrong, is_word, not_a_word, shorten},
    },
    model::{Climate, HIGHEST_TARGET, LOWEST_TARGET, Preset, SensorLost, Setpoints, TargetFor, duration},
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// Setpoints as they are written: one number, or one for each way.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    One(f64),
    Each { heat: Option<f64>, cool: Option<f64> },
}

impl Asked {
    /// What they come to in a zone.
    pub fn setpoints(&self, zone: &Climate) -> Setpoints {
        let (heats, cools) = (!zone.heat.is_empty(), !zone.cool.is_empty());
        match *self {
            Asked::One(target) if heats => Setpoints { heat: Some(target), cool: zone.target.cool },
            Asked::One(target) => Setpoints { heat: None, cool: Some(target) },
            Asked::Each { heat, cool } => Setpoints {
                heat: heat.or(zone.target.heat).filter(|_| heats),
                cool: cool.or(zone.target.cool).filter(|_| cools),
            },
        }
    }
}

/// Targets with names.
pub(super) struct Presets;

impl Shape for Presets {
    type Value = Vec<(String, Range<usize>, Asked)>;

    fn noun(&self) -> String {
        "a list of names and targets".into()
    }

    fn example(&self) -> String {
        "it in braces, such as { away = 16, night = 17.5 }".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(entries) = value.as_table() else { return Ok(None) };
        let mut presets = Vec::new();
        for (name, value) in entries {
            let text = name.get_ref();
            if matches!(&**text, "none" | "auto") {
                return Err(Wrong::new(format!("`{text}` stands for no preset"), "choose another name"));
            }
            if !is_word(text) {
                return Err(not_a_word(text));
            }
            presets.push((text.to_string(), name.span(), asked(text, value.get_ref())?));
        }
        presets.sort_by_key(|(_, place, _)| place.start);
        Ok(Some(presets))
    }

    fn schema(&self) -> Json {
        let number = Decimal(LOWEST_TARGET..=HIGHEST_TARGET).schema();
        let each = json!({
            "type": "object", "properties": { "heat": number, "cool": number }, "additionalProperties": false,
        });
        json!({
            "type": "object", "propertyNames": { "pattern": "^[a-z0-9_]+$" },
            "additionalProperties": { "anyOf": [number, each] },
        })
    }

    fn show(&self, _: &Self::Value) -> Json {
        json!({})
    }
}

fn asked(name: &str, value: &DeValue<'_>) -> Result<Asked, Wrong> {
    let temperature = Decimal(LOWEST_TARGET..=HIGHEST_TARGET);
    let wrong =
        || Wrong::new(format!("`{name}` is not a temperature"), "write a number of °C, or { heat = 17, cool = 27 }");
    if let Some(one) = temperature.read(value)? {
        return Ok(Asked::One(one));
    }
    let each = value.as_table().ok_or_else(wrong)?;
    let (mut heat, mut cool) = (None, None);
    for (key, value) in each {
        let number = temperature.read(value.get_ref())?.ok_or_else(wrong)?;
        match &**key.get_ref() {
            "heat" => heat = Some(number),
            "cool" => cool = Some(number),
            other => {
                let advice = match nearest::name(other, ["heat", "cool"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `heat` or `cool`".into(),
                };
                return Err(Wrong::new(format!("unknown key `{}` in `{name}`", shorten(other)), advice));
            }
        }
    }
    Ok(Asked::Each { heat, cool })
}

/// The presets of a zone; one that does not fit is reported.
pub(super) fn presets(drafts: &[(String, Range<usize>, Asked)], zone: &Climate, problems: &Problems) -> Vec<Preset> {
    let preset = |(name, place, asked): &(String, Range<usize>, Asked)| {
        let setpoints = asked.setpoints(zone);
        if let Some(wrong) = unfit(setpoints, zone) {
            problems.error(place.clone(), format!("the preset `{name}`: {}", wrong.message), wrong.advice);
        }
        Preset { name: name.as_str().into(), setpoints }
    };
    drafts.iter().map(preset).collect()
}

/// Lines of text, with their places.
pub(super) struct Lines;

impl Shape for Lines {
    type Value = Vec<(String, Range<usize>)>;

    fn noun(&self) -> String {
        "a list of periods".into()
    }

    fn example(&self) -> String {
        "it in square brackets, such as [\"daily 06:30 21\", \"daily 22:00 17\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let lines: Option<Vec<_>> =
            items.iter().map(|item| Some((item.get_ref().as_str()?.to_owned(), item.span()))).collect();
        lines.map(Some).ok_or_else(|| Wrong::new("each period is a text", format!("write {}", self.example())))
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" } })
    }

    fn show(&self, value: &Self::Value) -> Json {
        value.iter().map(|(line, _)| json!(line)).collect()
    }
}

/// How long a target set by hand holds.
pub(super) struct Hold;

impl Hold {
    const TIME: Period = Period(SECOND..=std::time::Duration::from_secs(365 * 86_400));
}

impl Shape for Hold {
    type Value = TargetFor;

    fn noun(&self) -> String {
        "a duration or a word".into()
    }

    fn example(&self) -> String {
        "\"next_period\", \"auto\" or a duration such as \"2h\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<TargetFor>, Wrong> {
        match value.as_str() {
            Some("next_period") => Ok(Some(TargetFor::NextPeriod)),
            Some("auto") => Ok(Some(TargetFor::Auto)),
            Some(text) if duration::parse(text).is_err() && !text.starts_with(|c: char| c.is_ascii_digit()) => {
                Err(Wrong::new(format!("unknown word \"{}\"", shorten(text)), format!("write {}", self.example())))
            }
            _ => Ok(Self::TIME.read(value)?.map(TargetFor::Time)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "enum": ["next_period", "auto"] }, Self::TIME.schema()] })
    }

    fn show(&self, value: &TargetFor) -> Json {
        match value {
            TargetFor::NextPeriod => json!("next_period"),
            TargetFor::Auto => json!("auto"),
            TargetFor::Time(time) => Self::TIME.show(time),
        }
    }
}

/// What is done without a sensor.
pub(super) struct Lost;

impl Lost {
    const PERCENT: Decimal = Decimal(0.0..=100.0);
}

impl Shape for Lost {
    type Value = SensorLost;

    fn noun(&self) -> String {
        "a word or a percentage".into()
    }

    fn example(&self) -> String {
        "\"off\", \"frost\" or a percentage such as 20".into()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    fn read(&self, value: &DeValue<'_>) -> Result<Option<SensorLost>, Wrong> {
        match value.as_str() {
            Some("off") => Ok(Some(SensorLost::Off)),
            Some("frost") => Ok(Some(SensorLost::Frost)),
            Some(text) => {
                Err(Wrong::new(format!("unknown word \"{}\"", shorten(text)), format!("write {}", self.example())))
            }
            None => Ok(Self::PERCENT.read(value)?.map(|percent| SensorLost::Percent(percent.round() as u8))),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "enum": ["off", "frost"] }, Self::PERCENT.schema()] })
    }

    fn show(&self, value: &SensorLost) -> Json {
        match value {
            SensorLost::Off => json!("off"),
            SensorLost::Frost => json!("frost"),
            SensorLost::Percent(percent) => json!(percent),
        }
    }
}

/// Whether it warms against frost in every mode.
#[derive(Clone, Copy)]
pub(super) enum Against {
    /// From this temperature on.
    At(f64),
    Nothing,
}

impl Against {
    pub fn degrees(self) -> Option<f64> {
        match self {
            Against::At(degrees) => Some(degrees),
            Against::Nothing => None,
        }
    }
}

/// When it warms against frost.
pub(super) struct Frost;

impl Frost {
    const DEGREES: Decimal = Decimal(LOWEST_TARGET..=HIGHEST_TARGET);
}

impl Shape for Frost {
    type Value = Against;

    fn noun(&self) -> String {
        "a number or \"off\"".into()
    }

    fn example(&self) -> String {
        "a temperature such as 5, or \"off\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Against>, Wrong> {
        match value.as_str() {
            Some("off") => Ok(Some(Against::Nothing)),
            Some(text) => {
                Err(Wrong::new(format!("unknown word \"{}\"", shorten(text)), format!("write {}", self.example())))
            }
            None => Ok(Self::DEGREES.read(value)?.map(Against::At)),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "enum": ["off"] }, Self::DEGREES.schema()] })
    }

    fn show(&self, value: &Against) -> Json {
        value.degrees().map_or(json!("off"), |degrees| json!(degrees))
    }
}

/// The points of a heating curve.
pub(super) struct Curve;

impl Shape for Curve {
    type Value = Vec<(f64, f64)>;

    fn noun(&self) -> String {
        "a list of points".into()
    }

    fn example(&self) -> String {
        "pairs of °C outside and value, such as [[-15, 55], [20, 25]]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<(f64, f64)>>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let mut points = Vec::new();
        for item in items {
            let pair = item.get_ref().as_array().filter(|pair| pair.len() == 2);
            let pair =
                pair.ok_or_else(|| Wrong::new("a point has two numbers", format!("write {}", self.example())))?;
            let number = |index: usize, range| {
                let number = Decimal(range).read(pair[index].get_ref())?;
                number.ok_or_else(|| Wrong::new("a point has two numbers", format!("write {}", self.example())))
            };
            points.push((number(0, -60.0..=60.0)?, number(1, 0.0..=100.0)?));
        }
        points.sort_by(|one: &(f64, f64), other| one.0.total_cmp(&other.0));
        if points.len() < 2 {
            return Err(Wrong::new("a curve has at least two points", format!("write {}", self.example())));
        }
        if let Some(pair) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Wrong::new(format!("two values at {} °C", pair[0].0), "keep one of them"));
        }
        match points.windows(2).find(|pair| pair[0].1 < pair[1].1) {
            Some(pair) => Err(Wrong::new(
                format!("the curve rises from {} °C to {} °C outside", pair[0].0, pair[1].0),
                "write lower values for warmer days",
            )),
            None => Ok(Some(points)),
        }
    }

    fn schema(&self) -> Json {
        let number = json!({ "type": "number" });
        json!({ "type": "array", "minItems": 2, "items": {
            "type": "array", "items": number, "minItems": 2, "maxItems": 2,
        } })
    }

    fn show(&self, value: &Vec<(f64, f64)>) -> Json {
        json!(value)
    }
}
