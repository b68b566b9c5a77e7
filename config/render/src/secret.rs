//! Texts that must not be shown: keys, tokens and whole configs.
//!
//! They are wiped when dropped, print as `…`, and are read only where the call says `expose`.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A text that never shows itself.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("key".to_owned())), "Secret(…)");
    }
}
