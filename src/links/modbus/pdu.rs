//! What is asked of a device, and what it answers: the protocol data units of the Modbus application protocol V1.1b3.

use crate::model::Bank;
use std::fmt;

/// The largest one.
pub const LONGEST: usize = 253;
/// What sets a coil.
const COIL_ON: u16 = 0xff00;
/// An exception is the function with this bit.
const EXCEPTION: u8 = 0x80;

/// What is asked of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// So many coils, inputs or registers, from an address on: functions 1 to 4.
    Read {
        /// Of this table.
        bank: Bank,
        /// From here on.
        address: u16,
        /// At least 1; at most what an answer has room for.
        count: u16,
    },
    /// Sets a coil: function 5, or 15 of a coil alone for a device that has only that.
    WriteCoil {
        /// Which.
        address: u16,
        /// To what.
        on: bool,
        /// By function 15.
        as_several: bool,
    },
    /// Writes a register: function 6, or 16 of a register alone for a device that has only that.
    WriteRegister {
        /// Which.
        address: u16,
        /// What.
        value: u16,
        /// By function 16.
        as_several: bool,
    },
}

/// What a device answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Bits as 0 or 1, or registers, as many as were asked for.
    Read(Vec<u16>),
    /// It was written.
    Written,
    /// It refuses.
    Exception(Exception),
}

/// Why a device refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception(pub u8);

impl Exception {
    /// The device does not have this function.
    pub const ILLEGAL_FUNCTION: Exception = Exception(1);

    /// Whether it is as good as no answer: the device is busy, or a gateway says that it does not answer.
    pub fn is_no_answer(self) -> bool {
        matches!(self.0, 6 | 10 | 11)
    }

    /// Whether what was to be written is as it was. Who failed, works on it still or is asked through a gateway that heard
    /// nothing may have done it.
    pub fn changed_nothing(self) -> bool {
        !matches!(self.0, 4 | 5 | 11)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            1 => "illegal function",
            2 => "illegal data address",
            3 => "illegal data value",
            4 => "the device failed",
            5 => "acknowledged, not done yet",
            6 => "the device is busy",
            8 => "memory parity error",
            10 => "the gateway has no path to it",
            11 => "the gateway gets no answer from it",
            code => return write!(f, "exception {code}"),
        };
        f.write_str(text)
    }
}

/// The beginning of an answer, as far as it shows how long it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Known(usize),
    /// More bytes are needed to know.
    Unknown,
    /// It is no answer to this request.
    Foreign,
}

impl Request {
    /// Its function.
    pub fn function(self) -> u8 {
        match self {
            Request::Read { bank, .. } => bank.facts().function,
            Request::WriteCoil { as_several: false, .. } => 5,
            Request::WriteRegister { as_several: false, .. } => 6,
            Request::WriteCoil { as_several: true, .. } => 15,
            Request::WriteRegister { as_several: true, .. } => 16,
        }
    }

