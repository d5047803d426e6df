//! GPIO chips, their lines, and who holds them.

use super::{GpioChip, GpioLine};
use crate::hardware::lines;
use gpiocdev::{
    chip::Chip,
    line::{Direction, Info},
};
use std::path::Path;

/// All chips that may be opened.
pub(super) fn chips(root: &Path) -> Vec<GpioChip> {
    let chips = lines::chip_nodes(&root.join("dev")).into_iter();
    chips.filter_map(|node| chip(&Chip::from_path(node).ok()?)).collect()
}

fn chip(chip: &Chip) -> Option<GpioChip> {
    let info = chip.info().ok()?;
    let lines = (0..info.num_lines).filter_map(|offset| chip.line_info(offset).ok()).map(line).collect();
    Some(GpioChip { name: info.name, label: info.label, lines })
}

fn line(info: Info) -> GpioLine {
    let consumer = match info.used {
        true if info.consumer.is_empty() => Some("a driver of the kernel".to_owned()),
        true => Some(info.consumer),
        false => None,
    };
    GpioLine {
        offset: info.offset,
        name: Some(info.name).filter(|name| !name.is_empty()),
        consumer,
        output: info.direction == Direction::Output,
    }
}
