//! TCA9548A (Texas Instruments, datasheet SCPS207) and its clones: one I2C bus fans out into eight.

use crate::{hardware::HardwareError, model::Mux};
use embedded_hal::i2c::{ErrorType, I2c, Operation};

/// The bus behind one channel. The channel is open during its own transfers only, so that chips of the same address in
/// other places never answer together.
pub(super) struct Behind<B> {
    mux: Mux,
    bus: B,
}

impl<B> Behind<B> {
    pub fn new(mux: Mux, bus: B) -> Behind<B> {
        Behind { mux, bus }
    }
}

impl<B: I2c<Error = HardwareError>> ErrorType for Behind<B> {
    type Error = HardwareError;
}

impl<B: I2c<Error = HardwareError>> I2c for Behind<B> {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        // One bit a channel (section 8.6.3, control register).
        self.bus.write(self.mux.address, &[1 << self.mux.channel])?;
        let result = self.bus.transaction(address, operations);
        let closed = self.bus.write(self.mux.address, &[0]);
        result.and(closed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::{play, wired};
    use crate::model::{Chip, Mux};

    #[test]
    fn a_channel_is_open_during_its_own_transfers_only() {
        let mut chip = wired(Chip::Lm75);
        chip.mux = Some(Mux { address: 0x73, channel: 5 });
        assert_eq!(play(&chip, "@73 w 20 / w 00 r 19 00 / @73 w 00"), "temperature 25");
        let text = "nothing answers at 0x48 on I2C bus 1: check wiring and address";
        assert_eq!(play(&chip, "@73 w 20 / w 00 r 00 00 absent / @73 w 00"), text);
        let text = "nothing answers at 0x73 on I2C bus 1: check wiring and address";
        assert_eq!(play(&chip, "@73 w 20 absent"), text);
    }
}
