//! Talos's words about a config, without the values of that config.
//!
//! Talos quotes what it can't decode: a key that it does not know comes with the YAML below it
//! (`unknown keys found during decoding:`), a value of the wrong type comes in part. A password in
//! a misspelt key would reach every timeline and log. So the keys stay, as paths, and their values
//! go; and what has the form of a secret (PEM, base64 of a key, a bootstrap token) goes wherever it
//! stands.

/// The text without values of a config.
pub(crate) fn without_values(text: &str) -> String {
    without_secrets(&match text.split_once(UNKNOWN_KEYS) {
        Some((before, yaml)) => format!("{before}{UNKNOWN_KEYS} {}", listed(&key_paths(yaml))),
        None => without_quoted_values(text),
    })
}

fn listed(paths: &[String]) -> String {
    if paths.is_empty() {
        return REDACTED.to_owned();
    }
    paths.join(", ")
}

/// The paths of the keys of a YAML text, `machine.disks.device`, down to those with a value.
fn key_paths(yaml: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut parents: Vec<(usize, String)> = Vec::new();
    let mut value_of: Option<usize> = None;
    for line in lines(yaml) {
        let (indent, item) = unindented(line);
        // The lines of a text that goes on are deeper than its key; they may look like keys.
        if item.is_empty() || value_of.is_some_and(|key| indent > key) {
            continue;
        }
        let (inner, entry) = without_dashes(indent, item);
        let Some((key, value)) = key_of(entry) else {
            value_of = Some(indent);
            continue;
        };
        value_of = (!value.is_empty()).then_some(inner);
        parents.retain(|(parent, _)| *parent < inner);
        let parent = parents.last().map(|(_, path)| path.clone());
        let path = parent
            .as_ref()
            .map_or_else(|| key.to_owned(), |it| format!("{it}.{key}"));
        if parent.is_some() && paths.last() == parent.as_ref() {
            paths.pop();
        }
        if !paths.contains(&path) {
            paths.push(path.clone());
        }
        parents.push((inner, path));
    }
    paths
}

/// The lines of a YAML text that follows a colon. In a log line, which quotes it, they end with a
/// backslash and an `n`. A text whose lines were joined has no structure: only its first key is one.
fn lines(yaml: &str) -> Vec<&str> {
    let yaml = yaml.trim_start_matches(' ');
    if yaml.starts_with('\n') {
        yaml.split('\n').collect()
    } else if yaml.starts_with(QUOTED_NEWLINE) {
        quoted_lines(yaml)
    } else {
        vec![yaml]
    }
}

/// Splits at each `\n` whose backslash is not quoted itself: that one belongs to a value.
fn quoted_lines(yaml: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, _) in yaml.match_indices(QUOTED_NEWLINE) {
        let is_of_a_value = yaml.get(..at).is_some_and(|before| before.ends_with('\\'));
        if !is_of_a_value {
            lines.extend(yaml.get(start..at));
            start = at + QUOTED_NEWLINE.len();
        }
    }
    lines.extend(yaml.get(start..));
    lines
}

/// How far a line is indented, and what stands there.
fn unindented(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len(), rest.trim_end())
}

/// The entry of a list, which counts as indented behind its dash.
fn without_dashes(indent: usize, item: &str) -> (usize, &str) {
    let mut rest = item;
    while let Some(entry) = rest.strip_prefix("- ") {
        rest = entry.trim_start_matches(' ');
    }
    (indent + item.len() - rest.len(), rest)
}

/// A key and its value. A key that does not look like one is not shown.
fn key_of(entry: &str) -> Option<(&str, &str)> {
    let (key, value) = match entry.strip_suffix(':') {
        Some(key) if !key.contains(": ") => (key, ""),
        _ => entry.split_once(": ")?,
    };
    let key = key.trim_matches(['"', '\'']);
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_name = (1..=KEY_LIMIT).contains(&key.len()) && key.chars().all(is_letter);
    Some((if is_name { key } else { REDACTED }, value.trim()))
}

