//! The one place that opens files: bounded and without waiting, whatever stands where a file should be.
//!
//! A FIFO would be waited for until somebody writes into it, `/dev/zero` never ends, and a terabyte does not fit. So only
//! regular files are read (those of `/proc` and `/sys` are), up to a limit that the caller knows. `tests/architecture.rs`
//! sees that nothing is opened elsewhere.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The largest file that people write: a configuration, its tests, a list of holidays, a scenario. Far beyond any house.
pub const WRITTEN: u64 = 1 << 20;
/// The largest file of the kernel or the system: an attribute, a list of groups, a time zone.
pub const SYSTEM: u64 = 1 << 18;

/// The content of a regular file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be opened or read; [`ErrorKind::FileTooLarge`] beyond the limit, [`ErrorKind::InvalidInput`] when it is
/// not a regular file.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = to_read(path)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// As [`read`], as text.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Opens a regular file to be written into, with what is in it.
///
/// # Errors
/// When there is none, it cannot be opened, or it is something else.
pub fn existing(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true))
}

/// As [`existing`]; it is made, for this user alone, if it does not exist.
///
/// # Errors
/// When it cannot be made or opened, or is something else.
pub fn writable(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).create(true).truncate(false).mode(0o600))
}

/// Writes a file in one step: nobody finds half of it, also after a power cut. The new one is for this user alone until
/// `finish`, which is given its path before it takes its name, says otherwise. Folders are made as needed.
///
/// # Errors
/// When it cannot be written; the one before stays.
pub fn replace(path: &Path, content: &[u8], finish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let new = beside(path, ".new");
    let written = (|| {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // What a kill left there may be for others to read.
        let _ = fs::remove_file(&new);
        let mut file = writable(&new)?;
        file.write_all(content)?;
        finish(&new)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // After a power cut it is the new one. Where a folder cannot be confirmed, one of both is there whole.
        let _ = path.parent().map(|parent| folder(parent).and_then(|folder| folder.sync_all()));
        Ok(())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// What belongs to a file and is called by its name with something more.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Opens a regular file to be read.
///
/// # Errors
/// When there is none, it cannot be opened, or it is something else.
pub fn to_read(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}

/// Opens a folder, to lock it or to have the disk confirm what it lists.
///
/// # Errors
/// When it cannot be opened, or is something else.
pub fn folder(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_DIRECTORY).open(path)
}

/// Opens a character device, such as a serial port, to be read and written without waiting.
///
/// # Errors
/// When there is none, it cannot be opened, or it is something else.
pub fn device(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    match file.metadata()?.file_type().is_char_device() {
        true => Ok(file),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a device")),
    }
}

fn open(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    let no_file = || io::Error::new(ErrorKind::InvalidInput, "it is not a regular file");
    let file = how.custom_flags(libc::O_NONBLOCK).open(path).map_err(|error| match error.raw_os_error() {
        // A FIFO that nobody reads, a socket, a device that is not there.
        Some(libc::ENXIO) => no_file(),
        _ => error,
    })?;
    let kind = file.metadata()?;
    match () {
        () if kind.is_file() => Ok(file),
        () if kind.is_dir() => Err(ErrorKind::IsADirectory.into()),
        () => Err(no_file()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use tempfile::TempDir;

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_read_without_end() {
        let folder = TempDir::new().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let large = folder.path().join("large");
        fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
        let kind = |path: &Path| read(path, 100).map(drop).map_err(|error| error.kind());
        assert_eq!(kind(&fifo), Err(ErrorKind::InvalidInput));
        assert_eq!(kind(Path::new("/dev/zero")), Err(ErrorKind::InvalidInput));
        assert_eq!(kind(folder.path()), Err(ErrorKind::IsADirectory));
        assert_eq!(kind(&large), Err(ErrorKind::FileTooLarge));
        assert_eq!(kind(Path::new("/proc/self/stat")).err(), Some(ErrorKind::FileTooLarge));
        assert!(read(Path::new("/proc/self/stat"), SYSTEM).is_ok_and(|bytes| !bytes.is_empty()));
        for open in [existing, writable] {
            assert!(open(&fifo).is_err() && open(Path::new("/dev/null")).is_err() && open(folder.path()).is_err());
        }
        assert!(super::folder(&fifo).is_err() && super::folder(folder.path()).is_ok());
    }

    #[test]
    fn a_file_at_its_limit_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "äb").unwrap();
        assert_eq!(read_text(file.path(), 3).unwrap(), "äb");
        assert!(read_text(file.path(), 2).is_err());
    }
}
