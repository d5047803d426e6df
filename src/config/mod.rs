//! The configuration file: TOML text in, a checked [`Config`] or all its problems out.
//!
//! The file is read key by key (`table`), one source file for each table; then names are resolved and the house
//! as a whole is checked. Nothing stops at the first problem. The reader's calls, made on a blank table, give the JSON
//! schema.

mod address;
mod alike;
mod chips;
mod climate;
mod conflicts;
mod daily;
mod diagnostic;
mod energy;
mod expanders;
mod expectations;
mod file;
mod hardware;
mod hidden;
mod history;
mod holidays;
mod homeassistant;
mod house;
mod http;
mod hub;
mod hubs;
mod ids;
mod inputs;
mod interval;
mod keys;
mod language;
mod modbus;
mod modes;
mod mqtt;
mod nearest;
mod oscillation;
mod outputs;
mod pem_files;
mod remote;
mod rooms;
mod rules;
mod scenes;
mod secrets;
mod sensors;
mod serial;
mod settable;
mod shape;
mod suggestions;
mod syntax;
mod table;
mod week;
mod wires;

pub use diagnostic::{Diagnostic, Place, Problems, Report, Severity, Source};
pub use expectations::{Entry, Expectation, Step, expectations};
pub use hidden::{Covered, Uncovered};
pub use keys::Keys;
pub use language::{state_meaning, state_words};
pub use modbus::modbus_kinds;
pub use nearest::name as nearest_name;
pub use remote::short_forms;
pub use suggestions::refused_command;

use crate::model::{Config, Zone};
use serde::{Deserialize, Serialize};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use table::Table;

/// A configuration that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The house.
    pub config: Config,
    /// What somebody should look at, in the order of the file's lines.
    pub warnings: Vec<Diagnostic>,
    /// What it was read from.
    pub sources: Sources,
}

/// All that a configuration was read from: enough to have the same house again when the files are gone or others.
///
/// It may hold a password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// What messages call the file.
    pub path: PathBuf,
    /// The zone of the machine, which counts where the text names none.
    #[serde(default)]
    pub zone: String,
    /// The text of the file.
    pub text: String,
    /// Passwords by the names of their files. One that is not here is not known.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The texts of all other files, by their names: holidays, tests. What is not here counts as empty.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sources of {}", self.path.display())
    }
}

impl Sources {
    /// A text alone, in UTC: a password file and a list of holidays are not known.
    pub fn of_text(path_for_messages: &Path, text: &str) -> Sources {
        let (path, zone, text) = (path_for_messages.to_owned(), Zone::UTC.name().to_owned(), text.to_owned());
        Sources { path, zone, text, ..Sources::default() }
    }

    /// The tests that `config`, which was read from this, has to pass, if it names any.
    pub fn tests(&self, config: &Config) -> Option<Source> {
        let name = config.hub.tests.as_deref()?;
        Some(Source { path: self.path.with_file_name(name), text: self.files.get(name)?.clone() })
    }
}

/// Reads the file at `path` and the files that it may name: a password, holidays, tests. A time zone that it does not name
/// is the machine's.
///
/// # Errors
/// All problems of the file, or why it cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    load_text(path, file::read(path)?.text)
}

/// As [`load`], with this text in the place of the file's.
///
/// # Errors
/// All problems of the text and of what it names.
pub fn load_text(path: &Path, text: String) -> Result<Loaded, Report> {
    let zone = file::system_zone();
    let read = RefCell::new(Sources { zone: zone.name().to_owned(), ..Sources::of_text(path, &text) });
    let secret = |name: &str| {
        let secret = file::secret(path, name)?;
        read.borrow_mut().secrets.insert(name.to_owned(), secret.clone());
        Ok(Some(secret))
    };
    let beside = |name: &str| {
        let text = file::beside(path, name)?;
        read.borrow_mut().files.insert(name.to_owned(), text.clone());
        Ok(Some(text))
    };
    let pem = |name: &str, kind| file::pem(path, name, kind);
    let source = Source { path: path.into(), text };
    let (config, warnings) = compile(&source, zone, &house::Files { secret: &secret, beside: &beside, pem: &pem })?;
    Ok(Loaded { config, warnings, sources: read.into_inner() })
}