    /// Its bytes.
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = vec![self.function()];
        let mut word = |word: u16| bytes.extend(word.to_be_bytes());
        match self {
            Request::Read { address, count, .. } => [address, count].into_iter().for_each(word),
            Request::WriteCoil { address, on, as_several: false } => {
                [address, if on { COIL_ON } else { 0 }].into_iter().for_each(word);
            }
            Request::WriteCoil { address, on, as_several: true } => {
                [address, 1].into_iter().for_each(&mut word);
                bytes.extend([1, u8::from(on)]);
            }
            Request::WriteRegister { address, value, as_several: false } => [address, value].into_iter().for_each(word),
            Request::WriteRegister { address, value, as_several: true } => {
                [address, 1].into_iter().for_each(&mut word);
                bytes.push(2);
                bytes.extend(value.to_be_bytes());
            }
        }
        bytes
    }

    /// What two requests have in common of which each could take the other's answer, where answers have no numbers.
    pub fn likeness(self) -> (u8, usize) {
        (self.function(), self.data_length())
    }

    /// How long the answer is that begins so.
    pub fn length(self, begin: &[u8]) -> Length {
        match *begin {
            [] => Length::Unknown,
            [function, ..] if function == self.function() | EXCEPTION => Length::Known(2),
            [function, ..] if function != self.function() => Length::Foreign,
            [_, length, ..] if matches!(self, Request::Read { .. }) && usize::from(length) != self.data_length() => {
                Length::Foreign
            }
            // To a read, as many bytes as were asked for; to a write, function, address and number.
            _ => Length::Known(match self {
                Request::Read { .. } => 2 + self.data_length(),
                Request::WriteCoil { .. } | Request::WriteRegister { .. } => 5,
            }),
        }
    }

    fn data_length(self) -> usize {
        match self {
            Request::Read { bank, count, .. } if bank.facts().is_of_bits => usize::from(count).div_ceil(8),
            Request::Read { count, .. } => usize::from(count) * 2,
            Request::WriteCoil { .. } | Request::WriteRegister { .. } => 0,
        }
    }

    /// What an answer says; None: it is none to this request.
    pub fn answer(self, bytes: &[u8]) -> Option<Answer> {
        let (&function, rest) = bytes.split_first()?;
        if function == self.function() | EXCEPTION {
            let [code] = *rest else { return None };
            return Some(Answer::Exception(Exception(code)));
        }
        if function != self.function() {
            return None;
        }
        match self {
            Request::Read { bank, count, .. } => {
                let (&length, data) = rest.split_first()?;
                if usize::from(length) != self.data_length() || data.len() != self.data_length() {
                    return None;
                }
                let bit = |at: usize| u16::from(data[at / 8] >> (at % 8) & 1);
                Some(Answer::Read(match bank.facts().is_of_bits {
                    true => (0..usize::from(count)).map(bit).collect(),
                    false => data.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]])).collect(),
                }))
            }
            // The same address and number as in the request; by several, one was written.
            Request::WriteCoil { .. } | Request::WriteRegister { .. } => {
                self.bytes().get(1..5).is_some_and(|asked| asked == rest).then_some(Answer::Written)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COILS: Request = Request::Read { bank: Bank::Coil, address: 0x13, count: 0x13 };
    const REGISTERS: Request = Request::Read { bank: Bank::Register, address: 0x6b, count: 3 };

    /// The examples of the specification.
    #[test]
    fn the_examples_of_the_specification() {
        assert_eq!(COILS.bytes(), [1, 0, 0x13, 0, 0x13]);
        let bits = [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1];
        assert_eq!(COILS.answer(&[1, 3, 0xcd, 0x6b, 5]), Some(Answer::Read(bits.to_vec())));
        assert_eq!(REGISTERS.bytes(), [3, 0, 0x6b, 0, 3]);
        let answer = [3, 6, 2, 0x2b, 0, 0, 0, 0x64];
        assert_eq!(REGISTERS.answer(&answer), Some(Answer::Read(vec![0x22b, 0, 0x64])));
        let coil = Request::WriteCoil { address: 0xac, on: true, as_several: false };
        assert_eq!(coil.bytes(), [5, 0, 0xac, 0xff, 0]);
        assert_eq!(coil.answer(&[5, 0, 0xac, 0xff, 0]), Some(Answer::Written));
        let register = Request::WriteRegister { address: 1, value: 3, as_several: false };
        assert_eq!(register.bytes(), [6, 0, 1, 0, 3]);
        let several = Request::WriteRegister { address: 1, value: 10, as_several: true };
        assert_eq!(several.bytes(), [16, 0, 1, 0, 1, 2, 0, 10]);
        assert_eq!(several.answer(&[16, 0, 1, 0, 1]), Some(Answer::Written));
        let several = Request::WriteCoil { address: 0x13, on: true, as_several: true };
        assert_eq!(several.bytes(), [15, 0, 0x13, 0, 1, 1, 1]);
        assert_eq!(several.answer(&[15, 0, 0x13, 0, 1]), Some(Answer::Written));
        assert_eq!(COILS.answer(&[0x81, 2]), Some(Answer::Exception(Exception(2))));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for bytes in [
            &[][..],
            &[1],
            &[1, 3],
            &[1, 3, 0xcd, 0x6b],
            &[1, 2, 0xcd, 0x6b],
            &[1, 3, 0xcd, 0x6b, 5, 0],
            &[2, 3, 0xcd, 0x6b, 5],
            &[0x81],
            &[0x81, 2, 0],
            &[0x82, 2],
        ] {
            assert_eq!(COILS.answer(bytes), None, "{bytes:?}");
        }
        let register = Request::WriteRegister { address: 1, value: 3, as_several: false };
        for bytes in [&[6, 0, 2, 0, 3][..], &[6, 0, 1, 0, 4], &[6, 0, 1, 0], &[6, 0, 1, 0, 3, 0]] {
            assert_eq!(register.answer(bytes), None, "of another register or with another number: {bytes:?}");
        }
    }

    #[test]
    fn requests_are_alike_whose_answers_could_be_either_s() {
        let read = |bank, address, count| Request::Read { bank, address, count }.likeness();
        assert_eq!(read(Bank::Register, 1, 2), read(Bank::Register, 7, 2));
        assert_eq!(read(Bank::Coil, 0, 1), read(Bank::Coil, 3, 8), "a byte of bits");
        assert_ne!(read(Bank::Register, 1, 2), read(Bank::Register, 1, 3));
        assert_ne!(read(Bank::Register, 1, 1), read(Bank::InputRegister, 1, 1));
        let write = Request::WriteRegister { address: 1, value: 1, as_several: false };
        assert_ne!(read(Bank::Register, 1, 1), write.likeness());
    }

    #[test]
    fn what_may_have_been_done_is_not_told_as_undone() {
        let uncertain: Vec<u8> = (0..=255).filter(|code| !Exception(*code).changed_nothing()).collect();
        assert_eq!(uncertain, [4, 5, 11]);
    }

    #[test]
    fn how_long_an_answer_is_shows_at_its_beginning() {
        assert_eq!(COILS.length(&[]), Length::Unknown);
        assert_eq!(COILS.length(&[1]), Length::Known(5));
        assert_eq!(COILS.length(&[0x81]), Length::Known(2));
        assert_eq!(COILS.length(&[3, 6]), Length::Foreign);
        assert_eq!(REGISTERS.length(&[3, 6, 2]), Length::Known(8));
        assert_eq!(REGISTERS.length(&[3, 4]), Length::Foreign, "of another number of registers");
    }
}
