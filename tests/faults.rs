//! A house in trouble: whatever breaks around the daemon, it stays in command of its outputs and says what is wrong.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};
use support::{Broker, House, Watcher, connect, wait_until};

fn hut(port: u16) -> String {
    format!(
        "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[hardware]\nbackend = \"simulated\"\n\
         [outputs.pump]\nkind = \"switch\"\ngpio = 17\n"
    )
}

/// The configuration with another output.
fn with(config: &str, output: &str, gpio: u8) -> String {
    format!("{config}[outputs.{output}]\nkind = \"light\"\ngpio = {gpio}\n")
}

fn hearthd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    command.args(arguments);
    command
}

/// Ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn exit_code(&mut self) -> Option<i32> {
        let mut ended = None;
        wait_until("it ends", || {
            ended = self.0.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap().code()
    }
}

/// Fails when `work` takes longer.
fn within(patience: Duration, what: &str, work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let (done, finished) = mpsc::channel();
        scope.spawn(move || {
            work();
            let _ = done.send(());
        });
        assert!(finished.recv_timeout(patience).is_ok(), "{what} took longer than {patience:?}");
    });
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().unwrap().success());
}

// Pipes and terminals

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut house = House::new(&hut(1));
    house.up(&[]);
    let (config, socket) = (house.config.to_str().unwrap().to_owned(), house.socket());
    let socket = socket.to_str().unwrap();
    for arguments in [
        &["schema"][..],
        &["check", &config],
        &["--socket", socket, "status"],
        &["--socket", socket, "why", "pump", "--json"],
        &["--config", &config, "demo", "--plain", "--speed", "20000"],
    ] {
        let mut child = hearthd(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = child.stderr.take().unwrap();
        assert_eq!(Running(child).exit_code(), Some(0), "{arguments:?}");
        let mut complaint = String::new();
        stderr.read_to_string(&mut complaint).unwrap();
        assert_eq!(complaint, "", "{arguments:?}");
    }
}

