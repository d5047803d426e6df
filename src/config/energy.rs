//! `[energy]`: what it costs.

use super::{
    shape::{Decimal, Shape, Text, Wrong, shorten},
    table::Table,
    week::{self, Begin},
};
use crate::model::{DaySet, PricePeriod, Tariff, duration, number};
use serde_json::{Value as Json, json};
use std::time::Duration;
use toml::de::DeValue;

/// Of a kilowatt-hour, in the money of the country.
const PRICES: std::ops::RangeInclusive<f64> = 0.0..=100_000.0;
/// Sums of energy are kept for spans of so many seconds.
const STEP_S: i32 = 300;
const FORM: &str = "write days, time and price, such as \"daily 07:00 0.34\" or \"weekend 00:00 0.21\"";

/// The table is there: energy has a price.
pub(super) fn read(table: &mut Table<'_>) -> Option<Tariff> {
    let currency = table.defaulted("currency", "What stands before an amount of money.", Text, "€".into());
    let about = "Of a kWh, in that currency; or through the week, each as days, time and price: \"daily 07:00 0.34\".";
    let periods = table.required("price", about, "0.31", Price);
    Some(Tariff { currency, periods: periods? })
}

/// One price, or the prices of the week.
struct Price;

impl Shape for Price {
    type Value = Vec<PricePeriod>;

    fn noun(&self) -> String {
        "a price".into()
    }

    fn example(&self) -> String {
        "a number such as 0.31, or [\"daily 07:00 0.34\", \"daily 23:00 0.24\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Self::Value>, Wrong> {
        let Some(lines) = value.as_array() else {
            let one = Decimal(PRICES).read(value)?;
            let always = |price| vec![PricePeriod { days: DaySet::from_days(0..7), begins_s: 0, price }];
            return Ok(one.map(always));
        };
        if lines.is_empty() {
            return Err(Wrong::new("no price", format!("write {}", self.example())));
        }
        let mut periods: Vec<PricePeriod> = Vec::new();
        let mut wrong: Option<Wrong> = None;
        for line in lines {
            let period = match line.get_ref().as_str() {
                Some(text) => period(text),
                None => Err(Wrong::new("each period is a text", FORM)),
            };
            let read = period.and_then(|period| after(&periods, period)).map_err(|wrong| wrong.at(line.span()));
            match (read, wrong.take()) {
                (Ok(period), before) => {
                    periods.push(period);
                    wrong = before;
                }
                (Err(more), Some(before)) => wrong = Some(before.and(more)),
                (Err(more), None) => wrong = Some(more),
            }
        }
        wrong.map_or(Ok(Some(periods)), Err)
    }

    fn schema(&self) -> Json {
        let one = Decimal(PRICES).schema();
        json!({ "anyOf": [one, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] })
    }

    fn show(&self, _: &Self::Value) -> Json {
        json!([])
    }
}

/// A period after others, none of which begins at the same time.
fn after(periods: &[PricePeriod], period: PricePeriod) -> Result<PricePeriod, Wrong> {
    let is_same = |other: &PricePeriod| other.begins_s == period.begins_s && other.days.meets(period.days);
    match periods.iter().any(is_same) {
        true => Err(Wrong::new("another price begins at the same time", "change the time, or remove one")),
        false => Ok(period),
    }
}

fn period(line: &str) -> Result<PricePeriod, Wrong> {
    let is_comma = |part: &[u8]| matches!(part, [one, b',', next] if one.is_ascii_digit() && next.is_ascii_digit());
    if line.as_bytes().windows(3).any(is_comma) {
        return Err(Wrong::new(format!("a comma in `{}`", shorten(line)), "write a point: 0.34"));
    }
    let Begin { days, begins_s, rest } = week::begin(line, &["€", "/kWh", "€/kWh"], FORM)?;
    let price = number::plain(rest).filter(|price| PRICES.contains(price));
    let price = price.ok_or_else(|| {
        Wrong::new(format!("`{}` is not a price", shorten(rest)), format!("{FORM}, with 0 to {} a kWh", PRICES.end()))
    })?;
    if begins_s % STEP_S != 0 {
        let step = duration::spell(Duration::from_secs(STEP_S.unsigned_abs().into()));
        return Err(Wrong::new(
            format!("`{}` begins within the {step} that energy is summed up for", shorten(line)),
            "write a time whose minutes are a multiple of 5",
        ));
    }
    Ok(PricePeriod { days, begins_s, price })
}
