//! The pictures of the documents are drawn from what the program knows, so that they cannot say anything else.
//!
//! `UPDATE_EXPECTED=1 cargo test --test pictures` draws them anew: look at them before you commit them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use hearthd::model::{HeaderPin, PI_KINDS, PiPwm, Slot};
use std::{fmt::Write, fs, path::Path};

const BLACK: &str = "#20242a";
const GREY: &str = "#68707a";
const RED: &str = "#c8372d";
const ORANGE: &str = "#d98a1f";
const GREEN: &str = "#2f8f5b";
const BLUE: &str = "#2c6fbb";
const WHITE: &str = "#ffffff";

#[test]
fn the_header() {
    let mut picture = Picture::new(560, 20 * 24 + 84, "The pin header of a Raspberry Pi");
    let columns = [(257.0, 247.0, "end"), (283.0, 313.0, "start")];
    picture.text(
        280.0,
        26.0,
        "middle",
        GREY,
        "position 1 is at the end with the card; GPIO numbers are what hearthd wants",
    );
    for position in 1..=40_u32 {
        let y = 52.0 + f64::from((position - 1) / 2) * 24.0;
        let (x, text_x, anchor) = columns[if position % 2 == 1 { 0 } else { 1 }];
        let pin = HeaderPin::at(position).unwrap();
        let (color, name, more) = match pin {
            HeaderPin::Supply("5") => (RED, "5 V".to_owned(), ""),
            HeaderPin::Supply(volts) => (ORANGE, format!("{volts} V"), ""),
            HeaderPin::Ground => (BLACK, "ground".to_owned(), ""),
            HeaderPin::Gpio(number) => {
                let special = special(number);
                let color = match special {
                    "" => GREEN,
                    ADD_ON_BOARDS => GREY,
                    _ => BLUE,
                };
                (color, format!("GPIO {number}"), special)
            }
        };
        picture.rect(x, y - 10.0, 20.0, 20.0, color);
        picture.text(x + 10.0, y + 4.0, "middle", WHITE, &position.to_string());
        let shown = match (more, anchor) {
            ("", _) => name,
            (more, "end") => format!("{more} · {name}"),
            (more, _) => format!("{name} · {more}"),
        };
        picture.text(text_x, y + 4.0, anchor, BLACK, &shown);
    }
    picture.text(
        280.0,
        548.0,
        "middle",
        GREY,
        "green: free for relays, inputs, buttons; blue: free, and what else it can do",
    );
    picture.is("header.svg");
}

const ADD_ON_BOARDS: &str = "add-on boards only";

/// What a GPIO can do besides.
fn special(number: u32) -> &'static str {
    // All kinds of boards have their PWM on the same pins.
    let has_pwm = |pwm: &PiPwm| pwm.pins.iter().any(|pin| pin.number == number);
    let with_pwm = PI_KINDS.iter().filter(|kind| has_pwm(&kind.pwm)).count();
    assert!(with_pwm == 0 || with_pwm == PI_KINDS.len());
    match number {
        0 | 1 => ADD_ON_BOARDS,
        2 => "I2C data",
        3 => "I2C clock",
        4 => "1-Wire",
        7..=11 => "SPI",
        14 => "serial out",
        15 => "serial in",
        _ if with_pwm > 0 => "PWM",
        _ => "",
    }
}

#[test]
fn the_slots() {
    let mut picture = Picture::new(720, 84 + 6 * 40, "What decides an output: the highest filled slot");
    picture.text(30.0, 34.0, "start", GREY, "what may ask");
    picture.text(250.0, 34.0, "start", GREY, "asks for");
    picture.text(360.0, 34.0, "start", GREY, "because");
    let mut won = false;
    for (row, slot) in (0_u32..).zip(Slot::ALL) {
        let (asks, because) = example(slot);
        let (y, wins) = (50.0 + f64::from(row) * 40.0, !won && asks.is_some());
        won |= wins;
        let color = if wins { GREEN } else { "#eceef1" };
        let ink = if wins { WHITE } else { BLACK };
        picture.rect(20.0, y, 680.0, 34.0, color);
        picture.text(30.0, y + 22.0, "start", ink, &slot.to_string());
        picture.text(250.0, y + 22.0, "start", ink, asks.unwrap_or("–"));
        picture.text(360.0, y + 22.0, "start", ink, because);
    }
    picture.text(360.0, 312.0, "middle", GREY, "so: hall_light OFF, and `hearthd why hall_light` says all of this");
    picture.is("slots.svg");
}

/// A light in the hall that somebody has switched off by hand.
fn example(slot: Slot) -> (Option<&'static str>, &'static str) {
    match slot {
        Slot::Safety => (None, "no interlock, no max_on that is over"),
        Slot::Protect => (None, "no min_on or min_off that is running"),
        Slot::Manual => (Some("OFF"), "command by MQTT, for 2h"),
        Slot::Climate => (None, "no thermostat has it"),
        Slot::Rule => (Some("ON"), "Hall light after dark while somebody is there"),
        Slot::Default => (Some("OFF"), "nobody asks for anything"),
    }
}

/// A picture that grows.
struct Picture(String);

impl Picture {
    fn new(width: u32, height: u32, title: &str) -> Picture {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n<title>{title}</title>\n"
        );
        // A ground of its own: pages may be dark.
        writeln!(svg, "<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#f8f8f6\"/>").unwrap();
        Picture(svg)
    }

    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, color: &str) {
        writeln!(self.0, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" fill=\"{color}\"/>")
            .unwrap();
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, color: &str, text: &str) {
        writeln!(self.0, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{color}\">{text}</text>").unwrap();
    }

    /// It is the picture of this name among the documents.
    fn is(mut self, name: &str) {
        self.0 += "</svg>\n";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&file, &self.0).unwrap();
        }
        let there = fs::read_to_string(&file).unwrap_or_default();
        assert!(there == self.0, "docs/{name} is not what would be drawn now: UPDATE_EXPECTED=1 draws it anew");
    }
}
