//! Files of certificates and keys that the configuration names, and whether they hold what they should.

use super::{
    diagnostic::Problems,
    shape::{Shape, Wrong},
};
use crate::model::{PemFault, PemKind, pem};
use serde_json::{Value as Json, json};
use std::{
    hash::{DefaultHasher, Hasher},
    ops::Range,
    path::PathBuf,
};
use toml::de::DeValue;

/// A name of a file, and where the configuration has it.
pub(super) type Named = (String, Range<usize>);

/// Where a file stands that the configuration names.
#[derive(Default)]
pub(super) struct PemFile {
    pub path: PathBuf,
    /// What it holds, and that is what it should; None: it was not read, or is reported.
    pub content: Option<Vec<u8>>,
}

/// Finds the file of a name, and looks whether it holds what it should.
pub(super) type FindPem<'f> = dyn Fn(&str, PemKind) -> Result<PemFile, Wrong> + 'f;

/// The files of one table, one after the other.
pub(super) struct PemFiles<'f> {
    find: &'f FindPem<'f>,
    problems: &'f Problems,
    marks: DefaultHasher,
}

impl<'f> PemFiles<'f> {
    pub fn new(find: &'f FindPem<'f>, problems: &'f Problems) -> PemFiles<'f> {
        PemFiles { find, problems, marks: DefaultHasher::new() }
    }

    /// A file of certificates.
    pub fn certificates(&mut self, named: &Named) -> PemFile {
        self.find(named, PemKind::Certificates)
    }

    /// A certificate and the key that belongs to it.
    pub fn pair(&mut self, cert: &Named, key: &Named) -> (PathBuf, PathBuf) {
        let (cert_file, key_file) = (self.find(cert, PemKind::Certificates), self.find(key, PemKind::Key));
        if let Some((certificates, private)) = cert_file.content.zip(key_file.content)
            && let Err((kind, PemFault { fault, cure })) = pem::pair(&certificates, &private, &cert_file.path)
        {
            let (place, path) = match kind {
                PemKind::Certificates => (&cert.1, &cert_file.path),
                PemKind::Key => (&key.1, &key_file.path),
            };
            self.problems.error(place.clone(), format!("{} {fault}", path.display()), cure);
        }
        (cert_file.path, key_file.path)
    }

    /// Tells these contents from others.
    pub fn mark(&self) -> u64 {
        self.marks.finish()
    }

    fn find(&mut self, (name, place): &Named, kind: PemKind) -> PemFile {
        match (self.find)(name, kind) {
            Ok(file) => {
                file.content.iter().for_each(|content| self.marks.write(content));
                file
            }
            Err(wrong) => {
                self.problems.error(place.clone(), wrong.message, wrong.advice);
                PemFile::default()
            }
        }
    }
}

/// The name of a file, not what should be in it.
pub(super) struct FileName;

impl Shape for FileName {
    type Value = String;

    fn noun(&self) -> String {
        "the name of a file".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"ca.crt\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.contains("-----BEGIN") {
            let advice = "write it into a file beside this one, and the name of that file here";
            Err(Wrong::new("this is what should stand in the file, not its name", advice))
        } else if text.trim().is_empty() {
            Err(Wrong::new("empty text", "write the name of a file, or remove the line"))
        } else if text.chars().any(char::is_control) || text.len() > 1_000 {
            Err(Wrong::new("this is not the name of a file", "write a name such as \"ca.crt\""))
        } else {
            Ok(Some(text.to_owned()))
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": 1000 })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}
