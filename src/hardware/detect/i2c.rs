//! I2C buses, and who answers on them.

use super::{I2cBus, I2cDevice, kernel, signs};
use crate::hardware::error::open_failed;
use i2cdev::{
    core::I2CDevice,
    linux::{LinuxI2CDevice, LinuxI2CError},
};
use std::{
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Addresses that devices may have; those outside have meanings of their own (I2C specification, table 3).
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;
/// The address alone with the write bit may change these: memories of which some take it for a write.
const READ_TO_FIND: [std::ops::RangeInclusive<u8>; 2] = [0x30..=0x37, 0x50..=0x5f];
/// In the names of buses that lead to screens; those of Raspberry Pis by the addresses of their controllers, 0 to 3, 4, 5.
const SCREENS: [&str; 13] = [
    "hdmi", "ddc", "gmbus", "amdgpu", "nvidia", "nvkm", "dpmst", "/drm/", "7e805000", "fef04500", "fef09500",
    "7d508200", "7d508280",
];
/// How often a bus may be silent for longer than its driver waits, until it is left alone.
const TIMEOUTS: u32 = 3;
/// How long a chip may think about a command that only reads.
const ANSWER_WAIT: Duration = Duration::from_millis(12);

/// The buses, by number; those of `wanted`, or those that are safe, are scanned.
pub(super) fn buses(root: &Path, wanted: &[u8]) -> Vec<I2cBus> {
    let mut buses: Vec<I2cBus> = kernel::entries(&root.join("sys/bus/i2c/devices"))
        .into_iter()
        .filter_map(|folder| {
            let number = kernel::name(&folder).strip_prefix("i2c-")?.parse().ok()?;
            Some(bus(root, &folder, number, wanted))
        })
        .collect();
    buses.sort_by_key(|bus| bus.number);
    buses
}

fn bus(root: &Path, folder: &Path, number: u8, wanted: &[u8]) -> I2cBus {
    let name = kernel::text(&folder.join("name")).unwrap_or_default();
    let place = folder.canonicalize().unwrap_or_default();
    let mut bus = I2cBus { number, devices: owned(root, number), not_scanned: None, name };
    let node = root.join(format!("dev/i2c-{number}"));
    if !wanted.is_empty() && !wanted.contains(&number) {
        bus.not_scanned = Some("it was not asked for".into());
    } else if wanted.is_empty() && is_of_others(&bus.name, &place) {
        bus.not_scanned = Some(format!("memory modules or a screen are on it; `--bus {number}` scans it all the same"));
    } else if let Err(why) = scan(&node, &mut bus.devices) {
        bus.not_scanned = Some(why);
    }
    bus.devices.sort_by_key(|device| device.address);
    bus
}

/// Buses of a PC's board and of screens. A wrong question to a memory module can spoil it.
fn is_of_others(name: &str, place: &Path) -> bool {
    let place = place.to_string_lossy().to_lowercase();
    let name = name.to_lowercase();
    name.contains("smbus") && name.contains("adapter")
        || SCREENS.iter().any(|word| name.contains(word) || place.contains(word))
}

/// The devices of the bus that drivers of the kernel own.
fn owned(root: &Path, number: u8) -> Vec<I2cDevice> {
    let devices = kernel::entries(&root.join("sys/bus/i2c/devices")).into_iter();
    let owned = devices.filter_map(|folder| {
        let name = kernel::name(&folder);
        let address = u8::from_str_radix(name.strip_prefix(&format!("{number}-"))?, 16).ok()?;
        let driver = kernel::name(&folder.join("driver").canonicalize().ok()?);
        Some(I2cDevice { address, driver: Some(driver), chip: None, may_be: Vec::new() })
    });
    owned.collect()
}

/// Adds what answers and is owned by nobody. Tells why when it could not look everywhere.
fn scan(node: &Path, devices: &mut Vec<I2cDevice>) -> Result<(), String> {
    let mut timeouts = 0;
    for address in ADDRESSES {
        if devices.iter().any(|device| device.address == address) {
            continue;
        }
        let mut asked = match Node::open(node, address) {
            Ok(asked) => asked,
            // Taken by a driver just now.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => continue,
            Err(error) => return Err(cannot_open(node, error)),
        };
        match asked.is_there() {
            Ok(true) => {
                let identity = signs::identify(address, &mut asked);
                devices.push(I2cDevice { address, driver: None, chip: identity.chip, may_be: identity.may_be });
            }
            Ok(false) => {}
            Err(Some(libc::ETIMEDOUT)) => {
                timeouts += 1;
                if timeouts == TIMEOUTS {
                    return Err("it is silent: check that nothing holds SDA or SCL down".into());
                }
            }
            Err(Some(libc::EOPNOTSUPP | libc::ENOTTY)) => return Err("its driver cannot ask who is there".into()),
            Err(_) => {}
        }
    }
    Ok(())
}

fn cannot_open(node: &Path, error: io::Error) -> String {
    if let Some(libc::EACCES | libc::EPERM) = error.raw_os_error() {
        return format!(
            "no permission for {}: run it with sudo, or join the group: `sudo usermod -aG i2c $USER`, then log in again",
            node.display()
        );
    }
    open_failed(&node.to_string_lossy(), error, "i2c", "the module i2c-dev is not loaded").to_string()
}

/// An address of a real bus.
struct Node {
    address: u8,
    device: LinuxI2CDevice,
}

impl Node {
    /// Refused by the kernel with EBUSY when a driver of its own is there.
    fn open(node: &Path, address: u8) -> io::Result<Node> {
        let device = LinuxI2CDevice::new(PathBuf::from(node), address.into()).map_err(io::Error::from)?;
        Ok(Node { address, device })
    }

    /// As i2cdetect asks: the address alone, or a byte read where that could be taken for a write. An error has the number
    /// of the kernel.
    fn is_there(&mut self) -> Result<bool, Option<i32>> {
        let by_reading = READ_TO_FIND.iter().any(|range| range.contains(&self.address));
        let address_alone = if by_reading { None } else { Some(self.device.smbus_write_quick(false)) };
        let result = match address_alone.map(|result| result.map_err(errno)) {
            None | Some(Err(Some(libc::EOPNOTSUPP))) => self.device.smbus_read_byte().map(drop).map_err(errno),
            Some(result) => result,
        };
        match result {
            Ok(()) => Ok(true),
            Err(Some(libc::ENXIO | libc::EREMOTEIO | libc::EIO)) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

fn errno(error: LinuxI2CError) -> Option<i32> {
    io::Error::from(error).raw_os_error()
}

impl signs::Asked for Node {
    fn receive(&mut self) -> Option<u8> {
        self.device.smbus_read_byte().ok()
    }

    fn byte(&mut self, register: u8) -> Option<u8> {
        self.device.smbus_read_byte_data(register).ok()
    }

    fn word(&mut self, register: u8) -> Option<u16> {
        self.device.smbus_read_word_data(register).ok().map(u16::swap_bytes)
    }

    fn answer(&mut self, command: &[u8], length: usize) -> Option<Vec<u8>> {
        if !command.is_empty() {
            self.device.write(command).ok()?;
            thread::sleep(ANSWER_WAIT);
        }
        let mut answer = vec![0; length];
        self.device.read(&mut answer).ok()?;
        Some(answer)
    }

    fn restore(&mut self, channels: u8) {
        let _ = self.device.smbus_write_byte(channels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buses_of_memory_modules_and_screens_are_left_alone() {
        for (name, place, left) in [
            ("bcm2835 (i2c@7e804000)", "/sys/devices/platform/soc/3f804000.i2c/i2c-1", false),
            ("SMBus I801 adapter at efa0", "/sys/devices/pci0000:00/0000:00:1f.4/i2c-0", true),
            ("SMBus stub driver", "/sys/devices/i2c-0", false),
            ("fef04500.i2c", "/sys/devices/platform/soc/fef04500.i2c/i2c-20", true),
            ("i915 gmbus dpb", "/sys/devices/pci0000:00/0000:00:02.0/i2c-1", true),
            ("fef04500.hdmi", "/sys/devices/platform/soc/fef04500.hdmi/i2c-20", true),
        ] {
            assert_eq!(is_of_others(name, Path::new(place)), left, "{name}");
        }
    }
}
