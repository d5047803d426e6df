//! `hearthd broker` into a staging folder, and a real mosquitto on what it wrote there.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

mod support;

use rumqttc::{Client, Event, MqttOptions, Packet};
use std::{
    collections::BTreeMap,
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use support::{Watcher, free_port, wait_until};
use tempfile::TempDir;

const DEBIAN: &str = "pid_file /run/mosquitto/mosquitto.pid\npersistence false\ninclude_dir /etc/mosquitto/conf.d\n";
const HOUSE: &str =
    "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n";

struct Stage {
    dir: TempDir,
    port: u16,
}

impl Stage {
    fn new(config: &str) -> Stage {
        let stage = Stage { dir: TempDir::new().unwrap(), port: free_port() };
        stage.put("etc/mosquitto/mosquitto.conf", DEBIAN);
        stage.put("etc/hearthd/config.toml", config);
        fs::create_dir_all(stage.path("etc/mosquitto/conf.d")).unwrap();
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_without_port(&[&["--port", &self.port.to_string()], arguments].concat())
    }

    fn run_without_port(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
        command.arg("broker").arg("--root").arg(self.dir.path());
        command.args(arguments).env_remove("HEARTHD_CONFIG").output().unwrap()
    }

    /// As [`Stage::run`], and it must succeed; returns what it printed.
    fn broker(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// It must fail; returns the message.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// All files with their contents.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        fn walk(dir: &Path, files: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.insert(path.clone(), fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(self.dir.path(), &mut files);
        files
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    /// Mosquitto as it is configured here. Its files name their places in the system: here they are below the folder.
    fn mosquitto(&self) -> Mosquitto {
        let etc = self.path("etc/mosquitto").display().to_string();
        let moved = |name: &str| self.text(name).replace("/etc/mosquitto", &etc);
        let (main, ours) = (moved("etc/mosquitto/mosquitto.conf"), moved("etc/mosquitto/conf.d/hearthd.conf"));
        // Started by root it becomes another user, who may not read a folder of a test.
        let main = main.replace("pid_file /run/mosquitto/mosquitto.pid", "user root");
        let main = main.replace(&format!("include_dir {etc}/conf.d\n"), &ours);
        self.put("mosquitto.conf", &main);
        let program =
            ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|path| Path::new(path).exists());
        let mut command = Command::new(program.unwrap_or("mosquitto"));
        command.arg("-c").arg(self.path("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("mosquitto is needed: apt install mosquitto");
        let mosquitto = Mosquitto(child);
        wait_until("mosquitto listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        mosquitto
    }

    /// Whether the broker takes somebody in.
    fn admits(&self, login: Option<(&str, &str)>) -> bool {
        let mut options = MqttOptions::new("somebody", ("127.0.0.1", self.port));
        if let Some((user, password)) = login {
            options.set_credentials(user, password.to_owned());
        }
        let (_client, mut connection) = Client::builder(options).capacity(10).build();
        let first = connection.iter().find(|event| !matches!(event, Ok(Event::Outgoing(_))));
        matches!(first, Some(Ok(Event::Incoming(Packet::ConnAck(_)))))
    }
}

struct Mosquitto(Child);

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn password(told: &str) -> String {
    let line = told.lines().find(|line| line.trim_start().starts_with("password ")).unwrap();
    line.split_whitespace().last().unwrap().to_owned()
}

#[test]
fn hearthd_and_an_app_meet_there_and_nobody_else_enters() {
    let stage = Stage::new(HOUSE);
    let told = stage.broker(&["--write"]);
    let (apps, ours) = (password(&told), stage.text("etc/hearthd/mqtt-password").trim().to_owned());
    assert!(!told.contains(&ours) && ours != apps && ours.len() == 24, "{told}");
    for secret in [&apps, &ours] {
        assert!(!stage.text("etc/mosquitto/hearthd.passwords").contains(secret.as_str()));
    }
    assert_eq!(stage.mode("etc/mosquitto/hearthd.passwords"), 0o600);
    assert_eq!(stage.mode("etc/hearthd/mqtt-password"), 0o640);

    let _mosquitto = stage.mosquitto();
    assert!(!stage.admits(None), "anonymous");
    assert!(!stage.admits(Some(("apps", "wrong"))) && !stage.admits(Some(("hearthd", &apps))));
    assert!(stage.admits(Some(("apps", &apps))) && stage.admits(Some(("hearthd", &ours))));

    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    command.arg("--config").arg(stage.path("etc/hearthd/config.toml")).arg("--socket").arg(stage.path("sock"));
    command.args(["run", "--state"]).arg(stage.path("state"));
    let _daemon = Daemon(command.stderr(Stdio::null()).spawn().unwrap());
    let app = Watcher::start_as(stage.port, "#", Some(("apps", &apps)));
    app.wait_for("hearthd/hut/availability", "online");
    app.wait_for("hearthd/hut/lamp/state", "OFF");
    app.wait_until("homeassistant/device/hearthd_hut/config", "the discovery", |config| config.contains("lamp"));
    app.publish("hearthd/hut/lamp/set", "ON");
    app.wait_for("hearthd/hut/lamp/state", "ON");
    // What an app may not write never comes to anybody; what it writes after it does.
    app.publish_retained("hearthd/hut/lamp/state", "OFF");
    app.publish_retained("somewhere/else", "x");
    app.publish("hearthd/hut/lamp/set", "OFF");
    app.wait_for("hearthd/hut/lamp/state", "OFF");
    let states: Vec<String> = app.all("hearthd/hut/lamp/state").into_iter().map(|message| message.payload).collect();
    assert_eq!(states, ["OFF", "ON", "OFF"]);
    assert_eq!(app.last("somewhere/else"), None);
    // Home Assistant's birth is one of the things that an app says.
    app.publish("homeassistant/status", "online");
    app.wait_for("homeassistant/status", "online");
}

#[test]
fn a_second_run_changes_nothing_and_remove_takes_everything_back() {
    let stage = Stage::new(HOUSE);
    let before = stage.files();
    stage.broker(&["--write"]);
    let set_up = stage.files();
    assert!(stage.text("etc/hearthd/config.toml").contains("password_file = \"mqtt-password\""));
    let told = stage.broker(&["--write"]);
    assert!(told.contains("nothing was changed") && !told.contains("password"), "{told}");
    assert_eq!(stage.files(), set_up);
    stage.broker(&["--remove", "--write"]);
    assert_eq!(stage.files(), before);
    assert!(stage.broker(&["--remove"]).contains("nothing was changed"));
}

#[test]
fn without_write_the_lines_are_told_and_the_file_stays() {
    let stage = Stage::new(HOUSE);
    let told = stage.broker(&[]);
    let lines = format!(
        "[mqtt]\nurl = \"mqtt://localhost:{}\"\nusername = \"hearthd\"\npassword_file = \"mqtt-password\"\n",
        stage.port
    );
    assert!(told.contains(&lines), "{told}");
    assert_eq!(stage.text("etc/hearthd/config.toml"), HOUSE);
    // As told, it is good.
    stage.put("etc/hearthd/config.toml", &format!("{HOUSE}{lines}"));
    assert!(stage.broker(&["--write"]).contains("nothing was changed"));
}

#[test]
fn what_others_added_stays() {
    let stage = Stage::new(HOUSE);
    stage.broker(&["--write"]);
    let list = stage.text("etc/mosquitto/hearthd.passwords") + "zigbee:$7$x\n";
    stage.put("etc/mosquitto/hearthd.passwords", &list);
    let mine = "user zigbee\ntopic readwrite zigbee2mqtt/#\n";
    let acl = stage.text("etc/mosquitto/hearthd.acl") + mine;
    stage.put("etc/mosquitto/hearthd.acl", &acl);
    stage.put("etc/mosquitto/conf.d/tls.conf", "listener 8883\n");
    // Another house on it: only its topics change.
    stage.put("etc/hearthd/config.toml", &stage.text("etc/hearthd/config.toml").replace("hut", "barn"));
    stage.broker(&[]);
    assert_eq!(stage.text("etc/mosquitto/hearthd.passwords"), list);
    assert_eq!(stage.text("etc/mosquitto/hearthd.acl"), acl.replace("hut", "barn"));
    stage.broker(&["--remove"]);
    assert_eq!(stage.text("etc/mosquitto/hearthd.passwords"), "zigbee:$7$x\n");
    assert_eq!(stage.text("etc/mosquitto/hearthd.acl"), mine);
    assert!(stage.path("etc/mosquitto/conf.d/tls.conf").exists());
}

#[test]
fn a_lost_password_of_hearthd_is_made_anew_and_that_of_the_apps_stays() {
    let stage = Stage::new(HOUSE);
    stage.broker(&["--write"]);
    let of_apps = |stage: &Stage| {
        let list = stage.text("etc/mosquitto/hearthd.passwords");
        list.lines().find(|line| line.starts_with("apps:")).unwrap().to_owned()
    };
    let before = of_apps(&stage);
    fs::remove_file(stage.path("etc/hearthd/mqtt-password")).unwrap();
    let told = stage.broker(&[]);
    assert!(stage.path("etc/hearthd/mqtt-password").exists() && !told.contains("shown only now"), "{told}");
    assert_eq!(of_apps(&stage), before);
}

#[test]
fn a_broker_that_is_somebody_elses_is_left_alone() {
    for (file, text, message) in [
        ("etc/mosquitto/conf.d/local.conf", "# mine\nlistener 1883\n", "local.conf:2: listener 1883"),
        ("etc/mosquitto/mosquitto.conf", &*format!("{DEBIAN}allow_anonymous true\n"), ":4: allow_anonymous true"),
        ("etc/mosquitto/mosquitto.conf", "persistence true\n", "include_dir /etc/mosquitto/conf.d"),
        ("etc/mosquitto/conf.d/hearthd.conf", "listener 1883\n", "was not written by hearthd"),
        ("etc/hearthd/config.toml", "[hub]\nid = 5\n", "config.toml:2:6"),
    ] {
        let stage = Stage::new(HOUSE);
        stage.put(file, text);
        let before = stage.files();
        let told = stage.refused(&["--write"]);
        assert!(told.contains(message), "{file}: {told}");
        assert_eq!(stage.files(), before, "{file}");
    }
    let stage = Stage::new(HOUSE);
    fs::remove_file(stage.path("etc/mosquitto/mosquitto.conf")).unwrap();
    assert!(stage.refused(&[]).contains("sudo apt-get install mosquitto"));
}

#[test]
fn other_machines_reach_it_only_where_that_was_said() {
    let stage = Stage::new(HOUSE);
    // Another address of this machine stands for one of the network.
    let elsewhere = || TcpStream::connect(("127.0.0.2", stage.port)).is_ok();
    let told = stage.broker(&[]);
    assert!(told.contains("sudo hearthd broker --network"), "{told}");
    let mosquitto = stage.mosquitto();
    assert!(!elsewhere());
    drop(mosquitto);
    let told = stage.broker(&["--network"]);
    assert!(told.contains("in the clear"), "{told}");
    let _mosquitto = stage.mosquitto();
    assert!(elsewhere() && !stage.admits(None), "with a password only");
    assert_eq!(stage.run(&["--network", "--local"]).status.code(), Some(2));
    // By another name hearthd itself would not come in.
    let named =
        format!("{HOUSE}[mqtt]\nurl = \"mqtt://pi.lan\"\nusername = \"hearthd\"\npassword_file = \"mqtt-password\"\n");
    stage.put("etc/hearthd/config.toml", &named);
    let before = stage.files();
    let told = stage.refused(&["--local"]);
    assert!(told.contains("names pi.lan") && told.contains("or run this with --network"), "{told}");
    assert_eq!(stage.files(), before);
    stage.broker(&[]);
}

#[test]
fn a_password_or_a_place_at_another_broker_is_left_alone() {
    // A password that somebody else made for hearthd.
    let stage = Stage::new(HOUSE);
    stage.put("etc/hearthd/mqtt-password", "of another broker\n");
    let before = stage.files();
    let told = stage.refused(&["--write"]);
    assert!(told.contains("etc/hearthd/mqtt-password is there already") && told.contains("sudo mv "), "{told}");
    assert!(stage.broker(&["--remove", "--write"]).contains("nothing was changed"));
    assert_eq!(stage.files(), before);
    stage.put("etc/mosquitto/conf.d/hearthd.conf", "listener 1883\n");
    let before = stage.files();
    assert!(stage.refused(&["--remove"]).contains("was not written by hearthd: it stays"));
    assert_eq!(stage.files(), before);
    // Another broker, whether this one is set up or not.
    let stage = Stage::new(HOUSE);
    let other = format!("{HOUSE}[mqtt]\nurl = \"mqtt://elsewhere.lan\"\n");
    for set_up in [false, true] {
        if set_up {
            stage.broker(&[]);
        }
        stage.put("etc/hearthd/config.toml", &other);
        let before = stage.files();
        let told = stage.refused(&["--write"]);
        let line = format!("\nurl = \"mqtt://localhost:{}\"\n", stage.port);
        assert!(told.contains("etc/hearthd/config.toml does not name the broker") && told.contains(&line), "{told}");
        assert_eq!(stage.files(), before);
        stage.put("etc/hearthd/config.toml", HOUSE);
    }
}

#[test]
fn where_the_broker_listens_stays_until_told_otherwise() {
    let stage = Stage::new(HOUSE);
    let listens = |arguments: &[&str]| {
        let output = stage.run_without_port(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let conf = stage.text("etc/mosquitto/conf.d/hearthd.conf");
        let line = conf.lines().find(|line| line.starts_with("listener ")).unwrap().to_owned();
        (line, String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(listens(&[]).0, "listener 1883 127.0.0.1");
    assert_eq!(listens(&["--network"]).0, "listener 1883");
    assert_eq!(listens(&["--port", "1884"]).0, "listener 1884");
    assert_eq!(listens(&["--local"]).0, "listener 1884 127.0.0.1");
    let (line, told) = listens(&[]);
    assert!(line == "listener 1884 127.0.0.1" && told.contains("nothing was changed"), "{line}: {told}");
    assert!(told.contains("mqtt://localhost:1884"), "{told}");
    assert_eq!(listens(&["--port", "1885"]).0, "listener 1885 127.0.0.1");
    listens(&["--network"]);
    assert!(stage.broker(&["--remove"]).contains("run `sudo hearthd broker --network`"));
    assert_eq!(listens(&[]).0, "listener 1883 127.0.0.1");
}

#[test]
fn what_ended_early_is_repaired_by_another_run() {
    // A folder in the way of each file in turn.
    for file in ["etc/mosquitto/hearthd.acl", "etc/mosquitto/conf.d/hearthd.conf", "etc/hearthd/mqtt-password"] {
        let stage = Stage::new(HOUSE);
        let obstacle = stage.path(&format!("{file}.new"));
        fs::create_dir(&obstacle).unwrap();
        let output = stage.run(&["--write"]);
        let (told, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && error.contains(file), "{file}: {error}");
        fs::remove_dir(&obstacle).unwrap();
        let again = stage.broker(&["--write"]);
        assert!(!again.contains("shown only now"), "{file}: {again}");
        let ours = stage.text("etc/hearthd/mqtt-password").trim().to_owned();
        let _mosquitto = stage.mosquitto();
        assert!(stage.admits(Some(("apps", &password(&told)))) && stage.admits(Some(("hearthd", &ours))), "{file}");
    }
}

#[test]
fn a_user_that_the_list_lost_comes_back_also_after_a_run_that_ended_early() {
    let stage = Stage::new(HOUSE);
    stage.broker(&["--write"]);
    let list = stage.text("etc/mosquitto/hearthd.passwords");
    let without: String =
        list.lines().filter(|line| line.starts_with("apps:")).map(|line| format!("{line}\n")).collect();
    stage.put("etc/mosquitto/hearthd.passwords", &without);
    let obstacle = stage.path("etc/hearthd/mqtt-password.new");
    fs::create_dir(&obstacle).unwrap();
    assert!(stage.refused(&[]).contains("mqtt-password"));
    fs::remove_dir(&obstacle).unwrap();
    stage.broker(&[]);
    let ours = stage.text("etc/hearthd/mqtt-password").trim().to_owned();
    let _mosquitto = stage.mosquitto();
    assert!(stage.admits(Some(("hearthd", &ours))));
}

#[test]
fn who_is_no_longer_let_in_is_told_before_the_broker_is_restarted() {
    let line = |user: &str| format!("\n  sudo mosquitto_passwd /etc/mosquitto/hearthd.passwords {user}\n");
    let stage = Stage::new(HOUSE);
    let told = stage.broker(&["--write"]);
    let (before, _) = told.split_once("The broker was not restarted").unwrap();
    assert!(before.contains("without a user (such as zigbee2mqtt, Tasmota devices) are no longer let in"), "{told}");
    assert!(before.contains(&line("NAME")), "{told}");
    assert!(!stage.broker(&["--write"]).contains("no longer let in"));

    let stage = Stage::new(&format!(
        "{HOUSE}[inputs.door]\nkind = \"door\"\nzigbee2mqtt = \"door\"\n[outputs.floor]\nkind = \"light\"\n\
         zigbee2mqtt = \"floor\"\n[outputs.pump]\nkind = \"switch\"\nshelly = \"shellyplus1-a8032a\"\n[sensors.cellar]\n\
         esphome = \"cellar/temperature\"\n[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"hearthd\"\n\
         password_file = \"mqtt-password\"\n"
    ));
    let told = stage.broker(&[]);
    let points = "In this house:\n  zigbee2mqtt: door, floor\n  shelly: pump\n  esphome: cellar\n";
    assert!(told.contains(points) && !told.contains("tasmota:"), "{told}");
    for user in ["zigbee2mqtt", "shelly", "esphome"] {
        assert!(told.contains(&line(user)), "{told}");
    }
}
