//! Examples at the end of a command's help: how it is typed, ready to paste.

/// The block of examples, a line each. Every command that does something ends its help with one.
pub fn examples(lines: &[&str]) -> String {
    let mut block = "Examples:".to_owned();
    for line in lines {
        block.push_str("\n  ");
        block.push_str(line);
    }
    block
}
