//! What a dead bus answers is no reading: zeros from a wire that is held down, ones from one on which nobody speaks, and any
//! other byte over and over from one that kept the last.

use super::{
    Fetched, start,
    trace::{Script, ScriptedBus, wired},
};
use crate::{
    hardware::HardwareError,
    model::{CHIPS, Chip, Quantity},
};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use std::time::Duration;

/// How a chip that lives answers when its driver starts.
fn healthy(chip: Chip) -> &'static str {
    match chip {
        Chip::Tmp105 => "w 01 60",
        Chip::Tmp117 => "w 0f r 01 17",
        Chip::Mcp9808 => "w 06 r 00 54 / w 07 r 04 00",
        Chip::Tmp421 => "w fe r 55 / w ff r 21",
        Chip::Emc1413 => "w fe r 5d / w fd r 21 / w 03 04 / w 03 r 04",
        Chip::Bme280 => {
            "w d0 r 60 / w e0 b6 / w f3 r 00
             w 88 r 70 6b 43 67 18 fc 7d 8e 43 d6 d0 0b 27 0b 8c 00 f9 ff 8c 3c f8 c6 70 17 00 4b
             w e1 r 6e 01 00 12 2e 03 1e / w f2 01 / w f5 a0 / w f4 27"
        }
        Chip::Bmp280 => {
            "w d0 r 58 / w e0 b6 / w f3 r 00
             w 88 r 70 6b 43 67 18 fc 7d 8e 43 d6 d0 0b 27 0b 8c 00 f9 ff 8c 3c f8 c6 70 17 00 4b / w f5 a0 / w f4 27"
        }
        Chip::Bmp180 => "w d0 r 55 / w aa r 01 98 ff b8 c7 d1 7f e5 7f f5 5a 71 18 2e 00 04 80 00 dd f9 0b 34",
        Chip::Bmp388 => "w 00 r 50 / w 7e b6 / w 31 r 23 6b 58 49 f6 5c ff ce f4 23 00 ea 63 6e 79 f3 f6 aa 43 12 c4",
        Chip::Bme680 => {
            "w d0 r 61 / w e0 b6 / w f0 r 00
             w 8a r b2 66 03 00 43 8a 5b d7 58 00 e4 12 8a ff 1a 1e 00 00 03 fd d9 f2 1e
             w e1 r 3f dd 2c 00 2d 14 78 9c 53 66 af e8 e2 12 / w 00 r 00 00 00 00 00"
        }
        Chip::Dps310 => {
            "w 0d r 10 / w 08 r f0 / w 28 r 90 / w 06 03 / w 07 80
             w 10 r 0e 1e dd 13 ca 5f 21 52 f9 c6 04 d1 db 47 00 5b fb 3a
             w 0e a5 / w 0f 96 / w 62 02 / w 0e 00 / w 0f 00"
        }
        Chip::Shtc3 => "w 35 17 / w ef c8 / r 08 87 5b",
        Chip::Aht10 | Chip::Aht20 => "w 71 r 18",
        Chip::Hdc1080 => "w ff r 10 50",
        Chip::Tsl2561 => "w 8a r 50",
        Chip::Tsl2591 => "w b2 r 50",
        Chip::Opt3001 => "w 7f r 30 01",
        Chip::Max44009 => "w 02 00",
        Chip::Ltr390 => "w 06 r b2",
        Chip::Scd30 => "w 51 02 / r 00 00 81 / w 53 06 / r 00 01 b0 / w 46 00 / r 00 02 e3 / w 00 10 00 00 81",
        Chip::Sgp30 => "w 20 2f / r 00 22 65 / w 20 03",
        Chip::Ens160 => "w 00 r 60 01 / w 10 02",
        Chip::Ccs811 => "w 20 r 81 / w ff 11 e5 72 8a / w 00 r 10 / w f4 / w 00 r 90 / w 01 10",
        Chip::Sps30 => {
            "w d0 02 / r 30 30 f6 30 38 4f 30 30 f6 30 30 f6 / w d1 00 / r 02 02 3a / w 01 04 / w 00 10 03 00 ac"
        }
        Chip::Ina226 => "w ff r 22 60",
        Chip::Ina260 => "w ff r 22 70",
        Chip::Ina3221 => "w ff r 32 20",
        // These are asked nothing at their start.
        Chip::Lm75
        | Chip::Tmp102
        | Chip::Mlx90614
        | Chip::Sht3x
        | Chip::Sht4x
        | Chip::Htu21d
        | Chip::Am2320
        | Chip::Bh1750
        | Chip::Veml7700
        | Chip::Scd4x
        | Chip::Sgp40
        | Chip::Ads1115
        | Chip::Ads1015
        | Chip::Ina219 => "",
    }
}

