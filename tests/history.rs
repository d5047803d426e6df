//! The history with the real binary: what it records and answers, and that its file outlives kills, torn writes, full disks.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use chrono::{NaiveDateTime, TimeDelta};
use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use support::{Dice, House, connect, wait_until};

/// Something that changes all the time, and is written each second.
const HUT: &str = "[hub]\nid = \"hut\"\ntimezone = \"Europe/Amsterdam\"\n[hardware]\nbackend = \"simulated\"\n\
    [history]\ncommit = \"1s\"\n[modes]\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
    [outputs.heater]\nkind = \"heater\"\ngpio = 18\npower = 1000\n[outputs.blinker]\nkind = \"switch\"\ngpio = 19\n\
    [inputs.motion]\nkind = \"motion\"\ngpio = 27\n[inputs.bell]\nkind = \"button\"\ngpio = 22\nlong_after = \"10s\"\n\
    [sensors.living]\nchip = \"sht31\"\nevery = \"1s\"\n\
    [[rules]]\nname = \"Motion\"\nwhile = 'motion'\nset = { lamp = \"on\" }\n\
    [[rules]]\nname = \"Blink\"\non = 'every 2s'\ndo = \"toggle blinker\"\n\
    [[rules]]\nname = \"Tell\"\non = 'lamp'\ndo = \"notify the lamp is on\"\n";

#[test]
fn a_report_is_told_by_the_daemon_and_by_its_file() {
    let mut house = House::new(&format!("{}[energy]\nprice = 0.5\n", HUT.replace("Europe/Amsterdam", "UTC")));
    house.up(&[]);
    house.ask(&["set", "living.temperature", "20.5"]);
    let state = house.folder.path().join("state");
    let state = state.to_str().unwrap().to_owned();
    let file = house.folder.path().join("past.csv");
    for (point, value) in [("living.temperature", "18.25"), ("heater", "on"), ("heater.energy", "")] {
        // From four days ago to two, each half hour; a heater of 1 kW.
        let line = |half: i32| match value {
            "" => format!("{}m,{}\n", half * 30, f64::from(192 - half) * 0.5),
            _ => format!("{}m,{value}\n", half * 30),
        };
        fs::write(&file, (96..=192).rev().map(line).collect::<String>()).unwrap();
        let import = ["import", point, file.to_str().unwrap(), "--state", &state];
        wait_until("it is imported", || house.console(&import).status.success());
    }
    let report = |house: &House| -> Value {
        serde_json::from_str(&house.ask(&["report", "--from", "5d", "--json", "--state", &state])).unwrap()
    };
    let check = |report: &Value| {
        let find = |list: &str, id: &str| {
            report[list]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["id"] == id)
                .cloned()
                .unwrap_or_else(|| panic!("{report}"))
        };
        let living = find("numbers", "living.temperature");
        // That between the first and the last of them is whole, whatever the hour is now.
        let day = &living["days"][1];
        assert_eq!(
            (day["min"].as_f64(), day["max"].as_f64(), day["known_h"].as_f64()),
            (Some(18.25), Some(18.25), Some(24.0))
        );
        let heater = find("outputs", "heater");
        assert!(heater["on_h"].as_f64().is_some_and(|hours| (48.0..50.0).contains(&hours)), "{heater}");
        let (energy, cost) = (heater["energy_kwh"].as_f64().unwrap(), heater["cost"].as_f64().unwrap());
        assert!((47.0..50.0).contains(&energy) && (cost - energy * 0.5).abs() < 1e-9, "{heater}");
    };
    check(&report(&house));
    // What to write instead is what can be written here, by the daemon and by its file.
    let too_long = |house: &House| {
        let refused = house.console(&["report", "--from", "2000-01-01", "--state", &state]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("write a later --from"), "{said}");
    };
    too_long(&house);
    let page = house.folder.path().join("report.html");
    house.ask(&["report", "--from", "5d", "--html", page.to_str().unwrap()]);
    assert!(fs::read_to_string(page).unwrap().contains("<td>Heater"));
    let (status, told) = get(&house.socket(), "/api/v1/report?from=5d");
    assert_eq!(status, 200, "{told}");
    check(&told);
    for (query, expected) in [("from=someday", "someday"), ("form=5d", "the query may have from and to")] {
        let (status, told) = get(&house.socket(), &format!("/api/v1/report?{query}"));
        assert!(status == 422 && told["detail"].as_str().unwrap().contains(expected), "{status} {told}");
    }
    assert!(house.stop());
    check(&report(&house));
    too_long(&house);
    fs::remove_file(database(&house)).unwrap();
    let nothing = house.console(&["report", "--state", &state]);
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(!nothing.status.success() && said.contains("hearthd is not running"), "{said}");
}

