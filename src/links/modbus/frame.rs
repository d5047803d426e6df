//! Frames around requests and answers: RTU with its checksum, and Modbus TCP with its numbers.
//!
//! An answer is believed when all of it fits the request: unit, function, length, and in RTU the checksum, in TCP the number.
//! Whatever else comes is passed over, and the answer is waited for behind it.

use super::pdu::{Answer, LONGEST, Length, Request};

/// How frames are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Unit, data unit, checksum.
    Rtu,
    /// Number, 0, length, unit, data unit.
    Tcp,
}

/// What is found in the bytes that came so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The answer.
    Answer(Answer),
    /// More is to come.
    NotYet,
    /// In RTU, the checksum of the answer was wrong. It came, so none is to come any more.
    Corrupt,
    /// In TCP, where frames begin is lost: the connection is of no use any more.
    Broken,
}

/// The bytes before the data unit in TCP.
const HEADER: usize = 7;

impl Framing {
    /// The bytes that ask a unit; `number` tells answers of TCP apart.
    pub fn frame(self, number: u16, unit: u8, request: Request) -> Vec<u8> {
        let pdu = request.bytes();
        match self {
            Framing::Rtu => {
                let mut bytes = vec![unit];
                bytes.extend(pdu);
                let sum = checksum(&bytes);
                bytes.extend(sum.to_le_bytes());
                bytes
            }
            Framing::Tcp => {
                // A request has at most some ten bytes.
                let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
                let mut bytes = Vec::with_capacity(HEADER + pdu.len());
                bytes.extend([number.to_be_bytes(), [0, 0], length.to_be_bytes()].concat());
                bytes.push(unit);
                bytes.extend(pdu);
                bytes
            }
        }
    }

    /// The longest answer to a request, in bytes.
    pub fn answer_length(self, request: Request) -> usize {
        let pdu = match request.length(&[request.function()]) {
            Length::Known(length) => length,
            Length::Unknown | Length::Foreign => LONGEST,
        };
        match self {
            Framing::Rtu => pdu + 3,
            Framing::Tcp => pdu + HEADER,
        }
    }

    /// Looks for the answer to a request in what came so far, and takes away what was passed over.
    pub fn find(self, number: u16, unit: u8, request: Request, came: &mut Vec<u8>) -> Found {
        match self {
            Framing::Rtu => find_rtu(unit, request, came),
            Framing::Tcp => find_tcp(number, unit, request, came),
        }
    }
}

/// Frames of RTU have no beginning that could be told from their content: the answer is what has the right unit, function,
/// length and checksum, wherever that begins.
fn find_rtu(unit: u8, request: Request, came: &mut Vec<u8>) -> Found {
    let mut is_corrupt = false;
    let mut open = None;
    for start in 0..came.len() {
        let begin = &came[start..];
        if begin[0] != unit {
            continue;
        }
        let Length::Known(length) = request.length(&begin[1..]) else {
            if begin.len() == 1 {
                open.get_or_insert(start);
            }
            continue;
        };
        let Some(frame) = begin.get(..length + 3) else {
            open.get_or_insert(start);
            continue;
        };
        let (content, sum) = frame.split_at(length + 1);
        if checksum(content).to_le_bytes() == sum
            && let Some(answer) = request.answer(&content[1..])
        {
            came.drain(..start + length + 3);
            return Found::Answer(answer);
        }
        is_corrupt |= begin.len() == length + 3 && start == 0;
    }
    if is_corrupt {
        came.clear();
        return Found::Corrupt;
    }
    // What cannot become an answer any more is let go.
    match open {
        Some(start) => drop(came.drain(..start)),
        None => came.clear(),
    }
    Found::NotYet
}

fn find_tcp(number: u16, unit: u8, request: Request, came: &mut Vec<u8>) -> Found {
    loop {
        let Some(header) = came.get(..HEADER) else { return Found::NotYet };
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let (their_number, protocol, length) = (word(0), word(2), usize::from(word(4)));
        if protocol != 0 || !(2..=LONGEST + 1).contains(&length) {
            return Found::Broken;
        }
        let their_unit = header[6];
        let Some(pdu) = came.get(HEADER..HEADER - 1 + length) else { return Found::NotYet };
        let answer = request.answer(pdu).filter(|_| their_number == number && their_unit == unit);
        came.drain(..HEADER - 1 + length);
        if let Some(answer) = answer {
            return Found::Answer(answer);
        }
    }
}

