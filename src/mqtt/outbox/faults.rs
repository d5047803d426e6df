//! How many points of the house are in fault, which, and why. Home Assistant shows nothing of an entity that is
//! unavailable but that it is: the hub tells what is wrong with it.

use super::Outbox;
use crate::model::{Config, PointSpec, PointState, Quality, Snapshot};
use crate::mqtt::topics::Topics;
use serde::Serialize;
use std::collections::BTreeMap;

/// No more are named. Each point tells of itself, too.
const NAMED: usize = 50;
/// In bytes: Home Assistant stores no attributes of more than 16 KiB, and has some of its own.
const LONGEST: usize = 15_000;
/// Of that, what stands around the points and their texts.
const FRAME: usize = 64;

/// What is told beside how many there are.
#[derive(Serialize)]
struct Named<'a> {
    /// What is wrong, by point.
    faults: BTreeMap<&'a str, &'a str>,
    /// How many there are beside those.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
}

impl Outbox {
    /// The points in fault are others now.
    pub(super) fn faults_are_due(&mut self) {
        self.faults_due.get_or_insert(self.to_compare.len());
    }

    /// The hub tells of the points as they are now.
    pub(super) fn count_faults(&mut self) {
        self.faults_due = None;
        self.vitals.wanted.extend(told(&self.snapshot, &self.topics));
    }
}

/// Whether a point is among those in fault. A part is with its whole; another hub tells of its points itself. What was not
/// heard yet is no fault: at a start that is every sensor.
pub(super) fn is_counted(config: &Config, spec: &PointSpec, state: &PointState) -> bool {
    let is_in_fault = matches!(state.quality, Quality::Stale | Quality::Fault);
    is_in_fault && !spec.is_part() && !config.is_of_another_hub(spec.owner)
}

/// How many bytes a text is in JSON, with the sign after it.
fn in_json(text: &str) -> usize {
    serde_json::to_string(text).map_or(0, |text| text.len() + 1)
}

/// By topic.
fn told(snapshot: &Snapshot, topics: &Topics) -> [(String, String); 2] {
    let wrong = snapshot.described().filter(|(spec, state)| is_counted(&snapshot.config, spec, state));
    let mut faults: BTreeMap<&str, &str> =
        wrong.filter_map(|(spec, state)| Some((&*spec.name, state.wrong()?))).collect();
    let count = faults.len();
    let mut size = FRAME;
    let fits = |(name, text): &(&&str, &&str)| {
        size += in_json(name) + in_json(text);
        size <= LONGEST
    };
    let fitting = faults.iter().take(NAMED).take_while(fits).count();
    if let Some(first_left_out) = faults.keys().nth(fitting).copied() {
        faults.split_off(first_left_out);
    }
    let more = Some(count - faults.len()).filter(|more| *more > 0);
    let topics = topics.faults();
    // Texts always make a JSON object.
    let named = serde_json::to_string(&Named { faults, more }).unwrap_or_default();
    [(topics.attributes, named), (topics.state, count.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Chip, Sensor};
    use crate::mqtt::house;
    use std::sync::Arc;

    fn of(config: Config, quality: impl Fn(&str) -> Quality) -> [String; 2] {
        saying("no answer", config, quality)
    }

    fn saying(text: &str, config: Config, quality: impl Fn(&str) -> Quality) -> [String; 2] {
        let config = Arc::new(config);
        let mut snapshot = house::snapshot(&config);
        for (place, spec) in config.specs().iter().enumerate() {
            let mut state = PointState::clone(&snapshot.points[place]);
            state.quality = quality(&spec.name);
            state.fault = (state.quality == Quality::Fault).then(|| text.into());
            snapshot.set(place, state);
        }
        told(&snapshot, &Topics::new("hearthd/cottage")).map(|(_, payload)| payload)
    }

    #[test]
    fn points_in_fault_are_named_with_what_is_wrong() {
        let all = of(house::config(&[]), |name| match name {
            "hall_motion" => Quality::Stale,
            "living.temperature" => Quality::Fault,
            _ => Quality::Unknown,
        });
        let named = r#"{"faults":{"hall_motion":"nothing was heard for too long","living.temperature":"no answer"}}"#;
        assert_eq!(all, [named, "2"]);
        assert_eq!(of(house::config(&[]), |_| Quality::Good), [r#"{"faults":{}}"#, "0"]);
        assert_eq!(of(house::config(&[]), |_| Quality::Unknown)[1], "0", "no house starts in fault");
    }

    #[test]
    fn many_are_counted_and_some_of_them_named() {
        let mut config = house::config(&[]);
        config.sensors =
            (0..300).map(|n| Sensor::plain(&format!("a_sensor_with_a_long_name_{n:03}"), Chip::Lm75)).collect();
        let [named, count] = of(config, |name| if name.starts_with("a_") { Quality::Fault } else { Quality::Good });
        let named: serde_json::Value = serde_json::from_str(&named).unwrap();
        assert_eq!((count.as_str(), &named["more"]), ("300", &250.into()));
        let faults = named["faults"].as_object().unwrap();
        assert_eq!(faults.len(), NAMED);
        assert!(faults.contains_key("a_sensor_with_a_long_name_049.temperature"));
    }

    #[test]
    fn long_texts_leave_room_in_what_home_assistant_stores() {
        for (text, least) in [("ü\"\n".repeat(100), LONGEST - 1_000), ("€".repeat(LONGEST), 0)] {
            let mut config = house::config(&[]);
            config.sensors = (0..45).map(|n| Sensor::plain(&format!("a_{n:02}"), Chip::Lm75)).collect();
            let quality = |name: &str| if name.starts_with("a_") { Quality::Fault } else { Quality::Good };
            let [named, count] = saying(&text, config, quality);
            assert!((least..=LONGEST).contains(&named.len()), "{}", named.len());
            let named: serde_json::Value = serde_json::from_str(&named).unwrap();
            let faults = named["faults"].as_object().unwrap();
            assert!(faults.values().all(|told| *told == text.as_str()), "none is cut");
            assert_eq!((count.as_str(), &named["more"]), ("45", &(45 - faults.len()).into()));
        }
    }
}
