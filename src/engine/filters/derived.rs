//! Quantities that are worked out from others of the same sensor.

use crate::model::{Quantity, Sensor};

/// The value of a derived quantity from its ingredients, in their units; nothing when one is missing or the result is no
/// number.
pub(in crate::engine) fn derive(
    quantity: Quantity,
    sensor: &Sensor,
    ingredient: impl Fn(Quantity) -> Option<f64>,
) -> Option<f64> {
    let temperature = || ingredient(Quantity::Temperature);
    let humidity = || ingredient(Quantity::Humidity);
    let value = match quantity {
        Quantity::DewPoint => dew_point(temperature()?, humidity()?),
        Quantity::AbsoluteHumidity => absolute_humidity(temperature()?, humidity()?),
        Quantity::HeatIndex => heat_index(temperature()?, humidity()?),
        Quantity::SeaLevelPressure => sea_level_pressure(ingredient(Quantity::Pressure)?, sensor.altitude_m?),
        _ => return None,
    };
    Some(value).filter(|value| value.is_finite())
}

/// The coefficients of the Magnus formula over water, -45 to 60 °C (WMO-No. 8, Guide to Instruments, volume I,
/// annex 4.B: e_w(t) = 6.112 exp(17.62 t / (243.12 + t)), hPa).
const MAGNUS: (f64, f64, f64) = (6.112, 17.62, 243.12);

/// °C: to what the air must cool down for its vapour to condense. The Magnus formula solved for the temperature.
fn dew_point(celsius: f64, percent: f64) -> f64 {
    let (_, beta, lambda) = MAGNUS;
    let gamma = (percent / 100.0).ln() + beta * celsius / (lambda + celsius);
    lambda * gamma / (beta - gamma)
}

/// g/m³: the vapour pressure (Magnus) as a density, by the equation of an ideal gas with the specific gas constant of
/// water vapour, 461.5 J/(kg K) (WMO-No. 8, annex 4.B).
fn absolute_humidity(celsius: f64, percent: f64) -> f64 {
    let (at_freezing, beta, lambda) = MAGNUS;
    let vapour_hpa = percent / 100.0 * at_freezing * (beta * celsius / (lambda + celsius)).exp();
    vapour_hpa * 100.0 / (461.5 * (celsius + 273.15)) * 1000.0
}

/// hPa: the pressure at sea level below a barometer at `altitude_m`, in the standard atmosphere (ICAO Doc 7488: 288.15 K
/// at sea level, 6.5 K less for each kilometre, exponent g0/(R L) = 5.25588). It is what aviation calls QNH; the sensor's
/// own temperature, mostly a room's, has no part in it.
fn sea_level_pressure(hpa: f64, altitude_m: f64) -> f64 {
    hpa * (1.0 - 0.0065 * altitude_m / 288.15).powf(-5.255_88)
}

/// °C: how warm it feels in the shade. The regression of L. P. Rothfusz (National Weather Service, technical attachment
/// SR 90-23, 1990) with the adjustments and the simple formula for milder weather that the service uses with it.
fn heat_index(celsius: f64, percent: f64) -> f64 {
    let t = celsius * 1.8 + 32.0;
    let r = percent;
    let simple = 0.5 * (t + 61.0 + (t - 68.0) * 1.2 + r * 0.094);
    let fahrenheit = if simple < 80.0 { simple } else { rothfusz(t, r) + adjustment(t, r) };
    (fahrenheit - 32.0) / 1.8
}

/// Both in the units of its author, °F and %.
fn rothfusz(t: f64, r: f64) -> f64 {
    -42.379 + 2.049_015_23 * t + 10.143_331_27 * r - 0.224_755_41 * t * r - 6.837_83e-3 * t * t - 5.481_717e-2 * r * r
        + 1.228_74e-3 * t * t * r
        + 8.5282e-4 * t * r * r
        - 1.99e-6 * t * t * r * r
}

/// For very dry and very humid air, °F.
fn adjustment(t: f64, r: f64) -> f64 {
    if r < 13.0 && (80.0..=112.0).contains(&t) {
        -((13.0 - r) / 4.0) * ((17.0 - (t - 95.0).abs()) / 17.0).sqrt()
    } else if r > 85.0 && (80.0..=87.0).contains(&t) {
        (r - 85.0) / 10.0 * ((87.0 - t) / 5.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
    }

    /// Against the saturation vapour pressures over water of WMO-No. 8: saturated air is at its dew point.
    #[test]
    fn saturated_air_is_at_its_dew_point() {
        for celsius in [-20.0, 0.0, 10.0, 25.0, 40.0] {
            near(dew_point(celsius, 100.0), celsius, 1e-9);
        }
    }

    /// Worked by hand from the formula: ln 0.5 + 17.62 * 25 / 268.12 = 0.94977.
    #[test]
    fn the_dew_point_of_half_saturated_air() {
        near(dew_point(25.0, 50.0), 13.85, 0.01);
    }

    /// At its dew point, air is saturated by the vapour that it has.
    #[test]
    fn the_vapour_is_the_same_at_the_dew_point() {
        for (celsius, percent) in [(-10.0, 50.0), (3.0, 97.0), (21.0, 40.0), (38.0, 12.0)] {
            let kelvin = |celsius: f64| celsius + 273.15;
            let dew = dew_point(celsius, percent);
            // The same pressure, but a denser gas where it is colder.
            near(
                absolute_humidity(dew, 100.0) * kelvin(dew),
                absolute_humidity(celsius, percent) * kelvin(celsius),
                1e-6,
            );
        }
    }

    /// Tables of saturated vapour: 4.85 g/m³ at 0 °C, 17.3 at 20 °C, 30.4 at 30 °C.
    #[test]
    fn water_in_a_cubic_metre() {
        near(absolute_humidity(0.0, 100.0), 4.85, 0.02);
        near(absolute_humidity(20.0, 100.0), 17.3, 0.1);
        near(absolute_humidity(30.0, 100.0), 30.4, 0.15);
        near(absolute_humidity(25.0, 0.0), 0.0, 1e-12);
    }

    /// The standard atmosphere: 1013.25 hPa at sea level, 954.61 at 500 m, 898.75 at 1000 m, 794.95 at 2000 m.
    #[test]
    fn the_standard_atmosphere() {
        for (altitude, hpa) in [(0.0, 1013.25), (500.0, 954.61), (1000.0, 898.75), (2000.0, 794.95)] {
            near(sea_level_pressure(hpa, altitude), 1013.25, 0.02);
        }
        near(sea_level_pressure(1015.0, -4.0), 1014.52, 0.02);
    }

    /// The National Weather Service's heat index chart, °F and % to °F.
    #[test]
    fn the_chart_of_the_weather_service() {
        for (t, r, index) in [
            (80.0, 40.0, 80.0),
            (86.0, 70.0, 95.0),
            (90.0, 50.0, 95.0),
            (90.0, 90.0, 122.0),
            (96.0, 65.0, 121.0),
            (104.0, 40.0, 119.0),
        ] {
            near(heat_index((t - 32.0) / 1.8, r) * 1.8 + 32.0, index, 0.6);
        }
        near(heat_index(20.0, 50.0), 19.4, 0.1);
    }
}