/// While nobody is there, lights do what they did two weeks ago, as far as the history knows that day.
#[test]
fn lights_of_an_empty_house_repeat_a_day_of_the_history() {
    let text = "[hub]\nid = \"hut\"\ntimezone = \"UTC\"\n[hardware]\nbackend = \"simulated\"\n[history]\ncommit = \"1s\"\n\
        [modes]\nstart = \"vacation\"\n[modes.presence]\nwhen = \"vacation\"\noutputs = [\"lamp\", \"porch\"]\n\
        between = \"00:00 and 24:00\"\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[outputs.porch]\nkind = \"light\"\ngpio = 18\n";
    let mut house = House::new(text);
    house.up(&[]);
    assert!(house.ask(&["why", "lamp"]).contains("by chance between"), "{}", house.ask(&["why", "lamp"]));
    let state = house.folder.path().join("state");
    let file = house.folder.path().join("past.csv");
    for (point, value) in [("lamp", "on"), ("porch", "off")] {
        // From 16 days ago to 11, each half hour: today may end meanwhile.
        let line = |half: i32| format!("{}m,{value}\n", half * 30);
        fs::write(&file, (11 * 48..=16 * 48).rev().map(line).collect::<String>()).unwrap();
        let import = ["import", point, file.to_str().unwrap(), "--state", state.to_str().unwrap()];
        wait_until("it is imported", || house.console(&import).status.success());
    }
    assert!(house.stop());
    house.up(&[]);
    wait_until("the day is repeated", || house.ask(&["why", "lamp"]).contains("as on "));
    wait_until("the lamp is on as it was", || house.value("lamp") == "ON" && house.value("porch") == "OFF");
    let then = Clock::system(Moment::START, ClockTrust::Always).now().wall - TimeDelta::days(14);
    let days = [0, 1].map(|days| (then - TimeDelta::days(days)).format("as on %A %-d %B").to_string());
    let why = house.ask(&["why", "porch"]);
    assert!(days.iter().any(|day| why.contains(day)), "{why}");
}

