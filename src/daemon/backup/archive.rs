//! A tar file with the digests of all that is in it: it is checked as a whole before anything of it is used, and any other
//! program can read it, too (`tar -x`, `sha256sum -c SHA256SUMS`).

use ring::digest::{Context, SHA256};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
};

/// The digests of all others, the last in the archive.
const SUMS: &str = "SHA256SUMS";
const BLOCK: usize = 512;
/// The most that [`SUMS`] may have, bytes.
const SUMS_MAX: u64 = 1 << 20;

/// An archive that is being written.
pub(super) struct Archive {
    file: BufWriter<File>,
    sums: String,
}

impl Archive {
    pub fn new(file: File) -> Archive {
        Archive { file: BufWriter::new(file), sums: String::new() }
    }

    /// Adds a file of `size` bytes.
    ///
    /// # Errors
    /// When it cannot be written, or `content` has fewer bytes.
    pub fn add(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let mut digest = Context::new(&SHA256);
        self.file.write_all(&header(name, size)?)?;
        let mut content = content.take(size);
        let mut part = vec![0; 1 << 16];
        let mut left = size;
        while left > 0 {
            let count = content.read(&mut part)?;
            if count == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile"));
            }
            digest.update(&part[..count]);
            self.file.write_all(&part[..count])?;
            left -= count as u64;
        }
        self.file.write_all(&[0; BLOCK][..padding(size)])?;
        let _ = writeln!(self.sums, "{}  {name}", hex(digest));
        Ok(())
    }

    /// Writes what is left, and has the disk confirm it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self) -> io::Result<()> {
        let sums = std::mem::take(&mut self.sums);
        self.add(SUMS, sums.len() as u64, sums.as_bytes())?;
        self.file.write_all(&[0; 2 * BLOCK])?;
        self.file.into_inner()?.sync_all()
    }
}

/// Gives each file of an archive, from its beginning, to `each`.
///
/// # Errors
/// When `each` fails, or the archive is damaged, cut short or no archive of ours.
pub(super) fn read(file: &mut File, mut each: impl FnMut(&str, &mut dyn Read) -> io::Result<()>) -> io::Result<()> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    file.rewind()?;
    let mut file = BufReader::new(file);
    let (mut digests, mut sums) = (BTreeMap::new(), None);
    loop {
        let mut block = [0; BLOCK];
        file.read_exact(&mut block).map_err(|_| damaged("it is cut short".into()))?;
        if block == [0; BLOCK] {
            break;
        }
        let (name, size) = fields(&block).ok_or_else(|| damaged("it is no backup of hearthd, or damaged".into()))?;
        if sums.is_some() {
            return Err(damaged(format!("{name} is behind its end")));
        }
        let mut content = Digested { inner: (&mut file).take(size), digest: Context::new(&SHA256) };
        if name == SUMS {
            let mut text = String::new();
            content.by_ref().take(SUMS_MAX).read_to_string(&mut text)?;
            sums = Some(text);
        } else {
            each(&name, &mut content)?;
            io::copy(&mut content, &mut io::sink())?;
            if content.inner.limit() > 0 {
                return Err(damaged(format!("{name} is cut short")));
            }
            digests.insert(name, hex(content.digest));
        }
        let mut rest = [0; BLOCK];
        file.read_exact(&mut rest[..padding(size)]).map_err(|_| damaged("it is cut short".into()))?;
    }
    let sums = sums.ok_or_else(|| damaged("its end is missing".into()))?;
    let expected: BTreeMap<String, String> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name.into(), sum.into())).collect();
    if let Some((name, _)) = digests.iter().find(|(name, sum)| expected.get(*name) != Some(sum)) {
        return Err(damaged(format!("{name} in it is damaged")));
    }
    match expected.keys().find(|name| !digests.contains_key(*name)) {
        Some(name) => Err(damaged(format!("{name} is missing in it"))),
        None => Ok(()),
    }
}

struct Digested<R> {
    inner: R,
    digest: Context,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.digest.update(&into[..count]);
        Ok(count)
    }
}

fn hex(digest: Context) -> String {
    digest.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// The head of a file for its user alone (POSIX ustar).
fn header(name: &str, size: u64) -> io::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    // Beyond 8 GB there is no room for digits.
    if name.len() > 100 || size >= 1 << 33 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name} is too large, or its name is too long"),
        ));
    }
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum = format!("{:06o}\0 ", checksum(&block));
    block[148..156].copy_from_slice(sum.as_bytes());
    Ok(block)
}

/// The name and the size; None: this is no head of ours.
fn fields(block: &[u8; BLOCK]) -> Option<(String, u64)> {
    let text = |at: std::ops::Range<usize>| {
        let bytes = block[at].split(|byte| *byte == 0).next()?;
        std::str::from_utf8(bytes).ok()
    };
    let octal = |at| u64::from_str_radix(text(at)?.trim(), 8).ok();
    let is_ours = block[257..265] == *b"ustar\x0000" && block[156] == b'0';
    (is_ours && octal(148..156)? == checksum(block)).then_some(())?;
    Some((text(0..100)?.to_owned(), octal(124..136)?))
}

/// As if the sum itself were spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn archive(folder: &std::path::Path) -> std::path::PathBuf {
        let path = folder.join("a.tar");
        let mut archive = Archive::new(File::create(&path).unwrap());
        archive.add("state/one", 3, &b"one"[..]).unwrap();
        archive.add("config/two.toml", 1_000, &[7; 1_000][..]).unwrap();
        archive.add("state/none", 0, &b""[..]).unwrap();
        archive.end().unwrap();
        path
    }

    fn contents(path: &std::path::Path) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut all = Vec::new();
        read(&mut File::open(path)?, |name, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            all.push((name.to_owned(), bytes));
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn what_was_archived_is_read_and_any_other_byte_or_length_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = archive(folder.path());
        let all = contents(&path).unwrap();
        let expected =
            [("state/one", b"one".to_vec()), ("config/two.toml", vec![7; 1_000]), ("state/none", Vec::new())];
        assert_eq!(all, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
        let whole = std::fs::read(&path).unwrap();
        let is_read_with = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            contents(&path).is_ok_and(|read| read == all)
        };
        let mut harmless = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            match contents(&path) {
                // What only fills blocks says nothing.
                Ok(read) => {
                    assert_eq!(read, all, "byte {at}");
                    harmless += 1;
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData, "byte {at}: {error}"),
            }
        }
        assert!(harmless < whole.len() / 2, "{harmless} of {}", whole.len());
        for length in 0..whole.len() - 2 * BLOCK {
            assert!(!is_read_with(&whole[..length]), "{length}");
        }
        assert!(is_read_with(&whole));
    }

    #[test]
    fn tar_and_sha256sum_read_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = archive(folder.path());
        let script = format!("cd {} && tar -xf {} && sha256sum -c SHA256SUMS", folder.path().display(), path.display());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read(folder.path().join("config/two.toml")).unwrap(), [7; 1_000]);
    }
}
