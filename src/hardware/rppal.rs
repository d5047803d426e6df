//! A Raspberry Pi by the rppal library: outputs are written straight to the registers of its GPIO.
//!
//! Inputs and I2C go through the kernel, by the code of [`chardev`](super::chardev): rppal's own interrupts ask the same
//! device for the same edges, but lose a refusal of the kernel in a thread of theirs, and always change the pull
//! resistor; its I2C transactions are not atomic.

use super::{
    HardwareError,
    board::{Board, InputLine, OnEdge, OutputLine},
    chardev::Chardev,
    claims::Claim,
    error::open_failed,
    sensors::SensorDriver,
};
use crate::model::{ActiveLevel, Config, Input, Level, Line, Output, Sensor};
use rppal::{
    gpio::{self, Gpio, OutputPin},
    system::DeviceInfo,
};
use std::io;

/// Whether rppal has the addresses of this board's registers.
pub(super) fn knows_this_board() -> bool {
    DeviceInfo::new().is_ok()
}

/// Why the library cannot drive the lines of this board just now.
///
/// It wants `/dev/gpiochip0`, `1`, `2` and so on without a gap up to the chip of the header, which some kernels for the
/// Raspberry Pi 5 do not have; and it cannot say which file it did not find.
pub(super) fn opens() -> Result<(), String> {
    Gpio::new().map(drop).map_err(|error| match error {
        gpio::Error::PermissionDenied(path) => format!("it may not open {path}"),
        error => error.to_string(),
    })
}

/// Outputs keep their level when they are released: the kernel was never asked for them. Lines that are no BCM numbers are
/// the kernel's.
pub(super) struct Rppal {
    kernel: Chardev,
}

impl Rppal {
    pub fn new(kernel: Chardev) -> Rppal {
        Rppal { kernel }
    }

    /// Takes a line for an output: from the kernel's holders, who would not be asked, and from our own.
    fn take(&self, number: u8, output: &Output) -> Result<(gpio::Pin, Claim), HardwareError> {
        let line = Line::Number(number.into());
        let place = self.kernel.lines.find(&line)?;
        let claim = self.kernel.lines.claim(&place, &output.id)?;
        place.check_free()?;
        let pin = Gpio::new().and_then(|gpio| gpio.get(number)).map_err(|error| claim_failed(&line, error))?;
        Ok((pin, claim))
    }
}

impl Board for Rppal {
    fn lay(&self, config: &Config) {
        self.kernel.lay(config);
    }

    fn claim_output(&self, line: &Line, output: &Output, level: Level) -> Result<Box<dyn OutputLine>, HardwareError> {
        let Some(number) = bcm_number(line) else { return self.kernel.claim_output(line, output, level) };
        let (pin, claim) = self.take(number, output)?;
        let mut pin = match electric(output.active, level) {
            gpio::Level::High => pin.into_output_high(),
            gpio::Level::Low => pin.into_output_low(),
        };
        pin.set_reset_on_drop(false);
        Ok(Box::new(ClaimedOutput { pin, line: line.clone(), active: output.active, driven: level, _claim: claim }))
    }

    fn claim_as_is(&self, line: &Line, output: &Output) -> Result<(Box<dyn OutputLine>, Level), HardwareError> {
        let Some(number) = bcm_number(line) else { return self.kernel.claim_as_is(line, output) };
        let (pin, claim) = self.take(number, output)?;
        let now = pin.read();
        let mut pin = match now {
            gpio::Level::High => pin.into_output_high(),
            gpio::Level::Low => pin.into_output_low(),
        };
        pin.set_reset_on_drop(false);
        let level = Level::from_on(now == electric(output.active, Level::ON));
        let line = line.clone();
        Ok((Box::new(ClaimedOutput { pin, line, active: output.active, driven: level, _claim: claim }), level))
    }

    fn claim_input(&self, input: &Input, on_edge: OnEdge) -> Result<Box<dyn InputLine>, HardwareError> {
        // Not every kernel has names for the lines of the header.
        let line = bcm_number(&input.line).map_or(input.line.clone(), |number| Line::Number(number.into()));
        self.kernel.claim_input(&Input { line, ..input.clone() }, on_edge)
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
    _claim: Claim,
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
fn bcm_number(line: &Line) -> Option<u8> {
    match line {
        Line::Number(number) => u8::try_from(*number).ok(),
        Line::Named(name) => name.strip_prefix("GPIO").and_then(|number| number.parse().ok()),
        Line::OnChip { .. } | Line::Pwm(_) | Line::Remote(_) | Line::Modbus(_) | Line::Serial(_) => None,
    }
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
        let number = |line: Line| bcm_number(&line);
        assert_eq!(number(Line::Number(17)), Some(17));
        assert_eq!(number(Line::Named("GPIO4".into())), Some(4));
        assert_eq!(number(Line::Number(300)), None);
        assert_eq!(number(Line::Named("ID_SDA".into())), None);
        assert_eq!(number(Line::OnChip { chip: "gpiochip0".into(), offset: 4 }), None);
    }
}
