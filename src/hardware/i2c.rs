//! `/dev/i2c-N` as an embedded-hal bus.

use super::{HardwareError, error::open_failed};
use embedded_hal::i2c::{self, I2c, NoAcknowledgeSource, Operation};
use i2cdev::{
    core::{I2CMessage, I2CTransfer},
    linux::{LinuxI2CBus, LinuxI2CError, LinuxI2CMessage},
};
use std::{
    io,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Of this process: whether a bus was ever opened, and how many transfers failed.
static IN_USE: AtomicBool = AtomicBool::new(false);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// How many transfers failed since this process began; None: it uses no I2C.
pub(super) fn errors() -> Option<u64> {
    IN_USE.load(Ordering::Relaxed).then(|| ERRORS.load(Ordering::Relaxed))
}

/// One open bus. The kernel lets the transactions of several of these take turns.
pub(super) struct LinuxBus {
    number: u8,
    bus: LinuxI2CBus,
}

impl LinuxBus {
    pub fn open(number: u8) -> Result<LinuxBus, HardwareError> {
        let path = format!("/dev/i2c-{number}");
        let cure = "enable I2C (on a Raspberry Pi: `dtparam=i2c_arm=on` in config.txt) and load the module i2c-dev";
        let bus = LinuxI2CBus::new(&path).map_err(|error| open_failed(&path, error.into(), "i2c", cure))?;
        IN_USE.store(true, Ordering::Relaxed);
        Ok(LinuxBus { number, bus })
    }
}

impl i2c::ErrorType for LinuxBus {
    type Error = HardwareError;
}

impl I2c for LinuxBus {
    /// One `I2C_RDWR` call: a repeated start, and nobody else's transfer, between its operations. (That of rppal sends a
    /// stop between them.)
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        let mut messages: Vec<_> = operations
            .iter_mut()
            .map(|operation| match operation {
                Operation::Read(bytes) => LinuxI2CMessage::read(bytes),
                Operation::Write(bytes) => LinuxI2CMessage::write(bytes),
            })
            .map(|message| message.with_address(address.into()))
            .collect();
        self.bus.transfer(&mut messages).map(drop).map_err(|error| {
            ERRORS.fetch_add(1, Ordering::Relaxed);
            transfer_failed(self.number, address, error)
        })
    }
}

/// The kernel's answers, as its document "I2C/SMBUS Fault Codes" and the drivers of Raspberry Pis use them.
fn transfer_failed(bus: u8, address: u8, error: LinuxI2CError) -> HardwareError {
    let source = io::Error::from(error);
    match source.raw_os_error() {
        Some(libc::ENXIO | libc::EREMOTEIO) => HardwareError::NothingAnswers { bus, address },
        Some(libc::ETIMEDOUT) => HardwareError::NoAnswerInTime { bus, address },
        _ => HardwareError::Os { what: format!("transfer with {address:#04x} on I2C bus {bus} failed"), source },
    }
}

impl i2c::Error for HardwareError {
    fn kind(&self) -> i2c::ErrorKind {
        match self {
            HardwareError::NothingAnswers { .. } => i2c::ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            HardwareError::NoAnswerInTime { .. } => i2c::ErrorKind::Bus,
            _ => i2c::ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_transfer_are_told_in_words() {
        let check = |errno, text: &str| {
            assert_eq!(transfer_failed(1, 0x48, LinuxI2CError::Errno(errno)).to_string(), text);
        };
        check(libc::ENXIO, "nothing answers at 0x48 on I2C bus 1: check wiring and address");
        check(libc::EREMOTEIO, "nothing answers at 0x48 on I2C bus 1: check wiring and address");
        check(
            libc::ETIMEDOUT,
            "no answer in time from 0x48 on I2C bus 1: check its wiring, and that nothing holds SDA or SCL down",
        );
        check(libc::EIO, "transfer with 0x48 on I2C bus 1 failed: Input/output error (os error 5)");
    }

    #[test]
    fn a_bus_that_does_not_exist_names_the_cure() {
        let text = LinuxBus::open(250).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.starts_with("no /dev/i2c-250: enable I2C (on a Raspberry Pi: `dtparam=i2c_arm=on`"), "{text}");
    }
}
