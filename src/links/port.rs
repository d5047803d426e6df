//! Serial ports: opened for nobody else, bytes as they are, and what to say where that fails.

use crate::{
    files,
    model::{Parity, SerialSettings},
};
use rustix::{
    event::{PollFd, Timespec, poll},
    termios::{self, ControlModes, InputModes, OptionalActions, QueueSelector, SpecialCodeIndex},
};
use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind},
    path::Path,
    thread::sleep,
    time::Duration,
};

/// What cannot be reached is tried again after this time, then after twice as long each time,
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// and at least this often.
const RETRY_LAST: Duration = Duration::from_secs(60);

/// To try to open a port or a connection costs nothing: it is waited for no longer than this.
pub(super) const REOPEN_LAST: Duration = Duration::from_secs(10);

/// After so many failures, one after the other, the next try waits for so long.
pub(super) fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doubled) => RETRY_FIRST.saturating_mul(1 << doubled.min(6)).min(RETRY_LAST),
    }
}

/// Opens a port; one that yields leaves it to a program that has it open.
pub(super) fn open(port: &str, settings: SerialSettings, yields: bool) -> io::Result<File> {
    let file = files::device(Path::new(port))?;
    // Root may open what is for nobody else: to leave outputs safe beside a daemon that hangs, but not to look around.
    if let (Err(TryLockError::WouldBlock), true) = (file.try_lock(), yields) {
        return Err(ErrorKind::ResourceBusy.into());
    }
    set_up(&file, settings)?;
    Ok(file)
}

/// Bytes as they are, for nobody else.
fn set_up(port: &File, SerialSettings { baud, data_bits, parity, stop_bits }: SerialSettings) -> io::Result<()> {
    let mut settings = termios::tcgetattr(port)?;
    termios::ioctl_tiocexcl(port)?;
    settings.make_raw();
    let modes = &mut settings.control_modes;
    modes.remove(ControlModes::CSIZE | ControlModes::PARENB | ControlModes::PARODD | ControlModes::CRTSCTS);
    modes.insert(if data_bits == 7 { ControlModes::CS7 } else { ControlModes::CS8 });
    modes.insert(ControlModes::CREAD | ControlModes::CLOCAL);
    modes.set(ControlModes::PARENB, parity != Parity::None);
    modes.set(ControlModes::PARODD, parity == Parity::Odd);
    modes.set(ControlModes::CSTOPB, stop_bits == 2);
    // Of seven bits, one whose parity is wrong becomes 0: nothing else may show it. Frames of eight have a checksum.
    settings.input_modes.set(InputModes::INPCK, data_bits == 7);
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    settings.set_speed(baud)?;
    termios::tcsetattr(port, OptionalActions::Now, &settings)?;
    termios::tcflush(port, QueueSelector::IOFlush)?;
    // A converter on USB takes a moment to change its speed.
    sleep(Duration::from_millis(10));
    Ok(())
}

/// Waits until one of these is ready, for no longer than this.
pub(super) fn wait(fds: &mut [PollFd<'_>], limit: Duration) -> io::Result<()> {
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    match poll(fds, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What is wrong with a port, and what to do.
pub(super) fn describe(place: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            format!("there is no {place}: is the converter plugged in? `ls -l /dev/serial/by-id` shows those that are")
        }
        _ if error.raw_os_error() == Some(libc::EPERM) => format!(
            "{place} may not be opened by a service: `systemctl edit hearthd`, write [Service] and on the next line \
             DeviceAllow={place} rw"
        ),
        ErrorKind::PermissionDenied => format!(
            "{place} may not be opened: the user that runs hearthd must be in the group dialout, and no login console on this \
             port (`raspi-config`, Interface, Serial)"
        ),
        ErrorKind::ResourceBusy => format!(
            "{place} is in use by another program, or is the port of another table by another name (`ls -l \
             /dev/serial/by-id` shows both): stop it, or write one table for all that is on it"
        ),
        ErrorKind::UnexpectedEof => format!("{place} is gone"),
        _ => format!("{place}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_open_a_port_is_told_what_to_do() {
        let told = |code| describe("/dev/ttyUSB0", &io::Error::from_raw_os_error(code));
        assert!(told(libc::EACCES).contains("dialout"));
        assert!(told(libc::EACCES).contains("login console"));
        assert!(told(libc::EPERM).contains("DeviceAllow=/dev/ttyUSB0 rw"));
        assert!(told(libc::EBUSY).contains("another program"));
        assert!(told(libc::ENOENT).contains("plugged in"));
    }
}
