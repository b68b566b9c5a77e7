//! `--selector`: which machines of a list are shown, by their fields. It only reads; what changes
//! or erases something names machines one by one.

use std::fmt;
use std::str::FromStr;

use api_proto::v1::Machine;
use api_proto::word::Word as _;
use thiserror::Error;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    State,
    Cluster,
    Role,
    Power,
    Address,
    Architecture,
    Firmware,
    Ready,
    Condition,
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
}

impl Field {
    const ALL: [Self; 10] = [
        Self::Name,
        Self::State,
        Self::Cluster,
        Self::Role,
        Self::Power,
        Self::Address,
        Self::Architecture,
        Self::Firmware,
        Self::Ready,
        Self::Condition,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::State => "state",
            Self::Cluster => "cluster",
            Self::Role => "role",
            Self::Power => "power",
            Self::Address => "address",
            Self::Architecture => "architecture",
            Self::Firmware => "firmware",
            Self::Ready => "ready",
            Self::Condition => "condition",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// What a machine has there: one text, or one for each condition.
    fn values(self, machine: &Machine) -> Vec<&str> {
        match self {
            Self::Name => vec![&machine.name],
            Self::State => vec![machine.state().word()],
            Self::Cluster => vec![machine.cluster()],
            Self::Role => vec![machine.role().word()],
            Self::Power => vec![machine.power().word()],
            Self::Address => vec![machine.address()],
            Self::Architecture => vec![machine.architecture().word()],
            Self::Firmware => vec![machine.firmware().word()],
            Self::Ready => vec![if machine.ready { "true" } else { "false" }],
            // As programs read it, and as the first word of the text has it.
            Self::Condition => machine
                .conditions
                .iter()
                .flat_map(|it| [Some(it.kind().word()), it.text.split_whitespace().next()])
                .flatten()
                .collect(),
        }
    }
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
    Ok(Term {
        field: field.ok_or_else(|| SelectorError::UnknownField {
            got: name.to_owned(),
        })?,
        is_equal,
        // `==` is written by whoever knows it from elsewhere.
        pattern: pattern
            .strip_prefix('=')
            .unwrap_or(pattern)
            .trim()
            .to_owned(),
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

    use super::*;

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
    fn a_selector_that_means_nothing_is_refused_with_what_there_is() {
        let said = "colour=red".parse::<Selector>().unwrap_err().to_string();
        assert!(said.contains("name, state, cluster"), "{said}");
        for text in ["", "active", "state=active,"] {
            assert!(text.parse::<Selector>().is_err(), "{text:?}");
        }
    }
}
