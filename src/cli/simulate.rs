//! `hearthd simulate`: the real engine on a virtual clock.

use super::complain;
use anyhow::Context;
use hearthd::{
    config::Source,
    simulator::scenario::{self, Scenario},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to simulate.
#[derive(clap::Args)]
pub struct Arguments {
    /// Play this scenario file, with its own house or with the configuration; a log in it must come true
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
}

/// Simulates; exit code 1 when a log did not come true.
pub fn run(arguments: &Arguments, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let Some(scenario) = read(&arguments.scenario, config)? else { return Ok(ExitCode::FAILURE) };
    let log = scenario::log(&scenario);
    if let Some(difference) = scenario.difference(&log) {
        let file = arguments.scenario.display();
        write!(io::stdout(), "{difference}")?;
        complain(&format!("error: {file}: the log did not come true (- expected, + what happened)\n"));
        return Ok(ExitCode::FAILURE);
    }
    let mut out = io::stdout().lock();
    log.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a scenario; prints its problems and returns nothing if it has any.
fn read(file: &Path, config: Option<&Path>) -> anyhow::Result<Option<Scenario>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let source = Source { path: file.into(), text };
    let usual = if scenario::has_house(&source.text) {
        None
    } else {
        let Some(usual) = super::load(&config.map_or_else(super::places::config, Into::into))? else { return Ok(None) };
        Some(usual.config)
    };
    match scenario::read(&source, usual.as_ref()) {
        Ok(scenario) => Ok(Some(scenario)),
        Err(report) => {
            complain(&format!("{report}\n"));
            Ok(None)
        }
    }
}
