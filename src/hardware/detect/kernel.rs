//! What drivers of the kernel show below `/sys`.

use super::{KernelDevice, PwmChip};
use crate::{files, hardware::kernel::sysfs, model::kernel_facts};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The family codes of the 1-Wire thermometers that the kernel reads.
const THERMOMETERS: [&str; 5] = ["10-", "22-", "28-", "3b-", "42-"];

/// The text of a file, without the space and the zero byte around it.
pub(super) fn text(path: &Path) -> Option<String> {
    let text = files::read_text(path, files::SYSTEM).ok()?;
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// The entries of a folder, sorted by name; none when there is no such folder.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into()
}

pub(super) fn thermometers(root: &Path) -> Vec<String> {
    let names = entries(&root.join("sys/bus/w1/devices")).into_iter().map(|path| name(&path));
    names.filter(|name| THERMOMETERS.iter().any(|family| name.starts_with(family))).collect()
}

/// A channel is a file `in_NAME_input`, or `in_NAME_raw`.
pub(super) fn iio(root: &Path) -> Vec<KernelDevice> {
    devices(&root.join("sys/bus/iio/devices"), |file| {
        let channel = file.strip_prefix("in_")?;
        channel.strip_suffix("_input").or_else(|| channel.strip_suffix("_raw"))
    })
}

/// A channel is a file `NAME_input`.
pub(super) fn hwmon(root: &Path) -> Vec<KernelDevice> {
    devices(&root.join("sys/class/hwmon"), |file| file.strip_suffix("_input"))
}

fn devices(folder: &Path, channel: impl Fn(&str) -> Option<&str>) -> Vec<KernelDevice> {
    let device = |path: PathBuf| {
        let files = entries(&path);
        let mut channels: Vec<String> =
            files.iter().filter_map(|file| channel(&name(file)).map(ToOwned::to_owned)).collect();
        channels.dedup();
        let names = sysfs::names(&path);
        // Some drivers call it by its address alone; it is found by what it was announced as, too.
        let known = names.iter().find(|name| kernel_facts(name).is_some());
        Some(KernelDevice { name: known.or(names.first())?.clone(), channels })
    };
    entries(folder).into_iter().filter_map(device).filter(|device| !device.channels.is_empty()).collect()
}

pub(super) fn pwm(root: &Path) -> Vec<PwmChip> {
    let chip = |path: PathBuf| {
        let channels = text(&path.join("npwm"))?.parse().ok()?;
        let device = path.join("device").canonicalize().map(|device| name(&device)).unwrap_or_default();
        Some(PwmChip { name: name(&path), device, channels, pins: None })
    };
    entries(&root.join("sys/class/pwm")).into_iter().filter_map(chip).collect()
}