#[test]
fn a_log_that_nobody_takes_holds_up_nothing() {
    let broker = Broker::start();
    for closed in [true, false] {
        let house = House::new(&hut(broker.port));
        let (config, socket) = (house.config.clone(), house.socket());
        let mut daemon = Running(
            hearthd(&["--config", config.to_str().unwrap(), "--socket", socket.to_str().unwrap(), "run"])
                .arg("--state")
                .arg(house.folder.path().join("state"))
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        if closed {
            drop(daemon.0.stderr.take());
        }
        wait_until("it serves", || house.console(&["status"]).status.success());
        let watcher = Watcher::start(broker.port, "hearthd/hut/#");
        watcher.wait_for("hearthd/hut/availability", "online");
        // Far more lines than a pipe holds (64 KiB).
        for round in 0..4_000 {
            watcher.publish("hearthd/hut/pump/set", if round % 2 == 0 { "ON" } else { "OFF" });
        }
        watcher.publish("hearthd/hut/marker/set", "ON");
        watcher.wait_until("hearthd/hut/error", "the answer to the last", |error| error.contains("marker"));
        house.ask(&["set", "pump", "on"]);
        assert_eq!(house.value("pump"), "ON");
        signal("TERM", daemon.0.id());
        assert_eq!(daemon.exit_code(), Some(0));
    }
}

// A broken configuration

#[test]
fn a_file_that_is_broken_at_the_start_gives_way_to_the_last_good_one_until_it_is_mended() {
    let good = hut(1);
    let mut house = House::new(&good);
    house.up(&[]);
    wait_until("the good file is kept", || house.folder.path().join("state/config.good.toml").exists());
    house.kill();
    fs::write(&house.config, good.replace("gpio = 17", "gpio = \"\"")).unwrap();
    house.up(&[]);
    assert_eq!(house.value("pump"), "OFF");
    house.wait_for_log("the last good configuration is used instead");
    assert!(house.log().contains("gpio"), "the problem is told: {}", house.log());
    // Mended, and another: it comes into force by itself.
    fs::write(&house.config, with(&good, "lamp", 18)).unwrap();
    wait_until("the mended file is in force", || house.console(&["why", "lamp"]).status.success());
    // Where nothing good is kept, it says what is wrong and ends.
    house.kill();
    fs::remove_dir_all(house.folder.path().join("state")).unwrap();
    fs::write(&house.config, "[hub]").unwrap();
    house.spawn(&[]);
    wait_until("it ends", || !house.is_running());
}

// The control socket

#[test]
fn a_socket_path_that_is_taken_stays_as_it_is() {
    let house = House::new(&hut(1));
    let start = |socket: &std::path::Path| {
        let mut daemon = Running(
            hearthd(&["--config", house.config.to_str().unwrap(), "--socket"])
                .arg(socket)
                .args(["run", "--state"])
                .arg(house.folder.path().join("state"))
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        assert_eq!(daemon.exit_code(), Some(1));
        let mut complaint = String::new();
        daemon.0.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        complaint
    };

    let file = house.folder.path().join("precious");
    fs::write(&file, "thirty years of photographs").unwrap();
    assert!(start(&file).contains("there is something else in its place"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "thirty years of photographs");

    let other = house.folder.path().join("other.sock");
    let _listener = UnixListener::bind(&other).unwrap();
    assert!(start(&other).contains("another hearthd answers at"));

    let long = house.folder.path().join("x".repeat(120));
    assert!(start(&long).contains("another place: --socket"));
}

/// Sends raw bytes to the control socket; returns what came back until it was closed.
fn raw(house: &House, request: &[u8]) -> String {
    let mut stream = connect(&house.socket());
    // It may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn bad_requests_are_answered_in_json() {
    let mut house = House::new(&hut(1));
    house.up(&[]);
    let put = |body: &str| {
        let length = body.len();
        format!(
            "PUT /api/v1/points/pump HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    let get = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    for (request, status) in [
        (put("{\"value\": "), "400"),
        (put("{\"value\": \"ON\", \"fro\": \"2h\"}"), "422"),
        (put("{\"value\": [1]}"), "422"),
        (put("{\"value\": \"ON\", \"for\": \"soon\"}"), "422"),
        (put(&format!("{{\"value\": \"{}\"}}", "x".repeat(4 << 20))), "413"),
        (get("GET", "/api/v1/nothing"), "404"),
        (get("GET", "/api/v1/points/%ff"), "400"),
        (get("PATCH", "/api/v1/points/pump"), "405"),
    ] {
        let answer = raw(&house, request.as_bytes());
        let shown = &request[..request.len().min(200)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("\"detail\":\""), "{shown}: {answer}");
    }
    assert!(raw(&house, b"\x16\x03\x01 no http at all\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert_eq!(house.value("pump"), "OFF");
}

#[test]
fn clients_that_say_nothing_keep_nobody_out() {
    let mut house = House::new(&hut(1));
    house.up(&[]);
    let idle: Vec<_> = (0..100).map(|_| UnixStream::connect(house.socket()).unwrap()).collect();
    let mut half = UnixStream::connect(house.socket()).unwrap();
    half.write_all(b"GET /api/v1/points HT").unwrap();
    assert!(house.ask(&["set", "pump", "on"]).contains("pump is ON"));
    let descriptors = fs::read_dir(format!("/proc/{}/fd", house.pid())).unwrap().count();
    assert!(descriptors < 100, "{descriptors} descriptors");
    drop((idle, half));
}

// The disk

#[test]
fn a_command_given_while_the_disk_failed_is_saved_later() {
    let broker = Broker::start();
    let mut house = House::new(&hut(broker.port));
    let watcher = Watcher::start(broker.port, "hearthd/hut/#");
    let state = house.folder.path().join("state");
    fs::write(&state, "not a folder").unwrap();
    house.up(&[]);
    house.wait_for_log("the state cannot be saved in");
    let notice = "hearthd/hut/notify";
    watcher.wait_until(notice, "the trouble", |told| told.contains("the state cannot be saved in"));
    let problem = "hearthd/hut/problem";
    watcher.wait_until(problem, "what stays", |told| told.contains("the state cannot be saved in"));
    assert!(house.ask(&["status"]).contains("a restart would lose what was commanded since"));
    assert!(house.status()["state_unsaved"].as_str().is_some_and(|why| why.contains("state")));
    house.ask(&["set", "pump", "on"]);
    fs::remove_file(&state).unwrap();
    house.wait_for_log("the state is saved again");
    watcher.wait_until(notice, "its end", |told| told.contains("the state is saved again"));
    watcher.wait_until(problem, "that all is well", |told| told == "none");
    assert!(house.status()["state_unsaved"].is_null());
    house.kill();
    house.up(&[]);
    assert_eq!(house.value("pump"), "ON");
    assert_eq!(house.log().matches("cannot be saved").count(), 1, "said once");
}

#[test]
fn without_a_home_the_state_is_missed_loudly() {
    let house = House::new(&hut(1));
    let mut daemon = Running(
        hearthd(&["--config", house.config.to_str().unwrap(), "--socket", house.socket().to_str().unwrap(), "run"])
            .env_remove("HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("STATE_DIRECTORY")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    wait_until("it serves", || house.console(&["status"]).status.success());
    signal("TERM", daemon.0.id());
    assert_eq!(daemon.exit_code(), Some(0));
    let mut log = String::new();
    daemon.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("no place to keep the state"), "{log}");
}

// The broker

#[test]
fn a_broker_that_hangs_holds_up_neither_a_reload_nor_the_end() {
    let broker = Broker::start();
    let mut house = House::new(&hut(broker.port));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/hut/#");
    watcher.wait_for("hearthd/hut/availability", "online");
    #[expect(clippy::disallowed_methods, reason = "what a command takes on this machine is measured, not guessed")]
    let begun = Instant::now();
    house.ask(&["set", "pump", "off"]);
    let usual = begun.elapsed();
    signal("STOP", broker.pid());
    // Another client id takes another connection, and this one cannot say good-bye.
    fs::write(
        &house.config,
        with(&hut(broker.port), "porch", 22).replace("[hardware]", "client_id = \"other\"\n[hardware]"),
    )
    .unwrap();
    house.wait_for_log("the changed configuration is in force");
    // To let go of a broker takes five.
    let quick = usual + Duration::from_secs(4);
    within(quick, "a command", || assert!(house.ask(&["set", "pump", "on"]).contains("pump is ON")));
    signal("CONT", broker.pid());
    watcher.wait_for("hearthd/hut/porch/state", "OFF");
    watcher.wait_for("hearthd/hut/pump/state", "ON");
    watcher.wait_for("hearthd/hut/availability", "online");

    signal("STOP", broker.pid());
    signal("TERM", house.pid());
    let ended = house.stop();
    signal("CONT", broker.pid());
    assert!(ended, "twice SIGTERM, and exit code 0");
    watcher.wait_for("hearthd/hut/availability", "offline");
}

#[test]
fn a_port_that_accepts_and_says_nothing_is_no_broker() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut house = House::new(&hut(silent.local_addr().unwrap().port()));
    house.up(&[]);
    house.wait_for_log("no answer within 5 s");
    assert!(house.ask(&["set", "pump", "on"]).contains("pump is ON"));
    assert!(house.ask(&["status"]).contains("no broker: "));
    assert!(house.stop());
}

// The configuration

#[test]
fn a_busy_folder_neither_delays_nor_repeats_a_reload() {
    let config = hut(1);
    let mut house = House::new(&config);
    house.up(&[]);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = house.folder.path().join("busy");
        let over = &over;
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                fs::write(&busy, "x").unwrap();
                thread::sleep(Duration::from_millis(50));
            }
        });
        let house = &house;
        // Ends the thread also when something fails.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            fs::write(&house.config, with(&config, "porch", 22)).unwrap();
            wait_until("the porch is there", || house.ask(&["status"]).contains("porch"));
            let refused = "[hardware] and hub.clock take effect with a restart";
            // Written where nobody watches: the two come one right after the other.
            let beside = tempfile::TempDir::new().unwrap();
            let files = [
                ("hardware", config.replace("[hardware]\n", "[hardware]\ngpiochip = \"/dev/gpiochip7\"\n")),
                ("clock", config.replace("id = \"hut\"", "id = \"hut\"\nclock = \"always\"")),
            ]
            .map(|(name, text)| (beside.path().join(name), text));
            files.iter().for_each(|(file, text)| fs::write(file, text).unwrap());
            files.iter().for_each(|(file, _)| fs::rename(file, &house.config).unwrap());
            house.wait_for_log(refused);
            thread::sleep(Duration::from_secs(7));
            assert_eq!(house.log().matches(refused).count(), 1, "{}", house.log());
        }));
        over.store(true, Ordering::Relaxed);
        result.unwrap();
    });
}

