//! `--selector`: which machines of a list are shown, by their fields. It only reads; what changes
//! or erases something names machines one by one.

mod field;

use std::fmt;
use std::str::FromStr;

use api_proto::v1::Machine;
use thiserror::Error;

use crate::selector::field::Field;

/// Which machines are shown: all terms have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: Field,
    is_equal: bool,
    /// `*` stands for any text, `?` for one character.
    pattern: String,
}

/// A selector that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectorError {
    /// A term without a comparison.
    #[error("wanted FIELD=VALUE or FIELD!=VALUE, got {0:?}")]
    NoComparison(String),
    /// A field that machines do not have.
    #[error("wanted one of the fields {}, got {got:?}", Field::names())]
    UnknownField {
        /// What came.
        got: String,
    },
    /// A value that its field never has: nothing would be selected.
    #[error("wanted {field}={}, got {got:?}", .known.join("|"))]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// What it can be.
        known: Vec<String>,
        /// What came.
        got: String,
    },
}

impl Selector {
    /// Whether a machine is shown.
    pub fn takes(&self, machine: &Machine) -> bool {
        self.terms.iter().all(|term| {
            let mut values = term.field.values(machine).into_iter();
            values.any(|value| matches(&term.pattern, value)) == term.is_equal
        })
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let terms = text.split(',').map(str::trim).map(parse_term);
        Ok(Self {
            terms: terms.collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = |term: &Term| if term.is_equal { "=" } else { "!=" };
        let text = |term: &Term| {
            let (field, sign) = (term.field.as_str(), comparison(term));
            format!("{field}{sign}{}", term.pattern)
        };
        let terms: Vec<String> = self.terms.iter().map(text).collect();
        f.write_str(&terms.join(","))
    }
}

fn parse_term(text: &str) -> Result<Term, SelectorError> {
    let no_comparison = || SelectorError::NoComparison(text.to_owned());
    let (left, pattern) = text.split_once('=').ok_or_else(no_comparison)?;
    let (name, is_equal) = match left.strip_suffix('!') {
        Some(name) => (name, false),
        None => (left, true),
    };
    let name = name.trim();
    let field = Field::ALL.into_iter().find(|it| it.as_str() == name);
    let field = field.ok_or_else(|| SelectorError::UnknownField {
        got: name.to_owned(),
    })?;
    // `==` is written by whoever knows it from elsewhere.
    let pattern = pattern.strip_prefix('=').unwrap_or(pattern).trim();
    refuse_unknown(field, pattern)?;
    Ok(Term {
        field,
        is_equal,
        pattern: pattern.to_owned(),
    })
}

/// A value that is mistyped would select nothing, or everything, without a word. An empty one is
/// that of a machine that has none.
fn refuse_unknown(field: Field, pattern: &str) -> Result<(), SelectorError> {
    let Some(known) = field.known() else {
        return Ok(());
    };
    if pattern.is_empty() || known.iter().any(|it| matches(pattern, it)) {
        return Ok(());
    }
    Err(SelectorError::UnknownValue {
        field: field.as_str(),
        known,
        got: pattern.to_owned(),
    })
}

/// Whether a text is what a pattern says, from its beginning to its end.
fn matches(pattern: &str, text: &str) -> bool {
    let mut wanted = pattern.chars();
    match wanted.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = wanted.as_str();
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts
                .filter_map(|at| text.get(at..))
                .any(|tail| matches(rest, tail))
        }
        Some(wanted_first) => {
            let mut came = text.chars();
            let first = came.next();
            let is_same = first.is_some_and(|it| wanted_first == '?' || it == wanted_first);
            is_same && matches(wanted.as_str(), came.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use api_proto::v1::{Condition, ConditionKind, MachineState};
    use api_proto::word::Word as _;

    use super::*;
    use crate::selector::field::{as_printed, first_word};

    fn machine() -> Machine {
        Machine {
            name: "cp-1".to_owned(),
            state: MachineState::Active.into(),
            cluster: Some("lab".to_owned()),
            ready: true,
            conditions: vec![Condition {
                kind: ConditionKind::Conflict.into(),
                text: "Conflict with w-3: mac is a there and b here".to_owned(),
            }],
            ..Machine::default()
        }
    }

    #[test]
    fn machines_are_selected_by_their_fields() {
        for (text, taken) in [
            ("state=active", true),
            ("state==active", true),
            ("state!=active", false),
            ("state=active,cluster=lab, name=cp-*", true),
            ("name=*1", true),
            ("name=c?-1", true),
            ("name=c?1", false),
            ("name=cp", false),
            ("name!=w-*", true),
            ("role=", true),
            ("role!=", false),
            ("ready=true", true),
            ("ready=yes", true),
            ("ready=no", false),
            ("condition=Conflict", true),
            ("condition=conflict", true),
            ("condition!=Conflict", false),
            ("condition=NotReady", false),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.takes(&machine()), taken, "{text}");
        }
    }

    #[test]
    fn a_value_that_a_field_never_has_is_refused_with_those_that_it_has() {
        for (text, known) in [
            ("state=actve", "active|"),
            ("ready=1", "true|yes|false|no"),
            ("role=control-plane", "controlplane|worker"),
            ("power!=up", "on|off|unknown"),
            ("condition=Bootloop", "boot_loop|BootLoop"),
            ("architecture=x86*", "amd64|arm64"),
            ("firmware=efi", "bios|uefi"),
        ] {
            let said = text.parse::<Selector>().unwrap_err().to_string();
            assert!(said.starts_with("wanted "), "{said}");
            assert!(said.contains(known), "{said}");
        }
        for text in ["state=act*", "power=", "cluster=any", "condition=*Loop"] {
            text.parse::<Selector>().unwrap();
        }
    }

    #[test]
    fn each_condition_is_taken_as_it_is_printed() {
        use machine_core::condition::Condition as Said;
        let held = Said::Held {
            why: "it waits".to_owned(),
            boot: machine_core::id::BootId::from_bytes([1; 16]),
        };
        for (said, kind) in [
            (held, ConditionKind::Held),
            (Said::BootLoop { boots: 5 }, ConditionKind::BootLoop),
            (Said::NotReady, ConditionKind::NotReady),
        ] {
            let text = said.to_string();
            assert_eq!(first_word(&text), Some(&*as_printed(kind.word())));
            let machine = Machine {
                conditions: vec![Condition {
                    kind: kind.into(),
                    text,
                }],
                ..Machine::default()
            };
            for word in [kind.word().to_owned(), as_printed(kind.word())] {
                let selector: Selector = format!("condition={word}").parse().unwrap();
                assert!(selector.takes(&machine), "{word}");
            }
        }
    }

    #[test]
    fn a_selector_that_means_nothing_is_refused_with_what_there_is() {
        let said = "colour=red".parse::<Selector>().unwrap_err().to_string();
        assert!(said.contains("name, state, cluster"), "{said}");
        for text in ["", "active", "state=active,"] {
            assert!(text.parse::<Selector>().is_err(), "{text:?}");
        }
    }
}
