//! Home Assistant as a clock: a hub that starts a thousand days in the past, and is told the time.

use super::{Client, House, key, small, wait_until};
use crate::support::free_port;
use chrono::{DateTime, Utc};
use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use serde_json::json;
use std::{fs, path::Path, process::Command};

/// Starts it on such a machine.
fn up(house: &mut House, synchronised: &Path) {
    let (source, library) = ("tests/homeassistant_api/past.c", house.folder.path().join("past.so"));
    if !library.exists() {
        let mut compiler = Command::new("cc");
        let made = compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(made.unwrap().success(), "cc is needed: Rust needs it, too");
    }
    house.spawn_with(&[("LD_PRELOAD", library.to_str().unwrap()), ("SYNCHRONISED", synchronised.to_str().unwrap())]);
    wait_until("hearthd serves its socket", || house.console(&["status"]).status.success());
}

/// How many days its time is from the real one, as far as it knows it. A command has it look at its clock.
fn days_ahead(house: &House) -> Option<i64> {
    house.ask(&["set", "lamp", "toggle"]);
    let status = house.status();
    let time: DateTime<Utc> = status["time"].as_str().unwrap().parse().unwrap();
    let real = Clock::system(Moment::START, ClockTrust::Always).now().wall;
    // To the nearest day: no test takes half of one.
    (status["time_known"] == true).then_some(((time - real).num_hours() + 12).div_euclid(24))
}

fn connected(port: u16, right: &str, seconds: Option<u32>) -> Client {
    let mut client = Client::start();
    client.ask(json!({ "do": "clock", "seconds": seconds }));
    wait_until("it is let in", || {
        client.said(json!({ "do": "connect", "port": port, "key": right }))["error"].is_null()
    });
    client
}

#[test]
fn home_assistant_is_a_clock_where_the_file_says_so() {
    let port = free_port();
    let text = small(port, "").replace("[hardware]", "timezone = \"UTC\"\nclock = \"homeassistant\"\n[hardware]");
    let rules = "[outputs.morning]\nkind = \"light\"\ngpio = 22\n[outputs.evening]\nkind = \"light\"\ngpio = 23\n\
                 [[rules]]\nname = \"Morning\"\nwhile = \"time between 00:00 and 12:00\"\nset = { morning = \"on\" }\n\
                 [[rules]]\nname = \"Evening\"\nwhile = \"time between 12:00 and 00:00\"\nset = { evening = \"on\" }\n";
    let mut house = House::new(&(text + rules));
    let synchronised = house.folder.path().join("synchronised");
    up(&mut house, &synchronised);
    let right = key(&house);
    let lights = |house: &House| ["morning", "evening"].iter().filter(|light| house.value(light) == "ON").count();
    assert_eq!((days_ahead(&house), lights(&house)), (None, 0), "nobody knows what time it is");

    // What cannot be the time is not believed, and the next one is asked.
    let wrong = connected(port, &right, Some(1_000_000_000));
    house.wait_for_log("told a time: 2001-09-09 01:46:40 UTC is not believed");
    assert_eq!((days_ahead(&house), lights(&house)), (None, 0));
    drop(wrong);
    let client = connected(port, &right, None);
    wait_until("it was told the time", || days_ahead(&house) == Some(0));
    house.wait_for_log("Home Assistant told the time: it is 2");
    wait_until("rules go by it", || lights(&house) == 1);
    let since = || house.status()["homeassistant"]["clients"][0]["since"].as_str().unwrap().to_owned();
    assert_eq!(since()[..4], house.status()["time"].as_str().unwrap()[..4], "also before it was known");
    // It runs on without Home Assistant.
    drop(client);
    wait_until("it has gone", || house.status()["homeassistant"]["connected"] == 0);
    assert_eq!(days_ahead(&house), Some(0));

    // Who tells quite another time then is not believed at once.
    let other = Clock::system(Moment::START, ClockTrust::Always).now().wall + chrono::TimeDelta::days(10);
    let wrong = connected(port, &right, Some(u32::try_from(other.timestamp()).unwrap()));
    house.wait_for_log("told a time that is more than a minute from what it told before");
    assert_eq!(days_ahead(&house), Some(0));
    drop(wrong);

    // What the machine knows itself counts more, and what was told before is over.
    fs::write(&synchronised, "").unwrap();
    wait_until("it goes by its own clock", || days_ahead(&house) == Some(-1_000));
    fs::remove_file(&synchronised).unwrap();
    wait_until("nobody knows it any more", || days_ahead(&house).is_none());
    let client = connected(port, &right, None);
    wait_until("it is told", || days_ahead(&house) == Some(0));
    drop(client);

    // After a restart it is not known, until it is told again.
    assert!(house.stop());
    up(&mut house, &synchronised);
    assert_eq!(days_ahead(&house), None);
    let _client = connected(port, &right, None);
    wait_until("it was told again", || days_ahead(&house) == Some(0));
    assert!(!house.log().contains("panicked") && house.stop());
}