/// A document that can't be decoded: Talos names it, and then quotes the value that is wrong. The
/// kind of a document that is not known is quoted, too, and is no value.
fn without_quoted_values(text: &str) -> String {
    for errors in TYPE_ERRORS {
        if let Some((before, found)) = text.split_once(errors) {
            return format!("{before}{errors}{}", type_errors(found));
        }
    }
    match text.split_once(DOCUMENT) {
        Some((before, found)) if !found.contains("not registered") => {
            format!("{before}{DOCUMENT}{}", without_quoted(found, '"'))
        }
        _ => text.to_owned(),
    }
}

/// `line 3: VALUE does not belong to …`, `` line 3: cannot construct !!str `VALUE` into … ``
fn type_errors(found: &str) -> String {
    let told: Vec<String> = found
        .split("line ")
        .skip(1)
        .filter_map(|error| error.split_once(": "))
        .filter(|(line, _)| !line.is_empty() && line.bytes().all(|it| it.is_ascii_digit()))
        .map(|(line, words)| format!(" line {line}: {}", type_error(words.trim())))
        .collect();
    if told.is_empty() {
        return REDACTED.to_owned();
    }
    told.join(";")
}

fn type_error(words: &str) -> String {
    const NOT_ONE_OF: &str = " does not belong to ";
    if words.starts_with("cannot ") {
        return without_quoted(words, '`');
    }
    match words.split_once(NOT_ONE_OF) {
        Some((_, kind)) => format!("{REDACTED}{NOT_ONE_OF}{kind}"),
        None => REDACTED.to_owned(),
    }
}

/// The text without what stands between the first of these quotes and the last.
fn without_quoted(text: &str, quote: char) -> String {
    match (text.split_once(quote), text.rsplit_once(quote)) {
        (Some((before, rest)), Some((_, after))) if rest.contains(quote) => {
            format!("{before}{quote}{REDACTED}{quote}{after}")
        }
        (Some((before, _)), _) => format!("{before}{quote}{REDACTED}"),
        (None, _) => text.to_owned(),
    }
}

/// The text without what has the form of a secret.
fn without_secrets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, pem)) = rest.split_once(PEM) {
        kept.push_str(&without_secret_words(before));
        kept.push_str(REDACTED);
        let end = pem.split_once(PEM_END).map_or("", |(_, after)| after);
        rest = end.split_once(PEM_DASHES).map_or("", |(_, after)| after);
    }
    kept + &without_secret_words(rest)
}

fn without_secret_words(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '.');
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_part(c)).unwrap_or(word.len()));
        let is_secret = is_bootstrap_token(word) || word.split('.').any(is_key);
        kept.push_str(before);
        kept.push_str(if is_secret { REDACTED } else { word });
        rest = after;
    }
    kept + rest
}

/// Base64 of a key or more: 32 bytes make 44 characters. Digests and ids are in hexadecimal, names
/// and paths have no capitals and numbers in so long a row.
fn is_key(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= KEY_LENGTH
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// `abcdef.0123456789abcdef`: the token of a machine, and of Kubernetes.
fn is_bootstrap_token(word: &str) -> bool {
    let is_of = |text: &str, length| {
        let is_letter = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
        text.len() == length && text.bytes().all(is_letter)
    };
    let word = word.trim_end_matches('.');
    word.split_once('.')
        .is_some_and(|(id, secret)| is_of(id, 6) && is_of(secret, 16))
}

/// Talos's words before the YAML of keys that it does not know.
const UNKNOWN_KEYS: &str = "unknown keys found during decoding:";
/// Talos's words before a document that it can't decode.
const DOCUMENT: &str = "error decoding document ";
/// The YAML reader's words before values of the wrong type; older versions say the second.
const TYPE_ERRORS: [&str; 2] = ["construct errors:", "unmarshal errors:"];
/// The end of a line in a text that is quoted in a log line.
const QUOTED_NEWLINE: &str = "\\n";
/// What PEM begins with, and what its last line begins and ends with (RFC 7468).
const PEM: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const PEM_DASHES: &str = "-----";
/// Characters of a key that is shown; Talos's own are shorter.
const KEY_LIMIT: usize = 64;
/// From how many characters on base64 may hold a key; 32 bytes without padding make 43.
const KEY_LENGTH: usize = 40;
/// What stands where a value stood.
const REDACTED: &str = "[redacted]";

#[cfg(test)]
mod tests;
