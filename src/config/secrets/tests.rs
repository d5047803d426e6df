//! Slips in lines that hold a password, and what is shown of them.

use super::Secrets;
use crate::config::parse;
use std::path::Path;

/// Ways to write a password wrong; `SECRET` stands for it.
const SLIPS: &[&str] = &[
    // Without quotes, with a slip in the key, in the table, in between.
    "[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\npassword = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = 'SECRET\nusername = \"me\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = “SECRET”",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword: SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword SECRET=SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword == \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = [\"SECRET\"]",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = [\n  \"SECRET\",\n  hall\n]",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"\"\"\nSECRET\n\"\"\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"SECRET\" hall",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"SECRET\" # SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"x\\SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = SECRET SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword = \"SECRET\"\npassword = \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\n\"password\" = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npasword = \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\nPassword = \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\nPASSWORD = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npwd = \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npass = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassphrase = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\nmqtt_password = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\nkennung = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\n= \"SECRET\"",
    "[MQTT]\nurl = \"mqtt://localhost\"\ncode = SECRET",
    "[mqqt]\nurl = \"mqtt://localhost\"\ncode = \"SECRET\"",
    "[broker]\nurl = \"mqtt://localhost\"\npassword = \"SECRET\"",
    "[[mqtt]]\nurl = \"mqtt://localhost\"\npassword = \"SECRET\"",
    "[mqtt\nurl = \"mqtt://localhost\"\npassword = SECRET",
    "password = SECRET",
    "[hub.mqtt]\npassword = \"SECRET\"",
    // In one line.
    "mqtt = { url = \"mqtt://localhost\", password = SECRET }",
    "mqtt = { url = \"mqtt://localhost\", pasword = \"SECRET\" }",
    "mqtt = { url = \"mqtt://localhost\", word = \"SECRET\" }",
    "mqtt = { password = \"SECRET\", url = \"localhost\" }",
    "mqtt.password = SECRET",
    "mqtt.pasword = \"SECRET\"",
    "mqtt.word = \"SECRET\"",
    "mqtt = \"SECRET\"",
    "mqtt = \"mqtt://me:SECRET@localhost\"",
    "mqtt: SECRET",
    "mqtt = { url = \"mqtt://x\", password: \"SECRET\" }",
    "mqtt = { url = \"mqtt://x\", username = \"u\", \"password\" : \"SECRET\" }",
    "mqtt = { url = \"mqtt://x\", username = \"u\", password \"SECRET\" }",
    "mqtt: { url: \"mqtt://x\", password: \"SECRET\" }",
    "{ \"mqtt\": { \"password\": \"SECRET\" } }",
    "{ \"mqtt\": { \"login\": \"SECRET\" } }",
    "[mqtt]\nurl = \"mqtt://x\", password: \"SECRET\"",
    "[mqtt]\nusername: u; password: SECRET",
    "[mqtt]\nusername = \"u\" password \"SECRET\"",
    "[mqtt] url = \"mqtt://x\" username = \"u\" password: \"SECRET\"",
    // On the next line.
    "[mqtt]\nurl = \"mqtt://x\"\npassword =\n\"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword =\n\n  SECRET\nusername = \"me\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword = # mine\n\"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\n\"password\"\n\"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword = \\\n SECRET",
    "[mqtt]\nurl = \"mqtt://x\"\npassword_file =\n\"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword = \"x\nSECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword = ['a]',\n SECRET ]",
    "[mqtt]\nurl = \"mqtt://me:\nSECRET@x\"",
    "mqtt = {\n url = \"mqtt://x\",\n password\n = \"SECRET\"\n}",
    "mqtt = {\n url = \"mqtt://x\",\n login = \"SECRET\"\n}",
    "mqtt = {\n username = {n = \"x\"},\n login = \"SECRET\"\n}",
    "mqtt = {\n url = \"a{}\",\n login = \"SECRET\"\n}",
    // With other quotes in it.
    "[mqtt]\npassword = “x'SECRET”",
    "[mqtt]\npassword = „x\"SECRET“",
    "[mqtt]\npassword = \"\"ab”SECRET\"\"",
    "[mqtt]\nurl = \"mqtt://x\"\npassword_file = \"Zq7'SECRET\"",
    "[mqtt]\nurl = \"mqtt://me:x #SECRET\"",
    // Beside another value.
    "[mqtt]\nurl = \"mqtt://x\"\nusername = [\"u\", \"SECRET\"]",
    "[mqtt]\nurl = \"mqtt://x\"\nusername = \"u\" \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\nusername = \"u\" / \"SECRET\"",
    "[mqtt]\nurl = \"mqtt://x\"\nusername = \"u\" SECRET",
    "[mqtt]\nurl = \"mqtt://x\"\nusername = u SECRET",
    "[mqtt]\nurl = \"mqtt://x\"\nusername = \"u\"\n\"SECRET\"",
    // By other names.
    "mqttpassword = SECRET",
    "mqttpass = SECRET",
    "brokerpassword = SECRET",
    "credentials = SECRET",
    "[hub]\nbroker_url = me:SECRET@x",
    "[hub]\nurl = me:SECRET@host",
    "[mqtt_broker]\nlogin = SECRET",
    "[mqtt-broker]\nlogin = SECRET",
    "[mosquitto]\nlogin = SECRET",
    "[hub.mqtt]\nlogin = SECRET",
    "[hardware]\ntoken = SECRET",
    // In the address.
    "[mqtt]\nurl = \"mqtt://me:SECRET@localhost\"",
    "[mqtt]\nurl = \"mqtt://me:SECRET@localhost:1883\" # mine",
    "[mqtt]\nurl = mqtt://me:SECRET@localhost",
    "[mqtt]\nurl = \"mqtts://me:SECRET@localhost\"",
    "[mqtt]\nurl = \"http://me:SECRET@localhost\"",
    "[mqtt]\nurl = \"me:SECRET@localhost\"",
    "[mqtt]\nurl = \"mqtt:me:SECRET@localhost\"",
    "[mqtt]\nurl = \"mqtt://me:SE@CRET@localhost\"",
    "[mqtt]\nurl = \"mqtt://localhost:SECRET\"",
    "[mqtt]\nhost = \"me:SECRET@localhost\"",
    "[mqtt]\nbroker = \"mqtt://me:SECRET@localhost\"",
    "[hub]\nid = \"mqtt://me:SECRET@localhost\"",
    // The other keys of the table.
    "[mqtt]\nurl = \"mqtt://localhost\"\nusername = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\nclient_id = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\nkeep_alive = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\nprefix = \"/SECRET/\"",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword_file = SECRET",
    "[mqtt]\nurl = \"mqtt://localhost\"\npassword_file = [\"SECRET\"]",
];

/// Short and long, with characters that are written otherwise in messages.
const SECRETS: [&str; 7] = [
    "hunter2",
    "73541928",
    "0073541928",
    "xq7",
    "Tr0ub4dor&3",
    "correct-horse-battery-staple-0123456789-and-some-more",
    "pä§wörter",
];

#[test]
fn no_message_tells_a_password() {
    for slip in SLIPS {
        for secret in SECRETS {
            let text = slip.replace("SECRET", secret).replace("SE@CRET", &format!("x@{secret}"));
            let Err(report) = parse(Path::new("config.toml"), &text) else { panic!("accepted: {text}") };
            let told = report.to_string();
            let shown = told.lines().filter(|line| {
                // The line of a key that is no password is shown as it is.
                let plain = ["username", "client_id", "keep_alive", "prefix"];
                let is_plain = |key: &&str| {
                    line.contains(&format!("| {key} = {secret}")) || line.contains(&format!("| {key} = \"/{secret}/\""))
                };
                !plain.iter().any(is_plain)
            });
            // Neither whole nor cut off.
            let piece: String = secret.trim_start_matches('0').chars().take(6).collect();
            for line in shown {
                assert!(!line.contains(&piece), "{text}\n{told}");
            }
        }
    }
}

#[test]
fn what_is_no_password_is_shown() {
    for (line, key) in [
        ("[rooms.passage]\nmotoin = [\"passage_motion\"]", "passage_motion"),
        ("[[rules]]\nname = \"a\"\nwhile = \"dark\"\nset = { bypass_valve = \"onn\" }", "bypass_valve = \"onn\""),
        ("[modes]\nlist = [\"a@b\"]", "a@b"),
        ("[outputs.mat]\nkind = \"lihgt\"", "lihgt"),
    ] {
        let text = format!("[hub]\nid = \"home\"\n{line}");
        let Err(report) = parse(Path::new("config.toml"), &text) else { panic!("accepted: {text}") };
        assert!(report.to_string().contains(key), "{report}");
    }
}

#[test]
fn names_of_files_are_shown_and_keys_are_not() {
    let text =
        "[mqtt]\nurl = \"mqtts://b\"\nca_file = \"ca2.crt\"\nkey_file = \"hub1.key\"\nkey_file = '-----BEGIN geheim'\n";
    let secrets = Secrets::of(text);
    let hidden = |line: &str| {
        let start = text.find(line).unwrap();
        secrets.in_line(start..start + line.len())
    };
    assert!(hidden("ca_file = \"ca2.crt\"").is_empty() && hidden("key_file = \"hub1.key\"").is_empty());
    assert!(!hidden("key_file = '-----BEGIN geheim'").is_empty());
    let message = "cannot read /etc/hearthd/hub1.key: there is no such file".to_owned();
    assert_eq!(secrets.redact(message.clone(), &(0..text.len())), message);
}
