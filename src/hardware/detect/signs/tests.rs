//! Chips as far as the questions reach: registers that answer, and what no question may do to them.

use super::*;
use std::collections::BTreeMap;

/// A chip with registers. Numbers that it does not have are read as the chip reads them.
#[derive(Default)]
struct Registers {
    bytes: BTreeMap<u8, u8>,
    words: BTreeMap<u8, u16>,
    answers: BTreeMap<Vec<u8>, Vec<u8>>,
    asked: Vec<u8>,
}

impl Asked for Registers {
    fn receive(&mut self) -> Option<u8> {
        Some(0)
    }

    fn byte(&mut self, register: u8) -> Option<u8> {
        self.asked.push(register);
        self.bytes.get(&register).copied()
    }

    fn word(&mut self, register: u8) -> Option<u16> {
        self.asked.push(register);
        self.words.get(&register).copied()
    }

    fn answer(&mut self, command: &[u8], _length: usize) -> Option<Vec<u8>> {
        self.asked.extend(command);
        self.answers.get(command).cloned()
    }

    fn restore(&mut self, _channels: u8) {
        panic!("only a multiplexer is written to");
    }
}

fn bytes<const N: usize>(bytes: [(u8, u8); N]) -> Registers {
    Registers { bytes: bytes.into(), ..Registers::default() }
}

fn words<const N: usize>(words: [(u8, u16); N]) -> Registers {
    Registers { words: words.into(), ..Registers::default() }
}

fn answers<const N: usize>(command: &[u8], answer: [u8; N]) -> Registers {
    Registers { answers: [(command.to_vec(), answer.to_vec())].into(), ..Registers::default() }
}

#[test]
fn chips_are_known_by_their_ids() {
    for (chip, address, mut device) in [
        ("bme280", 0x76, bytes([(0xd0, 0x60)])),
        ("bmp280", 0x77, bytes([(0xd0, 0x58)])),
        ("bme680", 0x77, bytes([(0xd0, 0x61)])),
        ("bmp180", 0x77, bytes([(0xd0, 0x55)])),
        ("bmp388", 0x77, bytes([(0xd0, 0x00), (0x00, 0x50)])),
        ("dps310", 0x77, bytes([(0xd0, 0x00), (0x00, 0x7f), (0x0d, 0x10)])),
        ("tmp117", 0x48, words([(0x0f, 0x1117)])),
        ("mcp9808", 0x18, words([(0x06, 0x0054), (0x07, 0x0400)])),
        ("veml7700", 0x10, words([(0x07, 0x81c4)])),
        ("opt3001", 0x45, words([(0x7e, 0x5449), (0x7f, 0x3001)])),
        ("ina226", 0x45, words([(0xfe, 0x5449), (0xff, 0x2260)])),
        ("ina260", 0x4f, words([(0xfe, 0x5449), (0xff, 0x2270)])),
        (
            "ltr390",
            0x53,
            Registers { words: [(0x00, 0x0200)].into(), ..bytes([(0x00, 0x02), (0x05, 0x01), (0x06, 0xb2)]) },
        ),
        ("hdc1080", 0x40, words([(0xfe, 0x5449), (0xff, 0x1050)])),
        ("ina3221", 0x40, words([(0xfe, 0x5449), (0xff, 0x3220)])),
        ("htu21d", 0x40, bytes([(0xe7, 0x02)])),
        ("si7021", 0x40, bytes([(0xe7, 0x3a)])),
        ("tsl2561", 0x29, bytes([(0xb2, 0x00), (0x8a, 0x50)])),
        ("tsl2591", 0x29, bytes([(0xb2, 0x50)])),
        ("emc1413", 0x4c, bytes([(0xfd, 0x21), (0xfe, 0x5d), (0xff, 0x04)])),
        ("tmp421", 0x4e, bytes([(0xfd, 0x00), (0xfe, 0x55), (0xff, 0x21)])),
        ("ccs811", 0x5a, bytes([(0x20, 0x81)])),
        ("mlx90614", 0x5a, words([(0x2e, 0x5abe)])),
        ("ens160", 0x53, words([(0x00, 0x6001)])),
        ("pca9685", 0x41, bytes([(0x02, 0xe2), (0x03, 0xe4), (0x04, 0xe8)])),
        // The checksum of the datasheets' example, 0xbeef.
        ("sht4x", 0x44, answers(&[0x89], [0xbe, 0xef, 0x92, 0xbe, 0xef, 0x92])),
        ("sht3x", 0x44, answers(&[0xf3, 0x2d], [0xbe, 0xef, 0x92])),
    ] {
        let identity = identify(address, &mut device);
        assert_eq!(identity, Identity { chip: Some(chip), may_be: Vec::new() }, "{chip}");
    }
}

