//! What others have told the broker already: two say of who may connect are one too many.

use super::{place::Place, settings};
use anyhow::Context;
use hearthd::{config, files};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Settings by which somebody else has said who may connect.
const ADMISSION: [&str; 7] =
    ["per_listener_settings", "allow_anonymous", "password_file", "acl_file", "psk_file", "plugin", "auth_plugin"];
/// Settings by which somebody else has said where the broker listens.
const LISTENERS: [&str; 3] = ["listener", "port", "bind_address"];

/// Why the broker cannot be set up beside what it is told already; None: it can.
///
/// With a file of ours (`ours`), listeners that were added to ours are good, at ports other than `port`.
///
/// # Errors
/// When the broker's files cannot be read.
pub fn conflict(place: &Place, ours: bool, port: u16) -> anyhow::Result<Option<String>> {
    let main = place.of(super::settings::MAIN);
    let conf_d = place.of("/etc/mosquitto/conf.d");
    let text = read(&main)?;
    if !settings_of(&text)
        .any(|(_, key, value)| key == "include_dir" && value.trim_end_matches('/') == "/etc/mosquitto/conf.d")
    {
        return Ok(Some(format!(
            "{} does not read the folder conf.d: add the line\n  include_dir /etc/mosquitto/conf.d",
            main.display()
        )));
    }
    let mut files: Vec<PathBuf> = match fs::read_dir(&conf_d) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    files.retain(|path| path.extension().is_some_and(|end| end == "conf") && *path != place.of(settings::CONF));
    files.sort();
    if let Some(found) = find(&main, &text, ours, port) {
        return Ok(Some(found));
    }
    for path in files {
        if let Some(found) = find(&path, &read(&path)?, ours, port) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> anyhow::Result<String> {
    files::read_text(path, files::WRITTEN).with_context(|| format!("cannot read {}", path.display()))
}

/// Number, key and value of each setting.
fn settings_of(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(number, line)| {
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (number, key, value.trim())
    })
}

fn find(path: &Path, text: &str, ours: bool, port: u16) -> Option<String> {
    let is_port = |value: &str| value.split_whitespace().next() == Some(&port.to_string());
    let (line, key, value) = settings_of(text)
        .find(|(_, key, value)| ADMISSION.contains(key) || LISTENERS.contains(key) && (!ours || is_port(value)))?;
    Some(format!(
        "the broker is set up otherwise already: {}:{line}: {key} {value}\n\
         Nothing was changed. Give hearthd a user there (docs/mqtt.md, \"User and password\"), or take that line out and run \
         this again.",
        path.display()
    ))
}

/// It comes in as the user that `hearthd broker` makes for apps.
const HOME_ASSISTANT: &str = "homeassistant";

/// What is to be said to those who are on the broker without a user, with the points of the house (its file's `text`) that hang on
/// them.
pub fn without_user(text: &str) -> String {
    let house: toml::Table = text.parse().unwrap_or_default();
    let tables = ["inputs", "sensors", "outputs"].into_iter().filter_map(|kind| house.get(kind)?.as_table());
    let points: Vec<_> = tables.flatten().collect();
    let mut told = "\nPrograms without a user (such as zigbee2mqtt, Tasmota devices) are no longer let in.".to_owned();
    let mut users = Vec::new();
    for program in config::short_forms().filter(|key| *key != HOME_ASSISTANT) {
        let of_it = points.iter().filter(|(_, point)| point.get(program).is_some());
        let names: Vec<&str> = of_it.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            told += if users.is_empty() { " In this house:\n" } else { "" };
            told += &format!("  {program}: {}\n", names.join(", "));
            users.push(program);
        }
    }
    if users.is_empty() {
        told += "\n";
        users.push("NAME");
    }
    told += "Give each a user and a password, which you then tell it:\n";
    for user in users {
        told += &format!("  sudo mosquitto_passwd {} {user}\n", settings::PASSWORDS);
    }
    told + &format!(
        "and its topics, at the end of {} (docs/mqtt.md, \"A broker of one's own\");\n\
         then: sudo systemctl reload mosquitto\n\n",
        settings::ACL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_who_may_connect_or_where_is_a_conflict() {
        let found = |text: &str, ours| find(Path::new("f"), text, ours, 1883).is_some();
        let debian = "pid_file /run/m.pid\npersistence true\n# listener 1883\n\nlog_dest file /var/log/m.log\n";
        assert!(!found(debian, false));
        for text in ["listener 1883", " port 1884", "allow_anonymous true", "listener\t9001", "auth_plugin /x.so"] {
            assert!(found(&format!("{debian}{text}\n"), false), "{text}");
        }
        assert!(!found("listener 8883\n", true) && found("listener 1883 0.0.0.0\n", true));
        assert!(found("per_listener_settings true\n", true));
    }

    #[test]
    fn the_message_names_the_line() {
        let found = find(Path::new("/etc/x.conf"), "# a\nlistener 1883\n", false, 1883).unwrap();
        assert!(found.starts_with("the broker is set up otherwise already: /etc/x.conf:2: listener 1883\n"), "{found}");
    }
}
