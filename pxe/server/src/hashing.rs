//! SHA-256 of files, piece by piece, until somebody asks to stop.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::asset_error::AssetError;

/// How much is read at once.
const PIECE: usize = 1 << 20;

/// A SHA-256 as lower-case hexadecimal digits.
pub fn hex(digest: &[u8; 32]) -> String {
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The SHA-256 that these hexadecimal digits are.
pub(crate) fn parse_digest(digits: &[u8]) -> Option<[u8; 32]> {
    let value = |digit: u8| char::from(digit).to_digit(16)?.try_into().ok();
    let (pairs, rest) = digits.as_chunks();
    let bytes = pairs.iter().map(|[high, low]| {
        let (high, low): (u8, u8) = (value(*high)?, value(*low)?);
        Some(high << 4 | low)
    });
    let digest: Vec<u8> = bytes.collect::<Option<_>>()?;
    digest.try_into().ok().filter(|_| rest.is_empty())
}

/// Whether the file at `path` is the one that is wanted; it is read and nothing else.
pub fn verify(path: &Path, wanted: &[u8; 32], stop: &CancellationToken) -> Result<(), AssetError> {
    let got = digest_of(open(path)?, path, stop, |_| Ok(()))?;
    is_wanted(path, wanted, &got)
}

/// Opens a file to read it.
pub(crate) fn open(path: &Path) -> Result<File, AssetError> {
    File::open(path).map_err(|source| AssetError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// An error that names both hashes, unless they are the same.
pub(crate) fn is_wanted(path: &Path, wanted: &[u8; 32], got: &[u8; 32]) -> Result<(), AssetError> {
    if got == wanted {
        return Ok(());
    }
    Err(AssetError::WrongHash {
        path: path.to_owned(),
        wanted: hex(wanted),
        got: hex(got),
    })
}

/// The SHA-256 of what is read, and each piece of it as it is read. `path` is for errors.
pub(crate) fn digest_of(
    mut from: impl Read,
    path: &Path,
    stop: &CancellationToken,
    mut each: impl FnMut(&[u8]) -> Result<(), AssetError>,
) -> Result<[u8; 32], AssetError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; PIECE];
    loop {
        if stop.is_cancelled() {
            let path = path.to_owned();
            return Err(AssetError::Stopped { path });
        }
        let length = from
            .read(&mut buffer)
            .map_err(|source| AssetError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else {
            return Ok(hasher.finalize().into());
        };
        hasher.update(piece);
        each(piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn digits_are_a_digest_if_there_are_sixty_four() {
        let digest: [u8; 32] = Sha256::digest(b"kernel").into();
        let digits = hex(&digest);
        assert_eq!(parse_digest(digits.as_bytes()), Some(digest));
        let upper = digits.to_ascii_uppercase();
        assert_eq!(parse_digest(upper.as_bytes()), Some(digest));
        let around = [&digits[1..], &digits[2..], "", &format!("{digits}0")];
        for other in around.into_iter().chain([&*format!("g{}", &digits[1..])]) {
            assert_eq!(parse_digest(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn to_verify_a_file_nothing_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let stop = CancellationToken::new();
        verify(&original, &Sha256::digest(b"kernel").into(), &stop).unwrap();
        let altered = verify(&original, &Sha256::digest(b"another").into(), &stop);
        assert!(matches!(altered, Err(AssetError::WrongHash { .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
