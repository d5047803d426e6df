//! Reads the configuration file, and the files that it may name.

use super::{
    diagnostic::{Problems, Report, Source},
    shape::{Wrong, shorten},
};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The largest configuration file: far beyond any house, and read in a moment.
const LARGEST: u64 = 1 << 20;
/// The largest password file.
const LARGEST_SECRET: u64 = 1 << 12;

/// The file as text.
pub(super) fn read(path: &Path) -> Result<Source, Report> {
    let shown = path.display();
    let refuse = |message: String, advice: &str| Err(Report::about_file(path, message, advice.to_owned()));
    let bytes = match read_at_most(path, LARGEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return refuse(
                format!("{shown} is larger than 1 MiB"),
                "is it the right file? A configuration of a large house has some 50 KiB",
            );
        }
        Err(error) => {
            let advice = cure(&error);
            return refuse(format!("cannot read {shown}: {}", cause(&error)), advice);
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { path: path.into(), text }),
        Err(error) => {
            let wrong = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let byte = error.as_bytes().get(wrong).copied().unwrap_or_default();
            let problems = Problems::default();
            let message = format!("the file is not UTF-8 text: it has the byte {byte:#04x} here");
            problems.error(wrong..wrong, message, "save it again with the encoding UTF-8");
            let source = Source { path: path.into(), text };
            problems.settle(&source).map(|_| source)
        }
    }
}

/// The password in the file `name`: beside the configuration file, or among systemd's credentials.
pub(super) fn secret(config: &Path, name: &str) -> Result<Option<String>, Wrong> {
    let beside = config.parent().unwrap_or(Path::new("")).join(name);
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|directory| PathBuf::from(directory).join(name));
    let path = credential.filter(|path| path.exists()).unwrap_or(beside);
    let shown = path.display();
    let bytes = match read_at_most(&path, LARGEST_SECRET) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(Wrong::new(
                format!("{shown} is larger than 4 KiB"),
                "name a file that holds only the password",
            ));
        }
        Err(error) => return Err(Wrong::new(format!("cannot read {shown}: {}", cause(&error)), cure(&error))),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| Wrong::new(format!("{shown} is not UTF-8 text"), "save it again with the encoding UTF-8"))?;
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(Wrong::new(format!("{} is empty", shorten(&shown.to_string())), "write the password into it"));
    }
    Ok(Some(password.to_owned()))
}

/// The text of the file `name` beside the configuration file.
pub(super) fn beside(config: &Path, name: &str) -> Result<String, Wrong> {
    let path = config.parent().unwrap_or(Path::new("")).join(name);
    let shown = path.display();
    match read_at_most(&path, LARGEST) {
        Ok(Some(bytes)) => String::from_utf8(bytes)
            .map_err(|_| Wrong::new(format!("{shown} is not UTF-8 text"), "save it again with the encoding UTF-8")),
        Ok(None) => Err(Wrong::new(format!("{shown} is larger than 1 MiB"), "is it the right file?")),
        Err(error) => Err(Wrong::new(format!("cannot read {shown}: {}", cause(&error)), cure(&error))),
    }
}

/// The content of a regular file; nothing when it has more than `limit` bytes.
fn read_at_most(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Opening a FIFO or a device without O_NONBLOCK could wait for ever.
    let file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::IsADirectory => "it is a directory".into(),
        _ => error.to_string(),
    }
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "write the file, or give the path of another one",
        ErrorKind::PermissionDenied => {
            "let hearthd read it: for a service, `chgrp hearthd` and `chmod 640` it; its folders must be open, too"
        }
        ErrorKind::IsADirectory | ErrorKind::InvalidInput => "give the path of a file",
        _ => "check the disk and its mount",
    }
}
