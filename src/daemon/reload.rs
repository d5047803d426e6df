//! Reloads: an edited configuration file is read, checked and, if it is good, handed to the control loop.

use super::last_good;
use crate::{
    config::{self, Diagnostic, Loaded},
    model::Config,
};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Notify, mpsc, watch};

/// Editors write a file in several steps; it is read when they have been quiet for this long.
const QUIET: Duration = Duration::from_millis(300);
/// After this long it is read all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// What became of a reload.
pub enum Reload {
    /// The file is good, and its text. It may be the same as before.
    Good(Arc<Config>, Arc<str>),
    /// The file is not; its problems are logged and the old configuration stays.
    Refused,
}

/// Asks for a reload whether or not the file was seen to change (SIGHUP).
#[derive(Clone, Default)]
pub struct Trigger(Arc<Notify>);

impl Trigger {
    /// Asks.
    pub fn pull(&self) {
        self.0.notify_one();
    }
}

/// Reads `path` whenever it changes or the trigger is pulled, until the receiver is gone. What it says is told when it is
/// not what it said before (at first `config`), or when somebody asked.
///
/// In the folder `state`, if there is one, the last good text is kept. While the file is not good, `refused` says why.
pub async fn watch(
    path: PathBuf,
    state: Option<PathBuf>,
    config: Arc<Config>,
    trigger: Trigger,
    rehearse: Option<Rehearse>,
    refused: watch::Sender<Option<String>>,
    reloads: mpsc::Sender<Reload>,
) {
    let changes = Arc::new(Notify::new());
    let mut folders = Folders::new(changes.clone());
    let mut last = Ok(config);
    // Watched before it is read, so that no change falls between.
    folders.watch_around(&path);
    // What the daemon has just begun with is good; if it is not any more, its change will be told.
    refused.send_replace(read(&path, state.as_deref(), None).await.err());
    loop {
        // A symlink may have been swapped: what it points to now is watched too.
        folders.watch_around(&path);
        let asked = tokio::select! {
            () = trigger.0.notified() => true,
            () = changes.notified() => {
                // Something else in the folder may be written all the time: then it is not waited for.
                let quiet = async { while tokio::time::timeout(QUIET, changes.notified()).await.is_ok() {} };
                let _ = tokio::time::timeout(LONGEST_WAIT, quiet).await;
                false
            }
        };
        let (now, warnings, text) = match read(&path, state.as_deref(), rehearse.clone()).await {
            Ok((config, warnings, text)) => (Ok(config), warnings, text),
            Err(text) => (Err(text), Vec::new(), String::new()),
        };
        // Before the control loop hears of it: it may refuse a good one, too.
        if now != last || asked {
            refused.send_replace(now.as_ref().err().cloned());
        } else {
            continue;
        }
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let reload = match &now {
            Ok(config) => Reload::Good(config.clone(), text.into()),
            Err(text) => {
                tracing::error!("the changed configuration is refused and the old one stays in force\n{text}");
                Reload::Refused
            }
        };
        last = now;
        if reloads.send(reload).await.is_err() {
            return;
        }
    }
}

/// Tries a good configuration, read from this file, before it comes into force; what stands in the way, if anything does.
pub type Rehearse = Arc<dyn Fn(&Path, &Arc<Config>) -> Result<(), String> + Send + Sync>;

/// Reads the file, off the control loop's thread, and keeps it if it is good.
async fn read(
    path: &Path,
    state: Option<&Path>,
    rehearse: Option<Rehearse>,
) -> Result<(Arc<Config>, Vec<Diagnostic>, String), String> {
    let (path, state) = (path.to_owned(), state.map(Path::to_owned));
    let load = move || {
        let Loaded { config, warnings, text } = config::load(&path).map_err(|report| report.to_string())?;
        let config = Arc::new(config);
        if let Some(rehearse) = rehearse {
            rehearse(&path, &config)?;
        }
        if let Some(Err(error)) = state.map(|state| last_good::keep(&state, &text)) {
            tracing::warn!("the good configuration could not be kept for `hearthd safe`: {error}");
        }
        Ok((config, warnings, text))
    };
    let read = tokio::task::spawn_blocking(load).await;
    read.unwrap_or_else(|error| Err(format!("the file could not be read: {error}")))
}

/// The folders that are watched. The file itself is not: a watch on it ends with the first editor that replaces it.
struct Folders(Option<RecommendedWatcher>);

impl Folders {
    fn new(changes: Arc<Notify>) -> Folders {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the file is an event too, and must not cause the next reading.
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                changes.notify_one();
            }
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!("an edited configuration is not noticed by itself ({error}); use SIGHUP")
        });
        Folders(watcher.ok())
    }

    /// Watches the folder of the file, and that of what it links to. Done again each time, because the watch on a folder
    /// ends with the folder; while it is gone, the nearest one above it is watched.
    fn watch_around(&mut self, path: &Path) {
        let Some(watcher) = &mut self.0 else { return };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        for file in [path.canonicalize().ok(), Some(path)].into_iter().flatten() {
            for folder in file.ancestors().skip(1) {
                if watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                    break;
                }
            }
        }
    }
}