#[test]
fn what_has_no_id_is_one_of_several() {
    let is = |address, device: &mut Registers| identify(address, device);
    let ads = is(0x48, &mut words([(0x02, 0x8000), (0x03, 0x7fff)]));
    assert_eq!(ads.may_be, ["ads1115", "ads1015"]);
    let lm75 = is(0x48, &mut words([(0x0f, 0x5000), (0x02, 0x4b00), (0x03, 0x5000)]));
    assert_eq!(lm75.chip, None);
    for word in ["lm75", "tmp102", "tmp105"] {
        assert!(lm75.may_be.contains(&word), "{:?}", lm75.may_be);
    }
    assert!(!lm75.may_be.contains(&"tmp117"), "that would have said so");
    let memory = is(0x53, &mut bytes([(0x00, 0xb2), (0x05, 0xb2), (0x06, 0xb2)]));
    assert_eq!(memory.chip, None);
    let wrong_checksum = is(0x44, &mut answers(&[0xf3, 0x2d], [0xbe, 0xef, 0x93]));
    assert_eq!(wrong_checksum.chip, None);
}

#[test]
fn nothing_is_asked_where_a_byte_may_be_an_order() {
    for address in (0x20..=0x27).chain(0x38..=0x3f).chain(0x58..=0x59).chain(0x60..=0x75) {
        let mut device = bytes([(0x00, 0x50), (0xd0, 0x60)]);
        let identity = identify(address, &mut device);
        assert_eq!(identity.chip, None, "{address:#04x}");
        assert!(device.asked.is_empty(), "{address:#04x}: {:02x?}", device.asked);
    }
    let port = identify(0x20, &mut Registers::default());
    assert!(port.may_be.contains(&"pcf8574") && port.may_be.contains(&"mcp23017"), "{:?}", port.may_be);
}

/// Soft reset of the HTU21D and Si7021, commands of one byte.
#[test]
fn a_humidity_sensor_is_not_reset() {
    for user_register in [0x02, 0x3a, 0x3b, 0x83] {
        let mut device = bytes([(0xe7, user_register)]);
        identify(0x40, &mut device);
        assert!(!device.asked.contains(&0xfe), "{user_register:#04x}: {:02x?}", device.asked);
    }
}

/// Every byte sets its channels, and is said back.
struct Multiplexer {
    channels: u8,
}

impl Asked for Multiplexer {
    fn receive(&mut self) -> Option<u8> {
        Some(self.channels)
    }

    fn byte(&mut self, register: u8) -> Option<u8> {
        self.channels = register;
        Some(self.channels)
    }

    fn word(&mut self, register: u8) -> Option<u16> {
        self.channels = register;
        Some(u16::from_be_bytes([register, register]))
    }

    fn answer(&mut self, _command: &[u8], _length: usize) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, channels: u8) {
        self.channels = channels;
    }
}

#[test]
fn a_multiplexer_keeps_its_channels() {
    for channels in [0x00, 0x04, 0xff] {
        let mut multiplexer = Multiplexer { channels };
        assert_eq!(identify(0x77, &mut multiplexer).chip, Some("tca9548a"));
        assert_eq!(multiplexer.channels, channels);
        identify(0x70, &mut multiplexer);
        assert_eq!(multiplexer.channels, channels);
    }
}