/// A day in which it was cold and somebody came by, and what it would have been with a rule about the cold.
#[test]
fn what_would_have_been_is_told_by_the_daemon_and_by_its_file() {
    // Twenty minutes of this house take a second; whatever a command takes, the times are those of its clock.
    let hut = HUT
        .replace("Europe/Amsterdam", "UTC")
        .replace("\"1s\"\n[modes]", "\"5m\"\n[modes]")
        .replace("every = \"1s\"", "every = \"10m\"\nstale_after = \"24h\"")
        .replace("on = 'every 2s'\ndo = \"toggle blinker\"", "while = 'motion'\nset = { blinker = \"on\" }");
    let mut house = House::new(&hut);
    let changed = house.folder.path().join("changed.toml");
    let cold = "[[rules]]\nname = \"Cold\"\nwhile = 'living.temperature < 19'\nset = { heater = \"on\" }\n";
    fs::write(&changed, hut + cold).unwrap();
    house.up(&["--from", "2026-01-12T00:00", "--speed", "1200"]);
    let minute = || {
        let time = get(&house.socket(), "/api/v1/points").1["time"].as_str().unwrap()[..16].to_owned();
        NaiveDateTime::parse_from_str(&time, "%Y-%m-%dT%H:%M").unwrap()
    };
    let until = |time: NaiveDateTime| wait_until(&time.to_string(), || minute() > time);
    house.ask(&["set", "living.temperature", "18"]);
    wait_until("it is cold", || house.value("living.temperature") == "18.00");
    let from = minute() + TimeDelta::minutes(30);
    until(from + TimeDelta::minutes(30));
    house.ask(&["set", "motion", "on"]);
    wait_until("the lamp is on", || house.value("lamp") == "ON");
    until(minute() + TimeDelta::minutes(60));
    house.ask(&["set", "motion", "off"]);
    wait_until("the lamp is off", || house.value("lamp") == "OFF");
    let to = minute() + TimeDelta::minutes(30);
    until(to + TimeDelta::minutes(30));
    let state = house.folder.path().join("state");
    let (begin, length) = (from.format("%FT%H:%M").to_string(), format!("{}m", (to - from).num_minutes()));
    let told = |file: &Path, socket: &Path| {
        let mut simulate = Command::new(env!("CARGO_BIN_EXE_hearthd"));
        simulate.arg("--config").arg(file).arg("--socket").arg(socket).args(["simulate", "--replay", "--state"]);
        let output = simulate.arg(&state).args(["--from", &begin, "--for", &length]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let by_the_daemon = [&house.config, &changed].map(|file| told(file, &house.socket()));
    let [same, other] = &by_the_daemon;
    let [first, last] = [from, to].map(|time| time.format("%a %-d %b %Y %H:%M").to_string());
    assert!(same.contains(&format!("{first} to {last}")), "{same}");
    assert!(same.contains("  All would have been as it was."), "{same}");
    let row = |text: &str, name: &str| -> Vec<String> {
        let row = text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
        row.split_whitespace().map(str::to_owned).collect()
    };
    let [was, would, otherwise] = &row(other, "Heater")[..] else { panic!("{other}") };
    assert!(was == "0s" && would == otherwise && would != "0s", "{other}");
    assert!(other.contains("Heater would be on, was off: rule: Cold"), "{other}");
    assert_eq!(row(other, "Lamp"), row(same, "Lamp"));
    assert_ne!(row(other, "Lamp")[0], "0s", "somebody was there: {other}");
    let file = house.config.clone();
    let socket = house.socket();
    assert!(house.stop());
    assert_eq!([&file, &changed].map(|file| told(file, &socket)), by_the_daemon);
}

/// What begins its history.
const TABLE: &str = "[history]\ncommit = \"1s\"\n";

fn database(house: &House) -> PathBuf {
    house.folder.path().join("state/history.db")
}

fn course(house: &House, arguments: &[&str]) -> Value {
    let state = house.folder.path().join("state");
    let mut all = vec!["history", "--json", "--state", state.to_str().unwrap()];
    all.extend(arguments);
    serde_json::from_str(&house.ask(&all)).unwrap()
}

/// The answer of the service to a GET: its status and its JSON.
fn get(socket: &Path, path: &str) -> (u16, Value) {
    let mut stream = connect(socket);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap_or_default())
}

fn changes(course: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    course["changes"].as_array().unwrap().iter().map(|c| (text(&c["value"]).unwrap(), text(&c["why"]))).collect()
}

/// What the file says of itself, opened as hearthd opens it.
fn integrity(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_happened_is_told_by_the_daemon_and_by_its_file() {
    let mut house = House::new(HUT);
    house.up(&[]);
    house.ask(&["set", "living.temperature", "20.5"]);
    house.ask(&["set", "motion", "on"]);
    house.ask(&["set", "heater", "on"]);
    wait_until("the reading is there", || house.value("living.temperature") == "20.50");
    house.ask(&["set", "mode", "away"]);
    wait_until("the lamp is on", || house.value("lamp") == "ON");
    house.ask(&["set", "bell", "on"]);
    house.ask(&["set", "bell", "off"]);
    // What is not written yet is told, too.
    let told = |what: &dyn Fn() -> bool| wait_until("it is told", what);
    told(&|| changes(&course(&house, &["notices"])) == [("the lamp is on".into(), Some("Tell".into()))]);
    told(&|| changes(&course(&house, &["bell.event"])).iter().any(|(value, _)| value == "click"));
    let starts = |house: &House| -> u64 {
        let switched = course(house, &["blinker", "--every", "1d"]);
        switched["spans"].as_array().unwrap().iter().map(|s| s["starts"].as_u64().unwrap()).sum()
    };
    // The first that the history sees of it may be that it is on: no start.
    told(&|| starts(&house) >= 1);
    sleep(Duration::from_millis(1_500));
    let check = |house: &House| {
        let lamp = changes(&course(house, &["lamp"]));
        assert_eq!(
            lamp[..2],
            [
                ("OFF".into(), Some("default: nobody asks for anything".into())),
                ("ON".into(), Some("rule: Motion".into()))
            ]
        );
        let [by_the_file, by_hand] = ["default: the mode of the file", "manual: command by the console"];
        let mode = [("home".into(), Some(by_the_file.into())), ("away".into(), Some(by_hand.into()))];
        assert_eq!(changes(&course(house, &["mode"]))[..2], mode);
        let motion = changes(&course(house, &["motion"]));
        assert_eq!(motion[0], ("ON".into(), None));
        let temperature = course(house, &["living.temperature", "--from", "10m", "--every", "10m"]);
        let spans = temperature["spans"].as_array().unwrap();
        // There are two of them when ten minutes are over just now.
        let all = |key: &str| spans.iter().map(|span| span[key].as_f64().unwrap()).collect::<Vec<_>>();
        let (least, most) = (all("min").into_iter().fold(99.0, f64::min), all("max").into_iter().fold(0.0, f64::max));
        assert_eq!((least, most), (20.5, 21.0), "{temperature}");
        let means = spans.iter().filter(|span| span["min"] != span["max"]).map(|span| span["mean"].as_f64().unwrap());
        assert!(means.into_iter().all(|mean| mean > 20.5 && mean < 21.0), "{temperature}");
        assert_eq!(temperature["unit"], "°C");
        let heater = course(house, &["heater.power", "--every", "1d"]);
        let energy: f64 = heater["spans"].as_array().unwrap().iter().map(|s| s["energy_kwh"].as_f64().unwrap()).sum();
        assert!(energy > 0.000_2 && energy < 0.05, "{heater}");
        assert!(starts(house) >= 1);
    };
    check(&house);
    assert!(house.stop());
    assert_eq!(fs::metadata(database(&house)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!house.folder.path().join("state/history.db-wal").exists(), "at rest it is one file");
    check(&house);
    let left: Vec<_> =
        fs::read_dir(house.folder.path().join("state")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("-shm")), "reading leaves nothing: {left:?}");
    // The next run goes on, and does not say again what is so.
    house.up(&[]);
    let before = changes(&course(&house, &["mode"]));
    assert_eq!(before.iter().filter(|(value, _)| value == "away").count(), 1, "{before:?}");
    check(&house);
}

#[test]
fn every_wrong_question_is_told_what_to_ask() {
    let mut house = House::new(HUT);
    house.up(&[]);
    wait_until("it is open", || get(&house.socket(), "/api/v1/history/lamp").0 == 200);
    for (query, status, expected) in [
        ("lamq", 404, "did you mean lamp?"),
        ("nothing_like_it", 404, "`hearthd status` lists the points"),
        ("lamp?from=soon", 422, "from: \"soon\" is no time; write a date and a time such as"),
        ("lamp?from=now&to=yesterday", 422, "write an earlier from, or a later to"),
        ("lamp?every=5", 422, "every: a duration without a unit; write a duration such as"),
        ("lamp?every=10ms", 422, "write \"1s\" or more"),
        ("lamp?from=365d&every=1s", 422, "write every as"),
        ("lamp?form=1d", 422, "the query may have from, to, every and spans"),
        ("lamp?spans=-1", 422, "the query may have from, to, every and spans"),
    ] {
        let (is, answer) = get(&house.socket(), &format!("/api/v1/history/{query}"));
        assert_eq!(is, status, "{query}: {answer}");
        assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains(expected)), "{query}: {answer}");
    }
    for arguments in [
        &["history", "lamp", "--from", "soon"][..],
        &["history", "lamp", "--csv", "--json"],
        &["history", "mode", "--plot"],
    ] {
        let output = house.console(arguments);
        assert!(!output.status.success() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let (_, whole) = get(&house.socket(), "/api/v1/history/lamp?from=3650d");
    assert!(whole["spans"].as_array().unwrap().len() <= 5_000);
}

#[test]
fn it_is_shown_as_a_table_a_chart_and_csv() {
    let mut house = House::new(HUT);
    house.up(&[]);
    wait_until("there is something", || {
        !course(&house, &["living.temperature"])["spans"].as_array().unwrap().is_empty()
    });
    let table = house.ask(&["history", "living.temperature"]);
    assert!(table.starts_with("Living temperature (living.temperature, °C), ") && table.contains("21.00"), "{table}");
    let chart = house.ask(&["history", "living.temperature", "--from", "1m", "--every", "10s", "--plot"]);
    assert!(chart.contains('▁') && chart.contains("21.00 │"), "{chart}");
    let csv = house.ask(&["history", "living.temperature", "--csv"]);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("time,min,mean,max,known_s"));
    assert!(lines.next().is_some_and(|line| line.contains(",21,21,21,")), "{csv}");
    assert!(house.ask(&["history", "mode", "--csv"]).contains(",\"home\",\"default: the mode of the file\""));
}

#[test]
fn readings_of_before_are_imported_beside_a_running_daemon() {
    let mut house = House::new(HUT);
    house.up(&[]);
    wait_until("it is open", || get(&house.socket(), "/api/v1/history/living.temperature").0 == 200);
    wait_until("something is written", || seen(&database(&house)).is_some_and(|(_, log)| log > 2));
    let (state, table) = (house.folder.path().join("state"), house.folder.path().join("old.csv"));
    let import = |point: &str, text: &str| {
        fs::write(&table, text).unwrap();
        house.console(&["import", point, table.to_str().unwrap(), "--state", state.to_str().unwrap()])
    };
    // Two whole days of last winter, each ten minutes.
    let line = |i: i32| {
        format!("2025-12-0{}T{:02}:{:02}:00+01:00,{}\n", 1 + i / 144, i / 6 % 24, i % 6 * 10, i / 144 * 10 + 5)
    };
    let text: String = std::iter::once("time,value\n".into()).chain((0..288).map(line)).collect();
    assert!(import("living.temperature", &text).status.success());
    let days = course(&house, &["living.temperature", "--from", "2025-12-01", "--to", "2025-12-04", "--every", "1d"]);
    let told: Vec<_> =
        days["spans"].as_array().unwrap().iter().map(|s| (s["mean"].as_f64(), s["known_s"].as_f64())).collect();
    // The last reading counts for an hour.
    assert_eq!(
        told,
        [(Some(5.0), Some(86_400.0)), (Some(15.0), Some(86_400.0)), (Some(15.0), Some(3_000.0))],
        "{days}"
    );
    for (point, text, expected) in [
        (
            "living.temperature",
            "2025-12-01,20\n2025-12-02,warm\n",
            "old.csv: line 2: \"warm\" is no value of living.temperature",
        ),
        ("living.temperatur", "2025-12-01,20\n", "did you mean living.temperature?"),
        ("mode", "2025-12-01,20\n", "mode has words"),
    ] {
        let output = import(point, text);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(expected), "{said}");
    }
    // A reading of a moment ago ends; the point, which stays as it is, is known again.
    assert!(import("living.temperature", "1m,19.5\n").status.success());
    wait_until("it is known again", || {
        let told = course(&house, &["living.temperature", "--from", "3s", "--every", "1s"]);
        told["spans"].as_array().unwrap().last().is_some_and(|span| span["mean"] == 21.0)
    });
    // A week, each ten seconds.
    let line = |i: i32| {
        let (day, hour, minute, second) = (10 + i / 8_640, i / 360 % 24, i / 6 % 60, i % 6 * 10);
        format!("2025-12-{day}T{hour:02}:{minute:02}:{second:02}Z,{}\n", i % 30)
    };
    assert!(import("living.temperature", &(0..60_480).map(line).collect::<String>()).status.success());
    let week = course(&house, &["living.temperature", "--from", "2025-12-11", "--to", "2025-12-16", "--every", "1d"]);
    let means: Vec<_> = week["spans"].as_array().unwrap().iter().map(|span| span["mean"].as_f64().unwrap()).collect();
    assert_eq!(means, [14.5; 5], "{week}");
    sleep(Duration::from_millis(2_500));
    assert!(house.status()["history_unwritten"].is_null(), "the daemon goes on writing");
    assert!(!house.log().contains("cannot be written"), "it never had to wait too long");
    assert!(house.stop());
    assert_eq!(integrity(&database(&house)), "ok");
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    let mut house = House::new(&HUT.replace(TABLE, ""));
    house.up(&[]);
    assert!(!database(&house).exists());
    let (status, answer) = get(&house.socket(), "/api/v1/history/lamp");
    assert_eq!(status, 404, "{answer}");
    let advice = "no history is kept; write a line [history] into the configuration file, and it begins";
    assert_eq!(answer["detail"], advice);
    assert_eq!(get(&house.socket(), "/api/v1/report"), (404, answer));
    let told = house.console(&["history", "lamp"]);
    assert!(!told.status.success() && String::from_utf8_lossy(&told.stderr).contains(advice), "{told:?}");
    // A reload begins it, and another ends it.
    fs::write(&house.config, HUT).unwrap();
    wait_until("it begins", || get(&house.socket(), "/api/v1/history/lamp").0 == 200);
    fs::write(&house.config, HUT.replace(TABLE, "")).unwrap();
    wait_until("it ends", || get(&house.socket(), "/api/v1/history/lamp").0 == 404);
    assert_eq!(integrity(&database(&house)), "ok");
}

