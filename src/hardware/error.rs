//! What can be wrong with wires, in words for the owner of the house: the device, what was wrong, what to do.

use crate::{
    files,
    model::{Level, Quantity},
};
use std::{io, path::Path, sync::Arc, time::Duration};

/// Why a wire or a sensor cannot be had just now. All of these are retried; none ends the daemon.
#[derive(Debug, thiserror::Error)]
pub enum HardwareError {
    /// A device node does not exist: the kernel driver behind it is not loaded or not enabled.
    #[error("no {path}: {cure}")]
    NoDevice {
        /// The node that was looked for.
        path: String,
        /// What brings it into being.
        cure: &'static str,
    },
    /// A device node exists and may not be opened: its group is missing.
    #[error("no permission for {path}: run `sudo usermod -aG {group} hearthd` and restart hearthd")]
    NoPermission {
        /// The node.
        path: String,
        /// The group that may open it.
        group: String,
    },
    /// A bus did not drive what it was to.
    #[error("no answer over {bus} within {} s: the bus or the device hangs", patience.as_secs_f64())]
    NotDriven {
        /// The bus.
        bus: String,
        /// For how long it was waited for.
        patience: Duration,
    },
    /// Another output of its interlock could not be switched off.
    #[error("left off, since another of its interlock may be on")]
    BesideFault,
    /// Another program or a kernel driver holds the line.
    #[error("{line} is in use by {consumer}: stop that program or choose another line")]
    LineBusy {
        /// The line, with its chip.
        line: String,
        /// What its holder calls itself.
        consumer: String,
    },
    /// The device tree gives the line to a bus.
    #[error(
        "{line} belongs to the bus {bus}: choose another line, or switch the bus off (dtparam or dtoverlay in config.txt)"
    )]
    LineOfBus {
        /// The line, with its chip.
        line: String,
        /// Its node in the device tree.
        bus: String,
    },
    /// The device tree gives the line to a device, and the kernel does not take it away.
    #[error(
        "{line} is given to {device} by the device tree: choose another line, or switch that off (dtparam or dtoverlay in \
         config.txt)"
    )]
    LineOfDevice {
        /// The line, with its chip.
        line: String,
        /// Its node in the device tree.
        device: String,
    },
    /// Another output or input of the configuration holds the same wire, under another name.
    #[error("{line} is used by `{user}` already: each needs a wire of its own")]
    UsedTwice {
        /// The line, as this user calls it, with its chip.
        line: String,
        /// Who holds it.
        user: Arc<str>,
    },
    /// A Raspberry Pi of which the kernel shows other GPIO chips than that of the header.
    #[error(
        "no GPIO chip of the pin header ({label}) on this {board}, only {chips}, whose lines drive the board itself: start a \
         kernel that knows this board, as that of Raspberry Pi OS does, or name the chip in hardware.gpiochip"
    )]
    NoHeader {
        /// Which kind.
        board: &'static str,
        /// What the chip would be called.
        label: &'static str,
        /// The others, with their labels.
        chips: String,
    },
    /// More than one chip is labelled as that of the header.
    #[error("{chips} are both called {label} on this {board}: name the one of the pin header in hardware.gpiochip")]
    SeveralHeaders {
        /// Which kind.
        board: &'static str,
        /// Their names.
        chips: String,
        /// What they are called.
        label: String,
    },
    /// The PWM of the board does not come out at this pin.
    #[error(
        "{channel} comes out {elsewhere}: write {overlay} in /boot/firmware/config.txt ({instead}) and restart the machine"
    )]
    PwmElsewhere {
        /// The channel, as configured.
        channel: String,
        /// Where it goes.
        elsewhere: String,
        /// The line that leads it to the pin.
        overlay: String,
        /// What becomes of the line that is there.
        instead: &'static str,
    },
    /// A line that was driven reads otherwise: something else drives it, or it is shorted.
    #[error("{line} was driven {driven} and reads {}: is it shorted, or driven by something else too?", Level::from_on(!.driven.is_on()))]
    ReadsOtherwise {
        /// The line, with its chip.
        line: String,
        /// What it was driven to.
        driven: Level,
    },
    /// The board has no such line.
    #[error("there is no {line}: {cure}")]
    NoLine {
        /// The line, as configured.
        line: String,
        /// What there is, or how to find out.
        cure: String,
    },
    /// Nothing acknowledged the address: not wired, not powered, or another address.
    #[error("nothing answers at {address:#04x} on I2C bus {bus}: check wiring and address")]
    NothingAnswers {
        /// N of `/dev/i2c-N`.
        bus: u8,
        /// 7 bits.
        address: u8,
    },
    /// A device answers, and it is another one.
    #[error("wrong chip at {address:#04x}: {found}, not {expected}")]
    WrongChip {
        /// 7 bits.
        address: u8,
        /// What it says it is.
        found: String,
        /// What the configuration says it is.
        expected: &'static str,
    },
    /// The transfer did not end in time: a device holds one of the two wires down, or, on some boards, none is there.
    #[error(
        "no answer in time from {address:#04x} on I2C bus {bus}: check its wiring, and that nothing holds SDA or SCL down"
    )]
    NoAnswerInTime {
        /// N of `/dev/i2c-N`.
        bus: u8,
        /// 7 bits.
        address: u8,
    },
    /// A reading that cannot be true: a disturbed transfer or a broken chip.
    #[error("{} {} cannot be true: check the wiring, or the chip is broken", .quantity.word(), .quantity.unit().with(.value))]
    Implausible {
        /// Of what.
        quantity: Quantity,
        /// In its unit.
        value: f64,
    },
    /// Bytes came with a checksum that is not theirs: the transfer was disturbed.
    #[error("a wrong checksum from {address:#04x}: shorten the cable, or keep it away from mains and motors")]
    Checksum {
        /// 7 bits.
        address: u8,
    },
    /// The kernel shows no such device, or more than one.
    #[error("there is no single {device}: {cure}")]
    NoKernelDevice {
        /// Of which kind, and its name.
        device: String,
        /// What there is, or what brings it into being.
        cure: String,
    },
    /// A file of the kernel holds something else than a number.
    #[error("{path} holds \"{text}\", which is not a number")]
    NotANumber {
        /// The file.
        path: String,
        /// Its text, or the beginning of it.
        text: String,
    },
    /// A device of the kernel says that it is broken, or what cannot be.
    #[error("{what}")]
    KernelFault {
        /// Device and fault, for people.
        what: String,
    },
    /// An expander's pin is in trouble, as its thread said.
    #[error("{0}")]
    Expander(String),
    /// A chip answers and goes on measuring.
    #[error("its measurement does not end")]
    NeverReady,
    /// A chip answers but does not do what its datasheet says, for example because it lost its power in between.
    #[error("the chip at {address:#04x} {what}")]
    ChipFault {
        /// 7 bits.
        address: u8,
        /// What it does.
        what: &'static str,
    },
    /// A fault that was set on the simulated wires.
    #[error("{0}")]
    Simulated(String),
    /// The kernel refused for another reason.
    #[error("{what}: {source}")]
    Os {
        /// What was tried, on which device.
        what: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl HardwareError {
    /// Whether a transfer failed, which the next one may not; the chip may not even have noticed.
    pub(super) fn is_of_transfer(&self) -> bool {
        matches!(
            self,
            HardwareError::Checksum { .. }
                | HardwareError::NothingAnswers { .. }
                | HardwareError::NoAnswerInTime { .. }
                | HardwareError::Os { .. }
        )
    }
}

/// What failing to open the node at `path` means; `usual_group` is named where the node belongs to nobody but root.
pub(super) fn open_failed(path: &str, source: io::Error, usual_group: &str, cure: &'static str) -> HardwareError {
    match source.raw_os_error() {
        // ENXIO and ENODEV: the node is left over from a driver that is gone.
        Some(libc::ENOENT | libc::ENXIO | libc::ENODEV) => HardwareError::NoDevice { path: path.into(), cure },
        Some(libc::EACCES | libc::EPERM) => HardwareError::NoPermission {
            path: path.into(),
            group: group_of(Path::new(path)).unwrap_or_else(|| usual_group.into()),
        },
        _ => HardwareError::Os { what: format!("cannot open {path}"), source },
    }
}

/// The name of the group that owns a node, if it is not root's.
fn group_of(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let gid = std::fs::metadata(path).ok()?.gid();
    let groups = files::read_text(Path::new("/etc/group"), files::SYSTEM).ok()?;
    group_name(&groups, gid).filter(|_| gid != 0)
}

/// The name of the group `gid` in the text of `/etc/group` (group(5): `name:password:GID:users`).
fn group_name(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_cannot_be_opened_names_its_cure() {
        let check = |errno, text: &str| {
            let error = open_failed("/dev/no-such-i2c-1", io::Error::from_raw_os_error(errno), "i2c", "enable I2C");
            assert_eq!(error.to_string(), text);
        };
        check(libc::ENOENT, "no /dev/no-such-i2c-1: enable I2C");
        check(
            libc::EACCES,
            "no permission for /dev/no-such-i2c-1: run `sudo usermod -aG i2c hearthd` and restart hearthd",
        );
        check(libc::EMFILE, "cannot open /dev/no-such-i2c-1: Too many open files (os error 24)");
    }

    #[test]
    fn groups_are_found_by_number() {
        let groups = "root:x:0:\ngpio:x:993:pi\ni2c:x:994:\n";
        assert_eq!(group_name(groups, 993).as_deref(), Some("gpio"));
        assert_eq!(group_name(groups, 99), None);
    }

    #[test]
    fn texts_name_the_culprit() {
        let texts = [
            HardwareError::WrongChip { address: 0x76, found: "BMP280 (id 0x58)".into(), expected: "BME280" }
                .to_string(),
            HardwareError::NothingAnswers { bus: 1, address: 0x48 }.to_string(),
            HardwareError::Implausible { quantity: Quantity::Temperature, value: -140.5 }.to_string(),
        ];
        assert_eq!(texts[0], "wrong chip at 0x76: BMP280 (id 0x58), not BME280");
        assert_eq!(texts[1], "nothing answers at 0x48 on I2C bus 1: check wiring and address");
        assert_eq!(texts[2], "temperature -140.5 °C cannot be true: check the wiring, or the chip is broken");
    }
}
