//! Reloads: an edited configuration file is read, checked and, if it is good, handed to the control loop.

use crate::{config, model::Config};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

/// Editors write a file in several steps; it is read when they have been quiet for this long.
const QUIET: Duration = Duration::from_millis(300);

/// What became of a reload.
pub enum Reload {
    /// The file is good. It may be the same as before.
    Good(Arc<Config>),
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

/// Reads `path` whenever it changes or the trigger is pulled, until the receiver is gone.
pub async fn watch(path: PathBuf, trigger: Trigger, reloads: mpsc::Sender<Reload>) {
    let changes = Arc::new(Notify::new());
    let mut folders = Folders::new(changes.clone());
    let mut last_refusal = None;
    loop {
        // A symlink may have been swapped: what it points to now is watched too.
        folders.watch_around(&path);
        let asked = tokio::select! {
            () = trigger.0.notified() => true,
            () = changes.notified() => {
                while tokio::time::timeout(QUIET, changes.notified()).await.is_ok() {}
                false
            }
        };
        let file = path.clone();
        let loaded = tokio::task::spawn_blocking(move || config::load(&file)).await;
        let reload = match loaded {
            Ok(Ok(loaded)) => {
                last_refusal = None;
                for warning in &loaded.warnings {
                    tracing::warn!("{warning}");
                }
                Reload::Good(Arc::new(loaded.config))
            }
            Ok(Err(report)) => {
                let text = report.to_string();
                if asked || last_refusal.as_ref() != Some(&text) {
                    tracing::error!("the changed configuration is refused and the old one stays in force\n{text}");
                }
                last_refusal = Some(text);
                Reload::Refused
            }
            Err(error) => {
                tracing::error!("the configuration could not be read: {error}");
                Reload::Refused
            }
        };
        if reloads.send(reload).await.is_err() {
            return;
        }
    }
}

/// The folders that are watched. The file itself is not: a watch on it ends with the first editor that replaces it.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

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
        Folders { watcher: watcher.ok(), watched: BTreeSet::new() }
    }

    fn watch_around(&mut self, path: &Path) {
        let Some(watcher) = &mut self.watcher else { return };
        for file in [Some(path.to_owned()), path.canonicalize().ok()].into_iter().flatten() {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            };
            if !self.watched.contains(&folder) && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                self.watched.insert(folder);
            }
        }
    }
}
