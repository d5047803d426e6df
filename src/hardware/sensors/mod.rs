//! One file a chip, all of one shape: `Driver::start` finds the chip and sets it up, `measure` begins a measurement,
//! `fetch` takes what came of it. Each cites the datasheet whose formulas it uses, and its tests are bus traces of that
//! datasheet beside the values that they mean.

mod bme280;
pub(super) mod checksum;
mod device;
mod lm75;
mod mux;
mod sht3x;
mod sht4x;
mod tmp102;
mod tmp105;
mod tmp117;
#[cfg(test)]
mod trace;

use super::HardwareError;
use crate::model::{Chip, Quantity, WiredChip};
use device::Device;
use embedded_hal::i2c::I2c;
use std::time::Duration;

/// A source of readings that was found and set up. After an error it is dropped, and started anew later.
pub trait SensorDriver: Send {
    /// Begins one measurement, and tells how long it takes. Until then, others may use the bus. A chip that measures by
    /// itself has nothing to do here.
    ///
    /// # Errors
    /// Why there will be no reading.
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(Duration::ZERO)
    }

    /// Takes what was measured. May block for as long as the bus does.
    ///
    /// # Errors
    /// Why there is no reading.
    fn fetch(&mut self) -> Result<Fetched, HardwareError>;
}

/// What came of a measurement.
#[derive(Debug)]
pub enum Fetched {
    /// In the units of the quantities.
    Readings(Vec<(Quantity, f64)>),
    /// It goes on; fetch again after this time.
    NotYet(Duration),
}

impl<const N: usize> From<[(Quantity, f64); N]> for Fetched {
    fn from(readings: [(Quantity, f64); N]) -> Fetched {
        Fetched::Readings(readings.into())
    }
}

/// Any bus.
type Bus = Box<dyn I2c<Error = HardwareError> + Send>;

/// Finds a chip on its bus and sets it up.
///
/// # Errors
/// Why it cannot be used: it does not answer, or is another chip.
pub fn start<B>(wired: &WiredChip, bus: B) -> Result<Box<dyn SensorDriver>, HardwareError>
where
    B: I2c<Error = HardwareError> + Send + 'static,
{
    let bus: Bus = match wired.mux {
        Some(mux) => Box::new(mux::Behind::new(mux, bus)),
        None => Box::new(bus),
    };
    let device = Device::new(wired.address, bus);
    Ok(match wired.chip {
        Chip::Lm75 => Box::new(lm75::Driver::start(device)),
        Chip::Tmp102 => Box::new(tmp102::Driver::start(device)),
        Chip::Tmp105 => Box::new(tmp105::Driver::start(device)?),
        Chip::Tmp117 => Box::new(tmp117::Driver::start(device)?),
        Chip::Sht3x => Box::new(sht3x::Driver::start(device)),
        Chip::Sht4x => Box::new(sht4x::Driver::start(device)),
        Chip::Bme280 => Box::new(bme280::Driver::start(bme280::Model::Bme280, device)?),
        Chip::Bmp280 => Box::new(bme280::Driver::start(bme280::Model::Bmp280, device)?),
    })
}
