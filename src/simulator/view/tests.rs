//! Whole screens, and what must be on them at any size.

use super::{line::cells, *};
use crate::{
    clock::{Moment, Now},
    model::{Chip, InputKind, OutputKind, Quality, Slot, Value},
    simulator::fixtures::{Picture, cottage, empty_house, input, output, sensor},
};
use chrono::TimeZone;
use std::time::Duration;

const PLAIN: Look = Look { colour: false, unicode: true };

fn now() -> Now {
    let wall = Utc.with_ymd_and_hms(2026, 11, 23, 12, 42, 0).unwrap();
    Now { moment: Moment::START, wall, wall_known: true }
}

fn scene() -> Scene {
    Scene {
        sunrise: Some(Utc.with_ymd_and_hms(2026, 11, 23, 7, 17, 0).unwrap()),
        sunset: Some(Utc.with_ymd_and_hms(2026, 11, 23, 15, 37, 0).unwrap()),
        elevation_deg: -20.6,
        outdoor_c: 6.44,
        people: "both in the living room".into(),
        page: String::new(),
        speed: 600.0,
        started: now().wall,
    }
}

/// An afternoon and an evening in the cottage.
fn evening() -> (Picture, Journal) {
    let mut journal = Journal::default();
    let mut picture = Picture::new(cottage(), now());
    journal.note(None, &picture.0);
    for quarter in 0..20 {
        let warmth = 19.0 + f64::from(quarter % 12) / 4.0;
        let next = picture.later(Duration::from_secs(900)).set("living.temperature", Value::Number(warmth));
        journal.note(Some(&picture.0), &next.0);
        picture = next;
    }
    let next = picture
        .later(Duration::from_secs(720))
        .drive("hall_light", true, Slot::Rule, "rule: Hall light after dark while somebody is there")
        .drive("living_heater", true, Slot::Manual, "manual: command by the console, until 2026-11-23 22:00:00")
        .set("hall_motion", Value::Switch(true))
        .set("hall.occupied", Value::Switch(true))
        .set("front_door", Value::Switch(true));
    journal.note(Some(&picture.0), &next.0);
    let last = next.later(Duration::from_secs(246)).fail("bedroom.temperature", "no answer from 0x48 on /dev/i2c-1");
    journal.note(Some(&next.0), &last.0);
    (last, journal)
}

fn wide(line: &str) -> usize {
    let mut escaped = false;
    let count = |c: char| {
        let counts = !escaped && c != '\x1b';
        escaped = if escaped { c != 'm' } else { c == '\x1b' };
        if counts { cells(c) } else { 0 }
    };
    line.chars().map(count).sum()
}

#[test]
fn an_evening_at_80x24() {
    let (picture, journal) = evening();
    let screen = render(&picture.0, &scene(), &journal, &mut Panes::default(), PLAIN, 80, 24);
    let lines: Vec<_> = screen.iter().map(|line| line.trim_end()).collect();
    assert_eq!(lines.join("\n"), include_str!("evening_80x24.txt").trim_end());
}

#[test]
fn an_evening_in_ascii_at_60x15() {
    let (picture, journal) = evening();
    let screen =
        render(&picture.0, &scene(), &journal, &mut Panes::default(), Look { colour: false, unicode: false }, 60, 15);
    assert!(screen.iter().all(|line| line.is_ascii()));
    let lines: Vec<_> = screen.iter().map(|line| line.trim_end()).collect();
    assert_eq!(lines.join("\n"), include_str!("evening_60x15.txt").trim_end());
}

#[test]
fn nothing_overflows_at_any_size() {
    let (picture, journal) = evening();
    let empty = Picture::new(empty_house(), now());
    let mut palace = cottage();
    palace.hub.name = "Das Haus mit dem längsten Namen der ganzen Straße und 家".into();
    for i in 0..30 {
        palace.outputs.push(output(&format!("light_with_quite_a_long_name_{i}"), OutputKind::Light));
        palace.inputs.push(input(&format!("door_with_quite_a_long_name_{i}"), InputKind::Door));
        palace.sensors.push(sensor(&format!("sensor_with_quite_a_long_name_{i}"), Chip::Bme280));
    }
    let palace = Picture::new(palace, now());
    for picture in [&picture, &empty, &palace] {
        for width in 0..=200 {
            for height in [0, 1, 4, 9, 15, 24, 60] {
                for look in [PLAIN, Look { colour: true, unicode: true }, Look { colour: false, unicode: false }] {
                    let screen = render(&picture.0, &scene(), &journal, &mut Panes::default(), look, width, height);
                    assert!(screen.len() <= usize::from(height));
                    for line in screen {
                        assert!(wide(&line) <= usize::from(width), "{width}x{height}: {} {line:?}", wide(&line));
                    }
                }
            }
        }
    }
}

