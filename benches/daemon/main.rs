//! A report, not a test: hearthd beside a bare `rumqttc` echo, in one run on one mosquitto. `scripts/bench` starts it.
//!
//! Both serve 16 outputs and 16 readings a second under the same topics. The echo answers each command with a state and
//! does nothing else: what it needs is what MQTT costs, and the rest of hearthd's figure is hearthd.

mod broker;
mod burst;
mod candidate;
mod echo;
mod measure;
mod probe;
mod report;

use anyhow::Result;
use broker::Broker;
use candidate::{Candidate, Kind};
use clap::{Parser, Subcommand};
use measure::{Figures, Limits};
use std::{process::ExitCode, time::Instant};

#[derive(Parser)]
#[command(about = "Measures hearthd beside a bare MQTT echo")]
struct Arguments {
    /// How long both are watched doing nothing but reading sensors.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// How many commands are sent one after the other, each when the last was answered.
    #[arg(long, default_value_t = 2_000)]
    commands: usize,
    /// How many commands are sent at once.
    #[arg(long, default_value_t = 10_000)]
    burst: usize,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    child: Option<Child>,
}

#[derive(Subcommand)]
enum Child {
    /// What hearthd is compared with.
    #[command(hide = true)]
    Echo { port: u16, prefix: String },
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.child {
        Some(Child::Echo { port, ref prefix }) => {
            runtime.block_on(echo::run(port, prefix))?;
            Ok(ExitCode::SUCCESS)
        }
        None => runtime.block_on(compare(&arguments)),
    }
}

async fn compare(arguments: &Arguments) -> Result<ExitCode> {
    let broker = Broker::start()?;
    let limits = Limits { commands: arguments.commands, burst: arguments.burst, idle_s: arguments.seconds };
    let (mut echo, echo_start_ms) = Candidate::start(Kind::Echo, &broker).await?;
    let hearthd = Candidate::start(Kind::Hearthd, &broker).await;

    let idle_s = limits.idle_s;
    eprintln!("Both are left alone for {idle_s} s ...");
    match hearthd {
        Ok((mut hearthd, hearthd_start_ms)) => {
            let (echo_idle, hearthd_idle) = tokio::try_join!(echo.idle(idle_s), hearthd.idle(idle_s))?;
            let echo = Figures::measure(&mut echo, echo_start_ms, echo_idle, &limits).await?;
            let hearthd = Figures::measure(&mut hearthd, hearthd_start_ms, hearthd_idle, &limits).await?;
            report::print(&echo, Some(&hearthd), &limits);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let idle = echo.idle(idle_s).await?;
            let echo = Figures::measure(&mut echo, echo_start_ms, idle, &limits).await?;
            report::print(&echo, None, &limits);
            eprintln!("hearthd could not be measured: {error:#}");
            Ok(ExitCode::FAILURE)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "latencies are microseconds; the daemon's clock counts milliseconds")]
fn now() -> Instant {
    Instant::now()
}
