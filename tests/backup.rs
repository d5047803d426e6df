//! A house is saved while it runs, and is the same house on another card; what is damaged changes nothing.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use rusqlite::{Connection, OpenFlags};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};
use support::{House, wait_until};

const HUT: &str = "[hub]\nid = \"hut\"\nholidays = \"days.txt\"\n[hardware]\nbackend = \"simulated\"\n\
    [history]\ncommit = \"1s\"\n[modes]\n[outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
    [mqtt]\nurl = \"mqtt://127.0.0.1:1\"\nusername = \"me\"\npassword_file = \"word\"\n";

fn state(house: &House) -> PathBuf {
    house.folder.path().join("state")
}

fn tell(house: &House, command: &str, file: &Path) -> Output {
    house.console(&[command, file.to_str().unwrap(), "--state", state(house).to_str().unwrap()])
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All files of a house, and what is in them.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(contents(&path)),
            false if path.is_file() => all.push((path.clone(), fs::read(&path).unwrap())),
            false => {}
        }
    }
    all.sort();
    all
}

/// Whether this is in the log of the file that the daemon writes.
fn is_written(house: &House, value: &str) -> bool {
    let file = state(house).join("history.db");
    let Ok(connection) = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return false };
    let sql = "SELECT count(*) FROM log WHERE value = ?1";
    connection.query_row(sql, [value], |row| row.get(0)).is_ok_and(|count: i64| count > 0)
}

/// Its mode and the lamp are others than at a first start, and its history tells when they became so.
fn saved(backup: &Path) -> House {
    let mut house = House::new(HUT);
    fs::write(house.folder.path().join("days.txt"), "12-25\n").unwrap();
    fs::write(house.folder.path().join("word"), "secret\n").unwrap();
    house.up(&[]);
    house.ask(&["set", "mode", "away"]);
    house.ask(&["set", "lamp", "on"]);
    // What is not written yet is not saved.
    wait_until("it is in the file of the history", || is_written(&house, "away"));
    let output = tell(&house, "backup", backup);
    assert!(output.status.success() && said(&output).is_empty(), "{output:?}");
    assert!(house.status()["history_unwritten"].is_null(), "the daemon goes on");
    house
}

#[test]
fn a_house_goes_on_on_another_card() {
    let folder = tempfile::TempDir::new().unwrap();
    let backup = folder.path().join("hut.tar");
    let mut old = saved(&backup);
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600, "it holds secrets");
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["hut.tar"], "nothing is left beside it");
    assert!(old.stop());
    drop(old);

    let mut new = House::new("[hub]\nid = \"other\"\n");
    let output = tell(&new, "restore", &backup);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(&new.config).unwrap(), HUT);
    assert_eq!(fs::read_to_string(new.folder.path().join("word")).unwrap(), "secret\n");
    assert_eq!(fs::read_to_string(new.folder.path().join("days.txt")).unwrap(), "12-25\n");
    let before: Vec<String> = fs::read_dir(new.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".before-"))
        .collect();
    assert_eq!(before.len(), 2, "the configuration and the state of before: {before:?}");
    let kept = before.iter().find(|name| !name.starts_with("state")).unwrap();
    assert_eq!(fs::read_to_string(new.folder.path().join(kept)).unwrap(), "[hub]\nid = \"other\"\n");

    new.up(&[]);
    assert_eq!((new.value("mode").as_str(), new.value("lamp").as_str()), ("away", "ON"));
    assert!(new.ask(&["history", "mode"]).contains("away"));
}

#[test]
fn nothing_is_changed_by_a_damaged_backup_or_beside_a_running_daemon() {
    let folder = tempfile::TempDir::new().unwrap();
    let backup = folder.path().join("hut.tar");
    let mut house = saved(&backup);
    let output = tell(&house, "restore", &backup);
    assert!(!output.status.success() && said(&output).contains("hearthd must not run meanwhile"), "{output:?}");
    assert_eq!((house.value("mode").as_str(), house.value("lamp").as_str()), ("away", "ON"));
    assert!(house.stop());

    let before = contents(house.folder.path());
    let whole = fs::read(&backup).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (bytes, expected) in [
        (&whole[..whole.len() / 2], "cut short"),
        (&whole[..0], "cut short"),
        (&flipped, "damaged"),
        (HUT.repeat(10).as_bytes(), "it is no backup of hearthd, or damaged"),
    ] {
        fs::write(&backup, bytes).unwrap();
        let output = tell(&house, "restore", &backup);
        assert!(!output.status.success(), "{output:?}");
        let said = said(&output);
        assert!(said.contains("cannot be used, and nothing was changed") && said.contains(expected), "{said}");
        assert!(contents(house.folder.path()) == before, "{expected}: something was changed");
    }
    let output = tell(&house, "restore", &folder.path().join("none.tar"));
    assert!(!output.status.success() && said(&output).contains("cannot read"), "{output:?}");
}

#[test]
fn a_backup_that_cannot_be_written_leaves_the_one_before() {
    let folder = tempfile::TempDir::new().unwrap();
    let backup = folder.path().join("hut.tar");
    let house = saved(&backup);
    let whole = fs::read(&backup).unwrap();
    // One in the folder of the state is no part of the next.
    let inside = state(&house).join("old.tar");
    let size = || {
        assert!(tell(&house, "backup", &inside).status.success());
        fs::metadata(&inside).unwrap().len()
    };
    let first = size();
    assert!(size() < first * 3 / 2);
    fs::remove_file(&inside).unwrap();
    fs::remove_file(house.folder.path().join("word")).unwrap();
    let output = tell(&house, "backup", &backup);
    // The file has an error now; it is saved as it is, and that is said.
    assert!(output.status.success() && said(&output).contains("has errors: what it names is not in the backup"));
    assert_ne!(fs::read(&backup).unwrap(), whole);
    let whole = fs::read(&backup).unwrap();
    fs::remove_file(&house.config).unwrap();
    let output = tell(&house, "backup", &backup);
    assert!(!output.status.success() && said(&output).contains("no backup was made"), "{output:?}");
    assert_eq!(fs::read(&backup).unwrap(), whole);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["hut.tar"]);
}
