//! Reads the configuration file, and the files that it may name.

use super::{
    diagnostic::{Problems, Report, Source},
    pem_files::PemFile,
    shape::{Wrong, shorten},
};
use crate::{
    files,
    model::{PemFault, PemKind, Zone},
};
use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The largest password file.
const LARGEST_SECRET: u64 = 1 << 12;

/// The file as text.
pub(super) fn read(path: &Path) -> Result<Source, Report> {
    let shown = path.display();
    let refuse = |message: String, advice: &str| Err(Report::about_file(path, message, advice.to_owned()));
    let bytes = match files::read(path, files::WRITTEN) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
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

/// Where the file `name` is: among systemd's credentials, or beside the configuration file.
pub(super) fn named(config: &Path, name: &str) -> PathBuf {
    let beside = config.parent().unwrap_or(Path::new("")).join(name);
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|directory| PathBuf::from(directory).join(name));
    credential.filter(|path| path.exists()).unwrap_or(beside)
}

/// The file `name` of certificates, or of a key.
pub(super) fn pem(config: &Path, name: &str, kind: PemKind) -> Result<PemFile, Wrong> {
    // A connection is made long after the start; who knows in which folder.
    let path = named(config, name);
    let path = std::path::absolute(&path).unwrap_or(path);
    let shown = path.display();
    let bytes = match files::read(&path, files::WRITTEN) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return Err(Wrong::new(format!("{shown} is larger than 1 MiB"), "is it the right file?"));
        }
        Err(error) => return Err(Wrong::new(format!("cannot read {shown}: {}", cause(&error)), cure(&error))),
    };
    kind.check(&bytes).map_err(|PemFault { fault, cure }| Wrong::new(format!("{shown} {fault}"), cure))?;
    Ok(PemFile { path, content: Some(bytes) })
}

/// The password in the file `name`: beside the configuration file, or among systemd's credentials.
pub(super) fn secret(config: &Path, name: &str) -> Result<String, Wrong> {
    let path = named(config, name);
    let shown = path.display();
    let bytes = match files::read(&path, LARGEST_SECRET) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
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
    if password.contains('\n') {
        let message = format!("{} has more than one line", shorten(&shown.to_string()));
        return Err(Wrong::new(message, "name a file that holds only the password"));
    }
    Ok(password.to_owned())
}

/// The text of the file `name` beside the configuration file.
pub(super) fn beside(config: &Path, name: &str) -> Result<String, Wrong> {
    let path = config.parent().unwrap_or(Path::new("")).join(name);
    let shown = path.display();
    match files::read(&path, files::WRITTEN) {
        Ok(bytes) => String::from_utf8(bytes)
            .map_err(|_| Wrong::new(format!("{shown} is not UTF-8 text"), "save it again with the encoding UTF-8")),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            Err(Wrong::new(format!("{shown} is larger than 1 MiB"), "is it the right file?"))
        }
        Err(error) => Err(Wrong::new(format!("cannot read {shown}: {}", cause(&error)), cure(&error))),
    }
}

/// The time zone of this machine, as systemd has it (the link /etc/localtime) or as Debian once had it; UTC when it has none.
pub(super) fn system_zone() -> Zone {
    let linked = std::fs::read_link("/etc/localtime").ok().and_then(|target| {
        let target = target.to_str()?;
        target.split_once("zoneinfo/").map(|(_, name)| name.to_owned())
    });
    let name = linked.or_else(|| files::read_text(Path::new("/etc/timezone"), files::SYSTEM).ok());
    name.and_then(|name| Zone::find(name.trim())).unwrap_or(Zone::UTC)
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
