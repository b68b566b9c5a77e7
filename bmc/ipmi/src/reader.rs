//! Bytes taken from the front of a message, as many as are there.
//!
//! A message that is too short is a `None`, never a panic.

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// The next `length` bytes.
    pub(crate) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    /// Everything that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_there_and_no_more() {
        let mut reader = Reader::new(&[1, 2, 3, 4]);
        assert_eq!(reader.byte(), Some(1));
        assert_eq!(reader.take::<4>(), None);
        assert_eq!(reader.slice(4), None);
        assert_eq!(reader.take::<2>(), Some([2, 3]));
        assert_eq!(reader.rest(), &[4]);
        assert_eq!(reader.slice(1), Some(&[4][..]));
        assert_eq!(reader.byte(), None);
    }
}
