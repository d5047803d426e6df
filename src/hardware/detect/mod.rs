//! Finds out what is wired to this machine, without changing anything on the way.
//!
//! Everything is read below a root folder, so that tests bring their own `/sys`, `/proc` and `/dev`.

mod advice;
mod gpio;
mod i2c;
mod kernel;
mod signs;

pub use super::machine::Released;

use super::{choice, lines, machine::Machine, pwm::sysfs};
use crate::model::{Backend, HardwareSettings};
use serde::Serialize;
use std::path::Path;

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// What the device tree calls the board; nothing on a PC.
    pub board: Option<String>,
    /// What `backend = "auto"` comes to.
    pub backend: &'static str,
    /// Why it is not rppal, on a Raspberry Pi.
    pub backend_because: Option<String>,
    /// The chip that bare GPIO numbers count on, or why there is none.
    pub gpio_numbers: Option<String>,
    /// On a Raspberry Pi: what becomes of an output line whose holder ends without driving it.
    pub released: Option<Released>,
    /// The I2C buses, by number.
    pub i2c: Vec<I2cBus>,
    /// 1-Wire thermometers, by the kernel's names such as `28-0316a279f0ff`.
    pub onewire: Vec<String>,
    /// Devices of Industrial I/O.
    pub iio: Vec<KernelDevice>,
    /// Devices of Hardware Monitoring.
    pub hwmon: Vec<KernelDevice>,
    /// PWM chips.
    pub pwm: Vec<PwmChip>,
    /// GPIO chips.
    pub gpio: Vec<GpioChip>,
    /// What is switched off, not loaded or not permitted, with its cure.
    pub missing: Vec<Missing>,
}

/// An I2C bus.
#[derive(Debug, Serialize)]
pub struct I2cBus {
    /// N of `/dev/i2c-N`.
    pub number: u8,
    /// What its driver calls it.
    pub name: String,
    /// What answers on it, by address.
    pub devices: Vec<I2cDevice>,
    /// Why it was not, or not wholly, looked at.
    pub not_scanned: Option<String>,
}

/// Something at an address.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct I2cDevice {
    /// 7 bits.
    pub address: u8,
    /// The driver of the kernel that owns it; nobody else may speak to it.
    pub driver: Option<String>,
    /// What it says it is: a word of the configuration.
    pub chip: Option<&'static str>,
    /// Where it cannot be asked: what is sold with this address.
    pub may_be: Vec<&'static str>,
}

/// A device that a driver of the kernel reads.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct KernelDevice {
    /// What its driver calls it.
    pub name: String,
    /// What it reads, as the kernel calls it, such as `temp1` or `humidityrelative`.
    pub channels: Vec<String>,
}

/// A chip that makes PWM.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct PwmChip {
    /// `pwmchip0`.
    pub name: String,
    /// The device behind it, which keeps its name when numbers change.
    pub device: String,
    /// How many channels it has.
    pub channels: u32,
    /// Of a Raspberry Pi's own: the GPIOs that it comes out of, each with its channel.
    pub pins: Option<Vec<(u32, u32)>>,
}

/// A chip with GPIO lines.
#[derive(Debug, Serialize)]
pub struct GpioChip {
    /// `gpiochip0`.
    pub name: String,
    /// What its driver calls it.
    pub label: String,
    /// All lines, by offset.
    pub lines: Vec<GpioLine>,
}

/// One line of a chip.
#[derive(Debug, Serialize)]
pub struct GpioLine {
    /// Its number on the chip.
    pub offset: u32,
    /// Its name in the device tree.
    pub name: Option<String>,
    /// Who holds it.
    pub consumer: Option<String>,
    /// Whether it is an output now.
    pub output: bool,
}

/// Something that is not there, and what brings it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// How I2C is switched on at the machine that was looked at.
pub fn i2c_cure(root: &Path) -> String {
    advice::i2c_cure(root)
}

/// Looks at everything below `root`, usually `/`. Of the I2C buses those numbered `buses`, or those that are safe to scan
/// where none is given.
///
/// Chips are asked for their id registers only where no chip that is sold with the address could take the question for an
/// order. A driver of the kernel is never disturbed. A chip that hearthd reads at this moment may lose one reading.
pub fn detect(root: &Path, buses: &[u8]) -> Findings {
    let machine = Machine::below(root);
    let decision =
        choice::decide(&HardwareSettings { backend: Backend::Auto, gpiochip: None, plays_remote: false }, &machine);
    let numbers = |()| lines::header(&machine).unwrap_or_else(|error| error.to_string());
    let mut findings = Findings {
        board: kernel::text(&root.join("proc/device-tree/model")),
        backend: decision.backend.word(),
        backend_because: decision.because,
        gpio_numbers: (decision.backend != Backend::Simulated).then_some(()).map(numbers),
        released: machine.pi().map(|kind| machine.released(kind)),
        i2c: i2c::buses(root, buses),
        onewire: kernel::thermometers(root),
        iio: kernel::iio(root),
        hwmon: kernel::hwmon(root),
        pwm: kernel::pwm(root),
        gpio: gpio::chips(&machine),
        missing: Vec::new(),
    };
    for chip in &mut findings.pwm {
        chip.pins = sysfs::header_pins(&machine, &chip.device);
    }
    findings.missing = advice::missing(root, &findings);
    findings
}
