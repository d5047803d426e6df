//! Attacks on the daemon, on this machine: its socket, its files, its disk, its memory, its life. Each test is one kind;
//! whatever is done, the house is controlled, or its outputs are left safe and it is said why.
//!
//! `scripts/attack` runs these, and those of a broker that misbehaves, and prints a table.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, chown, symlink},
        net::{UnixListener, UnixStream},
        process::ExitStatusExt,
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::Duration,
};
use support::{Dice, House, connect, wait_until};

const HUT: &str =
    "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[outputs.pump]\nkind = \"switch\"\ngpio = 17\n";

/// What one process may take of a small Raspberry Pi, in kB.
const MEMORY_MAX_KB: u64 = 200_000;

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The most that a process had in memory so far, in kB.
fn peak_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Waits for the end of a process.
fn end_of(child: &mut Child) -> ExitStatus {
    let mut ended = None;
    wait_until("it ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended.unwrap()
}

// The socket

/// Clients that stop in the middle of all that can be stopped, far more of them than are served at a time.
#[test]
fn clients_that_stall_keep_nobody_out() {
    let mut house = House::new(HUT);
    house.up(&[]);
    let head = "HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let kinds = [
        String::new(),
        "GET /api/v1/po".into(),
        format!("PUT /api/v1/points/pump {head}content-length: 1000\r\n\r\n{{\"value\": "),
        format!("PUT /api/v1/points/pump {head}transfer-encoding: chunked\r\n\r\n5\r\n{{\"val"),
        format!("POST /api/v1/plan {head}content-length: 1000000\r\n\r\n{{\"name\": "),
        // Answers that nobody takes, until nothing more fits into the socket.
        format!("GET /api/v1/points {head}\r\n").repeat(2_000),
    ];
    let mut stalled = Vec::new();
    for kind in &kinds {
        for _ in 0..64 {
            let mut stream = UnixStream::connect(house.socket()).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
            // It may be let go while it still writes.
            let _ = stream.write_all(kind.as_bytes());
            stalled.push(stream);
        }
        assert!(house.ask(&["set", "pump", "toggle"]).contains("pump is"), "after {kind:.40}");
    }
    assert!(house.ask(&["status"]).contains("pump"));
    assert!(peak_kb(house.pid()) < MEMORY_MAX_KB, "{} kB", peak_kb(house.pid()));
    drop(stalled);
}

/// A request whose body does not come is answered, and its connection closed.
#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let mut house = House::new(HUT);
    house.up(&[]);
    for path in ["PUT /api/v1/points/pump", "POST /api/v1/plan"] {
        let mut stream = connect(&house.socket());
        let head = "HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        write!(stream, "{path} {head}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[test]
fn sixteen_plans_at_once_take_the_memory_of_one() {
    let mut house = House::new(HUT);
    house.up(&[]);
    let socket = house.socket();
    let post = |size: usize| {
        let text = format!("{HUT}{}", "[rooms.x]\n".repeat(size / 10));
        let body = serde_json::json!({ "name": "new.toml", "text": text }).to_string();
        let mut stream = connect(&socket);
        let head = format!(
            "POST /api/v1/plan HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    for (size, statuses) in [(1_500_000, &["413"][..]), (1_000_000, &["422", "503"])] {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(|| post(size))).collect();
            for one in all {
                let answer = one.join().unwrap();
                assert!(statuses.contains(&answer.get(9..12).unwrap_or_default()), "{answer:.300}");
            }
        });
    }
    assert!(peak_kb(house.pid()) < MEMORY_MAX_KB, "{} kB", peak_kb(house.pid()));
    assert!(house.ask(&["set", "pump", "on"]).contains("pump is ON"));
}

