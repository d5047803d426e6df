//! `hearthd http hash`: what the configuration knows passwords and tokens by.

use anyhow::Context;
use clap::Subcommand;
use crossterm::terminal;
use hearthd::http::secret;
use std::io::{self, IsTerminal, Read, Write};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Read a password or token from standard input, and print its hash for hash_file
    Hash {
        /// Make a new token instead, and print it on standard error
        #[arg(long)]
        new: bool,
    },
}

/// Does it.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Hash { new } = command;
    let secret = match new {
        true => secret::random()?,
        false => read()?,
    };
    let hash = secret::hash(&secret)?;
    if *new {
        eprintln!("{secret}");
    }
    Ok(writeln!(io::stdout(), "{}", hash.0)?)
}

/// A line; from a terminal, unseen.
fn read() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if io::stdin().is_terminal() {
        eprint!("password: ");
        terminal::enable_raw_mode().context("cannot hide what is typed; use a pipe")?;
        let typed = typed(&mut bytes);
        let _ = terminal::disable_raw_mode();
        eprintln!();
        typed?;
    } else {
        io::stdin().take(secret::LONGEST as u64 + 3).read_to_end(&mut bytes)?;
    }
    let text = String::from_utf8(bytes).context("it is not UTF-8 text")?;
    let secret = text.trim_end_matches(['\n', '\r']);
    anyhow::ensure!(!secret.contains(['\n', '\r']), "it has more than one line");
    anyhow::ensure!(secret.len() <= secret::LONGEST, "it is longer than {} bytes", secret::LONGEST);
    anyhow::ensure!(secret.chars().count() >= SHORTEST, "it is shorter than {SHORTEST} characters");
    Ok(secret.to_owned())
}

/// Fewer characters are tried out soon.
const SHORTEST: usize = 8;

fn typed(bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    for byte in io::stdin().lock().bytes().take(4 * secret::LONGEST) {
        match byte? {
            b'\r' | b'\n' => break,
            // Ctrl-C and Ctrl-D.
            3 | 4 => anyhow::bail!("nothing was typed to the end"),
            8 | 127 => while bytes.pop().is_some_and(|last| last & 0b1100_0000 == 0b1000_0000) {},
            byte => bytes.push(byte),
        }
    }
    Ok(())
}