#[test]
fn two_hundred_kills_lose_nothing_that_was_written() {
    std::thread::scope(|scope| {
        for row in 0..4 {
            scope.spawn(move || kills(row));
        }
    });
}

/// A second of this house takes ten milliseconds.
const FAST: [&str; 4] = ["--from", "2026-11-23T09:59", "--speed", "100"];

fn kills(row: u64) {
    let mut house = House::new(HUT);
    let mut dice = Dice(2026 + row);
    let file = database(&house);
    let mut most = 0;
    for kill in 0..50 {
        house.spawn(&FAST);
        // At its start, or at its work.
        match kill % 2 {
            0 => sleep(Duration::from_millis(dice.roll(150))),
            _ => wait_until("more is written", || self::seen(&file).is_some_and(|(_, log)| log > most)),
        }
        // What is in the file now stays there.
        let seen = seen(&file);
        sleep(Duration::from_millis(dice.roll(60)));
        house.kill();
        if let Some((tail, log)) = seen {
            assert_eq!(integrity(&file), "ok", "kill {kill} of row {row}");
            let after = self::seen(&file).unwrap();
            assert!(after.1 >= log, "kill {kill} of row {row}: {log} entries of the log, then {}", after.1);
            assert!(after.0 >= tail || after.0 <= 10, "kill {kill} of row {row}: {tail} commits, then {}", after.0);
            most = most.max(after.1);
        }
    }
    house.up(&FAST);
    assert!(!house.log().contains("damaged"), "none was set aside");
    wait_until("it goes on", || {
        changes(&course(&house, &["blinker", "--from", "2026-11-23", "--to", "2026-11-24"])).len() > 20
    });
}

