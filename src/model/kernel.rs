//! Sensors that a driver of the kernel reads.

use super::Quantity;
use std::sync::Arc;

/// A device that the kernel shows as files below `/sys`. Devices are called by their names, since their numbers move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelSource {
    /// Of the subsystem Industrial I/O.
    Iio {
        /// What its file `name` says, or what stands there before an `@`.
        device: Arc<str>,
        /// What is read of it.
        channels: Vec<KernelChannel>,
    },
    /// Of the subsystem Hardware Monitoring.
    Hwmon {
        /// What its file `name` says.
        device: Arc<str>,
        /// What is read of it.
        channels: Vec<KernelChannel>,
    },
    /// A thermometer of the DS18B20 family.
    OneWire {
        /// `28-0316a279f0ff`; None: the only one there is.
        device: Option<Arc<str>>,
    },
    /// The machine's own processor.
    Cpu,
}

/// One of the values that a device of the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelChannel {
    /// What it becomes.
    pub quantity: Quantity,
    /// The kernel's name of it: `temp_object` of `in_temp_object_raw`, `temp1` of `temp1_input`, or its label.
    pub name: Arc<str>,
}

impl KernelSource {
    /// What it reads, in the order in which its points are listed.
    pub fn quantities(&self) -> Vec<Quantity> {
        match self {
            KernelSource::Iio { channels, .. } | KernelSource::Hwmon { channels, .. } => {
                channels.iter().map(|channel| channel.quantity).collect()
            }
            KernelSource::OneWire { .. } => vec![Quantity::Temperature],
            KernelSource::Cpu => vec![Quantity::Temperature, Quantity::Undervoltage, Quantity::Throttled],
        }
    }
}
