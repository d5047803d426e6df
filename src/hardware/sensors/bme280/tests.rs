//! The BME280 and BMP280 drivers against register traces.

use super::{super::mock::*, *};
use embedded_hal_mock::eh1::i2c::Transaction;

const AT: u8 = 0x76;

/// The coefficients of the worked example of BST-BMP280-DS001, section 3.12: T1 to T3, P1 to P9.
const EXAMPLE: [u8; 24] = [
    0x70, 0x6b, 0x43, 0x67, 0x18, 0xfc, // 27504, 26435, -1000
    0x7d, 0x8e, 0x43, 0xd6, 0xd0, 0x0b, // 36477, -10685, 3024
    0x27, 0x0b, 0x8c, 0x00, 0xf9, 0xff, // 2855, 140, -7
    0x8c, 0x3c, 0xf8, 0xc6, 0x70, 0x17, // 15500, -14600, 6000
];
/// H2 to H6 of a real chip: 366, 0, 302, 50, 30; H1 is 75.
const HUMIDITY: [u8; 7] = [0x6e, 0x01, 0x00, 0x12, 0x2e, 0x03, 0x1e];

fn start_of(id: u8) -> Vec<Transaction> {
    vec![
        Transaction::write_read(AT, vec![0xd0], vec![id]),
        Transaction::write(AT, vec![0xe0, 0xb6]),
        Transaction::write_read(AT, vec![0xf3], vec![0]),
    ]
}

fn start_of_bmp280(data: &[u8]) -> Vec<Transaction> {
    let mut all = start_of(0x58);
    all.extend([
        Transaction::write_read(AT, vec![0x88], EXAMPLE.into()),
        Transaction::write(AT, vec![0xf5, 0xa0]),
        Transaction::write(AT, vec![0xf4, 0x27]),
        Transaction::write_read(AT, vec![0xf7], data.into()),
    ]);
    all
}

/// 415148 and 519888 of the example, in three bytes each.
const RAW: [u8; 6] = [0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00];

#[test]
fn the_worked_example_of_the_datasheet() {
    let bus = MockBus::expect(&start_of_bmp280(&RAW));
    let mut driver = Driver::start(Model::Bmp280, AT, bus.clone()).unwrap();
    let readings = driver.read().unwrap();
    let [(Quantity::Temperature, celsius), (Quantity::Pressure, hectopascal)] = readings[..] else {
        panic!("{readings:?}")
    };
    assert!((celsius - 25.08).abs() < 0.005, "{celsius}");
    assert!((hectopascal - 1006.5327).abs() < 0.0005, "{hectopascal}");
    bus.done();
}

#[test]
fn a_temperature_below_zero() {
    let raw_345000 = [0x65, 0x5a, 0xc0, 0x54, 0x3a, 0x80];
    let bus = MockBus::expect(&start_of_bmp280(&raw_345000));
    let mut driver = Driver::start(Model::Bmp280, AT, bus.clone()).unwrap();
    let celsius = driver.read().unwrap()[0].1;
    // By hand: (345000/16384 - 27504/1024) * 26435 = -153377.7; (345000/131072 - 27504/8192)^2 * -1000 = -525.9;
    // their sum / 5120.
    assert!((celsius - -30.06).abs() < 0.01, "{celsius}");
    bus.done();
}

#[test]
fn a_bme280_gives_humidity_too() {
    let mut all = start_of(0x60);
    all.extend([
        Transaction::write_read(AT, vec![0x88], [&EXAMPLE[..], &[0, 75]].concat()),
        Transaction::write_read(AT, vec![0xe1], HUMIDITY.into()),
        Transaction::write(AT, vec![0xf2, 0x01]),
        Transaction::write(AT, vec![0xf5, 0xa0]),
        Transaction::write(AT, vec![0xf4, 0x27]),
        Transaction::write_read(AT, vec![0xf7], [&RAW[..], &[0x69, 0x78]].concat()),
    ]);
    let bus = MockBus::expect(&all);
    let mut driver = Driver::start(Model::Bme280, AT, bus.clone()).unwrap();
    let readings = driver.read().unwrap();
    let (quantities, values): (Vec<_>, Vec<_>) = readings.into_iter().unzip();
    assert_eq!(quantities, [Quantity::Temperature, Quantity::Humidity, Quantity::Pressure]);
    let expected = percent_in_integers([75, 366, 0, 302, 50, 30], 0x6978, 128_422);
    assert!((values[1] - expected).abs() < 0.01, "{} {expected}", values[1]);
    assert!((20.0..60.0).contains(&values[1]), "{}", values[1]);
    bus.done();
}

#[test]
fn humidity_agrees_with_the_integer_formula_also_for_negative_coefficients() {
    for (bytes, h) in [
        (HUMIDITY, [75, 366, 0, 302, 50, 30]),
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
fn another_chip_is_named() {
    for (id, model, text) in [
        (0x58, Model::Bme280, "wrong chip at 0x76: BMP280 (id 0x58), not BME280"),
        (0x60, Model::Bmp280, "wrong chip at 0x76: BME280 (id 0x60), not BMP280"),
        (0x00, Model::Bme280, "wrong chip at 0x76: an unknown chip (id 0x00), not BME280"),
    ] {
        let bus = MockBus::expect(&[Transaction::write_read(AT, vec![0xd0], vec![id])]);
        let error = Driver::start(model, AT, bus.clone()).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(text));
        bus.done();
    }
}

#[test]
fn a_chip_that_slept_after_a_power_failure_is_a_failure() {
    let bus = MockBus::expect(&start_of_bmp280(&[0x80, 0, 0, 0x80, 0, 0]));
    let mut driver = Driver::start(Model::Bmp280, AT, bus.clone()).unwrap();
    let text = "the chip at 0x76 stopped measuring: its power failed";
    assert_eq!(read_one(&mut driver), Err(text.into()));
    bus.done();
}

#[test]
fn a_chip_that_never_starts_up_is_given_up() {
    let mut all = start_of(0x58);
    all[2] = Transaction::write_read(AT, vec![0xf3], vec![1]);
    let bus = MockBus::expect(&all);
    let error = Driver::start(Model::Bmp280, AT, bus.clone()).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the chip at 0x76 does not start up after a reset"));
    bus.done();
}