#[test]
fn colours_change_no_text() {
    let (picture, journal) = evening();
    let plain = render(&picture.0, &scene(), &journal, &mut Panes::default(), PLAIN, 100, 30);
    let coloured =
        render(&picture.0, &scene(), &journal, &mut Panes::default(), Look { colour: true, unicode: true }, 100, 30);
    assert!(coloured.iter().any(|line| line.contains("\x1b[1;32m")));
    for (plain, coloured) in plain.iter().zip(coloured) {
        let mut text = String::new();
        for piece in coloured.split('\x1b') {
            text += piece.split_once('m').filter(|(code, _)| code.starts_with('[')).map_or(piece, |(_, text)| text);
        }
        assert_eq!(*plain, text);
    }
}

#[test]
fn an_empty_house_is_shown_as_one() {
    let empty = Picture::new(empty_house(), now());
    let screen = render(&empty.0, &scene(), &Journal::default(), &mut Panes::default(), PLAIN, 80, 24).join("\n");
    assert!(screen.contains("no outputs in this configuration") && screen.contains("no sensors"), "{screen}");
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut config = empty_house();
    config.outputs = (0..40).map(|i| output(&format!("light_{i}"), OutputKind::Light)).collect();
    let quiet = Picture::new(config, now());
    let shown = |picture: &Picture, panes: &mut Panes| {
        render(&picture.0, &scene(), &Journal::default(), panes, PLAIN, 80, 24).join("\n")
    };
    let screen = shown(&quiet, &mut Panes::default());
    assert!(screen.contains("light_9 ") && screen.contains("and 30 more"), "{screen}");
    // What changes comes into sight.
    let later = quiet.later(Duration::from_secs(60)).drive("light_37", true, Slot::Rule, "rule: A rule");
    let screen = shown(&later, &mut Panes::default());
    assert!(screen.contains("light_37 ") && screen.contains("light_0 ") && !screen.contains("light_9 "), "{screen}");
    // Scrolled as far as there is something to see, and no further.
    let mut panes = Panes { scroll: 1_000, ..Panes::default() };
    let screen = shown(&later, &mut panes);
    assert!(screen.contains("light_39 ") && screen.contains("and 30 above, 0 below"), "{screen}");
    assert_eq!(panes.scroll, 30);
}

#[test]
fn help_names_every_key_and_pause_says_so() {
    let picture = Picture::new(cottage(), now());
    let mut panes = Panes { paused: true, help: true, scroll: 0 };
    let screen = render(&picture.0, &scene(), &Journal::default(), &mut panes, PLAIN, 80, 40).join("\n");
    for (key, _, does) in KEYS {
        assert!(screen.contains(key) && screen.contains(does), "{key}: {screen}");
    }
    assert!(screen.contains("paused") && !screen.contains("1 s = 10 min"), "{screen}");
}

#[test]
fn what_is_wrong_is_said() {
    let picture = Picture::new(cottage(), now())
        .fail("hall_light", "GPIO 17 is used by another program")
        .change("living.temperature", |state| state.quality = Quality::Stale)
        .change("hall_motion", |state| state.quality = Quality::Unknown);
    let screen = render(&picture.0, &scene(), &Journal::default(), &mut Panes::default(), PLAIN, 80, 24).join("\n");
    for text in ["× FAULT", "GPIO 17 is used by another program", "20.5 °C stale", "unknown"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[test]
fn polar_days_and_nights_have_bars_too() {
    let picture = Picture::new(empty_house(), now());
    let bar = |elevation_deg| {
        let scene = Scene { sunrise: None, sunset: None, elevation_deg, ..scene() };
        render(&picture.0, &scene, &Journal::default(), &mut Panes::default(), PLAIN, 80, 24)[1].clone()
    };
    assert_eq!((bar(20.0).matches('━').count(), bar(-20.0).matches('─').count()), (47, 47));
}
