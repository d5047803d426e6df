//! `hearthd report`: what the past of the house comes to, as text, a page or JSON.

use super::{
    console::Shown,
    history::{Records, database},
};
use anyhow::Context;
use hearthd::{
    clock::{Clock, Moment},
    config,
    model::ClockTrust,
    report::{self, Wanted, html, text},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Ten years: for so long sums are kept.
const DAYS_MOST: i64 = 3_653;

/// Over which time, and how it is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// 2026-11-23, yesterday, today, or how long ago, such as 30d; days are told whole [default: 7d]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// As --from [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Write a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// Where the daemon keeps its state, when it does not run [default: where it usually does]
    #[arg(long, value_name = "FOLDER", env = "STATE_DIRECTORY")]
    state: Option<PathBuf>,
}

/// Asks the running daemon, or looks into the file that it left.
pub fn run(arguments: &Arguments, sockets: &[PathBuf], file: &Path) -> anyhow::Result<()> {
    // Passwords and the tests of the house are nothing to it, and may not be for this user to read.
    let loaded = config::load_alone(file).map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let config = &loaded.config;
    let wanted = Wanted { from: arguments.from.clone(), to: arguments.to.clone() };
    let now = Clock::system(Moment::START, ClockTrust::Always).now().wall;
    let mut records = Records::new(sockets, database(arguments.state.as_deref(), file));
    let made = match report::time(config, &wanted, now, &mut |ask| records.course(ask))? {
        Some(time) => {
            let days = (time.to - time.from).num_days();
            anyhow::ensure!(days <= DAYS_MOST, "{days} days; a report is of {DAYS_MOST} at most: write a later --from");
            report::make(config, time, &mut |ask| records.course(ask))?
        }
        None => None,
    };
    let report = made.ok_or_else(|| records.nothing())?;
    let mut out = io::stdout().lock();
    if let Some(page) = &arguments.html {
        fs::write(page, html::page(&report)).with_context(|| format!("cannot write {}", page.display()))?;
        return Ok(writeln!(out, "{} written", page.display())?);
    }
    if arguments.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?);
    }
    let mut out = Shown(out);
    text::lines(&report).iter().try_for_each(|line| writeln!(out, "{line}")).map_err(Into::into)
}
