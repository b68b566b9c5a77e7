//! Where a sealed value belongs: its table, row and field. The cipher authenticates it, so that a
//! value which was moved to another place does not open there.

use std::fmt;

/// Where a sealed value belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Whose secret: `cluster`, `machine` …
    pub table: String,
    /// Of which one: its id.
    pub row: String,
    /// Which of its secrets: `bundle`, `bmc_password` …
    pub field: String,
}

impl Place {
    /// The place of this field.
    pub fn new(table: &str, row: impl fmt::Display, field: &str) -> Self {
        Self {
            table: table.to_owned(),
            row: row.to_string(),
            field: field.to_owned(),
        }
    }

    /// Its text for the cipher: each part with its length before it, so that no two places have
    /// the same one.
    pub(crate) fn authenticated(&self, label: &str) -> Vec<u8> {
        let parts = [label, &self.table, &self.row, &self.field];
        let with_length = |part: &str| {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            length
                .to_be_bytes()
                .into_iter()
                .chain(part.bytes())
                .collect::<Vec<u8>>()
        };
        parts.into_iter().flat_map(with_length).collect()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.table, self.row, self.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_look_alike() {
        let one = Place::new("cluster", "ab", "c");
        let other = Place::new("cluster", "a", "bc");
        assert_ne!(one.authenticated("x"), other.authenticated("x"));
        assert_ne!(one.authenticated("x"), one.authenticated("y"));
    }
}
