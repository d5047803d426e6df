//! `[mqtt]`: the broker, if one is to be used.

mod tls;
mod url;

use super::{
    diagnostic::Problems,
    pem_files::{FindPem, Named},
    shape::{Flag, OneOf, Period, SECOND, Shape, Text, Wrong},
    table::Table,
};
use crate::model::{Discovery, MqttSettings, MqttVersion, Password};
use serde_json::{Value as Json, json};
use std::time::Duration;
use toml::de::DeValue;

/// The settings as far as the file alone tells.
pub(super) struct Draft {
    pub settings: MqttSettings,
    /// A file that holds the password, and where the configuration names it.
    pub password_file: Option<Named>,
    tls: Option<tls::Draft>,
}

/// `hub` is the hub's id, from which client id and prefix are made.
pub(super) fn read(table: &mut Table<'_>, hub: &str) -> Draft {
    let address = table.required(
        "url",
        "The broker: mqtt://host or mqtt://host:port; mqtts:// with TLS; ws://host/path, wss:// over WebSockets.",
        "\"mqtt://localhost:1883\"",
        url::Url,
    );
    let url::Address { host, port, carrier, with_tls } = address.unwrap_or_default();
    let version = table.defaulted(
        "version",
        "The version of MQTT; auto: 5 with a broker that speaks it, else 3.1.1.",
        OneOf(&MqttVersion::WORDS),
        MqttVersion::Auto,
    );
    let username = table.optional("username", "If the broker asks for one.", Text);
    let password = table.optional("password", "Better in a file of its own: see password_file.", Text);
    let password_file = table.optional(
        "password_file",
        "A file that holds only the password: beside this one, or a systemd credential of this name.",
        Text,
    );
    let client_id = table
        .optional("client_id", "The session's name at the broker, unique there; hearthd-HUB when absent.", Text)
        .unwrap_or_else(|| format!("hearthd-{hub}"));
    let prefix = table
        .optional("prefix", "The beginning of all topics; hearthd/HUB when absent.", Topic)
        .unwrap_or_else(|| format!("hearthd/{hub}"));
    let discovery = table.defaulted(
        "discovery",
        "How Home Assistant is told of all: a message for each device, for each single entity, or not at all (off).",
        HowToldOf,
        Discovery::Device,
    );
    let discovery_prefix = table.defaulted(
        "discovery_prefix",
        "The beginning of Home Assistant's discovery topics.",
        Topic,
        "homeassistant".into(),
    );
    let birth_topic = table.defaulted(
        "birth_topic",
        "Where Home Assistant says that it has started.",
        Topic,
        "homeassistant/status".into(),
    );
    let homie = table.defaulted("homie", "Whether the house is also a device of the Homie convention 5.", Flag, false);
    let keep_alive = table.defaulted(
        "keep_alive",
        "Time between two signs of life on a silent connection, 5s to 10m.",
        Period(5 * SECOND..=600 * SECOND),
        Duration::from_secs(30),
    );
    let connect_timeout = table.defaulted(
        "connect_timeout",
        "Time in which the broker must have taken us in, 1s to 1m.",
        Period(SECOND..=60 * SECOND),
        Duration::from_secs(5),
    );
    let tls = tls::read(table, with_tls);

    if password.is_some() && password_file.is_some() {
        table.error_at("password", "`password` and `password_file` both give a password", "remove one of them");
    }
    for key in ["password", "password_file"] {
        if table.has(key) && !table.has("username") {
            table.error_at(key, format!("`{key}` without `username`"), "add username = ... to [mqtt]");
        }
    }
    Draft {
        settings: MqttSettings {
            host,
            port,
            version,
            username,
            password: password.map(Password),
            client_id,
            prefix,
            discovery_prefix: (discovery != Discovery::Off).then_some(discovery_prefix),
            discovery_single: discovery == Discovery::Single,
            homie,
            birth_topic,
            keep_alive,
            connect_timeout,
            carrier,
            tls: None,
        },
        tls,
        password_file: password_file.map(|name| (name, table.place_of("password_file"))),
    }
}

/// The settings with the password that `secret` finds for the name of the password file, and the files of TLS that `pem`
/// finds.
pub(super) fn resolve(
    draft: Draft,
    secret: impl FnOnce(&str) -> Result<Option<String>, Wrong>,
    pem: &FindPem<'_>,
    problems: &Problems,
) -> MqttSettings {
    let mut settings = draft.settings;
    settings.tls = draft.tls.map(|tls| tls::resolve(tls, pem, problems));
    if let Some((name, place)) = draft.password_file {
        match secret(&name) {
            Ok(password) => settings.password = password.map(Password),
            Err(wrong) => problems.error(place, wrong.message, wrong.advice),
        }
    }
    settings
}

/// A word of [`Discovery`]; `true` and `false` say the first and the last.
struct HowToldOf;

const WORDS: OneOf<Discovery> = OneOf(&Discovery::WORDS);

impl Shape for HowToldOf {
    type Value = Discovery;

    fn noun(&self) -> String {
        WORDS.noun()
    }

    fn example(&self) -> String {
        WORDS.example()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Discovery>, Wrong> {
        match value.as_bool() {
            Some(told) => Ok(Some(if told { Discovery::Device } else { Discovery::Off })),
            None => WORDS.read(value),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [WORDS.schema(), Flag.schema()] })
    }

    fn show(&self, value: &Discovery) -> Json {
        WORDS.show(value)
    }
}

/// The beginning of topics, or a topic.
pub(super) struct Topic;

impl Shape for Topic {
    type Value = String;

    fn noun(&self) -> String {
        "a topic".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"hearthd/home\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(topic) = value.as_str() else { return Ok(None) };
        if let Some(wildcard) = topic.chars().find(|c| matches!(c, '+' | '#')) {
            Err(Wrong::new(
                format!("`{wildcard}` is a wildcard, which a topic cannot contain"),
                format!("remove `{wildcard}`"),
            ))
        } else if topic.starts_with('$') {
            Err(Wrong::new("topics that begin with `$` belong to the broker", "begin with a letter"))
        } else if topic.chars().any(|c| c.is_control() || c.is_whitespace()) {
            Err(Wrong::new("blanks or control characters in a topic", "remove them"))
        } else if topic.is_empty() || topic.len() > 200 {
            Err(Wrong::new("a topic has 1 to 200 bytes", "write a shorter or longer one, such as \"hearthd/home\""))
        } else if topic.split('/').any(str::is_empty) {
            let advice = "write single slashes between words only, as in \"hearthd/home\"";
            Err(Wrong::new("a slash at the beginning, at the end, or twice in a row", advice))
        } else {
            Ok(Some(topic.to_owned()))
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^[^+#/\\s]+(/[^+#/\\s]+)*$" })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}