/// Answers as the script says, and from its end on with one byte over and over.
struct Dying {
    healthy: ScriptedBus,
    byte: u8,
}

impl ErrorType for Dying {
    type Error = HardwareError;
}

impl I2c for Dying {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        if !self.healthy.script.is_done() {
            return self.healthy.transaction(address, operations);
        }
        for operation in operations {
            if let Operation::Read(bytes) = operation {
                bytes.fill(self.byte);
            }
        }
        Ok(())
    }
}

/// What is published, of four readings or until the first error; as the readers of a bus judge it.
fn published(chip: Chip, healthy: &str, byte: u8) -> Result<Vec<(Quantity, f64)>, HardwareError> {
    let wired = wired(chip);
    let bus = Dying { healthy: ScriptedBus { address: wired.address, script: Script::new(healthy) }, byte };
    let mut driver = start(&wired, Duration::from_secs(10), bus)?;
    for _ in 0..4 {
        let mut passed = driver.measure()?;
        let readings = loop {
            match driver.fetch()? {
                Fetched::Readings(readings) => break readings,
                Fetched::NotYet(wait) => passed += wait,
            }
            if passed > Duration::from_secs(30) {
                return Err(HardwareError::NeverReady);
            }
        };
        if let Some(&(quantity, value)) = readings.iter().find(|(of, value)| !of.plausible().contains(value)) {
            return Err(HardwareError::Implausible { quantity, value });
        }
        if !readings.is_empty() {
            return Ok(readings);
        }
    }
    Err(HardwareError::NeverReady)
}

/// The one thing that cannot be told apart: a BH1750 has nothing but its two bytes, and they are zero in the dark.
fn is_darkness(chip: Chip, byte: u8) -> bool {
    (chip, byte) == (Chip::Bh1750, 0)
}

#[test]
fn no_chip_reads_anything_on_a_bus_that_always_answers_the_same() {
    for chip in CHIPS.iter().map(|facts| facts.chip) {
        for byte in [0x00, 0xff, 0x01, 0x55, 0x80, 0xaa] {
            match published(chip, "", byte) {
                Ok(readings) => assert!(is_darkness(chip, byte), "{chip:?} on {byte:#04x}: {readings:?}"),
                Err(error) => assert!(!is_darkness(chip, byte), "{error}"),
            }
        }
    }
}

#[test]
fn no_chip_reads_anything_when_the_bus_dies_after_the_start() {
    for chip in CHIPS.iter().map(|facts| facts.chip) {
        let trace = healthy(chip);
        let last = trace.split_whitespace().last().and_then(|byte| u8::from_str_radix(byte, 16).ok());
        for byte in [0x00, 0xff, 0x01, 0x19, 0x55, 0x80, 0xaa].into_iter().chain(last) {
            match published(chip, trace, byte) {
                Ok(readings) => assert!(is_darkness(chip, byte), "{chip:?} on {byte:#04x}: {readings:?}"),
                Err(error) => assert!(!is_darkness(chip, byte), "{error}"),
            }
        }
    }
}
