//! What stands where in a text: every value of its documents with its line and column, whatever
//! kind it is of.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

/// Line and column, from 1.
pub(super) type Place = (u64, u64);

/// A value.
#[derive(Debug)]
pub(super) enum Value {
    /// `null`, `~`, or nothing behind the colon.
    Nothing,
    /// A text, a number or a boolean, as it is shown.
    Scalar(String),
    /// A list.
    List(Vec<Spanned<Self>>),
    /// A mapping, with all its keys, those that stand twice too.
    Mapping(Vec<(Spanned<String>, Spanned<Self>)>),
}

/// A value that was found, and the names that lead to it; `[]` is an entry of a list.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// The names.
    pub(super) path: Vec<&'a str>,
    /// The line where it begins.
    pub(super) line: u64,
    /// The value.
    pub(super) value: &'a Value,
}

impl<'a> Found<'a> {
    fn new(path: Vec<&'a str>, value: &'a Spanned<Value>) -> Self {
        Self {
            path,
            line: value.referenced.line(),
            value: &value.value,
        }
    }
}

/// The documents of a text.
#[derive(Debug)]
pub(super) struct Tree(Vec<Spanned<Value>>);

impl Tree {
    /// Those of a text; `None` if it is not YAML.
    pub(super) fn of(text: &str) -> Option<Self> {
        let options = serde_saphyr::options! {
            with_snippet: false,
            strict_booleans: true,
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
        };
        let documents = serde_saphyr::from_multiple_with_options(text, options);
        documents.ok().map(Self)
    }

    /// The value that begins here; of two that do the inner one.
    pub(super) fn value_at(&self, place: Place) -> Option<Found<'_>> {
        let mut all = self.all().into_iter().rev();
        all.find_map(|(path, it)| {
            (place_of(&it.referenced) == place).then_some(Found::new(path, it))
        })
    }

    /// The value whose key begins here.
    pub(super) fn value_of_key(&self, place: Place) -> Option<Found<'_>> {
        self.all().into_iter().find_map(|(path, it)| {
            let (key, value) = it.value.entry_at(place)?;
            Some(Found::new([path, vec![key]].concat(), value))
        })
    }

    /// The mapping that has a key here.
    pub(super) fn mapping_of_key(&self, place: Place) -> Option<Found<'_>> {
        let mut all = self.all().into_iter();
        all.find_map(|(path, it)| {
            it.value.entry_at(place)?;
            Some(Found::new(path, it))
        })
    }

    /// The mapping that has a key here, or begins here, and all values around it, the outer first.
    pub(super) fn around(&self, place: Place) -> Vec<Found<'_>> {
        let inner = self.mapping_of_key(place).or_else(|| self.value_at(place));
        let Some(inner) = inner else {
            return Vec::new();
        };
        let mut around: Vec<Found<'_>> = Vec::new();
        for (path, it) in self.all() {
            let begun = place_of(&it.referenced) <= place;
            if begun && inner.path.starts_with(&path) {
                // Of entries of one list, the one that began last is around.
                around.retain(|it| it.path.len() < path.len());
                around.push(Found::new(path, it));
            }
        }
        around
    }

    /// The keys at the top of the document that holds this place.
    pub(super) fn top_of(&self, place: Place) -> Vec<&str> {
        let begun = |it: &&Spanned<Value>| place_of(&it.referenced) <= place;
        let document = self.0.iter().rev().find(begun);
        document.map_or_else(Vec::new, |it| it.value.keys())
    }

    /// Every value, the outer ones first.
    fn all(&self) -> Vec<(Vec<&str>, &Spanned<Value>)> {
        let mut all = Vec::new();
        for document in &self.0 {
            gather(&mut all, &[], document);
        }
        all
    }
}

impl Value {
    /// The keys of a mapping.
    pub(super) fn keys(&self) -> Vec<&str> {
        match self {
            Self::Mapping(entries) => entries.iter().map(|(key, _)| key.value.as_str()).collect(),
            Self::Nothing | Self::Scalar(_) | Self::List(_) => Vec::new(),
        }
    }

    /// The key that begins here, and its value.
    fn entry_at(&self, place: Place) -> Option<(&str, &Spanned<Self>)> {
        let Self::Mapping(entries) = self else {
            return None;
        };
        let mut entries = entries.iter();
        let here = entries.find(|(key, _)| place_of(&key.referenced) == place);
        here.map(|(key, value)| (key.value.as_str(), value))
    }

    /// The line where a key stands first.
    pub(super) fn first_line_of(&self, key: &str) -> Option<u64> {
        let Self::Mapping(entries) = self else {
            return None;
        };
        let first = entries.iter().find(|(it, _)| it.value == key);
        first.map(|(it, _)| it.referenced.line())
    }
}

fn gather<'a>(
    all: &mut Vec<(Vec<&'a str>, &'a Spanned<Value>)>,
    path: &[&'a str],
    value: &'a Spanned<Value>,
) {
    all.push((path.to_vec(), value));
    let below = |step: &'a str| [path, &[step]].concat();
    match &value.value {
        Value::Nothing | Value::Scalar(_) => {}
        Value::List(entries) => {
            for it in entries {
                gather(all, &below("[]"), it);
            }
        }
        Value::Mapping(entries) => {
            for (key, it) in entries {
                gather(all, &below(&key.value), it);
            }
        }
    }
}

fn place_of(location: &Location) -> Place {
    (location.line(), location.column())
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfValue)
    }
}

struct OfValue;

impl<'de> Visitor<'de> for OfValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(format!("{value:?}")))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(it) = access.next_element()? {
            entries.push(it);
        }
        Ok(Value::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(it) = access.next_entry()? {
            entries.push(it);
        }
        Ok(Value::Mapping(entries))
    }
}
