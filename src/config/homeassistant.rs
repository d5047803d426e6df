//! `[homeassistant]`: Home Assistant gets to the house without a broker.

use super::{
    diagnostic::Problems,
    pem_files::{FileName, Named},
    shape::{Address, Flag, Wrong, shorten},
    table::Table,
};
use crate::model::{Encryption, HomeAssistantSettings, HttpSettings, NoiseKey};
use core::net::SocketAddr;

/// The settings as far as the file alone tells.
pub(super) struct Draft {
    settings: HomeAssistantSettings,
    key_file: Option<Named>,
}

/// What other tables say that matters here.
pub(super) struct Others {
    /// Whether Home Assistant is told of all points over the broker.
    pub discovery: bool,
    /// Where HTTP is served.
    pub http: Option<SocketAddr>,
}

pub(super) fn read(table: &mut Table<'_>, others: &Others) -> Draft {
    let listen = table.defaulted(
        "listen",
        "The address and the port to which Home Assistant connects.",
        Address(HomeAssistantSettings::LISTEN),
        HomeAssistantSettings::LISTEN,
    );
    let key_file = table.optional(
        "key_file",
        "A file that holds only the key, 32 bytes in base64: beside this one, or a systemd credential of this name. \
         When absent, hearthd makes a key and keeps it with its state.",
        FileName,
    );
    let plaintext = table.defaulted(
        "allow_plaintext",
        "No key and no encryption: everybody who gets to the port sees and commands the house.",
        Flag,
        false,
    );
    let mdns = table.defaulted(
        "mdns",
        "Whether it is announced on the network, so that Home Assistant finds it by itself.",
        Flag,
        true,
    );
    if table.is_real() {
        check(table, listen, plaintext, others);
    }
    let key_file = key_file.map(|name| (name, table.place_of("key_file"))).filter(|(name, place)| {
        let is_key = NoiseKey::is_meant(name);
        if is_key {
            let advice = "write it into a file beside this one, and the name of that file here";
            table.error(place.clone(), "this is what should stand in the file, not its name", advice);
        }
        !is_key
    });
    let encryption = match (plaintext, &key_file) {
        (true, _) => Encryption::Plaintext,
        (false, Some(_)) => Encryption::Key(None),
        (false, None) => Encryption::OwnKey,
    };
    Draft { settings: HomeAssistantSettings { listen, encryption, mdns }, key_file }
}

/// What is wrong with them together, or beside other tables.
fn check(table: &Table<'_>, listen: SocketAddr, plaintext: bool, others: &Others) {
    if plaintext && table.has("key_file") {
        table.error_at(
            "allow_plaintext",
            "a key and no encryption at once",
            "remove one of `allow_plaintext`, `key_file`",
        );
    }
    if let Some(http) = others.http.filter(|http| overlap(*http, listen)) {
        let message = format!("[http] listens on port {} already", http.port());
        table.error_at("listen", message, "write another port here, or there");
    }
    if plaintext {
        let who = match HttpSettings::is_of_this_machine(listen) {
            true => "other programs of this machine command",
            false => "everybody on the network sees and commands",
        };
        table.warning_at("allow_plaintext", format!("{who} the house without a key"), "remove it");
    }
    if others.discovery {
        table.warning_at(
            "listen",
            "Home Assistant would have each entity twice: over the broker, too",
            "write discovery = \"off\" in [mqtt], or remove [homeassistant]",
        );
    }
}

/// Whether two services cannot listen at once.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

/// The settings, with the key that `secret` finds.
pub(super) fn resolve(
    draft: Draft,
    secret: &dyn Fn(&str) -> Result<Option<String>, Wrong>,
    problems: &Problems,
) -> HomeAssistantSettings {
    let mut settings = draft.settings;
    if let Some((name, place)) = draft.key_file {
        match secret(&name).map(|text| text.map(|text| NoiseKey::read(&text))) {
            Ok(Some(None)) => problems.error(
                place,
                format!("\"{}\" does not hold a key of 32 bytes in base64", shorten(&name)),
                "make one with `hearthd homeassistant new-key`, 44 characters in one line",
            ),
            Ok(key) => settings.encryption = Encryption::Key(key.flatten()),
            Err(wrong) => problems.error(place, wrong.message, wrong.advice),
        }
    }
    settings
}
