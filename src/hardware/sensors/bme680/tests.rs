//! The BME680 driver against bus traces of two real chips, whose coefficients, counts and readings other projects
//! (elixir-sensors/bmp280, pimoroni/bme680-python) have in their tests.

use super::super::trace::{play, wired};
use crate::model::Chip;

const FIRST: &str = "w d0 r 61 / w e0 b6 / w f0 r 00
    w 8a r b2 66 03 00 43 8a 5b d7 58 00 e4 12 8a ff 1a 1e 00 00 03 fd d9 f2 1e
    w e1 r 3f dd 2c 00 2d 14 78 9c 53 66 af e8 e2 12
    w 00 r 00 00 00 00 00";
const SECOND: &str = "w d0 r 61 / w e0 b6 / w f0 r 00
    w 8a r 65 67 03 00 41 8f ed d6 58 00 8e 1c 7f ff 2e 1e 00 00 97 f3 b5 f6 1e
    w e1 r 40 54 2a 00 2d 14 78 9c b9 65 4e 9f e2 12
    w 00 r 30 00 10 00 00";

#[test]
fn two_real_chips() {
    // 19.3113 °C, 100977.52 Pa, 25.2 %, 20467 ohm.
    let measure = "w 5a c0 / w 64 65 / w 71 10 / w 72 01 / w 74 4d / wait 190ms";
    let data = "w 1d r 80 00 60 1e 90 75 5d c0 41 b4 00 00 00 30 f9 00 00";
    let readings = "temperature 19.3113, humidity 25.2049, pressure 1009.7752, gas_resistance 20466.7644";
    assert_eq!(play(&wired(Chip::Bme680), &format!("{FIRST} / {measure} / {data}")), readings);
    // 26.69 °C, 987.12 hPa and 42.402 % in integers, 12946860 ohm.
    let measure = "w 5a 6a / w 64 65 / w 71 10 / w 72 01 / w 74 4d / wait 190ms";
    let data = "w 1d r 80 00 56 4c d0 7a 5f 80 4a 4b 00 00 00 00 30 00 00";
    let readings = "temperature 26.6931, humidity 42.4097, pressure 987.1693, gas_resistance 12946859.9034";
    assert_eq!(play(&wired(Chip::Bme680), &format!("{SECOND} / {measure} / {data}")), readings);
}

#[test]
fn cold_dry_air_and_a_plate_that_was_not_hot_enough() {
    let measure = "w 5a c0 / w 64 65 / w 71 10 / w 72 01 / w 74 4d / wait 190ms";
    let not_yet = "w 1d r 00 00 80 00 00 80 00 00 80 00 00 00 00 00 00 00 00 / wait 10ms";
    let data = "w 1d r 80 00 60 1e 90 55 73 00 27 10 00 00 00 30 e9 00 00";
    // The formulas worked out apart: -21.6597 °C, 94299.26 Pa, -5.2 %, which is none.
    let readings = "temperature -21.6597, humidity 0, pressure 942.9926";
    assert_eq!(play(&wired(Chip::Bme680), &format!("{FIRST} / {measure} / {not_yet} / {data}")), readings);
}

#[test]
fn a_bme688_counts_gas_in_another_way() {
    let start = FIRST.replace("w f0 r 00", "w f0 r 01");
    let measure = "w 5a c0 / w 64 65 / w 71 20 / w 72 01 / w 74 4d / wait 190ms";
    let data = "w 1d r 80 00 60 1e 90 75 5d c0 41 b4 00 00 00 00 00 30 f9";
    // By hand: 10^6 * (262144 >> 9) / (4096 + 3 * (195 - 512)).
    let readings = "temperature 19.3113, humidity 25.2049, pressure 1009.7752, gas_resistance 162798.0922";
    assert_eq!(play(&wired(Chip::Bme680), &format!("{start} / {measure} / {data}")), readings);
}

#[test]
fn another_chip_and_none() {
    for (trace, text) in [
        ("w d0 r 60", "wrong chip at 0x76: BME280 (id 0x60), not BME680 or BME688"),
        ("w d0 r 61 absent", "nothing answers at 0x76 on I2C bus 1: check wiring and address"),
    ] {
        assert_eq!(play(&wired(Chip::Bme680), trace), text);
    }
}
