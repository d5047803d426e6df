//! TLS and WebSockets: a whole house with a real mosquitto, certificates made by the test, and every way in which they can be
//! wrong. What is wrong is said, and never is anything sent in the clear instead.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "tls/authority.rs"]
mod authority;
#[path = "tls/gateway.rs"]
mod gateway;
mod support;

use authority::{Authority, Pair, Valid};
use gateway::Gateway;
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
};
use support::{Broker, House, PATIENCE, Watcher, free_port, wait_until};
use tempfile::TempDir;

/// The name in the brokers' certificates; it leads to this machine everywhere.
const HOST: &str = "localhost";

/// A broker with TLS on one port, and without on another, for those who watch.
struct TlsBroker {
    broker: Broker,
    port: u16,
    folder: TempDir,
}

impl TlsBroker {
    fn start(pair: &Pair, more: &str) -> TlsBroker {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let (certificate, key) = pair.write(folder.path(), "broker");
        // As root, mosquitto becomes another user, who must read them.
        for path in [folder.path(), &certificate, &key] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut broker = Broker::reserve();
        let more =
            if more.contains("allow_anonymous") { more.to_owned() } else { format!("allow_anonymous true\n{more}") };
        broker.add_listener(&format!(
            "listener {port} 127.0.0.1\ncertfile {}\nkeyfile {}\n{more}",
            certificate.display(),
            key.display()
        ));
        broker.up();
        TlsBroker { broker, port, folder }
    }

    fn watch(&self) -> Watcher {
        Watcher::start(self.broker.port, "hearthd/cottage/#")
    }

    /// Starts again with another certificate.
    fn renew(&mut self, pair: &Pair) {
        self.broker.kill();
        pair.write(self.folder.path(), "broker");
        self.broker.up();
    }
}

/// One lamp; `mqtt` are the lines of `[mqtt]`.
fn house(mqtt: &str) -> House {
    House::new(&config(mqtt))
}

fn config(mqtt: &str) -> String {
    format!(
        "[hub]\nid = \"cottage\"\n[mqtt]\n{mqtt}\n[hardware]\nbackend = \"simulated\"\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\n"
    )
}

/// A house that trusts an authority.
fn trusting(authority: &Authority, mqtt: &str) -> House {
    let house = house(&format!("ca_file = \"ca.crt\"\n{mqtt}"));
    fs::write(house.folder.path().join("ca.crt"), &authority.pem).unwrap();
    house
}

/// The house publishes and obeys.
fn assert_works(house: &House, watcher: &Watcher) {
    watcher.wait_for("hearthd/cottage/availability", "online");
    wait_until("the status says so", || house.status()["broker"]["connected"] == true);
    for state in ["ON", "OFF"] {
        watcher.publish("hearthd/cottage/lamp/set", state);
        watcher.wait_for("hearthd/cottage/lamp/state", state);
        assert_eq!(house.value("lamp"), state);
    }
}

/// The house says this of its broker, and works on.
fn assert_told(house: &House, told: &str) {
    let error = || house.status()["broker"]["error"].as_str().unwrap_or_default().to_owned();
    wait_until(&format!("the status says {told:?}"), || error().contains(told));
    house.wait_for_log(told);
    assert_eq!(house.status()["broker"]["connected"], false);
    house.ask(&["set", "lamp", "on"]);
    assert_eq!(house.value("lamp"), "ON");
}

#[test]
fn a_broker_with_a_certificate_of_our_authority_is_used() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), "");
    let mut house = trusting(&authority, &format!("url = \"mqtts://{HOST}:{}\"", broker.port));
    house.up(&[]);
    assert_works(&house, &broker.watch());
    house.wait_for_log(&format!(
        "connected to the broker at mqtts://{HOST}:{} as hearthd-cottage, by MQTT 5",
        broker.port
    ));
    let watcher = broker.watch();
    assert!(house.stop());
    watcher.wait_for("hearthd/cottage/availability", "offline");
}

