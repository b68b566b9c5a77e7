//! The words for a text that is not YAML.
//!
//! The reader's own words name parts of its grammar; here stands what to do. None of them repeats
//! what stands in the text.

use serde_saphyr::Error;

use crate::yaml::Mistake;
use crate::yaml::tree::Place;

/// What is wrong in a text that is not YAML.
pub(super) fn mistake(error: &Error, text: &str, (line, column): Place) -> Mistake {
    let said = plain(error);
    if said.contains("tab")
        && let Some(line) = line_with_tab(text, line)
    {
        let why = "a tab stands at the beginning of the line: YAML indents by blanks".to_owned();
        return Mistake { line, why };
    }
    let why = format!("not YAML at character {column}: {}", advised(said));
    Mistake { line, why }
}

/// What is wrong with a text that is YAML, and can't be read all the same.
pub(super) fn told(error: &Error) -> String {
    advised(plain(error))
}

fn advised(said: String) -> String {
    let known = ADVICE.iter().find(|(part, _)| said.contains(part));
    known.map_or(said, |(_, advice)| (*advice).to_owned())
}

/// The reader's words without the place: that stands in front already.
fn plain(error: &Error) -> String {
    let said = error.to_string();
    said.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The first line from this one on that begins with blanks and a tab.
fn line_with_tab(text: &str, from: u64) -> Option<u64> {
    let has_tab = |line: &str| {
        let blanks = line.len() - line.trim_start().len();
        line.get(..blanks).is_some_and(|it| it.contains('\t'))
    };
    let lines = (1..).zip(text.lines());
    lines
        .skip_while(|(number, _)| *number < from)
        .find_map(|(number, line)| has_tab(line).then_some(number))
}

/// A part of the reader's words, and what a person can do about it.
const ADVICE: &[(&str, &str)] = &[
    (
        "mapping values are not allowed",
        "a value has a colon and a blank in it, or the line is indented too far: put a text with \
         a colon into quotes",
    ),
    (
        "unclosed bracket",
        "a bracket is opened here and not closed",
    ),
    ("unclosed quote", "a quote is opened here and not closed"),
    (
        "unexpected character",
        "no text begins with this character: put the text into quotes",
    ),
    (
        "simple key expected",
        "wanted `name: value`, got no colon with a blank behind it",
    ),
    (
        "did not find expected ',' or '}'",
        "wanted a comma or }; a text with a comma or a colon in it is put into quotes",
    ),
    (
        "did not find expected ',' or ']'",
        "wanted a comma or ]; a text with a comma or a colon in it is put into quotes",
    ),
    (
        "unknown escape",
        "in double quotes \\ begins an escape: write \\\\, or use single quotes",
    ),
    (
        "invalid trailing content",
        "something stands behind the closing quote",
    ),
    (
        "unknown anchor",
        "a text that begins with * is a reference to an & further up, and there is none: put the \
         text into quotes",
    ),
    (
        "recursive reference",
        "a reference by * leads back to itself",
    ),
    (
        "tagged scalar",
        "a tag (!…) stands in front of the value: leave it out, or put the text into quotes",
    ),
    (
        "expected string scalar",
        "wanted a name in front of the colon",
    ),
    (
        "merge value",
        "<< wants a mapping, or a reference to one by *",
    ),
];
