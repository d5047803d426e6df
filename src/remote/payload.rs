//! What stands in the payloads of devices.

use crate::{clock::Zone, model::shown};
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Longer payloads are not looked at: no device says so much of its state.
pub(crate) const LONGEST: usize = 64 << 10;
/// So much of a payload is shown.
pub(crate) const SHOWN: usize = 60;

/// One message's payload.
pub(crate) struct Payload<'m> {
    text: Cow<'m, str>,
    json: Option<Json>,
}

/// What a place in a payload holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// A text, a number or another word, as it would be written alone.
    Word(String),
    /// Nothing, or `null`: the message is about something else.
    Absent,
    /// The payload should be JSON and is not, or there is a list or an object in the place of a value.
    Unreadable,
}

impl Payload<'_> {
    /// Looks at a payload.
    pub(crate) fn of(bytes: &[u8]) -> Payload<'_> {
        let text = String::from_utf8_lossy(bytes);
        let json = serde_json::from_str(&text).ok();
        Payload { text, json }
    }

    /// What stands at a pointer; at an empty one, the whole payload.
    pub(crate) fn at(&self, pointer: &str) -> Found {
        if pointer.is_empty() {
            return Found::Word(self.text.trim().to_owned());
        }
        let Some(json) = &self.json else { return Found::Unreadable };
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        match find(json, &parts) {
            None | Some(Json::Null) => Found::Absent,
            Some(Json::String(text)) => Found::Word(text.clone()),
            Some(value @ (Json::Bool(_) | Json::Number(_))) => Found::Word(value.to_string()),
            Some(Json::Array(_) | Json::Object(_)) => Found::Unreadable,
        }
    }

    /// The word by which it says whether a device is there: `online`, `"online"`, or `{"state":"online"}`.
    pub(crate) fn availability(&self) -> String {
        match self.at("/state") {
            Found::Word(word) => word,
            Found::Absent | Found::Unreadable => self.text.trim().trim_matches('"').to_owned(),
        }
    }

    /// When it was made, as it says itself: seconds or milliseconds since 1970, RFC 3339, or a local time.
    pub(crate) fn made(&self, pointer: &str, zone: Zone) -> Option<DateTime<Utc>> {
        if pointer.is_empty() {
            return None;
        }
        let Found::Word(word) = self.at(pointer) else { return None };
        if let Ok(number) = word.parse::<f64>() {
            // No device is older than 1973 or younger than 2286, so that one number is the other times a thousand.
            let millis = if number.abs() < 1e11 { number * 1_000.0 } else { number };
            return DateTime::from_timestamp_millis(millis as i64);
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(&word) {
            return Some(time.to_utc());
        }
        let local = NaiveDateTime::parse_from_str(&word, "%Y-%m-%dT%H:%M:%S").ok()?;
        // Where the clock is set back, the later of two: it is not believed to be older than it may be.
        zone.from_local_datetime(&local).latest().map(|time| time.to_utc())
    }

    /// The beginning of it, fit to be shown.
    pub(crate) fn shown(&self) -> String {
        let mut start: String = self.text.chars().take(SHOWN).collect();
        if start.len() < self.text.len() {
            start.push('…');
        }
        if start.is_empty() { "nothing".into() } else { format!("`{}`", shown(&start)) }
    }
}