/// How many commits and entries of the log are in a file that is being written.
fn seen(file: &Path) -> Option<(i64, i64)> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).ok();
    Some((count("SELECT coalesce(max(number), 0) FROM tail")?, count("SELECT count(*) FROM log")?))
}

/// A power cut tears what was written last: wherever that is, the file opens, and what was written before is there.
#[test]
fn a_log_of_writes_cut_at_every_byte_of_its_last_pages_is_no_harm() {
    let mut house = House::new(HUT);
    house.spawn(&FAST);
    wait_until("some commits", || seen(&database(&house)).is_some_and(|(tail, log)| tail > 20 && log > 20));
    house.kill();
    let folder = tempfile::TempDir::new().unwrap();
    let (file, wal) = (folder.path().join("history.db"), folder.path().join("history.db-wal"));
    let (whole, log) =
        (fs::read(database(&house)).unwrap(), fs::read(house.folder.path().join("state/history.db-wal")).unwrap());
    let look = |bytes: &[u8]| {
        fs::write(&file, &whole).unwrap();
        fs::write(&wal, bytes).unwrap();
        let _ = fs::remove_file(folder.path().join("history.db-shm"));
        let connection = Connection::open(&file).unwrap();
        let check: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
        let entries: i64 = connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap();
        (check, entries)
    };
    let (check, all) = look(&log);
    assert_eq!(check, "ok");
    // A page of the log is one of the database with a head of 24 bytes.
    let pages = 2 * (2048 + 24);
    let mut least = all;
    for cut in (log.len() - pages..log.len()).rev() {
        let (check, entries) = look(&log[..cut]);
        assert_eq!(check, "ok", "cut at {cut}");
        assert!(entries <= least && entries > all - 10, "cut at {cut}: {entries} of {all}");
        least = entries;
    }
    // Or something else stands there.
    for torn in (log.len() - pages..log.len()).step_by(11) {
        let mut bytes = log.clone();
        bytes[torn] ^= 0x55;
        let (check, entries) = look(&bytes);
        assert_eq!(check, "ok", "torn at {torn}");
        assert!(entries > all - 10, "torn at {torn}: {entries} of {all}");
    }
}

