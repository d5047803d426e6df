//! What is known of the devices that people have on their brokers: a row for each thing that they tell or take.
//!
//! In topics, pointers and payloads `{}` stands for the name of the device, `{n}` for its channel, `{N}` for the same where
//! the first is not numbered, `{_n}` for `_` and its name, or nothing; `{part}` for the entity of a name of two parts, and
//! `{kind}` for its kind; `{entity}` for where Home Assistant tells of its own.

use crate::model::{Channel, Click, InputKind, OutputKind, Quantity};
use std::time::Duration;

/// A kind of device, or of what brings devices to the broker.
pub(in crate::config) struct Form {
    /// The key that names one.
    pub key: &'static str,
    /// How people call it.
    pub title: &'static str,
    /// What its name looks like.
    pub example: &'static str,
    /// What its name is made of.
    pub name: Name,
    /// Whether this row is meant where several have one key.
    pub fits: fn(&str) -> bool,
    /// What those with several relays, lamps or keys call them.
    pub channels: Channels,
    /// The topics that say whether it is there.
    pub availability: &'static [&'static str],
    /// The beginnings of the names of those that sleep: away is what they nearly always are.
    pub sleepers: &'static [&'static str],
    /// Where its messages say when they were made.
    pub time: &'static str,
    /// Its readings are stale after this, when the file does not say.
    pub stale_after: Duration,
    pub inputs: &'static [InputRow],
    pub readings: &'static [ReadingRow],
    pub outputs: &'static [OutputRow],
}

/// How the channels of a device are called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Channels {
    /// It has none.
    None,
    /// By numbers, from this one.
    From(i64),
    /// By the words that end the keys of its JSON: `state_left`.
    Named,
}

/// What the name of a device is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Name {
    /// It is part of a topic as it stands.
    Whole,
    /// `node/entity`, or `node/kind/entity`.
    Parted,
    /// `kind.entity`.
    Dotted,
}

/// How inputs of these kinds are told.
pub(in crate::config) struct InputRow {
    pub kinds: &'static [InputKind],
    pub topic: &'static str,
    pub pointer: &'static str,
    pub on: &'static [&'static str],
    pub off: &'static [&'static str],
    pub clicks: &'static [(&'static str, Click)],
    /// Where its clicks are counted, because it repeats the last.
    pub counter: &'static str,
}

/// How a quantity is told.
pub(in crate::config) struct ReadingRow {
    pub quantity: Quantity,
    pub topic: &'static str,
    pub pointer: &'static str,
    /// To the unit of the quantity.
    pub scale: f64,
    /// Whether a sensor has it that does not say what it reads.
    pub usual: bool,
}

/// How outputs are commanded and what they tell.
pub(in crate::config) struct OutputRow {
    /// None: all the others.
    pub kinds: &'static [OutputKind],
    /// What the kind is in its topics, where names have one.
    pub kind: &'static str,
    pub command: &'static str,
    pub on: &'static str,
    pub off: &'static str,
    pub ask: Option<&'static str>,
    /// Of a cover, which `on` opens and `off` closes. All other kinds are by rows without it.
    pub cover: Option<CoverRow>,
    pub state: &'static str,
    pub pointer: &'static str,
    /// An output with levels is by the first row that has this, any other by the first of all.
    pub level: Option<LevelRow>,
}

/// How a cover is stopped, and the words of its state.
#[derive(Clone, Copy)]
pub(in crate::config) struct CoverRow {
    pub stop: &'static str,
    pub open: &'static [&'static str],
    pub closed: &'static [&'static str],
    pub opening: &'static [&'static str],
    pub closing: &'static [&'static str],
    pub stopped: &'static [&'static str],
    /// Another topic that tells state and position, at the same pointers.
    pub also: Option<&'static str>,
}

/// How a level is asked and told.
#[derive(Clone, Copy)]
pub(in crate::config) struct LevelRow {
    pub topic: &'static str,
    /// What goes there: `{}` is the number, `{n}` the channel.
    pub payload: &'static str,
    /// The number for 100 %.
    pub full: u32,
    /// Where it is told, and where there; without a topic it is not.
    pub state: &'static str,
    pub pointer: &'static str,
    /// It switches nothing on by itself.
    pub then_on: bool,
}

/// The words that most covers have.
pub(in crate::config) const COVER: CoverRow = CoverRow {
    stop: "STOP",
    open: &["open"],
    closed: &["closed"],
    opening: &["opening"],
    closing: &["closing"],
    stopped: &["stopped"],
    also: None,
};

