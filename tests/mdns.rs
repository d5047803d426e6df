//! The house is found on the network: by the library that Home Assistant finds services with.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};
use support::{House, PATIENCE, free_port, hash, programs::python, wait_until};

/// Somebody who looks for a service of a name.
struct Finder {
    process: Child,
    // It looks as long as this is open.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Finder {
    fn start(kind: &str, name: &str) -> Finder {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mdns/find.py");
        let mut python = python("python3");
        python.arg(script).args([kind, name]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = python.spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let (said, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).all(|line| said.send(line).is_ok()));
        let finder = Finder { process, input, lines };
        finder.next("listening");
        finder
    }

    /// The rest of the next line that begins so.
    fn next(&self, word: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("waited in vain for {word}"));
            if let Some(rest) = line.strip_prefix(word) {
                return rest.to_owned();
            }
        }
    }

    fn found(&self) -> Value {
        serde_json::from_str(&self.next("found ")).unwrap()
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

#[test]
fn a_house_is_found_moves_and_goes() {
    let (port, moved) = (free_port(), free_port());
    let (own, name) = (format!("hut-{port}"), format!("Ünsre Hütte Nr. {port}"));
    let text = format!(
        "[hub]\nid = \"hut\"\nname = \"{name}\"\n[hardware]\nbackend = \"simulated\"\n\
         [http]\nlisten = \"0.0.0.0:{port}\"\nmdns_name = \"{own}\"\n\
         [http.users.anna]\nhash_file = \"anna.hash\"\n"
    );
    let mut house = House::new(&text);
    fs::write(house.folder.path().join("anna.hash"), hash("correct horse")).unwrap();
    let (service, page) = (Finder::start("_hearthd._tcp.local.", &name), Finder::start("_https._tcp.local.", &name));
    house.up(&[]);
    let found = service.found();
    assert_eq!(found["host"], format!("{own}.local."), "{found}");
    assert_eq!(found["port"], port, "{found}");
    let addresses = found["addresses"].as_array().unwrap();
    assert!(addresses.contains(&"127.0.0.1".into()), "among those of other interfaces: {found}");
    let txt = &found["txt"];
    assert_eq!((&txt["id"], &txt["path"], &txt["tls"]), (&"hut".into(), &"/".into(), &"1".into()), "{found}");
    assert_eq!(page.found()["port"], port);
    house.wait_for_log(&format!("HTTP is announced on the network as {own}.local"));

    // By that name it is asked for, and its certificate has it.
    let mut curl = Command::new("curl");
    curl.args(["-s", "--max-time", "20", "--resolve", &format!("{own}.local:{port}:127.0.0.1"), "--cacert"]);
    curl.arg(house.folder.path().join("state/http.crt")).arg(format!("https://{own}.local:{port}/healthz"));
    let answer = String::from_utf8(curl.output().expect("curl is needed").stdout).unwrap();
    assert!(answer.contains("\"status\""), "{answer:?}");

    // Elsewhere, and without TLS.
    let plain = Finder::start("_http._tcp.local.", &name);
    let elsewhere = format!("0.0.0.0:{moved}\"\nallow_plaintext = true\n#");
    fs::write(&house.config, text.replace(&format!("0.0.0.0:{port}"), &elsewhere)).unwrap();
    wait_until("it is found at the other port", || service.found()["port"] == moved);
    page.next("gone");
    let found = plain.found();
    assert_eq!((&found["port"], &found["txt"]["path"]), (&moved.into(), &"/".into()), "{found}");
    house.stop();
    service.next("gone");
    plain.next("gone");
}

#[test]
fn home_assistant_finds_the_hub() {
    let port = free_port();
    let name = format!("hearthd-hut-{port}");
    let text = format!(
        "[hub]\nid = \"hut_{port}\"\nname = \"Unsre Hütte\"\n[hardware]\nbackend = \"simulated\"\n\
         [homeassistant]\nlisten = \"0.0.0.0:{port}\"\n"
    );
    let mut house = House::new(&text);
    let finder = Finder::start("_esphomelib._tcp.local.", &name);
    house.up(&[]);
    let found = finder.found();
    assert_eq!((&found["host"], &found["port"]), (&format!("{name}.local.").into(), &port.into()), "{found}");
    let txt = &found["txt"];
    assert_eq!(txt["friendly_name"], "Unsre Hütte");
    assert_eq!(txt["api_encryption"], "Noise_NNpsk0_25519_ChaChaPoly_SHA256");
    let mac = fs::read_to_string(house.folder.path().join("state/homeassistant.mac")).unwrap();
    assert_eq!(txt["mac"], mac.trim_end());
    house.stop();
    finder.next("gone");
}
