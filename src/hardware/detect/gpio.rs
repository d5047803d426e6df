//! GPIO chips, their lines, and who holds them.

use super::{GpioChip, GpioLine};
use crate::hardware::{lines, machine::Machine, pins::Pins};
use gpiocdev::{
    chip::Chip,
    line::{Direction, Info},
};

/// All chips that may be opened.
pub(super) fn chips(machine: &Machine) -> Vec<GpioChip> {
    let pins = Pins::read(&machine.device_tree());
    let chips = lines::chip_nodes(&machine.dev()).into_iter();
    chips.filter_map(|node| chip(&Chip::from_path(node).ok()?, &pins)).collect()
}

fn chip(chip: &Chip, pins: &Pins) -> Option<GpioChip> {
    let info = chip.info().ok()?;
    let on_header = lines::is_header(&info.label);
    let bus = |offset| pins.bus_of(offset).filter(|_| on_header).map(|bus| format!("the bus {bus}"));
    let lines = (0..info.num_lines).filter_map(|offset| Some(line(chip.line_info(offset).ok()?, bus(offset))));
    Some(GpioChip { name: info.name, label: info.label, lines: lines.collect() })
}

fn line(info: Info, bus: Option<String>) -> GpioLine {
    let consumer = match info.used {
        true => Some(lines::holder(info.consumer)),
        false => bus,
    };
    GpioLine {
        offset: info.offset,
        name: Some(info.name).filter(|name| !name.is_empty()),
        consumer,
        output: info.direction == Direction::Output,
    }
}
