//! SPS30 (Sensirion, datasheet SPS30, version 1.0): fine dust by a laser.

use super::{Device, Fetched, SensorDriver, readings_within};
use crate::{hardware::HardwareError, model::Quantity};
use std::{thread::sleep, time::Duration};

/// Commands (section 6.3).
mod command {
    pub const START: u16 = 0x0010;
    pub const STOP: u16 = 0x0104;
    pub const IS_READY: u16 = 0x0202;
    pub const READ: u16 = 0x0300;
    pub const PRODUCT_TYPE: u16 = 0xd002;
    pub const VERSION: u16 = 0xd100;
    pub const STATUS: u16 = 0xd206;
    pub const CLEAR_STATUS: u16 = 0xd210;
}

/// "00080000", two letters a word.
const ID: [u16; 4] = [0x3030, 0x3038, 0x3030, 0x3030];
/// With START: floating-point numbers of IEEE 754.
const FLOATING_POINT: u16 = 0x0300;
/// START and STOP take up to 20 ms, questions less than 5 ms.
const TURNING: Duration = Duration::from_millis(21);
const ANSWERING: Duration = Duration::from_millis(5);
/// A measurement a second; and by then the chip has looked whether its fan turns.
const FIRST: Duration = Duration::from_secs(4);
const MEASURING_LONGER: Duration = Duration::from_millis(100);
/// The longest start-up time of section 1, that of clean air.
const SETTLING: Duration = Duration::from_secs(30);
/// As long as a measurement may take: nearly all of that.
const LONG_FIRST: Duration = Duration::from_secs(29);
/// The first version that tells its status: 2.2.
const TELLS_STATUS: u16 = 0x0202;
/// In the status (section 4.4): the laser's current is wrong; the fan does not turn.
const LASER: u32 = 1 << 5;
const FAN: u32 = 1 << 4;

/// Measures every second by itself, as long as it has power, and blows its fan clean once a week.
pub(super) struct Driver {
    device: Device,
    tells_status: bool,
    /// Until the first measurement; none after it.
    first: Duration,
    /// How many readings mean nothing yet.
    settling: u32,
}

impl Driver {
    pub fn start(every: Duration, device: Device) -> Result<Driver, HardwareError> {
        // Nobody waits an hour for the second reading.
        let seldom = every > SETTLING;
        let (first, settling) = if seldom { (LONG_FIRST, 0) } else { (FIRST, readings_within(SETTLING, every)) };
        let mut driver = Driver { device, tells_status: false, first, settling };
        let id = driver.ask(command::PRODUCT_TYPE)?;
        if id != ID {
            return Err(driver.device.wrong_chip(format!("an unknown chip (type {id:x?})"), "SPS30"));
        }
        let [version] = driver.ask(command::VERSION)?;
        driver.tells_status = version >= TELLS_STATUS;
        // It may still measure from before a restart, with numbers of another format.
        driver.device.command(command::STOP)?;
        sleep(TURNING);
        driver.device.command_with(command::START, &[FLOATING_POINT])?;
        Ok(driver)
    }

    fn ask<const N: usize>(&mut self, command: u16) -> Result<[u16; N], HardwareError> {
        self.device.command(command)?;
        sleep(ANSWERING);
        self.device.words()
    }

    fn check_status(&mut self) -> Result<(), HardwareError> {
        let [high, low] = self.ask(command::STATUS)?.map(u32::from);
        let says = match high << 16 | low {
            status if status & FAN != 0 => "says that its fan does not turn",
            status if status & LASER != 0 => "says that its laser fails",
            _ => return Ok(()),
        };
        // It says so until it is told that it was heard (section 4.4), also when the fan turns again.
        self.device.command(command::CLEAR_STATUS)?;
        Err(self.device.fault(says))
    }
}

impl SensorDriver for Driver {
    fn goes_on(&self) -> bool {
        true
    }

