//! What every text that identifies a disk must be, whatever it is.

use crate::hardware::ParseHardwareError;

/// The text without spaces at its ends, if it is of one line, no pattern, and harmless in a script.
pub(crate) fn checked(
    text: &str,
    longest: usize,
    wanted: &'static str,
) -> Result<String, ParseHardwareError> {
    let text = text.trim();
    if text.contains(['*', '?', '[', ']']) {
        return Err(ParseHardwareError::new(
            "the whole name of one disk: * ? [ ] would make it a pattern, which can fit another \
             disk",
            text,
        ));
    }
    let allowed = |c: char| (c.is_ascii_graphic() || c == ' ') && !"\"'`\\${}".contains(c);
    if text.is_empty() || text.len() > longest || !text.chars().all(allowed) {
        return Err(ParseHardwareError::new(wanted, text));
    }
    Ok(text.to_owned())
}