/// A kill loses what came within `commit` before it: as the daemon's own clock tells, and for a busy machine with so much more as
/// that shows in a minute.
#[test]
fn a_kill_loses_no_more_than_commit() {
    const COMMIT_S: i64 = 60;
    const SLACK_S: i64 = 600;
    let from = chrono::DateTime::parse_from_rfc3339("2026-11-23T09:59:00Z").unwrap().timestamp();
    let kill = |dies_after_s: i64| {
        let mut house =
            House::new(&HUT.replace("Europe/Amsterdam", "UTC").replace("\"1s\"\n[modes]", "\"1m\"\n[modes]"));
        house.up(&["--from", "2026-11-23T09:59", "--speed", "10"]);
        let mut lived_s = 0;
        let mut lives = |least_s: i64| {
            wait_until("it has lived long", || {
                let time = get(&house.socket(), "/api/v1/points").1["time"].as_str().unwrap().to_owned();
                lived_s = chrono::DateTime::parse_from_rfc3339(&time).unwrap().timestamp() - from;
                lived_s >= least_s
            })
        };
        lives(dies_after_s / 2);
        lives(dies_after_s);
        house.kill();
        let connection = Connection::open(database(&house)).unwrap();
        // The blinker goes on or off every two seconds. The time of a row stands above the number of its point.
        let last: i64 = connection.query_row("SELECT max(key) >> 20 FROM log", [], |row| row.get(0)).unwrap();
        let kept_s = last / 1_000 - from;
        assert!(kept_s + COMMIT_S + SLACK_S >= lived_s, "killed after {lived_s} s, and {kept_s} s are in the file");
    };
    std::thread::scope(|scope| {
        for row in 0..6 {
            scope.spawn(move || kill(COMMIT_S + SLACK_S + 60 + 11 * row));
        }
    });
}

