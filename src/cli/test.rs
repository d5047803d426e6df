//! `hearthd test`: tries what the user expects of the house.

use super::complain;
use anyhow::Context;
use hearthd::{
    config::{self, Source},
    files,
    model::Config,
    simulator::expectations,
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// The house to try, whatever its tests say: they are what is to be found out.
pub fn house(config_file: &Path) -> Option<Arc<Config>> {
    let loaded = config::load(config_file).inspect_err(|report| complain(&format!("{report}\n"))).ok()?;
    loaded.warnings.iter().for_each(|warning| complain(&format!("{warning}\n")));
    Some(Arc::new(loaded.config))
}

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

fn try_file(file: &Path, config: &Arc<Config>) -> anyhow::Result<Result<usize, String>> {
    let text = files::read_text(file, files::WRITTEN).with_context(|| {
        let advice = "docs/testing.md tells how to write one";
        format!("cannot read {} ({advice})", file.display())
    })?;
    Ok(expectations::run(&Source { path: file.into(), text }, config).map_err(|report| report.to_string()))
}