#[test]
fn an_address_and_tls_1_2_will_do() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&["127.0.0.1"], Valid::Now), "tls_version tlsv1.2");
    let mut house = trusting(&authority, &format!("url = \"mqtts://127.0.0.1:{}\"", broker.port));
    house.up(&[]);
    assert_works(&house, &broker.watch());
}

#[test]
fn without_a_ca_file_the_authorities_of_the_system_count() {
    let (authority, other) = (Authority::new("Hearth"), Authority::new("Stranger"));
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), "");
    let mut house = house(&format!("url = \"mqtts://{HOST}:{}\"", broker.port));
    let system = house.folder.path().join("system.crt");
    fs::write(&system, other.pem.clone() + &authority.pem).unwrap();
    house.spawn_with(&[("SSL_CERT_FILE", system.to_str().unwrap())]);
    assert_works(&house, &broker.watch());
    house.kill();

    fs::write(&system, &other.pem).unwrap();
    house.spawn_with(&[("SSL_CERT_FILE", system.to_str().unwrap())]);
    house.wait_for_log("not from an authority that this system knows: name its certificate in mqtt.ca_file");
    house.kill();

    fs::write(&system, "").unwrap();
    house.spawn_with(&[("SSL_CERT_FILE", system.to_str().unwrap()), ("SSL_CERT_DIR", "")]);
    house.wait_for_log("this system has no certificates of authorities: sudo apt install ca-certificates");
}

/// Each wrong certificate has its own message, and a broker that gets a right one is used without a restart.
#[test]
fn a_wrong_certificate_is_refused_and_named() {
    let (authority, stranger) = (Authority::new("Hearth"), Authority::new("Stranger"));
    let right = authority.broker(&[HOST], Valid::Now);
    let mut broker = TlsBroker::start(&right, "");
    for (pair, told) in [
        (stranger.broker(&[HOST], Valid::Now), "not from an authority that is in"),
        (authority.broker(&[HOST], Valid::NoMore), "has expired on 2001-01-01: renew it at the broker"),
        (
            authority.broker(&[HOST], Valid::NotYet),
            "not valid before 2190-01-01, and the clock of this machine is set to",
        ),
        (authority.broker(&["other.example"], Valid::Now), "is for other.example, not for localhost"),
        (authority.broker(&[], Valid::Now), "names no host (it needs a subjectAltName), not for localhost"),
        (authority.client(HOST), "cannot be accepted"),
    ] {
        broker.renew(&pair);
        let mut house = trusting(&authority, &format!("url = \"mqtts://{HOST}:{}\"", broker.port));
        house.up(&[]);
        assert_told(&house, told);
        assert!(broker.watch().last("hearthd/cottage/availability").is_none());
        broker.renew(&right);
        assert_works(&house, &broker.watch());
    }
}

#[test]
fn an_authority_that_serves_is_told_what_to_do() {
    let authority = Authority::new(HOST);
    let own = authority.own();
    let broker = TlsBroker::start(&own, "");
    let mut house = trusting(&authority, &format!("url = \"mqtts://{HOST}:{}\"", broker.port));
    house.up(&[]);
    assert_told(&house, "the certificate of an authority (CA:TRUE), which no server may");
}

#[test]
fn a_clock_that_is_not_set_yet_is_suspected() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::NotYet), "");
    let mut house = trusting(&authority, &format!("url = \"mqtts://{HOST}:{}\"", broker.port));
    house.up(&[]);
    assert_told(&house, "it may not be set yet (see timedatectl)");
    // It is tried again soon: the clock may be right in a moment.
    wait_until("several tries", || house.status()["broker"]["attempts"].as_u64().is_some_and(|tries| tries >= 4));
}

#[test]
fn the_name_in_the_certificate_can_be_given() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&["broker.example"], Valid::Now), "");
    let url = format!("url = \"mqtts://127.0.0.1:{}\"", broker.port);
    let mut house = trusting(&authority, &url);
    house.up(&[]);
    assert_told(&house, "is for broker.example, not for 127.0.0.1");

    // A reload is enough.
    let text = fs::read_to_string(&house.config).unwrap();
    fs::write(&house.config, text.replace(&url, &format!("{url}\nserver_name = \"broker.example\""))).unwrap();
    assert_works(&house, &broker.watch());
}

