//! The publisher: a thread that keeps what was promised, then shows it.
//!
//! The control loop drives outputs and goes on; what it has to tell passes through here. A command is written to the
//! state file before its effect is shown or its answer given, so that nothing that was answered is lost when the process is killed
//! (a power cut may cost the last second). A slow disk
//! delays news, never an output: passes that pile up are merged, and the newest snapshot wins. What has nothing to keep is
//! shown at once, unless something before it is not shown yet: that spares two switches of threads.

use super::{keeper::Keeper, store::Store};
use crate::{
    clock::Clock,
    config::Sources,
    engine::Memory,
    house::{Notification, Notifications, Reply, TOLD_MAX},
    model::Snapshot,
};
use std::{
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::watch;

/// What one pass of the control loop has to tell.
#[derive(Default)]
pub struct Pass {
    /// The house after it.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What to keep, if it is time to.
    pub memory: Option<Memory>,
    /// What the configuration was read from, when another one is in force.
    pub in_force: Option<Arc<Sources>>,
    /// What is told once: notices, clicks.
    pub told: Vec<Notification>,
    /// Answers, to be given after this snapshot is published.
    pub replies: Vec<Reply>,
}

impl Pass {
    /// Shows what is kept, or need not be.
    fn show(self, shown: &Shown) {
        if let Some(snapshot) = self.snapshot {
            shown.snapshots.send_replace(snapshot);
        }
        let missed = shown.notifications.tell(&self.told);
        if missed > 0 {
            tracing::warn!("{missed} notices and clicks were not told: there are too many");
        }
        for reply in self.replies {
            reply.send(&shown.snapshots.borrow());
        }
    }
}

/// Where passes are shown.
pub struct Shown {
    /// The newest snapshot.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// Who is told what is told once.
    pub notifications: Notifications,
}

/// The control loop's end of the thread.
pub struct Publisher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    pending: Mutex<Pending>,
    /// Of [`Publisher::save_other_every`], in milliseconds.
    other_every_ms: AtomicU64,
    wake: Condvar,
    shown: Shown,
    /// Whether anything is kept at all.
    keeps: bool,
}

#[derive(Default)]
struct Pending {
    pass: Pass,
    some: bool,
    /// The thread has taken one, and has not shown it yet.
    at_work: bool,
    closed: bool,
}

impl Publisher {
    /// Starts the thread. Without a store nothing is kept. `trouble` is told why the state cannot be saved.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        store: Option<Store>,
        clock: Clock,
        shown: Shown,
        trouble: watch::Sender<Option<String>>,
    ) -> std::io::Result<Publisher> {
        // Where nothing is kept, nothing need be handed over.
        let other_every_ms = AtomicU64::new(if store.is_some() { 0 } else { u64::MAX });
        let (pending, wake, keeps) = (Mutex::default(), Condvar::new(), store.is_some());
        let shared = Arc::new(Shared { pending, other_every_ms, wake, shown, keeps });
        let ours = shared.clone();
        let keeper = store.map(|store| Keeper::new(store, clock.now().moment, trouble));
        let run = move || run(&ours, keeper, &clock);
        let thread = std::thread::Builder::new().name("publisher".into()).spawn(run)?;
        Ok(Publisher { shared, thread: Some(thread) })
    }

    /// Shows a pass, or hands it over to be kept first; never waits for the disk.
    pub fn offer(&self, pass: Pass) {
        let mut pending = lock(&self.shared.pending);
        let is_to_keep = self.shared.keeps && (pass.memory.is_some() || pass.in_force.is_some());
        if !is_to_keep && !pending.some && !pending.at_work {
            // Nobody else offers any: what is at rest stays so.
            drop(pending);
            return pass.show(&self.shared.shown);
        }
        let merged = &mut pending.pass;
        merged.snapshot = pass.snapshot.or(merged.snapshot.take());
        merged.memory = match (merged.memory.take(), pass.memory) {
            (Some(before), Some(later)) => Some(before.absorb(later)),
            (before, later) => later.or(before),
        };
        merged.in_force = pass.in_force.or(merged.in_force.take());
        let room = TOLD_MAX.saturating_sub(merged.told.len());
        if pass.told.len() > room {
            tracing::warn!("{} notices and clicks were not told: there are too many", pass.told.len() - room);
        }
        merged.told.extend(pass.told.into_iter().take(room));
        merged.replies.extend(pass.replies);
        pending.some = true;
        drop(pending);
        self.shared.wake.notify_one();
    }
}

