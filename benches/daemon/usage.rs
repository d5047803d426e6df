//! How much of the machine a process uses, as the kernel counts it.

use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, path::Path};

/// Time on a processor so far by the names of threads, in seconds. `utime` and `stime` count in steps of 10 ms: too coarse
/// here. A thread that has ended counts no more.
pub fn cpu_s(process: u32) -> Result<BTreeMap<String, f64>> {
    let mut threads = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = thread?.path();
        // It may end meanwhile.
        let read = |file| fs::read_to_string(thread.join(file));
        let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else { continue };
        let ns: u64 = times.split(' ').next().unwrap_or_default().parse()?;
        *threads.entry(name.trim().to_owned()).or_default() += ns as f64 / 1e9;
    }
    Ok(threads)
}

pub fn resident_mb(process: u32) -> Result<f64> {
    Ok(number(process, "status", "VmRSS:")? / 1024.0)
}

/// What was given to be written to a disk so far.
pub fn written_mb(process: u32) -> Result<f64> {
    Ok(number(process, "io", "write_bytes:")? / 1e6)
}

/// What the kernel says of a process in a line that begins so.
fn number(process: u32, file: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/{file}"))?;
    let line = text.lines().find(|line| line.starts_with(name)).context("it has ended")?;
    Ok(line.split_whitespace().nth(1).with_context(|| format!("no number in {name}"))?.parse()?)
}

/// What is written to the state files of a folder: lines with a number that grows. Asked often enough, it misses none,
/// though two files are used by turns. What the file system adds is not in it.
#[derive(Default)]
pub struct Wear {
    last: u64,
    pub lines: u64,
    pub bytes: u64,
}

impl Wear {
    /// From now on.
    pub fn begin(folder: &Path) -> Wear {
        let mut wear = Wear::default();
        wear.look(folder);
        Wear { last: wear.last, ..Wear::default() }
    }

    pub fn look(&mut self, folder: &Path) {
        let before = self.last;
        for file in ["state.0.jsonl", "state.1.jsonl"] {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            for line in text.lines() {
                let number = line.split(' ').nth(1).and_then(|number| number.parse::<u64>().ok());
                let Some(number) = number.filter(|number| *number > before) else { continue };
                self.last = self.last.max(number);
                self.lines += 1;
                self.bytes += line.len() as u64 + 1;
            }
        }
    }
}