#[test]
fn a_broker_that_asks_for_our_certificate_gets_it() {
    let (authority, stranger) = (Authority::new("Hearth"), Authority::new("Stranger"));
    for version in ["tlsv1.2", "tlsv1.3"] {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ca = folder.path().join("ca.crt");
        fs::write(&ca, &authority.pem).unwrap();
        let more = format!(
            "cafile {}\nrequire_certificate true\nuse_identity_as_username true\ntls_version {version}",
            ca.display()
        );
        let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), &more);
        let url = format!("url = \"mqtts://{HOST}:{}\"", broker.port);
        let mut house = trusting(&authority, &url);
        house.up(&[]);
        assert_told(&house, "for a certificate of ours");

        let text = fs::read_to_string(&house.config).unwrap();
        stranger.client("hub").write(house.folder.path(), "hub");
        fs::write(
            &house.config,
            text.replace(&url, &format!("{url}\ncert_file = \"hub.crt\"\nkey_file = \"hub.key\"")),
        )
        .unwrap();
        wait_until("ours is refused", || {
            let error = house.status()["broker"]["error"].as_str().unwrap_or_default().to_owned();
            error.contains("refuses our certificate") || error.contains("may not accept our certificate")
        });

        // They are read again for each connection, and a reload takes changed ones.
        authority.client("hub").write(house.folder.path(), "hub");
        assert_works(&house, &broker.watch());
    }
}

#[test]
fn renewed_files_are_read_at_the_next_connection_and_by_a_reload() {
    let (first, second) = (Authority::new("First"), Authority::new("Second"));
    let mut broker = TlsBroker::start(&first.broker(&[HOST], Valid::Now), "");
    let elsewhere = TempDir::new().unwrap();
    let ca = elsewhere.path().join("ca.crt");
    fs::write(&ca, &first.pem).unwrap();
    let mut house = house(&format!("url = \"mqtts://{HOST}:{}\"\nca_file = \"{}\"", broker.port, ca.display()));
    house.up(&[]);
    assert_works(&house, &broker.watch());

    // Nobody watches that folder; the next connection reads it.
    broker.renew(&second.broker(&[HOST], Valid::Now));
    assert_told(&house, "not from an authority that is in");
    fs::write(&ca, &second.pem).unwrap();
    assert_works(&house, &broker.watch());

    // A reload of the same configuration takes the new files at once.
    let connected = || house.log().matches("connected to the broker at").count();
    let before = connected();
    fs::write(&ca, first.pem.clone() + &second.pem).unwrap();
    house.signal("HUP");
    wait_until("it connects anew", || connected() > before);
    assert_works(&house, &broker.watch());

    // While it is gone, the file in force is refused, and the connection stays.
    fs::remove_file(&ca).unwrap();
    house.signal("HUP");
    house.wait_for_log("there is no such file");
    assert_works(&house, &broker.watch());
    broker.broker.kill();
    broker.broker.up();
    assert_told(&house, "cannot read");
    fs::write(&ca, &second.pem).unwrap();
    assert_works(&house, &broker.watch());
}

