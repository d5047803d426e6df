//! Where things are when nobody says: the configuration, the socket, the state.

use anyhow::Context;
use hearthd::http::trust::own_user;
use std::{
    env, fs,
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
};

const SYSTEM_SOCKET: &str = "/run/hearthd/hearthd.sock";
const SYSTEM_CONFIG: &str = "/etc/hearthd/config.toml";
const SYSTEM_STATE: &str = "/var/lib/hearthd";

/// The installed configuration, else the one of this folder.
pub fn config() -> PathBuf {
    let installed = PathBuf::from(SYSTEM_CONFIG);
    if installed.exists() { installed } else { PathBuf::from("config.toml") }
}

/// Where a daemon may listen, in the order in which the console tries.
pub fn sockets(given: Option<&Path>) -> Vec<PathBuf> {
    match given {
        Some(path) => vec![path.to_owned()],
        None => [Some(SYSTEM_SOCKET.into()), user_socket()].into_iter().flatten().collect(),
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
    let Some(path) = usable.then(|| system.to_owned()).or_else(user_socket) else {
        tracing::warn!(
            "no place of its own for the console (neither {} nor XDG_RUNTIME_DIR nor HOME): this hearthd runs without one \
             (give it a place with --socket)",
            folder.display()
        );
        return Ok(None);
    };
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
    Some(user_folder()?.join(format!("{hub}-{}", mark(config))))
}

/// The folder where a daemon kept its state for this configuration, of whatever hub it was: the service's, or this user's.
pub fn known_state(config: &Path) -> Option<PathBuf> {
    if config == Path::new(SYSTEM_CONFIG) && Path::new(SYSTEM_STATE).is_dir() {
        return Some(SYSTEM_STATE.into());
    }
    let end = format!("-{}", mark(config));
    let folders = fs::read_dir(user_folder()?)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(&end)));
    let newest = |entry: &fs::DirEntry| entry.metadata().and_then(|metadata| metadata.modified()).ok();
    folders.max_by_key(newest).map(|entry| entry.path())
}

/// As [`known_state`]; also where the service will keep it, that never ran.
pub fn state_to_be(config: &Path) -> Option<PathBuf> {
    known_state(config).or_else(|| (config == Path::new(SYSTEM_CONFIG)).then(|| SYSTEM_STATE.into()))
}

/// What tells the folder of one configuration from that of another.
fn mark(config: &Path) -> String {
    let path = config.canonicalize().or_else(|_| std::path::absolute(config)).unwrap_or_else(|_| config.to_owned());
    format!("{:08x}", crc32fast::hash(path.as_os_str().as_encoded_bytes()))
}

/// What this user's daemons keep.
fn user_folder() -> Option<PathBuf> {
    let base = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".local/state")))?;
    Some(base.join("hearthd"))
}

/// In a folder that is this user's alone. Never in /tmp, where anybody could have made it before.
fn user_socket() -> Option<PathBuf> {
    let folder = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).or_else(user_folder)?;
    Some(folder.join("hearthd.sock"))
}

fn owned_or_root(folder: &Path) -> bool {
    own_user().is_ok_and(|user| user == 0 || fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == user))
}
