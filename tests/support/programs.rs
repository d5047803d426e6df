//! Programs of others that a house is tried by.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A program that is ended, with what it started, if it takes ten minutes: it hangs.
fn bounded(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10s", "10m"]).arg(program);
    command
}

/// Runs a script of `tests/page` with a real browser.
pub fn browser(script: &str, url: &str) -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    assert!(tests.join("node_modules").exists(), "npm ci in tests/page comes first: scripts/test does it");
    let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(program);
    let mut browser = bounded(Path::new("node"));
    browser.arg(tests.join(script)).arg(url);
    browser.arg(chromium.expect("apt install chromium"));
    browser
}

/// Where a program is, on the path or in the folders of Debian.
fn program(name: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/bin"]).map(|folder| format!("{folder}/{name}"));
    places.find(|place| Path::new(place).exists())
}

/// A program of those that `scripts/test` unpacks, such as `bin/promtool`.
pub fn unpacked(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/debian/usr").join(name);
    assert!(path.exists(), "{} is missing: scripts/test unpacks it", path.display());
    path
}

/// A program of the Python environment that `scripts/test` makes.
pub fn python(program: &str) -> Command {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin");
    assert!(environment.join(program).exists(), "no {program} in {}: scripts/test makes it", environment.display());
    let mut command = bounded(&environment.join(program));
    // Some of them call others of their environment.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", environment.display()));
    command
}
