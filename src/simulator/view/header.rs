//! The three lines at the top: when, the course of the day, and what is going on outside.

use super::{
    Scene,
    line::{Line, Look, Paint},
};
use crate::{
    model::{Config, Snapshot, number},
    simulator::journal::local,
};
use chrono::{DateTime, NaiveDate, Timelike, Utc};

/// A cell of the day bar is half an hour.
const BAR: usize = 48;

pub(super) fn header(snapshot: &Snapshot, scene: &Scene, paused: bool, look: Look, width: usize) -> Vec<Line> {
    vec![
        title(snapshot, scene, paused, look, width),
        day(snapshot, scene, look, width),
        outside(snapshot, scene, look, width),
    ]
}

/// `hearthd  Cottage            Mon 23 Nov 2026  18:42            1 s = 10 min`
fn title(snapshot: &Snapshot, scene: &Scene, paused: bool, look: Look, width: usize) -> Line {
    let time = local(&snapshot.config, snapshot.now.wall);
    let long = format!("{}  {}", time.format("%a %-d %b %Y"), time.format("%H:%M"));
    let clock = if width >= 40 { long } else { time.format("%H:%M").to_string() };
    let speed = if paused { "paused".into() } else { speed(scene.speed) };
    let left = (width.saturating_sub(clock.len()) / 2).min(width.saturating_sub(clock.len() + speed.len() + 3));
    let line = Line::new(look).fit(Paint::Bold, " hearthd", 8.min(left));
    let name_width = line.room(left.saturating_sub(2));
    let line = if name_width > 4 {
        line.blank(2).fit(Paint::Plain, &snapshot.config.hub.name, name_width - 2).blank(2)
    } else {
        line
    };
    let line = line.fill(left);
    let room = line.room(width);
    let line = line.fit(Paint::Bold, &clock, clock.len().min(room));
    let room = line.room(width);
    if room > speed.len() { line.fit_right(Paint::Dim, &speed, room - 1) } else { line }
}

fn speed(speed: f64) -> String {
    match speed {
        3_600.0.. => format!("1 s = {:.1} h", speed / 3_600.0),
        60.0.. => format!("1 s = {:.0} min", speed / 60.0),
        s if s > 1.0 => format!("1 s = {s:.0} s"),
        _ => "real time".into(),
    }
}

/// The 48 half hours of the local day, with sunrise, sunset and the present; then the same in figures.
fn day(snapshot: &Snapshot, scene: &Scene, look: Look, width: usize) -> Line {
    let config = &snapshot.config;
    let now = local(config, snapshot.now.wall);
    let bar = BAR.min(width.saturating_sub(2));
    let place = |seconds: u32| seconds as usize * bar / 86_400;
    let event = |at: Option<DateTime<Utc>>| at.map(|at| local(config, at).num_seconds_from_midnight());
    let (rises, sets) = (event(scene.sunrise), event(scene.sunset));
    let is_day = |cell: usize| match (rises.map(place), sets.map(place)) {
        (Some(rises), Some(sets)) if rises <= sets => (rises..=sets).contains(&cell),
        (Some(rises), Some(sets)) => cell >= rises || cell <= sets,
        _ => scene.elevation_deg > -0.22,
    };
    let mut line = Line::new(look).blank(1.min(width));
    for cell in 0..bar {
        let (paint, sign) = if cell == place(now.num_seconds_from_midnight()) {
            (Paint::Bold, look.sign("●", "O"))
        } else if Some(cell) == rises.map(place) {
            (Paint::Day, look.sign("↑", "/"))
        } else if Some(cell) == sets.map(place) {
            (Paint::Day, look.sign("↓", "\\"))
        } else if is_day(cell) {
            (Paint::Day, look.sign("━", "="))
        } else {
            (Paint::Night, look.sign("─", "-"))
        };
        line = line.put(paint, sign);
    }
    let height = format!("sun {:+.0}°", scene.elevation_deg);
    let [up, down] = [(scene.sunrise, look.sign("↑", "up ")), (scene.sunset, look.sign("↓", "down "))]
        .map(|(at, sign)| at.map(|at| format!("{sign}{}", local(config, at).format("%H:%M"))));
    let figures = [Some(height.clone()), up, down].into_iter().flatten().collect::<Vec<_>>().join("  ");
    let room = line.room(width);
    let figures = [figures, height].into_iter().find(|figures| figures.chars().count() + 3 <= room);
    match figures {
        Some(figures) => line.fit_right(Paint::Plain, &figures, room - 1),
        None => line,
    }
}

/// `outside 6.4 °C, both in the living room`
fn outside(snapshot: &Snapshot, scene: &Scene, look: Look, width: usize) -> Line {
    let day = days(&snapshot.config, scene.started, snapshot.now.wall);
    let line = Line::new(look).blank(1.min(width));
    let text = format!("outside {} °C   {}", number::fixed(scene.outdoor_c, 1), scene.people);
    let page = if width >= 80 && !scene.page.is_empty() { format!("{}   ", scene.page) } else { String::new() };
    let day = page + &day;
    let right = if width >= 60 { day.chars().count() + 1 } else { 0 };
    let room = line.room(width.saturating_sub(right));
    let line = line.fit(Paint::Plain, &text, room);
    if right > 0 { line.put(Paint::Dim, &day).blank(1) } else { line }
}

/// Which day of the demo it is.
fn days(config: &Config, started: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let date = |at| -> NaiveDate { local(config, at).date() };
    format!("day {}", (date(now) - date(started)).num_days() + 1)
}
