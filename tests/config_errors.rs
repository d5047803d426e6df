//! Bad configuration files and the exact message for each, side by side in `tests/config_errors/`.
//!
//! `UPDATE_EXPECTED=1 cargo test --test config_errors` writes the messages anew: read them before you commit them, as
//! somebody who sees hearthd for the first time.

#![allow(clippy::unwrap_used)]

use hearthd::config;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_errors")
}

fn bad_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

/// What a user sees of a file; only warnings when it is accepted.
fn messages(path: &Path) -> String {
    let name = Path::new(path.file_name().unwrap());
    let text = fs::read_to_string(path).unwrap();
    let shown = match config::parse(name, &text) {
        Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"),
        Err(report) => report.to_string(),
    };
    shown + "\n"
}

#[test]
fn every_bad_file_gets_its_message() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut differences = String::new();
    for path in bad_files() {
        let expected_path = path.with_extension("txt");
        let found = messages(&path);
        if update {
            fs::write(&expected_path, &found).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if expected != found {
            let name = path.file_name().unwrap().to_string_lossy();
            differences += &format!("=== {name}: expected\n{expected}=== {name}: found\n{found}\n");
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn there_are_enough_of_them_and_none_is_accepted_in_silence() {
    let files = bad_files();
    assert!(files.len() >= 45, "{} files", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let refused = config::parse(&path, &fs::read_to_string(&path).unwrap()).is_err();
        assert_eq!(refused, !name.starts_with("warning_"), "{name}");
        assert!(messages(&path).contains(&name), "{name}: nothing is said");
    }
}

#[test]
fn no_message_is_without_its_file() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("toml").exists(), "{} belongs to no file", path.display());
    }
}

/// The message about a file of these bytes, with its folder cut off.
fn message_about(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let message = config::load(&path).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn bytes_that_are_not_utf_8() {
    let message = message_about("latin1.toml", b"[hub]\nid = \"caf\xe9\"\n");
    let expected = "\
error: the file is not UTF-8 text: it has the byte 0xe9 here
  --> latin1.toml:2:10
   |
2  | id = \"caf\u{fffd}\"
   |          ^ save it again with the encoding UTF-8";
    assert_eq!(message, expected);
}

#[test]
fn the_path_of_a_file_with_a_password_is_told() {
    for path in ["mqtt.password", "./nowhere/p4ss", "/nowhere/p4ss"] {
        let text = format!(
            "[hub]\nid = \"home\"\n[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\npassword_file = \"{path}\"\n"
        );
        let message = message_about("config.toml", text.as_bytes());
        assert!(message.contains(&format!("cannot read {path}: there is no such file")), "{message}");
        assert!(message.contains(&format!("| password_file = \"{path}\"")), "{message}");
    }
}

#[test]
fn a_file_of_ten_megabytes() {
    let message = message_about("big.toml", &vec![b'#'; 10 << 20]);
    let expected = "\
error: big.toml is larger than 1 MiB
  --> big.toml
   = is it the right file? A configuration of a large house has some 50 KiB";
    assert_eq!(message, expected);
}

#[test]
fn a_file_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let message = config::load(&folder.path().join("config.toml")).unwrap_err().to_string();
    assert!(message.contains("there is no such file"), "{message}");
}

#[test]
fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let message = config::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("it is a directory"), "{message}");
}

#[test]
fn a_fifo_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let message = config::load(&path).unwrap_err().to_string();
    assert!(message.contains("it is not a regular file"), "{message}");
}

#[test]
fn a_password_in_the_place_of_its_file_is_not_told() {
    let text =
        "[hub]\nid = \"home\"\n[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\npassword_file = \"hunter2\"\n";
    let message = message_about("config.toml", text.as_bytes());
    let expected = "\
error: cannot read *******: there is no such file
  --> config.toml:6:17
   |
6  | password_file = *********
   |                 ^^^^^^^^^ write the file, or give the path of another one";
    assert_eq!(message, expected);
}
