//! What of a picture of the house is recorded, by what each point is.

use super::points::{Known, Shape};
use crate::{
    house::UNKNOWN,
    model::{Course, Kind, PointSpec, PointState, Snapshot, Value, number},
};

/// Something new of a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Its place among the points of the configuration.
    pub place: usize,
    /// Its value from now on; None: it is not known.
    pub value: Option<f64>,
    /// What the log says of it, if it became another in words.
    pub entry: Option<(String, Option<String>)>,
}

/// What is known of a point besides its samples.
pub(super) fn known(spec: &PointSpec) -> Known {
    let (kind, unit, decimals) = match &spec.kind {
        Kind::Switch(_) => (Shape::Switch, "", Some(0)),
        Kind::Level(_) => (Shape::Level, "%", Some(0)),
        Kind::Number(number) => {
            let is_total = number.course == Some(Course::TotalIncreasing);
            (if is_total { Shape::Total } else { Shape::Number }, number.unit.sign(), number.decimals)
        }
        Kind::Word(_) | Kind::Event(_) => (Shape::Word, "", None),
    };
    Known {
        name: spec.name.clone(),
        was: spec.was.clone(),
        title: spec.title.clone(),
        kind,
        unit: unit.into(),
        decimals,
    }
}

/// What is new since the snapshot before; all, where there was none of this configuration.
pub(super) fn items(before: Option<&Snapshot>, now: &Snapshot) -> Vec<Item> {
    let before = before.filter(|before| std::sync::Arc::ptr_eq(&before.config, &now.config));
    let places: Vec<usize> = match before {
        Some(before) => now.changes_since(before).collect(),
        None => (0..now.points.len()).collect(),
    };
    let specs = now.config.specs();
    let item = |place: usize| {
        let (spec, state): (_, &PointState) = (&specs[place], &now.points[place]);
        let last = before.map(|before| &*before.points[place]);
        let text = says(spec, state);
        let is_news = last.is_none_or(|last| says(spec, last) != text);
        let value = value(spec, state);
        let entry = text.filter(|_| is_news).map(|text| (text, state.why().map(str::to_owned)));
        let is_other = last.is_none_or(|last| self::value(spec, last) != value);
        (is_other || entry.is_some()).then_some(Item { place, value, entry })
    };
    places.into_iter().filter_map(item).collect()
}

/// What the log says of a point; None: nothing is written there of such points, whose samples tell all.
fn says(spec: &PointSpec, state: &PointState) -> Option<String> {
    let is_logged = match &spec.kind {
        Kind::Word(_) => true,
        // Before the first decision there is nothing to tell.
        Kind::Switch(_) => spec.is_decided && state.why().is_some(),
        Kind::Number(number) => number.course.is_none(),
        Kind::Level(_) | Kind::Event(_) => false,
    };
    is_logged.then(|| state.known_text().unwrap_or_else(|| UNKNOWN.to_owned()))
}

/// Its value as a number, with as many decimals as are published; None: it has none, or it is not to be trusted.
fn value(spec: &PointSpec, state: &PointState) -> Option<f64> {
    let value = state.value.as_ref().filter(|_| state.is_known())?;
    match (&spec.kind, value) {
        (Kind::Switch(_), Value::Switch(on)) => Some(f64::from(u8::from(*on))),
        (Kind::Switch(_), Value::Level(level)) => Some(f64::from(u8::from(level.is_on()))),
        (Kind::Level(_), Value::Level(level)) => Some(f64::from(level.percent())),
        (Kind::Number(spec), Value::Number(number)) => Some(match spec.decimals {
            Some(decimals) => number::fixed(*number, decimals).parse().unwrap_or(*number),
            None => *number,
        }),
        _ => None,
    }
}
