//! 1-Wire thermometers of the DS18B20 family: `/sys/bus/w1/devices/28-*/temperature` (kernel documents
//! Documentation/w1/slaves/w1_therm.rst and Documentation/ABI/testing/sysfs-driver-w1_therm).

use super::sysfs;
use crate::{
    hardware::{
        HardwareError, machine,
        sensors::{Fetched, SensorDriver},
    },
    model::Quantity,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The family codes that the kernel's driver reads: DS18S20, DS1822, DS18B20, DS1825, DS28EA00.
const FAMILIES: [&str; 5] = ["10-", "22-", "28-", "3b-", "42-"];
/// m°C: what the chip holds after its power came back, until it has measured (DS18B20 datasheet, "Temperature Register").
const POWER_ON: f64 = 85_000.0;
/// °C: where it was measured close to it just before, 85.000 °C is a temperature.
const NEAR_POWER_ON: std::ops::RangeInclusive<f64> = 80.0..=90.0;
/// A conversion of 12 bits takes this long (DS18B20 datasheet, table 2); some clones need longer.
const CONVERSION: Duration = Duration::from_millis(750);
const CONVERSION_POLL: Duration = Duration::from_millis(50);

/// One thermometer.
pub(super) struct Driver {
    folder: PathBuf,
    last: Option<f64>,
}

impl Driver {
    /// The thermometer of this name (`28-0316a279f0ff`), or the only one.
    pub fn start(root: &Path, device: Option<&str>) -> Result<Driver, HardwareError> {
        Ok(Driver { folder: find(root, device)?, last: None })
    }
}

impl SensorDriver for Driver {
    /// With several thermometers on the bus, starts one conversion for all of them, unless one goes on already. Where the
    /// kernel does not let us (only root may), each takes its own when it is read.
    fn measure(&mut self) -> Result<Duration, HardwareError> {
        let Some(bulk) = self.bulk() else { return Ok(Duration::ZERO) };
        let started = is_converting(&bulk) || fs::write(&bulk, "trigger\n").is_ok();
        Ok(if started { CONVERSION } else { Duration::ZERO })
    }

    fn fetch(&mut self) -> Result<Fetched, HardwareError> {
        if self.bulk().is_some_and(|bulk| is_converting(&bulk)) {
            return Ok(Fetched::NotYet(CONVERSION_POLL));
        }
        let millis = sysfs::number(&self.folder.join("temperature"))?;
        let celsius = millis / 1000.0;
        let near = self.last.is_some_and(|last| NEAR_POWER_ON.contains(&last));
        if (millis - POWER_ON).abs() < 0.5 && !near {
            let name = sysfs::name(&self.folder);
            return Err(HardwareError::KernelFault {
                what: format!("{name} shows 85 °C, which is what it holds before it measures: its power failed"),
            });
        }
        self.last = Some(celsius);
        Ok([(Quantity::Temperature, celsius)].into())
    }
}

impl Driver {
    /// The file that starts a conversion of all, if there are several and the kernel has it (Linux 5.8 or newer).
    fn bulk(&self) -> Option<PathBuf> {
        let master = fs::canonicalize(&self.folder).ok()?.parent()?.to_owned();
        let several = sysfs::entries(&master).iter().filter(|path| is_thermometer(path)).count() > 1;
        Some(master.join("therm_bulk_read")).filter(|bulk| several && bulk.exists())
    }
}

/// -1: at least one still converts; 1: done, and not all were read; 0: none was started (kernel document w1_therm.rst).
fn is_converting(bulk: &Path) -> bool {
    sysfs::number(bulk).is_ok_and(|state| state < 0.0)
}

fn is_thermometer(path: &Path) -> bool {
    FAMILIES.iter().any(|family| sysfs::name(path).starts_with(family))
}

/// The bus of a thermometer: `w1_bus_master1`; all that are not there just now share one.
pub(super) fn bus_name(root: &Path, device: Option<&str>) -> String {
    let folder = find(root, device).ok().and_then(|link| fs::canonicalize(link).ok());
    folder.as_deref().and_then(Path::parent).map_or_else(|| "1-wire".into(), sysfs::name)
}

fn find(root: &Path, device: Option<&str>) -> Result<PathBuf, HardwareError> {
    let folder = root.join("bus/w1/devices");
    let all: Vec<PathBuf> = sysfs::entries(&folder).into_iter().filter(|path| is_thermometer(path)).collect();
    let names = || all.iter().map(|path| sysfs::name(path)).collect::<Vec<_>>().join(", ");
    let no_device = |device: &str, cure: String| {
        Err(HardwareError::NoKernelDevice { device: format!("1-Wire thermometer{device}"), cure })
    };
    match (device, all.as_slice()) {
        (_, []) if !folder.exists() => no_device("", format!("1-Wire is off: {}", switch_on(root))),
        (_, []) => no_device(
            "",
            format!("nothing answers on the bus: check the wiring and its pull-up resistor{}", overlay_of_others(root)),
        ),
        (Some(device), all) => match all.iter().find(|path| sysfs::name(path) == device) {
            Some(path) => Ok(path.clone()),
            None => {
                no_device(&format!(" {device}"), format!("on the bus there is {}{}", names(), overlay_of_others(root)))
            }
        },
        (None, [only]) => Ok(only.clone()),
        (None, _) => no_device("", format!("there are several: write one of {}", names())),
    }
}

/// The device tree, seen from `/sys`.
const DEVICE_TREE: &str = "firmware/devicetree/base";

/// What else there is to do where the overlay is not that of the board.
fn overlay_of_others(root: &Path) -> &'static str {
    if machine::onewire_is_for_older_boards(&root.join(DEVICE_TREE)) {
        "; on a Raspberry Pi 5 write dtoverlay=w1-gpio-pi5 in place of dtoverlay=w1-gpio: it has the delays that this board needs"
    } else {
        ""
    }
}

