//! Passwords, and mosquitto's list of them, which holds what cannot be turned back into one.

use super::place;
use anyhow::{Context, ensure};
use hearthd::files;
use std::{
    io::ErrorKind,
    path::Path,
    process::{Command, Stdio},
};
use tokio_rustls::rustls::crypto::ring;

/// Letters and digits that nobody takes for each other; as many as five bits can tell.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// So many of them make 120 bits.
const LENGTH: usize = 24;

/// A password that nobody can guess.
///
/// # Errors
/// When the system gives no random numbers.
pub fn random() -> anyhow::Result<String> {
    let mut bytes = [0; LENGTH];
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

/// Whether the list has this user.
pub fn has(list: &str, user: &str) -> bool {
    list.lines().any(|line| is_of(line, user))
}

fn is_of(line: &str, user: &str) -> bool {
    line.strip_prefix(user).is_some_and(|rest| rest.starts_with(':'))
}

/// The list without these users.
pub fn without(list: &str, users: &[&str]) -> String {
    let stay = list.lines().filter(|line| !users.iter().any(|user| is_of(line, user)));
    stay.map(|line| format!("{line}\n")).collect()
}

/// The list with these users and passwords, made by mosquitto's own program with the help of a file in `folder`: passwords
/// do not go through the list of processes.
///
/// # Errors
/// When the program is not there, or fails.
pub fn with(list: &str, users: &[(&str, String)], folder: &Path) -> anyhow::Result<String> {
    if users.is_empty() {
        return Ok(list.to_owned());
    }
    let plain: String = users.iter().map(|(user, password)| format!("{user}:{password}\n")).collect();
    let file = folder.join(".hearthd.passwords.new");
    place::write(&file, &plain, 0o600, None)?;
    let made = hash(&file);
    let _ = std::fs::remove_file(&file);
    let names: Vec<&str> = users.iter().map(|(user, _)| *user).collect();
    Ok(without(list, &names) + &made?)
}

fn hash(file: &Path) -> anyhow::Result<String> {
    let mut program = Command::new("mosquitto_passwd");
    let output = program.arg("-U").arg(file).stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            anyhow::anyhow!("there is no mosquitto_passwd: install mosquitto first (sudo apt-get install mosquitto)")
        }
        _ => anyhow::Error::from(error).context("cannot run mosquitto_passwd"),
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "mosquitto_passwd failed: {}", said.trim());
    let hashed = files::read_text(file, files::WRITTEN).context("cannot read what mosquitto_passwd wrote")?;
    // One that it left as it was must not stand in the list.
    let is_hashed = |line: &str| line.split_once(":$").is_some_and(|(_, rest)| rest.len() > 2 * LENGTH);
    ensure!(hashed.lines().all(is_hashed), "mosquitto_passwd did not make what it should");
    Ok(hashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, two) = (random().unwrap(), random().unwrap());
        assert!(one != two && one.len() == 24 && one.bytes().all(|byte| LETTERS.contains(&byte)), "{one} {two}");
    }

    #[test]
    fn a_list_keeps_the_others() {
        let list = "apps:$7$1\nzigbee:$7$2\nappsx:$7$3\n";
        assert!(has(list, "apps") && !has(list, "app") && !has(list, "hearthd"));
        assert_eq!(without(list, &["hearthd", "apps"]), "zigbee:$7$2\nappsx:$7$3\n");
    }

    #[test]
    fn the_list_holds_no_password() {
        let folder = tempfile::TempDir::new().unwrap();
        let made = with("x:$7$1\nhearthd:$7$old\n", &[("hearthd", "open-sesame".into())], folder.path()).unwrap();
        assert!(made.starts_with("x:$7$1\nhearthd:$7$") && !made.contains("sesame") && !made.contains("old"), "{made}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
