//! Reloads: an edited configuration file is read, checked and, if it is good, handed to the control loop.

use super::plan::InForce;
use crate::{
    config::{Diagnostic, Loaded, Report, Sources},
    house::editing::{Trial, Trialled},
    model::Config,
};
use inotify::{Inotify, WatchMask};
use std::{
    future::pending,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::unix::AsyncFd,
    sync::{Notify, mpsc, oneshot, watch},
};

/// Editors write a file in several steps; it is read when they have been quiet for this long.
const QUIET: Duration = Duration::from_millis(300);
/// After this long it is read all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Reads a file and everything that it names, and judges whether it may come into force: the one way in. What was read from
/// the same sources as before need not be tried again. The answer otherwise: all that is wrong with it.
pub type Load = Arc<dyn Fn(&Path, Option<&Sources>) -> Result<Loaded, String> + Send + Sync>;

/// As [`Load`], of a text that may take the place of the file's.
pub type Judge = Arc<dyn Fn(&Path, String) -> Result<Loaded, Unfit> + Send + Sync>;

/// Why a text may not come into force.
pub enum Unfit {
    /// It, or what it names, is not as it should be.
    Problems(Report),
    /// What the tests say that it names.
    Tests(String),
}

/// Plays a day of a configuration beside the one in force.
pub type Simulate = Arc<dyn Fn(&Arc<Config>, &Arc<Config>, &Trial) -> Result<Trialled, String> + Send + Sync>;

/// The file to watch.
pub struct Watched {
    /// Where it is.
    pub file: PathBuf,
    /// How it is read.
    pub load: Load,
    /// How a text is judged that may become it.
    pub judge: Judge,
    /// How a day of it is played.
    pub simulate: Simulate,
    /// Why it was refused at the start, if another configuration is in force.
    pub refused: Option<String>,
}

/// What became of a reload.
pub enum Reload {
    /// The file is good. It may be the same as before.
    Good(InForce),
    /// As [`Reload::Good`]; somebody waits to hear why it cannot come into force while the daemon runs, if so.
    Edited(InForce, oneshot::Sender<Option<String>>),
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

/// Reads the file whenever it changes or the trigger is pulled, until the receiver is gone. What it says is told when it is
/// not what it said before (at first `in_force`), or when somebody asked. While the file is not good, `refused` says why.
pub async fn watch(
    watched: Watched,
    in_force: InForce,
    trigger: Trigger,
    refused: watch::Sender<Option<String>>,
    reloads: mpsc::Sender<Reload>,
) {
    let Watched { file, load, refused: at_start, .. } = watched;
    let mut folders = Folders::new();
    let mut last = at_start.map_or(Ok(in_force), Err);
    // Watched before it is read, so that no change falls between.
    folders.watch_around(&file);
    let mut asked = false;
    loop {
        let accepted = last.as_ref().ok().map(|last| last.sources.clone());
        let (now, warnings) = match read(&file, load.clone(), accepted).await {
            Ok((now, warnings)) => (Ok(now), warnings),
            Err(text) => (Err(text), Vec::new()),
        };
        if now != last || asked {
            // Before the control loop hears of it: it may refuse a good one, too.
            refused.send_replace(now.as_ref().err().cloned());
            let config = |house: &Result<InForce, String>| house.as_ref().ok().map(|house| house.config.clone());
            if asked || config(&now) != config(&last) {
                warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            }
            let reload = match &now {
                Ok(house) => Reload::Good(house.clone()),
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
        // A symlink may have been swapped: what it points to now is watched too.
        folders.watch_around(&file);
        asked = tokio::select! {
            () = trigger.0.notified() => true,
            () = folders.changed() => {
                // Something else in the folder may be written all the time: then it is not waited for.
                let quiet = async { while tokio::time::timeout(QUIET, folders.changed()).await.is_ok() {} };
                let _ = tokio::time::timeout(LONGEST_WAIT, quiet).await;
                false
            }
        };
    }
}

/// Reads the file, off the control loop's thread.
async fn read(file: &Path, load: Load, accepted: Option<Arc<Sources>>) -> Result<(InForce, Vec<Diagnostic>), String> {
    let file = file.to_owned();
    let load = move || {
        let mut loaded = load(&file, accepted.as_deref())?;
        let warnings = std::mem::take(&mut loaded.warnings);
        Ok((loaded.into(), warnings))
    };
    let read = tokio::task::spawn_blocking(load).await;
    read.unwrap_or_else(|error| Err(format!("the file could not be read: {error}")))
}

/// The folders that are watched. The file itself is not: a watch on it ends with the first editor that replaces it.
struct Folders(Option<AsyncFd<Inotify>>);

#[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor")]
fn register(inotify: Inotify) -> io::Result<AsyncFd<Inotify>> {
    // SAFETY: an `Inotify` owns its descriptor and never replaces it; nobody closes it or takes it out before it is dropped.
    Ok(unsafe { AsyncFd::register(inotify) }?)
}

impl Folders {
    fn new() -> Folders {
        let watcher = Inotify::init().and_then(register).inspect_err(|error| {
            tracing::warn!("an edited configuration is not noticed by itself ({error}); use SIGHUP")
        });
        Folders(watcher.ok())
    }

    /// Watches the folder of the file, and that of what it links to. Done again each time, because the watch on a folder
    /// ends with the folder; while it is gone, the nearest one above it is watched.
    fn watch_around(&mut self, path: &Path) {
        let Some(watcher) = &mut self.0 else { return };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // Reading the file is no change, and must not cause the next reading.
        let changes = WatchMask::CREATE
            | WatchMask::MODIFY
            | WatchMask::CLOSE_WRITE
            | WatchMask::ATTRIB
            | WatchMask::MOVE
            | WatchMask::DELETE
            | WatchMask::DELETE_SELF
            | WatchMask::MOVE_SELF;
        for file in [path.canonicalize().ok(), Some(path)].into_iter().flatten() {
            for folder in file.ancestors().skip(1) {
                if watcher.get_ref().watches().add(folder, changes).is_ok() {
                    break;
                }
            }
        }
    }

    /// Waits until something in them has changed; for ever, where that cannot be known.
    async fn changed(&mut self) {
        let Some(watcher) = &mut self.0 else { return pending().await };
        loop {
            let Ok(mut ready) = watcher.readable_mut().await else { return pending().await };
            let mut buffer = [0; 4096];
            match ready.try_io(|watcher| watcher.get_mut().read_events(&mut buffer).map(|events| events.count())) {
                Ok(Ok(count)) if count > 0 => return,
                Ok(Err(error)) if error.kind() != io::ErrorKind::Interrupted => return pending().await,
                Ok(_) | Err(_) => {}
            }
        }
    }
}
