//! LM75 and its many clones (National Semiconductor LM75, datasheet DS012658).

use super::SensorDriver;
use crate::{hardware::HardwareError, model::Quantity};
use embedded_hal::i2c::I2c;
use lm75::{Error, Lm75, ic};

/// Steps of 0.5 °C. The chip measures by itself from power-up on and has no register that tells what it is.
pub struct Driver<B>(Lm75<B, ic::Lm75>);

impl<B: I2c<Error = HardwareError>> Driver<B> {
    pub fn start(address: u8, bus: B) -> Result<Driver<B>, HardwareError> {
        Ok(Driver(Lm75::new(bus, address)))
    }
}

impl<B: I2c<Error = HardwareError> + Send> SensorDriver for Driver<B> {
    fn read(&mut self) -> Result<Vec<(Quantity, f64)>, HardwareError> {
        match self.0.read_temperature() {
            Ok(celsius) => Ok(vec![(Quantity::Temperature, celsius.into())]),
            Err(Error::I2C(error)) => Err(error),
            Err(Error::InvalidInputData) => unreachable!("only settings are checked by the crate, and none is made"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::mock::*, *};
    use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
    use embedded_hal_mock::eh1::i2c::Transaction;

    /// Datasheet section 1.3, table of digital outputs (9 bits, left-aligned in two bytes).
    #[test]
    fn the_table_of_the_datasheet() {
        for (bytes, celsius) in [
            ([0x7d, 0x00], 125.0),
            ([0x19, 0x00], 25.0),
            ([0x00, 0x80], 0.5),
            ([0x00, 0x00], 0.0),
            ([0xff, 0x80], -0.5),
            ([0xe7, 0x00], -25.0),
            ([0xc9, 0x00], -55.0),
        ] {
            let bus = MockBus::expect(&[Transaction::write_read(0x48, vec![0], bytes.into())]);
            let mut driver = Driver::start(0x48, bus.clone()).unwrap();
            assert_eq!(read_one(&mut driver), Ok(vec![(Quantity::Temperature, celsius)]));
            bus.done();
        }
    }

    #[test]
    fn absence_is_told() {
        let silence = Transaction::write_read(0x48, vec![0], vec![0, 0])
            .with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        let bus = MockBus::expect(&[silence]);
        let mut driver = Driver::start(0x48, bus.clone()).unwrap();
        let text = "nothing answers at 0x48 on I2C bus 1: check wiring and address";
        assert_eq!(read_one(&mut driver), Err(text.into()));
        bus.done();
    }
}
