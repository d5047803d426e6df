//! Files of `/sys`: one value each, as text in one line.

use crate::{files, hardware::HardwareError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The text of a file, without the space around it.
pub(super) fn text(path: &Path) -> Result<String, HardwareError> {
    let text = files::read_text(path, files::SYSTEM).map_err(|source| cannot_read(path, source))?;
    Ok(text.trim().to_owned())
}

/// The number in a file.
pub(super) fn number(path: &Path) -> Result<f64, HardwareError> {
    let text = text(path)?;
    text.parse().map_err(|_| HardwareError::NotANumber { path: path.display().to_string(), text: shorten(&text) })
}

/// The number in a file that may be absent.
pub(super) fn number_if_there(path: &Path) -> Result<Option<f64>, HardwareError> {
    if path.exists() { number(path).map(Some) } else { Ok(None) }
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

/// What a device is called: first what its file `name` says; then the name of the chip that it is part of, and what the
/// device tree announced that as.
pub(in crate::hardware) fn names(device: &Path) -> Vec<String> {
    let mut names: Vec<String> = text(&device.join("name")).into_iter().collect();
    if let Some(chip) = fs::canonicalize(device).ok().as_deref().and_then(Path::parent) {
        names.extend(text(&chip.join("name")));
        let news = text(&chip.join("uevent")).unwrap_or_default();
        let compatible = news.lines().filter_map(|line| line.strip_prefix("OF_COMPATIBLE_")?.split_once('='));
        // `maxim,max31855k`; `OF_COMPATIBLE_N` has no comma.
        names.extend(compatible.filter_map(|(_, text)| Some(text.split_once(',')?.1.to_owned())));
    }
    names
}

/// The one device of a class that is called `wanted`, or `wanted` before an `@`: numbers of devices move, names stay. Where
/// there is none, the one whose file `name` says one of `aliases`, the other names of what is wanted.
pub(super) fn device(
    folder: &Path,
    class: &'static str,
    wanted: &str,
    aliases: &[&str],
) -> Result<PathBuf, HardwareError> {
    let named = |path: PathBuf| Some((names(&path), path)).filter(|(names, _)| !names.is_empty());
    let devices: Vec<(Vec<String>, PathBuf)> = entries(folder).into_iter().filter_map(named).collect();
    let is_it = |name: &String| name == wanted || name.split_once('@').is_some_and(|(begin, _)| begin == wanted);
    let called = |names: &[String]| names.iter().any(is_it);
    // A driver may have but one name for all its chips, which is the first.
    let by_driver =
        |names: &[String]| aliases.contains(&wanted) && names.first().is_some_and(|name| *name == aliases[0]);
    let any = devices.iter().any(|(names, _)| called(names));
    let mut matching = devices.iter().filter(|(names, _)| if any { called(names) } else { by_driver(names) });
    match (matching.next(), matching.next()) {
        (Some((_, path)), None) => Ok(path.clone()),
        (found, _) => {
            // The name that tells most is the last.
            let told = |(names, _): &(Vec<String>, PathBuf)| match (names.first(), names.last()) {
                (Some(name), Some(more)) if name == wanted && found.is_some() && name != more => more.clone(),
                (name, _) => name.cloned().unwrap_or_default(),
            };
            let names: Vec<String> = devices.iter().map(told).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let device = format!("{class} device {wanted}");
            let cure = match found {
                Some(_) => format!("several have this name: write another of {names}"),
                None => format!("the kernel shows {names}; check the dtoverlay and the wiring"),
            };
            Err(HardwareError::NoKernelDevice { device, cure })
        }
    }
}

fn cannot_read(path: &Path, source: io::Error) -> HardwareError {
    HardwareError::Os { what: format!("cannot read {}", path.display()), source }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
