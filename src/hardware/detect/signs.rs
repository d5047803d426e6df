//! By what a chip is known: its id registers, or the values of registers that no other chip of its address has.
//!
//! A question is a register number and a read, as a driver would send it. To some parts any byte is an order: a port
//! expander PCF8574 switches its pins by it, a PCF8591 and a DAC MCP4725 their outputs. At their addresses nothing is sent,
//! but for commands that only read to what refuses to be read without: those parts never refuse.

use crate::{hardware::sensors::checksum::sensirion, model::CHIPS};
use std::ops::RangeInclusive;

/// One address of a bus, asked in ways that change nothing. No answer is nothing.
pub(super) trait Asked {
    /// The next byte, whatever it means.
    fn receive(&mut self) -> Option<u8>;
    /// A register of 8 bits.
    fn byte(&mut self, register: u8) -> Option<u8>;
    /// A register of 16 bits, the first byte in the upper half.
    fn word(&mut self, register: u8) -> Option<u16>;
    /// What follows a command that only reads.
    fn answer(&mut self, command: &[u8], length: usize) -> Option<Vec<u8>>;
    /// Gives a multiplexer its channels back.
    fn restore(&mut self, channels: u8);
}

/// What is known of an address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub chip: Option<&'static str>,
    pub may_be: Vec<&'static str>,
}

/// Asks who is at an address.
pub(super) fn identify(address: u8, device: &mut dyn Asked) -> Identity {
    if MULTIPLEXERS.contains(&address) && is_multiplexer(device) {
        return Identity { chip: Some("tca9548a"), may_be: Vec::new() };
    }
    let found = SIGNS.iter().find(|sign| sign.is_tried_at(address) && sign.is_seen(device));
    match found.map(|sign| sign.chips) {
        Some([chip]) => Identity { chip: Some(chip), may_be: Vec::new() },
        Some(chips) => Identity { chip: None, may_be: chips.to_vec() },
        None => unknown(address),
    }
}

/// All that is sold with this address, but for what would have been known by its sign.
fn unknown(address: u8) -> Identity {
    // A chip that is busy refuses a command, too.
    let asked = SIGNS.iter().filter(|sign| sign.is_tried_at(address) && !sign.asks_carefully());
    let ruled_out: Vec<&str> = asked.flat_map(|sign| sign.chips).copied().collect();
    let driven = CHIPS.iter().filter(|facts| facts.addresses.contains(&address)).map(|facts| facts.words[0]);
    let others = OTHERS.iter().filter(|(addresses, _)| addresses.contains(&address)).map(|(_, word)| *word);
    let mut may_be: Vec<_> = driven.chain(others).filter(|word| !ruled_out.contains(word)).collect();
    may_be.sort_unstable();
    may_be.dedup();
    Identity { chip: None, may_be }
}

/// A TCA9548A takes every byte for its channels and says it back, also a register number. It gets its own back; nothing
/// was sent to anybody behind it in between.
fn is_multiplexer(device: &mut dyn Asked) -> bool {
    let Some(before) = device.receive() else { return false };
    let said_back = device.byte(CHIP_ID) == Some(CHIP_ID) && device.receive() == Some(CHIP_ID);
    if said_back {
        device.restore(before);
    }
    said_back
}

struct Sign {
    /// Words of the configuration; several where the sign does not tell them apart.
    chips: &'static [&'static str],
    addresses: RangeInclusive<u8>,
    /// All of these must be as they say.
    asks: &'static [Ask],
}

enum Ask {
    Byte {
        register: u8,
        mask: u8,
        is: u8,
    },
    Word {
        register: u8,
        mask: u16,
        is: u16,
    },
    /// Words of 16 bits with a checksum behind each; the first is this, under the mask.
    Checksummed {
        command: &'static [u8],
        words: usize,
        mask: u16,
        is: u16,
    },
    /// It refuses to be read without being asked, which parts never do that take single bytes for orders.
    Refuses,
    /// So many bytes, read without asking: not all of them the same, and a checksum at their end.
    Plain(usize),
}

impl Sign {
    fn is_seen(&self, device: &mut dyn Asked) -> bool {
        self.asks.iter().all(|ask| match *ask {
            Ask::Byte { register, mask, is } => device.byte(register).is_some_and(|byte| byte & mask == is),
            Ask::Word { register, mask, is } => device.word(register).is_some_and(|word| word & mask == is),
            Ask::Checksummed { command, words, mask, is } => device.answer(command, 3 * words).is_some_and(|answer| {
                let right = |word: &[u8]| sensirion(&word[..2]) == word[2];
                let first = answer.first_chunk().is_some_and(|first| u16::from_be_bytes(*first) & mask == is);
                answer.len() == 3 * words && answer.chunks_exact(3).all(right) && first
            }),
            Ask::Refuses => device.receive().is_none(),
            Ask::Plain(length) => device.answer(&[], length).is_some_and(|answer| {
                let differ = answer.windows(2).any(|pair| pair[0] != pair[1]);
                answer.split_last().is_some_and(|(checksum, bytes)| differ && sensirion(bytes) == *checksum)
            }),
        })
    }

