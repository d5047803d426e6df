//! The time as somebody tells it, where the machine does not know it. It runs on by steady time, so that nobody needs the right
//! to set the machine's clock.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// No time that is told now is of before this program was made, or of when nobody uses it any more: seconds since 1970.
const FROM: u32 = 1_767_225_600; // 2026-01-01
const UNTIL: u32 = 4_102_444_800; // 2100-01-01
/// Told times have no fractions of a second: so far they may be off, and nothing is corrected.
const SAME: TimeDelta = TimeDelta::seconds(1);
/// No clock goes so wrong in the hour until it is told again: what is further off is believed when it is told twice,
const STEP: TimeDelta = TimeDelta::minutes(1);
/// so long apart.
const SURE_AFTER: Duration = Duration::from_secs(540);

/// What a told time changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing: it is that time.
    Agrees,
    /// Another time is believed from now on.
    Other,
    /// Nothing yet: it is far from what was told before, and counts when it is told again.
    Doubted,
}

/// It cannot be that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not believed: hearthd was made later, or it is too far off", DateTime::<Utc>::from_timestamp_nanos(i64::from(self.0) * 1_000_000_000))]
pub struct Implausible(u32);

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Telling(Mutex<Heard>);

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    believed: Option<Known>,
    /// What was told since, and first of what is as far off.
    doubted: Option<Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Of the clock's own steady time.
    at: Duration,
    /// What it was then.
    wall: DateTime<Utc>,
}

impl Known {
    /// How far another is from it.
    fn apart(self, other: Known) -> TimeDelta {
        self.wall(other.at).map_or(TimeDelta::MAX, |wall| (wall - other.wall).abs())
    }

    fn wall(self, real: Duration) -> Option<DateTime<Utc>> {
        let signed = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        self.wall.checked_add_signed(signed(real) - signed(self.at))
    }
}

impl Telling {
    /// What time it is after so much steady time; None: nobody told it.
    pub fn at(&self, real: Duration) -> Option<DateTime<Utc>> {
        self.heard().believed.and_then(|known| known.wall(real))
    }

    /// Takes what was told to be the time after so much steady time.
    pub fn take(&self, seconds: u32, at: Duration) -> Result<Told, Implausible> {
        let plausible = (FROM..UNTIL).contains(&seconds).then_some(seconds).ok_or(Implausible(seconds))?;
        // The second may just have begun, or be almost over.
        let wall = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(plausible.into()) + TimeDelta::milliseconds(500);
        let told = Known { at, wall };
        let mut heard = self.heard();
        let apart = heard.believed.map_or(TimeDelta::zero(), |known| known.apart(told));
        if heard.believed.is_some() && apart <= SAME {
            heard.doubted = None;
            return Ok(Told::Agrees);
        }
        if apart > STEP {
            let before = heard.doubted.filter(|known| known.apart(told) <= STEP);
            if before.is_none_or(|before| at < before.at + SURE_AFTER) {
                heard.doubted = before.or(Some(told));
                return Ok(Told::Doubted);
            }
        }
        *heard = Heard { believed: Some(told), doubted: None };
        Ok(Told::Other)
    }

    /// The machine knows the time itself: when it does not any more, what was told before is long past.
    pub fn forget(&self) {
        *self.heard() = Heard::default();
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_told_time_runs_on_is_corrected_and_is_one_of_this_century() {
        let noon = u32::try_from("2026-11-30T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp()).unwrap();
        let (telling, s) = (Telling::default(), Duration::from_secs);
        let at = |real| telling.at(s(real)).map(|wall| wall.to_rfc3339());
        assert_eq!(at(0), None);
        for wrong in [0, 1, FROM - 1, UNTIL, u32::MAX] {
            let error = telling.take(wrong, s(10)).unwrap_err();
            assert!(error.to_string().contains(" UTC is not believed"), "{error}");
            assert_eq!(at(10), None);
        }
        assert_eq!(telling.take(noon, s(10)), Ok(Told::Other));
        assert_eq!(at(10).as_deref(), Some("2026-11-30T12:00:00.500+00:00"));
        assert_eq!(at(3_610).as_deref(), Some("2026-11-30T13:00:00.500+00:00"));
        assert_eq!(at(9).as_deref(), Some("2026-11-30T11:59:59.500+00:00"), "also before it was told");
        // An hour later it is told again: the same, and two seconds more.
        assert_eq!(telling.take(noon + 3_599, s(3_610)), Ok(Told::Agrees));
        assert_eq!(telling.take(noon + 3_602, s(3_610)), Ok(Told::Other));
        assert_eq!(at(3_610).as_deref(), Some("2026-11-30T13:00:02.500+00:00"));
        // What is not believed changes nothing.
        assert!(telling.take(UNTIL, s(3_610)).is_err());
        assert_eq!(at(3_610).as_deref(), Some("2026-11-30T13:00:02.500+00:00"));
        telling.forget();
        assert_eq!(at(3_610), None);
    }

    #[test]
    fn a_step_is_believed_when_it_is_told_again_some_time_later() {
        for step in [-86_400_i64, -61, 61, 86_400] {
            let (telling, first, s) = (Telling::default(), 1_796_040_000_i64, Duration::from_secs);
            let take = |by: i64, at: u64| {
                let seconds = first + i64::try_from(at).unwrap() + by;
                telling.take(u32::try_from(seconds).unwrap(), s(at)).unwrap()
            };
            let by = |at: u64| (telling.at(s(at)).unwrap().timestamp() - first) - i64::try_from(at).unwrap();
            assert_eq!(take(0, 0), Told::Other);
            assert_eq!((take(step, 10), by(10)), (Told::Doubted, 0));
            assert_eq!((take(step, 549), by(549)), (Told::Doubted, 0), "asked all the time, it says no more");
            assert_eq!((take(step, 550), by(550)), (Told::Other, step));
            // What is told between says that it was wrong; and another step is another.
            assert_eq!(take(0, 600), Told::Doubted);
            assert_eq!(take(step, 700), Told::Agrees);
            assert_eq!(take(0, 1_300), Told::Doubted);
            assert_eq!(take(2 * step, 2_000), Told::Doubted);
            assert_eq!((take(0, 2_700), by(2_700)), (Told::Doubted, step));
            assert_eq!((take(1, 3_300), by(3_300)), (Told::Other, 1), "a second more or less is the same");
        }
    }
}
