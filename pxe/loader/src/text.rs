//! Text for the console of a machine.
//!
//! It may quote what came from the network, so it is made harmless rather than refused: whatever
//! iPXE could read as more than text becomes `?`. That is `$` (settings are expanded again and
//! again), `\` (joins lines), `#`, `|` and `&` (comments and further commands), controls, and all
//! that is not ASCII. Marks of our own sentences are written otherwise: `;` as `,`, a backtick as
//! `'`. A leading `-` would be an option and is dropped.

use std::fmt;

/// One harmless line, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// What can be shown of `text`.
    pub fn new(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(harmless).collect();
        let line = words.join(" ");
        let line = line.trim_start_matches(['-', ' ']);
        Self(line.chars().take(MOST_CHARACTERS).collect())
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn harmless(word: &str) -> String {
    let shown = |c: char| match c {
        ';' => ',',
        '`' => '\'',
        c if c.is_ascii_graphic() && !"$\\#|&".contains(c) => c,
        _ => '?',
    };
    word.chars().map(shown).collect()
}

const MOST_CHARACTERS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_what_they_are() {
        let text = "waiting: the control plane (10.77.0.5:6443) is not ready, 2/3 \"done\"";
        assert_eq!(Text::new(text).as_str(), text);
    }

    #[test]
    fn semicolons_and_backticks_are_readable_and_no_question_marks() {
        let text = "its cluster does not say `allow_plaintext: true`; a person has to look";
        let shown = "its cluster does not say 'allow_plaintext: true', a person has to look";
        assert_eq!(Text::new(text).as_str(), shown);
    }

    #[test]
    fn what_means_something_to_ipxe_does_not_pass() {
        for (text, expected) in [
            ("a\nboot", "a boot"),
            ("a\r\nboot", "a boot"),
            ("${net0/mac} $${x}", "?{net0/mac} ??{x}"),
            ("a || exit", "a ?? exit"),
            ("a ; exit && b", "a , exit ?? b"),
            ("#!ipxe", "?!ipxe"),
            ("line\\", "line?"),
            ("--help -n", "help -n"),
            (" - - a", "a"),
            ("\u{202e}evil\u{7}\0", "?evil??"),
            ("", ""),
        ] {
            assert_eq!(Text::new(text).as_str(), expected, "{text:?}");
        }
        assert_eq!(Text::new(&"x".repeat(5000)).as_str().len(), 200);
    }
}
