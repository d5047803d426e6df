//! What is on Modbus: the buses, and the registers and coils that inputs, sensors and outputs are.

use super::table::table;
use super::{Config, Level, Line, OutputId, Quantity};
use std::{fmt, sync::Arc, time::Duration};

/// A bus, or a device on the network that is one by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModbusBus {
    /// The key of its table: what points name.
    pub id: Arc<str>,
    /// How it is reached.
    pub link: ModbusLink,
    /// An answer begins within this time.
    pub timeout: Duration,
    /// How often inputs and outputs are read.
    pub poll: Duration,
    /// How long the bus is silent before each request, beyond what the protocol asks.
    pub pause: Duration,
}

/// How a bus is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModbusLink {
    /// A serial port, in frames of RTU.
    Serial {
        /// The device file.
        port: Arc<str>,
        /// Bits a second.
        baud: u32,
        /// The bit that is checked.
        parity: Parity,
        /// 1 or 2.
        stop_bits: u8,
    },
    /// A connection over TCP.
    Tcp {
        /// Name or address.
        host: Arc<str>,
        /// TCP port.
        port: u16,
        /// In frames of RTU, as a plain converter passes them on, not in those of Modbus TCP.
        rtu: bool,
    },
}

table! {
    /// The bit behind each byte by which a serial line is checked.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Parity {
        /// There is none.
        None = "none";
        /// The number of ones becomes even.
        Even = "even";
        /// The number of ones becomes odd.
        Odd = "odd";
    }
}

impl ModbusLink {
    /// Where it is, for people: `/dev/ttyUSB0`, `192.168.1.20:502`. Two links to one place are the same wires, whatever their
    /// settings are.
    pub fn place(&self) -> String {
        match self {
            ModbusLink::Serial { port, .. } => port.to_string(),
            ModbusLink::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            ModbusLink::Tcp { host, port, .. } => format!("{host}:{port}"),
        }
    }
}

/// A device on a bus.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModbusUnit {
    /// The bus.
    pub bus: Arc<str>,
    /// Its address there, 1 to 255.
    pub address: u8,
}

/// What is known of a table of devices.
#[derive(Clone, Copy, Debug)]
pub struct BankFacts {
    /// What people call one of it.
    pub noun: &'static str,
    /// The function that reads it.
    pub function: u8,
    /// It holds bits, not registers of 16 bits.
    pub is_of_bits: bool,
    /// It is written, too.
    pub is_written: bool,
    /// What manuals call the first one that number all of a device in one row, where that cannot be meant as it is.
    pub first_of_manuals: Option<u16>,
}

table! {
    /// The four tables that a device can have. The words are the keys of a point that is there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    #[expect(missing_docs, reason = "the nouns say it")]
    pub enum Bank: BankFacts {
        Coil = "coil",
            BankFacts { noun: "coil", function: 1, is_of_bits: true, is_written: true, first_of_manuals: None };
        DiscreteInput = "discrete_input",
            BankFacts { noun: "discrete input", function: 2, is_of_bits: true, is_written: false, first_of_manuals: None };
        Register = "register",
            BankFacts { noun: "register", function: 3, is_of_bits: false, is_written: true, first_of_manuals: Some(40_001) };
        InputRegister = "input_register",
            BankFacts { noun: "input register", function: 4, is_of_bits: false, is_written: false, first_of_manuals: Some(30_001) };
    }
}

/// One bit or register of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModbusPlace {
    /// In which table.
    pub bank: Bank,
    /// As it is sent, from 0.
    pub address: u16,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModbusPoint {
    /// Whose it is.
    pub unit: ModbusUnit,
    /// Where it is there.
    pub place: ModbusPlace,
    /// What of it counts.
    pub form: ModbusForm,
    /// Of an input: it is active while this says that it is off.
    pub inverted: bool,
    /// Whether an output is read back. Of one that cannot be, nobody knows what it does after it took a level.
    pub verify: bool,
}

/// What of a bit or register is an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModbusForm {
    /// The whole bit of a coil or discrete input.
    Whole,
    /// One bit of a register, from 0.
    Bit(u8),
    /// The whole register: what it says is on if it is not 0; it is written with one number for off and one for on.
    Numbers {
        /// Written, it switches off.
        off: u16,
        /// Written, it switches on.
        on: u16,
    },
    /// The whole register: 0 is off, and this is 100 %.
    Level {
        /// The number for 100 %.
        full: u16,
    },
}

impl ModbusPoint {
    /// Whether two points of the same bus are the same relay, or one has the other in it: only two bits of a register are two.
    pub fn overlaps(&self, other: &ModbusPoint) -> bool {
        let are_two_bits = match (self.form, other.form) {
            (ModbusForm::Bit(one), ModbusForm::Bit(two)) => one != two,
            _ => false,
        };
        (self.unit.address, self.place) == (other.unit.address, other.place) && !are_two_bits
    }

