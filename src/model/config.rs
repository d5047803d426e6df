//! The checked configuration: every name resolved, every unit parsed, every pin claimed once.

use super::table::table;
use super::{
    Climate, Condition, Counter, EventRule, Expander, HistorySettings, Holidays, HomeAssistantSettings, HttpSettings,
    Input, Interlock, Level, Line, ModbusBus, Modes, Notice, Output, Owner, Room, Scene, Sensor, SerialPort, Series,
    Settable, Specs, Tariff, Zone,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::{ops::Index, path::PathBuf, sync::Arc, time::Duration};

/// A whole house, immutable. `config` makes it; whoever holds one need not check anything again.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The machine and the place.
    pub hub: Hub,
    /// The broker, if one is to be used.
    pub mqtt: Option<MqttSettings>,
    /// The service over HTTP; None: only the Unix socket is served.
    pub http: Option<HttpSettings>,
    /// The native API for Home Assistant; None: it is not served.
    pub homeassistant: Option<HomeAssistantSettings>,
    /// What is remembered; None: nothing is.
    pub history: Option<HistorySettings>,
    /// What energy costs, if the file says it.
    pub energy: Option<Tariff>,
    /// How wires are reached.
    pub hardware: HardwareSettings,
    /// In the order of the file.
    pub outputs: Vec<Output>,
    /// In the order of the file.
    pub inputs: Vec<Input>,
    /// In the order of the file, then what counters show.
    pub sensors: Vec<Sensor>,
    /// In the order of the file.
    pub expanders: Vec<Expander>,
    /// In the order of the file.
    pub modbus: Vec<ModbusBus>,
    /// The serial ports.
    pub serial: Vec<SerialPort>,
    /// In the order of the file.
    pub rooms: Vec<Room>,
    /// In the order of the file.
    pub climates: Vec<Climate>,
    /// In the order of the file: earlier wins.
    pub rules: Vec<Rule>,
    /// In the order of the file: they act in this order.
    pub events: Vec<EventRule>,
    /// In the order of the file.
    pub scenes: Vec<Scene>,
    /// Of the house as a whole.
    pub modes: Modes,
    /// What `dark` means, when it is not left to the sun. It sets nothing.
    pub dark: Option<Rule>,
    /// The readings that some condition looks back on.
    pub series: Vec<Series>,
    /// The groups that outputs name, in the order of their first member.
    pub interlocks: Vec<Interlock>,
    /// What had other ids before, with those: the first one first.
    pub renamed: Vec<(Owner, Vec<Arc<str>>)>,
    /// The numbers that people may set without editing the file: outputs', rooms', then zones', each in the order of the
    /// file.
    pub settable: Vec<Settable>,
    /// Every point described, see [`Config::specs`].
    pub specs: Specs,
}

/// The machine and the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Hub {
    /// `[a-z0-9_]+`, a segment of every topic.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// Degrees, north positive, -90 to 90.
    pub latitude: f64,
    /// Degrees, east positive, -180 to 180.
    pub longitude: f64,
    /// Metres above the sea, if the file says it.
    pub altitude_m: Option<f64>,
    /// The zone of all times of day.
    pub timezone: Zone,
    /// When the wall clock is believed.
    pub clock: ClockTrust,
    /// The days of `holiday`.
    pub holidays: Holidays,
    /// A file beside the configuration whose tests a changed configuration must pass to come into force.
    pub tests: Option<Arc<str>>,
}

impl Hub {
    /// Whether the file says where the house is: without it, it would be in the sea.
    pub fn is_placed(&self) -> bool {
        (self.latitude, self.longitude) != (0.0, 0.0)
    }

    /// RFC 3339 with the offset of the house's own clock at that time, to the second.
    pub fn on_the_clock(&self, time: DateTime<Utc>) -> String {
        time.with_timezone(&self.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }
}

table! {
    /// When the wall clock is believed. A Raspberry Pi has no battery clock and starts somewhere in the past.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum ClockTrust {
        /// When the kernel says that it is synchronised, or the board has a hardware clock.
        Auto = "auto";
        /// Always: for a house without internet whose clock is set by hand.
        Always = "always";
        /// As [`ClockTrust::Auto`]; until then, as Home Assistant tells it: for a house without internet and without a hardware
        /// clock.
        HomeAssistant = "homeassistant";
    }
}