    /// Whether it sends nothing to a part that could take it for an order.
    fn asks_carefully(&self) -> bool {
        matches!(self.asks.first(), Some(Ask::Refuses | Ask::Plain(_)))
    }

    fn is_tried_at(&self, address: u8) -> bool {
        let takes_orders = TAKES_ORDERS.iter().any(|range| range.contains(&address));
        self.addresses.contains(&address) && (!takes_orders || self.asks_carefully())
    }
}

/// Port expanders PCF8574; converters PCF8591, whose first byte after the address is their control, and which share their
/// address with thermometers; digital-to-analog converters; multiplexers below those that share their address with the
/// BME280.
const TAKES_ORDERS: [RangeInclusive<u8>; 4] = [0x20..=0x27, 0x38..=0x3f, 0x48..=0x4f, 0x60..=0x75];
const MULTIPLEXERS: RangeInclusive<u8> = 0x76..=0x77;
/// Where Bosch keeps its chip id.
const CHIP_ID: u8 = 0xd0;
/// Commands that Sensirion's gas sensors have in common.
const SERIAL: &[u8] = &[0x36, 0x82];
const FEATURES: &[u8] = &[0x20, 0x2f];
/// "TI" in letters, which Texas Instruments writes into its newer chips.
const TEXAS: u16 = 0x5449;

const fn byte(register: u8, is: u8) -> Ask {
    Ask::Byte { register, mask: 0xff, is }
}

const fn word(register: u8, is: u16) -> Ask {
    Ask::Word { register, mask: 0xffff, is }
}

/// Any words, each with a right checksum.
const fn words(command: &'static [u8], words: usize) -> Ask {
    Ask::Checksummed { command, words, mask: 0, is: 0 }
}

