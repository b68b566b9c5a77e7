//! The enums of the API as words: in JSON, in tables, and where they are typed.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// An enum of the API. The build implements it for each of them.
pub trait Word: Copy + TryFrom<i32> + Into<i32> {
    /// Every word that there is, in the order of the definition.
    const ALL: &'static [&'static str];
    /// Its word; empty for the value that stands for nothing.
    fn word(self) -> &'static str;
    /// The value of a word.
    fn from_word(word: &str) -> Option<Self>;
}

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// The word of a number as it stands in a message; empty for one that this version does not know.
pub fn word_of<T: Word>(number: i32) -> &'static str {
    T::try_from(number).map_or("", T::word)
}

/// Writes a number as its word; null for none.
pub(crate) fn serialize<T: Word, S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    match word_of::<T>(*number) {
        "" => to.serialize_none(),
        word => to.serialize_str(word),
    }
}

/// Reads a word as its number.
pub(crate) fn deserialize<'a, T: Word, D: Deserializer<'a>>(from: D) -> Result<i32, D::Error> {
    let word = Option::<String>::deserialize(from)?;
    word.map_or(Ok(0), |word| number::<T, D::Error>(&word))
}

/// The number of a word.
pub(crate) fn number<T: Word, E: Error>(word: &str) -> Result<i32, E> {
    let value = T::from_word(word);
    value.map(Into::into).ok_or_else(|| {
        let wanted = T::ALL.join(", ");
        E::custom(format!("wanted one of {wanted}, got {word:?}"))
    })
}

/// An enum as OpenAPI describes it: a text that is one of these.
pub(crate) fn schema<T: Word>() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.enum_values(Some(T::ALL.iter().copied()))
        .build()
        .into()
}
