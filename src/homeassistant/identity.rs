//! What makes us the same device for Home Assistant, and keeps others out: an address that no other device has, and a key. Both
//! are made at the first start and kept with the state; so a house that is restored elsewhere is the same device there.

use super::{names, wire::Greeting};
use crate::{
    files,
    model::{Encryption, NoiseKey},
};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The file of the key in the state folder: base64 in one line.
pub const KEY_FILE: &str = "homeassistant.key";
/// The file of the address: twelve hexadecimal digits.
const MAC_FILE: &str = "homeassistant.mac";

/// How we show ourselves, for the hub of this id. Where there is no state folder, a key that is made lasts until the end of the
/// process.
///
/// # Errors
/// Why nobody can be let in.
pub fn greeting(state: Option<&Path>, encryption: &Encryption, hub: &str) -> Result<Greeting, String> {
    let key = match encryption {
        Encryption::Plaintext => None,
        Encryption::Key(Some(key)) => Some(key.clone()),
        Encryption::Key(None) => return Err("its key was not read".into()),
        Encryption::OwnKey => {
            Some(kept(state.map(|folder| folder.join(KEY_FILE)), NoiseKey::read, NoiseKey::text, new_key)?)
        }
    };
    let mac = kept(state.map(|folder| folder.join(MAC_FILE)), read_mac, mac_text, random_mac)?;
    Ok(Greeting { key, name: names::device(hub), mac })
}

/// A key that nobody has.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_key() -> Result<NoiseKey, String> {
    random().map(NoiseKey)
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no random numbers".to_owned())?;
    Ok(bytes)
}

/// One that belongs to no maker and to no group.
fn random_mac() -> Result<[u8; 6], String> {
    let [first, rest @ ..]: [u8; 6] = random()?;
    let [b, c, d, e, f] = rest;
    Ok([first & 0b1111_1100 | 0b10, b, c, d, e, f])
}

fn number(mac: &[u8; 6]) -> u64 {
    mac.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Twelve small hexadecimal digits.
pub fn mac_text(mac: &[u8; 6]) -> String {
    format!("{:012x}", number(mac))
}

fn read_mac(text: &str) -> Option<[u8; 6]> {
    let number = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 12)?;
    let [_, _, mac @ ..] = number.to_be_bytes();
    Some(mac)
}

/// What a file has, or a new one that is kept there from now on.
fn kept<T>(
    file: Option<PathBuf>,
    read: impl Fn(&str) -> Option<T>,
    write: impl Fn(&T) -> String,
    new: impl Fn() -> Result<T, String>,
) -> Result<T, String> {
    let text = match file.as_ref().map(|file| (file, files::read_text(file, files::SYSTEM))) {
        Some((_, Ok(text))) => Some(text),
        // What is no text is damaged; what cannot be read may be in order.
        Some((_, Err(error))) if error.kind() == io::ErrorKind::InvalidData => Some(String::new()),
        Some((file, Err(error))) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{} cannot be read: {error}", file.display()));
        }
        _ => None,
    };
    if let Some(known) = text.as_deref().and_then(|text| read(text.trim_end())) {
        return Ok(known);
    }
    let made = new()?;
    match file {
        None => {
            tracing::warn!("there is no state folder: Home Assistant has to be given another key after the next start")
        }
        Some(file) => {
            if text.is_some() {
                tracing::warn!("{} was damaged: Home Assistant has to add this hub again", file.display());
            }
            if let Err(error) = files::replace(&file, format!("{}\n", write(&made)).as_bytes(), |_| Ok(())) {
                tracing::warn!("{} cannot be written, and lasts until the next start only: {error}", file.display());
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn a_house_stays_the_same_device_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let greeting = |encryption: &Encryption| greeting(Some(folder.path()), encryption, "my_hut").unwrap();
        let first = greeting(&Encryption::OwnKey);
        assert_eq!(first.name, "hearthd-my-hut");
        assert_eq!(first.mac[0] & 0b11, 0b10, "locally administered, of one device");
        assert_eq!(greeting(&Encryption::OwnKey), first);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let given = NoiseKey([7; 32]);
        assert_eq!(greeting(&Encryption::Key(Some(given.clone()))), Greeting { key: Some(given), ..first.clone() });
        assert_eq!(greeting(&Encryption::Plaintext), Greeting { key: None, ..first.clone() });
        fs::write(folder.path().join(KEY_FILE), "not a key").unwrap();
        let after = greeting(&Encryption::OwnKey);
        assert_ne!(after.key, first.key);
        assert_eq!(after.mac, first.mac);
    }

    #[test]
    fn without_its_key_nobody_is_let_in() {
        assert!(greeting(None, &Encryption::Key(None), "hut").is_err());
    }
}
