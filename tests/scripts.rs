//! Every script says what it does when asked, and does nothing else then.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

#[test]
fn help_is_all_that_help_does() {
    let tools = tempfile::tempdir().unwrap();
    let called = tools.path().join("called");
    for tool in ["cargo", "rustup", "sudo", "apt-get", "make"] {
        let path = tools.path().join(tool);
        fs::write(&path, format!("#!/bin/sh\necho {tool} \"$@\" >>'{}'\nexit 1\n", called.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let mut scripts = 0;
    for script in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")).unwrap() {
        let script = script.unwrap().path();
        for option in ["--help", "-h"] {
            let output = Command::new(&script).arg(option).env("PATH", &path).output().unwrap();
            let shown = String::from_utf8_lossy(&output.stdout).to_lowercase();
            assert!(output.status.success() && shown.contains("usage:"), "{} {option}: {output:?}", script.display());
            assert!(!called.exists(), "{} {option} calls {:?}", script.display(), fs::read_to_string(&called));
        }
        scripts += 1;
    }
    assert!(scripts >= 8, "only {scripts} scripts were found");
}