/// The checksum of RTU: CRC-16 with the polynomial 0xa001, begun with ones.
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{links::modbus::pdu::Exception, model::Bank};

    const READ: Request = Request::Read { bank: Bank::InputRegister, address: 1, count: 1 };

    fn rtu(bytes: &[u8]) -> Vec<u8> {
        let mut frame = bytes.to_vec();
        frame.extend(checksum(bytes).to_le_bytes());
        frame
    }

    /// What the data sheet of the XY-MD02 shows.
    #[test]
    fn the_example_of_a_thermometer() {
        assert_eq!(Framing::Rtu.frame(0, 1, READ), [1, 4, 0, 1, 0, 1, 0x60, 0x0a]);
        let mut came = vec![1, 4, 2, 1, 0x31, 0x79, 0x74];
        assert_eq!(came.len(), Framing::Rtu.answer_length(READ));
        assert_eq!(Framing::Rtu.find(0, 1, READ, &mut came), Found::Answer(Answer::Read(vec![305])));
        assert!(came.is_empty());
        assert_eq!(Framing::Tcp.frame(7, 1, READ), [0, 7, 0, 0, 0, 6, 1, 4, 0, 1, 0, 1]);
    }

    #[test]
    fn an_answer_in_pieces_is_waited_for() {
        let whole = rtu(&[1, 4, 2, 1, 0x31]);
        for cut in 0..whole.len() {
            let mut came = whole[..cut].to_vec();
            assert_eq!(Framing::Rtu.find(0, 1, READ, &mut came), Found::NotYet, "{cut}");
            came.extend(&whole[cut..]);
            assert_eq!(Framing::Rtu.find(0, 1, READ, &mut came), Found::Answer(Answer::Read(vec![305])), "{cut}");
        }
    }

    #[test]
    fn noise_other_units_and_other_functions_are_passed_over() {
        let good = rtu(&[1, 4, 2, 1, 0x31]);
        for before in [
            vec![0xff],
            vec![1],
            vec![1, 4],
            rtu(&[2, 4, 2, 9, 9]),
            rtu(&[1, 3, 2, 9, 9]),
            rtu(&[1, 4, 4, 9, 9, 9, 9]),
            vec![0, 0, 0, 0],
        ] {
            let mut came = [before.clone(), good.clone()].concat();
            assert_eq!(
                Framing::Rtu.find(0, 1, READ, &mut came),
                Found::Answer(Answer::Read(vec![305])),
                "behind {before:?}"
            );
        }
    }

    #[test]
    fn what_is_no_answer_of_rtu_is_none() {
        let mut corrupt = rtu(&[1, 4, 2, 1, 0x31]);
        corrupt[3] ^= 4;
        assert_eq!(Framing::Rtu.find(0, 1, READ, &mut corrupt), Found::Corrupt);
        for mut came in [rtu(&[2, 4, 2, 1, 0x31]), rtu(&[1, 3, 2, 1, 0x31]), rtu(&[1, 4, 4, 0, 0, 1, 0x31])] {
            let before = came.clone();
            assert!(!matches!(Framing::Rtu.find(0, 1, READ, &mut came), Found::Answer(_)), "{before:?}");
        }
        let mut refused = rtu(&[1, 0x84, 2]);
        assert_eq!(Framing::Rtu.find(0, 1, READ, &mut refused), Found::Answer(Answer::Exception(Exception(2))));
    }

    #[test]
    fn an_answer_of_tcp_has_the_number_of_its_request() {
        let frame = |number: u8, unit: u8, value: u8| vec![0, number, 0, 0, 0, 5, unit, 4, 2, 1, value];
        let mut came = [frame(6, 1, 1), frame(7, 2, 2), frame(7, 1, 3)].concat();
        assert_eq!(Framing::Tcp.find(7, 1, READ, &mut came), Found::Answer(Answer::Read(vec![0x103])));
        let mut late = frame(6, 1, 1);
        assert_eq!(Framing::Tcp.find(7, 1, READ, &mut late), Found::NotYet);
        assert!(late.is_empty());
        for mut broken in [vec![0, 7, 0, 1, 0, 5, 1], vec![0, 7, 0, 0, 0, 1, 1], vec![0, 7, 0, 0, 9, 9, 1]] {
            assert_eq!(Framing::Tcp.find(7, 1, READ, &mut broken), Found::Broken);
        }
    }
}
