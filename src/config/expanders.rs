//! `[expanders.NAME]`: chips that bring more pins.

use super::{
    chips,
    diagnostic::Problems,
    shape::{ChipOf, Decimal, Period, SECOND, Whole, Wire, one_of},
    table::{Id, Table},
};
use crate::model::{Expander, ExpanderChip};
use std::{ops::Range, time::Duration};

const CHIP: &[(&str, ExpanderChip)] = &[
    ("mcp23017", ExpanderChip::Mcp23017),
    ("pcf8574", ExpanderChip::Pcf8574),
    ("pcf8574a", ExpanderChip::Pcf8574),
    ("pca9555", ExpanderChip::Pca9555),
    ("tca9555", ExpanderChip::Pca9555),
    ("pca9535", ExpanderChip::Pca9535),
    ("tca9535", ExpanderChip::Pca9535),
    ("xl9535", ExpanderChip::Pca9535),
    ("sx1509", ExpanderChip::Sx1509),
    ("pca9685", ExpanderChip::Pca9685),
];

/// An expander as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    pub expander: Expander,
    /// The place of its address, or of its header; nothing when chip or address are not known.
    pub address: Option<Range<usize>>,
    /// The place of its interrupt wire.
    pub interrupt: Option<Range<usize>>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let chip = table.required("chip", "Which chip it is.", "\"mcp23017\"", ChipOf(CHIP));
    let address =
        table.optional("address", "Its I2C address, such as 0x20; the chip's usual one when absent.", Whole(0..=0xff));
    let bus = table.defaulted("bus", "The I2C bus: 1 is /dev/i2c-1.", Whole(0..=255), 1);
    let poll = table.defaulted(
        "poll",
        "How often its inputs are looked at, 10ms to 10s.",
        Period(Duration::from_millis(10)..=10 * SECOND),
        Duration::from_millis(50),
    );
    let interrupt = table.optional(
        "interrupt",
        "The wire of the board that it pulls down when an input changes: they are then looked at once.",
        Wire,
    );
    let frequency = table.defaulted(
        "frequency",
        "Of the PWM channels of a pca9685, Hz; all have the same.",
        Decimal(24.0..=1526.0),
        1000.0,
    );
    let mut address_known = chip.is_some() && (address.is_some() || !table.has("address"));
    if let (Some(chip), Some(written)) = (chip, address)
        && !chip.addresses().any(|possible| i64::from(possible) == written)
    {
        address_known = false;
        let possible: Vec<String> = chip.addresses().take(16).map(|address| format!("{address:#04x}")).collect();
        let message = format!("{} chips are never at the address {written:#04x}", chip.word());
        table.error_at("address", message, format!("write {}", one_of(possible)));
    }
    if let Some(chip) = chip {
        let useless: &[&str] = if chip.is_pwm() { &["poll", "interrupt"] } else { &["frequency"] };
        for key in useless.iter().filter(|key| table.has(key)) {
            table.error_at(key, format!("{} chips have no `{key}`", chip.word()), "remove the line");
        }
    }
    let chip = chip.unwrap_or(ExpanderChip::Mcp23017);
    let usual = chip.addresses().next().unwrap_or(0);
    Draft {
        address: address_known.then(|| table.place_of("address")),
        interrupt: interrupt.is_some().then(|| table.place_of("interrupt")),
        expander: Expander {
            id: id.text.as_str().into(),
            chip,
            bus: u8::try_from(bus).unwrap_or(u8::MAX),
            address: address.and_then(|address| u8::try_from(address).ok()).unwrap_or(usual),
            poll,
            interrupt,
            frequency,
        },
        id: id.clone(),
    }
}

/// Reports names that are those of the kernel's chips.
pub(super) fn check_name(id: &Id, problems: &Problems) {
    for begin in ["gpiochip", "pwmchip"] {
        if id.text.starts_with(begin) {
            let message = format!("`{}` looks like a chip of the kernel", id.text);
            problems.error(id.place.clone(), message, "choose another name, such as `box`");
        }
    }
}

impl Draft {
    /// What it takes on its bus.
    pub fn claim(&self) -> chips::Claim<'_> {
        let Expander { bus, address, chip, .. } = self.expander;
        chips::Claim {
            id: &self.id,
            place: self.address.as_ref(),
            bus,
            mux: None,
            address,
            possible: chip.addresses().collect(),
        }
    }
}