    /// Whether whoever drives the other drives all of this: the same relay, or a bit of the other's register.
    pub fn is_part_of(&self, other: &ModbusPoint) -> bool {
        let is_more_than_a_bit = !matches!(self.form, ModbusForm::Bit(_)) && matches!(other.form, ModbusForm::Bit(_));
        self.overlaps(other) && !is_more_than_a_bit
    }
}

impl ModbusForm {
    /// What is to be written, if that is a whole register.
    pub fn number(self, level: Level) -> Option<u16> {
        match self {
            ModbusForm::Numbers { off, on } => Some(if level.is_on() { on } else { off }),
            // What is to be on is never rounded to off.
            ModbusForm::Level { full } if level.is_on() => {
                let number = (u32::from(level.percent()) * u32::from(full) + 50) / 100;
                Some(u16::try_from(number).unwrap_or(full).max(1))
            }
            ModbusForm::Level { .. } => Some(0),
            ModbusForm::Whole | ModbusForm::Bit(_) => None,
        }
    }

    /// What a bit (0 or 1) or register says.
    pub fn level(self, raw: u16) -> Level {
        match self {
            ModbusForm::Whole | ModbusForm::Numbers { .. } => Level::from_on(raw != 0),
            ModbusForm::Bit(bit) => Level::from_on(raw >> bit & 1 == 1),
            ModbusForm::Level { full } => {
                let percent = (u32::from(raw) * 100 + u32::from(full) / 2) / u32::from(full.max(1));
                let percent = u8::try_from(percent.min(100)).unwrap_or(100);
                // What is on is never rounded to off.
                Level::new(percent.max(u8::from(raw > 0))).unwrap_or(Level::OFF)
            }
        }
    }

    /// Whether what is read is what was asked; devices round by a number.
    pub fn is_at(self, raw: u16, level: Level) -> bool {
        match self.number(level) {
            Some(number) if matches!(self, ModbusForm::Level { .. }) => {
                raw.abs_diff(number) <= 1 && (raw > 0) == level.is_on()
            }
            _ => self.level(raw).is_on() == level.is_on(),
        }
    }
}

/// A device whose registers are known.
#[derive(Clone, Debug, PartialEq)]
pub struct ModbusKind {
    /// What the configuration calls it.
    pub word: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// All that it has: to read it changes nothing.
    pub asks: Vec<ModbusAsk>,
    /// Of two registers, the first one has the low half.
    pub low_first: bool,
    /// Whether it is a sensor.
    pub is_sensor: bool,
    /// How many relays it has.
    pub relays: u16,
    /// How many inputs it has.
    pub inputs: u16,
}

/// What a device of a kind answers for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModbusAsk {
    /// From here on,
    pub place: ModbusPlace,
    /// so many.
    pub count: u16,
    /// Registers hold this, where they hold a number.
    pub number: Option<ModbusNumber>,
}

/// A sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct ModbusSensor {
    /// Whose it is.
    pub unit: ModbusUnit,
    /// What it reads, in the order in which its points are listed.
    pub channels: Vec<ModbusChannel>,
}

/// One quantity of a sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct ModbusChannel {
    /// What it becomes.
    pub quantity: Quantity,
    /// Its only or first register.
    pub place: ModbusPlace,
    /// What the registers hold.
    pub number: ModbusNumber,
    /// Of two registers, the first one has the low half.
    pub low_first: bool,
    /// From that number to the unit of the quantity: multiplied by this,
    pub scale: f64,
    /// and then this is added.
    pub offset: f64,
}

table! {
    /// What a register, or two, hold.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the words say it")]
    pub enum ModbusNumber {
        U16 = "u16";
        I16 = "i16";
        U32 = "u32";
        I32 = "i32";
        F32 = "f32";
    }
}

impl ModbusNumber {
    /// How many registers it takes.
    pub fn registers(self) -> u16 {
        match self {
            ModbusNumber::U16 | ModbusNumber::I16 => 1,
            ModbusNumber::U32 | ModbusNumber::I32 | ModbusNumber::F32 => 2,
        }
    }

    /// The number in the registers; None: there are too few, or it is none, as a float may say.
    pub fn read(self, registers: &[u16], low_first: bool) -> Option<f64> {
        let word = |at: usize| registers.get(at).copied();
        let long = || {
            let (first, second) = (u32::from(word(0)?), u32::from(word(1)?));
            Some(if low_first { second << 16 | first } else { first << 16 | second })
        };
        let number = match self {
            ModbusNumber::U16 => f64::from(word(0)?),
            ModbusNumber::I16 => f64::from(word(0)?.cast_signed()),
            ModbusNumber::U32 => f64::from(long()?),
            ModbusNumber::I32 => f64::from(long()?.cast_signed()),
            ModbusNumber::F32 => f64::from(f32::from_bits(long()?)),
        };
        number.is_finite().then_some(number)
    }
}

impl fmt::Display for ModbusUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bus, self.address)
    }
}

