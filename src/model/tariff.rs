//! What energy costs.

use super::DaySet;
use chrono::{DateTime, Datelike, Timelike, Weekday};

/// The table `[energy]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tariff {
    /// What stands before an amount of money: `€`.
    pub currency: String,
    /// The week, in the order of the file; each lasts until the next begins. There is at least one.
    pub periods: Vec<PricePeriod>,
}

/// From when on which price counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PricePeriod {
    /// On which days it begins.
    pub days: DaySet,
    /// When, in seconds after local midnight.
    pub begins_s: i32,
    /// Of a kWh.
    pub price: f64,
}

impl Tariff {
    /// The price of a kWh at a local time.
    pub fn price_at<Z: chrono::TimeZone>(&self, local: &DateTime<Z>) -> f64 {
        let seconds = i32::try_from(local.num_seconds_from_midnight()).unwrap_or(0);
        self.price(local.weekday(), seconds)
    }

    fn price(&self, today: Weekday, seconds: i32) -> f64 {
        let today = today.num_days_from_monday();
        // What began last: today before now, else on the latest day before.
        let began = (0..=7).find_map(|ago| {
            let day = (today + 7 - ago % 7) % 7;
            let of_day = self.periods.iter().filter(|period| period.days.contains(day));
            of_day.filter(|period| ago > 0 || period.begins_s <= seconds).max_by_key(|period| period.begins_s)
        });
        began.map_or(0.0, |period| period.price)
    }

    /// How long the spans may be in which no price changes, in seconds: half an hour, as clocks change by, or a part of it.
    pub fn step_s(&self) -> u32 {
        let fits = |step: &u32| self.periods.iter().all(|period| period.begins_s.unsigned_abs().is_multiple_of(*step));
        [1_800, 900, 300].into_iter().find(fits).unwrap_or(300)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(days: std::ops::Range<u32>, hour: i32, minute: i32, price: f64) -> PricePeriod {
        PricePeriod { days: DaySet::from_days(days), begins_s: hour * 3_600 + minute * 60, price }
    }

    #[test]
    fn a_price_lasts_until_the_next() {
        let tariff = Tariff {
            currency: "€".into(),
            periods: vec![period(0..5, 7, 0, 0.34), period(0..5, 22, 30, 0.24), period(5..6, 9, 0, 0.2)],
        };
        for (day, hour, price) in [
            (Weekday::Mon, 8, 0.34),
            (Weekday::Mon, 23, 0.24),
            (Weekday::Tue, 6, 0.24),
            (Weekday::Tue, 7, 0.34),
            (Weekday::Sat, 8, 0.24),
            (Weekday::Sat, 9, 0.2),
            (Weekday::Sun, 12, 0.2),
            (Weekday::Mon, 6, 0.2),
        ] {
            assert_eq!(tariff.price(day, hour * 3_600), price, "{day} {hour}");
        }
        assert_eq!(tariff.step_s(), 1_800);
        let once = Tariff { periods: vec![period(2..3, 12, 0, 0.5)], ..tariff };
        assert_eq!(once.price(Weekday::Wed, 0), 0.5, "since a week ago");
    }
}
