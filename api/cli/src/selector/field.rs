//! The fields of a machine that a selector asks for, and what each of them can be.

use api_proto::v1::{
    Architecture, ConditionKind, Firmware, Machine, MachineState, MemberRole, PowerState,
};
use api_proto::word::Word;

/// A field of a machine that a selector asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
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

impl Field {
    pub(super) const ALL: [Self; 10] = [
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

    /// As it is typed.
    pub(super) const fn as_str(self) -> &'static str {
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

    /// All of them, for a refusal.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// What a machine has there: one text, or one for each condition.
    pub(super) fn values(self, machine: &Machine) -> Vec<&str> {
        match self {
            Self::Name => vec![&machine.name],
            Self::State => vec![machine.state().word()],
            Self::Cluster => vec![machine.cluster()],
            Self::Role => vec![machine.role().word()],
            Self::Power => vec![machine.power().word()],
            Self::Address => vec![machine.address()],
            Self::Architecture => vec![machine.architecture().word()],
            Self::Firmware => vec![machine.firmware().word()],
            Self::Ready if machine.ready => READY.to_vec(),
            Self::Ready => NOT_READY.to_vec(),
            // As programs read it, and as the first word of the text has it.
            Self::Condition => machine
                .conditions
                .iter()
                .flat_map(|it| [Some(it.kind().word()), first_word(&it.text)])
                .flatten()
                .collect(),
        }
    }

    /// Every value that it can have; none if it can be any text.
    pub(super) fn known(self) -> Option<Vec<String>> {
        let of = |words: &[&str]| Some(words.iter().map(|it| (*it).to_owned()).collect());
        match self {
            Self::Name | Self::Cluster | Self::Address => None,
            Self::State => of(MachineState::ALL),
            Self::Role => of(MemberRole::ALL),
            Self::Power => of(PowerState::ALL),
            Self::Architecture => of(Architecture::ALL),
            Self::Firmware => of(Firmware::ALL),
            Self::Ready => of(&[READY, NOT_READY].concat()),
            Self::Condition => {
                let words = ConditionKind::ALL.iter();
                Some(
                    words
                        .flat_map(|it| [(*it).to_owned(), as_printed(it)])
                        .collect(),
                )
            }
        }
    }
}

/// What programs read and what tables show: both are typed.
const READY: [&str; 2] = ["true", "yes"];
const NOT_READY: [&str; 2] = ["false", "no"];

/// The kind of a condition, as its text begins.
pub(super) fn first_word(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    Some(word.trim_end_matches(':'))
}

/// A kind of condition as texts begin with it: `boot_loop` is `BootLoop` there.
pub(super) fn as_printed(word: &str) -> String {
    let parts = word.split('_').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    parts.collect()
}