/// The files that the configuration at `path` names, by their names in it, and where they are.
///
/// # Errors
/// As [`load`].
pub fn named(path: &Path) -> Result<BTreeMap<String, PathBuf>, Report> {
    let source = file::read(path)?;
    let named = RefCell::new(BTreeMap::new());
    let note = |name: &str, at: PathBuf| _ = named.borrow_mut().insert(name.to_owned(), at);
    let files = house::Files {
        secret: &|name| {
            note(name, file::named(path, name));
            file::secret(path, name).map(Some)
        },
        beside: &|name| {
            note(name, path.with_file_name(name));
            file::beside(path, name).map(Some)
        },
        pem: &|name, kind| {
            note(name, file::named(path, name));
            file::pem(path, name, kind)
        },
    };
    compile(&source, file::system_zone(), &files)?;
    Ok(named.into_inner())
}

/// The configuration that was once read from `sources`, whatever has become of the files.
///
/// # Errors
/// All problems of the text; they call the file as the sources do.
pub fn again(sources: &Sources) -> Result<Loaded, Report> {
    let source = Source { path: sources.path.clone(), text: sources.text.clone() };
    let zone = Zone::find(&sources.zone).unwrap_or(Zone::UTC);
    let files = house::Files {
        secret: &|name| Ok(sources.secrets.get(name).cloned()),
        beside: &|name| Ok(sources.files.get(name).cloned()),
        // They are read at each connection.
        pem: &|name, _| Ok(pem_files::PemFile { path: file::named(&sources.path, name), content: None }),
    };
    let (config, warnings) = compile(&source, zone, &files)?;
    Ok(Loaded { config, warnings, sources: sources.clone() })
}

/// The configuration that `text` describes: the files that it names are not read, and a time zone that it does not name is
/// UTC. The one thing that is read, once, are the rules of a time zone.
///
/// # Errors
/// All problems of the text; they call the file `path_for_messages`.
pub fn parse(path_for_messages: &Path, text: &str) -> Result<Loaded, Report> {
    again(&Sources::of_text(path_for_messages, text))
}

/// As [`load`], but the files that it names are not read, as by [`parse`].
///
/// # Errors
/// As [`load`].
pub fn load_alone(path: &Path) -> Result<Loaded, Report> {
    parse(path, &file::read(path)?.text)
}

/// The JSON schema (draft 7) of the configuration file, for editors that complete and check TOML.
pub fn schema() -> serde_json::Value {
    let problems = Problems::default();
    let mut root = Table::blank(&problems);
    house::read(&mut root, Zone::UTC, &problems);
    let mut schema = root.finish();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "hearthd".into();
    schema["description"] = "Configuration of hearthd, the home automation daemon of a Raspberry Pi.".into();
    schema
}

fn compile(source: &Source, zone: Zone, files: &house::Files<'_>) -> Result<(Config, Vec<Diagnostic>), Report> {
    let problems = Problems::default();
    let mut config = None;
    if let Some(document) = syntax::read(source, &problems)? {
        let mut root = Table::root(document.get_ref(), &problems);
        let draft = house::read(&mut root, zone, &problems);
        // A misspelt table would make every name in it unknown: first things first.
        let whole = !root.has_misspelt_key();
        root.finish();
        config = whole.then(|| house::resolve(draft, &source.text, files, &problems));
    }
    let warnings = problems.settle(source)?;
    match config {
        Some(config) => Ok((config, warnings)),
        None => Err(Report::about_file(&source.path, "the file is not TOML".into(), "see https://toml.io".into())),
    }
}

#[cfg(test)]
mod tests;
