//! `hearthd report`: what the past of the house comes to, as text, a page or JSON.

use super::{
    console::Shown,
    history::{course, database},
};
use anyhow::Context;
use hearthd::{
    clock::{Clock, Moment},
    house::Ask,
    http::client::Error,
    model::{ClockTrust, Config},
    report::{self, Wanted, html, text},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

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
pub fn run(arguments: &Arguments, sockets: &[PathBuf], config: &Config, file: &Path) -> anyhow::Result<()> {
    let wanted = Wanted { from: arguments.from.clone(), to: arguments.to.clone() };
    let now = Clock::system(Moment::START, ClockTrust::Always).now().wall;
    let mut why_not = None;
    let mut source = |ask: &Ask| match course(ask, sockets, || database(arguments.state.as_deref(), file)) {
        Ok(course) => Ok(Some(course)),
        Err(error) if is_not_known(&error) => {
            why_not = Some(error);
            Ok(None)
        }
        Err(error) => Err(error),
    };
    let made = report::make(config, &wanted, now, &mut source)?;
    let Some(report) = made else {
        return Err(
            why_not.unwrap_or_else(|| anyhow::anyhow!("nothing was recorded of the points of {}", file.display()))
        );
    };
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

/// Whether nothing was recorded of a point; the others may have been.
fn is_not_known(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NotFound(_)))
        || matches!(error.downcast_ref(), Some(hearthd::house::NoCourse::UnknownPoint(_)))
}