/// In the order in which they are asked. Registers and values are those of the datasheets.
const SIGNS: &[Sign] = &[
    // The low byte comes first.
    Sign {
        chips: &["veml7700"],
        addresses: 0x10..=0x10,
        asks: &[Ask::Word { register: 0x07, mask: 0xff00, is: 0x8100 }],
    },
    Sign {
        chips: &["mcp9808"],
        addresses: 0x18..=0x1f,
        asks: &[word(0x06, 0x0054), Ask::Word { register: 0x07, mask: 0xff00, is: 0x0400 }],
    },
    Sign { chips: &["tsl2591"], addresses: 0x29..=0x29, asks: &[byte(0xb2, 0x50)] },
    // Before the others of 0x40: 0xfe would reset it. Bits that the user register keeps, of HTU21D and of Si7021.
    Sign { chips: &["htu21d"], addresses: 0x40..=0x40, asks: &[Ask::Byte { register: 0xe7, mask: 0x7a, is: 0x02 }] },
    Sign { chips: &["si7021"], addresses: 0x40..=0x40, asks: &[Ask::Byte { register: 0xe7, mask: 0x7a, is: 0x3a }] },
    Sign { chips: &["hdc1080"], addresses: 0x40..=0x40, asks: &[word(0xfe, TEXAS), word(0xff, 0x1050)] },
    Sign { chips: &["ina3221"], addresses: 0x40..=0x43, asks: &[word(0xfe, TEXAS), word(0xff, 0x3220)] },
    Sign { chips: &["opt3001"], addresses: 0x44..=0x47, asks: &[word(0x7e, TEXAS), word(0x7f, 0x3001)] },
    Sign { chips: &["ina226"], addresses: 0x40..=0x47, asks: &[word(0xfe, TEXAS), word(0xff, 0x2260)] },
    Sign { chips: &["ina260"], addresses: 0x40..=0x47, asks: &[word(0xfe, TEXAS), word(0xff, 0x2270)] },
    // The addresses that it answers besides its own.
    Sign { chips: &["pca9685"], addresses: 0x40..=0x47, asks: &[byte(0x02, 0xe2), byte(0x03, 0xe4), byte(0x04, 0xe8)] },
    // The serial number; the status register.
    Sign { chips: &["sht4x"], addresses: 0x44..=0x46, asks: &[words(&[0x89], 2)] },
    Sign { chips: &["sht3x"], addresses: 0x44..=0x45, asks: &[words(&[0xf3, 0x2d], 1)] },
    // Its answer to nothing: status, humidity, temperature and the checksum, from its first measurement on.
    Sign { chips: &["aht20"], addresses: 0x38..=0x38, asks: &[Ask::Plain(7)] },
    // After those of the same address whose registers are found by the low bits of the number alone.
    Sign { chips: &["tsl2561"], addresses: 0x29..=0x29, asks: &[Ask::Byte { register: 0x8a, mask: 0xb0, is: 0x10 }] },
    // The low byte comes first.
    Sign { chips: &["ens160"], addresses: 0x52..=0x53, asks: &[word(0x00, 0x6001)] },
    // With bits that are always zero, since a memory of this address holds anything.
    Sign {
        chips: &["ltr390"],
        addresses: 0x53..=0x53,
        asks: &[
            byte(0x06, 0xb2),
            Ask::Byte { register: 0x00, mask: 0xe5, is: 0 },
            Ask::Byte { register: 0x05, mask: 0xf8, is: 0 },
        ],
    },
    Sign { chips: &["ccs811"], addresses: 0x5a..=0x5b, asks: &[byte(0x20, 0x81)] },
    // Its own address, in its memory.
    Sign {
        chips: &["mlx90614"],
        addresses: 0x5a..=0x5a,
        asks: &[Ask::Word { register: 0x2e, mask: 0xff00, is: 0x5a00 }],
    },
    // The serial number, by a number that no other part of these addresses takes; then what it can do.
    Sign {
        chips: &["sgp30"],
        addresses: 0x58..=0x58,
        asks: &[words(SERIAL, 3), Ask::Checksummed { command: FEATURES, words: 1, mask: 0xf000, is: 0 }],
    },
    Sign {
        chips: &["sgp40"],
        addresses: 0x59..=0x59,
        asks: &[words(SERIAL, 3), Ask::Checksummed { command: FEATURES, words: 1, mask: 0x01ff, is: 0x0020 }],
    },
    // The version of its firmware; whether a measurement is ready, which it tells at any time.
    Sign { chips: &["scd30"], addresses: 0x61..=0x61, asks: &[Ask::Refuses, words(&[0xd1, 0x00], 1)] },
    Sign { chips: &["scd4x"], addresses: 0x62..=0x62, asks: &[Ask::Refuses, words(&[0xe4, 0xb8], 1)] },
    // Its type, in letters.
    Sign {
        chips: &["sps30"],
        addresses: 0x69..=0x69,
        asks: &[Ask::Refuses, Ask::Checksummed { command: &[0xd0, 0x02], words: 4, mask: 0xffff, is: 0x3030 }],
    },
    Sign { chips: &["bme280"], addresses: 0x76..=0x77, asks: &[byte(CHIP_ID, 0x60)] },
    Sign { chips: &["bmp280"], addresses: 0x76..=0x77, asks: &[byte(CHIP_ID, 0x58)] },
    Sign { chips: &["bme680"], addresses: 0x76..=0x77, asks: &[byte(CHIP_ID, 0x61)] },
    Sign { chips: &["bmp180"], addresses: 0x77..=0x77, asks: &[byte(CHIP_ID, 0x55)] },
    Sign { chips: &["bmp388"], addresses: 0x76..=0x77, asks: &[byte(0x00, 0x50)] },
    Sign { chips: &["bmp390"], addresses: 0x76..=0x77, asks: &[byte(0x00, 0x60)] },
    Sign { chips: &["dps310"], addresses: 0x76..=0x77, asks: &[byte(0x0d, 0x10)] },
];

/// What else people wire to a house, by address.
const OTHERS: &[(RangeInclusive<u8>, &str)] = &[
    (0x20..=0x27, "mcp23017"),
    (0x20..=0x27, "pca9555"),
    (0x20..=0x27, "pcf8574"),
    (0x38..=0x3f, "pcf8574a"),
    (0x3c..=0x3d, "a display (SSD1306)"),
    (0x3e..=0x3f, "sx1509"),
    (0x70..=0x71, "sx1509"),
    (0x48..=0x4f, "a converter (PCF8591)"),
    (0x50..=0x57, "an EEPROM"),
    (0x59..=0x59, "an SGP41"),
    (0x68..=0x69, "a motion sensor (MPU6050)"),
    (0x60..=0x67, "a DAC (MCP4725)"),
    (0x68..=0x68, "a clock (DS3231, DS1307)"),
    (0x70..=0x77, "tca9548a"),
];

#[cfg(test)]
mod tests;
