//! Where the sun is. One function behind one library, so that either can be replaced.
//!
//! Positions by the Solar Position Algorithm (Reda and Andreas, Solar Energy 76(5), 2004) in the `solar-positioning`
//! crate; events on a day are those between the solar midnights on either side of its noon.

use super::local_time::local_instant;
use crate::model::Zone;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
pub use solar_positioning::Horizon;
use solar_positioning::{Location, SolarEvents, SolarPositions, delta_t};

/// The sun's events of one local date. Where the sun does not cross the horizon, in polar day the rising events are the
/// solar midnight before noon and the setting ones the solar midnight after it; in polar night all are noon. So a day's
/// length runs smoothly into 24 h and 0 h, and every event is defined everywhere on every date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SunDay {
    /// The sun rises through -18°.
    pub astronomical_dawn: DateTime<Utc>,
    /// The sun rises through -12°.
    pub nautical_dawn: DateTime<Utc>,
    /// The sun rises through -6°.
    pub dawn: DateTime<Utc>,
    /// The upper limb appears: -0.833°.
    pub sunrise: DateTime<Utc>,
    /// The sun crosses the meridian.
    pub noon: DateTime<Utc>,
    /// The upper limb disappears: -0.833°.
    pub sunset: DateTime<Utc>,
    /// The sun sinks through -6°.
    pub dusk: DateTime<Utc>,
    /// The sun sinks through -12°.
    pub nautical_dusk: DateTime<Utc>,
    /// The sun sinks through -18°.
    pub astronomical_dusk: DateTime<Utc>,
}

/// The events of the local date `date` at a place (degrees, north and east positive); nothing outside the years -2000
/// to 6000.
pub fn day(date: NaiveDate, latitude: f64, longitude: f64, zone: Zone) -> Option<SunDay> {
    let noon_of = |date: Option<NaiveDate>| noon(date?, longitude, zone);
    let course = Course::new(
        noon_of(date.pred_opt())?,
        noon(date, longitude, zone)?,
        noon_of(date.succ_opt())?,
        latitude,
        longitude,
    );
    let (astronomical_dawn, astronomical_dusk) = course.crossings(Horizon::AstronomicalTwilight)?;
    let (nautical_dawn, nautical_dusk) = course.crossings(Horizon::NauticalTwilight)?;
    let (dawn, dusk) = course.crossings(Horizon::CivilTwilight)?;
    let (sunrise, sunset) = course.crossings(Horizon::SunriseSunset)?;
    Some(SunDay {
        astronomical_dawn,
        nautical_dawn,
        dawn,
        sunrise,
        noon: whole(course.noon),
        sunset,
        dusk,
        nautical_dusk,
        astronomical_dusk,
    })
}

/// When the sun crosses the meridian on a local date; nothing outside the years -2000 to 6000.
pub fn noon(date: NaiveDate, longitude: f64, zone: Zone) -> Option<DateTime<Utc>> {
    let delta_t = delta_t::estimate_from_date_like(&date).ok()?;
    let begin = local_instant(date, 0, zone)?;
    let end = begin.checked_add_signed(TimeDelta::hours(25))?;
    SolarEvents::new().next_transit(&begin, &end, longitude, delta_t).ok()?
}

/// The sun's way from one solar midnight over noon to the next.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    midnight_before: DateTime<Utc>,
    noon: DateTime<Utc>,
    midnight_after: DateTime<Utc>,
    place: (f64, f64),
}

impl Course {
    /// Between the noons of the days before and after, at a latitude and longitude, degrees.
    pub fn new(
        previous: DateTime<Utc>,
        noon: DateTime<Utc>,
        next: DateTime<Utc>,
        latitude: f64,
        longitude: f64,
    ) -> Course {
        // One day's second midnight is to the bit the next day's first, so that polar day has no seam.
        let middle = |from: DateTime<Utc>, to: DateTime<Utc>| from + (to - from) / 2;
        let (midnight_before, midnight_after) = (middle(previous, noon), middle(noon, next));
        Course { midnight_before, noon, midnight_after, place: (latitude, longitude) }
    }

    /// When the sun rises and sets through this height; see [`SunDay`] for where it does not.
    pub fn crossings(&self, horizon: Horizon) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let Course { midnight_before, noon, midnight_after, place: (latitude, longitude) } = *self;
        let (events, place) = (SolarEvents::new(), Location { latitude, longitude });
        let delta_t = delta_t::estimate_from_date_like(&noon).ok()?;
        let above_at_noon = elevation_without_refraction(noon, place, delta_t)? > horizon.elevation_angle();
        let (no_rise, no_set) = if above_at_noon { (midnight_before, midnight_after) } else { (noon, noon) };
        let rise = events.next_rise(&midnight_before, &noon, place, delta_t, horizon).ok()?;
        let set = events.next_set(&noon, &midnight_after, place, delta_t, horizon).ok()?;
        Some((whole(rise.unwrap_or(no_rise)), whole(set.unwrap_or(no_set))))
    }
}

