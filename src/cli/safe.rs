//! `hearthd safe`: whatever became of the daemon and of its file, no output is left on.

use super::{admit, complain};
use anyhow::Context;
use hearthd::{config, hardware, links::modbus, model::Config, mqtt::remote};
use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

/// Drives the outputs that were last in force, and those that the file has on other wires: one of both the daemon drove.
///
/// Everything is driven before anything is told: nobody may read what is told.
pub fn run(file: &Path, state: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut told = Vec::new();
    let kept = admit::kept(file, state);
    let mut drive = |house: &Config, except: Option<&Config>| {
        for (output, result) in hardware::drive_safe(house, except) {
            told.push(result.map(|()| format!("{output}: safe")).map_err(|error| format!("error: {output}: {error}")));
        }
        // Wires first: devices on a bus or a broker may be waited for.
        for (output, result) in modbus::drive_safe(house, except) {
            told.push(result.map(|()| format!("{output}: safe")).map_err(|error| format!("error: {output}: {error}")));
        }
        for (output, result) in remote::drive_safe(house, except) {
            let published = result.map(|()| format!("{output}: its safe state was published"));
            told.push(published.map_err(|error| format!("error: {output}: its safe state was not published: {error}")));
        }
    };
    if let Some(kept) = &kept {
        drive(&kept.config, None);
    }
    let written = config::load(file);
    match &written {
        Ok(written) if kept.as_ref().is_some_and(|kept| kept.config == written.config) => {}
        Ok(written) => drive(&written.config, kept.as_ref().map(|kept| &kept.config)),
        Err(_) => {}
    }
    if let Err(report) = written {
        complain(&format!("{report}\n"));
        match kept {
            Some(_) => complain("the last good configuration is used instead\n"),
            None => code = ExitCode::FAILURE,
        }
    }
    for line in told {
        match line {
            Ok(line) => writeln!(io::stdout(), "{line}").context("cannot tell what is safe")?,
            Err(line) => {
                complain(&format!("{line}\n"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