/// Another program that is at the file for long holds up what is written there, and nothing else.
#[test]
fn a_file_that_another_program_holds_holds_up_no_output() {
    let mut house = House::new(HUT);
    house.up(&[]);
    wait_until("something is written", || seen(&database(&house)).is_some_and(|(_, log)| log > 2));
    let other = Connection::open(database(&house)).unwrap();
    other.busy_timeout(support::PATIENCE).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let before = seen(&database(&house));
    assert!(before.is_some(), "it can be read meanwhile");
    let mut value = "OFF";
    let mut obeys = |house: &House| {
        value = if value == "ON" { "OFF" } else { "ON" };
        assert!(house.ask(&["set", "heater", value]).contains(&format!("heater is {value}")));
        assert_eq!(house.value("heater"), value);
    };
    (0..20).for_each(|_| obeys(&house));
    house.ask(&["set", "living.temperature", "15"]);
    wait_until("it is read", || house.value("living.temperature") == "15.00");
    house.ask(&["set", "motion", "on"]);
    wait_until("the rule switches the lamp on", || house.value("lamp") == "ON");
    wait_until("it is said", || {
        obeys(&house);
        house.status()["history_unwritten"].as_str().is_some_and(|why| why.contains("locked"))
    });
    (0..20).for_each(|_| obeys(&house));
    house.ask(&["set", "living.temperature", "21"]);
    wait_until("it is read", || house.value("living.temperature") == "21.00");
    assert_eq!(seen(&database(&house)), before, "nothing could be written");
    other.execute_batch("ROLLBACK").unwrap();
    wait_until("it is written again", || house.status()["history_unwritten"].is_null());
    // What happened meanwhile is in it.
    assert!(house.stop());
    let heater = changes(&course(&house, &["heater"]));
    assert!(heater.iter().any(|(value, _)| value == "ON"), "{heater:?}");
    assert_eq!(changes(&course(&house, &["lamp"]))[1], ("ON".into(), Some("rule: Motion".into())));
    let temperature = course(&house, &["living.temperature", "--from", "1h", "--every", "1h"]);
    let least = temperature["spans"].as_array().unwrap().iter().filter_map(|span| span["min"].as_f64());
    assert_eq!(least.reduce(f64::min), Some(15.0), "{temperature}");
}

#[test]
fn a_damaged_file_is_set_aside_and_another_begun() {
    let mut house = House::new(HUT);
    house.up(&[]);
    wait_until("something is written", || seen(&database(&house)).is_some_and(|(_, log)| log > 2));
    assert!(house.stop());
    let state = house.folder.path().join("state");
    let aside = || {
        let names = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("history.db.corrupt-")).count()
    };
    for (round, damage) in ["no database at all", "", "pages"].into_iter().enumerate() {
        match damage {
            // A file of many pages of which the later are gone.
            "pages" => {
                let file = fs::File::options().write(true).open(database(&house)).unwrap();
                let length = file.metadata().unwrap().len();
                file.set_len(length / 2).unwrap();
            }
            text => fs::write(database(&house), text.repeat(100)).unwrap(),
        }
        house.up(&[]);
        wait_until("another is written", || get(&house.socket(), "/api/v1/history/lamp").0 == 200);
        // An empty file is as good as none.
        let damaged = [1, 1, 2][round];
        wait_until("it is set aside", || aside() == damaged);
        wait_until("something is written", || seen(&database(&house)).is_some_and(|(_, log)| log > 2));
        assert!(house.status()["history_unwritten"].is_null());
        assert!(house.stop());
        assert_eq!(integrity(&database(&house)), "ok");
    }
    assert!(house.log().contains("it is set aside as"), "{}", house.log());
    // Each second of damage has a name of its own; not more than three are kept.
    for _ in 0..3 {
        sleep(Duration::from_millis(1_100));
        fs::write(database(&house), "no database".repeat(100)).unwrap();
        house.up(&[]);
        wait_until("another is written", || get(&house.socket(), "/api/v1/history/lamp").0 == 200);
        assert!(house.stop());
    }
    assert_eq!(aside(), 3);
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let mut house = House::new(HUT);
    fs::create_dir(house.folder.path().join("state")).unwrap();
    Connection::open(database(&house))
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .unwrap();
    house.up(&[]);
    house.wait_for_log("it is the database of another program");
    assert!(house.status()["history_unwritten"].as_str().is_some_and(|why| why.contains("another program")));
    assert!(house.ask(&["set", "lamp", "on"]).contains("lamp is ON"), "the house goes on");
    assert!(house.stop());
    let theirs = Connection::open(database(&house)).unwrap();
    assert_eq!(theirs.query_row("SELECT count(*) FROM theirs", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

/// A daemon whose state is on a small file system of its own, in a user namespace.
struct OnSmallDisk {
    house: House,
    child: Child,
}

impl OnSmallDisk {
    fn up(options: &str) -> OnSmallDisk {
        let house = House::new(HUT);
        let state = house.folder.path().join("state");
        fs::create_dir(&state).unwrap();
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs '{0}' && exec '{1}' --config '{2}' --socket '{3}' run --state '{0}'",
            state.display(),
            env!("CARGO_BIN_EXE_hearthd"),
            house.config.display(),
            house.socket().display()
        );
        let child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .stderr(Stdio::piped())
            .spawn()
            .expect("unshare is needed: apt install util-linux");
        let small = OnSmallDisk { house, child };
        wait_until("hearthd serves its socket (user namespaces are needed)", || {
            small.house.console(&["status"]).status.success()
        });
        small
    }

    /// The file system, seen from outside.
    fn state(&self) -> PathBuf {
        let state = self.house.folder.path().join("state");
        PathBuf::from(format!("/proc/{}/root{}", self.child.id(), state.display()))
    }

    fn mount(&self, how: &str) {
        let state = self.house.folder.path().join("state");
        let status = Command::new("nsenter")
            .args(["--preserve-credentials", "--user", "--mount", "--target", &self.child.id().to_string()])
            .args(["mount", "-o", &format!("remount,{how}"), state.to_str().unwrap()])
            .status()
            .unwrap();
        assert!(status.success(), "remount {how}");
    }

    fn unwritten(&self) -> Option<String> {
        self.house.status()["history_unwritten"].as_str().map(str::to_owned)
    }

    fn health(&self) -> (u16, String) {
        let (status, health) = get(&self.house.socket(), "/healthz");
        (status, health["status"].as_str().unwrap_or_default().to_owned())
    }

    fn entries(&self) -> usize {
        let course = get(&self.house.socket(), "/api/v1/history/blinker?from=1d").1;
        course["changes"].as_array().map_or(0, Vec::len)
    }
}

impl Drop for OnSmallDisk {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        self.child.wait().unwrap();
        if std::thread::panicking() {
            eprintln!("--- the daemon's log ---\n{log}---");
        }
    }
}

