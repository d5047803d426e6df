//! Every file of `tests/scenarios/` is played; what the house does must be the log that stands in the file.
//!
//! `UPDATE_EXPECTED=1 cargo test --test scenarios` writes the logs anew: commit only what you understand and want.
//! One file: `hearthd simulate --scenario FILE`.

#![allow(clippy::unwrap_used)]

use hearthd::{
    config::{self, Source},
    model::Config,
    simulator::scenario,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "scenario")).collect();
    files.sort();
    files
}

fn source(path: &Path) -> Source {
    Source { path: path.file_name().unwrap().into(), text: fs::read_to_string(path).unwrap() }
}

/// A scenario without a house is for the configuration that hearthd comes with.
fn shipped() -> Arc<Config> {
    let path = root().join("config.toml");
    Arc::new(config::parse(&path, &fs::read_to_string(&path).unwrap()).unwrap().config)
}

#[test]
fn every_log_comes_true() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let (shipped, mut wrong) = (shipped(), String::new());
    for path in files("tests/scenarios") {
        let source = source(&path);
        let scenario = match scenario::read(&source, Some(&shipped)) {
            Ok(scenario) => scenario,
            Err(report) => {
                wrong += &format!("{report}\n\n");
                continue;
            }
        };
        let log = scenario::log(&scenario);
        let difference = scenario.difference(&log);
        if update && (difference.is_some() || !scenario.has_log()) {
            fs::write(&path, scenario.with_log(&log)).unwrap();
        } else if let Some(difference) = difference {
            wrong += &format!("=== {} (- expected, + what happened)\n{difference}\n", source.path.display());
        } else if !scenario.has_log() {
            wrong += &format!("=== {} has no log\n", source.path.display());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_scenario_says_what_it_shows() {
    let files = files("tests/scenarios");
    assert!(files.len() >= 20, "{} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.starts_with("---") && text.len() > 100, "{}: no word about it", path.display());
    }
}

/// Rules that disagree in a house that is shown are meant to.
#[test]
fn no_house_is_warned_of_its_order() {
    let mut houses: Vec<(String, String)> = ["config.toml", "benches/simulate/house.toml"]
        .map(|name| (name.to_owned(), fs::read_to_string(root().join(name)).unwrap()))
        .into();
    for path in files("tests/scenarios") {
        let text = fs::read_to_string(&path).unwrap();
        let Some((_, house)) = text.split_once("--- house\n") else { continue };
        let house = house.split("\n--- ").next().unwrap();
        let hub =
            if house.contains("[hub]") { "" } else { "hub = { id = 'house', latitude = 52.37, longitude = 4.89 }\n" };
        houses.push((path.file_name().unwrap().to_string_lossy().into_owned(), format!("{hub}{house}\n")));
    }
    let mut warned = String::new();
    for (name, text) in houses {
        for warning in config::parse(Path::new(&name), &text).unwrap_or_else(|report| panic!("{report}")).warnings {
            // What has no effect may be shown to have none.
            if warning.message.contains("this has no effect") {
                continue;
            }
            warned += &format!("{warning}\n\n");
        }
    }
    assert!(warned.is_empty(), "\n{warned}");
}

#[test]
fn the_example_of_the_document_comes_true() {
    let document = fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let blocks: Vec<&str> = document.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [command, file, ..] = blocks[..] else { panic!("the document has no example") };
    let source = Source { path: "evening.scenario".into(), text: file.to_owned() };
    let scenario = scenario::read(&source, None).unwrap_or_else(|report| panic!("{report}"));
    let log = scenario::log(&scenario);
    assert_eq!(scenario.difference(&log), None);
    assert_eq!(command.lines().skip(1).collect::<Vec<_>>(), log, "what the command prints");
}

/// Each file of `tests/scenario_errors/` is refused with the message beside it.
#[test]
fn every_slip_is_pointed_at() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let (shipped, mut wrong) = (shipped(), String::new());
    let files = files("tests/scenario_errors");
    assert!(files.len() >= 5, "{} files", files.len());
    for path in files {
        let source = source(&path);
        let found = match scenario::read(&source, Some(&shipped)) {
            Ok(_) => "it is accepted\n".to_owned(),
            Err(report) => format!("{report}\n"),
        };
        let beside = path.with_extension("txt");
        if update {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if expected != found {
            wrong += &format!("=== {}: expected\n{expected}=== found\n{found}\n", source.path.display());
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
