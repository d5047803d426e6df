//! `[hardware]`: how wires are reached.

use super::{
    shape::{OneOf, Text},
    table::Table,
};
use crate::model::{Backend, HardwareSettings};

pub(super) fn read(table: &mut Table<'_>) -> HardwareSettings {
    let backend = table.defaulted(
        "backend",
        "\"rppal\" on a Raspberry Pi, \"chardev\" on any Linux board, \"simulated\" anywhere; \"auto\" picks.",
        OneOf(&Backend::WORDS),
        Backend::Auto,
    );
    let gpiochip = table.optional(
        "gpiochip",
        "The GPIO chip (name or label) that line numbers count on; for the chardev backend.",
        Text,
    );
    if gpiochip.is_some() && matches!(backend, Backend::Rppal | Backend::Simulated) {
        table.error_at(
            "gpiochip",
            "`gpiochip` is for the chardev backend only",
            "remove it, or set backend = \"chardev\"",
        );
    }
    HardwareSettings { backend, gpiochip, plays_remote: false }
}
