//! The BME280 and BMP280 drivers against register traces.

use super::{
    super::trace::{play, wired},
    HumidityCalibration,
};
use crate::model::Chip;

/// The coefficients of the worked example of BST-BMP280-DS001, section 3.12: T1 27504, T2 26435, T3 -1000; P1 36477,
/// -10685, 3024, 2855, 140, -7, 15500, -14600, P9 6000; a reserved byte; H1 75.
const CALIBRATION: &str = "w 88 r 70 6b 43 67 18 fc 7d 8e 43 d6 d0 0b 27 0b 8c 00 f9 ff 8c 3c f8 c6 70 17 00 4b";
/// H2 to H6 of a real chip: 366, 0, 302, 50, 30; with the H1 above.
const HUMIDITY: &str = "w e1 r 6e 01 00 12 2e 03 1e";
/// The same as bytes.
const H: [u8; 7] = [0x6e, 0x01, 0x00, 0x12, 0x2e, 0x03, 0x1e];

fn bmp280(data: &str) -> String {
    let start = format!("w d0 r 58 / w e0 b6 / w f3 r 00 / {CALIBRATION} / w f5 a0 / w f4 27");
    play(&wired(Chip::Bmp280), &format!("{start} / w f7 r {data}"))
}

#[test]
fn the_worked_example_of_the_datasheet() {
    // 415148 and 519888, in three bytes each; the datasheet has 25.08 °C and 1006.5327 hPa.
    assert_eq!(bmp280("65 5a c0 7e ed 00"), "temperature 25.0825, pressure 1006.5327");
}

#[test]
fn a_temperature_below_zero() {
    // By hand: (345000/16384 - 27504/1024) * 26435 = -153377.7; (345000/131072 - 27504/8192)^2 * -1000 = -525.9;
    // their sum / 5120 = -30.06.
    let readings = bmp280("65 5a c0 54 3a 80");
    assert!(readings.starts_with("temperature -30.06"), "{readings}");
}

#[test]
fn a_bme280_gives_humidity_too() {
    let start = format!("w d0 r 60 / w e0 b6 / w f3 r 00 / {CALIBRATION} / {HUMIDITY} / w f2 01 / w f5 a0 / w f4 27");
    let readings = play(&wired(Chip::Bme280), &format!("{start} / w f7 r 65 5a c0 7e ed 00 69 78"));
    let humidity = readings.split(", ").nth(1).and_then(|text| text.strip_prefix("humidity ")).unwrap_or_default();
    let expected = percent_in_integers([75, 366, 0, 302, 50, 30], 0x6978, 128_422);
    assert!((humidity.parse::<f64>().unwrap() - expected).abs() < 0.01, "{readings} {expected}");
    assert!((20.0..60.0).contains(&expected), "{expected}");
    assert!(readings.starts_with("temperature 25.0825, humidity ") && readings.ends_with(", pressure 1006.5327"));
}

/// 0x8000 stands for a humidity that was not measured. Without power all three numbers are those of power-up.
#[test]
fn a_humidity_that_was_left_out_is_no_lost_power() {
    let start = format!("w d0 r 60 / w e0 b6 / w f3 r 00 / {CALIBRATION} / {HUMIDITY} / w f2 01 / w f5 a0 / w f4 27");
    let read = |data: &str| play(&wired(Chip::Bme280), &format!("{start} / w f7 r {data}"));
    assert_eq!(read("65 5a c0 7e ed 00 80 00"), "temperature 25.0825, pressure 1006.5327");
    assert_eq!(read("80 00 00 80 00 00 80 00"), "the chip at 0x76 stopped measuring: its power failed");
}

#[test]
fn humidity_agrees_with_the_integer_formula_also_for_negative_coefficients() {
    for (bytes, h) in [
        (H, [75, 366, 0, 302, 50, 30]),
        ([0x6e, 0x01, 0x00, 0x12, 0x2e, 0xff, 0xe2], [75, 366, 0, 302, -14, -30]),
        ([0x6e, 0x01, 0x05, 0xff, 0x1e, 0x00, 0x1e], [75, 366, 5, -2, 1, 30]),
    ] {
        let calibration = HumidityCalibration::new(75, bytes);
        assert_eq!(calibration.h, h.map(f64::from));
        for (raw, fine) in [(25_000u16, 128_422), (30_000, -51_200), (21_000, 200_000), (0, 128_422), (65_000, 0)] {
            let (ours, expected) = (calibration.percent(raw, f64::from(fine)), percent_in_integers(h, raw, fine));
            assert!((ours - expected).abs() < 0.02, "{h:?} {raw} {fine}: {ours} {expected}");
        }
    }
}

/// BST-BME280-DS002, section 4.2.3: the same in 32-bit integers, in 1/1024 %.
fn percent_in_integers(h: [i32; 6], raw: u16, fine: i32) -> f64 {
    let [h1, h2, h3, h4, h5, h6] = h;
    let v = fine - 76_800;
    let v = (((i32::from(raw) << 14) - (h4 << 20) - h5.wrapping_mul(v) + 16_384) >> 15)
        * (((((((v * h6) >> 10) * (((v * h3) >> 11) + 32_768)) >> 10) + 2_097_152) * h2 + 8_192) >> 14);
    let v = v - (((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4);
    f64::from(v.clamp(0, 419_430_400) >> 12) / 1_024.0
}

#[test]
fn what_is_wrong_is_told() {
    let absent = "nothing answers at 0x76 on I2C bus 1: check wiring and address";
    for (chip, trace, text) in [
        (Chip::Bme280, "w d0 r 58", "wrong chip at 0x76: BMP280 (id 0x58), not BME280"),
        (Chip::Bmp280, "w d0 r 60", "wrong chip at 0x76: BME280 (id 0x60), not BMP280"),
        (Chip::Bme280, "w d0 r 00", "wrong chip at 0x76: an unknown chip (id 0x00), not BME280"),
        (Chip::Bme280, "w d0 r 00 absent", absent),
        (Chip::Bmp280, "w d0 r 58 / w e0 b6 / w f3 r 01", "the chip at 0x76 does not start up after a reset"),
        (
            Chip::Bmp280,
            "w d0 r 58 / w e0 b6 / w f3 r 00
             w 88 r ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff",
            "the chip at 0x76 has lost its calibration",
        ),
    ] {
        assert_eq!(play(&wired(chip), trace), text);
    }
    assert_eq!(bmp280("80 00 00 80 00 00"), "the chip at 0x76 stopped measuring: its power failed");
}
