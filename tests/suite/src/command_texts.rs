//! Commands that a text of ours tells a person to type: each comes with what it has to name, so that
//! it can be pasted.

use crate::rust_text::code_lines;
use crate::workspace::SourceFile;

/// What of a file names a command without its machine or cluster, a line for each.
pub fn breaches(file: &SourceFile) -> Vec<String> {
    if is_exempt(&file.path) {
        return Vec::new();
    }
    let text = joined(&file.text);
    let commands = NOUNS.iter().flat_map(|noun| {
        let begin = format!("drover {noun} ");
        let found: Vec<String> = text
            .match_indices(&begin)
            .filter_map(|(at, _)| text.get(at + begin.len()..))
            .filter(|rest| lacks_name(rest))
            .map(|rest| {
                let said: String = rest.chars().take(30).collect();
                format!("{}: `{begin}{said}` names no {noun}", file.path)
            })
            .collect();
        found
    });
    commands.collect()
}

/// The examples of the helps have names of their own, and tests say what they like.
fn is_exempt(path: &str) -> bool {
    let is_test = path.starts_with("tests/") || path.contains("/tests/");
    is_test || path.ends_with("tests.rs") || path.contains("src/command")
}

/// The code on one line each for texts that go on: `\` at a line's end joins it with the next.
fn joined(text: &str) -> String {
    let mut joined = String::new();
    for (_, line) in code_lines(text) {
        let line = line.trim();
        let begun = line.strip_suffix('\\');
        joined.push_str(begun.unwrap_or(line));
        if begun.is_none() {
            joined.push('\n');
        }
    }
    joined
}

/// Whether what stands behind `drover machine ` or `drover cluster ` lacks a name.
fn lacks_name(rest: &str) -> bool {
    let mut words = rest.split(|c: char| c.is_whitespace() || "`\"),;:".contains(c));
    let verb = words.next().unwrap_or_default();
    if NAMELESS.contains(&verb) || verb.is_empty() || verb == "…" {
        return false;
    }
    let mut next = words.next().unwrap_or_default();
    if SUBCOMMANDS.contains(&next) {
        next = words.next().unwrap_or_default();
    }
    let is_placeholder = !next.is_empty() && next.chars().all(|c| c.is_ascii_uppercase());
    !next.starts_with('{') && !is_placeholder
}

/// What has commands that name one of it.
const NOUNS: [&str; 2] = ["machine", "cluster"];
/// The commands that name none.
const NAMELESS: [&str; 2] = ["list", "apply"];
/// What may stand between a command and its name.
const SUBCOMMANDS: [&str; 5] = ["on", "off", "cycle", "export", "import"];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        let file = SourceFile {
            path: "a/src/advice.rs".to_owned(),
            text: format!("//! x\n{line}\n"),
        };
        breaches(&file).len()
    }

    #[test]
    fn a_command_that_lacks_its_name_is_found() {
        for line in [
            r#""accept it (drover machine release-hold)""#,
            r#""drover machine show prints it""#,
            "\"otherwise drover machine \\\n    retry installs it\"",
            r#""drover machine power cycle starts it anew""#,
            r#""drover cluster delete ends it""#,
        ] {
            assert_eq!(found(line), 1, "{line}");
        }
    }

    #[test]
    fn a_command_with_its_name_passes() {
        for line in [
            r#""drover machine retire {name}""#,
            r#""drover machine power cycle {} starts it anew""#,
            "\"drover machine \\\n    retry {name}\"",
            r#""drover machine list, drover machine apply --file FILE""#,
            r#""drover machine show NAME prints it""#,
            "//! `drover machine wait` and more",
            r#""drover cluster secrets export {name}""#,
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }
}