#[test]
fn a_broker_without_tls_is_told_nothing() {
    let broker = Broker::start();
    let watcher = Watcher::start(broker.port, "#");
    let authority = Authority::new("Hearth");
    let mut house = trusting(
        &authority,
        &format!("url = \"mqtts://127.0.0.1:{}\"\nusername = \"hub\"\npassword = \"gEheim-Wort\"", broker.port),
    );
    house.up(&[]);
    assert_told(&house, "does not speak TLS, and nothing was sent in the clear");
    assert!(watcher.all_of_any("").is_empty());
    drop(broker);

    // Whoever listens there sees nothing but the beginning of TLS, however it answers.
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0x20, 2, 0, 0], b""] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard_in, heard) = mpsc::channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let mut bytes = vec![0; 4096];
                let read = socket.read(&mut bytes).unwrap_or_default();
                let _ = socket.write_all(answer);
                bytes.truncate(read);
                while answer.is_empty() && socket.read(&mut [0]).is_ok_and(|read| read > 0) {}
                if heard_in.send(bytes).is_err() {
                    return;
                }
            }
        });
        let mut house = trusting(
            &authority,
            &format!(
                "url = \"mqtts://127.0.0.1:{port}\"\nconnect_timeout = \"1s\"\nusername = \"hub\"\npassword = \"gEheim-Wort\""
            ),
        );
        house.up(&[]);
        let told = if answer.is_empty() { "did not begin TLS within 1 s" } else { "does not speak TLS" };
        assert_told(&house, told);
        let bytes = heard.recv_timeout(PATIENCE).unwrap();
        assert_eq!(bytes[..2], [0x16, 3], "a ClientHello");
        for secret in [&b"gEheim"[..], b"cottage", b"MQTT"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn a_broker_with_tls_at_a_plain_address_is_recognised() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), "");
    for (scheme, told) in [("mqtt", "write mqtts:// in mqtt.url"), ("ws", "write wss:// in mqtt.url")] {
        let mut house = house(&format!("url = \"{scheme}://{HOST}:{}\"", broker.port));
        house.up(&[]);
        assert_told(&house, &format!("the broker speaks TLS on port {}: {told}", broker.port));
    }
}

#[test]
fn websockets_carry_a_house_with_tls_and_without() {
    let authority = Authority::new("Hearth");
    let pair = authority.broker(&[HOST], Valid::Now);
    let broker = Broker::start();
    for (scheme, gateway) in
        [("ws", Gateway::start(broker.port, None)), ("wss", Gateway::start(broker.port, Some(&pair)))]
    {
        let url = format!("{scheme}://{HOST}:{}/house/mqtt", gateway.port);
        let mut house = match scheme {
            "ws" => house(&format!("url = \"{url}\"")),
            _ => trusting(&authority, &format!("url = \"{url}\"")),
        };
        house.up(&[]);
        let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
        assert_works(&house, &watcher);
        house.wait_for_log(&format!("connected to the broker at {url} as"));
        assert!(house.stop());
        watcher.wait_for("hearthd/cottage/availability", "offline");

        let text = fs::read_to_string(&house.config).unwrap();
        fs::write(&house.config, text.replace("/house/mqtt", "/mqtt")).unwrap();
        house.up(&[]);
        assert_told(&house, "the web server there answers 404 Not Found to /mqtt: check the path in mqtt.url");
    }
}

#[test]
fn what_is_no_websocket_is_called_so() {
    let broker = Broker::start();
    let mut plain = house(&format!("url = \"ws://127.0.0.1:{}\"", broker.port));
    plain.up(&[]);
    assert_told(&plain, "the broker closed the connection");
    let authority = Authority::new("Hearth");
    let stranger = Authority::new("Stranger").broker(&[HOST], Valid::Now);
    let gateway = Gateway::start(broker.port, Some(&stranger));
    let mut secure = trusting(&authority, &format!("url = \"wss://{HOST}:{}/house/mqtt\"", gateway.port));
    secure.up(&[]);
    assert_told(&secure, "not from an authority that is in");
}

