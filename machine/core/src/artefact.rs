//! The documents of an attempt, each by its name and the SHA-256 of its bytes: which of them left,
//! when, and how often.

use std::fmt;

use crate::id::AttemptId;
use crate::time::Timestamp;

/// A SHA-256 of bytes. It is no secret, also where the bytes that it is of are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Digest(pub [u8; 32]);

impl fmt::Display for Sha256Digest {
    /// 64 hexadecimal digits, as `sha256sum` prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A document that leaves: which one, with which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NamedDigest {
    /// Its name below the attempt's token, as its system names it.
    pub name: &'static str,
    /// Of its bytes.
    pub sha256: Sha256Digest,
}

/// What is on record of a document that left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FetchedArtefact {
    /// Of which attempt.
    pub attempt: AttemptId,
    /// Its name below the attempt's token.
    pub name: String,
    /// Of the bytes that left: each time the same.
    pub sha256: Sha256Digest,
    /// When it left first.
    pub first: Timestamp,
    /// When it left last.
    pub last: Timestamp,
    /// How often it left.
    pub fetches: u32,
}

/// The documents that left with other bytes than they would have now; a clause for each, with both
/// digests. What has not left yet is none of them.
pub fn differences(left: &[FetchedArtefact], now: &[NamedDigest]) -> Vec<String> {
    let of = |made: &NamedDigest| {
        let earlier = left.iter().find(|it| it.name == made.name)?;
        (earlier.sha256 != made.sha256).then(|| {
            format!(
                "{} left with SHA-256 {}, and would now have {}",
                made.name, earlier.sha256, made.sha256
            )
        })
    };
    now.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(name: &str, byte: u8) -> FetchedArtefact {
        FetchedArtefact {
            attempt: AttemptId::from_bytes([1; 16]),
            name: name.to_owned(),
            sha256: Sha256Digest([byte; 32]),
            first: Timestamp::from_millis(1),
            last: Timestamp::from_millis(1),
            fetches: 1,
        }
    }

    #[test]
    fn of_several_documents_those_are_named_that_left_with_other_bytes() {
        let now = ["user-data", "meta-data", "vendor-data"].map(|name| NamedDigest {
            name,
            sha256: Sha256Digest([2; 32]),
        });
        let left = [left("user-data", 1), left("meta-data", 2)];
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let told = format!("user-data left with SHA-256 {one}, and would now have {two}");
        assert_eq!(differences(&left, &now), [told]);
        assert!(differences(&[], &now).is_empty());
    }
}