impl fmt::Display for ModbusPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.bank.facts().noun, self.address)
    }
}

impl fmt::Display for ModbusPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ModbusForm::Bit(bit) = self.form {
            write!(f, "bit {bit} of ")?;
        }
        write!(f, "{} of {}", self.place, self.unit)
    }
}

impl Line {
    /// The place on Modbus that it is, if it is no wire.
    pub fn modbus(&self) -> Option<&Arc<ModbusPoint>> {
        match self {
            Line::Modbus(point) => Some(point),
            Line::Number(_)
            | Line::Named(_)
            | Line::OnChip { .. }
            | Line::Pwm(_)
            | Line::Remote(_)
            | Line::Serial(_) => None,
        }
    }
}

impl Config {
    /// The bus of this name.
    pub fn find_modbus(&self, id: &str) -> Option<&ModbusBus> {
        self.modbus.iter().find(|bus| &*bus.id == id)
    }

    /// The place of an output on Modbus, if it is to be driven there: none in a demo, which plays it.
    pub fn modbus_output(&self, id: OutputId) -> Option<&Arc<ModbusPoint>> {
        self[id].line.as_ref().and_then(Line::modbus).filter(|_| !self.hardware.plays_remote)
    }

    /// Whether a unit is another device in another house: its bus is another one there.
    pub(super) fn has_other_bus(&self, unit: &ModbusUnit, other: &Config) -> bool {
        let place = |config: &Config| config.find_modbus(&unit.bus).map(|bus| bus.link.place());
        place(self) != place(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_orders() {
        use ModbusNumber::{F32, I16, I32, U16, U32};
        for (number, registers, low_first, read) in [
            (U16, &[0xff33][..], false, Some(65_331.0)),
            (I16, &[0xff33], false, Some(-205.0)),
            (U32, &[0x0001, 0x0002], false, Some(65_538.0)),
            (U32, &[0x0001, 0x0002], true, Some(131_073.0)),
            (I32, &[0xffff, 0xfffe], false, Some(-2.0)),
            (F32, &[0x4366, 0x3333], false, Some(f64::from(230.2_f32))),
            (F32, &[0x3333, 0x4366], true, Some(f64::from(230.2_f32))),
            (F32, &[0x7fc0, 0x0000], false, None),
            (F32, &[0x4366], false, None),
            (I16, &[], false, None),
        ] {
            assert_eq!(number.read(registers, low_first), read, "{number:?} {registers:?}");
        }
    }

    #[test]
    fn a_relay_is_the_same_however_it_is_written() {
        let point = |address, form, verify| ModbusPoint {
            unit: ModbusUnit { bus: "rs485".into(), address: 1 },
            place: ModbusPlace { bank: Bank::Register, address },
            form,
            inverted: false,
            verify,
        };
        let relay = point(7, ModbusForm::Numbers { off: 0, on: 1 }, true);
        for other in [
            point(7, ModbusForm::Numbers { off: 0x200, on: 0x100 }, true),
            point(7, ModbusForm::Level { full: 100 }, false),
            point(7, ModbusForm::Bit(3), true),
        ] {
            assert!(relay.overlaps(&other) && other.overlaps(&relay), "{other}");
        }
        assert!(!relay.overlaps(&point(8, relay.form, true)));
        let bit = |bit| point(7, ModbusForm::Bit(bit), true);
        assert!(bit(3).overlaps(&bit(3)) && !bit(3).overlaps(&bit(4)));
        assert!(bit(3).is_part_of(&bit(3)) && !bit(3).is_part_of(&bit(4)));
        assert!(bit(3).is_part_of(&relay) && relay.overlaps(&bit(3)) && !relay.is_part_of(&bit(3)));
    }

    #[test]
    fn a_level_comes_back_as_it_was_asked() {
        for full in [1, 2, 100, 255, 1_000, 10_000, u16::MAX] {
            let form = ModbusForm::Level { full };
            for percent in 0..=100 {
                let level = Level::new(percent).unwrap();
                let raw = form.number(level).unwrap();
                assert!(form.is_at(raw, level) && form.level(raw).is_on() == level.is_on(), "{percent} % of {full}");
                if full >= 100 {
                    assert_eq!(form.level(raw), level, "of {full}");
                }
            }
        }
        let dimmer = ModbusForm::Level { full: 100 };
        assert!(!dimmer.is_at(0, Level::new(1).unwrap()) && !dimmer.is_at(1, Level::OFF), "on is not off");
        let relay = ModbusForm::Numbers { off: 0x200, on: 0x100 };
        assert_eq!((relay.number(Level::OFF), relay.number(Level::ON)), (Some(0x200), Some(0x100)));
        assert!(relay.is_at(0, Level::OFF) && relay.is_at(1, Level::ON) && !relay.is_at(1, Level::OFF));
        assert!(ModbusForm::Bit(3).is_at(8, Level::ON) && ModbusForm::Bit(3).is_at(0xfff7, Level::OFF));
    }
}
