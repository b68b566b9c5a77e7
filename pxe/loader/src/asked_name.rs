//! A file name as a client asks for it.

use crate::made::Made;

/// A name as a client sent it, without what firmware and loaders add to it: slashes before it, and
/// doubled ones (shim); behind it the end mark of the options (0xff), as it is or as text that could
/// not be decoded (U+FFFD in UTF-8). Backslashes are slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedName(Vec<u8>);

impl AskedName {
    /// Of what came.
    pub fn new(name: &[u8]) -> Self {
        let name = without_end_marks(name);
        let mut plain = Vec::with_capacity(name.len());
        for byte in name {
            let byte = if *byte == b'\\' { b'/' } else { *byte };
            if byte != b'/' || plain.last().is_some_and(|last| *last != b'/') {
                plain.push(byte);
            }
        }
        Self(plain)
    }

    /// The file of this name that is made for whoever asks, if it is one.
    pub fn made(&self) -> Option<Made<'_>> {
        Made::of(&self.0)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        let Self(own) = self;
        let own = own.as_slice();
        own.eq_ignore_ascii_case(name.as_bytes())
    }
}

fn without_end_marks(name: &[u8]) -> &[u8] {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    let mut name = name;
    while let Some(shorter) = name
        .strip_suffix(REPLACEMENT)
        .or_else(|| name.strip_suffix(&[0xff]))
    {
        name = shorter;
    }
    name
}
