//! The options of a packet: codes and values, in order, unknown ones included.
//!
//! A code that occurs more than once, side by side or not, and in `file` or `sname` too if option
//! 52 says so, is one long value (RFC 3396, RFC 2131 §4.1). What is cut off at the end is left out;
//! whatever came before stands, so that one bad option never hides another.

use crate::option::OptionCode;

/// Options in the order of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionList {
    /// All values, one behind the other: two allocations for any number of options.
    values: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    code: OptionCode,
    /// Where its value ends; it starts where the one before ends.
    end: usize,
}

#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    code: OptionCode,
    value: &'a [u8],
}

impl OptionList {
    /// An empty list with room for a usual reply.
    pub fn new() -> Self {
        Self {
            values: Vec::with_capacity(256),
            entries: Vec::with_capacity(20),
        }
    }

    /// The options of a packet: the field behind the cookie, then what option 52 says of `file`
    /// and `sname`. Option 52 itself is not kept, since the list is already whole.
    pub(crate) fn parse(field: &[u8], file: &[u8], sname: &[u8]) -> (Self, Overload) {
        let mut pieces = Vec::with_capacity(24);
        collect(field, &mut pieces);
        let overload = Overload::from_pieces(&pieces);
        if overload.file {
            collect(file, &mut pieces);
        }
        if overload.sname {
            collect(sname, &mut pieces);
        }
        pieces.retain(|piece| piece.code != OptionCode::OVERLOAD);
        (Self::from_pieces(pieces), overload)
    }

    /// The sub-options inside an option such as 43, 82 or 175.
    pub fn encapsulated(value: &[u8]) -> Self {
        let mut pieces = Vec::new();
        collect(value, &mut pieces);
        Self::from_pieces(pieces)
    }

    fn from_pieces(mut pieces: Vec<Piece<'_>>) -> Self {
        gather(&mut pieces);
        let mut list = Self {
            values: Vec::with_capacity(pieces.iter().map(|piece| piece.value.len()).sum()),
            entries: Vec::with_capacity(pieces.len()),
        };
        for piece in pieces {
            list.push(piece.code, piece.value);
        }
        list
    }

    /// Adds an option behind the others. If the last one has the same code, its value is
    /// continued (RFC 3396).
    pub fn push(&mut self, code: OptionCode, value: &[u8]) {
        self.values.extend_from_slice(value);
        let end = self.values.len();
        match self.entries.last_mut() {
            Some(last) if last.code == code => last.end = end,
            _ => self.entries.push(Entry { code, end }),
        }
    }

    /// The value of an option, the first if there are several.
    pub fn get(&self, code: OptionCode) -> Option<&[u8]> {
        self.iter()
            .find(|(found, _)| *found == code)
            .map(|(_, value)| value)
    }

    /// Whether it has an option, however empty.
    pub fn contains(&self, code: OptionCode) -> bool {
        self.entries.iter().any(|entry| entry.code == code)
    }

    /// Codes and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (OptionCode, &[u8])> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let value = self.values.get(start..entry.end).unwrap_or_default();
            start = entry.end;
            (entry.code, value)
        })
    }
}

/// Which header fields hold options (option 52).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Overload {
    pub(crate) file: bool,
    pub(crate) sname: bool,
}

impl Overload {
    fn from_pieces(pieces: &[Piece<'_>]) -> Self {
        let overload = pieces
            .iter()
            .find(|piece| piece.code == OptionCode::OVERLOAD);
        match overload.map(|piece| piece.value) {
            Some([bits]) => Self {
                file: bits & 1 != 0,
                sname: bits & 2 != 0,
            },
            _ => Self::default(),
        }
    }
}

/// Cuts a field into code, length and value, up to the end mark or to what is cut off.
fn collect<'a>(mut field: &'a [u8], pieces: &mut Vec<Piece<'a>>) {
    while let Some((code, rest)) = field.split_first() {
        let code = OptionCode(*code);
        if code == OptionCode::END {
            return;
        }
        if code == OptionCode::PAD {
            field = rest;
            continue;
        }
        let Some((length, rest)) = rest.split_first() else {
            return;
        };
        let Some((value, rest)) = rest.split_at_checked(usize::from(*length)) else {
            return;
        };
        pieces.push(Piece { code, value });
        field = rest;
    }
}

/// Brings the pieces of one option together, options in the order of their first pieces. (Stable,
/// and n log n: a packet of nothing but two-byte options must not cost more than it weighs.)
fn gather(pieces: &mut [Piece<'_>]) {
    let mut ranks = [0_u16; 256];
    let mut next = 0;
    let mut scattered = false;
    for piece in pieces.iter() {
        if let Some(rank) = ranks.get_mut(usize::from(piece.code.0)) {
            scattered |= *rank != 0;
            if *rank == 0 {
                next += 1;
                *rank = next;
            }
        }
    }
    if scattered {
        pieces.sort_by_key(|piece| ranks.get(usize::from(piece.code.0)).copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(field: &[u8]) -> Vec<(u8, Vec<u8>)> {
        listed(&OptionList::parse(field, &[], &[]).0)
    }

    fn listed(list: &OptionList) -> Vec<(u8, Vec<u8>)> {
        list.iter()
            .map(|(code, value)| (code.0, value.to_vec()))
            .collect()
    }

    #[test]
    fn pieces_that_are_apart_are_one_value() {
        let field = [
            67, 2, b'a', b'b', 0, 12, 1, b'n', 67, 1, b'c', 67, 0, 255, 12, 1, b'x',
        ];
        assert_eq!(parsed(&field), [(67, b"abc".to_vec()), (12, b"n".to_vec())]);
    }

    #[test]
    fn what_is_cut_off_hides_nothing() {
        let complete = [(53, vec![1])];
        for cut in [&[53, 1, 1, 12][..], &[53, 1, 1, 12, 9, b'a'], &[53, 1, 1]] {
            assert_eq!(parsed(cut), complete, "{cut:?}");
        }
    }

    #[test]
    fn strange_options_hide_nothing() {
        // dhcproto 0.15 loses every option behind a Latin-1 host name, an empty 50 or a 150 with
        // two addresses.
        let field = [
            12, 2, 0xe9, b'a', 50, 0, 150, 8, 1, 2, 3, 4, 5, 6, 7, 8, 53, 1, 1, 255,
        ];
        let codes: Vec<u8> = parsed(&field).iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [12, 50, 150, 53]);
    }

    #[test]
    fn overloaded_fields_are_read_file_first() {
        let field = [67, 1, b'a', 52, 1, 3, 255];
        let file = [67, 1, b'b', 255];
        let sname = [67, 1, b'c', 60, 1, b'P', 0, 0];
        let (list, overload) = OptionList::parse(&field, &file, &sname);
        assert!(overload.file && overload.sname);
        assert_eq!(listed(&list), [(67, b"abc".to_vec()), (60, b"P".to_vec())]);
        let (list, overload) = OptionList::parse(&[52, 1, 2, 255], &file, &sname);
        assert!(!overload.file && overload.sname);
        assert_eq!(list.get(OptionCode::BOOT_FILE), Some(&b"c"[..]));
        let (list, _) = OptionList::parse(&[52, 2, 3, 3, 255], &file, &sname);
        assert_eq!(listed(&list), []);
    }

    #[test]
    fn empty_options_are_there() {
        let list = OptionList::encapsulated(&[80, 0]);
        assert!(list.contains(OptionCode(80)));
        assert_eq!(list.get(OptionCode(80)), Some(&[][..]));
        assert_eq!(list.get(OptionCode(81)), None);
    }
}
