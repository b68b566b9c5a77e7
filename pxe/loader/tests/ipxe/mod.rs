//! How iPXE reads a script, after its `script.c` and `exec.c` (git 36a4c85, January 2019): lines,
//! labels, words, and the words that separate commands.

/// What iPXE runs of one line: a label, and commands with what separates them from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadLine {
    pub(crate) label: Option<String>,
    pub(crate) commands: Vec<(String, Vec<String>)>,
}

/// The white space of C's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Reads a script; the first line must be the magic of iPXE.
pub(crate) fn read(script: &str) -> Vec<ReadLine> {
    let body = script.strip_prefix("#!ipxe\n").expect("the magic");
    let mut lines = Vec::new();
    let mut line = String::new();
    for part in body.split_terminator('\n') {
        line.push_str(part.strip_suffix('\r').unwrap_or(part));
        if line.ends_with('\\') {
            line.pop();
            continue;
        }
        lines.push(read_line(&std::mem::take(&mut line)));
    }
    assert!(line.is_empty(), "the last line goes on");
    lines
}

fn read_line(line: &str) -> ReadLine {
    let mut rest = line.trim_start_matches(is_space);
    let mut label = None;
    if let Some(after) = rest.strip_prefix(':') {
        let end = after.find(is_space).unwrap_or(after.len());
        label = Some(after[..end].to_owned());
        rest = &after[end..];
    }
    let mut commands = Vec::new();
    let mut separator = String::new();
    let mut words = Vec::new();
    for word in rest.split(is_space).filter(|word| !word.is_empty()) {
        match word {
            _ if word.starts_with('#') => break,
            "||" | "&&" | ";" => {
                let before = std::mem::replace(&mut separator, word.to_owned());
                commands.push((before, std::mem::take(&mut words)));
            }
            _ => words.push(word.to_owned()),
        }
    }
    commands.push((separator, words));
    ReadLine { label, commands }
}

/// The settings that iPXE would expand in a text: what stands between `${` and the next `}`.
pub(crate) fn settings(text: &str) -> Vec<String> {
    text.split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or_default().to_owned())
        .collect()
}