impl Publisher {
    /// How often the disk is to be given what nobody was promised.
    pub fn save_other_every(&self) -> Duration {
        Duration::from_millis(self.shared.other_every_ms.load(Ordering::Relaxed))
    }

    /// False after a panic of the thread.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

/// Tells what is left, syncs the store and ends the thread.
impl Drop for Publisher {
    fn drop(&mut self) {
        lock(&self.shared.pending).closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, mut keeper: Option<Keeper>, clock: &Clock) {
    loop {
        let due = keeper.as_ref().and_then(Keeper::due);
        let merge_until = keeper.as_mut().and_then(|keeper| keeper.merge_until(clock.now().moment));
        let [due, merge] = [due, merge_until].map(|at| at.map(|at| clock.real_time_until(at)));
        let (mut pass, closed) = next(shared, due, merge);
        let in_force = pass.in_force.take();
        if let Some(keeper) = &mut keeper {
            keeper.keep(pass.memory.take(), clock.now().moment);
            let every_ms = u64::try_from(keeper.other_every().as_millis()).unwrap_or(u64::MAX);
            shared.other_every_ms.store(every_ms, Ordering::Relaxed);
        }
        pass.show(&shared.shown);
        if let (Some(keeper), Some(sources)) = (&mut keeper, in_force) {
            keeper.take_in_force(sources, clock.now().moment);
        }
        if closed {
            if let Some(keeper) = keeper {
                keeper.close();
            }
            return;
        }
    }
}

/// Waits for a pass, at most for `patience`; then an empty one is returned. With it, whether it is the last.
///
/// One that has something to keep waits for others, for as long as `merge` says, to be kept with them.
fn next(shared: &Shared, patience: Option<Duration>, merge: Option<Duration>) -> (Pass, bool) {
    let waiting = |pending: &mut Pending| !pending.some && !pending.closed;
    let mut pending = lock(&shared.pending);
    pending.at_work = false;
    let mut pending = match patience {
        None => shared.wake.wait_while(pending, waiting).unwrap_or_else(PoisonError::into_inner),
        Some(patience) => {
            let waited = shared.wake.wait_timeout_while(pending, patience, waiting);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
    };
    if let Some(merge) = merge.filter(|_| pending.pass.memory.is_some()) {
        let waited = shared.wake.wait_timeout_while(pending, merge, |pending| !pending.closed);
        pending = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    pending.at_work = mem::take(&mut pending.some);
    (mem::take(&mut pending.pass), pending.closed)
}

fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    // Nothing that panics runs under the lock.
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Moment,
        config,
        daemon::store::tests::memory,
        model::{ClockTrust, Config},
    };
    use std::path::Path;

    fn snapshot(config: &Arc<Config>, seq: u64) -> Arc<Snapshot> {
        let now = Clock::system(Moment::START, ClockTrust::Always).now();
        Arc::new(Snapshot { config: config.clone(), now, seq, points: Vec::new() })
    }

    #[test]
    fn what_need_not_be_kept_is_shown_at_once_but_never_before_what_came_first() {
        let text = "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n";
        let config = Arc::new(config::parse(Path::new("hut.toml"), text).unwrap().config);
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::system(Moment::START, ClockTrust::Always));
        let (snapshots, mut seen) = watch::channel(snapshot(&config, 0));
        let store = Store::open(folder.path()).0;
        let shown = Shown { snapshots, notifications: Notifications::default() };
        let publisher = Publisher::start(Some(store), clock, shown, watch::Sender::new(None)).unwrap();
        let (mut last, mut at_once) = (0, 0);
        for count in 1..=2_000 {
            // Every third one is to be kept.
            let memory = (count % 3 == 0).then(|| memory(1));
            let kept = memory.is_some();
            publisher.offer(Pass { snapshot: Some(snapshot(&config, count)), memory, ..Pass::default() });
            let shown = seen.borrow_and_update().seq;
            assert!((last..=count).contains(&shown), "{shown} after {last}");
            at_once += usize::from(!kept && shown == count);
            last = shown;
            if count % 5 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert!(at_once > 0);
        drop(publisher);
        assert_eq!(seen.borrow().seq, 2_000);
    }
}
