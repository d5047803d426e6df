//! The devices of Home Assistant: the hub, and each room with something in it, which is an area there. Where entities are
//! announced one by one, each of them takes the place of a device here: it has a topic of its own.

use super::earlier::is_an_id;
use crate::files;
use crate::model::{Config, HttpSettings, Owner, RoomId, Vitals};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// No room has a longer id, in bytes.
const LONGEST_ROOM: usize = 128;
/// What the board tells of itself is a line.
const LONGEST_LINE: u64 = 256;

/// What one announcement is about: the hub, one of its rooms, a part of either, or a single entity. The hub is the first of
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Device {
    /// The room's id, or its first if it was renamed; of the hub, nothing; of a further part of these, with a hyphen and its
    /// number; of a single entity, the id of its component behind a slash.
    place: String,
}

impl Device {
    /// The hub itself.
    pub fn hub() -> Device {
        Device::default()
    }

    /// Whether it is the hub itself.
    pub fn is_hub(&self) -> bool {
        self.place.is_empty()
    }

    /// Where something is: in a room, or with the hub.
    pub fn of(config: &Config, room: Option<RoomId>) -> Device {
        Device { place: room.map(|room| config.first_id(Owner::Room(room)).to_string()).unwrap_or_default() }
    }

    /// A part of it, which is announced by itself; the one with the number 0 has its place.
    pub(super) fn part(&self, number: u32) -> Device {
        if number == 0 { self.clone() } else { Device { place: format!("{}-{number}", self.place) } }
    }

    /// The single entity of a component.
    pub(super) fn single(component: &str) -> Device {
        Device { place: format!("/{component}") }
    }

    /// Of a single entity, the id of its component.
    pub(in crate::mqtt) fn component(&self) -> Option<&str> {
        self.place.strip_prefix('/')
    }

    /// Where a component of it that is gone is named: where such are that are announced one by one, or with devices.
    pub(in crate::mqtt) fn in_form(&self, component: &str, is_single: bool) -> Device {
        match (is_single, self.component()) {
            (true, None) => Device::single(component),
            (false, Some(_)) => Device::hub(),
            _ => self.clone(),
        }
    }

    /// Where it is announced, retained. A room is a level below its hub, so that no two hubs share a topic.
    pub fn topic(&self, discovery_prefix: &str, hub: &str) -> String {
        match self.component() {
            Some(id) => format!("{discovery_prefix}/{}/hearthd_{hub}/{id}/config", platform_of(id)),
            None if self.is_hub() => format!("{discovery_prefix}/device/hearthd_{hub}/config"),
            None => format!("{discovery_prefix}/device/hearthd_{hub}/{}/config", self.place),
        }
    }

    /// The device that a topic announces; nothing if it is none of this hub.
    pub fn of_topic(topic: &str, discovery_prefix: &str, hub: &str) -> Option<Device> {
        let (platform, below) = topic.strip_prefix(discovery_prefix)?.strip_prefix('/')?.split_once("/hearthd_")?;
        let id = match below.strip_prefix(hub)?.strip_prefix('/')?.strip_suffix("config")? {
            "" => "",
            id => id.strip_suffix('/').filter(|id| !id.is_empty())?,
        };
        if platform != "device" {
            return is_an_id(id, platform).then(|| Device::single(id));
        }
        let is_word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let (room, number) = id.split_once('-').map_or((id, None), |(room, number)| (room, Some(number)));
        let device = Device { place: room.into() };
        let device = match number {
            None => device,
            Some(number) => device.part(number.parse().ok()?),
        };
        (device.place == id && id.len() <= LONGEST_ROOM && room.bytes().all(is_word)).then_some(device)
    }

    /// The filters that match all topics of a hub's devices, or of its single entities as well.
    pub fn filters(discovery_prefix: &str, hub: &str, single: bool) -> [String; 2] {
        let platform = if single { "+" } else { "device" };
        [Device::hub().topic(discovery_prefix, hub), format!("{discovery_prefix}/{platform}/hearthd_{hub}/+/config")]
    }

    /// The word of its room, for people; None of the hub, and of a single entity.
    pub fn room(&self) -> Option<&str> {
        let room = self.place.split('-').next().unwrap_or_default();
        (self.component().is_none() && !room.is_empty()).then_some(room)
    }

