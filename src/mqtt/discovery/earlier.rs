//! What an earlier announcement tells. Anybody may have written it: it is read in one pass, without a tree of its values in
//! memory, and little of it is believed.

use super::device::platform_of;
use super::{Device, Platforms, Topics};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, collections::BTreeSet, fmt};

/// More of them are not believed.
pub(in crate::mqtt) const COMPONENTS_MAX: usize = 1_024;
/// More topics are not, either.
pub(in crate::mqtt) const TOPICS_MAX: usize = 8 * COMPONENTS_MAX;
/// In bytes.
const ID_MAX: usize = 128;

/// The components of an earlier announcement, and the retained topics of points that it speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// By id.
    pub components: Platforms,
    /// Topics of points under our prefix.
    pub topics: BTreeSet<String>,
}

/// Reads the announcement of a device. Nothing comes of one that is not ours.
pub fn read(device: &Device, payload: &[u8], topics: &Topics) -> Earlier {
    let mut earlier = Earlier::default();
    // Its topic tells of a single entity what is to be known of it.
    if let Some(id) = device.component() {
        earlier.components.insert(id.into(), platform_of(id).into());
        return earlier;
    }
    let mut json = serde_json::Deserializer::from_slice(payload);
    let whole = Root { earlier: &mut earlier, topics }.deserialize(&mut json).and_then(|()| json.end());
    whole.map(|()| earlier).unwrap_or_default()
}

pub(super) fn is_an_id(id: &str, platform: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    id.len() <= ID_MAX && id.strip_prefix(platform).and_then(|rest| rest.strip_prefix('-')).is_some_and(word)
}

struct Root<'a> {
    earlier: &'a mut Earlier,
    topics: &'a Topics,
}

struct Components<'a> {
    earlier: &'a mut Earlier,
    topics: &'a Topics,
}

struct Component<'a> {
    id: &'a str,
    earlier: &'a mut Earlier,
    topics: &'a Topics,
}

/// Any value: the topics in it.
struct Spoken<'a> {
    found: &'a mut BTreeSet<String>,
    topics: &'a Topics,
}

/// A part of the payload that is an object; of any other kind, nothing is wanted.
macro_rules! object {
    ($part:ident, $visit:item) => {
        impl<'de> DeserializeSeed<'de> for $part<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $part<'_> {
            type Value = ();

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            $visit
        }
    };
}

object!(
    Root,
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "cmps" {
                map.next_value_seed(Components { earlier: self.earlier, topics: self.topics })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
);

object!(
    Components,
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(id) = map.next_key::<Cow<'de, str>>()? {
            map.next_value_seed(Component { id: &id, earlier: self.earlier, topics: self.topics })?;
        }
        Ok(())
    }
);

object!(
    Component,
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Earlier { components, topics } = self.earlier;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "p" {
                let platform = map.next_value::<Cow<'de, str>>()?;
                if components.len() < COMPONENTS_MAX && is_an_id(self.id, &platform) {
                    components.insert(self.id.into(), platform.into());
                }
            } else {
                map.next_value_seed(Spoken { found: topics, topics: self.topics })?;
            }
        }
        Ok(())
    }
);

impl<'de> DeserializeSeed<'de> for Spoken<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Spoken<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.found.len() < TOPICS_MAX && self.topics.is_of_a_point(text) {
            self.found.insert(text.into());
            // The reason as a line is announced nowhere. The hub has none for its faults.
            let of_point = text.strip_suffix("/attributes").filter(|_| text != self.topics.faults().attributes);
            self.found.extend(of_point.map(|path| format!("{path}/why")));
            // Nor is what is wrong with a point.
            self.found.extend(text.strip_suffix("/availability").map(|path| format!("{path}/fault")));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Spoken { found: self.found, topics: self.topics })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(Spoken { found: self.found, topics: self.topics })?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics() -> Topics {
        Topics::new("hearthd/hut")
    }

    #[test]
    fn it_finds_components_and_topics_of_points() {
        let text = r#"{"dev":{"ids":["x"]},"cmps":{"switch-pump":{"p":"switch","stat_t":"hearthd/hut/pump/state","qos":1,
            "avty":[{"t":"hearthd/hut/availability"},{"t":"hearthd/hut/pump/availability"}],"cmd_t":"hearthd/hut/pump/set"},
            "sensor-old":{"p":"sensor"}},"qos":1}"#;
        let earlier = read(&Device::hub(), text.as_bytes(), &topics());
        let platform = |id: &str, platform: &str| (id.to_owned(), platform.to_owned());
        assert_eq!(earlier.components, [platform("switch-pump", "switch"), platform("sensor-old", "sensor")].into());
        let expected = ["availability", "fault", "state"].map(|leaf| format!("hearthd/hut/pump/{leaf}"));
        assert_eq!(earlier.topics, expected.into());
    }

    #[test]
    fn of_what_is_not_ours_nothing_is_believed() {
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{}",
            r#"{"cmps":[]}"#,
            r#"{"cmps":{"switch-a":3}}"#,
            r#"{"cmps":{"switch-a":{"p":3}}}"#,
            r#"{"cmps":{"switch-a":{"p":"switch"}}"#,
            r#"{"cmps":{"switch-a":{"p":"switch"}}} x"#,
            r#"{"cmps":{"switch-ä":{"p":"switch"}}}"#,
            r#"{"cmps":{"switch-":{"p":"switch"}}}"#,
            r#"{"cmps":{"lamp":{"p":"switch"}}}"#,
            r#"{"cmps":{"-a b":{"p":""}}}"#,
            r#"{"cmps":{"switch-a\u001b":{"p":"switch"}}}"#,
            r#"{"cmps":{"sensor-a":{"x":"hearthd/hut/a\n/state"}}}"#,
            r#"{"cmps":{"sensor-a":{"x":"hearthd/hut/+/state"}}}"#,
            r#"{"cmps":{"sensor-a":{"x":"hearthd/hut/a/set"}}}"#,
        ] {
            assert_eq!(read(&Device::hub(), text.as_bytes(), &topics()), Earlier::default(), "{text}");
        }
        let deep = format!(r#"{{"cmps":{{"switch-a":{{"p":"switch","x":{}}}}}}}"#, "[".repeat(100_000));
        assert_eq!(read(&Device::hub(), deep.as_bytes(), &topics()), Earlier::default());
    }

    #[test]
    fn a_bomb_is_a_small_one() {
        let one = |n: usize| {
            format!(r#""switch-a{n}":{{"p":"switch","stat_t":"hearthd/hut/a{n}/state","x":[1,2.5,null,true,"y"]}}"#)
        };
        let bomb: Vec<String> = (0..40_000).map(one).collect();
        let earlier = read(&Device::hub(), format!(r#"{{"cmps":{{{}}}}}"#, bomb.join(",")).as_bytes(), &topics());
        assert_eq!((earlier.components.len(), earlier.topics.len()), (COMPONENTS_MAX, TOPICS_MAX));
    }
}
