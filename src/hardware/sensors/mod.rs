//! One file a chip, all of one shape: `start` finds the chip on the bus and sets it up, `read` measures.

mod bme280;
mod lm75;
mod tmp102;
mod tmp105;

use super::HardwareError;
use crate::model::{Chip, Quantity};
use embedded_hal::i2c::I2c;

/// A chip that was found and set up.
pub trait SensorDriver: Send {
    /// Measures once, in the units of the quantities. May block for as long as the bus does.
    ///
    /// # Errors
    /// Why there is no reading. The driver is then to be dropped, and started anew.
    fn read(&mut self) -> Result<Vec<(Quantity, f64)>, HardwareError>;
}

/// Finds the chip at a 7-bit address and sets it up.
///
/// # Errors
/// Why it cannot be used: it does not answer, or is another chip.
pub fn start<B>(chip: Chip, address: u8, bus: B) -> Result<Box<dyn SensorDriver>, HardwareError>
where
    B: I2c<Error = HardwareError> + Send + 'static,
{
    Ok(match chip {
        Chip::Lm75 => Box::new(lm75::Driver::start(address, bus)?),
        Chip::Tmp102 => Box::new(tmp102::Driver::start(address, bus)?),
        Chip::Tmp105 => Box::new(tmp105::Driver::start(address, bus)?),
        Chip::Bme280 => Box::new(bme280::Driver::start(bme280::Model::Bme280, address, bus)?),
        Chip::Bmp280 => Box::new(bme280::Driver::start(bme280::Model::Bmp280, address, bus)?),
    })
}

#[cfg(test)]
mod mock {
    use super::*;
    use embedded_hal::i2c::{Error, ErrorKind, ErrorType, Operation};
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    /// A bus on which exactly these transactions happen; `done` after the test says whether all did.
    #[derive(Clone)]
    pub struct MockBus(Mock);

    impl MockBus {
        pub fn expect(transactions: &[Transaction]) -> MockBus {
            MockBus(Mock::new(transactions))
        }

        pub fn done(mut self) {
            self.0.done();
        }
    }

    impl ErrorType for MockBus {
        type Error = HardwareError;
    }

    impl I2c for MockBus {
        fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
            // Not `Mock::transaction`, which expects a transaction's start and end to be listed as well.
            let result = match operations {
                [Operation::Write(bytes)] => self.0.write(address, bytes),
                [Operation::Write(bytes), Operation::Read(read)] => self.0.write_read(address, bytes, read),
                _ => panic!("no driver does this: {operations:?}"),
            };
            result.map_err(|error| match error.kind() {
                ErrorKind::NoAcknowledge(_) => HardwareError::NothingAnswers { bus: 1, address },
                _ => HardwareError::NoAnswerInTime { bus: 1, address },
            })
        }
    }

    /// What a driver reads in one transaction, or its error's text.
    pub fn read_one(driver: &mut dyn SensorDriver) -> Result<Vec<(Quantity, f64)>, String> {
        driver.read().map_err(|error| error.to_string())
    }
}
