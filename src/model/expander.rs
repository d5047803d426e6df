//! Chips that bring more pins: what is connected to them is used like a wire of the board.

use super::table::table;
use super::{Config, Line, Pull, PwmChannel};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};

/// A chip on an I2C bus whose pins outputs and inputs may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Expander {
    /// The key of its table, before the slash of `box/3`.
    pub id: Arc<str>,
    /// Which one.
    pub chip: ExpanderChip,
    /// The I2C bus, as in `/dev/i2c-1`.
    pub bus: u8,
    /// The 7-bit I2C address.
    pub address: u8,
    /// How often its inputs are looked at.
    pub poll: Duration,
    /// The wire of the board that it pulls down when one of its inputs changes.
    pub interrupt: Option<Line>,
    /// Of its PWM channels, Hz.
    pub frequency: f64,
}

/// What is known of a chip with pins.
pub struct ExpanderFacts {
    addresses: RangeInclusive<u8>,
    others: Option<RangeInclusive<u8>>,
    pins: u32,
}

const fn row(addresses: RangeInclusive<u8>, others: Option<RangeInclusive<u8>>, pins: u32) -> ExpanderFacts {
    ExpanderFacts { addresses, others, pins }
}

table! {
    /// The chips that have a driver.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ExpanderChip: ExpanderFacts {
        /// 16 pins, with pull-up resistors.
        Mcp23017 = "mcp23017", row(0x20..=0x27, None, 16);
        /// 8 pins, always pulled up weakly; also the PCF8574A, which begins at 0x38.
        Pcf8574 = "pcf8574", row(0x20..=0x27, Some(0x38..=0x3f), 8);
        /// 16 pins, always pulled up weakly; also the TCA9555.
        Pca9555 = "pca9555", row(0x20..=0x27, None, 16);
        /// The same without resistors; also the TCA9535 and XL9535.
        Pca9535 = "pca9535", row(0x20..=0x27, None, 16);
        /// 16 pins, with pull-up and pull-down resistors.
        Sx1509 = "sx1509", row(0x3e..=0x3f, Some(0x70..=0x71), 16);
        /// 16 PWM channels. 0x70 calls all of them at once.
        Pca9685 = "pca9685", row(0x40..=0x6f, Some(0x71..=0x77), 16);
    }
}

impl ExpanderChip {
    /// The addresses that its pins can select; the first is the usual one.
    pub fn addresses(self) -> impl Iterator<Item = u8> {
        let facts = self.facts();
        facts.addresses.clone().chain(facts.others.clone().into_iter().flatten())
    }

    /// How many pins or channels it has, numbered from 0.
    pub fn pins(self) -> u32 {
        self.facts().pins
    }

    /// Whether its inputs can have this resistor. Where one is always there, asking for none is no mistake: it is weak.
    pub fn has_pull(self, pull: Pull) -> bool {
        match pull {
            Pull::None | Pull::AsIs => true,
            Pull::Up => self != ExpanderChip::Pca9535,
            Pull::Down => self == ExpanderChip::Sx1509,
        }
    }

    /// Whether a pin may be an input. GPA7 and GPB7 of an MCP23017 may not: as inputs they can spoil what is on the bus
    /// (datasheet DS20001952 from revision D on).
    pub fn has_input(self, pin: u32) -> bool {
        !(self.is_pwm() || self == ExpanderChip::Mcp23017 && matches!(pin, 7 | 15))
    }

    /// Whether its pins are PWM channels.
    pub fn is_pwm(self) -> bool {
        self == ExpanderChip::Pca9685
    }
}

impl Expander {
    /// Whether another is the same chip, wired in the same way; its other settings may differ.
    pub fn is_wired_as(&self, other: &Expander) -> bool {
        (self.chip, self.bus, self.address, &self.interrupt) == (other.chip, other.bus, other.address, &other.interrupt)
    }
}

impl Line {
    /// The expander and its pin or channel that this is, if it is one of theirs.
    pub fn on_expander<'e>(&self, expanders: &'e [Expander]) -> Option<(&'e Expander, u32)> {
        let (Line::OnChip { chip, offset: pin } | Line::Pwm(PwmChannel::OnChip { chip, channel: pin })) = self else {
            return None;
        };
        expanders.iter().find(|expander| *expander.id == **chip).map(|expander| (expander, *pin))
    }

    /// Whether it belongs to another chip in another house, or to one that is wired otherwise there.
    pub fn is_moved(&self, before: &Config, now: &Config) -> bool {
        if self.remote().is_some() {
            // The same topics at another broker are another device.
            return !before.has_same_broker(now);
        }
        if let Some(point) = self.modbus() {
            return before.has_other_bus(&point.unit, now);
        }
        if let Some(state) = self.serial() {
            return before.has_other_port(&state.port, now);
        }
        match (before.expander_pin(self), now.expander_pin(self)) {
            (Some((before, _)), Some((now, _))) => !before.is_wired_as(now),
            (before, now) => before.is_some() != now.is_some(),
        }
    }
}
