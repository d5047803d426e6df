//! Twilights, sunrise, noon and sunset against an independent almanac: 200 places, two dates each, polar regions included.
//!
//! `almanac.csv` was made by `almanac.py` with PyEphem 4.2 (its own theory of the sun, VSOP87): sunrise and sunset by the
//! upper limb at a horizon of -0:34 without pressure, the twilights by the centre at -6°, -12° and -18°. `-` means that
//! there is no such event between the solar midnights of that day.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use hearthd::almanac::sun;
use std::collections::BTreeSet;

/// From this latitude on, the sun may come to its events so flatly that a hair of height is minutes.
const POLAR: f64 = 65.0;

#[derive(Default)]
struct Errors {
    seconds: Vec<i64>,
}

impl Errors {
    fn largest(&self) -> i64 {
        self.seconds.iter().copied().max().unwrap_or(0)
    }

    fn mean(&self) -> f64 {
        self.seconds.iter().sum::<i64>() as f64 / self.seconds.len() as f64
    }
}

#[test]
fn events_agree_to_the_minute_and_polar_days_have_none() {
    let mut errors: [[Errors; 9]; 2] = Default::default();
    let mut places = BTreeSet::new();
    let mut rows = 0;
    for row in include_str!("almanac.csv").lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let [latitude, longitude] = [fields[1], fields[2]].map(|degrees| degrees.parse::<f64>().unwrap());
        let day = sun::day(fields[4].parse().unwrap(), latitude, longitude, fields[3].parse().unwrap()).unwrap();
        let polar = usize::from(latitude.abs() >= POLAR);
        let events = [
            day.astronomical_dawn,
            day.nautical_dawn,
            day.dawn,
            day.sunrise,
            day.noon,
            day.sunset,
            day.dusk,
            day.nautical_dusk,
            day.astronomical_dusk,
        ];
        for (index, (event, expected)) in events.into_iter().zip(&fields[5..]).enumerate() {
            match expected.parse::<DateTime<Utc>>() {
                Ok(expected) => errors[polar][index].seconds.push((event - expected).num_seconds().abs()),
                // Then it is noon, or a solar midnight, which is the other side of the same day.
                Err(_) => assert!(
                    event == day.noon || (event - day.noon).abs() > TimeDelta::minutes(11 * 60 + 58),
                    "an event that is none in column {index} of {row}: {event}"
                ),
            }
        }
        places.insert(fields[0]);
        rows += 1;
    }
    assert_eq!((places.len(), rows), (200, 400));

    let names = [
        "astronomical dawn",
        "nautical dawn",
        "dawn",
        "sunrise",
        "noon",
        "sunset",
        "dusk",
        "nautical dusk",
        "astronomical dusk",
    ];
    println!("{:<18} below 65°: number, mean, largest error   from 65° on", "");
    for (index, name) in names.iter().enumerate() {
        print!("{name:<18}");
        for errors in errors.iter().map(|events| &events[index]) {
            print!("{:10} {:6.1} s {:4} s", errors.seconds.len(), errors.mean(), errors.largest());
        }
        println!();
    }
    let largest = errors.map(|events| events.iter().map(Errors::largest).max().unwrap());
    assert!(largest[0] <= 60 && largest[1] <= 60, "largest errors below 65° and from there on: {largest:?} s");
}