#[test]
fn a_thousand_saves_end_with_the_last() {
    let config = hut(1);
    let mut house = House::new(&config);
    house.up(&[]);
    for round in 0..1_000 {
        fs::write(&house.config, if round % 2 == 0 { "half [".into() } else { with(&config, "porch", 22) }).unwrap();
        if round % 100 == 0 {
            house.signal("HUP");
        }
    }
    wait_until("the porch is there", || house.ask(&["status"]).contains("porch"));
    assert!(house.is_running());
}

#[test]
fn what_is_no_configuration_is_refused_and_recovered_from() {
    let config = hut(1);
    let mut house = House::new(&config);
    let folder = house.folder.path().join("etc");
    fs::create_dir(&folder).unwrap();
    house.config = folder.join("config.toml");
    fs::write(&house.config, &config).unwrap();
    house.up(&[]);
    house.ask(&["set", "pump", "on"]);
    let file = house.config.clone();
    let spoil: [(&str, &dyn Fn()); 5] = [
        ("it is a directory", &|| {
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap();
        }),
        ("is larger than 1 MiB", &|| fs::write(&file, vec![b'#'; 10 << 20]).unwrap()),
        ("is not UTF-8 text", &|| fs::write(&file, b"[hub]\nid = \"\xff\"").unwrap()),
        ("it is not a regular file", &|| {
            fs::remove_file(&file).unwrap();
            assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        }),
        ("there is no such file", &|| fs::remove_dir_all(&folder).unwrap()),
    ];
    for (index, (complaint, spoil)) in spoil.iter().enumerate() {
        spoil();
        house.wait_for_log(complaint);
        assert_eq!(house.value("pump"), "ON");
        if file.is_dir() {
            fs::remove_dir(&file).unwrap();
        }
        let _ = fs::remove_file(&file);
        fs::create_dir_all(&folder).unwrap();
        let fresh = format!("light_{index}");
        fs::write(&file, with(&config, &fresh, 22)).unwrap();
        wait_until(&format!("{fresh} is there after {complaint:?}"), || house.ask(&["status"]).contains(&fresh));
    }
}

