//! Files of `/sys`: one value each, as text in one line.

use crate::hardware::HardwareError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The text of a file, without the space around it.
pub(super) fn text(path: &Path) -> Result<String, HardwareError> {
    let text = fs::read_to_string(path).map_err(|source| cannot_read(path, source))?;
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

/// The one device of a class whose file `name` says `wanted`, or what stands before an `@` in it: numbers of devices move,
/// names stay.
pub(super) fn device(folder: &Path, class: &'static str, wanted: &str) -> Result<PathBuf, HardwareError> {
    let named = |path: PathBuf| text(&path.join("name")).ok().map(|name| (name, path));
    let devices: Vec<(String, PathBuf)> = entries(folder).into_iter().filter_map(named).collect();
    let is_it = |name: &str| name == wanted || name.split_once('@').is_some_and(|(begin, _)| begin == wanted);
    let mut matching = devices.iter().filter(|(name, _)| is_it(name));
    match (matching.next(), matching.next()) {
        (Some((_, path)), None) => Ok(path.clone()),
        (found, _) => {
            let names: Vec<&str> = devices.iter().map(|(name, _)| name.as_str()).collect();
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