/// How 1-Wire is switched on, by the board.
fn switch_on(root: &Path) -> String {
    match machine::pi_of(&root.join(DEVICE_TREE)) {
        Some(kind) => {
            let overlay = kind.onewire_overlay;
            format!("write dtoverlay={overlay} to /boot/firmware/config.txt and restart the machine")
        }
        None => "enable it in the device tree of the board (driver w1-gpio) and restart the machine".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Tree, *};

    const ONE: &str = "28-0316a279f0ff";
    const OTHER: &str = "28-0000055a2f1e";

    fn bus(devices: &[(&str, &str)]) -> Tree {
        let tree = Tree::new(&[("bus/w1/devices/w1_bus_master1/w1_master_slave_count", "1\n")]);
        for (device, temperature) in devices {
            tree.write(&format!("devices/w1_bus_master1/{device}/temperature"), temperature);
            tree.link(&format!("devices/w1_bus_master1/{device}"), &format!("bus/w1/devices/{device}"));
        }
        tree
    }

    fn read(driver: &mut Driver) -> Result<f64, String> {
        match driver.fetch() {
            Ok(Fetched::Readings(readings)) => Ok(readings[0].1),
            other => Err(format!("{other:?}")),
        }
    }

    fn start(tree: &Tree, device: Option<&str>) -> Result<Driver, String> {
        Driver::start(tree.root(), device).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_one_needs_no_name() {
        let tree = bus(&[(ONE, "-10062\n")]);
        assert_eq!(start(&tree, None).and_then(|mut driver| read(&mut driver)), Ok(-10.062));
        assert_eq!(start(&tree, Some(ONE)).and_then(|mut driver| read(&mut driver)), Ok(-10.062));
        let two = bus(&[(ONE, "21312\n"), (OTHER, "4000\n")]);
        assert_eq!(
            start(&two, None).err().as_deref(),
            Some(
                "there is no single 1-Wire thermometer: there are several: write one of 28-0000055a2f1e, 28-0316a279f0ff"
            )
        );
        assert_eq!(start(&two, Some(OTHER)).and_then(|mut driver| read(&mut driver)), Ok(4.0));
    }

    #[test]
    fn thermometers_wait_for_those_of_their_own_bus_only() {
        let tree = bus(&[(ONE, "21312\n")]);
        tree.write(&format!("devices/w1_bus_master2/{OTHER}/temperature"), "4000\n");
        tree.link(&format!("devices/w1_bus_master2/{OTHER}"), &format!("bus/w1/devices/{OTHER}"));
        let names = [Some(ONE), Some(OTHER), Some("28-000000000000")].map(|device| bus_name(tree.root(), device));
        assert_eq!(names, ["w1_bus_master1", "w1_bus_master2", "1-wire"]);
    }

    #[test]
    fn absence_is_told() {
        for (model, cure) in [
            ("Raspberry Pi 4 Model B Rev 1.4", "write dtoverlay=w1-gpio to /boot/firmware/config.txt"),
            ("Raspberry Pi 5 Model B Rev 1.0", "write dtoverlay=w1-gpio-pi5 to /boot/firmware/config.txt"),
            ("FriendlyElec NanoPi R5S", "enable it in the device tree of the board (driver w1-gpio)"),
        ] {
            let tree = Tree::new(&[("firmware/devicetree/base/model", model)]);
            let off = format!("there is no single 1-Wire thermometer: 1-Wire is off: {cure} and restart the machine");
            assert_eq!(start(&tree, None).err(), Some(off));
        }
        let silent = "there is no single 1-Wire thermometer: nothing answers on the bus: check the wiring and its pull-up \
                      resistor";
        assert_eq!(start(&bus(&[]), Some(ONE)).err().as_deref(), Some(silent));
        let pi_5 = bus(&[]);
        pi_5.write("firmware/devicetree/base/model", "Raspberry Pi 5 Model B Rev 1.0\0");
        pi_5.write("firmware/devicetree/base/onewire@4/compatible", "w1-gpio\0");
        assert!(
            start(&pi_5, None)
                .is_err_and(|text| text.contains("; on a Raspberry Pi 5 write dtoverlay=w1-gpio-pi5 in place"))
        );
        pi_5.write("firmware/devicetree/base/onewire@4/raspberrypi,delay-needs-poll", "");
        assert_eq!(start(&pi_5, None).err().as_deref(), Some(silent));
        let other = "there is no single 1-Wire thermometer 28-0316a279f0ff: on the bus there is 28-0000055a2f1e";
        assert_eq!(start(&bus(&[(OTHER, "0\n")]), Some(ONE)).err().as_deref(), Some(other));
    }

    #[test]
    fn the_value_of_power_on_is_no_reading_unless_it_is_as_warm_as_that() {
        let tree = bus(&[(ONE, "85000\n")]);
        let file = format!("devices/w1_bus_master1/{ONE}/temperature");
        let mut driver = start(&tree, None).unwrap();
        assert!(read(&mut driver).is_err_and(|text| text.contains("its power failed")));
        tree.write(&file, "20000\n");
        assert_eq!(read(&mut driver), Ok(20.0));
        tree.write(&file, "85000\n");
        assert!(read(&mut driver).is_err());
        tree.write(&file, "84937\n");
        assert_eq!(read(&mut driver), Ok(84.937));
        tree.write(&file, "85000\n");
        assert_eq!(read(&mut driver), Ok(85.0));
        tree.write(&file, "");
        assert!(read(&mut driver).is_err(), "a conversion that is not over");
    }

    #[test]
    fn several_on_a_bus_are_converted_at_once() {
        let tree = bus(&[(ONE, "21312\n"), (OTHER, "4000\n")]);
        let (mut one, mut other) = (start(&tree, Some(ONE)).unwrap(), start(&tree, Some(OTHER)).unwrap());
        assert_eq!(one.measure().unwrap(), Duration::ZERO, "an older kernel converts each by itself");
        let bulk = "devices/w1_bus_master1/therm_bulk_read";
        tree.write(bulk, "0\n");
        assert_eq!(one.measure().unwrap(), CONVERSION);
        assert_eq!(tree.read(bulk), "trigger\n");
        tree.write(bulk, "-1\n");
        assert_eq!(other.measure().unwrap(), CONVERSION);
        assert_eq!(tree.read(bulk), "-1\n", "it goes on already");
        assert!(matches!(other.fetch(), Ok(Fetched::NotYet(_))));
        tree.write(bulk, "1\n");
        assert_eq!((read(&mut one), read(&mut other)), (Ok(21.312), Ok(4.0)));
    }

    #[test]
    fn one_alone_needs_no_common_conversion() {
        let tree = bus(&[(ONE, "21312\n")]);
        tree.write("devices/w1_bus_master1/therm_bulk_read", "0\n");
        assert_eq!(start(&tree, None).unwrap().measure().unwrap(), Duration::ZERO);
    }
}