    fn measure(&mut self) -> Result<Duration, HardwareError> {
        Ok(std::mem::take(&mut self.first))
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.ask(command::IS_READY)? == [0] {
            return Ok(Fetched::NotYet(MEASURING_LONGER));
        }
        // The higher word first. The numbers of particles and their size would follow.
        let words: [u16; 8] = self.ask(command::READ)?;
        if self.tells_status {
            self.check_status()?;
        }
        if self.settling > 0 {
            self.settling -= 1;
            return Ok(Fetched::Readings(Vec::new()));
        }
        let quantities = [Quantity::Pm1, Quantity::Pm25, Quantity::Pm4, Quantity::Pm10];
        let number = |pair: &[u16]| f64::from(f32::from_bits(u32::from(pair[0]) << 16 | u32::from(pair[1])));
        Ok(Fetched::Readings(quantities.into_iter().zip(words.chunks_exact(2).map(number)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        checksum,
        trace::{play, wired},
    };
    use crate::model::Chip;

    const ID: &str = "w d0 02 / r 30 30 f6 30 38 4f 30 30 f6 30 30 f6";
    const START: &str = "w 01 04 / w 00 10 03 00 ac / wait 4s";

    fn values(four: [f32; 4]) -> String {
        let mut text = String::from("w 02 02 / r 00 01 b0 / w 03 00 / r");
        for number in four {
            for pair in number.to_be_bytes().chunks(2) {
                text += &format!(" {:02x} {:02x} {:02x}", pair[0], pair[1], checksum::sensirion(pair));
            }
        }
        text
    }

    /// The datasheet has examples of the commands only, among them that of START with its checksum. Three readings of 10 s
    /// each are within the first 30 s.
    #[test]
    fn readings_and_what_can_go_wrong() {
        let fine = "w d2 06 / r 00 00 81 00 00 81";
        let start = format!("{ID} / w d1 00 / r 02 02 3a / {START}");
        let one = format!("{} / {fine}", values([1.0; 4]));
        let settle = format!("{one} / {one} / {one}");
        for (trace, readings) in [
            (
                format!("{settle} / {} / {fine}", values([3.5, 7.25, 8.0, 12.125])),
                "; ; ; pm1 3.5, pm25 7.25, pm4 8, pm10 12.125",
            ),
            (
                format!("w 02 02 / r 00 00 81 / wait 100ms / {settle} / {} / {fine}", values([0.0, 0.0, 0.0, 1_000.0])),
                "; ; ; pm1 0, pm25 0, pm4 0, pm10 1000",
            ),
            (
                values([1.0; 4]).replacen("3f 80", "3f 81", 1),
                "a wrong checksum from 0x69: shorten the cable, or keep it away from mains and motors",
            ),
            (
                format!(
                    "{} / w d2 06 / r 00 00 81 00 10 {:02x} / w d2 10",
                    values([0.0; 4]),
                    checksum::sensirion(&[0, 0x10])
                ),
                "the chip at 0x69 says that its fan does not turn",
            ),
            (
                format!(
                    "{} / w d2 06 / r 00 00 81 00 20 {:02x} / w d2 10",
                    values([0.0; 4]),
                    checksum::sensirion(&[0, 0x20])
                ),
                "the chip at 0x69 says that its laser fails",
            ),
        ] {
            assert_eq!(play(&wired(Chip::Sps30), &format!("{start} / {trace}")), readings, "{trace}");
        }
        let other = "w d0 02 / r 30 30 f6 30 30 f6 30 30 f6 30 30 f6";
        let text = "wrong chip at 0x69: an unknown chip (type [3030, 3030, 3030, 3030]), not SPS30";
        assert_eq!(play(&wired(Chip::Sps30), other), text);
        let text = "nothing answers at 0x69 on I2C bus 1: check wiring and address";
        assert_eq!(play(&wired(Chip::Sps30), "w d0 02 absent"), text);
    }

    #[test]
    fn an_older_one_is_not_asked_for_its_status() {
        let start = format!("{ID} / w d1 00 / r 02 00 {:02x} / {START}", checksum::sensirion(&[2, 0]));
        assert_eq!(play(&wired(Chip::Sps30), &format!("{start} / {}", values([1.0; 4]))), "");
    }
}
