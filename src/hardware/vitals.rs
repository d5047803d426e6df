//! What the machine's own files tell of how it is: one row each. Reading them takes a thousandth of a second, unless a disk
//! hangs: this may block.

use super::i2c;
use crate::{files, model::Vital};
use chrono::{DateTime, SecondsFormat};
use std::{
    ffi::CString,
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

/// In bytes, as the kernel counts what a disk has written.
const SECTOR: f64 = 512.0;

/// Where to look.
struct Place<'a> {
    /// Usually `/`.
    root: &'a Path,
    /// Where state is kept.
    state: &'a Path,
}

type Reader = fn(&Place<'_>) -> Option<String>;

const READERS: [(Vital, Reader); 8] = [
    (Vital::Booted, booted),
    (Vital::Kernel, |place| place.line("proc/sys/kernel/osrelease")),
    (Vital::Firmware, firmware),
    (Vital::CpuTemperature, cpu_temperature),
    (Vital::Memory, memory),
    (Vital::DiskFree, disk_free),
    (Vital::Written, written),
    (Vital::I2cErrors, |_| Some(i2c::errors()?.to_string())),
];

/// What is there on this machine, rounded so that it does not change all the time. `state` is where state is kept.
pub fn read(state: &Path) -> Vec<(Vital, String)> {
    read_below(Path::new("/"), state)
}

fn read_below(root: &Path, state: &Path) -> Vec<(Vital, String)> {
    let place = Place { root, state };
    READERS.into_iter().filter_map(|(vital, reader)| Some((vital, reader(&place)?))).collect()
}

impl Place<'_> {
    fn text(&self, path: &str) -> Option<String> {
        files::read_text(&self.root.join(path), files::SYSTEM).ok()
    }

    /// A file of one line, made fit to be shown.
    fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.trim();
        (!line.is_empty() && !line.contains(char::is_control)).then(|| line.to_owned())
    }
}

/// `/proc/stat` tells it in seconds since 1970 (proc_stat(5)).
fn booted(place: &Place<'_>) -> Option<String> {
    let text = place.text("proc/stat")?;
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(DateTime::from_timestamp(seconds, 0)?.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// When the boot loader in the EEPROM of a Raspberry Pi 4 or 5 was built (Raspberry Pi documentation, "Device tree bootloader
/// properties").
fn firmware(place: &Place<'_>) -> Option<String> {
    let path = place.root.join("proc/device-tree/chosen/bootloader/build-timestamp");
    let seconds = u32::from_be_bytes(files::read(&path, files::SYSTEM).ok()?.try_into().ok()?);
    Some(DateTime::from_timestamp(seconds.into(), 0)?.date_naive().to_string())
}

/// The first thermal zone, in m°C (kernel document Documentation/driver-api/thermal/sysfs-api.rst).
fn cpu_temperature(place: &Place<'_>) -> Option<String> {
    let millidegrees: f64 = place.line("sys/class/thermal/thermal_zone0/temp")?.parse().ok()?;
    Some(format!("{:.0}", millidegrees / 1000.0))
}

/// All but what the kernel thinks that a new program could have (proc_meminfo(5)).
fn memory(place: &Place<'_>) -> Option<String> {
    let text = place.text("proc/meminfo")?;
    let kilobytes = |key: &str| -> Option<f64> {
        text.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix("kB")?.trim().parse().ok())
    };
    let (total, available) = (kilobytes("MemTotal:")?, kilobytes("MemAvailable:")?);
    (total > 0.0).then(|| format!("{:.0}", 100.0 * (1.0 - available / total)))
}

fn disk_free(place: &Place<'_>) -> Option<String> {
    Some(format!("{:.1}", free_bytes(place.state)? / 1e9))
}

/// What a user who is not root may still write, statvfs(3).
#[expect(unsafe_code, reason = "statvfs(3) has no safe wrapper in the standard library")]
fn free_bytes(path: &Path) -> Option<f64> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut told = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with a zero byte, and the call fills the structure when it returns 0.
    let told = unsafe { (libc::statvfs(path.as_ptr(), told.as_mut_ptr()) == 0).then(|| told.assume_init()) }?;
    // The width of these numbers differs between machines.
    #[allow(clippy::unnecessary_cast, reason = "it is necessary on others")]
    Some(told.f_bavail as f64 * told.f_frsize as f64)
}

/// Of the whole disk, not of the part of it (kernel document Documentation/block/stat.rst).
fn written(place: &Place<'_>) -> Option<String> {
    let device = std::fs::metadata(place.state).ok()?.dev();
    let part = format!("sys/dev/block/{}:{}", libc::major(device), libc::minor(device));
    let disk = if place.root.join(&part).join("partition").exists() { format!("{part}/..") } else { part };
    let sectors: f64 = place.text(&format!("{disk}/stat"))?.split_whitespace().nth(6)?.parse().ok()?;
    Some(format!("{:.1}", sectors * SECTOR / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn each_file_is_told_in_round_numbers_and_none_is_missed_by_the_others() {
        let machine = tempfile::tempdir().unwrap();
        let root = machine.path();
        let state = tempfile::tempdir().unwrap();
        let told = |wanted: Vital| {
            let all = read_below(root, state.path());
            all.into_iter().find(|(vital, _)| *vital == wanted).map(|(_, value)| value)
        };
        assert!(READERS.iter().all(|(vital, _)| *vital == Vital::DiskFree || told(*vital).is_none()), "nothing there");
        assert!(told(Vital::DiskFree).unwrap().parse::<f64>().unwrap() > 0.0);
        let device = fs::metadata(state.path()).unwrap().dev();
        let link = root.join(format!("sys/dev/block/{}:{}", libc::major(device), libc::minor(device)));
        for (path, bytes) in [
            ("proc/stat", &b"cpu 1 2 3\nbtime 1795950000\nprocesses 7\n"[..]),
            ("proc/sys/kernel/osrelease", b"6.12.47+rpt-rpi-v8\n"),
            ("proc/device-tree/chosen/bootloader/build-timestamp", &0x66f1_8a80_u32.to_be_bytes()),
            ("sys/class/thermal/thermal_zone0/temp", b"51621\n"),
            ("proc/meminfo", b"MemTotal:  4000 kB\nMemFree: 10 kB\nMemAvailable:  3000 kB\n"),
            ("sys/devices/mmcblk0/stat", b" 1 2 3 4 5 6 4000000 8 9 10 11\n"),
            ("sys/devices/mmcblk0/mmcblk0p2/partition", b"2\n"),
            ("sys/devices/mmcblk0/mmcblk0p2/stat", b" 1 2 3 4 5 6 7 8 9 10 11\n"),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), bytes).unwrap();
        }
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(root.join("sys/devices/mmcblk0/mmcblk0p2"), link).unwrap();
        for (vital, value) in [
            (Vital::Booted, "2026-11-29T11:00:00Z"),
            (Vital::Kernel, "6.12.47+rpt-rpi-v8"),
            (Vital::Firmware, "2024-09-23"),
            (Vital::CpuTemperature, "52"),
            (Vital::Memory, "25"),
            (Vital::Written, "2.0"),
        ] {
            assert_eq!(told(vital).as_deref(), Some(value), "{vital:?}");
        }
        fs::write(root.join("proc/meminfo"), "MemTotal: 0 kB\nMemAvailable: 0 kB\n").unwrap();
        fs::write(root.join("sys/class/thermal/thermal_zone0/temp"), "hot\n").unwrap();
        assert_eq!((told(Vital::Memory), told(Vital::CpuTemperature)), (None, None));
    }
}
