//! Dawn, sunrise, sunset and dusk against an independent almanac: 40 places, 5 dates each, polar regions included.
//!
//! `almanac.csv` was made with PyEphem 4.2 (its own theory of the sun, VSOP87): sunrise and sunset by the upper limb at a
//! horizon of -0:34 without pressure, dawn and dusk by the centre at -6°. `-` means that there is no such event between
//! the solar midnights of that day.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use hearthd::engine::sun;

#[test]
fn events_agree_to_the_minute_and_polar_days_have_none() {
    let mut worst = [0i64; 2];
    let mut rows = 0;
    for row in include_str!("almanac.csv").lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let [latitude, longitude] = [fields[1], fields[2]].map(|degrees| degrees.parse::<f64>().unwrap());
        let day = sun::day(fields[4].parse().unwrap(), latitude, longitude, fields[3].parse().unwrap()).unwrap();
        let polar = usize::from(latitude.abs() >= 65.0);
        let events = [(5, day.dawn), (6, day.sunrise), (7, day.noon), (8, day.sunset), (9, day.dusk)];
        for (field, event) in events {
            match fields[field].parse::<DateTime<Utc>>() {
                Ok(expected) => {
                    let error_s = (event - expected).num_seconds().abs();
                    worst[polar] = worst[polar].max(error_s);
                    assert!(error_s <= 60, "{error_s} s in column {field} of {row}");
                }
                // Then it is noon, or a solar midnight, which is the other side of the same day.
                Err(_) => assert!(
                    event == day.noon || (event - day.noon).abs() > TimeDelta::minutes(11 * 60 + 58),
                    "an event that is none in column {field} of {row}: {event}"
                ),
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 200);
    println!("largest error: {} s below 65°, {} s above", worst[0], worst[1]);
}