/// How the broker is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the broker is spoken to.
    pub version: MqttVersion,
    /// User name, if the broker asks for one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Password>,
    /// The session's name at the broker; two clients with one id throw each other out.
    pub client_id: String,
    /// The beginning of all topics, without a slash at its end: `hearthd/cottage`.
    pub prefix: String,
    /// The beginning of Home Assistant's discovery topics (`homeassistant`); None: no discovery.
    pub discovery_prefix: Option<String>,
    /// Whether each entity is announced by itself, not with its device.
    pub discovery_single: bool,
    /// Whether the house is also a device of the Homie convention.
    pub homie: bool,
    /// Home Assistant says `online` here when it starts.
    pub birth_topic: String,
    /// Time between two signs of life on a silent connection.
    pub keep_alive: Duration,
    /// Time in which the broker must have taken us in.
    pub connect_timeout: Duration,
    /// How packets travel.
    pub carrier: Carrier,
    /// How the connection is kept secret; None: it is not.
    pub tls: Option<TlsSettings>,
}

/// How packets of MQTT travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// As they are.
    Tcp,
    /// In messages of a WebSocket, which pass through web servers.
    WebSocket {
        /// What is asked of the web server, with the slash at its beginning.
        path: String,
    },
}

/// How a connection is kept secret, and who the other end must be. The files are read for each connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// The authorities that may vouch for the broker; None: the system's.
    pub ca_file: Option<PathBuf>,
    /// What shows the broker who we are, if it asks.
    pub client: Option<ClientCertificate>,
    /// The name in the broker's certificate, if it is not the host.
    pub server_name: Option<String>,
    /// Tells what was in the files when the configuration was read from what is in them after a change.
    pub mark: u64,
}

/// A certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// It, and those between it and its authority.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

impl MqttSettings {
    /// The broker's address, for people: `broker:1883`; whatever is not plain MQTT says so, as in `mqtts://broker:8883`.
    pub fn address(&self) -> String {
        let place = self.host_and_port();
        match (&self.carrier, &self.tls) {
            (Carrier::Tcp, None) => place,
            (Carrier::Tcp, Some(_)) => format!("mqtts://{place}"),
            (Carrier::WebSocket { path }, None) => format!("ws://{place}{path}"),
            (Carrier::WebSocket { path }, Some(_)) => format!("wss://{place}{path}"),
        }
    }

    /// Whether these lead to the same broker. Another way to the same host, as `mqtts://` instead of `mqtt://`, is another
    /// port of the same one; another port by the same way is another broker.
    pub fn is_same_broker(&self, other: &MqttSettings) -> bool {
        let is_other_way = self.carrier != other.carrier || self.tls.is_some() != other.tls.is_some();
        self.host == other.host && (self.port == other.port || is_other_way)
    }

    /// Where the broker is, as in a URL: `broker:1883`, `[::1]:1883`.
    pub fn host_and_port(&self) -> String {
        let MqttSettings { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl Config {
    /// Whether another configuration leads to the same broker, or both to none.
    pub fn has_same_broker(&self, other: &Config) -> bool {
        match (&self.mqtt, &other.mqtt) {
            (Some(ours), Some(others)) => ours.is_same_broker(others),
            (ours, others) => ours.is_none() && others.is_none(),
        }
    }
}

/// A password in the clear. What holds one can be shown, in a panic too, and it is not.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// How wires are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareSettings {
    /// By which way.
    pub backend: Backend,
    /// The GPIO chip (name or label) that line numbers count on; None: the board's main one. `chardev` only.
    pub gpiochip: Option<String>,
    /// In a demo: what is on topics of the broker, on Modbus or on serial ports is played, too, like what is on wires.
    pub plays_remote: bool,
}

table! {
    /// The way to the wires.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Backend {
        /// `rppal` on a Raspberry Pi, `chardev` on another board with GPIO, `simulated` elsewhere.
        Auto = "auto";
        /// Raspberry Pi registers, by the rppal library.
        Rppal = "rppal";
        /// The kernel's GPIO character device: any Linux board.
        Chardev = "chardev";
        /// No wires at all: inputs and readings are set by hand or by `hearthd demo`.
        Simulated = "simulated";
    }
}

table! {
    /// A version of MQTT.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum MqttVersion {
        /// 5, with a broker that speaks it; else 3.1.1.
        Auto = "auto";
        /// 5, with its answers to commands and its reasons.
        Five = "5";
        /// What every broker speaks.
        Three = "3.1.1";
    }
}

