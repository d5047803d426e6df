//! Chips of which only the registers are there, and a device with such a chip behind it.

use super::{
    device::{Device, Drive},
    pins::Bus,
    *,
};
use crate::model::ExpanderChip;
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use std::thread::sleep;

type OnWrite = dyn Fn(&mut [u8; 256]) + Send;

/// A chip with registers that are written and read one after the other.
#[derive(Clone)]
pub struct Registers(Arc<Mutex<RegisterFile>>);

struct RegisterFile {
    address: u8,
    bytes: [u8; 256],
    writes: Vec<Vec<u8>>,
    on_write: Option<Box<OnWrite>>,
    absent: bool,
}

impl Registers {
    pub fn new(address: u8, set: &[(u8, u8)]) -> Registers {
        let file = RegisterFile { address, bytes: [0; 256], writes: Vec::new(), on_write: None, absent: false };
        let registers = Registers(Arc::new(Mutex::new(file)));
        registers.set(set);
        registers
    }

    pub fn set(&self, set: &[(u8, u8)]) {
        let mut file = self.0.lock().unwrap();
        set.iter().for_each(|&(register, byte)| file.bytes[usize::from(register)] = byte);
    }

    pub fn get(&self, register: u8) -> u8 {
        self.0.lock().unwrap().bytes[usize::from(register)]
    }

    /// What happens in the chip after each write.
    pub fn on_write(&self, act: impl Fn(&mut [u8; 256]) + Send + 'static) {
        self.0.lock().unwrap().on_write = Some(Box::new(act));
    }

    /// What was written since the last call.
    pub fn take_writes(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().unwrap().writes)
    }

    /// Takes the chip off the bus, or puts it back.
    pub fn unplug(&self, absent: bool) {
        self.0.lock().unwrap().absent = absent;
    }
}

impl ErrorType for Registers {
    type Error = HardwareError;
}

impl I2c for Registers {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        let mut file = self.0.lock().unwrap();
        if file.absent || address != file.address {
            return Err(HardwareError::NothingAnswers { bus: 1, address });
        }
        match operations {
            [Operation::Write(bytes)] => {
                let first = usize::from(bytes[0]);
                file.bytes[first..first + bytes.len() - 1].copy_from_slice(&bytes[1..]);
                file.writes.push(bytes.to_vec());
                let RegisterFile { bytes, on_write, .. } = &mut *file;
                if let Some(act) = on_write {
                    act(bytes);
                }
            }
            [Operation::Write(register), Operation::Read(bytes)] => {
                let first = usize::from(register[0]);
                bytes.copy_from_slice(&file.bytes[first..first + bytes.len()]);
            }
            _ => panic!("no driver does this: {operations:?}"),
        }
        Ok(())
    }
}

/// A PCF8574: what is written is what the pins are, unless something pulls them down.
#[derive(Clone)]
pub struct Latch(Arc<Mutex<(u8, u8, u8)>>);

impl Latch {
    pub fn new(address: u8, latch: u8) -> Latch {
        Latch(Arc::new(Mutex::new((address, latch, 0))))
    }

    pub fn latch(&self) -> u8 {
        self.0.lock().unwrap().1
    }

    pub fn pull_down(&self, pins: u8) {
        self.0.lock().unwrap().2 = pins;
    }

    pub fn lose_power(&self) {
        self.0.lock().unwrap().1 = 0xff;
    }
}

impl ErrorType for Latch {
    type Error = HardwareError;
}

impl I2c for Latch {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), HardwareError> {
        let mut state = self.0.lock().unwrap();
        assert_eq!(address, state.0);
        match operations {
            [Operation::Write(bytes)] => state.1 = bytes[0],
            [Operation::Read(bytes)] => bytes.fill(state.1 & !state.2),
            _ => panic!("no driver does this: {operations:?}"),
        }
        Ok(())
    }
}

fn expander(poll: Duration) -> Expander {
    Expander {
        id: "box".into(),
        chip: ExpanderChip::Mcp23017,
        bus: 1,
        address: 0x20,
        poll,
        interrupt: None,
        frequency: 1000.0,
    }
}

