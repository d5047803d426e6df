//! The one way in for a configuration: what `check` calls good, `run`, a reload and `plan` take, and nothing else.

use super::{complain, places};
use hearthd::{
    config::{self, Loaded, Sources},
    daemon::{InForce, Unfit, Watched, last_good},
    simulator::{expectations, trial},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Reads the file and all that it names; the tests that it names must come true, unless they are those of `accepted`, for
/// which they came true already. Otherwise, all that is wrong.
pub fn admit(file: &Path, accepted: Option<&Sources>) -> Result<Loaded, String> {
    let loaded = config::load(file).map_err(|report| report.to_string())?;
    if accepted != Some(&loaded.sources) {
        rehearse(&loaded)?;
    }
    Ok(loaded)
}

/// As [`admit`], with this text in the place of the file's.
fn judge(file: &Path, text: String) -> Result<Loaded, Unfit> {
    let loaded = config::load_text(file, text).map_err(Unfit::Problems)?;
    rehearse(&loaded).map_err(Unfit::Tests)?;
    Ok(loaded)
}

/// Whether the tests that a configuration names come true.
fn rehearse(loaded: &Loaded) -> Result<(), String> {
    let Some(tests) = loaded.sources.tests(&loaded.config) else { return Ok(()) };
    let config = Arc::new(loaded.config.clone());
    expectations::run(&tests, &config).map(drop).map_err(|failure| failure.to_string())
}

/// As [`admit`]; prints the warnings of the file, or its problems and returns nothing.
pub fn load(file: &Path) -> Option<InForce> {
    tell(admit(file, None), Warnings::Told)
}

/// As [`load`], for those who have been told of the warnings by `check`.
pub fn load_again(file: &Path) -> Option<InForce> {
    tell(admit(file, None), Warnings::Counted(file))
}

/// What is said of warnings.
#[derive(Clone, Copy)]
enum Warnings<'f> {
    /// All of them.
    Told,
    /// How many this file has.
    Counted(&'f Path),
}

/// As [`load`], for those who want to try a house also while its tests do not come true: that is a warning then.
pub fn load_to_try(file: &Path) -> Option<InForce> {
    let loaded = config::load(file).map_err(|report| report.to_string());
    if let Ok(loaded) = &loaded
        && let Err(failure) = rehearse(loaded)
    {
        complain(&format!(
            "{failure}\nwarning: as long as these tests do not come true, `hearthd run` refuses the file\n"
        ));
    }
    tell(loaded, Warnings::Counted(file))
}

fn tell(loaded: Result<Loaded, String>, warnings: Warnings<'_>) -> Option<InForce> {
    match loaded {
        Ok(loaded) => {
            match (warnings, loaded.warnings.len()) {
                (_, 0) => {}
                (Warnings::Told, _) => loaded.warnings.iter().for_each(|warning| complain(&format!("{warning}\n"))),
                (Warnings::Counted(file), count) => {
                    let warnings = if count == 1 { "1 warning".into() } else { format!("{count} warnings") };
                    complain(&format!("{}: {warnings}; `hearthd check` tells them\n", file.display()));
                }
            }
            Some(loaded.into())
        }
        Err(problems) => {
            complain(&format!("{problems}\n"));
            None
        }
    }
}

/// What a daemon begins with, and the file that it watches from then on.
///
/// A file that is refused gives way to what was last in force, so that the house is controlled until it is mended.
pub fn load_to_run(file: &Path, state: Option<&Path>) -> Option<(InForce, Watched)> {
    let kept = kept(file, state);
    let admitted = admit(file, kept.as_ref().map(|kept| &kept.sources));
    let refused = admitted.as_ref().err().cloned();
    let in_force = tell(admitted, Warnings::Told).or_else(|| {
        let kept = kept?;
        complain(&format!("the last good configuration is used instead, as it was read from {}\n", file.display()));
        Some(kept.into())
    })?;
    let (load, judge, simulate) = (Arc::new(admit), Arc::new(judge), Arc::new(trial::run));
    Some((in_force, Watched { file: file.to_owned(), load, judge, simulate, refused }))
}

/// What was last in force.
pub fn kept(file: &Path, state: Option<&Path>) -> Option<Loaded> {
    let state: PathBuf = state.map(Path::to_owned).or_else(|| places::known_state(file))?;
    last_good::read(&state)
}
