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
    /// It refuses to be read without being asked.
    refuses: bool,
}

impl Asked for Registers {
    fn receive(&mut self) -> Option<u8> {
        (!self.refuses).then_some(0)
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

/// One of Sensirion's, which answers commands with words.
fn commands<const N: usize>(answers: [(&[u8], &[u16]); N]) -> Registers {
    let checked = |word: &u16| {
        let [high, low] = word.to_be_bytes();
        [high, low, sensirion(&[high, low])]
    };
    let answers = answers.map(|(command, words)| (command.to_vec(), words.iter().flat_map(checked).collect()));
    Registers { answers: answers.into(), refuses: true, ..Registers::default() }
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
        ("mcp9808", 0x18, words([(0x06, 0x0054), (0x07, 0x0400)])),
        ("veml7700", 0x10, words([(0x07, 0x81c4)])),
        ("opt3001", 0x45, words([(0x7e, 0x5449), (0x7f, 0x3001)])),
        ("ina226", 0x45, words([(0xfe, 0x5449), (0xff, 0x2260)])),
        ("ina260", 0x47, words([(0xfe, 0x5449), (0xff, 0x2270)])),
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
        ("ccs811", 0x5a, bytes([(0x20, 0x81)])),
        ("mlx90614", 0x5a, words([(0x2e, 0x5abe)])),
        ("ens160", 0x53, words([(0x00, 0x6001)])),
        ("pca9685", 0x41, bytes([(0x02, 0xe2), (0x03, 0xe4), (0x04, 0xe8)])),
        // The checksum of the datasheets' example, 0xbeef.
        ("sht4x", 0x44, answers(&[0x89], [0xbe, 0xef, 0x92, 0xbe, 0xef, 0x92])),
        ("sht3x", 0x44, answers(&[0xf3, 0x2d], [0xbe, 0xef, 0x92])),
        ("sgp30", 0x58, commands([(&[0x36, 0x82], &[0, 0x48, 0x8a71]), (&[0x20, 0x2f], &[0x0022])])),
        ("sgp40", 0x59, commands([(&[0x36, 0x82], &[0, 0x66, 0x1234]), (&[0x20, 0x2f], &[0x3220])])),
        ("scd30", 0x61, commands([(&[0xd1, 0x00], &[0x0342])])),
        ("scd4x", 0x62, commands([(&[0xe4, 0xb8], &[0x8000])])),
        ("sps30", 0x69, commands([(&[0xd0, 0x02], &[0x3030, 0x3038, 0x3030, 0x3030])])),
        ("aht20", 0x38, answers(&[], [0x1c, 0x80, 0x00, 0x06, 0x00, 0x00, sensirion(&[0x1c, 0x80, 0x00, 0x06, 0, 0])])),
    ] {
        let identity = identify(address, &mut device);
        assert_eq!(identity, Identity { chip: Some(chip), may_be: Vec::new() }, "{chip}");
    }
}

#[test]
fn what_has_no_id_is_one_of_several() {
    let is = |address, device: &mut Registers| identify(address, device);
    let memory = is(0x53, &mut bytes([(0x00, 0xb2), (0x05, 0xb2), (0x06, 0xb2)]));
    assert_eq!(memory.chip, None);
    let wrong_checksum = is(0x44, &mut answers(&[0xf3, 0x2d], [0xbe, 0xef, 0x93]));
    assert_eq!(wrong_checksum.chip, None);
    assert!(!wrong_checksum.may_be.contains(&"opt3001"), "that would have said so: {:?}", wrong_checksum.may_be);
    let newer = is(0x59, &mut commands([(&[0x36, 0x82], &[0, 0x66, 0x1234]), (&[0x20, 0x2f], &[0x0040])]));
    assert_eq!(newer, Identity { chip: None, may_be: vec!["an SGP41"] });
    // A port expander that reads the same pins over and over, whose checksum could be right.
    for pins in 0..=0xff {
        let port = is(0x38, &mut answers(&[], [pins; 7]));
        assert_eq!(port.chip, None, "{pins:#04x}");
        assert!(port.may_be.contains(&"pcf8574a") && port.may_be.contains(&"aht20"), "{:?}", port.may_be);
    }
}

/// To which every byte that it is sent is an order: a PCF8574, a PCF8591, an MCP4725, a multiplexer.
struct Obedient;

impl Asked for Obedient {
    fn receive(&mut self) -> Option<u8> {
        Some(0x80)
    }

    fn byte(&mut self, register: u8) -> Option<u8> {
        panic!("it was sent {register:#04x}");
    }

    fn word(&mut self, register: u8) -> Option<u16> {
        panic!("it was sent {register:#04x}");
    }

    fn answer(&mut self, command: &[u8], length: usize) -> Option<Vec<u8>> {
        assert!(command.is_empty(), "it was sent {command:02x?}");
        Some(vec![0x80; length])
    }

    fn restore(&mut self, channels: u8) {
        panic!("it was sent {channels:#04x}");
    }
}

#[test]
fn nothing_is_sent_where_a_byte_may_be_an_order() {
    for address in (0x20..=0x27).chain(0x38..=0x3f).chain(0x48..=0x4f).chain(0x60..=0x75) {
        let identity = identify(address, &mut Obedient);
        assert_eq!(identity.chip, None, "{address:#04x}");
    }
    let may_be = |address, words: &[&str]| {
        let may_be = identify(address, &mut Obedient).may_be;
        assert!(words.iter().all(|word| may_be.contains(word)), "{address:#04x}: {may_be:?}");
    };
    may_be(0x20, &["pcf8574", "mcp23017"]);
    may_be(0x48, &["a converter (PCF8591)", "lm75", "tmp102", "tmp105", "tmp117", "ads1115", "ina219"]);
    may_be(0x4c, &["a converter (PCF8591)", "emc1413", "tmp421"]);
    may_be(0x62, &["scd4x", "a DAC (MCP4725)"]);
}

/// An AW9523B of the same address dims its lamps by the registers 0x20 to 0x2f.
#[test]
fn what_may_be_a_gas_sensor_is_sent_its_serial_command_alone() {
    for address in [0x58, 0x59] {
        let mut device = Registers::default();
        identify(address, &mut device);
        assert_eq!(device.asked, [0x36, 0x82], "{address:#04x}");
    }
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
