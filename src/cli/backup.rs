//! `hearthd backup` and `hearthd restore`: a house in one file, and from it.

use super::{complain, places};
use anyhow::Context;
use hearthd::{
    clock::{Clock, Moment},
    daemon::backup,
    model::ClockTrust,
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Which file.
#[derive(clap::Args)]
pub struct Arguments {
    /// The backup: a tar file
    file: PathBuf,
    /// Where the daemon keeps its state [default: where it usually does]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
}

/// Saves all that makes the house.
pub fn backup(Arguments { file, state }: &Arguments, config: &Path) -> anyhow::Result<()> {
    let state = state.clone().or_else(|| places::known_state(config));
    let state = state.context("no state of this configuration was found; say where it is with --state FOLDER")?;
    for left_out in backup::backup(file, config, &state)? {
        complain(&format!("warning: {left_out}\n"));
    }
    let (file, config, state) = (file.display(), config.display(), state.display());
    Ok(writeln!(io::stdout(), "{file}: {config} and what it names, and the state in {state}")?)
}

/// Puts a saved house in place.
pub fn restore(Arguments { file, state }: &Arguments, config: &Path) -> anyhow::Result<()> {
    let state = state.clone().or_else(|| places::state_to_be(config));
    let state = state.context("say with --state FOLDER where the state of this configuration is to be")?;
    let now = Clock::system(Moment::START, ClockTrust::Always).now().wall;
    let restored = backup::restore(file, config, &state, &now.format("%Y%m%d-%H%M%S").to_string())?;
    let mut out = io::stdout();
    for path in restored.config.iter().chain([&state]) {
        writeln!(out, "{}: restored", path.display())?;
    }
    for path in &restored.before {
        writeln!(out, "{}: what was there before", path.display())?;
    }
    Ok(writeln!(out, "`hearthd check` looks at the configuration; `sudo systemctl start hearthd` starts the service")?)
}
