//! The broker's settings as mosquitto writes them, and those of `[mqtt]` that go with them.

use super::{HEARTHD, SECRET};

/// What Debian has for the broker itself.
pub const MAIN: &str = "/etc/mosquitto/mosquitto.conf";
/// Files of hearthd's own.
pub const CONF: &str = "/etc/mosquitto/conf.d/hearthd.conf";
pub const PASSWORDS: &str = "/etc/mosquitto/hearthd.passwords";
pub const ACL: &str = "/etc/mosquitto/hearthd.acl";

/// By this our file is known.
const MARK: &str = "# Written by `hearthd broker`";

/// Where only programs on this machine can connect.
pub const LOCAL: &str = "127.0.0.1";
/// Where those on other machines can, too: a listener without an address.
pub const EVERYWHERE: &str = "";

/// Who can connect to a listener there, for people. Of others that somebody added it says nothing.
pub fn reach(address: &str, port: u16) -> String {
    match address {
        EVERYWHERE => format!(
            "At port {port}, programs on other machines can connect, with a password, which goes over the network in the clear: \
             docs/mqtt.md, \"TLS\"."
        ),
        LOCAL => format!(
            "At port {port}, only programs on this machine can connect. For apps, Home Assistant or devices on others: \
             sudo hearthd broker --network"
        ),
        _ => format!("It listens at {address}, port {port}."),
    }
}

/// Whether a program on this machine comes by this name to [`LOCAL`].
pub fn is_local(host: &str) -> bool {
    ["localhost", LOCAL].contains(&host)
}

/// Whether a file in the place of [`CONF`] is ours.
pub fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
}

/// Port and address, if any, of the listener in [`CONF`].
pub fn listener(conf: &str) -> Option<(u16, &str)> {
    let rest = conf.lines().find_map(|line| line.strip_prefix("listener "))?.trim();
    let (port, address) = rest.split_once(char::is_whitespace).unwrap_or((rest, EVERYWHERE));
    Some((port.parse().ok()?, address.trim()))
}

/// What [`CONF`] says. Who may connect is said for all listeners, so that one that is added later asks for a password, too.
pub fn conf(port: u16, address: &str) -> String {
    let space = if address.is_empty() { "" } else { " " };
    format!(
        "{MARK}, and taken back by `hearthd broker --remove`.\n\
         # Write settings of your own into another file of this folder.\n\
         allow_anonymous false\n\
         password_file {PASSWORDS}\n\
         acl_file {ACL}\n\
         set_tcp_nodelay true\n\
         listener {port}{space}{address}\n"
    )
}

/// The lines of `[mqtt]`.
pub fn mqtt(port: u16) -> String {
    format!("url = \"mqtt://localhost:{port}\"\nusername = \"{HEARTHD}\"\npassword_file = \"{SECRET}\"\n")
}

/// What is added to a configuration without `[mqtt]`. At the end a table changes no other.
pub fn table(port: u16) -> String {
    format!("\n[mqtt]                # by `hearthd broker`\n{}", mqtt(port))
}

/// The text of [`table`] in a configuration, whatever its port.
pub fn find_table(text: &str) -> Option<String> {
    let start = text.find("\n[mqtt]                # by `hearthd broker`\n")?;
    let port = text[start..].split_once("localhost:")?.1.split_once('"')?.0.parse().ok()?;
    Some(table(port)).filter(|table| text[start..].starts_with(table.as_str()))
}

/// What a configuration says of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InConfig {
    Nothing,
    /// User and password as [`mqtt`] has them.
    Ours,
    /// This machine's broker, without a user.
    Anonymous,
    Other,
}

pub fn in_config(text: &str) -> InConfig {
    let Ok(table) = text.parse::<toml::Table>() else { return InConfig::Other };
    let Some(mqtt) = table.get("mqtt") else { return InConfig::Nothing };
    let says = |key, value| mqtt.get(key).and_then(toml::Value::as_str) == Some(value);
    let url = mqtt.get("url").and_then(toml::Value::as_str).and_then(|url| url.strip_prefix("mqtt://"));
    let is_local = url.is_some_and(|rest| is_local(rest.split([':', '/']).next().unwrap_or(rest)));
    let has_login = ["username", "password", "password_file"].iter().any(|key| mqtt.get(key).is_some());
    match (says("username", HEARTHD) && says("password_file", SECRET), is_local && !has_login) {
        (true, _) => InConfig::Ours,
        (false, true) => InConfig::Anonymous,
        (false, false) => InConfig::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_was_added_is_found_again_as_long_as_nobody_changed_it() {
        let text = format!("[hub]\nid = \"hut\"\n{}", table(1884));
        assert_eq!(in_config(&text), InConfig::Ours);
        let found = find_table(&text).unwrap();
        assert_eq!(text.replacen(&found, "", 1), "[hub]\nid = \"hut\"\n");
        assert_eq!(find_table(&text.replace("hearthd\"", "other\"")), None);
        assert_eq!(in_config("[mqtt]\nurl = \"mqtt://b\"\n"), InConfig::Other);
        assert_eq!(in_config("[mqtt]\nurl = \"mqtt://localhost:1883\"\n"), InConfig::Anonymous);
        assert_eq!(in_config("[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\n"), InConfig::Other);
        assert_eq!(in_config("[mqtt]\nurl = \"mqtt://me:pw@localhost\"\n"), InConfig::Other);
        assert_eq!(in_config("[hub]\n"), InConfig::Nothing);
    }

    #[test]
    fn nobody_enters_without_a_password() {
        let open = conf(1883, EVERYWHERE);
        assert!(is_ours(&open) && open.contains("\nallow_anonymous false\n") && open.ends_with("\nlistener 1883\n"));
        let local = conf(1884, LOCAL);
        assert!(local.ends_with("\nlistener 1884 127.0.0.1\n"));
        assert_eq!((listener(&open), listener(&local)), (Some((1883, EVERYWHERE)), Some((1884, LOCAL))));
    }
}