/// An MCP23017 whose outputs read as they are driven, and a device that uses it.
fn device(poll: Duration) -> (Registers, Device) {
    let chip = Registers::new(0x20, &[(0x00, 0xff), (0x01, 0xff)]);
    chip.on_write(|bytes| {
        for port in 0..2 {
            let outputs = !bytes[port];
            bytes[0x12 + port] = bytes[0x12 + port] & !outputs | bytes[0x14 + port] & outputs;
        }
    });
    let behind = chip.clone();
    let open = move || Ok(Box::new(behind.clone()) as Bus);
    (chip, Device::start(expander(poll), Box::new(open)))
}

/// Waits until this is so, for five seconds.
fn wait_for(is_so: impl Fn() -> bool) {
    assert!(
        (0..1_000).any(|_| is_so() || {
            sleep(Duration::from_millis(5));
            false
        }),
        "it did not come about"
    );
}

#[test]
fn an_output_is_driven_and_its_trouble_told() {
    let (chip, device) = device(Duration::from_secs(1));
    device.drive(3, Drive::Level(true)).unwrap();
    assert_eq!((chip.get(0x14), chip.get(0x00)), (0x08, 0xf7));
    chip.unplug(true);
    let text = device.drive(3, Drive::Level(false)).unwrap_err().to_string();
    assert_eq!(text, "nothing answers at 0x20 on I2C bus 1: check wiring and address");
    // It comes back after a loss of its power.
    chip.set(&[(0x00, 0xff), (0x14, 0), (0x12, 0)]);
    chip.unplug(false);
    wait_for(|| device.drive(3, Drive::Level(true)).is_ok());
    assert_eq!((chip.get(0x14), chip.get(0x00)), (0x08, 0xf7));
}

#[test]
fn trouble_that_comes_later_is_seen_at_the_next_check() {
    let (chip, device) = device(Duration::from_millis(10));
    device.drive(3, Drive::Level(true)).unwrap();
    device.watch(8, Pull::AsIs, Duration::ZERO, Box::new(|_| {})).unwrap();
    device.verify(3).unwrap();
    chip.unplug(true);
    wait_for(|| device.verify(3).is_err());
    chip.unplug(false);
    wait_for(|| device.verify(3).is_ok());
}

#[test]
fn what_was_asked_while_it_was_away_is_done_when_it_is_back() {
    let (chip, device) = device(Duration::from_secs(1));
    device.drive(0, Drive::Level(false)).unwrap();
    chip.unplug(true);
    assert!(device.drive(0, Drive::Level(true)).is_err());
    chip.unplug(false);
    wait_for(|| chip.get(0x14) == 1);
}

#[test]
fn inputs_are_polled_and_debounced() {
    let (chip, device) = device(Duration::from_millis(10));
    let edges = Arc::new(Mutex::new(Vec::new()));
    let told = edges.clone();
    let on_edge = Box::new(move |edge| told.lock().unwrap().push(edge));
    device.watch(8, Pull::Up, Duration::from_millis(50), on_edge).unwrap();
    assert_eq!((chip.get(0x0d), device.level(8).unwrap()), (1, false));
    chip.set(&[(0x13, 1)]);
    wait_for(|| device.level(8).is_ok_and(|high| high));
    chip.unplug(true);
    wait_for(|| device.level(8).is_err());
    chip.unplug(false);
    wait_for(|| device.level(8).is_ok());
    let to = |level| Edge::To { level, at: None };
    assert_eq!(*edges.lock().unwrap(), [to(false), to(true), Edge::Lost, to(true)]);
}

#[test]
fn an_interrupt_makes_it_look_at_once() {
    let (chip, device) = device(Duration::from_secs(3_600));
    device.watch(0, Pull::AsIs, Duration::ZERO, Box::new(|_| {})).unwrap();
    chip.set(&[(0x12, 1)]);
    device.look()();
    wait_for(|| device.level(0).is_ok_and(|high| high));
}

#[test]
fn only_a_chip_that_is_wired_otherwise_has_moved() {
    let config =
        |expander: Option<Expander>| Config { expanders: expander.into_iter().collect(), ..Config::empty("h") };
    let line = Line::OnChip { chip: "box".into(), offset: 3 };
    let before = config(Some(expander(Duration::from_secs(1))));
    let faster = config(Some(expander(Duration::from_millis(20))));
    let elsewhere = config(Some(Expander { address: 0x21, ..expander(Duration::from_secs(1)) }));
    assert!(!line.is_moved(&before, &faster));
    assert!(line.is_moved(&before, &elsewhere) && line.is_moved(&before, &config(None)));
    assert!(!Line::Number(3).is_moved(&before, &config(None)));
}