#[test]
fn files_that_are_wrong_are_named_by_check() {
    let authority = Authority::new("Hearth");
    let pair = authority.client("hub");
    let mqtt = "url = \"mqtts://localhost\"\nca_file = \"ca.crt\"\ncert_file = \"hub.crt\"\nkey_file = \"hub.key\"";
    let house = house(mqtt);
    let path = |name: &str| house.folder.path().join(name);
    let check = || {
        let output = house.console(&["check"]);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (good, said) = check();
    assert!(!good && said.matches("there is no such file").count() == 3, "{said}");
    assert!(said.contains("config.toml:5:11") && said.contains("ca.crt: there is no such file"), "{said}");

    fs::write(path("ca.crt"), &authority.pem).unwrap();
    pair.write(house.folder.path(), "hub");
    assert_eq!(check(), (true, String::new()));

    let encrypted = pair.key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let request = authority.pem.replace("CERTIFICATE", "CERTIFICATE REQUEST");
    for (name, text, told) in [
        ("ca.crt", "no certificate", "holds no certificate in PEM form"),
        ("ca.crt", &pair.key, "holds a private key and no certificate"),
        ("hub.crt", &request, "holds a request for a certificate"),
        ("hub.key", &authority.pem, "holds a certificate and no private key"),
        ("hub.key", &encrypted, "holds a key that only a passphrase opens"),
        ("hub.key", &authority.client("other").key, "is not the key of the certificate"),
    ] {
        let before = fs::read_to_string(path(name)).unwrap();
        fs::write(path(name), text).unwrap();
        let (good, said) = check();
        assert!(!good && said.contains(&format!("{} {told}", path(name).display())), "{said}");
        assert!(!said.contains(pair.key.lines().nth(1).unwrap()), "a key is shown nowhere");
        fs::write(path(name), before).unwrap();
    }
    fs::remove_file(path("hub.key")).unwrap();
    fs::create_dir(path("hub.key")).unwrap();
    assert!(check().1.contains("hub.key: it is a directory"), "{}", check().1);
}

/// The files were right when the configuration was read, and one is another by now.
#[test]
fn a_key_of_another_certificate_is_found_out() {
    let authority = Authority::new("Hearth");
    let server = authority.broker(&[HOST], Valid::Now);
    let mut broker = TlsBroker::start(&server, "");
    let elsewhere = TempDir::new().unwrap();
    let (cert, key) = authority.client("hub").write(elsewhere.path(), "hub");
    let pair = format!("cert_file = \"{}\"\nkey_file = \"{}\"", cert.display(), key.display());
    let mut house = trusting(&authority, &format!("url = \"mqtts://{HOST}:{}\"\n{pair}", broker.port));
    house.up(&[]);
    assert_works(&house, &broker.watch());
    fs::write(&key, authority.client("other").key).unwrap();
    broker.renew(&server);
    assert_told(&house, "hub.key is not the key of the certificate");
}

/// A password and a key by systemd's credentials: neither is in anything that others can see.
#[test]
fn secrets_are_seen_nowhere() {
    const SECRET: &str = "gEheim-Wort";
    let authority = Authority::new("Hearth");
    let password = TempDir::new().unwrap();
    fs::set_permissions(password.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let passwords = password.path().join("passwords");
    assert!(passwd(&passwords, "hub", SECRET), "mosquitto_passwd comes with mosquitto");
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o644)).unwrap();
    let more = format!("allow_anonymous false\npassword_file {}", passwords.display());
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), &more);
    let url = format!("url = \"mqtts://{HOST}:{}\"", broker.port);
    let mut house = trusting(
        &authority,
        &format!(
            "{url}\nusername = \"hub\"\npassword_file = \"word\"\ncert_file = \"hub.crt\"\nkey_file = \"hub.key\""
        ),
    );
    let credentials = TempDir::new().unwrap();
    fs::write(credentials.path().join("word"), SECRET).unwrap();
    let client = authority.client("hub");
    client.write(credentials.path(), "hub");
    let key = client.key.lines().nth(1).unwrap().to_owned();
    let directory = credentials.path().to_str().unwrap();
    house.spawn_with(&[("CREDENTIALS_DIRECTORY", directory)]);
    assert_works(&house, &broker.watch());

    // A refused password, and a connection that ends: neither tells more.
    fs::write(credentials.path().join("word"), format!("{SECRET}-other")).unwrap();
    house.signal("HUP");
    assert_told(&house, "the broker refuses user hub: check the user name and password in [mqtt]");

    let proc = |name: &str| fs::read(format!("/proc/{}/{name}", house.pid())).unwrap();
    let mut seen: Vec<(&str, String)> =
        ["cmdline", "environ"].map(|name| (name, String::from_utf8_lossy(&proc(name)).into_owned())).into();
    seen.push(("log", house.log()));
    for command in [&["status"][..], &["status", "--json"], &["check"], &["why", "lamp"]] {
        let output = house.console(command);
        seen.push(("console", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()));
    }
    let new = house.folder.path().join("new.toml");
    let text = fs::read_to_string(&house.config).unwrap();
    fs::write(&new, text.replace("password_file = \"word\"", &format!("password = \"{SECRET}\""))).unwrap();
    fs::write(house.folder.path().join("hub.crt"), &client.certificate).unwrap();
    fs::write(house.folder.path().join("hub.key"), &client.key).unwrap();
    let plan = house.console(&["plan", new.to_str().unwrap()]);
    let plan = String::from_utf8_lossy(&[plan.stdout, plan.stderr].concat()).into_owned();
    assert!(plan.contains("mqtt.password: (hidden)"), "{plan}");
    seen.push(("plan", plan));
    for (what, text) in seen {
        assert!(!text.contains(SECRET) && !text.contains(&key), "{what}: {text}");
    }
}

