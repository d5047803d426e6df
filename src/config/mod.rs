//! The configuration file: TOML text in, a checked [`Config`] or all its problems out.
//!
//! The file is read key by key (`table`), one source file for each table; then names are resolved and the house
//! as a whole is checked. Nothing stops at the first problem. The reader's calls, made on a blank table, give the JSON
//! schema.

mod chips;
mod circles;
mod climate;
mod conflicts;
mod diagnostic;
mod expanders;
mod expectations;
mod file;
mod hardware;
mod holidays;
mod house;
mod hub;
mod ids;
mod inputs;
mod interval;
mod language;
mod modes;
mod mqtt;
mod nearest;
mod outputs;
mod rooms;
mod rules;
mod scenes;
mod secrets;
mod sensors;
mod shape;
mod syntax;
mod table;
mod wires;
mod wording;

pub use diagnostic::{Diagnostic, Place, Problems, Report, Severity, Source};
pub use expectations::{Entry, Expectation, Step, expectations};
pub use language::{state_meaning, state_words};
pub use nearest::name as nearest_name;

use crate::model::{Config, Zone};
use std::path::Path;
use table::Table;

/// A configuration that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The house.
    pub config: Config,
    /// What somebody should look at, in the order of the file's lines.
    pub warnings: Vec<Diagnostic>,
    /// What it was read from.
    pub text: String,
}

/// Reads the file at `path` and the password file that it may name. A time zone that it does not name is the machine's.
///
/// # Errors
/// All problems of the file, or why it cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    let source = file::read(path)?;
    let zone = iana_time_zone::get_timezone().ok().and_then(|name| Zone::find(&name)).unwrap_or(Zone::UTC);
    let files =
        house::Files { secret: &|name| file::secret(path, name), beside: &|name| file::beside(path, name).map(Some) };
    compile(&source, zone, &files)
}

/// The configuration that `text` describes: a password file and a list of holidays are not read (none result), and a time
/// zone that the text does not name is UTC. The one thing that is read, once, are the rules of a time zone.
///
/// # Errors
/// All problems of the text; they call the file `path_for_messages`.
pub fn parse(path_for_messages: &Path, text: &str) -> Result<Loaded, Report> {
    parse_in_zone(path_for_messages, text, Zone::UTC)
}

/// As [`parse`], with another time zone where the text names none.
///
/// # Errors
/// All problems of the text; they call the file `path_for_messages`.
pub fn parse_in_zone(path_for_messages: &Path, text: &str, zone: Zone) -> Result<Loaded, Report> {
    let source = Source { path: path_for_messages.into(), text: text.into() };
    compile(&source, zone, &house::Files { secret: &|_| Ok(None), beside: &|_| Ok(None) })
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

fn compile(source: &Source, zone: Zone, files: &house::Files<'_>) -> Result<Loaded, Report> {
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
        Some(config) => Ok(Loaded { config, warnings, text: source.text.clone() }),
        None => Err(Report::about_file(&source.path, "the file is not TOML".into(), "see https://toml.io".into())),
    }
}

#[cfg(test)]
mod tests;
