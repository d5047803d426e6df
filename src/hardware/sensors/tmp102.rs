//! TMP102 (Texas Instruments, datasheet SBOS397).

use super::SensorDriver;
use crate::{hardware::HardwareError, model::Quantity};
use embedded_hal::i2c::I2c;
use tmp1x2::{Error, SlaveAddr, Tmp1x2, marker::mode::Continuous};

/// Steps of 0.0625 °C. The chip measures four times a second from power-up on and has no register that tells what it is.
pub struct Driver<B: I2c>(Tmp1x2<B, Continuous>);

impl<B: I2c<Error = HardwareError>> Driver<B> {
    /// `address` is 0x48 to 0x4b.
    pub fn start(address: u8, bus: B) -> Result<Driver<B>, HardwareError> {
        let pins = SlaveAddr::Alternative(address & 2 != 0, address & 1 != 0);
        Ok(Driver(Tmp1x2::new(bus, pins)))
    }
}

impl<B: I2c<Error = HardwareError> + Send> SensorDriver for Driver<B> {
    fn read(&mut self) -> Result<Vec<(Quantity, f64)>, HardwareError> {
        let celsius = self.0.read_temperature().map_err(|Error::I2C(error)| error)?;
        Ok(vec![(Quantity::Temperature, celsius.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::{super::mock::*, *};
    use embedded_hal_mock::eh1::i2c::Transaction;

    /// Datasheet section 7.3.1, tables of the 12-bit and, with the lowest bit set, the 13-bit format.
    #[test]
    fn the_tables_of_the_datasheet() {
        for (bytes, celsius) in [
            ([0x7f, 0xf0], 127.9375),
            ([0x64, 0x00], 100.0),
            ([0x19, 0x00], 25.0),
            ([0x00, 0x40], 0.25),
            ([0x00, 0x00], 0.0),
            ([0xff, 0xc0], -0.25),
            ([0xe7, 0x00], -25.0),
            ([0xc9, 0x00], -55.0),
            ([0x4b, 0x01], 150.0),
            ([0xf3, 0x81], -25.0),
        ] {
            let bus = MockBus::expect(&[Transaction::write_read(0x4b, vec![0], bytes.into())]);
            let mut driver = Driver::start(0x4b, bus.clone()).unwrap();
            assert_eq!(read_one(&mut driver), Ok(vec![(Quantity::Temperature, celsius)]));
            bus.done();
        }
    }
}
