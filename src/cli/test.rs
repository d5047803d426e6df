//! `hearthd test`: tries what the user expects of the house.

use super::complain;
use anyhow::Context;
use hearthd::{config::Source, model::Config, simulator::expectations};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Runs the tests of these files; of none, those beside the configuration.
pub fn run(files: &[PathBuf], config: &Arc<Config>, config_file: &Path) -> anyhow::Result<ExitCode> {
    let usual = [usual(config, config_file)];
    let files = if files.is_empty() { &usual[..] } else { files };
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match try_file(file, config)? {
            Ok(count) => {
                let tests = if count == 1 { "test" } else { "tests" };
                writeln!(io::stdout(), "{}: {count} {tests} came true", file.display())?;
            }
            Err(report) => {
                complain(&format!("{report}\n"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The tests that `hub.tests` names, else `config.test.toml` beside `config.toml`.
fn usual(config: &Config, config_file: &Path) -> PathBuf {
    match &config.hub.tests {
        Some(name) => config_file.with_file_name(&**name),
        None => config_file.with_extension("test.toml"),
    }
}

/// What stands in the way of a changed configuration, if the tests that it names do not come true.
pub fn rehearse(config_file: &Path, config: &Arc<Config>) -> Result<(), String> {
    let Some(name) = &config.hub.tests else { return Ok(()) };
    match try_file(&config_file.with_file_name(&**name), config) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(report)) => Err(report),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn try_file(file: &Path, config: &Arc<Config>) -> anyhow::Result<Result<usize, String>> {
    let text = fs::read_to_string(file).with_context(|| {
        let advice = "docs/testing.md tells how to write one";
        format!("cannot read {} ({advice})", file.display())
    })?;
    Ok(expectations::run(&Source { path: file.into(), text }, config).map_err(|report| report.to_string()))
}
