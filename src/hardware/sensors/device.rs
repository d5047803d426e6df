//! One chip on its bus: the few ways in which chips are talked to.

use super::{Bus, checksum};
use crate::hardware::HardwareError;

/// A chip at its address.
pub(super) struct Device {
    address: u8,
    bus: Bus,
}

impl Device {
    pub fn new(address: u8, bus: Bus) -> Device {
        Device { address, bus }
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), HardwareError> {
        self.bus.write(self.address, bytes)
    }

    /// Receives bytes, without saying which.
    pub fn read<const N: usize>(&mut self) -> Result<[u8; N], HardwareError> {
        let mut bytes = [0; N];
        self.bus.read(self.address, &mut bytes)?;
        Ok(bytes)
    }

    /// Receives bytes from a register on; nobody comes in between.
    pub fn read_from<const N: usize>(&mut self, register: u8) -> Result<[u8; N], HardwareError> {
        let mut bytes = [0; N];
        self.bus.write_read(self.address, &[register], &mut bytes)?;
        Ok(bytes)
    }

    /// One register of 8 bits.
    pub fn byte(&mut self, register: u8) -> Result<u8, HardwareError> {
        self.read_from(register).map(|[byte]| byte)
    }

    /// One register of 16 bits, the higher byte first.
    pub fn word(&mut self, register: u8) -> Result<u16, HardwareError> {
        self.read_from(register).map(u16::from_be_bytes)
    }

    /// Sets a register of 16 bits, the higher byte first.
    pub fn set_word(&mut self, register: u8, word: u16) -> Result<(), HardwareError> {
        let [high, low] = word.to_be_bytes();
        self.write(&[register, high, low])
    }

    /// Gives a command of 16 bits.
    pub fn command(&mut self, command: u16) -> Result<(), HardwareError> {
        self.write(&command.to_be_bytes())
    }

    /// Gives a command of 16 bits with words, each followed by Sensirion's checksum.
    pub fn command_with(&mut self, command: u16, words: &[u16]) -> Result<(), HardwareError> {
        let mut bytes = command.to_be_bytes().to_vec();
        for word in words {
            let pair = word.to_be_bytes();
            bytes.extend(pair);
            bytes.push(checksum::sensirion(&pair));
        }
        self.write(&bytes)
    }

    /// Receives words, each followed by Sensirion's checksum.
    pub fn words<const N: usize>(&mut self) -> Result<[u16; N], HardwareError> {
        let mut bytes = vec![0; 3 * N];
        self.bus.read(self.address, &mut bytes)?;
        let mut words = [0; N];
        for (word, triple) in words.iter_mut().zip(bytes.chunks_exact(3)) {
            if checksum::sensirion(&triple[..2]) != triple[2] {
                return Err(self.checksum_error());
            }
            *word = u16::from_be_bytes([triple[0], triple[1]]);
        }
        Ok(words)
    }

    /// Fails when the answer is the same byte over and over, as of a bus on which nobody speaks, and so are these two
    /// registers of 8 bits, which hold different bytes in every chip that lives.
    pub fn doubt(&mut self, answer: &[u8], witnesses: [u8; 2]) -> Result<(), HardwareError> {
        if is_monotone(answer) && self.byte(witnesses[0])? == self.byte(witnesses[1])? {
            return Err(self.monotone());
        }
        Ok(())
    }

    /// The same with a register of 16 bits, whose two bytes differ in every chip that lives.
    pub fn doubt_by_word(&mut self, answer: &[u8], witness: u8) -> Result<(), HardwareError> {
        if is_monotone(answer) && is_monotone(&self.read_from::<2>(witness)?) {
            return Err(self.monotone());
        }
        Ok(())
    }

    /// Fails when the coefficients of a chip are the same byte over and over.
    pub fn check_coefficients(&self, bytes: &[u8]) -> Result<(), HardwareError> {
        if is_monotone(bytes) { Err(self.fault("has lost its calibration")) } else { Ok(()) }
    }

    /// The answer was the same byte over and over.
    pub fn monotone(&self) -> HardwareError {
        self.fault("answers every question alike: check its supply, and SDA")
    }

    /// Its address, for checksums that include it.
    pub fn address(&self) -> u8 {
        self.address
    }

    /// Bytes came with a checksum that is not theirs.
    pub fn checksum_error(&self) -> HardwareError {
        HardwareError::Checksum { address: self.address }
    }

    /// The chip does something that its datasheet does not tell: `what` follows "the chip at 0x76".
    pub fn fault(&self, what: &'static str) -> HardwareError {
        HardwareError::ChipFault { address: self.address, what }
    }

    /// It is another chip.
    pub fn wrong_chip(&self, found: String, expected: &'static str) -> HardwareError {
        HardwareError::WrongChip { address: self.address, found, expected }
    }

    /// Fails unless the chip has the id that it should have.
    pub fn check_id(&self, id: u16, expected_id: u16, expected: &'static str) -> Result<(), HardwareError> {
        if id == expected_id {
            return Ok(());
        }
        Err(self.wrong_chip(format!("an unknown chip (id {id:#04x})"), expected))
    }
}

/// Whether all bytes are the same: all zeros or all ones when nobody drives the wire, or one that was left on it.
pub(super) fn is_monotone(bytes: &[u8]) -> bool {
    bytes.windows(2).all(|pair| pair[0] == pair[1])
}
