//! Whether the one that listens on a socket is the hearthd that it seems to be: what the console sends may hold secrets,
//! and what it is answered is believed.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

const ROOT: u32 = 0;
/// Written by the group or by everybody.
const OTHERS_WRITE: u32 = 0o022;

/// Whether `peer`, the user who listens on `socket`, may be talked to: root, oneself, or the one to whom root gave the folder
/// of the socket, in a folder where only root makes any: `/run/hearthd` is so.
pub fn is_trusted(socket: &Path, peer: u32) -> io::Result<bool> {
    if peer == ROOT || peer == own_user()? {
        return Ok(true);
    }
    let folder = std::path::absolute(socket)?;
    let Some(folder) = folder.parent() else { return Ok(false) };
    // What a link leads to, and not the link, is looked at: it must itself be in such a place.
    let folder = folder.canonicalize()?;
    let given = fs::metadata(&folder)?.uid() == peer;
    let only_root =
        |above: &Path| fs::metadata(above).map(|above| above.uid() == ROOT && above.mode() & OTHERS_WRITE == 0);
    for above in folder.ancestors().skip(1) {
        if !only_root(above)? {
            return Ok(false);
        }
    }
    Ok(given)
}

/// The number of this process's user.
pub fn own_user() -> io::Result<u32> {
    Ok(fs::metadata("/proc/self")?.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_in_a_folder_that_anybody_could_have_made_is_not_trusted() {
        let me = own_user().unwrap();
        let stranger = me + 4_711;
        let folder = tempfile::TempDir::new().unwrap();
        let socket = folder.path().join("hearthd.sock");
        assert!(is_trusted(&socket, me).unwrap() && is_trusted(&socket, ROOT).unwrap());
        assert!(!is_trusted(&socket, stranger).unwrap());
        // Only root can give a folder away.
        if me == ROOT {
            std::os::unix::fs::chown(folder.path(), Some(stranger), None).unwrap();
            assert!(!is_trusted(&socket, stranger).unwrap(), "anybody makes folders in /tmp");
            let run = tempfile::TempDir::new_in("/run").unwrap();
            std::os::unix::fs::chown(run.path(), Some(stranger), None).unwrap();
            assert!(is_trusted(&run.path().join("hearthd.sock"), stranger).unwrap());
            assert!(!is_trusted(&run.path().join("hearthd.sock"), stranger + 1).unwrap());
        }
    }
}
