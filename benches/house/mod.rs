//! Houses of any size, made by a function of it. On simulated hardware, lines of chips that are not there do as well as others.

use std::fmt::Write;

/// How much of everything a house has.
#[derive(Clone, Copy)]
pub struct House {
    pub hub: &'static str,
    /// The first of them are switched on by motion.
    pub lights: usize,
    /// Each has a thermostat with a sensor of its own.
    pub heaters: usize,
    /// At least one for each heater.
    pub sensors: usize,
    pub motions: usize,
    /// Each has motion of its own.
    pub rooms: usize,
    /// What happens in it is recorded.
    pub is_recorded: bool,
    /// It has a page on this port.
    pub http: Option<u16>,
    /// Home Assistant gets to it on this port, in the clear.
    pub homeassistant: Option<u16>,
}

impl House {
    /// Of so many points, all in proportion.
    pub fn of(points: usize, hub: &'static str) -> House {
        let fifth = points / 5;
        House {
            hub,
            lights: fifth,
            heaters: fifth,
            sensors: fifth,
            motions: fifth,
            rooms: fifth,
            is_recorded: false,
            http: None,
            homeassistant: None,
        }
    }

    /// Its configuration; with a broker on this port, if there is one.
    pub fn configuration(&self, port: Option<u16>) -> String {
        let mut text = format!(
            "[hub]\nid = \"{}\"\nlatitude = 52.37\nlongitude = 4.89\ntimezone = \"Europe/Amsterdam\"\n\
             [hardware]\nbackend = \"simulated\"\n",
            self.hub
        );
        if let Some(port) = port {
            let _ = write!(text, "[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n");
        }
        if self.is_recorded {
            text.push_str("[history]\n");
        }
        if let Some(port) = self.http {
            let _ = write!(text, "[http]\nlisten = \"127.0.0.1:{port}\"\n");
        }
        if let Some(port) = self.homeassistant {
            let _ = write!(text, "[homeassistant]\nlisten = \"127.0.0.1:{port}\"\nallow_plaintext = true\n");
        }
        // The board's own lines first: those of other chips are driven by threads of their own.
        let mut lines = (5..28).map(|gpio| gpio.to_string()).chain((0..).map(|line| format!("\"gpiochip1/{line}\"")));
        let mut next_line = || lines.next().unwrap_or_default();
        for i in 0..self.lights {
            // The benchmark switches it more often than any rule should.
            let _ = write!(text, "[outputs.{}]\nkind = \"light\"\ngpio = {}\nmax_rate = 100\n", light(i), next_line());
        }
        for i in 0..self.heaters {
            let _ = write!(text, "[outputs.heater_{i}]\nkind = \"heater\"\ngpio = {}\n", next_line());
            let _ = write!(
                text,
                "[[rules]]\nname = \"Thermostat {i}\"\nwhile = \"{0} < 19\"\nuntil = \"{0} > 20\"\n\
                 set = {{ heater_{i} = \"on\" }}\n",
                temperature(i)
            );
        }
        for i in 0..self.sensors {
            let (bus, address) = (i / 8, 0x48 + i % 8);
            let _ = write!(
                text,
                "[sensors.{}]\nchip = \"lm75\"\nbus = {bus}\naddress = {address}\nevery = \"1s\"\n",
                sensor(i)
            );
        }
        for i in 0..self.motions {
            // The benchmark moves it faster than any wire that is in order.
            let _ = write!(
                text,
                "[inputs.{}]\nkind = \"motion\"\ngpio = {}\ndebounce = \"0s\"\nmax_rate = 1000\n",
                motion(i),
                next_line()
            );
            let somebody = if i < self.rooms { format!("dark and room_{i}.occupied") } else { motion(i) };
            let _ = write!(
                text,
                "[[rules]]\nname = \"Light {i}\"\nwhile = \"{somebody}\"\nset = {{ {} = \"on\" }}\n",
                light(i)
            );
        }
        for i in 0..self.rooms {
            let _ = write!(text, "[rooms.room_{i}]\nmotion = [\"{}\"]\nempty_after = \"5m\"\n", motion(i));
        }
        text
    }
}

pub fn light(i: usize) -> String {
    format!("light_{i}")
}

pub fn motion(i: usize) -> String {
    format!("motion_{i}")
}

pub fn sensor(i: usize) -> String {
    format!("sensor_{i}")
}

fn temperature(i: usize) -> String {
    format!("{}.temperature", sensor(i))
}
