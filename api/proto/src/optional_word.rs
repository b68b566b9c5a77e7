//! The enums of the API where they may be absent: null in JSON.

use serde::de::{Deserialize, Deserializer};
use serde::ser::Serializer;

use crate::word::{self, Word};

/// Writes a number as its word; null for none.
pub(crate) fn serialize<T: Word, S: Serializer>(
    number: &Option<i32>,
    to: S,
) -> Result<S::Ok, S::Error> {
    word::serialize::<T, S>(&number.unwrap_or_default(), to)
}

/// Reads a word as its number.
pub(crate) fn deserialize<'a, T: Word, D: Deserializer<'a>>(
    from: D,
) -> Result<Option<i32>, D::Error> {
    let word = Option::<String>::deserialize(from)?;
    word.map(|word| word::number::<T, D::Error>(&word))
        .transpose()
}