/// Only root can play another user; for others there is the unit test of the same rule.
#[test]
fn a_socket_of_a_stranger_is_not_talked_to() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let house =
        House::new(&HUT.replace(
            "[hardware]",
            "[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\npassword = \"x\"\n[hardware]",
        ));
    let stranger = tempfile::TempDir::new().unwrap();
    chown(stranger.path(), Some(4_711), Some(4_711)).unwrap();
    let (socket, file) = (stranger.path().join("hearthd.sock"), stranger.path().join("config.toml"));
    fs::write(&file, HUT).unwrap();
    let program = readable_by_all(stranger.path());
    let mut daemon = Command::new("setpriv")
        .args(["--reuid=4711", "--regid=4711", "--clear-groups"])
        .arg(program)
        .args(["--config", file.to_str().unwrap(), "--socket", socket.to_str().unwrap(), "run", "--state"])
        .arg(stranger.path().join("state"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the stranger listens", || socket.exists());
    let config = house.config.to_str().unwrap();
    for arguments in [&["status"][..], &["plan", config], &["set", "pump", "on"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hearthd"))
            .args(["--socket", socket.to_str().unwrap()])
            .args(arguments)
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complaint.contains("is not talked to: user 4711"), "{complaint}");
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

/// Without a place of its own there is no console, and none in a place that anybody could have made.
#[test]
fn no_socket_is_trusted_in_tmp() {
    let (tmp, user) = (tempfile::TempDir::new().unwrap(), fs::metadata("/proc/self").unwrap().uid());
    let place = tmp.path().join(format!("hearthd-{user}"));
    fs::create_dir(&place).unwrap();
    let listener = UnixListener::bind(place.join("hearthd.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    for variable in ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"] {
        command.env_remove(variable);
    }
    let mut console = command.env("TMPDIR", tmp.path()).arg("status").stderr(Stdio::null()).spawn().unwrap();
    let mut came = false;
    wait_until("it gives up, or comes", || {
        came |= listener.accept().is_ok();
        came || console.try_wait().unwrap().is_some()
    });
    console.kill().unwrap();
    console.wait().unwrap();
    assert!(!came, "it talks to whoever made that folder");
}

// Files

/// What is no file, in the place of each file that is read.
#[test]
fn what_is_no_file_is_never_waited_for() {
    let text = "[hub]\nid = \"hut\"\nholidays = \"days\"\ntests = \"t.toml\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:1\"\n\
                username = \"me\"\npassword_file = \"word\"\n"
        .to_owned()
        + &HUT["[hub]\nid = \"hut\"\n".len()..];
    for device in [None, Some("/dev/zero"), Some("/dev/tty"), Some("/proc/kmsg")] {
        let put = |path: &Path| {
            let _ = fs::remove_file(path);
            match device {
                None => mkfifo(path),
                Some(device) => symlink(device, path).unwrap(),
            }
        };
        let mut house = House::new(&text);
        let folder = house.folder.path().to_owned();
        let good = [("days", "12-25\n"), ("word", "secret\n"), ("t.toml", TRUE)];
        good.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
        house.up(&[]);
        for (name, good) in good.iter().copied().chain([("config.toml", &*text)]) {
            put(&folder.join(name));
            house.signal("HUP");
            wait_until(&format!("{name} as {device:?} is refused"), || !house.status()["config_refused"].is_null());
            let check = house.console(&["check"]);
            assert_eq!(check.status.code(), Some(1), "{name} as {device:?}: {check:?}");
            fs::remove_file(folder.join(name)).unwrap();
            fs::write(folder.join(name), good).unwrap();
            wait_until(&format!("{name} is good again"), || house.status()["config_refused"].is_null());
        }
        house.kill();
        let state = folder.join("state");
        for name in ["state.0.jsonl", "state.1.jsonl", "config.good.toml", "config.good.toml.new"] {
            put(&state.join(name));
        }
        house.up(&[]);
        assert!(house.ask(&["set", "pump", "on"]).contains("pump is ON"));
        wait_until("it says that nothing is kept", || house.ask(&["status"]).contains("the state cannot be saved in"));
        let safe = house.console(&["safe", "--state", state.to_str().unwrap()]);
        assert!(safe.status.success(), "{safe:?}");
        for arguments in [&["test"][..], &["simulate", "--weather"], &["simulate", "--scenario"]] {
            put(&folder.join("no_file"));
            let output = house.console(&[arguments, &[folder.join("no_file").to_str().unwrap()]].concat());
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        }
    }
}

const TRUE: &str = "[[test]]\nname = \"It is off\"\nat = \"2026-11-23 18:00\"\nexpect = { pump = \"off\" }\n";

/// The state file spoilt at bytes all over it: the daemon comes up, in one of the states that it was in.
#[test]
fn a_state_spoilt_anywhere_is_survived() {
    let mut house = House::new(HUT);
    house.up(&[]);
    for value in ["on", "off", "on"] {
        house.ask(&["set", "pump", value]);
    }
    house.kill();
    let state = house.folder.path().join("state/state.0.jsonl");
    let whole = fs::read(&state).unwrap();
    let mut dice = Dice(1);
    for at in (0..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut spoilt = whole.clone();
        match dice.roll(3) {
            0 => spoilt[at] ^= 0x20,
            1 => spoilt.truncate(at),
            _ => spoilt[at..].fill(0),
        }
        fs::write(&state, spoilt).unwrap();
        let _ = fs::remove_file(state.with_file_name("state.1.jsonl"));
        house.up(&[]);
        assert!(["ON", "OFF"].contains(&&*house.value("pump")), "spoilt at {at}");
        house.kill();
    }
}

// The disk

/// With files that may not grow: what is answered is kept all the same.
#[test]
fn on_a_full_disk_what_was_answered_survives_a_kill() {
    let mut house = House::new(HUT);
    house.up(&[]);
    house.ask(&["set", "pump", "on"]);
    sleep(Duration::from_secs(3));
    let limit = Command::new("prlimit").args([&format!("--pid={}", house.pid()), "--fsize=20000"]).status().unwrap();
    assert!(limit.success());
    let state = house.folder.path().join("state");
    for round in 0..200 {
        let value = if round % 2 == 0 { "off" } else { "on" };
        house.ask(&["set", "pump", value]);
    }
    house.ask(&["set", "pump", "off"]);
    assert!(house.status()["state_unsaved"].is_null(), "{}", house.status()["state_unsaved"]);
    let sizes: Vec<u64> =
        ["state.0.jsonl", "state.1.jsonl"].iter().map(|name| fs::metadata(state.join(name)).unwrap().len()).collect();
    assert!(sizes.iter().all(|size| *size <= 20_000), "{sizes:?}");
    house.kill();
    house.up(&[]);
    assert_eq!(house.value("pump"), "OFF");
}

// Life

/// Killed at any instant of its start and of its work, dozens of times in a row.
#[test]
fn a_storm_of_kills_loses_nothing_that_was_answered() {
    let mut house = House::new(HUT);
    let mut dice = Dice(7);
    let mut wanted = "OFF";
    let state = house.folder.path().join("state");
    for round in 0..40 {
        house.spawn(&[]);
        sleep(Duration::from_millis(dice.roll(40)));
        house.kill();
        if round % 4 == 0 {
            house.up(&[]);
            assert_eq!(house.value("pump"), wanted, "round {round}");
            wanted = if wanted == "ON" { "OFF" } else { "ON" };
            house.ask(&["set", "pump", wanted]);
            house.kill();
            let safe = house.console(&["safe", "--state", state.to_str().unwrap()]);
            assert!(String::from_utf8_lossy(&safe.stdout).contains("pump: safe"), "{safe:?}");
        }
    }
}

/// Every signal that can be caught and would end it.
#[test]
fn whatever_signal_ends_it_the_outputs_are_safe() {
    let signals =
        ["TERM", "INT", "QUIT", "ABRT", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "XCPU", "STKFLT"];
    for signal in signals.iter().map(|name| (*name).to_owned()).chain(["34", "64"].map(str::to_owned)) {
        let mut house = House::new(HUT);
        house.up(&[]);
        house.ask(&["set", "pump", "on"]);
        house.signal(&signal);
        house.wait_for_log("stopping: outputs go to their safe states");
        wait_until(&format!("the pump is off after {signal}"), || {
            house.log().contains("pump OFF: hearthd is stopping")
        });
        wait_until("it ends", || !house.is_running());
    }
    for harmless in ["XFSZ", "PIPE", "WINCH", "CHLD"] {
        let mut house = House::new(HUT);
        house.up(&[]);
        house.signal(harmless);
        assert!(house.ask(&["set", "pump", "on"]).contains("ON") && house.is_running(), "{harmless}");
    }
}

/// The program where another user may run it.
fn readable_by_all(folder: &Path) -> std::path::PathBuf {
    let program = folder.join("hearthd");
    fs::copy(env!("CARGO_BIN_EXE_hearthd"), &program).unwrap();
    program
}

/// From no thread to enough: it serves, or it ends with its outputs safe and says why; it is never aborted.
#[test]
fn a_system_without_threads_is_no_reason_to_leave_outputs_on() {
    let folder = tempfile::TempDir::new().unwrap();
    let program = readable_by_all(folder.path());
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let file = folder.path().join("config.toml");
    fs::write(&file, HUT).unwrap();
    if is_root {
        chown(folder.path(), Some(4_712), Some(4_712)).unwrap();
    }
    // A user of its own has no other threads. Memory for the stacks of threads is what runs out otherwise.
    let limited = |allowed: usize| {
        let mut command = Command::new(if is_root { "setpriv" } else { "prlimit" });
        if is_root {
            command
                .args(["--reuid=4712", "--regid=4712", "--clear-groups", "prlimit"])
                .arg(format!("--nproc={allowed}"));
        } else {
            command.arg(format!("--as={}", 40_000_000 + allowed * 8_000_000));
        }
        command.arg(&program).arg("--config").arg(&file).stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let mut served = 0;
    for allowed in 1..12 {
        let safe = limited(allowed).args(["safe"]).output().unwrap();
        assert!(String::from_utf8_lossy(&safe.stdout).contains("pump: safe"), "{allowed}: {safe:?}");
        let socket = folder.path().join(format!("{allowed}.sock"));
        let mut command = limited(allowed);
        command.arg("--socket").arg(&socket).args(["run", "--state"]).arg(folder.path().join("state"));
        let mut daemon = command.spawn().unwrap();
        let mut ended = None;
        wait_until("it serves or ends", || {
            ended = daemon.try_wait().unwrap();
            ended.is_some() || UnixStream::connect(&socket).is_ok()
        });
        if ended.is_none() {
            served += 1;
            // Work that wants a thread: a question, and a changed file.
            let ask = || {
                Command::new(env!("CARGO_BIN_EXE_hearthd")).arg("--socket").arg(&socket).args(["why", "pump"]).output()
            };
            for _ in 0..3 {
                if !is_root {
                    ask().unwrap();
                }
                fs::write(&file, format!("{HUT}# {allowed}\n")).unwrap();
                sleep(Duration::from_millis(400));
            }
            ended = daemon.try_wait().unwrap();
            if ended.is_none() {
                assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
            }
        }
        let status = ended.unwrap_or_else(|| end_of(&mut daemon));
        let mut log = String::new();
        daemon.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(status.signal(), None, "{allowed} threads: {log}");
        assert!(!log.contains("panicked"), "{allowed} threads: {log}");
    }
    assert!(served > 0, "with enough of them it serves");
}
