//! Writes outputs and reads them back.

use super::Bus;
use crate::{
    links::modbus::{
        device::{Device, refused, write},
        pdu::{Answer, Exception, Request},
    },
    model::{Level, ModbusForm, ModbusPoint},
};
use std::{sync::Arc, thread::sleep, time::Duration};

/// A relay takes this time to be where it was told, some devices more: it is read back so many times.
const READS_BACK: usize = 4;
const READ_BACK_EVERY: Duration = Duration::from_millis(50);

/// Why an output was not driven.
pub(super) struct NotDriven {
    pub text: String,
    /// It is as it was: nothing was asked, or it was refused.
    pub is_certain: bool,
}

impl Bus {
    /// Drives an output and reads it back.
    pub(super) fn drive(&mut self, point: &Arc<ModbusPoint>, level: Level) -> Result<(), NotDriven> {
        let address = point.unit.address;
        // `hearthd safe` drives what nobody reads.
        let device = self.devices.entry(address).or_insert_with(Device::new);
        device.is_written(point.place);
        if let Some(state) = device.outputs.get_mut(point) {
            (state.wanted, state.is_confirmed) = (Some(level), false);
        }
        if let Some(text) = self.spared(address) {
            return Err(NotDriven { text, is_certain: true });
        }
        self.write(point, level)?;
        if point.verify {
            self.verify(point, level)?;
        }
        if let Some(state) = self.devices.get_mut(&address).and_then(|device| device.outputs.get_mut(point)) {
            state.is_confirmed = true;
        }
        Ok(())
    }

    fn write(&mut self, point: &ModbusPoint, level: Level) -> Result<(), NotDriven> {
        let (address, name) = (point.unit.address, self.called(point.unit.address));
        for _ in 0..2 {
            let several = self.devices.get(&address).map_or([false; 2], |device| device.writes_several);
            let request = match write(point, level, several) {
                Some(request) => request,
                None => self.with_bit(point, level, several[1])?,
            };
            match self.ask(address, request)? {
                Answer::Exception(Exception::ILLEGAL_FUNCTION) if !is_several(request) => {
                    // Some have only the functions that write several at once.
                    let device = self.devices.entry(address).or_insert_with(Device::new);
                    device.writes_several[usize::from(!matches!(request, Request::WriteCoil { .. }))] = true;
                }
                Answer::Exception(refusal) => {
                    let text = refused(&name, point.place, refusal);
                    return Err(NotDriven { text, is_certain: self.changed_nothing(refusal) });
                }
                Answer::Read(_) | Answer::Written => return Ok(()),
            }
        }
        Err(NotDriven { text: refused(&name, point.place, Exception::ILLEGAL_FUNCTION), is_certain: true })
    }

    /// What writes a register with one bit set or not, and the others as they are.
    fn with_bit(&mut self, point: &ModbusPoint, level: Level, as_several: bool) -> Result<Request, NotDriven> {
        // Nothing is written yet.
        let raw = self.read(point).map_err(|failure| NotDriven { is_certain: true, ..failure })?;
        let bit = if let ModbusForm::Bit(bit) = point.form { 1 << bit } else { 0 };
        let value = if level.is_on() { raw | bit } else { raw & !bit };
        Ok(Request::WriteRegister { address: point.place.address, value, as_several })
    }

    fn read(&mut self, point: &ModbusPoint) -> Result<u16, NotDriven> {
        let (address, name) = (point.unit.address, self.called(point.unit.address));
        let request = Request::Read { bank: point.place.bank, address: point.place.address, count: 1 };
        match self.ask(address, request)? {
            Answer::Read(values) if values.len() == 1 => Ok(values[0]),
            Answer::Exception(refusal) => {
                Err(NotDriven { text: refused(&name, point.place, refusal), is_certain: false })
            }
            Answer::Read(_) | Answer::Written => {
                Err(NotDriven { text: format!("{name} does not tell {}", point.place), is_certain: false })
            }
        }
    }

    fn verify(&mut self, point: &ModbusPoint, level: Level) -> Result<(), NotDriven> {
        let mut raw = 0;
        for again in 0..READS_BACK {
            if again > 0 {
                sleep(READ_BACK_EVERY);
            }
            // It was written: what comes of a failure to read it nobody knows.
            raw = self.read(point).map_err(|failure| NotDriven { is_certain: false, ..failure })?;
            if point.form.is_at(raw, level) {
                return Ok(());
            }
        }
        let is = point.form.level(raw);
        let text = format!("{point} does not obey: it is {is} after {level} was written");
        // Some take longer than it was read back for.
        Err(NotDriven { text, is_certain: false })
    }
}

fn is_several(request: Request) -> bool {
    matches!(request, Request::WriteCoil { as_several: true, .. } | Request::WriteRegister { as_several: true, .. })
}
