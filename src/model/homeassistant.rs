//! How Home Assistant gets to the house without a broker: by the native API of ESPHome.

use crate::clock::Now;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::fmt;

/// The table `[homeassistant]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeAssistantSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How connections are kept secret.
    pub encryption: Encryption,
    /// Whether it is announced on the network, where others get to it.
    pub mdns: bool,
}

impl HomeAssistantSettings {
    /// Where it listens when nobody says otherwise: all addresses, at the port that Home Assistant proposes.
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 6053);
}

/// How connections of Home Assistant are kept secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// By a key that hearthd makes for itself and keeps with its state.
    OwnKey,
    /// By the key of a file; None: the file was not read, so that no key fits.
    Key(Option<NoiseKey>),
    /// Not at all.
    Plaintext,
}

/// A client of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Guest {
    /// What it calls itself, safe to be shown.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
    /// When it said who it is.
    pub since: Now,
    /// Whether it needed the key.
    pub is_encrypted: bool,
}

/// What both ends know: whoever has it may see and command the house.
#[derive(Clone, PartialEq, Eq)]
pub struct NoiseKey(pub [u8; NoiseKey::LENGTH]);

/// Nobody is to read it in a log.
impl fmt::Debug for NoiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoiseKey")
    }
}

impl NoiseKey {
    /// In bytes.
    pub const LENGTH: usize = 32;
    /// How many characters [`NoiseKey::text`] has.
    pub const TEXT_LENGTH: usize = 44;

    /// The key that people see: base64, as Home Assistant asks for it. None: it is none.
    pub fn read(text: &str) -> Option<NoiseKey> {
        (text.len() == NoiseKey::TEXT_LENGTH).then_some(())?;
        STANDARD.decode(text).ok()?.try_into().ok().map(NoiseKey)
    }

    /// Whether a text is a key, or one without the `=` at its end, which is easily left out when it is copied.
    pub fn is_meant(text: &str) -> bool {
        NoiseKey::read(text).or_else(|| NoiseKey::read(&format!("{text}="))).is_some()
    }

    /// As people see it: base64.
    pub fn text(&self) -> String {
        STANDARD.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_44_characters_of_base64_and_nothing_else() {
        let key = NoiseKey(std::array::from_fn(|n| n as u8));
        assert_eq!(key.text(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert_eq!(NoiseKey::read(&key.text()), Some(key.clone()));
        assert_eq!(format!("{key:?}"), "NoiseKey");
        for wrong in ["", "AAEC", &key.text()[1..], &key.text().replace('A', "*"), &format!("{} ", key.text())] {
            assert_eq!(NoiseKey::read(wrong), None, "{wrong}");
        }
    }
}
