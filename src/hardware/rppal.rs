//! A Raspberry Pi by the rppal library: outputs are written straight to the registers of its GPIO.
//!
//! Inputs and I2C go through the kernel, by the code of [`chardev`](super::chardev): rppal's own interrupts ask the same
//! device for the same edges, but lose a refusal of the kernel in a thread of theirs, and always change the pull
//! resistor; its I2C transactions are not atomic.

use super::{
    HardwareError,
    board::{Board, InputLine, OnEdge, OutputLine},
    chardev::Chardev,
    error::open_failed,
    lines::Lines,
    sensors::SensorDriver,
};
use crate::model::{ActiveLevel, Input, Level, Line, Output, Sensor};
use rppal::{
    gpio::{self, Gpio, OutputPin},
    system::DeviceInfo,
};
use std::io;

/// Whether rppal has the addresses of this board's registers.
pub(super) fn knows_this_board() -> bool {
    DeviceInfo::new().is_ok()
}

/// Outputs keep their level when they are released.
pub(super) struct Rppal {
    lines: Lines,
    kernel: Chardev,
}

impl Rppal {
    pub fn new(lines: Lines, kernel: Chardev) -> Rppal {
        Rppal { lines, kernel }
    }
}

impl Board for Rppal {
    fn claim_output(&self, line: &Line, output: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        if matches!(line, Line::Pwm(_)) {
            return self.kernel.claim_output(line, output, level);
        }
        let number = bcm_number(line)?;
        // The registers obey whoever writes to them, so ask the kernel who owns the line.
        self.lines.find(&Line::Number(number.into()))?.check_free()?;
        let pin = Gpio::new().and_then(|gpio| gpio.get(number)).map_err(|error| claim_failed(line, error))?;
        let mut pin = match electric(output.active, level) {
            gpio::Level::High => pin.into_output_high(),
            gpio::Level::Low => pin.into_output_low(),
        };
        pin.set_reset_on_drop(false);
        Ok(Box::new(ClaimedOutput { pin, line: line.clone(), active: output.active, driven: level }))
    }

    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        let number = bcm_number(line)?;
        self.lines.find(&Line::Number(number.into()))?.check_free()?;
        let pin = Gpio::new().and_then(|gpio| gpio.get(number)).map_err(|error| claim_failed(line, error))?;
        let now = pin.read();
        let mut pin = match now {
            gpio::Level::High => pin.into_output_high(),
            gpio::Level::Low => pin.into_output_low(),
        };
        pin.set_reset_on_drop(false);
        let level = Level::from_on(now == electric(output.active, Level::ON));
        Ok((Box::new(ClaimedOutput { pin, line: line.clone(), active: output.active, driven: level }), level))
    }

    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        bcm_number(&input.line)?;
        self.kernel.claim_input(input, on_edge)
    }

    fn start_sensor(&self, sensor: &Sensor) -> Result<Box<dyn SensorDriver>, HardwareError> {
        self.kernel.start_sensor(sensor)
    }
}

struct ClaimedOutput {
    pin: OutputPin,
    line: Line,
    active: ActiveLevel,
    driven: Level,
}

impl OutputLine for ClaimedOutput {
    fn drive(&mut self, level: Level) -> Result<(), HardwareError> {
        self.driven = level;
        self.pin.write(electric(self.active, level));
        Ok(())
    }

    fn verify(&mut self) -> Result<(), HardwareError> {
        let high = electric(self.active, self.driven) == gpio::Level::High;
        if self.pin.is_set_high() == high {
            return Ok(());
        }
        Err(HardwareError::ReadsOtherwise { line: self.line.to_string(), driven: self.driven })
    }
}

fn electric(active: ActiveLevel, level: Level) -> gpio::Level {
    gpio::Level::from(level.is_on() == (active == ActiveLevel::High))
}

/// The BCM number of `17` and `GPIO17`.
fn bcm_number(line: &Line) -> Result<u8, HardwareError> {
    let number = match line {
        Line::Number(number) => u8::try_from(*number).ok(),
        Line::Named(name) => name.strip_prefix("GPIO").and_then(|number| number.parse().ok()),
        Line::OnChip { .. } | Line::Pwm(_) => None,
    };
    number.ok_or_else(|| HardwareError::NoLine {
        line: line.to_string(),
        cure: "with rppal write a BCM number such as 17 or \"GPIO17\", or set hardware.backend = \"chardev\"".into(),
    })
}

fn claim_failed(line: &Line, error: gpio::Error) -> HardwareError {
    let what = || format!("cannot claim {line}");
    match error {
        gpio::Error::PinNotAvailable(_) => {
            HardwareError::NoLine { line: line.to_string(), cure: "this Raspberry Pi has no such BCM number".into() }
        }
        gpio::Error::PinUsed(_) => {
            HardwareError::LineBusy { line: line.to_string(), consumer: "hearthd itself".into() }
        }
        // What it tried after it found no gpiomem. Nobody but root should have that one.
        gpio::Error::PermissionDenied(path) if path == "/dev/mem" => HardwareError::NoDevice {
            path: "/dev/gpiomem".into(),
            cure: "this kernel does not offer it; set hardware.backend = \"chardev\"",
        },
        gpio::Error::PermissionDenied(path) => {
            open_failed(&path, io::Error::from_raw_os_error(libc::EACCES), "gpio", "")
        }
        gpio::Error::Io(source) => HardwareError::Os { what: what(), source },
        error @ (gpio::Error::UnknownModel | gpio::Error::ThreadPanic) => {
            HardwareError::Os { what: what(), source: io::Error::other(error) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_low_is_resolved_here() {
        assert_eq!(electric(ActiveLevel::High, Level::ON), gpio::Level::High);
        assert_eq!(electric(ActiveLevel::High, Level::OFF), gpio::Level::Low);
        assert_eq!(electric(ActiveLevel::Low, Level::ON), gpio::Level::Low);
        assert_eq!(electric(ActiveLevel::Low, Level::OFF), gpio::Level::High);
    }

    #[test]
    fn nobody_is_told_to_open_the_memory_to_all() {
        let text = |path: &str| claim_failed(&Line::Number(17), gpio::Error::PermissionDenied(path.into())).to_string();
        assert_eq!(
            text("/dev/mem"),
            "no /dev/gpiomem: this kernel does not offer it; set hardware.backend = \"chardev\""
        );
        assert_eq!(
            text("/dev/gpiomem"),
            "no permission for /dev/gpiomem: run `sudo usermod -aG gpio hearthd` and restart hearthd"
        );
    }

    #[test]
    fn only_bcm_numbers_and_their_names_are_lines() {
        let number = |line: Line| bcm_number(&line).ok();
        assert_eq!(number(Line::Number(17)), Some(17));
        assert_eq!(number(Line::Named("GPIO4".into())), Some(4));
        assert_eq!(number(Line::Number(300)), None);
        assert_eq!(number(Line::Named("ID_SDA".into())), None);
        assert_eq!(number(Line::OnChip { chip: "gpiochip0".into(), offset: 4 }), None);
    }
}
