//! Time. [`Clock`] is the only reader of clocks in hearthd; everything else is given a [`Now`].
//!
//! Two kinds of time, never mixed: **moments** run on steadily and measure durations; **wall time** is what people read
//! from a clock, and may jump (no battery clock at start, NTP, a hand) or not be known at all; a [`Zone`] makes it local.
//! Where the machine does not know it, somebody may [tell](Clock::tell) it: the machine's own clock is left alone.

#![expect(clippy::disallowed_methods, reason = "the one place that reads clocks")]

mod told;
mod zone;

use told::Telling;
pub use told::{Implausible, Told};
pub use zone::{UnknownZone, Zone, ZoneOffset};

use crate::{files, model::ClockTrust};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// A point of steady time: milliseconds since this house's hearthd was first started. It never jumps, and it runs on
/// over restarts (by the wall clock, where that is known on both sides), so that timers survive them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// Where the time of a new house begins.
    pub const START: Moment = Moment(0);

    /// The moment `ms` milliseconds after [`Moment::START`].
    pub const fn from_millis(ms: i64) -> Moment {
        Moment(ms)
    }

    /// Milliseconds since [`Moment::START`].
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// What time it is, in both kinds of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// For durations.
    pub moment: Moment,
    /// For schedules and for people.
    pub wall: DateTime<Utc>,
    /// Whether `wall` can be believed. While it can not, every condition on the time of day is unknown.
    pub wall_known: bool,
}

impl Now {
    /// The wall time at a moment, past or future, as far as this clock's reading tells.
    pub fn wall_at(&self, moment: Moment) -> DateTime<Utc> {
        let delta = TimeDelta::milliseconds(moment.as_millis().saturating_sub(self.moment.as_millis()));
        self.wall.checked_add_signed(delta).unwrap_or(self.wall)
    }

    /// The first moment at which the wall clock will show `wall` or later, if it does not jump.
    pub fn moment_at(&self, wall: DateTime<Utc>) -> Moment {
        let delta = wall - self.wall;
        let rounded_up = delta.num_milliseconds() + i64::from(delta.subsec_nanos() % 1_000_000 > 0);
        Moment(self.moment.as_millis().saturating_add(rounded_up))
    }
}

/// Tells the time. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The moment at `started`.
    base: Moment,
    started: Instant,
    wall: Wall,
}

#[derive(Debug)]
enum Wall {
    System(Trust),
    /// Begins at `from` and runs at a pace of its own, and so do moments.
    Accelerated {
        from: DateTime<Utc>,
        pace: Mutex<Pace>,
    },
}

/// How fast time runs, and how far it came before it ran so.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Of real time since the clock was made.
    since: Duration,
    /// Of this clock's time, then.
    elapsed: Duration,
    /// Seconds of this clock in one of real time.
    speed: f64,
    /// It waits there.
    horizon: Duration,
}

impl Pace {
    fn elapsed(&self, real: Duration) -> Duration {
        (self.elapsed + real.saturating_sub(self.since).mul_f64(self.speed)).min(self.horizon)
    }
}

/// Whoever waits for a moment of an accelerated clock looks again after this time: its pace may have changed.
const LOOK_AT_PACE: Duration = Duration::from_millis(50);
/// What stands for no speed at all where a time is divided by it.
const STANDSTILL: f64 = 1e-6;

impl Clock {
    /// The machine's clock; moments continue at `base`.
    pub fn system(base: Moment, trust: ClockTrust) -> Clock {
        Clock(Arc::new(Inner { base, started: Instant::now(), wall: Wall::System(Trust::new(trust)) }))
    }

    /// The machine's clock after a restart, and whether it is known how long that took. An unknown pause counts as no time,
    /// so that no minimum is cut short by a wrong clock.
    pub fn resumed(saved: Now, trust: ClockTrust) -> (Clock, bool) {
        let pause = pause(saved, trust);
        (Clock::system(saved.moment + pause.unwrap_or_default(), trust), pause.is_some())
    }

