//! TMP105 (Texas Instruments, datasheet SBOS348).

use super::SensorDriver;
use crate::{hardware::HardwareError, model::Quantity};
use embedded_hal::i2c::I2c;

const TEMPERATURE: u8 = 0x00;
const CONFIGURATION: u8 = 0x01;
/// R1 and R0 of the configuration register: 12 bits. All else as at power-up: it measures by itself.
const TWELVE_BITS: u8 = 0b0110_0000;
/// °C, the lowest of 12 bits.
const STEP: f64 = 0.0625;

/// Steps of 0.0625 °C. The chip has no register that tells what it is.
pub struct Driver<B> {
    address: u8,
    bus: B,
}

impl<B: I2c<Error = HardwareError>> Driver<B> {
    /// Switches from the 9 bits of power-up (0.5 °C) to 12; the first reading may still have 9.
    pub fn start(address: u8, mut bus: B) -> Result<Driver<B>, HardwareError> {
        bus.write(address, &[CONFIGURATION, TWELVE_BITS])?;
        Ok(Driver { address, bus })
    }
}

impl<B: I2c<Error = HardwareError> + Send> SensorDriver for Driver<B> {
    fn read(&mut self) -> Result<Vec<(Quantity, f64)>, HardwareError> {
        let mut bytes = [0; 2];
        self.bus.write_read(self.address, &[TEMPERATURE], &mut bytes)?;
        // Two's complement, left-aligned; the shift keeps the sign.
        let steps = i16::from_be_bytes(bytes) >> 4;
        Ok(vec![(Quantity::Temperature, f64::from(steps) * STEP)])
    }
}

#[cfg(test)]
mod tests {
    use super::{super::mock::*, *};
    use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
    use embedded_hal_mock::eh1::i2c::Transaction;

    /// Datasheet, section "Temperature Register", table of the 12-bit format.
    #[test]
    fn the_table_of_the_datasheet() {
        for (bytes, celsius) in [
            ([0x7f, 0xf0], 127.9375),
            ([0x50, 0x00], 80.0),
            ([0x19, 0x00], 25.0),
            ([0x00, 0x40], 0.25),
            ([0x00, 0x00], 0.0),
            ([0xff, 0xc0], -0.25),
            ([0xe7, 0x00], -25.0),
            ([0xc9, 0x00], -55.0),
        ] {
            let bus = MockBus::expect(&[
                Transaction::write(0x4f, vec![1, 0x60]),
                Transaction::write_read(0x4f, vec![0], bytes.into()),
            ]);
            let mut driver = Driver::start(0x4f, bus.clone()).unwrap();
            assert_eq!(read_one(&mut driver), Ok(vec![(Quantity::Temperature, celsius)]));
            bus.done();
        }
    }

    #[test]
    fn absence_is_told_at_start() {
        let silence =
            Transaction::write(0x48, vec![1, 0x60]).with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        let bus = MockBus::expect(&[silence]);
        let error = Driver::start(0x48, bus.clone()).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("nothing answers at 0x48 on I2C bus 1: check wiring and address"));
        bus.done();
    }
}
