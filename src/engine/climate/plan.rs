//! The weekly plan: which period is on.

use crate::{
    almanac::local_instant,
    model::{PlanAsk, PlanPeriod, Zone},
};
use chrono::{DateTime, Datelike, Days, Utc};

/// A period of the plan, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Window {
    /// Its place in the plan.
    pub period: usize,
    pub begins: DateTime<Utc>,
    /// When the next begins.
    pub ends: DateTime<Utc>,
}

impl Window {
    pub fn contains(&self, now: DateTime<Utc>) -> bool {
        self.begins <= now && now < self.ends
    }
}

/// The period that is on at `now`: the one that began last. A beginning that the local clock skips is at the jump, one
/// that it shows twice is at the first. Nothing where there is no plan.
pub(super) fn window_at(plan: &[PlanPeriod], zone: Zone, now: DateTime<Utc>) -> Option<Window> {
    let today = now.with_timezone(&zone).date_naive();
    // A week back and a week on, and a day more: every period of a plan that has only one begins within.
    let dates = (0..=16u64).filter_map(|day| today.checked_sub_days(Days::new(8))?.checked_add_days(Days::new(day)));
    let mut begins: Vec<(DateTime<Utc>, i32, usize)> = dates
        .flat_map(|date| {
            let weekday = date.weekday().num_days_from_monday();
            let of_day = plan.iter().enumerate().filter(move |(_, period)| period.days.contains(weekday));
            of_day.filter_map(move |(index, period)| {
                Some((local_instant(date, period.begins_s, zone)?, period.begins_s, index))
            })
        })
        .collect();
    begins.sort_unstable();
    let next = begins.partition_point(|(instant, ..)| *instant <= now);
    let (begins, ends) = (begins.get(next.checked_sub(1)?)?, begins.get(next)?.0);
    Some(Window { period: begins.2, begins: begins.0, ends })
}

/// What the period asks for.
pub(super) fn ask(plan: &[PlanPeriod], window: Window) -> Option<&PlanAsk> {
    plan.get(window.period).map(|period| &period.ask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DaySet, Setpoints};

    fn amsterdam() -> Zone {
        Zone::find("Europe/Amsterdam").unwrap()
    }

    fn period(days: &[u32], hour: i32, minute: i32) -> PlanPeriod {
        PlanPeriod {
            days: DaySet::from_days(days.iter().copied()),
            begins_s: (hour * 60 + minute) * 60,
            ask: PlanAsk::Setpoints(Setpoints { heat: Some(f64::from(hour)), cool: None }),
        }
    }

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    #[test]
    fn a_period_lasts_until_the_next_begins_over_days_without_any() {
        // 2026-11-23 is a Monday.
        let plan = [period(&[0, 1, 2, 3, 4], 6, 30), period(&[0, 1, 2, 3, 4], 22, 0)];
        let at = |time| window_at(&plan, amsterdam(), utc(time)).unwrap();
        assert_eq!(at("2026-11-23T05:29:59").period, 1);
        assert_eq!(at("2026-11-23T05:29:59").begins, utc("2026-11-20T21:00:00"), "Friday evening");
        assert_eq!(at("2026-11-23T05:30:00").period, 0);
        assert_eq!(at("2026-11-23T05:30:00").ends, utc("2026-11-23T21:00:00"));
    }

    #[test]
    fn one_period_a_week_is_a_plan() {
        let plan = [period(&[6], 12, 0)];
        let window = window_at(&plan, amsterdam(), utc("2026-11-22T10:59:59")).unwrap();
        assert_eq!((window.begins, window.ends), (utc("2026-11-15T11:00:00"), utc("2026-11-22T11:00:00")));
        assert_eq!(window_at(&[], amsterdam(), utc("2026-11-22T10:59:59")), None);
    }

    #[test]
    fn in_the_nights_of_the_change_a_period_begins_once() {
        let plan = [period(&[0, 1, 2, 3, 4, 5, 6], 2, 30), period(&[0, 1, 2, 3, 4, 5, 6], 2, 45)];
        // In spring both begin at the jump, and the later one of the day is on.
        let spring = window_at(&plan, amsterdam(), utc("2026-03-29T01:00:00")).unwrap();
        assert_eq!((spring.period, spring.begins), (1, utc("2026-03-29T01:00:00")));
        let autumn = |time| window_at(&plan, amsterdam(), utc(time)).unwrap();
        assert_eq!(autumn("2026-10-25T00:30:00").period, 0);
        assert_eq!(autumn("2026-10-25T00:45:00").period, 1);
        assert_eq!(autumn("2026-10-25T01:30:00").period, 1, "the second 02:30 is none");
    }
}