/// To whole seconds: more would only look like a precision that the air does not allow.
fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// The height of the sun's centre over the horizon as it is seen, degrees; nothing outside the years -2000 to 6000.
pub fn elevation(at: DateTime<Utc>, latitude: f64, longitude: f64) -> Option<f64> {
    let height = true_elevation(at, Location { latitude, longitude })?;
    Some(height + refraction(height))
}

/// Whether some of the sun is above the horizon; nothing outside the years -2000 to 6000.
pub fn is_up(at: DateTime<Utc>, latitude: f64, longitude: f64) -> Option<bool> {
    Some(true_elevation(at, Location { latitude, longitude })? > Horizon::SunriseSunset.elevation_angle())
}

/// By how much the air lifts what stands at this true height, degrees, at 1013.25 hPa and 15 °C.
///
/// Above sunrise's height by Sæmundsson's formula, as the Solar Position Algorithm has it (equation 42; Meeus,
/// Astronomical Algorithms, 16.4). It is not made for what is deeper, where nobody sees the sun: there the lift fades
/// with the cotangent of the depth, as in NOAA's solar calculator, from the value that it has at that height. So the
/// height never jumps.
fn refraction(height: f64) -> f64 {
    const AIR: f64 = 1013.25 / 1010.0 * 283.0 / (273.0 + 15.0);
    let lift = |height: f64| AIR * 1.02 / 60.0 / (height + 10.3 / (height + 5.11)).to_radians().tan();
    let edge = Horizon::SunriseSunset.elevation_angle();
    if height >= edge { lift(height) } else { lift(edge) * edge.to_radians().tan() / height.to_radians().tan() }
}

fn true_elevation(at: DateTime<Utc>, place: Location) -> Option<f64> {
    elevation_without_refraction(at, place, delta_t::estimate_from_date_like(&at).ok()?)
}

fn elevation_without_refraction(at: DateTime<Utc>, place: Location, delta_t: f64) -> Option<f64> {
    SolarPositions::new().at(&at, place, 0.0, delta_t, None).ok().map(|position| position.elevation_angle())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(date: &str, latitude: f64, longitude: f64, zone: &str) -> SunDay {
        day(date.parse().unwrap(), latitude, longitude, zone.parse().unwrap()).unwrap()
    }

    /// Reference: PyEphem 4.2 with a horizon of -0:34 and no pressure, to the minute.
    #[test]
    fn a_summer_day_in_amsterdam() {
        let day = on("2026-06-21", 52.37, 4.89, "Europe/Amsterdam");
        let local =
            |t: DateTime<Utc>| t.with_timezone(&Zone::find("Europe/Amsterdam").unwrap()).format("%H:%M").to_string();
        assert_eq!((local(day.sunrise), local(day.sunset)), ("05:18".into(), "22:06".into()));
        assert!(day.dawn < day.sunrise && day.sunset < day.dusk);
    }

    #[test]
    fn polar_day_lasts_from_solar_midnight_to_solar_midnight() {
        let days = ["2026-06-20", "2026-06-21", "2026-06-22"].map(|d| on(d, 69.65, 18.96, "Europe/Oslo"));
        for pair in days.windows(2) {
            assert_eq!(pair[1].sunrise, pair[0].sunset);
        }
        assert!(days[0].sunset - days[0].sunrise > TimeDelta::minutes(23 * 60 + 59));
    }

    #[test]
    fn polar_night_has_a_twilight_but_no_day() {
        let day = on("2026-12-21", 69.65, 18.96, "Europe/Oslo");
        assert_eq!((day.sunrise, day.sunset), (day.noon, day.noon));
        assert!(day.dawn < day.noon && day.noon < day.dusk);
    }

    #[test]
    fn sydney_sees_the_sunrise_of_its_own_date() {
        let day = on("2026-11-23", -33.87, 151.21, "Australia/Sydney");
        let local = day.sunrise.with_timezone(&Zone::find("Australia/Sydney").unwrap());
        assert_eq!(local.format("%F %H:%M").to_string(), "2026-11-23 05:39");
    }

    #[test]
    fn the_height_of_the_sun_is_without_a_jump() {
        let mut before: Option<f64> = None;
        let from: DateTime<Utc> = "2026-11-23T03:00:00Z".parse().unwrap();
        for second in 0..8 * 3600 {
            let height = elevation(from + TimeDelta::seconds(second), 52.37, 4.89).unwrap();
            // It climbs by 15 degrees an hour at the most; where the air bends most, by twice as much.
            let step = height - before.unwrap_or(height);
            assert!((0.0..0.0085).contains(&step), "{step} at {height}");
            before = Some(height);
        }
        let lift = |height: f64| (refraction(height) * 1000.0).round() / 1000.0;
        assert_eq!([-90.0, -18.0, -6.0].map(lift), [0.0, 0.027, 0.084]);
        assert_eq!([-0.833, 0.0, 10.0, 90.0].map(lift), [0.609, 0.476, 0.089, 0.0]);
    }

    #[test]
    fn years_out_of_range_are_nothing() {
        let far = NaiveDate::from_ymd_opt(9999, 1, 1).unwrap();
        assert_eq!(day(far, 52.0, 5.0, Zone::UTC), None);
        assert_eq!(elevation(DateTime::<Utc>::MAX_UTC, 52.0, 5.0), None);
    }
}