const fn level(topic: &'static str, payload: &'static str, full: u32) -> LevelRow {
    LevelRow { topic, payload, full, state: "", pointer: "", then_on: false }
}

impl LevelRow {
    const fn told(self, state: &'static str, pointer: &'static str) -> LevelRow {
        LevelRow { state, pointer, ..self }
    }

    const fn then_on(self) -> LevelRow {
        LevelRow { then_on: true, ..self }
    }
}

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTES_15: Duration = Duration::from_secs(900);
/// What sleeps wakes at least every 12 hours, and may be missed once.
pub(in crate::config) const SLEEPER_STALE_AFTER: Duration = Duration::from_secs(25 * 3_600);

const OPENS: &[InputKind] = &[InputKind::Door, InputKind::Window, InputKind::Contact];
const ANY_SWITCH: &[InputKind] =
    &[InputKind::Switch, InputKind::Contact, InputKind::Door, InputKind::Window, InputKind::Motion];

const fn input(
    kinds: &'static [InputKind],
    topic: &'static str,
    pointer: &'static str,
    on: &'static [&'static str],
    off: &'static [&'static str],
) -> InputRow {
    InputRow { kinds, topic, pointer, on, off, clicks: &[], counter: "" }
}

const fn button(topic: &'static str, pointer: &'static str, clicks: &'static [(&'static str, Click)]) -> InputRow {
    InputRow { kinds: &[InputKind::Button], topic, pointer, on: &[], off: &[], clicks, counter: "" }
}

impl InputRow {
    const fn counted(self, counter: &'static str) -> InputRow {
        InputRow { counter, ..self }
    }
}

const fn reads(quantity: Quantity, topic: &'static str, pointer: &'static str) -> ReadingRow {
    ReadingRow { quantity, topic, pointer, scale: 1.0, usual: false }
}

impl ReadingRow {
    const fn usual(self) -> ReadingRow {
        ReadingRow { usual: true, ..self }
    }

    const fn scaled(self, scale: f64) -> ReadingRow {
        ReadingRow { scale, ..self }
    }
}

const POWER: Quantity = Quantity::Power(Channel::Only);
const VOLTAGE: Quantity = Quantity::Voltage(Channel::Only);
const CURRENT: Quantity = Quantity::Current(Channel::Only);

const TRUE: &[&str] = &["true"];
const FALSE: &[&str] = &["false"];
const ON: &[&str] = &["ON"];
const OFF: &[&str] = &["OFF"];

const Z2M: &str = "zigbee2mqtt/{}";
const TASMOTA: &str = "tele/{}/SENSOR";
const SWITCH_2: &str = "{}/status/switch:{n}";
const ENTITY: &str = "{}/{kind}/{part}/state";
const ENTITY_AT_HOME: &str = "{entity}";