#[test]
fn on_a_full_disk_it_goes_on_and_resumes() {
    let small = OnSmallDisk::up("size=1m");
    wait_until("something is written", || small.entries() > 1 && small.unwritten().is_none());
    let fill = small.state().join("fill");
    let mut file = fs::File::create(&fill).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    wait_until("it is said", || small.unwritten().is_some());
    let why = small.unwritten().unwrap();
    assert!(why.contains("the history cannot be written") && why.contains("full"), "{why}");
    assert!(small.house.ask(&["status"]).contains("the history cannot be written"));
    assert!(small.house.ask(&["set", "lamp", "on"]).contains("lamp is ON"), "the house goes on");
    let (status, health) = get(&small.house.socket(), "/healthz");
    // The state has had its room before.
    assert_eq!((status, &health["status"]), (200, &"degraded".into()), "{health}");
    assert_eq!((&health["checks"]["history"], &health["checks"]["disk"]), (&false.into(), &true.into()), "{health}");
    drop(file);
    fs::remove_file(&fill).unwrap();
    wait_until("it is written again", || small.unwritten().is_none());
    wait_until("all is well", || small.health() == (200, "ok".into()));
    // What happened meanwhile was not lost.
    let lamp = get(&small.house.socket(), "/api/v1/history/lamp").1;
    assert!(changes(&lamp).iter().any(|(value, _)| value == "ON"), "{lamp}");
    assert_eq!(integrity(&small.state().join("history.db")), "ok");
}

#[test]
fn on_a_read_only_disk_it_goes_on_and_resumes() {
    let small = OnSmallDisk::up("size=1m,ro");
    wait_until("it is said", || small.unwritten().is_some());
    assert!(small.unwritten().is_some_and(|why| why.contains("Read-only file system")), "{:?}", small.unwritten());
    let (status, answer) = get(&small.house.socket(), "/api/v1/history/lamp");
    assert_eq!(status, 503, "{answer}");
    assert_eq!(small.health(), (503, "failed".into()), "the state cannot be saved");
    assert!(small.house.ask(&["set", "lamp", "on"]).contains("lamp is ON"), "the house goes on");
    small.mount("rw");
    wait_until("it is written again", || small.unwritten().is_none());
    wait_until("all is well", || small.health() == (200, "ok".into()));
    let lamp = get(&small.house.socket(), "/api/v1/history/lamp").1;
    assert!(changes(&lamp).iter().any(|(value, _)| value == "ON"), "{lamp}");
    assert_eq!(integrity(&small.state().join("history.db")), "ok");
}

/// Not one file can be made on it.
#[test]
fn on_a_disk_that_was_full_before_monitors_are_told() {
    let small = OnSmallDisk::up("size=1m,nr_inodes=1");
    wait_until("it is said", || small.health() == (503, "failed".into()));
    let checks = get(&small.house.socket(), "/healthz").1["checks"].clone();
    assert_eq!((&checks["disk"], &checks["control_loop"]), (&false.into(), &true.into()), "{checks}");
    assert!(small.house.ask(&["set", "lamp", "on"]).contains("lamp is ON"), "the house goes on");
    small.mount("nr_inodes=100");
    wait_until("all is well", || small.health() == (200, "ok".into()));
}
