//! Which registers and bits are read together.

use super::pdu::Request;
use crate::model::{Bank, ModbusPlace};

/// The most registers that one request reads; many devices have room for no more.
const MOST_REGISTERS: u16 = 60;
/// The most bits.
const MOST_BITS: u16 = 256;
/// So many between two that are wanted are read along: a request takes longer.
const GAP_REGISTERS: u16 = 10;
const GAP_BITS: u16 = 32;

/// What one request reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// From here on.
    pub first: ModbusPlace,
    /// So many.
    pub count: u16,
    /// What of it is wanted, each from where and how many. A device that has nothing between them refuses the whole.
    pub parts: Vec<(ModbusPlace, u16)>,
}

impl Block {
    fn of(first: ModbusPlace, count: u16) -> Block {
        Block { first, count, parts: vec![(first, count)] }
    }

    /// What asks for it.
    pub fn request(&self) -> Request {
        Request::Read { bank: self.first.bank, address: self.first.address, count: self.count }
    }

    /// Each of its parts by itself.
    pub fn split(&self) -> Vec<Block> {
        self.parts.iter().map(|(first, count)| Block::of(*first, *count)).collect()
    }

    /// The places that it reads.
    pub fn places(&self) -> impl Iterator<Item = ModbusPlace> + use<> {
        let bank = self.first.bank;
        (self.first.address..=self.first.address.saturating_add(self.count - 1))
            .map(move |address| ModbusPlace { bank, address })
    }
}

/// The fewest blocks that read all that is wanted, each from where and how many.
pub fn blocks(mut wanted: Vec<(ModbusPlace, u16)>) -> Vec<Block> {
    wanted.sort_unstable();
    wanted.dedup();
    let mut blocks: Vec<Block> = Vec::new();
    for (place, count) in wanted {
        let (most, gap) = limits(place.bank);
        let end = u32::from(place.address) + u32::from(count);
        match blocks.last_mut() {
            Some(block)
                if block.first.bank == place.bank
                    && u32::from(place.address) <= u32::from(block.first.address) + u32::from(block.count + gap)
                    && end - u32::from(block.first.address) <= u32::from(most) =>
            {
                let reaches = u16::try_from(end - u32::from(block.first.address)).unwrap_or(most);
                block.count = block.count.max(reaches);
                block.parts.push((place, count));
            }
            _ => blocks.push(Block::of(place, count)),
        }
    }
    blocks
}

fn limits(bank: Bank) -> (u16, u16) {
    if bank.facts().is_of_bits { (MOST_BITS, GAP_BITS) } else { (MOST_REGISTERS, GAP_REGISTERS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wanted: &[(Bank, u16, u16)]) -> Vec<String> {
        let wanted = wanted.iter().map(|&(bank, address, count)| (ModbusPlace { bank, address }, count)).collect();
        blocks(wanted).iter().map(|block| format!("{} +{} ({})", block.first, block.count, block.parts.len())).collect()
    }

    #[test]
    fn what_is_near_is_read_together() {
        use Bank::{Coil, InputRegister, Register};
        let meter = [0, 6, 12, 30, 70, 72].map(|address| (InputRegister, address, 2));
        assert_eq!(read(&meter), ["input register 0 +14 (3)", "input register 30 +2 (1)", "input register 70 +4 (2)"]);
        let relays: Vec<_> = (0..16).map(|address| (Coil, address, 1)).collect();
        assert_eq!(read(&relays), ["coil 0 +16 (16)"]);
        assert_eq!(read(&[(Register, 5, 1), (Register, 5, 1), (Register, 4, 2)]), ["register 4 +2 (2)"]);
        assert_eq!(read(&[(Coil, 1, 1), (Register, 1, 1)]), ["coil 1 +1 (1)", "register 1 +1 (1)"]);
        assert_eq!(read(&[(Register, u16::MAX, 1)]), ["register 65535 +1 (1)"]);
        let many: Vec<_> = (0..100).map(|address| (Register, address, 1)).collect();
        assert_eq!(read(&many), ["register 0 +60 (60)", "register 60 +40 (40)"]);
    }

    #[test]
    fn a_split_block_reads_what_is_wanted_and_no_more() {
        let place = |address| ModbusPlace { bank: Bank::Register, address };
        let block = &blocks(vec![(place(1), 1), (place(4), 2)])[0];
        assert_eq!(block.places().count(), 5);
        let parts: Vec<_> = block.split().iter().flat_map(Block::places).map(|place| place.address).collect();
        assert_eq!(parts, [1, 4, 5]);
    }
}
