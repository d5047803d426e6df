//! Home Assistant finds the hub by itself: `_esphomelib._tcp`, with what it reads of the TXT record.

use super::{
    identity::mac_text,
    wire::{Greeting, PATTERN},
};
use crate::{
    mdns::Announced,
    model::{HomeAssistantSettings, HttpSettings},
};

/// What is said of the hub of this name. None: nothing is to be said, or nobody else would get there.
pub fn announced(greeting: &Greeting, hub: &str, settings: &HomeAssistantSettings) -> Option<Announced> {
    if !settings.mdns || HttpSettings::is_of_this_machine(settings.listen) {
        return None;
    }
    let mut facts = vec![
        ("mac", mac_text(&greeting.mac)),
        ("friendly_name", hub.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    if greeting.key.is_some() {
        facts.push(("api_encryption", PATTERN.to_owned()));
    }
    Some(Announced {
        what: "the API for Home Assistant",
        when_taken: "by which Home Assistant takes it for another one; give the hub another id",
        // Home Assistant wants service, host and device to be called the same.
        title: greeting.name.clone(),
        host: format!("{}.local", greeting.name),
        address: settings.listen,
        services: vec![("_esphomelib._tcp", facts)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encryption, NoiseKey};

    #[test]
    fn what_others_get_to_is_announced() {
        let mut greeting = Greeting {
            key: Some(NoiseKey([7; 32])),
            name: "hearthd-hut".into(),
            mac: [2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee],
        };
        let settings = |listen: &str, mdns| HomeAssistantSettings {
            listen: listen.parse().unwrap(),
            encryption: Encryption::OwnKey,
            mdns,
        };
        let all = settings("0.0.0.0:6053", true);
        let said = announced(&greeting, "Hut", &all).unwrap();
        assert_eq!((&*said.title, &*said.host), ("hearthd-hut", "hearthd-hut.local"));
        let (kind, facts) = &said.services[0];
        let fact = |wanted: &str| facts.iter().find(|(name, _)| *name == wanted).map(|(_, value)| &**value);
        assert_eq!(
            (*kind, fact("mac"), fact("friendly_name")),
            ("_esphomelib._tcp", Some("02aabbccddee"), Some("Hut"))
        );
        assert_eq!(fact("api_encryption"), Some("Noise_NNpsk0_25519_ChaChaPoly_SHA256"));
        assert_eq!(announced(&greeting, "Hut", &settings("127.0.0.1:6053", true)), None);
        assert_eq!(announced(&greeting, "Hut", &settings("0.0.0.0:6053", false)), None);
        greeting.key = None;
        let said = announced(&greeting, "Hut", &all).unwrap();
        assert!(said.services[0].1.iter().all(|(name, _)| *name != "api_encryption"));
    }
}
