//! One file a chip, all of one shape: `Driver::start` finds the chip and sets it up, `measure` begins a measurement,
//! `fetch` takes what came of it. Each cites the datasheet whose formulas it uses, and its tests are bus traces of that
//! datasheet beside the values that they mean.

mod ads1115;
mod aht20;
mod am2320;
mod bh1750;
mod bme280;
mod bme680;
mod bmp180;
mod bmp388;
mod ccs811;
pub(super) mod checksum;
#[cfg(test)]
mod dead;
mod device;
mod dps310;
mod emc1413;
mod ens160;
mod gas_index;
mod hdc1080;
mod htu21d;
mod ina219;
mod ina226;
mod ina260;
mod ina3221;
mod lm75;
mod ltr390;
mod max44009;
mod mcp9808;
mod mlx90614;
mod mux;
mod opt3001;
mod scd30;
mod scd4x;
mod sgp30;
mod sgp40;
mod sht3x;
mod sht4x;
mod shtc3;
mod sps30;
mod tmp102;
mod tmp105;
mod tmp117;
mod tmp421;
#[cfg(test)]
mod trace;
mod tsl2561;
mod tsl2591;
mod veml7700;

use super::HardwareError;
use crate::model::{Chip, Quantity, WiredChip};
use device::Device;
use embedded_hal::i2c::I2c;
use std::time::Duration;

/// A source of readings that was found and set up. After an error it is dropped, and started anew later, unless it goes on.
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

    /// Whether it finds out by itself that the chip lost its set-up, and so goes on after a transfer that failed: a new
    /// start would cost what has been learnt, or the time until the numbers are good.
    fn goes_on(&self) -> bool {
        false
    }

    /// What it, or the chip, has learnt of the air, when it is time to keep that: numbers that [`SensorDriver::recall`] of
    /// the same chip understands.
    fn learnt(&mut self) -> Option<Vec<u32>> {
        None
    }

    /// Goes on with what was learnt so long ago, unless that is too old.
    ///
    /// # Errors
    /// Why the chip did not take it.
    fn recall(&mut self, _learnt: &[u32], _age: Duration) -> Result<(), HardwareError> {
        Ok(())
    }
}

/// What came of a measurement.
#[derive(Debug)]
pub enum Fetched {
    /// In the units of the quantities. One that is left out stays as it was: the chip has no number for it just now.
    Readings(Vec<(Quantity, f64)>),
    /// It goes on; fetch again after this time.
    NotYet(Duration),
}

impl<const N: usize> From<[(Quantity, f64); N]> for Fetched {
    fn from(readings: [(Quantity, f64); N]) -> Fetched {
        Fetched::Readings(readings.into())
    }
}

/// How many readings fall into the time after a start in which they mean nothing.
fn readings_within(settling: Duration, every: Duration) -> u32 {
    settling.div_duration_f64(every).ceil() as u32
}

/// Any bus.
type Bus = Box<dyn I2c<Error = HardwareError> + Send>;

/// Finds a chip on its bus and sets it up. `every`: how often it will be read.
///
/// # Errors
/// Why it cannot be used: it does not answer, or is another chip.
pub fn start<B>(wired: &WiredChip, every: Duration, bus: B) -> Result<Box<dyn SensorDriver>, HardwareError>
where
    B: I2c<Error = HardwareError> + Send + 'static,
{
    let bus: Bus = match wired.mux {
        Some(mux) => Box::new(mux::Behind::new(mux, bus)),
        None => Box::new(bus),
    };
    let device = Device::new(wired.address, bus);
    let settings = &wired.settings;
    Ok(match wired.chip {
        Chip::Lm75 => Box::new(lm75::Driver::start(device)),
        Chip::Tmp102 => Box::new(tmp102::Driver::start(device)),
        Chip::Tmp105 => Box::new(tmp105::Driver::start(device)?),
        Chip::Tmp117 => Box::new(tmp117::Driver::start(device)?),
        Chip::Mcp9808 => Box::new(mcp9808::Driver::start(device)?),
        Chip::Tmp421 => Box::new(tmp421::Driver::start(device)?),
        Chip::Emc1413 => Box::new(emc1413::Driver::start(device)?),
        Chip::Mlx90614 => Box::new(mlx90614::Driver::start(device)),
        Chip::Bme280 => Box::new(bme280::Driver::start(bme280::Model::Bme280, device)?),
        Chip::Bmp280 => Box::new(bme280::Driver::start(bme280::Model::Bmp280, device)?),
        Chip::Bmp180 => Box::new(bmp180::Driver::start(device)?),
        Chip::Bmp388 => Box::new(bmp388::Driver::start(device)?),
        Chip::Bme680 => Box::new(bme680::Driver::start(device)?),
        Chip::Dps310 => Box::new(dps310::Driver::start(device)?),
        Chip::Sht3x => Box::new(sht3x::Driver::start(device)),
        Chip::Sht4x => Box::new(sht4x::Driver::start(device)),
        Chip::Shtc3 => Box::new(shtc3::Driver::start(device)?),
        Chip::Htu21d => Box::new(htu21d::Driver::start(device)),
        Chip::Aht10 => Box::new(aht20::Driver::start(aht20::Model::Aht10, device)?),
        Chip::Aht20 => Box::new(aht20::Driver::start(aht20::Model::Aht20, device)?),
        Chip::Hdc1080 => Box::new(hdc1080::Driver::start(device)?),
        Chip::Am2320 => Box::new(am2320::Driver::start(device)),
        Chip::Bh1750 => Box::new(bh1750::Driver::start(device)),
        Chip::Tsl2561 => Box::new(tsl2561::Driver::start(device)?),
        Chip::Tsl2591 => Box::new(tsl2591::Driver::start(device)?),
        Chip::Veml7700 => Box::new(veml7700::Driver::start(device)),
        Chip::Opt3001 => Box::new(opt3001::Driver::start(device)?),
        Chip::Max44009 => Box::new(max44009::Driver::start(device)?),
        Chip::Ltr390 => Box::new(ltr390::Driver::start(device)?),
        Chip::Scd4x => Box::new(scd4x::Driver::start(settings, device)),
        Chip::Scd30 => Box::new(scd30::Driver::start(settings, device)?),
        Chip::Sgp40 => Box::new(sgp40::Driver::start(every, device)),
        Chip::Sgp30 => Box::new(sgp30::Driver::start(every, device)?),
        Chip::Ens160 => Box::new(ens160::Driver::start(device)?),
        Chip::Ccs811 => Box::new(ccs811::Driver::start(every, device)?),
        Chip::Sps30 => Box::new(sps30::Driver::start(every, device)?),
        Chip::Ads1115 => Box::new(ads1115::Driver::start(ads1115::Model::Ads1115, settings, device)),
        Chip::Ads1015 => Box::new(ads1115::Driver::start(ads1115::Model::Ads1015, settings, device)),
        Chip::Ina219 => Box::new(ina219::Driver::start(settings, device)),
        Chip::Ina226 => Box::new(ina226::Driver::start(settings, device)?),
        Chip::Ina260 => Box::new(ina260::Driver::start(device)?),
        Chip::Ina3221 => Box::new(ina3221::Driver::start(settings, device)?),
    })
}