    fn identifier(&self, hub: &str) -> String {
        match self.room() {
            None => format!("hearthd_{hub}"),
            Some(room) => format!("hearthd_{hub}.{room}"),
        }
    }

    /// What people call it; None of a room that is no longer there.
    pub(super) fn name<'c>(&self, config: &'c Config) -> Option<&'c str> {
        match self.room() {
            None => Some(&config.hub.name),
            Some(room) => config.room_by_first_id(room).map(|room| &*config[room].name),
        }
    }

    /// What Home Assistant is told of it.
    pub(super) fn described(&self, config: &Config, board: &Board) -> Value {
        let hub = &config.hub.id;
        let name = self.name(config);
        let mut facts = match self.room() {
            None => json!({
                "ids": [self.identifier(hub)],
                "name": name,
                "mf": "hearthd",
                "mdl": board.model.as_deref().unwrap_or("hearthd"),
                "hw": board.revision,
                "sn": board.serial,
                "sw": env!("CARGO_PKG_VERSION"),
                "cu": page(config),
            }),
            // Home Assistant wants a name, also of a room that is no longer there.
            Some(room) => json!({
                "ids": [self.identifier(hub)],
                "name": name.unwrap_or(room),
                "mf": "hearthd",
                "mdl": "Room",
                "sa": name,
                "via_device": Device::hub().identifier(hub),
            }),
        };
        if let Some(facts) = facts.as_object_mut() {
            facts.retain(|_, fact| !fact.is_null());
        }
        facts
    }

    /// The name of an entity beside the name of its device, which Home Assistant puts before it: the rest, or nothing, if
    /// they have the same.
    pub(super) fn name_within(&self, config: &Config, name: &str) -> Value {
        let room = self.room().and_then(|room| config.room_by_first_id(room));
        config.name_within(room, name).into()
    }
}

/// The id of a component begins with its platform.
pub(super) fn platform_of(component: &str) -> &str {
    component.split('-').next().unwrap_or_default()
}

/// Where people open the page, if that can be from another machine: by the name that the file gives it, by its address, or by
/// the name that it is announced by.
fn page(config: &Config) -> Option<String> {
    let http = config.http.as_ref()?;
    if HttpSettings::is_of_this_machine(http.listen) {
        return None;
    }
    let by_address = || (!http.listen.ip().is_unspecified()).then(|| http.listen.to_string());
    let by_name = |name: String| format!("{name}:{}", http.listen.port());
    let named = || http.names.first().cloned().map(by_name);
    let host = named().or_else(by_address).or_else(|| http.mdns_host().map(by_name))?;
    let scheme = if http.tls.is_some() { "https" } else { "http" };
    Some(format!("{scheme}://{host}/"))
}

/// What the computer tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// `Raspberry Pi 5 Model B Rev 1.0`.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The code of its revision, in hexadecimal.
    pub revision: Option<String>,
    /// What it tells from time to time.
    pub vitals: Arc<Vitals>,
}

