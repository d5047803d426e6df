//! Ports for the servers of tests.

use std::{env, fs, fs::File, net::TcpListener, os::unix::fs::MetadataExt};

/// Below those that Linux gives to whoever connects, or asks for any: one of them that was free a moment ago is soon taken.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_767;

/// A port on which nothing listens, and that no other test is given for long.
pub fn free_port() -> u16 {
    // All tests of a user count in one file.
    let user = fs::metadata("/proc/self").unwrap().uid();
    let path = env::temp_dir().join(format!("hearthd-tests-{user}.port"));
    let file = File::options().write(true).create(true).truncate(false).open(&path).unwrap();
    file.lock().unwrap();
    let mut port = fs::read_to_string(&path).unwrap().parse().unwrap_or(FIRST);
    for _ in FIRST..=LAST {
        port = if (FIRST..LAST).contains(&port) { port + 1 } else { FIRST };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            fs::write(&path, port.to_string()).unwrap();
            return port;
        }
    }
    panic!("no port from {FIRST} to {LAST} is free");
}
