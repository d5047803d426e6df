//! Brokers that misbehave, one row for each way. Whatever the broker does, the house goes on deciding, its memory stays
//! small, and it is back when a good broker comes. Prints a table: `cargo test --test bad_broker -- --nocapture`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "bad_broker/broker.rs"]
mod broker;
#[path = "bad_broker/kinds.rs"]
mod kinds;
#[path = "bad_broker/kinds_of_5.rs"]
mod kinds_of_5;
mod support;

use broker::Broker;
use kinds::{KINDS, Kind};
use kinds_of_5::KINDS_OF_5;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use support::House;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// So much of its own may a daemon have, whatever a broker does; it begins with 5 MB.
const OWN_MAX_KB: u64 = 16 << 10;
/// Houses at a time: they wait for their brokers most of the time.
const AT_A_TIME: usize = 40;

fn config(port: u16, version: &str) -> String {
    format!(
        "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\nkeep_alive = \"5s\"\nversion = \"{version}\"\n\
         [hardware]\nbackend = \"simulated\"\n\
         [outputs.pump]\nkind = \"switch\"\ngpio = 17\n[outputs.lamp]\nkind = \"light\"\ngpio = 27\n\
         [inputs.door]\nkind = \"door\"\ngpio = 4\n\
         [[rules]]\nname = \"Light while the door is open\"\nwhile = \"door\"\nset = {{ lamp = \"on\" }}\n"
    )
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(100);
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if holds() {
            return;
        }
        thread::sleep(PAUSE);
    }
    panic!("waited in vain until {what}");
}

/// Runs a house on such a broker, then on a good one. Returns a line for the table.
fn try_out(kind: &Kind, version: &str) -> String {
    let broker = Broker::start(kind.behaviour);
    let mut house = House::new(&config(broker.port, version));
    house.up(&[]);
    wait_until("the broker has done its worst", || broker.has_played());
    let told = || house.status()["broker"]["error"].as_str().unwrap_or_default().to_owned();
    wait_until(&format!("the status says {:?}", kind.told), || told().contains(kind.told));
    let told = told();

    for (door, light) in [("on", "ON"), ("off", "OFF")] {
        house.ask(&["set", "door", door]);
        wait_until("the light follows the door", || house.value("lamp") == light);
    }
    if let Some(pump) = kind.pump {
        assert_eq!(house.value("pump"), pump);
    }
    let peak = own_peak_kb(house.pid());
    assert!(peak < OWN_MAX_KB, "{peak} kB of its own were resident");
    let log = house.log();
    let forged = |line: &str| line.trim_start().starts_with("error: FORGED") || line.contains(['\u{1b}', '\r']);
    assert!(!log.lines().any(forged) && !log.contains("-t hearthd/hut/x"), "forged lines, or advice that runs");

    broker.be_good();
    wait_until("it is connected again", || house.status()["broker"]["connected"] == true);
    wait_until("it says so", || broker.last("hearthd/hut/availability").is_some_and(|said| said == "online"));
    for payload in ["ON", "OFF"] {
        broker.publish("hearthd/hut/pump/set", payload);
        wait_until("a command arrives", || broker.last("hearthd/hut/pump/state").is_some_and(|said| said == payload));
    }
    assert!(house.is_running());
    assert_eq!(broker.strayed(), None, "nothing is published there");
    let told = told.chars().take(70).collect::<String>();
    format!("{:<58} {:>5} MB  {told}", kind.name, peak >> 10)
}

/// The most that it had in memory, but for the program itself: how large that is in a debug build is no matter of a broker.
fn own_peak_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    of("VmHWM:") - of("RssFile:")
}

#[test]
fn whatever_a_broker_does_the_house_goes_on() {
    assert!(KINDS.len() >= 40);
    try_all(KINDS, "3.1.1");
}

#[test]
fn whatever_a_broker_of_mqtt_5_does_the_house_goes_on() {
    assert!(KINDS_OF_5.len() >= 20);
    try_all(KINDS_OF_5, "5");
}

fn try_all(kinds: &[Kind], version: &str) {
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(vec![String::new(); kinds.len()]));
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((index, kind)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, kinds.get(n)?)))
                {
                    let line = catch_unwind(AssertUnwindSafe(|| try_out(kind, version))).unwrap_or_else(|_| {
                        failed.fetch_add(1, Ordering::Relaxed);
                        format!("{:<58} FAILED", kind.name)
                    });
                    lines.lock().unwrap()[index] = line;
                }
            });
        }
    });
    println!("{:<58}     peak  told meanwhile", "a broker that");
    lines.lock().unwrap().iter().for_each(|line| println!("{line}"));
    assert_eq!(failed.into_inner(), 0, "see the table");
}
