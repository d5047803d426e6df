//! Where things are when nobody says: the configuration, the socket, the state.

use anyhow::Context;
use std::{
    env, fs,
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
};

const SYSTEM_SOCKET: &str = "/run/hearthd/hearthd.sock";
const SYSTEM_CONFIG: &str = "/etc/hearthd/config.toml";

/// The installed configuration, else the one of this folder.
pub fn config() -> PathBuf {
    let installed = PathBuf::from(SYSTEM_CONFIG);
    if installed.exists() { installed } else { PathBuf::from("config.toml") }
}

/// Where a daemon may listen, in the order in which the console tries.
pub fn sockets(given: Option<&Path>) -> Vec<PathBuf> {
    match given {
        Some(path) => vec![path.to_owned()],
        None => vec![SYSTEM_SOCKET.into(), user_socket()],
    }
}

/// Where this daemon can listen. Nothing, with a warning, when another one has the usual place; a place that was asked
/// for is returned as it is.
pub fn free_socket(given: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = given {
        return Ok(Some(path.to_owned()));
    }
    let system = Path::new(SYSTEM_SOCKET);
    let folder = system.parent().context("no folder")?;
    let usable = fs::create_dir_all(folder).is_ok() && owned_or_root(folder);
    let path = if usable { system.to_owned() } else { user_socket() };
    if UnixStream::connect(&path).is_ok() {
        tracing::warn!(
            "another hearthd answers at {}: this one runs without a console (give it a place with --socket)",
            path.display()
        );
        return Ok(None);
    }
    Ok(Some(path))
}

/// A folder that belongs to this configuration alone, so that two houses tried on one machine do not mix.
pub fn state(config: &Path, hub: &str) -> Option<PathBuf> {
    let base = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".local/state")))?;
    let path = config.canonicalize().unwrap_or_else(|_| config.to_owned());
    let mark = crc32fast::hash(path.as_os_str().as_encoded_bytes());
    Some(base.join("hearthd").join(format!("{hub}-{mark:08x}")))
}

fn user_socket() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) => Path::new(&folder).join("hearthd.sock"),
        None => env::temp_dir().join(format!("hearthd-{}", user())).join("hearthd.sock"),
    }
}

/// The number of this process's user.
fn user() -> u32 {
    fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid())
}

fn owned_or_root(folder: &Path) -> bool {
    user() == 0 || fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == user())
}