#[test]
fn a_house_begins_at_the_time_that_is_asked_for_or_not_at_all() {
    for (time, shown) in [("2026-11-23T21:00", "2026-11-23 21:00"), ("9999-12-31T23:59:30", "9999-12-31 23:59")] {
        let mut house = House::new(&hut(1).replace("id = \"hut\"", "id = \"hut\"\ntimezone = \"Europe/Amsterdam\""));
        house.up(&["--from", time, "--speed", "0.001"]);
        assert!(house.ask(&["status"]).contains(shown), "{}", house.ask(&["status"]));
    }
    let house = House::new(&hut(1));
    for (arguments, complaint) in [
        (["--from", "yesterday"], "such as 2026-11-23T21:00"),
        (["--from", "2026-11-23"], "such as 2026-11-23T21:00"),
        (["--from", "0000-01-01T00:00"], "such as 2026-11-23T21:00"),
        (["--speed", "0"], "from 0.001 to 100000"),
        (["--speed", "NaN"], "from 0.001 to 100000"),
    ] {
        let output = house.console(&[&["run"][..], &arguments].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(complaint), "{error}");
    }
}

#[test]
fn outputs_are_made_safe_also_with_a_broken_file() {
    let mut house = House::new(&hut(1));
    house.up(&[]);
    let state = house.folder.path().join("state");
    wait_until("the good file is kept", || state.join("config.good.toml").exists());
    fs::write(&house.config, with(&hut(1), "lamp", 22)).unwrap();
    wait_until("the lamp is there", || house.ask(&["status"]).contains("lamp"));
    fs::write(&house.config, "nonsense").unwrap();
    house.wait_for_log("the old one stays in force");
    house.kill();
    let output = house.console(&["safe", "--state", state.to_str().unwrap()]);
    let (said, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{error}");
    assert!(said.contains("pump: safe") && said.contains("lamp: safe"), "{said}");
    assert!(error.contains("config.toml:1") && error.contains("the last good configuration is used"), "{error}");
    assert_eq!(house.console(&["safe"]).status.code(), Some(1), "nothing is known without it");
}