    /// A clock for simulated hardware: it shows `from` now and runs `speed` times as fast as real time (more than 0).
    pub fn accelerated(base: Moment, from: DateTime<Utc>, speed: f64) -> Clock {
        let (since, elapsed, horizon) = (Duration::ZERO, Duration::ZERO, Duration::MAX);
        let pace = Mutex::new(Pace { since, elapsed, speed, horizon });
        Clock(Arc::new(Inner { base, started: Instant::now(), wall: Wall::Accelerated { from, pace } }))
    }

    /// Lets an accelerated clock run on at another speed, 0 or more; at 0 time stands still. The machine's own clock has no
    /// other speed.
    pub fn set_speed(&self, speed: f64) {
        self.change_pace(|pace| pace.speed = speed.max(0.0));
    }

    /// Lets an accelerated clock run on to `wall` and wait there.
    pub fn run_to(&self, wall: DateTime<Utc>) {
        if let Wall::Accelerated { from, .. } = &self.0.wall {
            let horizon = (wall - *from).to_std().unwrap_or_default();
            self.change_pace(|pace| pace.horizon = horizon.max(pace.elapsed));
        }
    }

    /// What has passed at the old pace stays.
    fn change_pace(&self, change: impl FnOnce(&mut Pace)) {
        if let Wall::Accelerated { pace, .. } = &self.0.wall {
            let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
            let real = self.0.started.elapsed();
            (pace.since, pace.elapsed) = (real, pace.elapsed(real));
            change(&mut pace);
        }
    }