/// The value at a path, in which `*` stands for any key and `key=value` for the item of a list that has this.
fn find<'j>(value: &'j Json, path: &[&str]) -> Option<&'j Json> {
    let [part, rest @ ..] = path else { return Some(value) };
    match value {
        Json::Object(fields) if *part == "*" => {
            // The chip of the device itself is no sensor of the room; of several, nobody knows which is meant.
            let others = fields.iter().filter(|(key, _)| *key != "ESP32");
            let mut found = others.filter_map(|(_, field)| find(field, rest)).filter(|value| !value.is_null());
            let first = found.next();
            first.filter(|_| found.next().is_none())
        }
        Json::Array(items) if *part == "*" => items.iter().find_map(|item| find(item, rest)),
        Json::Object(fields) => find(fields.get(&part.replace("~1", "/").replace("~0", "~"))?, rest),
        Json::Array(items) => match part.split_once('=') {
            Some((key, wanted)) => {
                let is_wanted = |item: &&Json| match item.get(key) {
                    Some(Json::String(text)) => text == wanted,
                    Some(Json::Number(number)) => number.to_string() == wanted,
                    _ => false,
                };
                items.iter().filter(is_wanted).find_map(|item| find(item, rest))
            }
            None => find(items.get(part.parse::<usize>().ok()?)?, rest),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(payload: &str, pointer: &str) -> Found {
        Payload::of(payload.as_bytes()).at(pointer)
    }

    fn word(text: &str) -> Found {
        Found::Word(text.into())
    }

    #[test]
    fn values_are_found_where_devices_put_them() {
        let motion = r#"{"battery":97,"illuminance":12,"last_seen":"2026-11-29T08:00:00+01:00","occupancy":true}"#;
        assert_eq!(at(motion, "/occupancy"), word("true"));
        assert_eq!(at(motion, "/action"), Found::Absent);
        let plug = r#"{"Time":"2026-11-29T08:00:00","ENERGY":{"Total":3.185,"Power":42,"Voltage":231}}"#;
        assert_eq!(at(plug, "/ENERGY/Power"), word("42"));
        let climate = r#"{"Time":"2026-11-29T08:00:00","AM2301":{"Temperature":21.5,"Humidity":44.2},"TempUnit":"C"}"#;
        assert_eq!(at(climate, "/*/Temperature"), word("21.5"));
        let two = r#"{"ESP32":{"Temperature":41.7},"SHT3X":{"Temperature":20.5},"DS18B20":{"Temperature":60}}"#;
        assert_eq!(at(two, "/*/Temperature"), Found::Absent, "which of them?");
        assert_eq!(at(&two.replace("DS18B20", "ESP32"), "/*/Temperature"), word("20.5"), "not its own chip");
        let event = r#"{"src":"shellyplusi4-1","method":"NotifyEvent","params":{"ts":1.0,"events":[
            {"component":"input:0","id":0,"event":"single_push"},{"component":"input:2","id":2,"event":"long_push"}]}}"#;
        assert_eq!(at(event, "/params/events/component=input:2/event"), word("long_push"));
        assert_eq!(at(event, "/params/events/component=input:1/event"), Found::Absent);
        assert_eq!(at(event, "/params/events/1/id"), word("2"));
        assert_eq!(at("ON", ""), word("ON"));
        assert_eq!(at(r#"{"a":null}"#, "/a"), Found::Absent);
        assert_eq!(at(r#"{"a":{}}"#, "/a"), Found::Unreadable);
        assert_eq!(at("nonsense", "/a"), Found::Unreadable);
        assert_eq!(at(r#"{"a/b":1}"#, "/a~1b"), word("1"));
    }

    #[test]
    fn devices_say_in_many_ways_that_they_are_there() {
        let says = |payload: &str| Payload::of(payload.as_bytes()).availability();
        for online in ["online", r#"{"state":"online"}"#, "\"online\"", " online\n"] {
            assert_eq!(says(online), "online", "{online}");
        }
        for (other, word) in [("", ""), ("{}", "{}"), ("1", "1"), (r#"{"state":true}"#, "true")] {
            assert_eq!(says(other), word, "{other}");
        }
    }

    #[test]
    fn a_message_says_when_it_was_made() {
        let zone = Zone::find("Europe/Amsterdam").unwrap();
        let made =
            |payload: &str, pointer| Payload::of(payload.as_bytes()).made(pointer, zone).map(|time| time.to_rfc3339());
        let noon = Some("2026-11-29T12:00:00+00:00".to_owned());
        assert_eq!(made(r#"{"last_seen":"2026-11-29T13:00:00+01:00"}"#, "/last_seen"), noon);
        assert_eq!(made(r#"{"last_seen":1795953600000}"#, "/last_seen"), noon);
        assert_eq!(made(r#"{"ts":1795953600.0}"#, "/ts"), noon);
        assert_eq!(made(r#"{"Time":"2026-11-29T13:00:00"}"#, "/Time"), noon);
        assert_eq!(made(r#"{"last_seen":"N/A"}"#, "/last_seen"), None);
        assert_eq!(made("{}", "/last_seen"), None);
    }

    #[test]
    fn little_of_a_payload_is_shown() {
        let long = "x".repeat(10_000);
        assert!(Payload::of(long.as_bytes()).shown().chars().count() < 70);
        assert_eq!(Payload::of(b"\x1b[2J").shown(), "`\\u{1b}[2J`");
        assert_eq!(Payload::of(b"").shown(), "nothing");
    }
}
