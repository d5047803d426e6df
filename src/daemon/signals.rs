//! Signals: whatever asks the daemon to end, the outputs go to their safe states first.
//!
//! Left to their defaults are those that cannot be caught (KILL, STOP) and those of an instruction that failed (SEGV, BUS,
//! ILL, FPE, TRAP, SYS): to return from them is to fail again. For all of these there is `hearthd safe`.

use anyhow::Context;
use std::{future::poll_fn, task::Poll};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

/// Each of these ends a process that does not care.
const ENDING: [(i32, &str); 13] = [
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    // Of abort() itself, the process ends all the same.
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGUSR1, "SIGUSR1"),
    (libc::SIGUSR2, "SIGUSR2"),
    (libc::SIGALRM, "SIGALRM"),
    (libc::SIGVTALRM, "SIGVTALRM"),
    (libc::SIGPROF, "SIGPROF"),
    (libc::SIGIO, "SIGIO"),
    (libc::SIGPWR, "SIGPWR"),
    (libc::SIGXCPU, "SIGXCPU"),
    (libc::SIGSTKFLT, "SIGSTKFLT"),
];

/// What the daemon listens to.
pub struct Signals {
    ending: Vec<(Signal, String)>,
    hangup: Signal,
}

/// What a signal asks for.
pub enum Asked {
    /// To end; the name of the signal.
    End(String),
    /// To read the configuration again.
    Reload,
}

impl Signals {
    /// Takes them from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> anyhow::Result<Signals> {
        let listen = |number: i32, name: &str| {
            signal(SignalKind::from_raw(number)).with_context(|| format!("cannot listen for {name}"))
        };
        let named = ENDING.iter().map(|(number, name)| (*number, (*name).to_owned()));
        let real_time = (libc::SIGRTMIN()..=libc::SIGRTMAX()).map(|number| (number, format!("signal {number}")));
        let ending = named.chain(real_time).map(|(number, name)| Ok((listen(number, &name)?, name)));
        let ending = ending.collect::<anyhow::Result<_>>()?;
        // A file that may not grow is an error of the write, which is told; it ends nothing.
        drop(listen(libc::SIGXFSZ, "SIGXFSZ")?);
        Ok(Signals { ending, hangup: listen(libc::SIGHUP, "SIGHUP")? })
    }

    /// Passes on what comes, for ever: there are dozens of them, and who has much to do need not look at each.
    pub async fn pass_on(mut self, asked: mpsc::Sender<Asked>) {
        while asked.send(self.next().await).await.is_ok() {}
    }

    /// Waits for the next one.
    async fn next(&mut self) -> Asked {
        poll_fn(|context| {
            // All are polled, so that each wakes the waiting.
            let mut came = self.hangup.poll_recv(context).map(|_| Asked::Reload);
            for (signal, name) in &mut self.ending {
                if signal.poll_recv(context).is_ready() {
                    came = Poll::Ready(Asked::End(name.clone()));
                }
            }
            came
        })
        .await
    }
}
