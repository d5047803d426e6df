//! Sensors that a driver of the kernel reads: files below `/sys`, one folder a device, found by name.
//!
//! The root of the tree is a parameter, so that tests bring their own.

mod cpu;
mod hwmon;
mod iio;
mod onewire;
pub(super) mod sysfs;

use super::{HardwareError, sensors::SensorDriver};
use crate::model::KernelSource;
use std::path::Path;

/// Where the kernel shows its devices.
pub(super) const ROOT: &str = "/sys";

/// Finds the device of a source below `root`.
///
/// # Errors
/// There is no such device, or more than one.
pub(super) fn start(source: &KernelSource, root: &Path) -> Result<Box<dyn SensorDriver>, HardwareError> {
    Ok(match source {
        KernelSource::Iio { device, channels } => Box::new(iio::Driver::start(root, device, channels)?),
        KernelSource::Hwmon { device, channels } => Box::new(hwmon::Driver::start(root, device, channels)?),
        KernelSource::OneWire { device } => Box::new(onewire::Driver::start(root, device.as_deref())?),
        KernelSource::Cpu => Box::new(cpu::Driver::start(root)),
    })
}

/// What a source shares with others that wait for it: a 1-Wire bus, or nothing.
pub(super) fn bus_name(source: &KernelSource, root: &Path) -> String {
    match source {
        KernelSource::Iio { device, .. } => format!("iio-{device}"),
        KernelSource::Hwmon { device, .. } => format!("hwmon-{device}"),
        KernelSource::OneWire { device } => onewire::bus_name(root, device.as_deref()),
        KernelSource::Cpu => "cpu".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        hardware::{HardwareError, sensors::Fetched},
        model::Quantity,
    };
    use std::{
        fs,
        path::{Path, PathBuf},
    };
    use tempfile::TempDir;

    /// A folder that stands for `/sys`.
    pub struct Tree(TempDir);

    impl Tree {
        pub fn new(files: &[(&str, &str)]) -> Tree {
            let tree = Tree(tempfile::tempdir().unwrap());
            files.iter().for_each(|(path, text)| tree.write(path, text));
            tree
        }

        pub fn root(&self) -> &Path {
            self.0.path()
        }

        pub fn write(&self, path: &str, text: &str) {
            let path = self.made(path);
            fs::write(path, text).unwrap();
        }

        pub fn read(&self, path: &str) -> String {
            fs::read_to_string(self.root().join(path)).unwrap()
        }

        /// What was read, or what is wrong with the tree called `/sys`.
        pub fn told(&self, fetched: Result<Fetched, HardwareError>) -> Result<Vec<(Quantity, f64)>, String> {
            match fetched {
                Ok(Fetched::Readings(readings)) => Ok(readings),
                Ok(Fetched::NotYet(wait)) => Err(format!("wait {wait:?}")),
                Err(error) => Err(error.to_string().replace(&self.root().display().to_string(), "/sys")),
            }
        }

        /// A link at `link` to `target`, both below the root.
        pub fn link(&self, target: &str, link: &str) {
            std::os::unix::fs::symlink(self.root().join(target), self.made(link)).unwrap();
        }

        fn made(&self, path: &str) -> PathBuf {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        }
    }
}
