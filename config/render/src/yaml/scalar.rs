//! How one text is written: plain, quoted or as a block, by the rules of Go's yaml package.
//!
//! A text stays plain unless it would be read back as something else ([`resolves`]) or would break
//! the syntax around it ([`Analysis`]).

use std::fmt::Write as _;

use crate::yaml::resolve::resolves;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// The style of `text`, as a mapping's key or as a value in block context.
pub(super) fn style(text: &str, is_key: bool) -> Style {
    let found = Analysis::of(text);
    if text.contains('\n') {
        let blank = text.chars().all(char::is_whitespace);
        let literal = !is_key && !blank && found.block_allowed;
        return if literal {
            Style::Literal
        } else {
            Style::DoubleQuoted
        };
    }
    if resolves(text) {
        return Style::DoubleQuoted;
    }
    if found.plain_allowed {
        Style::Plain
    } else if found.single_quoted_allowed {
        Style::SingleQuoted
    } else {
        Style::DoubleQuoted
    }
}

/// What the syntax around a text allows.
struct Analysis {
    plain_allowed: bool,
    single_quoted_allowed: bool,
    block_allowed: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let special = text.chars().any(|c| c != '\t' && needs_escape(c));
        let space_before_break = text.contains(" \n");
        let edges = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let unsafe_unescaped = special || space_before_break || text.contains('\t');
        Self {
            plain_allowed: !edges
                && !unsafe_unescaped
                && !text.contains('\n')
                && !has_indicator(text),
            single_quoted_allowed: !unsafe_unescaped && !text.contains("\n "),
            // Go's reader takes a tab at the start of a block for indentation.
            block_allowed: !special
                && !space_before_break
                && !text.ends_with(' ')
                && !text.trim_start_matches('\n').starts_with('\t'),
        }
    }
}

/// Characters that mean something in block context: some only at the start, `:` before a blank or
/// the end, `#` after a blank.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let blank_or_end = |next: Option<char>| next.is_none_or(|c| c == ' ' || c == '\t');
    let mut chars = text.chars().peekable();
    let Some(first) = chars.next() else {
        return false;
    };
    if "#,[]{}&*!|>'\"%@`".contains(first) {
        return true;
    }
    if "?:-".contains(first) && blank_or_end(chars.peek().copied()) {
        return true;
    }
    let mut previous = first;
    while let Some(c) = chars.next() {
        let starts_comment = c == '#' && (previous == ' ' || previous == '\t');
        if starts_comment || (c == ':' && blank_or_end(chars.peek().copied())) {
            return true;
        }
        previous = c;
    }
    false
}

/// Line breaks, among them those of YAML 1.1 that YAML 1.2 readers take for ordinary characters.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What is not printable by the rules of Go's package (nothing beyond the basic plane is), or is
/// read differently by YAML 1.1 and 1.2.
fn needs_escape(c: char) -> bool {
    let printable = matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}');
    !printable || c == '\u{feff}' || (is_break(c) && c != '\n')
}

/// One character inside double quotes (YAML 1.2 §5.7).
pub(super) fn push_escaped(out: &mut String, c: char) {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if !needs_escape(c) => return out.push(c),
        _ => return push_hexadecimal(out, u32::from(c)),
    };
    out.push('\\');
    out.push(short);
}

fn push_hexadecimal(out: &mut String, code: u32) {
    let written = match code {
        0..=0xff => write!(out, "\\x{code:02X}"),
        0x100..=0xffff => write!(out, "\\u{code:04X}"),
        _ => write!(out, "\\U{code:08X}"),
    };
    debug_assert!(written.is_ok(), "a String takes every text");
}