impl Board {
    /// What the device tree below the folder `root`, usually `/`, tells. A computer without one tells nothing.
    pub fn read(root: &Path) -> Board {
        let tree = root.join("proc/device-tree");
        let read = |path: &str| files::read(&tree.join(path), LONGEST_LINE).ok();
        let line = |path: &str| {
            let text = String::from_utf8(read(path)?).ok()?;
            let text = text.trim_end_matches('\0').trim();
            (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
        };
        let revision = read("system/linux,revision").and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        Board {
            model: line("model"),
            serial: line("serial-number"),
            revision: revision.map(|bytes| format!("{:06x}", u32::from_be_bytes(bytes))),
            vitals: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::house;
    use std::fs;

    #[test]
    fn each_device_has_a_topic_of_its_own_and_no_other_is_ours() {
        let config = house::config(&[]);
        for (device, topic) in [
            (Device::hub(), "ha/device/hearthd_cottage/config"),
            (Device::of(&config, Some(RoomId(0))), "ha/device/hearthd_cottage/hall/config"),
            (Device::of(&config, Some(RoomId(0))).part(5), "ha/device/hearthd_cottage/hall-5/config"),
            (Device::hub().part(1), "ha/device/hearthd_cottage/-1/config"),
            (Device::single("light-hall_light"), "ha/light/hearthd_cottage/light-hall_light/config"),
        ] {
            assert_eq!(device.topic("ha", "cottage"), topic);
            assert_eq!(Device::of_topic(topic, "ha", "cottage"), Some(device));
        }
        for topic in [
            "ha/light/hearthd_cottage/config",
            "ha/light/hearthd_cottage/switch-lamp/config",
            "ha/light/hearthd_cottage2/light-lamp/config",
            "ha/device/hearthd_cottage2/config",
            "ha/device/hearthd_cottage//config",
            "ha/device/hearthd_cottage/a/b/config",
            "ha/device/hearthd_cottage/A/config",
            "ha/device/hearthd_cottage/hall-/config",
            "ha/device/hearthd_cottage/hall-0/config",
            "ha/device/hearthd_cottage/hall-01/config",
            "ha/device/hearthd_cottage/hall-1-1/config",
            "ha/device/hearthd_cottage/hall-a/config",
            "ha/device/hearthd_cottage/hall-4294967296/config",
            "ha/device/hearthd_cottage/+/config",
            "ha/device/hearthd_cottage/aconfig",
            "ha/device/hearthd_cottage",
            "homeassistant/device/hearthd_cottage/config",
        ] {
            assert_eq!(Device::of_topic(topic, "ha", "cottage"), None, "{topic}");
        }
        assert_eq!(Device::of_topic(&format!("ha/device/hearthd_a/{}/config", "r".repeat(129)), "ha", "a"), None);
    }

    #[test]
    fn names_do_not_say_the_room_twice() {
        let mut config = house::config(&[]);
        let hall = Device::of(&config, Some(RoomId(0)));
        for (name, within) in [
            ("Hall light", json!("Light")),
            ("hall ceiling light", json!("Ceiling light")),
            ("Hallway", json!("Hallway")),
            ("Light", json!("Light")),
            ("Hall", Value::Null),
            ("Ha", json!("Ha")),
        ] {
            assert_eq!(hall.name_within(&config, name), within, "{name}");
            assert_eq!(Device::hub().name_within(&config, name), name, "the hub's name is no place");
        }
        config.rooms[0].name = "Küche".into();
        assert_eq!(hall.name_within(&config, "küche öllampe"), json!("Öllampe"));
        assert_eq!(hall.name_within(&config, "kücken"), json!("kücken"));
    }

    #[test]
    fn the_page_has_an_address_where_others_can_open_it() {
        let page = |listen: &str, names: &[&str]| {
            let http = HttpSettings {
                listen: listen.parse().unwrap(),
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                ..HttpSettings::default()
            };
            super::page(&Config { http: Some(http), ..house::config(&[]) })
        };
        assert_eq!(page("127.0.0.1:8480", &[]), None);
        assert_eq!(
            page("127.0.0.1:8480", &["home.example"]),
            None,
            "that is the name of a proxy, at a port of its own"
        );
        assert_eq!(page("0.0.0.0:8480", &[]), None);
        assert_eq!(page("192.168.1.5:8480", &[]).as_deref(), Some("http://192.168.1.5:8480/"));
        assert_eq!(page("0.0.0.0:80", &["pi.local"]).as_deref(), Some("http://pi.local:80/"));
    }

    #[test]
    fn a_board_tells_what_it_is_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Board::read(folder.path()), Board::default());
        let tree = folder.path().join("proc/device-tree");
        fs::create_dir_all(tree.join("system")).unwrap();
        fs::write(tree.join("model"), "Raspberry Pi 5 Model B Rev 1.0\0").unwrap();
        fs::write(tree.join("serial-number"), "10000000abcd\0").unwrap();
        fs::write(tree.join("system/linux,revision"), 0x00c0_4170_u32.to_be_bytes()).unwrap();
        let board = Board {
            model: Some("Raspberry Pi 5 Model B Rev 1.0".into()),
            serial: Some("10000000abcd".into()),
            revision: Some("c04170".into()),
            ..Board::default()
        };
        assert_eq!(Board::read(folder.path()), board);
        fs::write(tree.join("model"), "a\nb\0").unwrap();
        fs::write(tree.join("serial-number"), [0xff, 0]).unwrap();
        fs::write(tree.join("system/linux,revision"), "12345").unwrap();
        assert_eq!(Board::read(folder.path()), Board::default());
    }
}
