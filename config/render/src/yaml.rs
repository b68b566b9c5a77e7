//! YAML as Talos writes it: an ordered value, and an emitter with the layout of Go's yaml package.
//!
//! Talos encodes its configs with `go.yaml.in/yaml` at an indentation of four: sequences are
//! indented below their key, long lines are never folded, a text with line breaks is a literal
//! block. Reproducing that byte for byte makes a config comparable with what Talos itself would
//! have written. Deviations are only where that package writes YAML that reads back as another
//! value (leading blanks in a block inside a list item, U+2028 and U+2029 in texts).
//!
//! Documents hold keys, so values never show their texts in `Debug`, and wipe them when dropped.

mod resolve;
mod scalar;

use std::fmt;

use zeroize::Zeroizing;

use crate::yaml::scalar::Style;

/// A YAML value with its mappings in the order in which they were written.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(Zeroizing<String>),
    /// A list.
    Sequence(Vec<Self>),
    /// A mapping.
    Mapping(Mapping),
}

/// Says what it is, never what it holds.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Sequence(items) => f.debug_list().entries(items).finish(),
            Self::Mapping(mapping) => mapping.fmt(f),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Zeroizing::new(text))
    }
}

impl From<Mapping> for Value {
    fn from(mapping: Mapping) -> Self {
        Self::Mapping(mapping)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::Sequence(items.into_iter().map(Into::into).collect())
    }
}

/// Keys and values in the order in which they were set; a key occurs once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Value)>);

impl Mapping {
    /// Nothing in it yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// This mapping with `key` set: where the key stood already, else at the end.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets `key`: where it stood already, else at the end.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// The value of `key`.
    pub fn find(&self, key: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// One document, ending in a line break.
pub fn document(value: &Value) -> Zeroizing<String> {
    let mut emitter = Emitter {
        out: Zeroizing::new(String::new()),
    };
    match value {
        Value::Mapping(mapping) if !mapping.is_empty() => emitter.mapping(mapping, 0, false),
        Value::Sequence(items) if !items.is_empty() => emitter.sequence(items, 0, false),
        scalar => emitter.scalar(scalar, STEP, STEP),
    }
    emitter.out
}

/// Several documents, separated by `---`.
pub fn stream(documents: &[Mapping]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    for (index, mapping) in documents.iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        out.push_str(&document(&Value::Mapping(mapping.clone())));
    }
    out
}

struct Emitter {
    out: Zeroizing<String>,
}

impl Emitter {
    /// `placed`: the cursor already stands in the right column, behind a `- `.
    fn mapping(&mut self, mapping: &Mapping, indent: usize, placed: bool) {
        for (index, (key, value)) in mapping.iter().enumerate() {
            if index > 0 || !placed {
                self.pad(indent);
            }
            self.key(key, indent);
            self.value(value, indent);
        }
    }

    /// A key beyond 128 bytes or with a line break gets the explicit form (YAML 1.2 §7.4.2 limits
    /// implicit keys); the value then starts on its own line.
    fn key(&mut self, key: &str, indent: usize) {
        let explicit = key.len() > LONGEST_IMPLICIT_KEY || key.contains(scalar::is_break);
        if explicit {
            self.out.push_str("? ");
        }
        match scalar::style(key, true) {
            Style::Plain => self.out.push_str(key),
            Style::SingleQuoted => self.single_quoted(key),
            Style::DoubleQuoted | Style::Literal => self.double_quoted(key),
        }
        if explicit {
            self.out.push('\n');
            self.pad(indent);
        }
        self.out.push(':');
    }

    fn value(&mut self, value: &Value, indent: usize) {
        let deeper = (indent / STEP + 1) * STEP;
        match value {
            Value::Mapping(mapping) if !mapping.is_empty() => {
                self.out.push('\n');
                self.mapping(mapping, deeper, false);
            }
            Value::Sequence(items) if !items.is_empty() => {
                self.out.push('\n');
                self.sequence(items, deeper, false);
            }
            scalar => {
                self.out.push(' ');
                self.scalar(scalar, deeper, deeper - indent);
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, placed: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !placed {
                self.pad(indent);
            }
            self.out.push_str("- ");
            let deeper = indent + ITEM_STEP;
            match item {
                Value::Mapping(mapping) if !mapping.is_empty() => {
                    self.mapping(mapping, deeper, true);
                }
                Value::Sequence(items) if !items.is_empty() => self.sequence(items, deeper, true),
                scalar => self.scalar(scalar, deeper, ITEM_STEP),
            }
        }
    }

    /// Anything that fits behind its key, with its line break. `hint` is how far a literal block
    /// at `indent` is indented from its parent.
    fn scalar(&mut self, value: &Value, indent: usize, hint: usize) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Boolean(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Integer(value) => self.out.push_str(&value.to_string()),
            Value::Sequence(_) => self.out.push_str("[]"),
            Value::Mapping(_) => self.out.push_str("{}"),
            Value::Text(text) => match scalar::style(text, false) {
                Style::Plain => self.out.push_str(text),
                Style::SingleQuoted => self.single_quoted(text),
                Style::DoubleQuoted => self.double_quoted(text),
                Style::Literal => return self.literal(text, indent, hint),
            },
        }
        self.out.push('\n');
    }

    /// YAML 1.2 §8.1: the hint is needed where the first line with content begins with a blank;
    /// `-` keeps no final break, `+` keeps all of them.
    fn literal(&mut self, text: &str, indent: usize, hint: usize) {
        self.out.push('|');
        if text.trim_start_matches('\n').starts_with(' ') {
            self.out.push_str(&hint.to_string());
        }
        match text.strip_suffix('\n') {
            None => self.out.push('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.out.push('+'),
            Some(_) => {}
        }
        self.out.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.pad(indent);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn single_quoted(&mut self, text: &str) {
        self.out.push('\'');
        self.out.push_str(&Zeroizing::new(text.replace('\'', "''")));
        self.out.push('\'');
    }

    fn double_quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            scalar::push_escaped(&mut self.out, c);
        }
        self.out.push('"');
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// The indentation that Talos sets; nested blocks begin at multiples of it.
const STEP: usize = 4;
/// Inside a list, the width of `- `.
const ITEM_STEP: usize = 2;
/// The longest key that is written without a leading `?`.
const LONGEST_IMPLICIT_KEY: usize = 128;