    /// Seconds of this clock in one second of real time; nothing of the machine's own clock.
    fn pace(&self) -> Option<Pace> {
        match &self.0.wall {
            Wall::System(_) => None,
            Wall::Accelerated { pace, .. } => Some(*pace.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// The time now.
    pub fn now(&self) -> Now {
        let real = self.0.started.elapsed();
        match &self.0.wall {
            Wall::System(trust) => {
                let machine = SystemTime::now();
                let is_known = trust.is_known(machine, real);
                if let Some(told) = trust.told.as_ref().filter(|_| is_known) {
                    told.forget();
                }
                let told = trust.told.as_ref().and_then(|told| told.at(real));
                Now {
                    moment: self.0.base + real,
                    wall: told.unwrap_or_else(|| machine.into()),
                    wall_known: is_known || told.is_some(),
                }
            }
            Wall::Accelerated { from, pace } => {
                // Read together with the pace, so that time never runs backwards when it changes.
                let pace = *pace.lock().unwrap_or_else(PoisonError::into_inner);
                let elapsed = pace.elapsed(self.0.started.elapsed());
                let delta = TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX);
                Now {
                    moment: self.0.base + elapsed,
                    wall: from.checked_add_signed(delta).unwrap_or(*from),
                    wall_known: true,
                }
            }
        }
    }

    /// Whether it is to be told the time.
    pub fn is_told(&self) -> bool {
        matches!(&self.0.wall, Wall::System(Trust { told: Some(_), .. }))
    }

    /// Tells it the time that it is at a moment, in seconds since 1970. As long as the machine knows the time itself, that is what
    /// counts.
    ///
    /// # Errors
    /// When it cannot be that time.
    pub fn tell(&self, seconds: u32, at: Moment) -> Result<Told, Implausible> {
        match &self.0.wall {
            Wall::System(Trust { told: Some(told), .. }) => told.take(seconds, at.since(self.0.base)),
            Wall::System(_) | Wall::Accelerated { .. } => Ok(Told::Agrees),
        }
    }

    /// How far a told time is ahead of the machine's, by which the machine dates what it tells; whole seconds.
    pub fn ahead_of_machine(&self) -> TimeDelta {
        let apart = self.now().wall - DateTime::<Utc>::from(SystemTime::now());
        if self.is_told() { TimeDelta::seconds(apart.num_seconds()) } else { TimeDelta::zero() }
    }

    /// The moment of a time stamp of the kernel's monotonic clock, such as events of GPIO lines carry; never a later one
    /// than now.
    pub fn moment_of_stamp(&self, stamp: Duration) -> Moment {
        // In this order, a break between the two makes the stamp no earlier than it is.
        let ago = monotonic_time().saturating_sub(stamp);
        let now = self.now().moment;
        let ago = self.pace().map_or(ago, |pace| ago.mul_f64(pace.speed));
        Moment(now.0.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long to sleep, in real time, until `moment` or until the pace of an accelerated clock is to be looked at again;
    /// zero if it is past.
    pub fn real_time_until(&self, moment: Moment) -> Duration {
        let wait = self.real_time(moment.since(self.now().moment));
        if self.pace().is_some() { wait.min(LOOK_AT_PACE) } else { wait }
    }

    /// How long a duration of this clock takes in real time.
    pub fn real_time(&self, duration: Duration) -> Duration {
        self.pace().map_or(duration, |pace| {
            let seconds = duration.as_secs_f64() / pace.speed.max(STANDSTILL);
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
        })
    }
}

/// How long a restart took by the wall clock; nothing if it was not known then or is not now.
fn pause(saved: Now, trust: ClockTrust) -> Option<Duration> {
    let now = Clock::system(saved.moment, trust).now();
    // Set back meanwhile, it tells as little as an unknown one.
    (now.wall - saved.wall).to_std().ok().filter(|_| saved.wall_known && now.wall_known)
}

/// Whether the system's clock is believed. Looking is not free, so it is done now and then.
#[derive(Debug)]
struct Trust {
    always: bool,
    known: AtomicBool,
    /// Milliseconds of this process.
    look_again_ms: AtomicU64,
    /// What it is told instead; None: it is not.
    told: Option<Telling>,
}

const LOOK_EVERY_MS: u64 = 5_000;

impl Trust {
    fn new(trust: ClockTrust) -> Trust {
        let always = trust == ClockTrust::Always;
        let told = (trust == ClockTrust::HomeAssistant).then(Telling::default);
        Trust { always, known: AtomicBool::new(always), look_again_ms: AtomicU64::new(0), told }
    }

    fn is_known(&self, wall: SystemTime, running: Duration) -> bool {
        let now_ms = u64::try_from(running.as_millis()).unwrap_or(u64::MAX);
        if !self.always && now_ms >= self.look_again_ms.load(Ordering::Relaxed) {
            self.look_again_ms.store(now_ms.saturating_add(LOOK_EVERY_MS), Ordering::Relaxed);
            let known = kernel_clock_is_synchronised() || hardware_clock_agrees(wall);
            self.known.store(known, Ordering::Relaxed);
        }
        self.known.load(Ordering::Relaxed)
    }
}

/// Whether the board has a hardware clock that shows this time. One without a battery (a Raspberry Pi 5 has one) is there,
/// but began in 1970.
fn hardware_clock_agrees(wall: SystemTime) -> bool {
    let shown = files::read_text("/sys/class/rtc/rtc0/since_epoch".as_ref(), files::SYSTEM);
    let shown = shown.ok().and_then(|text| text.trim().parse().ok());
    let wall_s = wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    shown.is_some_and(|shown: u64| shown.abs_diff(wall_s) <= 120)
}

/// What the kernel's monotonic clock shows.
#[expect(unsafe_code, reason = "the standard library does not tell this clock's own numbers")]
fn monotonic_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to nothing but the structure it is given, which is plain data.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[expect(unsafe_code, reason = "adjtimex(2) has no safe wrapper in the standard library")]
fn kernel_clock_is_synchronised() -> bool {
    // SAFETY: `timex` is plain data for which all zeroes is valid; with `modes` 0 the call only reads, and it writes to
    // nothing but the structure it is given.
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&mut timex)
    };
    state != -1 && state != libc::TIME_ERROR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_wall_time_convert_both_ways() {
        let now = Now { moment: Moment::from_millis(5_000), wall: DateTime::UNIX_EPOCH, wall_known: true };
        let later = now.moment + Duration::from_secs(60);
        assert_eq!(now.wall_at(later).timestamp(), 60);
        assert_eq!(now.moment_at(now.wall_at(later)), later);
        assert_eq!(now.moment.since(later), Duration::ZERO);
    }

    #[test]
    fn a_changed_pace_does_not_move_time() {
        let clock = Clock::accelerated(Moment::START, DateTime::UNIX_EPOCH, 1e6);
        while clock.now().moment < Moment::from_millis(1_000) {}
        clock.set_speed(0.0);
        let stopped = clock.now();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now(), stopped, "it stands still");
        assert!(
            clock.real_time_until(stopped.moment + Duration::from_secs(1)) <= LOOK_AT_PACE,
            "nobody sleeps for ever"
        );
        clock.set_speed(1e6);
        while clock.now().moment <= stopped.moment {}
        assert!(clock.now().wall > stopped.wall);
        // At this pace it would be past the horizon before it has one.
        clock.set_speed(0.0);
        let horizon = clock.now().wall + TimeDelta::seconds(5);
        clock.run_to(horizon);
        clock.set_speed(1e6);
        while clock.now().wall < horizon {}
        assert_eq!(clock.now().wall, horizon, "it waits there");
    }

    #[test]
    fn a_time_stamp_of_the_kernel_is_a_moment_of_the_past() {
        let clock = Clock::system(Moment::from_millis(1_000_000), ClockTrust::Always);
        let stamp = monotonic_time();
        let (early, late) = (clock.moment_of_stamp(stamp.saturating_sub(Duration::from_secs(3))), clock.now().moment);
        let ago = late.since(early);
        assert!(ago >= Duration::from_millis(2_990), "{ago:?}");
        assert!(clock.moment_of_stamp(stamp + Duration::from_secs(3_600)) <= clock.now().moment, "none of the future");
    }

    #[test]
    fn only_a_clock_that_is_to_be_told_is_told() {
        let then = Clock::system(Moment::START, ClockTrust::Always).now();
        for (trust, is_told) in ClockTrust::WORDS.map(|(_, trust)| (trust, trust == ClockTrust::HomeAssistant)) {
            let clock = Clock::system(Moment::from_millis(5_000), trust);
            let before = clock.now();
            assert_eq!(clock.is_told(), is_told, "{trust:?}");
            let told = clock.tell(u32::try_from(then.wall.timestamp()).unwrap() + 864_000, before.moment);
            assert_eq!(told == Ok(Told::Other), is_told, "{trust:?}");
            // A told time has whole seconds.
            let days = (clock.now().wall - then.wall + TimeDelta::hours(12)).num_days();
            // Where the kernel that runs this test knows the time, it is not told.
            assert_eq!(days, if is_told && !before.wall_known { 10 } else { 0 }, "{trust:?}");
            assert!((clock.ahead_of_machine() - TimeDelta::days(days)).abs() < TimeDelta::hours(1), "{trust:?}");
        }
    }

    #[test]
    fn an_unknown_clock_does_not_tell_how_long_a_restart_took() {
        let saved = Now { moment: Moment::from_millis(7), wall: DateTime::UNIX_EPOCH, wall_known: false };
        assert_eq!(pause(saved, ClockTrust::Always), None);
        let ahead = Utc::now() + TimeDelta::days(3_650);
        let stepped_back = Now { wall: ahead, wall_known: true, ..saved };
        assert_eq!(pause(stepped_back, ClockTrust::Always), None, "time never runs backwards");
        let before = Now { wall: Utc::now() - TimeDelta::seconds(90), wall_known: true, ..saved };
        assert!(pause(before, ClockTrust::Always) >= Some(Duration::from_secs(90)));
    }
}
