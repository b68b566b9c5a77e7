//! The version of an iPXE, as its file says it.
//!
//! An EFI program of iPXE holds its version as a text of its own between two NULs, such as
//! `1.0.0+git-20190125.36a4c85-5.1` in Debian 12. BIOS builds are compressed, and don't tell.

use std::fmt;

/// The version of an iPXE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpxeVersion {
    text: String,
    number: (u16, u16),
}

impl IpxeVersion {
    /// The version that this file holds, if it tells one.
    pub fn of(content: &[u8]) -> Option<Self> {
        content.split(|byte| *byte == 0).find_map(Self::parse)
    }

    /// Numbers, and behind a `+` where they come from: nothing else in a loader looks like that.
    fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let (numbers, source) = text.split_once('+')?;
        if !(source.starts_with("git") || source.starts_with("dfsg")) {
            return None;
        }
        let mut numbers = numbers.split('.').map(str::parse);
        let number = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.~".contains(&byte);
        text.bytes().all(is_plain).then(|| Self {
            text: text.to_owned(),
            number,
        })
    }

    /// What it lacks that Drover would use; nothing is lost, since DHCP does the same.
    pub fn lacks(&self) -> Option<&'static str> {
        // Tried: Debian 12 has 1.0.0 of 2019, Debian 13 has 1.21.1 of 2025.
        let is_old = self.number < (1, 21);
        is_old.then_some("it never asks for autoexec.ipxe, and has no HTTPS and no VLANs")
    }
}

impl fmt::Display for IpxeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_they_are_texts_of_their_own() {
        for (version, is_old) in [
            ("1.0.0+git-20190125.36a4c85-5.1", true),
            ("1.21.1+git20250501.dad20602+dfsg-1", false),
            ("2.0.0+dfsg-5", false),
        ] {
            let file = format!("MZ\0code\u{1}\0{version}\0more");
            let found = IpxeVersion::of(file.as_bytes()).unwrap();
            assert_eq!(found.to_string(), version);
            assert_eq!(found.lacks().is_some(), is_old, "{version}");
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "1.0.0",
            "+git",
            "1+git",
            "1.x+git",
            "iPXE 1.0.0+git-1",
            "1.0.0+other",
            "1.0.0+git\n1",
            "99999.0+git",
        ] {
            let file = format!("\0{text}\0");
            assert_eq!(IpxeVersion::of(file.as_bytes()), None, "{text:?}");
        }
        assert_eq!(IpxeVersion::of(&[0xff; 100]), None);
    }
}
