//! The weather of a place: what the season, the hour and chance make of it. A function of time alone.

use super::{Measured, random::noise};
use chrono::{DateTime, Utc};
use std::f64::consts::TAU;

/// The weather of one place.
pub(super) struct Weather {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) seed: u64,
    /// Temperatures of before, which take the place of chance.
    pub(super) measured: Option<Measured>,
}

/// The weather at one instant.
pub(super) struct Sky {
    pub(super) outdoor_c: f64,
    /// Water in the air, as its partial pressure.
    pub(super) vapour_hpa: f64,
    pub(super) pressure_hpa: f64,
    /// 0 at night, 1 under a zenith sun in a clear sky.
    pub(super) sunshine: f64,
}

/// The streams of chance.
const SWING: u64 = 1;
const GUSTS: u64 = 2;
const CLOUDS: u64 = 3;
const PRESSURE: u64 = 4;
const DEW: u64 = 5;

/// The hour of solar time at which a day is warmest.
const WARMEST_H: f64 = 15.0;

impl Weather {
    pub(super) fn at(&self, wall: DateTime<Utc>) -> Sky {
        let days = wall.timestamp_millis() as f64 / 86_400_000.0;
        // From the beginning of 2000: 10,957 days after 1970.
        let year = (days - 10_957.0) / 365.2422;
        let solar_h = (days * 24.0 + self.longitude / 15.0).rem_euclid(24.0);
        let latitude = self.latitude.clamp(-89.0, 89.0).to_radians();
        // The solstice is ten days before the new year.
        let declination = -(23.44f64.to_radians()) * (TAU * (year + 10.0 / 365.0)).cos();
        let hour_angle = (solar_h - 12.0) / 24.0 * TAU;
        let sine_of_elevation =
            latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos();

        let cloud = 0.5 + 0.5 * self.noise(CLOUDS, days * 24.0 / 5.0);
        let noon = (latitude - declination).cos().max(0.0);
        let daily = (1.0 + 4.0 * noon) * (1.0 - 0.4 * cloud);
        let sunrise_h = 12.0 - (-latitude.tan() * declination.tan()).clamp(-1.0, 1.0).acos() / TAU * 24.0;
        let base = self.season_c(year) + 4.0 * self.noise(SWING, days / 2.0);
        let by_chance =
            base + daily * course_of_day(solar_h, sunrise_h.clamp(3.0, 9.0)) + 0.7 * self.noise(GUSTS, days * 8.0);
        let outdoor_c = self.measured.as_ref().map_or(by_chance, |measured| measured.at(wall));

        // Dew falls on most nights: the air holds about what saturates it at the day's lowest temperature.
        let dew_point_c = (base - daily - 1.5 + 1.5 * self.noise(DEW, days * 2.0)).min(outdoor_c - 0.3);
        Sky {
            outdoor_c,
            vapour_hpa: saturation_hpa(dew_point_c),
            pressure_hpa: 1013.0 + 14.0 * self.noise(PRESSURE, days / 3.0) + 1.5 * self.noise(PRESSURE, days * 4.0),
            sunshine: sine_of_elevation.max(0.0) * (1.0 - 0.75 * cloud),
        }
    }

    /// The mean of a day at sea level: about 27 °C at the equator and -23 °C at the poles over the year, with a
    /// swing that grows towards the poles and lags the sun by a month.
    fn season_c(&self, year: f64) -> f64 {
        let mean = 27.0 - 0.0062 * self.latitude * self.latitude;
        let swing = 1.0 + 0.16 * self.latitude.abs();
        mean - swing * self.latitude.signum() * (TAU * (year - 25.0 / 365.0)).cos()
    }

    fn noise(&self, stream: u64, at: f64) -> f64 {
        noise(self.seed, stream, at)
    }
}

/// From -1 at sunrise to 1 in the afternoon, and down again all evening and night.
fn course_of_day(solar_h: f64, sunrise_h: f64) -> f64 {
    let rise_h = WARMEST_H - sunrise_h;
    let since_sunrise_h = (solar_h - sunrise_h).rem_euclid(24.0);
    if since_sunrise_h < rise_h {
        -(since_sunrise_h / rise_h * TAU / 2.0).cos()
    } else {
        ((since_sunrise_h - rise_h) / (24.0 - rise_h) * TAU / 2.0).cos()
    }
}

/// What air can hold, by the Magnus formula.
pub(super) fn saturation_hpa(temperature_c: f64) -> f64 {
    6.112 * (17.62 * temperature_c / (243.12 + temperature_c)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone};

    fn day(latitude: f64, month: u32) -> Vec<Sky> {
        let start = Utc.with_ymd_and_hms(2026, month, 15, 0, 0, 0).unwrap();
        let weather = Weather { latitude, longitude: 0.0, seed: 3, measured: None };
        (0..24).map(|hour| weather.at(start + TimeDelta::hours(hour))).collect()
    }

    fn mean(day: &[Sky]) -> f64 {
        day.iter().map(|sky| sky.outdoor_c).sum::<f64>() / day.len() as f64
    }

    #[test]
    fn seasons_follow_the_hemisphere() {
        assert!(mean(&day(52.0, 7)) > mean(&day(52.0, 1)) + 8.0);
        assert!(mean(&day(-35.0, 1)) > mean(&day(-35.0, 7)) + 3.0);
        assert!(mean(&day(0.0, 1)) > mean(&day(75.0, 7)));
    }

    #[test]
    fn days_are_warmest_in_the_afternoon_and_nights_have_no_sun() {
        let day = day(52.0, 7);
        assert!(day[15].outdoor_c > day[4].outdoor_c + 3.0);
        assert!(day[12].sunshine > 0.0 && day[0].sunshine == 0.0);
    }

    #[test]
    fn the_polar_sun_stays_up_in_summer_and_down_in_winter() {
        assert!(day(80.0, 6).iter().all(|sky| sky.sunshine > 0.0));
        assert!(day(80.0, 12).iter().all(|sky| sky.sunshine == 0.0));
    }
}