fn passwd(file: &Path, user: &str, password: &str) -> bool {
    let arguments = ["-c", "-b", file.to_str().unwrap(), user, password];
    Command::new("mosquitto_passwd").args(arguments).status().is_ok_and(|status| status.success())
}

#[test]
fn from_mqtt_to_mqtts_the_house_stays_where_it_is_and_what_went_goes() {
    let authority = Authority::new("Hearth");
    let broker = TlsBroker::start(&authority.broker(&[HOST], Valid::Now), "");
    let fan = "[outputs.fan]\nkind = \"fan\"\ngpio = 27\n";
    let pump = "[outputs.pump]\nkind = \"switch\"\nmqtt = \"garden/pump/set\"\n";
    let plain = format!("url = \"mqtt://{HOST}:{}\"", broker.broker.port);
    let mut house = House::new(&(config(&plain) + fan + pump));
    fs::write(house.folder.path().join("ca.crt"), &authority.pem).unwrap();
    house.up(&[]);
    let watcher = Watcher::start(broker.broker.port, "#");
    watcher.wait_for("hearthd/cottage/availability", "online");
    watcher.wait_for("hearthd/cottage/fan/state", "OFF");
    house.ask(&["set", "pump", "on"]);
    watcher.wait_for("garden/pump/set", "ON");
    watcher.wait_for("hearthd/cottage/pump/state", "ON");
    watcher.forget();
    let secure = config(&format!("url = \"mqtts://{HOST}:{}\"\nca_file = \"ca.crt\"", broker.port)) + pump;
    fs::write(&house.config, secure).unwrap();
    house.wait_for_log(&format!("connected to the broker at mqtts://{HOST}:{}", broker.port));
    assert_works(&house, &watcher);
    watcher.wait_for("hearthd/cottage/fan/state", "");
    watcher.wait_for("hearthd/cottage/fan/availability", "");
    for kept in ["hearthd/cottage/lamp", "hearthd/cottage/availability", "homeassistant/device"] {
        let said = watcher.all_of_any(kept);
        assert!(!said.is_empty() && said.iter().all(|message| !message.payload.is_empty()), "{kept}: {said:?}");
    }
    // It is on the same broker: a reload is no reason to switch it off, and an end is one.
    house.ask(&["set", "pump", "off"]);
    watcher.wait_for("garden/pump/set", "OFF");
    let told = watcher.all_of_any("garden/pump/set");
    assert_eq!(told.iter().filter(|message| message.payload == "OFF").count(), 1, "{told:?}");
    // It is on the same broker: a reload is no reason to switch it off.
    house.ask(&["set", "pump", "off"]);
    watcher.wait_for("garden/pump/set", "OFF");
    let off = watcher.all_of_any("garden/pump/set").iter().filter(|message| message.payload == "OFF").count();
    assert_eq!(off, 1, "one command, one message");
    assert!(house.stop());
}
