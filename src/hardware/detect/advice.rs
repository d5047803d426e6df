//! What is switched off, not loaded or not permitted, and what to do about it.

use super::{Findings, Missing, kernel};
use crate::{
    hardware::{lines, machine, machine::Machine},
    model::PiKind,
};
use std::path::Path;

/// Where the firmware of a Raspberry Pi reads its settings, in newer and older systems.
const FIRMWARE_SETTINGS: [&str; 2] = ["boot/firmware/config.txt", "boot/config.txt"];

pub(super) fn missing(root: &Path, findings: &Findings) -> Vec<Missing> {
    let mut missing = Vec::new();
    if let Some(kind) = Machine::below(root).pi() {
        raspberry_pi(root, kind, findings, &mut missing);
    } else if findings.board.is_some() && findings.i2c.is_empty() {
        add(&mut missing, "I2C bus", i2c_cure(root));
    }
    nodes(root, findings, &mut missing);
    groups(root, findings, &mut missing);
    missing
}

/// What to write into the file that the firmware of a Raspberry Pi reads.
fn write(root: &Path, line: &str) -> String {
    let settings = FIRMWARE_SETTINGS.iter().find(|file| root.join(file).exists()).unwrap_or(&FIRMWARE_SETTINGS[0]);
    format!("write {line} into /{settings} and restart")
}

/// How I2C is switched on.
pub(super) fn i2c_cure(root: &Path) -> String {
    if Machine::below(root).pi().is_some() {
        format!("`sudo raspi-config nonint do_i2c 0`, or {}", write(root, "dtparam=i2c_arm=on"))
    } else {
        "enable it in the device tree of the board (an overlay, or the tool that came with its system), restart, and \
         `sudo modprobe i2c-dev`"
            .into()
    }
}

fn add(missing: &mut Vec<Missing>, what: impl Into<String>, cure: impl Into<String>) {
    missing.push(Missing { what: what.into(), cure: cure.into() });
}

/// What the firmware brings only when it is told to.
fn raspberry_pi(root: &Path, kind: &PiKind, findings: &Findings, missing: &mut Vec<Missing>) {
    let write = |line: &str| write(root, line);
    if !findings.i2c.iter().any(|bus| bus.number == 1) {
        add(missing, "I2C bus 1 (GPIO 2 and 3)", i2c_cure(root));
    }
    let overlay = kind.onewire_overlay;
    let onewire = kernel::entries(&root.join("sys/bus/w1/devices"));
    if !onewire.iter().any(|path| kernel::name(path).starts_with("w1_bus_master")) {
        let cure = write(&format!("dtoverlay={overlay} (GPIO 4; another one: dtoverlay={overlay},gpiopin=17)"));
        add(missing, "1-Wire, for DS18B20", cure);
    } else if machine::onewire_is_for_older_boards(&root.join("proc/device-tree")) {
        let what = format!("1-Wire with the delays of a {}: without them thermometers come and go", kind.name);
        add(
            missing,
            what,
            write(&format!("dtoverlay={overlay} in place of dtoverlay=w1-gpio, with the same gpiopin,")),
        );
    } else if findings.onewire.is_empty() {
        let cure = "check the wires, and the 4.7 kΩ from the data wire to 3.3 V";
        add(missing, "a thermometer on the 1-Wire bus", cure);
    }
    if findings.pwm.is_empty() {
        let lines = "dtoverlay=pwm-2chan (12 and 13: dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4)";
        add(missing, "PWM by hardware (GPIO 18 and 19)", write(lines));
    }
}

/// Devices that the kernel has and nobody can open.
fn nodes(root: &Path, findings: &Findings, missing: &mut Vec<Missing>) {
    if findings.i2c.iter().any(|bus| !root.join(format!("dev/i2c-{}", bus.number)).exists()) {
        let cure = "`sudo modprobe i2c-dev`, and write i2c-dev into /etc/modules";
        add(missing, "the module i2c-dev, which makes /dev/i2c-N", cure);
    }
    let chips = kernel::entries(&root.join("sys/bus/gpio/devices"));
    if findings.gpio.is_empty() && chips.iter().any(|path| kernel::name(path).starts_with("gpiochip")) {
        let cure = "run it with sudo, or join the group: `sudo usermod -aG gpio $USER`, then log in again";
        let nodes: Vec<String> = lines::chip_nodes(&root.join("dev")).iter().map(|node| kernel::name(node)).collect();
        let nodes = if nodes.is_empty() { "gpiochipN".into() } else { nodes.join(", ") };
        add(missing, format!("permission for /dev/{nodes}"), cure);
    }
}

/// Groups without which the service does not start.
fn groups(root: &Path, findings: &Findings, missing: &mut Vec<Missing>) {
    let Some(groups) = kernel::text(&root.join("etc/group")) else { return };
    for (group, used) in [("gpio", !findings.gpio.is_empty()), ("i2c", !findings.i2c.is_empty())] {
        let exists = groups.lines().any(|line| line.split(':').next() == Some(group));
        if used && !exists {
            add(
                missing,
                format!("the group {group}"),
                "install hearthd, by its package or scripts/install: both make it",
            );
        }
    }
}