/// All of them.
pub(in crate::config) const FORMS: &[Form] = &[
    // https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html
    Form {
        key: "zigbee2mqtt",
        title: "zigbee2mqtt",
        example: "hall_motion",
        name: Name::Whole,
        fits: |_| true,
        channels: Channels::Named,
        availability: &["zigbee2mqtt/{}/availability", "zigbee2mqtt/bridge/state"],
        sleepers: &[],
        time: "/last_seen",
        stale_after: HOUR,
        inputs: &[
            input(&[InputKind::Motion], Z2M, "/occupancy{_n}", TRUE, FALSE),
            // Its contact is closed while the door is.
            input(OPENS, Z2M, "/contact{_n}", FALSE, TRUE),
            input(&[InputKind::Leak], Z2M, "/water_leak{_n}", TRUE, FALSE),
            input(&[InputKind::Smoke], Z2M, "/smoke{_n}", TRUE, FALSE),
            input(&[InputKind::Switch], Z2M, "/state{_n}", ON, OFF),
            button(
                Z2M,
                "/action",
                &[
                    ("single", Click::Single),
                    ("toggle", Click::Single),
                    ("on", Click::Single),
                    ("double", Click::Double),
                    ("triple", Click::Triple),
                    ("quadruple", Click::Many),
                    ("many", Click::Many),
                    ("hold", Click::Long),
                    ("long", Click::Long),
                ],
            ),
        ],
        readings: &[
            reads(Quantity::Temperature, Z2M, "/temperature{_n}").usual(),
            reads(Quantity::Humidity, Z2M, "/humidity{_n}").usual(),
            reads(Quantity::Battery, Z2M, "/battery{_n}").usual(),
            reads(Quantity::Pressure, Z2M, "/pressure{_n}"),
            reads(Quantity::Illuminance, Z2M, "/illuminance{_n}"),
            reads(Quantity::Co2, Z2M, "/co2{_n}"),
            reads(Quantity::Pm25, Z2M, "/pm25{_n}"),
            reads(POWER, Z2M, "/power{_n}"),
            reads(VOLTAGE, Z2M, "/voltage{_n}"),
            reads(CURRENT, Z2M, "/current{_n}"),
            reads(Quantity::Energy, Z2M, "/energy{_n}"),
        ],
        outputs: &[OutputRow {
            kinds: &[],
            kind: "",
            command: "zigbee2mqtt/{}/set",
            on: r#"{"state{_n}":"ON"}"#,
            off: r#"{"state{_n}":"OFF"}"#,
            ask: None,
            cover: None,
            state: Z2M,
            pointer: "/state{_n}",
            level: Some(level("zigbee2mqtt/{}/set", r#"{"state{_n}":"ON","brightness{_n}":{}}"#, 254).told(Z2M, "/brightness{_n}")),
        }, OutputRow {
            kinds: &[OutputKind::Cover],
            kind: "",
            command: "zigbee2mqtt/{}/set",
            on: r#"{"state{_n}":"OPEN"}"#,
            off: r#"{"state{_n}":"CLOSE"}"#,
            ask: None,
            cover: Some(CoverRow {
                stop: r#"{"state{_n}":"STOP"}"#,
                open: &["OPEN"],
                closed: &["CLOSE", "CLOSED"],
                opening: &[],
                closing: &[],
                stopped: &["STOP"],
                also: None,
            }),
            state: Z2M,
            pointer: "/state{_n}",
            level: Some(level("zigbee2mqtt/{}/set", r#"{"position{_n}":{}}"#, 100).told(Z2M, "/position{_n}")),
        }],
    },
    // https://tasmota.github.io/docs/MQTT/, with SetOption73 1 for buttons and SetOption114 1 for switches
    Form {
        key: "tasmota",
        title: "Tasmota",
        example: "plug3",
        name: Name::Whole,
        fits: |_| true,
        channels: Channels::From(1),
        availability: &["tele/{}/LWT"],
        sleepers: &[],
        time: "/Time",
        // It tells every five minutes, unless TelePeriod says otherwise.
        stale_after: MINUTES_15,
        inputs: &[
            input(ANY_SWITCH, "stat/{}/RESULT", "/Switch{n}/Action", ON, OFF),
            button(
                "stat/{}/RESULT",
                "/Button{n}/Action",
                &[
                    ("SINGLE", Click::Single),
                    ("DOUBLE", Click::Double),
                    ("TRIPLE", Click::Triple),
                    ("QUAD", Click::Many),
                    ("PENTA", Click::Many),
                    ("HOLD", Click::Long),
                ],
            ),
        ],
        readings: &[
            reads(POWER, TASMOTA, "/ENERGY/Power").usual(),
            reads(VOLTAGE, TASMOTA, "/ENERGY/Voltage").usual(),
            reads(CURRENT, TASMOTA, "/ENERGY/Current").usual(),
            reads(Quantity::Energy, TASMOTA, "/ENERGY/Total").usual(),
            // Below the name of the chip.
            reads(Quantity::Temperature, TASMOTA, "/*/Temperature"),
            reads(Quantity::Humidity, TASMOTA, "/*/Humidity"),
            reads(Quantity::Pressure, TASMOTA, "/*/Pressure"),
            reads(Quantity::Illuminance, TASMOTA, "/*/Illuminance"),
            reads(Quantity::Co2, TASMOTA, "/*/CarbonDioxide"),
        ],
        outputs: &[
            OutputRow {
                kinds: &[],
                kind: "",
                command: "cmnd/{}/POWER{N}",
                on: "ON",
                off: "OFF",
                ask: None,
                cover: None,
                state: "stat/{}/POWER{N}",
                pointer: "",
                level: None,
            },
            // Dimmer switches on without a word of it on stat/.../POWER: it is asked.
            OutputRow {
                kinds: &[],
                kind: "",
                command: "cmnd/{}/POWER{N}",
                on: "ON",
                off: "OFF",
                ask: Some("?"),
                cover: None,
                state: "stat/{}/POWER{N}",
                pointer: "",
                // With SetOption4 it is told elsewhere, and not looked at.
                level: Some(level("cmnd/{}/Dimmer", "{}", 100).told("stat/{}/RESULT", "/Dimmer")),
            },
            // Its shutters, with SetOption80 1.
            OutputRow {
                kinds: &[OutputKind::Cover],
                kind: "",
                command: "cmnd/{}/Backlog",
                on: "ShutterOpen{n}",
                off: "ShutterClose{n}",
                // It tells all in tele/.../SENSOR then. ShutterPosition without a position can start the motor.
                ask: Some("TelePeriod"),
                cover: Some(CoverRow {
                    stop: "ShutterStop{n}",
                    open: &[],
                    closed: &[],
                    opening: &["1"],
                    closing: &["-1"],
                    stopped: &["0"],
                    also: Some(TASMOTA),
                }),
                state: "stat/{}/RESULT",
                pointer: "/Shutter{n}/Direction",
                level: Some(level("cmnd/{}/ShutterPosition{n}", "{}", 100).told("stat/{}/RESULT", "/Shutter{n}/Position")),
            },
        ],
    },
    // https://shelly-api-docs.shelly.cloud/gen2/, with "Generic status update over MQTT" and "Enable MQTT Control"
    Form {
        key: "shelly",
        title: "Shelly",
        example: "shellyplus1-a8032a",
        name: Name::Whole,
        fits: |id| !is_first_generation(id),
        channels: Channels::From(0),
        availability: &["{}/online"],
        sleepers: &["shellyplusht-", "shellyhtg3-", "shellyplussmoke-", "shellyfloodg4-"],
        time: "",
        stale_after: HOUR,
        inputs: &[
            input(ANY_SWITCH, "{}/status/input:{n}", "/state", TRUE, FALSE),
            input(&[InputKind::Leak], "{}/status/flood:{n}", "/alarm", TRUE, FALSE),
            input(&[InputKind::Smoke], "{}/status/smoke:{n}", "/alarm", TRUE, FALSE),
            button(
                "{}/events/rpc",
                "/params/events/component=input:{n}/event",
                &[
                    ("single_push", Click::Single),
                    ("double_push", Click::Double),
                    ("triple_push", Click::Triple),
                    ("long_push", Click::Long),
                ],
            ),
        ],
        readings: &[
            reads(POWER, SWITCH_2, "/apower").usual(),
            reads(VOLTAGE, SWITCH_2, "/voltage").usual(),
            reads(CURRENT, SWITCH_2, "/current").usual(),
            // It tells Wh.
            reads(Quantity::Energy, SWITCH_2, "/aenergy/total").scaled(0.001).usual(),
            reads(Quantity::Temperature, "{}/status/temperature:{n}", "/tC"),
            reads(Quantity::Humidity, "{}/status/humidity:{n}", "/rh"),
            reads(Quantity::Illuminance, "{}/status/illuminance:{n}", "/lux"),
            reads(Quantity::Battery, "{}/status/devicepower:{n}", "/battery/percent"),
        ],
        outputs: &[
            OutputRow {
                kinds: &[],
                kind: "",
                command: "{}/command/switch:{n}",
                on: "on",
                off: "off",
                // It tells its state only when that changes.
                ask: Some("status_update"),
                cover: None,
                state: SWITCH_2,
                pointer: "/output",
                level: None,
            },
            OutputRow {
                kinds: &[],
                kind: "",
                command: "{}/command/light:{n}",
                on: "on",
                off: "off",
                ask: Some("status_update"),
                cover: None,
                state: "{}/status/light:{n}",
                pointer: "/output",
                level: Some(
                    level(
                        "{}/rpc",
                        r#"{"id":1,"src":"hearthd","method":"Light.Set","params":{"id":{n},"on":true,"brightness":{}}}"#,
                        100,
                    )
                    .told("{}/status/light:{n}", "/brightness"),
                ),
            },
            OutputRow {
                kinds: &[OutputKind::Cover],
                kind: "",
                command: "{}/command/cover:{n}",
                on: "open",
                off: "close",
                ask: Some("status_update"),
                cover: Some(CoverRow { stop: "stop", ..COVER }),
                state: "{}/status/cover:{n}",
                pointer: "/state",
                level: Some(
                    level(
                        "{}/rpc",
                        r#"{"id":1,"src":"hearthd","method":"Cover.GoToPosition","params":{"id":{n},"pos":{}}}"#,
                        100,
                    )
                    .told("{}/status/cover:{n}", "/current_pos"),
                ),
            },
        ],
    },
    // https://shelly-api-docs.shelly.cloud/gen1/
    Form {
        key: "shelly",
        title: "Shelly",
        example: "shelly1-a8032a",
        name: Name::Whole,
        fits: is_first_generation,
        channels: Channels::From(0),
        availability: &["shellies/{}/online"],
        sleepers: &["shellyht-", "shellydw-", "shellydw2-", "shellyflood-", "shellysmoke-", "shellybutton1-"],
        time: "",
        stale_after: HOUR,
        inputs: &[
            input(&[InputKind::Motion], "shellies/{}/status", "/motion", TRUE, FALSE),
            input(&[InputKind::Door, InputKind::Window], "shellies/{}/sensor/state", "", &["open"], &["close"]),
            input(&[InputKind::Leak], "shellies/{}/sensor/flood", "", TRUE, FALSE),
            input(&[InputKind::Smoke], "shellies/{}/sensor/smoke", "", TRUE, FALSE),
            input(&[InputKind::Switch, InputKind::Contact], "shellies/{}/input/{n}", "", &["1"], &["0"]),
            button(
                "shellies/{}/input_event/{n}",
                "/event",
                &[("S", Click::Single), ("SS", Click::Double), ("SSS", Click::Triple), ("L", Click::Long)],
            )
            .counted("/event_cnt"),
        ],
        readings: &[
            reads(POWER, "shellies/{}/relay/{n}/power", "").usual(),
            // It tells minutes of a watt.
            reads(Quantity::Energy, "shellies/{}/relay/{n}/energy", "").scaled(1.0 / 60_000.0).usual(),
            reads(Quantity::Temperature, "shellies/{}/sensor/temperature", ""),
            reads(Quantity::Humidity, "shellies/{}/sensor/humidity", ""),
            reads(Quantity::Battery, "shellies/{}/sensor/battery", ""),
            reads(Quantity::Illuminance, "shellies/{}/sensor/lux", ""),
        ],
        outputs: &[
            OutputRow {
                kinds: &[],
                kind: "",
                command: "shellies/{}/relay/{n}/command",
                on: "on",
                off: "off",
                ask: None,
                cover: None,
                state: "shellies/{}/relay/{n}",
                pointer: "",
                level: None,
            },
            OutputRow {
                kinds: &[],
                kind: "",
                command: "shellies/{}/light/{n}/command",
                on: "on",
                off: "off",
                ask: None,
                cover: None,
                state: "shellies/{}/light/{n}",
                pointer: "",
                level: Some(
                    level("shellies/{}/light/{n}/set", r#"{"turn":"on","brightness":{}}"#, 100)
                        .told("shellies/{}/light/{n}/status", "/brightness"),
                ),
            },
            // It tells which way it moves, and its position when it has arrived.
            OutputRow {
                kinds: &[OutputKind::Cover],
                kind: "",
                command: "shellies/{}/roller/{n}/command",
                on: "open",
                off: "close",
                ask: None,
                cover: Some(CoverRow {
                    stop: "stop",
                    open: &[],
                    closed: &[],
                    opening: &["open"],
                    closing: &["close"],
                    stopped: &["stop"],
                    also: None,
                }),
                state: "shellies/{}/roller/{n}",
                pointer: "",
                level: Some(
                    level("shellies/{}/roller/{n}/command/pos", "{}", 100).told("shellies/{}/roller/{n}/pos", ""),
                ),
            },
        ],
    },
    // https://esphome.io/components/mqtt
    Form {
        key: "esphome",
        title: "ESPHome",
        example: "kitchen/temperature",
        name: Name::Parted,
        fits: |_| true,
        channels: Channels::None,
        availability: &["{}/status"],
        sleepers: &[],
        time: "",
        stale_after: HOUR,
        inputs: &[input(BINARY, "{}/{kind}/{part}/state", "", ON, OFF)],
        readings: ENTITIES,
        outputs: &[
            OutputRow {
                kinds: &[OutputKind::Light],
                kind: "light",
                command: "{}/{kind}/{part}/command",
                on: r#"{"state":"ON"}"#,
                off: r#"{"state":"OFF"}"#,
                ask: None,
                cover: None,
                state: ENTITY,
                pointer: "/state",
                level: Some(
                    level("{}/{kind}/{part}/command", r#"{"state":"ON","brightness":{}}"#, 255)
                        .told(ENTITY, "/brightness"),
                ),
            },
            OutputRow {
                kinds: &[OutputKind::Cover],
                kind: "cover",
                command: "{}/{kind}/{part}/command",
                on: "OPEN",
                off: "CLOSE",
                ask: None,
                cover: Some(COVER),
                state: ENTITY,
                pointer: "",
                level: Some(
                    level("{}/{kind}/{part}/position/command", "{}", 100)
                        .told("{}/{kind}/{part}/position/state", ""),
                ),
            },
            OutputRow {
                kinds: &[OutputKind::Fan],
                kind: "fan",
                command: "{}/{kind}/{part}/command",
                on: "ON",
                off: "OFF",
                ask: None,
                cover: None,
                state: ENTITY,
                pointer: "",
                // In speeds: as many as `speed_count` says, 100 in most.
                level: Some(
                    level("{}/{kind}/{part}/speed_level/command", "{}", 100)
                        .told("{}/{kind}/{part}/speed_level/state", "")
                        .then_on(),
                ),
            },
            OutputRow {
                kinds: &[],
                kind: "switch",
                command: "{}/{kind}/{part}/command",
                on: "ON",
                off: "OFF",
                ask: None,
                cover: None,
                state: ENTITY,
                pointer: "",
                level: None,
            },
        ],
    },
    // By its own connection to us, or by https://www.home-assistant.io/integrations/mqtt_statestream/: it takes no commands
    Form {
        key: "homeassistant",
        title: "Home Assistant",
        example: "sensor.living_temperature",
        name: Name::Dotted,
        fits: |_| true,
        channels: Channels::None,
        availability: &[],
        sleepers: &[],
        time: "",
        stale_after: HOUR,
        inputs: &[input(BINARY, ENTITY_AT_HOME, "", &["on"], &["off"])],
        readings: AT_HOME,
        outputs: &[],
    },
];

/// What has no words of its own: on and off.
const BINARY: &[InputKind] = &[
    InputKind::Motion,
    InputKind::Door,
    InputKind::Window,
    InputKind::Switch,
    InputKind::Leak,
    InputKind::Smoke,
    InputKind::Contact,
];

macro_rules! each_entity {
    ($topic:expr) => {
        &[
            reads(Quantity::Temperature, $topic, ""),
            reads(Quantity::Humidity, $topic, ""),
            reads(Quantity::Pressure, $topic, ""),
            reads(Quantity::Illuminance, $topic, ""),
            reads(Quantity::Co2, $topic, ""),
            reads(Quantity::Pm25, $topic, ""),
            reads(Quantity::Battery, $topic, ""),
            reads(POWER, $topic, ""),
            reads(VOLTAGE, $topic, ""),
            reads(CURRENT, $topic, ""),
            reads(Quantity::Energy, $topic, ""),
        ]
    };
}

const ENTITIES: &[ReadingRow] = each_entity!(ENTITY);
const AT_HOME: &[ReadingRow] = each_entity!(ENTITY_AT_HOME);

/// Devices of the first generation are called `shellyMODEL-NUMBER`; those since, `shellyplus...`, `shellypro...` or with the
/// number of their generation in their model: `shelly1g3-...`. Whoever gave one a prefix of their own has a newer one.
fn is_first_generation(id: &str) -> bool {
    let Some(model) = id.strip_prefix("shelly").and_then(|rest| rest.rsplit_once('-')).map(|(model, _)| model) else {
        return false;
    };
    let numbered = model.rsplit_once('g').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    let newer = ["plus", "pro", "walldisplay", "blugw"].iter().any(|word| model.starts_with(word));
    !(numbered || newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_of_a_shelly_is_in_its_name() {
        for id in
            ["shelly1-a8032a", "shellyplug-s-12ab", "shellyht-77", "shellyswitch25-73CDE9", "shellymotionsensor-60A4"]
        {
            assert!(is_first_generation(id), "{id}");
        }
        for id in ["shellyplus1-a8032a", "shellypro4pm-1", "shelly1g3-12", "shelly1pmminig4-12", "garage/heater"] {
            assert!(!is_first_generation(id), "{id}");
        }
    }
}
