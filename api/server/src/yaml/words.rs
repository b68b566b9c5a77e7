//! The words for what the reader of YAML refuses.

use serde_saphyr::Error;

use crate::yaml::nearest::nearest;
use crate::yaml::syntax;
use crate::yaml::tree::{Found, Place, Tree, Value};
use crate::yaml::{Form, Mistake};

/// What is wrong in a text that was refused with this error.
pub(super) fn mistake(error: &Error, text: &str, form: &Form) -> Mistake {
    let error = innermost(error);
    let place = error.location().map(|it| (it.line(), it.column()));
    let place = place.unwrap_or((0, 0));
    let refused = Refused { error, place, form };
    match Tree::of(text) {
        Some(tree) => refused.in_tree(&tree),
        None => syntax::mistake(error, text, place),
    }
}

/// What was refused itself, without what is wrapped around it.
fn innermost(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => innermost(error),
        other => other,
    }
}

/// What was refused, and where.
struct Refused<'a> {
    error: &'a Error,
    place: Place,
    form: &'a Form,
}

impl Refused<'_> {
    fn in_tree(&self, tree: &Tree) -> Mistake {
        let top = tree.top_of(self.place);
        let other = self.form.others.iter().find(|(it, _)| top.contains(it));
        if let Some((_, what)) = other {
            return self.here((*what).to_owned());
        }
        match self.error {
            Error::SerdeUnknownField {
                field, expected, ..
            } => self.here(unknown(tree.mapping_of_key(self.place), field, expected)),
            Error::SerdeMissingField { field, .. } => self.missing(tree, field),
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                self.here(twice(tree.mapping_of_key(self.place), key))
            }
            other => self.here(match self.refused_value(tree) {
                Some(found) => self.of_another_kind(&found),
                None => syntax::told(other),
            }),
        }
    }

    /// What a visitor refuses is told with the place of its key, all else with its own.
    fn refused_value<'a>(&self, tree: &'a Tree) -> Option<Found<'a>> {
        let is_by_visitor = matches!(
            self.error,
            Error::SerdeInvalidType { .. } | Error::SerdeInvalidValue { .. }
        );
        let by_key = is_by_visitor
            .then(|| tree.value_of_key(self.place))
            .flatten();
        by_key.or_else(|| tree.value_at(self.place))
    }

    fn here(&self, why: String) -> Mistake {
        Mistake {
            line: self.place.0,
            why,
        }
    }

    /// A value is not of the kind that its field has.
    fn of_another_kind(&self, found: &Found<'_>) -> String {
        let field = name(&found.path);
        let wanted = match self.form.wanted(&field) {
            Some(wanted) => wanted,
            None if matches!(found.value, Value::Scalar(_)) => "something else",
            None => "a text",
        };
        let got = self.shown(found);
        let field = match field.strip_suffix("[]") {
            Some(list) => format!("an entry of {list}: "),
            None if field.is_empty() => String::new(),
            None => format!("{field}: "),
        };
        format!("{field}wanted {wanted}, got {got}")
    }

    fn shown(&self, found: &Found<'_>) -> String {
        let is_secret = found.path.iter().any(|it| self.form.secret.contains(it));
        match found.value {
            Value::Nothing => "nothing".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Scalar(_) if is_secret => "a single value".to_owned(),
            Value::Scalar(text) => text.clone(),
        }
    }

    /// The reader stops at the last key that it read, which may be one of a mapping within that
    /// which lacks the field: the innermost one that the field belongs to is meant.
    fn missing(&self, tree: &Tree, field: &'static str) -> Mistake {
        let around = tree.around(self.place);
        let lacking = around.iter().rev().find_map(|it| {
            let full = name(&[it.path.as_slice(), &[field]].concat());
            let wanted = self.form.wanted(&full)?;
            Some((it.line, full, wanted))
        });
        match lacking {
            None => self.here(format!("{field} is missing")),
            Some((line, full, wanted)) => Mistake {
                line,
                why: format!("{full} is missing: wanted {wanted}"),
            },
        }
    }
}

/// The last two names of a path; an entry of a list has `[]` behind the list's name.
fn name(path: &[&str]) -> String {
    let names: Vec<&str> = path.iter().copied().filter(|it| *it != "[]").collect();
    let last = names.get(names.len().saturating_sub(2)..);
    let entry = if path.last() == Some(&"[]") { "[]" } else { "" };
    format!("{}{entry}", last.unwrap_or_default().join("."))
}

/// A field that is not known. What is no name is not told whole: a blank that was forgotten behind a
/// colon makes one text of `password` and its value.
fn unknown(within: Option<Found<'_>>, field: &str, expected: &[&'static str]) -> String {
    let known = expected.join(", ");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !field.chars().all(is_part) {
        let begin: String = field.chars().take_while(|it| is_part(*it)).collect();
        return format!(
            "{begin}… is no field here, known are {known} (the rest is not shown: it may be \
             secret; is a blank missing behind a colon?)"
        );
    }
    let path = within.map(|it| [it.path, vec![field]].concat());
    let full = path.map_or_else(|| field.to_owned(), |it| name(&it));
    match nearest(field, expected.iter().copied()).first() {
        Some(meant) => {
            format!("{full} is not known: did you mean {meant}? Known are {known}")
        }
        None => format!("{full} is not known, known are {known}"),
    }
}

fn twice(within: Option<Found<'_>>, key: &str) -> String {
    match within.and_then(|it| it.value.first_line_of(key)) {
        Some(first) => format!("{key} stands twice: in line {first} already"),
        None => format!("{key} stands twice in one mapping"),
    }
}
