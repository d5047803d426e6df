//! Which addresses of a bus answer, and as which devices.

use super::{
    pdu::{Answer, Request},
    wire::{Failure, Wire},
};
use crate::model::{Bank, ModbusBus, ModbusKind, ModbusLink, ModbusPlace};
use std::{ops::RangeInclusive, time::Duration};

/// All that devices can have.
pub const ADDRESSES: RangeInclusive<u8> = 1..=247;
/// One that has not begun to answer by then is not there: devices take some 50 ms.
const PATIENCE: Duration = Duration::from_millis(200);
/// Whatever a device is, it has one of these or refuses one of them. Nothing is written.
const PROBES: [Bank; 3] = [Bank::InputRegister, Bank::Register, Bank::Coil];

/// An address that answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub address: u8,
    /// What came was garbled each time: two devices have this address, or it has another speed.
    pub is_garbled: bool,
    /// The words of the devices as which it answers, the most particular first.
    pub may_be: Vec<&'static str>,
}

/// Asks each of some addresses. `begins` is told which is next.
///
/// # Errors
/// When there is no port or connection.
pub fn scan(
    bus: &ModbusBus,
    addresses: RangeInclusive<u8>,
    kinds: &[ModbusKind],
    mut begins: impl FnMut(u8),
) -> Result<Vec<Found>, String> {
    // A gateway may wait long for each of its devices.
    let patience = match bus.link {
        ModbusLink::Serial { .. } => bus.timeout.min(PATIENCE),
        ModbusLink::Tcp { .. } => bus.timeout,
    };
    let mut line = Asked { wire: Wire::yielding(bus.clone()), lost: None };
    let mut found = Vec::new();
    for address in addresses {
        begins(address);
        if let Some(is_garbled) = line.answers(address, patience)? {
            let mut may_be = Vec::new();
            if !is_garbled {
                for kind in kinds {
                    if line.is_one(address, kind, bus.timeout)? {
                        may_be.push(kind);
                    }
                }
            }
            may_be.sort_by_key(|kind| std::cmp::Reverse(kind.asks.len()));
            found.push(Found { address, is_garbled, may_be: may_be.iter().map(|kind| kind.word).collect() });
        }
    }
    // Who hangs up each time is no gateway.
    line.lost.filter(|_| found.is_empty()).map_or(Ok(found), Err)
}

struct Asked {
    wire: Wire,
    /// Why a connection was lost after a request: some gateways hang up instead of saying that a device is not there.
    lost: Option<String>,
}

impl Asked {
    /// What is answered.
    ///
    /// # Errors
    /// When there is no port or connection.
    fn ask(&mut self, address: u8, place: ModbusPlace, count: u16, timeout: Duration) -> Result<Told, String> {
        let request = Request::Read { bank: place.bank, address: place.address, count };
        Ok(match self.wire.ask(address, request, timeout) {
            Ok(Answer::Exception(exception)) if exception.is_no_answer() => Told::Nothing,
            Ok(Answer::Read(registers)) => Told::Numbers(registers),
            Ok(Answer::Exception(_) | Answer::Written) => Told::Refusal,
            Err(Failure::Corrupt) => Told::Garbled,
            Err(Failure::Silent) => {
                // What is late is no answer to what is asked next; a gateway lets it go with the connection.
                self.wire.renew();
                Told::Nothing
            }
            Err(Failure::Closed(why)) if self.wire.sent() > 0 => {
                self.lost = Some(why);
                Told::Nothing
            }
            Err(Failure::Closed(why)) => return Err(why),
        })
    }

    /// Whether a device is there, and garbled. None: none is.
    fn answers(&mut self, address: u8, timeout: Duration) -> Result<Option<bool>, String> {
        let mut is_garbled = None;
        for bank in PROBES {
            match self.ask(address, ModbusPlace { bank, address: 0 }, 1, timeout)? {
                Told::Numbers(_) | Told::Refusal => return Ok(Some(false)),
                Told::Garbled => is_garbled = Some(true),
                Told::Nothing => {}
            }
        }
        Ok(is_garbled)
    }

    /// Whether it answers for all that a device has.
    fn is_one(&mut self, address: u8, kind: &ModbusKind, timeout: Duration) -> Result<bool, String> {
        for ask in &kind.asks {
            let told = self.ask(address, ask.place, ask.count, timeout)?;
            let Told::Numbers(registers) = told else {
                if told != Told::Refusal {
                    self.wire.listen(timeout);
                }
                return Ok(false);
            };
            if ask.number.is_some_and(|number| number.read(&registers, kind.low_first).is_none()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[derive(PartialEq)]
enum Told {
    Numbers(Vec<u16>),
    Refusal,
    Garbled,
    Nothing,
}
