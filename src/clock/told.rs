//! The time as somebody tells it, where the machine does not know it. It runs on by steady time, so that nobody needs the right
//! to set the machine's clock.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// No time that is told now is of before this program was made, or of when nobody uses it any more: seconds since 1970.
const FROM: u32 = 1_767_225_600; // 2026-01-01
const UNTIL: u32 = 4_102_444_800; // 2100-01-01
/// Told times have no fractions of a second: so far they may be off, and nothing is corrected.
const SAME: TimeDelta = TimeDelta::seconds(1);

/// What a told time changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing: it is that time.
    Agrees,
    /// Another time is believed from now on.
    Other,
}

/// It cannot be that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not believed: hearthd was made later, or it is too far off", DateTime::<Utc>::from_timestamp_nanos(i64::from(self.0) * 1_000_000_000))]
pub struct Implausible(u32);

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Telling(Mutex<Option<Known>>);

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Of the clock's own steady time.
    at: Duration,
    /// What it was then.
    wall: DateTime<Utc>,
}

impl Known {
    fn wall(self, real: Duration) -> Option<DateTime<Utc>> {
        let signed = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        self.wall.checked_add_signed(signed(real) - signed(self.at))
    }
}

impl Telling {
    /// What time it is after so much steady time; None: nobody told it.
    pub fn at(&self, real: Duration) -> Option<DateTime<Utc>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).and_then(|known| known.wall(real))
    }

    /// Takes what was told to be the time after so much steady time.
    pub fn take(&self, seconds: u32, at: Duration) -> Result<Told, Implausible> {
        let plausible = (FROM..UNTIL).contains(&seconds).then_some(seconds).ok_or(Implausible(seconds))?;
        // The second may just have begun, or be almost over.
        let middle = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(plausible.into()) + TimeDelta::milliseconds(500);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.and_then(|known| known.wall(at));
        if before.is_some_and(|before| (before - middle).abs() <= SAME) {
            return Ok(Told::Agrees);
        }
        *known = Some(Known { at, wall: middle });
        Ok(Told::Other)
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
        // Back, too.
        assert_eq!(telling.take(FROM, s(3_611)), Ok(Told::Other));
        assert_eq!(at(3_611).as_deref(), Some("2026-01-01T00:00:00.500+00:00"));
        // What is not believed changes nothing.
        assert!(telling.take(UNTIL, s(3_611)).is_err());
        assert_eq!(at(3_611).as_deref(), Some("2026-01-01T00:00:00.500+00:00"));
    }
}
