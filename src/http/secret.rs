//! Secrets: made at random, known by their hashes, compared in constant time.

use crate::model::SecretHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

/// The longest password or token, in bytes.
pub const LONGEST: usize = 256;

/// What a fast lookup knows a secret of 256 random bits by, or one that was right before.
pub(super) type Digest = [u8; 32];

/// 256 random bits, as text of letters and digits.
///
/// # Errors
/// When the system gives none.
pub fn random() -> std::io::Result<String> {
    let bytes: [u8; 32] = random_bytes()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random_bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
    Ok(bytes)
}

pub(super) fn fingerprint(secret: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

/// The hash of a secret, with a salt of its own: some 20 MiB of memory and some tens of milliseconds.
///
/// # Errors
/// When the system gives no random numbers, or the secret is too long.
pub fn hash(secret: &str) -> std::io::Result<SecretHash> {
    let salt: [u8; 16] = random_bytes()?;
    let hashed = Argon2::default().hash_password_with_salt(secret.as_bytes(), &salt);
    hashed.map(|hash| SecretHash(hash.to_string())).map_err(|error| std::io::Error::other(error.to_string()))
}

/// Whether the secret is that of the hash; takes as long as [`hash()`], also for a hash that none fits.
pub(super) fn fits(secret: &str, hash: &SecretHash) -> bool {
    // Of 32 random bytes that nobody kept.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nIHNhbHR5$wPz0DGGXJ1Z6dm5BHwjDnF3hnAvXa2XwqkR2sXk0oQ0";
    let is_known = hash.is_good();
    let hash = PasswordHash::new(if is_known { &hash.0 } else { NOBODY });
    let fits = hash.is_ok_and(|hash| Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok());
    fits && is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_its_own_hash_only() {
        let (one, other) = (hash("correct horse").unwrap(), hash("correct horse").unwrap());
        assert!(one.is_good() && one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
        assert_ne!(one, other, "each has a salt of its own");
        assert!(fits("correct horse", &one) && fits("correct horse", &other));
        assert!(!fits("correct house", &one) && !fits("", &one) && !fits("correct horse", &SecretHash::default()));
        assert_ne!(random().unwrap(), random().unwrap());
        assert_eq!(format!("{one:?}"), "SecretHash");
    }

    /// As the reference implementation prints it: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1`.
    #[test]
    fn hashes_of_others_are_understood() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(fits("password", &SecretHash(hash.into())));
        for wrong in [
            "password",
            "",
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
        ] {
            assert!(!SecretHash(wrong.into()).is_good(), "{wrong}");
        }
    }
}
