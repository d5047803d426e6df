//! `hearthd homeassistant`: the key that Home Assistant asks for.

use super::places;
use anyhow::Context;
use clap::Subcommand;
use hearthd::{
    config, files,
    homeassistant::{KEY_FILE, new_key},
    model::{Encryption, HomeAssistantSettings},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Print the key that Home Assistant asks for when it adds this hub
    Key {
        /// Where the daemon keeps its state [default: where it usually does]
        #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
        state: Option<PathBuf>,
    },
    /// Make a key for key_file and print it
    NewKey,
}

/// Does it.
pub fn run(command: &Command, config: &Path) -> anyhow::Result<()> {
    let key = match command {
        Command::NewKey => new_key().map_err(anyhow::Error::msg)?.text(),
        Command::Key { state } => known(config, state.as_deref())?,
    };
    Ok(writeln!(io::stdout(), "{key}")?)
}

fn known(config: &Path, state: Option<&Path>) -> anyhow::Result<String> {
    let loaded = config::load(config).map_err(|report| anyhow::anyhow!("{report}"))?;
    let settings = loaded.config.homeassistant;
    let HomeAssistantSettings { encryption, .. } =
        settings.context("there is no table [homeassistant] in the configuration")?;
    match encryption {
        Encryption::Plaintext => anyhow::bail!("Home Assistant needs no key: allow_plaintext is set"),
        Encryption::Key(key) => Ok(key.context("the key was not read")?.text()),
        Encryption::OwnKey => {
            let state = state.map(Path::to_owned).or_else(|| places::known_state(config));
            let state =
                state.context("no state of this configuration was found; say where it is with --state FOLDER")?;
            let file = state.join(KEY_FILE);
            let text = files::read_text(&file, files::SYSTEM).with_context(|| {
                format!("cannot read {}: hearthd makes it when it runs; only its user may", file.display())
            })?;
            Ok(text.trim_end().to_owned())
        }
    }
}
