//! Which addresses of a bus answer, and as which devices.

use super::{
    pdu::{Answer, Request},
    wire::{Failure, Wire},
};
use crate::model::{Bank, ModbusBus, ModbusKind, ModbusNumber, ModbusPlace};
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
    let mut wire = Wire::new(bus.clone());
    let mut found = Vec::new();
    for address in addresses {
        begins(address);
        if let Some(is_garbled) = answers(&mut wire, address, bus.timeout.min(PATIENCE))? {
            let mut may_be = Vec::new();
            if !is_garbled {
                for kind in kinds {
                    if is_one(&mut wire, address, kind, bus.timeout)? {
                        may_be.push(kind);
                    }
                }
            }
            may_be.sort_by_key(|kind| std::cmp::Reverse(kind.asks.len()));
            found.push(Found { address, is_garbled, may_be: may_be.iter().map(|kind| kind.word).collect() });
        }
    }
    Ok(found)
}

/// Whether a device is there, and garbled. None: none is.
fn answers(wire: &mut Wire, address: u8, timeout: Duration) -> Result<Option<bool>, String> {
    let mut is_garbled = None;
    for bank in PROBES {
        match wire.ask(address, read(ModbusPlace { bank, address: 0 }, 1), timeout) {
            Ok(Answer::Exception(exception)) if exception.is_no_answer() => {}
            Ok(_) => return Ok(Some(false)),
            Err(Failure::Corrupt) => is_garbled = Some(true),
            Err(Failure::Silent) => {}
            Err(Failure::Closed(why)) => return Err(why),
        }
    }
    Ok(is_garbled)
}

/// Whether it answers for all that a device has.
fn is_one(wire: &mut Wire, address: u8, kind: &ModbusKind, timeout: Duration) -> Result<bool, String> {
    for ask in &kind.asks {
        match wire.ask(address, read(ask.place, ask.count), timeout) {
            Ok(Answer::Read(registers)) => {
                let is_number = |number: ModbusNumber| number.read(&registers, kind.low_first).is_some();
                if !ask.number.is_none_or(is_number) {
                    return Ok(false);
                }
            }
            Err(Failure::Closed(why)) => return Err(why),
            Ok(_) => return Ok(false),
            Err(Failure::Silent | Failure::Corrupt) => {
                // What is late is no answer to what is asked next.
                wire.listen(timeout);
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn read(place: ModbusPlace, count: u16) -> Request {
    Request::Read { bank: place.bank, address: place.address, count }
}
