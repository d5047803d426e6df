//! Why a point is as it is, in parts that programs can use. Nothing in it changes because a reading did.

use super::{Cause, Config, ManualEnd, PointState, Slot, Source};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// What apps show beside a state. What is not known or not said is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attributes {
    /// One line, without readings.
    pub why: String,
    /// The slot that wins; of a zone also `plan`.
    pub slot: Option<&'static str>,
    /// The rule that asks for it.
    pub rule: Option<String>,
    /// Since when the value is so: local time, RFC 3339.
    pub since: Option<String>,
    /// When what holds it ends, if that is a time: local time, RFC 3339.
    pub until: Option<String>,
    /// Whether a command is in force, even if something higher overrules it.
    pub manual: bool,
}

impl PointState {
    /// Of what is decided and has a cause: why it is so.
    pub fn attributes(&self, config: &Config) -> Option<Attributes> {
        let time =
            |time: DateTime<Utc>| time.with_timezone(&config.hub.timezone).to_rfc3339_opts(SecondsFormat::Secs, true);
        let since = self.changed.map(time);
        let Some(explanation) = &self.explanation else {
            let because = self.because.as_ref()?;
            return Some(Attributes {
                why: because.line.to_string(),
                slot: because.slot,
                rule: because.rule.as_ref().map(ToString::to_string),
                since,
                until: because.until.map(time),
                manual: because.slot == Some(Slot::Manual.word()),
            });
        };
        let claim = explanation.slots.first().map(|(_, claim)| &claim.cause);
        let steady = claim.and_then(|cause| cause.steady(config));
        Some(Attributes {
            why: steady.map_or_else(|| explanation.line.clone(), |text| format!("{}: {text}", explanation.winner)),
            slot: Some(explanation.winner.word()),
            rule: claim.and_then(|cause| cause.rule(config)),
            since,
            until: claim.and_then(Cause::until).map(time),
            manual: explanation.slots.iter().any(|(slot, _)| *slot == Slot::Manual),
        })
    }
}

impl Cause {
    /// What it says without readings, if it has any.
    fn steady(&self, config: &Config) -> Option<String> {
        match self {
            Cause::Climate(reason) => Some(reason.steady(config)),
            _ => None,
        }
    }

    /// The rule behind it.
    fn rule(&self, config: &Config) -> Option<String> {
        match self {
            Cause::Rule(rule) | Cause::RuleUnknown(rule) | Cause::RuleStays(rule) => {
                Some(config[*rule].name.to_string())
            }
            Cause::Manual { source: Source::Rule(name), .. } => Some(name.to_string()),
            _ => None,
        }
    }

    /// When it ends, if that is a time.
    fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Cause::MinOn { until } | Cause::MinOff { until } | Cause::Manual { until: ManualEnd::At(until), .. } => {
                Some(*until)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::*;
    use chrono::TimeZone;
    use std::sync::Arc;

    fn state(slots: Vec<(Slot, Cause)>) -> PointState {
        let config = config();
        let slots: Vec<_> = slots.into_iter().map(|(slot, cause)| (slot, Claim { level: Level::ON, cause })).collect();
        let (winner, claim) = &slots[0];
        let line = format!("{winner}: {}", claim.cause.describe(&config));
        let explanation = Explanation { winner: *winner, level: Level::ON, line, slots };
        PointState {
            point: Point::Output(OutputId(0)),
            value: Some(Value::Level(Level::ON)),
            quality: Quality::Good,
            changed: Some(time(0)),
            fault: None,
            explanation: Some(Arc::new(explanation)),
            because: None,
            usage: None,
        }
    }

    fn config() -> Config {
        let mut config = Config::empty("h");
        config.hub.timezone = "Europe/Amsterdam".parse().unwrap();
        config.climates = vec![Climate::plain("living", SensorId(0))];
        config
    }

    fn time(minute: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 23, 18, minute, 0).unwrap()
    }

    fn climate(current: f64, percent: u8) -> Cause {
        Cause::Climate(Arc::new(ClimateReason {
            zone: ClimateId(0),
            doing: HvacAction::Heating(21.0),
            current: Some(current),
            percent: Some(percent),
            windows_closed: None,
        }))
    }

    #[test]
    fn a_reading_changes_nothing() {
        let told = |current, percent| state(vec![(Slot::Climate, climate(current, percent))]).attributes(&config());
        assert_eq!(told(19.8, 40), told(20.1, 30));
        assert_eq!(told(19.8, 40).unwrap().why, "climate: living heating to 21 °C");
        let flow = |wanted| {
            let reason = ClimateReason {
                doing: HvacAction::Flow { wanted, heating: true },
                zone: ClimateId(0),
                current: None,
                percent: None,
                windows_closed: None,
            };
            state(vec![(Slot::Climate, Cause::Climate(Arc::new(reason)))]).attributes(&config()).unwrap().why
        };
        assert_eq!((flow(35.0), flow(36.0)), (flow(35.5), "climate: living heating its water".to_owned()));
    }

    #[test]
    fn a_command_tells_its_end_also_when_it_is_overruled() {
        let manual = || Cause::Manual { source: Source::Mqtt, until: ManualEnd::At(time(30)) };
        let told =
            state(vec![(Slot::Manual, manual()), (Slot::Default, Cause::Default)]).attributes(&config()).unwrap();
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(
            json,
            "{\"why\":\"manual: command by MQTT, until 2026-11-23 19:30:00\",\"slot\":\"manual\",\"rule\":null,\
             \"since\":\"2026-11-23T19:00:00+01:00\",\"until\":\"2026-11-23T19:30:00+01:00\",\"manual\":true}"
        );
        let until = Cause::MinOn { until: time(5) };
        let told = state(vec![(Slot::Protect, until), (Slot::Manual, manual())]).attributes(&config()).unwrap();
        assert_eq!(
            (told.slot, told.until.as_deref(), told.manual),
            (Some("protect"), Some("2026-11-23T19:05:00+01:00"), true)
        );
        let by_rule = Cause::Manual { source: Source::Rule("Bell".into()), until: ManualEnd::Auto };
        let told = state(vec![(Slot::Manual, by_rule)]).attributes(&config()).unwrap();
        assert_eq!((told.rule.as_deref(), told.until), (Some("Bell"), None));
    }

    #[test]
    fn a_room_tells_its_reason_and_a_reading_nothing() {
        let mut room = state(vec![(Slot::Default, Cause::Default)]);
        let because = Because { line: "motion".into(), slot: None, rule: None, until: Some(time(5)) };
        (room.explanation, room.because) = (None, Some(because.clone()));
        let told = room.attributes(&config()).unwrap();
        assert_eq!((told.why.as_str(), told.slot, told.manual), ("motion", None, false));
        assert_eq!(told.until.as_deref(), Some("2026-11-23T19:05:00+01:00"));
        room.because = Some(Because { slot: Some("manual"), rule: Some("Bell".into()), ..because });
        let told = room.attributes(&config()).unwrap();
        assert_eq!((told.slot, told.rule.as_deref(), told.manual), (Some("manual"), Some("Bell"), true));
        room.because = None;
        assert_eq!(room.attributes(&config()), None);
    }
}
