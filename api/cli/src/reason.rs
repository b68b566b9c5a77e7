//! Why something is changed: as it was typed, as the environment says, or as the person at the
//! terminal says when asked. A script that says nothing is refused: whoever reads the record later
//! has nothing else to go by.

use std::io::{self, BufRead, IsTerminal as _, Write};

use crate::error::CommandError;

/// The variable that holds the reason for commands that are typed without one, such as the number of
/// the ticket that a script works on.
const VARIABLE: &str = "DROVER_REASON";

/// The reason for a change.
pub(crate) fn reason(typed: Option<String>) -> Result<String, CommandError> {
    let given = [typed, std::env::var(VARIABLE).ok()];
    if let Some(reason) = first_said(given) {
        return Ok(reason);
    }
    let is_at_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !is_at_terminal {
        return Err(CommandError::NoReason);
    }
    ask(&mut io::stdin().lock(), &mut io::stderr().lock())
}

fn first_said(given: [Option<String>; 2]) -> Option<String> {
    let mut said = given.into_iter().flatten();
    said.find(|it| !it.trim().is_empty())
}

fn ask(from: &mut impl BufRead, to: &mut impl Write) -> Result<String, CommandError> {
    write!(to, "why, for the record: ")?;
    to.flush()?;
    let mut line = String::new();
    from.read_line(&mut line)?;
    match line.trim() {
        "" => Err(CommandError::NoReason),
        reason => Ok(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_goes_before_the_environment_and_blanks_say_nothing() {
        let said = |typed: &str, set: &str| first_said([typed, set].map(|it| Some(it.to_owned())));
        assert_eq!(said("a fan", "ticket 7").as_deref(), Some("a fan"));
        assert_eq!(said(" ", "ticket 7").as_deref(), Some("ticket 7"));
        assert_eq!(said("", ""), None);
        assert_eq!(first_said([None, None]), None);
    }

    #[test]
    fn who_sits_at_a_terminal_is_asked_and_must_say_something() {
        let mut asked = Vec::new();
        let reason = ask(&mut &b"  a new fan \n"[..], &mut asked).unwrap();
        assert_eq!(reason, "a new fan");
        assert!(String::from_utf8(asked).unwrap().starts_with("why"));
        for nothing in [&b"\n"[..], b"", b"   \n"] {
            let refused = ask(&mut &*nothing, &mut Vec::new());
            assert!(matches!(refused, Err(CommandError::NoReason)));
        }
    }
}