table! {
    /// How Home Assistant is told of the house.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Discovery {
        /// A message for each device.
        Device = "device";
        /// A message for each entity, as older apps want it.
        Single = "single";
        /// Not at all.
        Off = "off";
    }
}

/// Holds levels on outputs while its condition is true.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// A sentence for people; unique; its identity over a reload.
    pub name: Arc<str>,
    /// While this is true, the rule is active.
    pub condition: Condition,
    /// With it, the rule stays active after `condition` ends until this becomes true (hysteresis).
    pub until: Option<Condition>,
    /// What it asks for while it is active.
    pub set: Vec<(OutputId, Level)>,
    /// What is told when it becomes active and when that is over.
    pub notice: Option<Notice>,
    /// How many `for` durations its conditions hold; their timers are numbered from 0.
    pub timers: usize,
    /// The conditions as written; when it changes, timers and hysteresis start anew.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $field:ident, $entity:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub usize);

        impl Index<$name> for Config {
            type Output = $entity;

            fn index(&self, id: $name) -> &$entity {
                &self.$field[id.0]
            }
        }
    };
}

id!(
    /// The place of an output in [`Config::outputs`]; valid for that configuration only.
    OutputId, outputs, Output
);
id!(
    /// The place of an input in [`Config::inputs`]; valid for that configuration only.
    InputId, inputs, Input
);
id!(
    /// The place of a sensor in [`Config::sensors`]; valid for that configuration only.
    SensorId, sensors, Sensor
);
id!(
    /// The place of a room in [`Config::rooms`]; valid for that configuration only.
    RoomId, rooms, Room
);
id!(
    /// The place of a rule in [`Config::rules`]; valid for that configuration only.
    RuleId, rules, Rule
);
id!(
    /// The place of a scene in [`Config::scenes`]; valid for that configuration only.
    SceneId, scenes, Scene
);
id!(
    /// The place of a series in [`Config::series`]; valid for that configuration only.
    SeriesId, series, Series
);
id!(
    /// The place of an interlock in [`Config::interlocks`]; valid for that configuration only.
    InterlockId, interlocks, Interlock
);

id!(
    /// The place of a zone in [`Config::climates`]; valid for that configuration only.
    ClimateId, climates, Climate
);

impl Config {
    /// The expander and its pin or channel that a wire is, if it is one.
    pub fn expander_pin(&self, line: &Line) -> Option<(&Expander, u32)> {
        line.on_expander(&self.expanders)
    }

    /// The climate zone of this id.
    pub fn find_climate(&self, id: &str) -> Option<ClimateId> {
        self.climates.iter().position(|zone| &*zone.id == id).map(ClimateId)
    }

    /// The output of this id.
    pub fn find_output(&self, id: &str) -> Option<OutputId> {
        self.outputs.iter().position(|output| &*output.id == id).map(OutputId)
    }

    /// The input of this id.
    pub fn find_input(&self, id: &str) -> Option<InputId> {
        self.inputs.iter().position(|input| &*input.id == id).map(InputId)
    }

    /// The room of this id.
    pub fn find_room(&self, id: &str) -> Option<RoomId> {
        self.rooms.iter().position(|room| &*room.id == id).map(RoomId)
    }

    /// The scene of this id.
    pub fn find_scene(&self, id: &str) -> Option<SceneId> {
        self.scenes.iter().position(|scene| &*scene.id == id).map(SceneId)
    }

    /// The counter of this id: its input, what it shows as a sensor, and what its pulses mean.
    pub fn find_counter(&self, id: &str) -> Option<(InputId, SensorId, &Counter)> {
        let (input, sensor) = (self.find_input(id)?, self.find_sensor(id)?);
        Some((input, sensor, self[sensor].counter()?))
    }

    /// The sensors that are devices of their own, not what a counter shows.
    pub fn devices(&self) -> impl Iterator<Item = &Sensor> {
        self.sensors.iter().filter(|sensor| sensor.counter().is_none())
    }

    /// The sensor of this id.
    pub fn find_sensor(&self, id: &str) -> Option<SensorId> {
        self.sensors.iter().position(|sensor| &*sensor.id == id).map(SensorId)
    }
}
