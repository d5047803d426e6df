//! GPIO chips, their lines, and who holds them.

use super::{GpioChip, GpioLine};
use crate::hardware::{lines, pins::BusPins};
use gpiocdev::{
    chip::Chip,
    line::{Direction, Info},
};
use std::path::Path;

/// All chips that may be opened.
pub(super) fn chips(root: &Path) -> Vec<GpioChip> {
    let buses = BusPins::read(&root.join("proc/device-tree"));
    let chips = lines::chip_nodes(&root.join("dev")).into_iter();
    chips.filter_map(|node| chip(&Chip::from_path(node).ok()?, &buses)).collect()
}

fn chip(chip: &Chip, buses: &BusPins) -> Option<GpioChip> {
    let info = chip.info().ok()?;
    let on_header = lines::MAIN_CHIPS.contains(&info.label.as_str());
    let bus = |offset| buses.owner(offset).filter(|_| on_header).map(|bus| format!("the bus {bus}"));
    let lines = (0..info.num_lines).filter_map(|offset| Some(line(chip.line_info(offset).ok()?, bus(offset))));
    Some(GpioChip { name: info.name, label: info.label, lines: lines.collect() })
}

fn line(info: Info, bus: Option<String>) -> GpioLine {
    let consumer = match info.used {
        true if info.consumer.is_empty() => Some("a driver of the kernel".to_owned()),
        true => Some(info.consumer),
        false => bus,
    };
    GpioLine {
        offset: info.offset,
        name: Some(info.name).filter(|name| !name.is_empty()),
        consumer,
        output: info.direction == Direction::Output,
    }
}
