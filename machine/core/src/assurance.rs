//! How sure it is that a config goes to its machine, in the levels that provisioning over a network
//! can reach, and in words.
//!
//! | level | what a config needs |
//! |---|---|
//! | A0 | whoever has the card by which the machine was found |
//! | A1 | a registered card, at the address of its boot, in one attempt |
//! | A2 | as A1, and the BMC says that it is that machine, over TLS |
//! | A3 | proof on a way that the provisioning network can't touch |
//!
//! A2 and A3 need TLS to machines, and are not reached today.

use std::collections::BTreeSet;
use std::fmt;

use crate::evidence::{EvidenceKind, KnownIdentity};
use crate::hardware::{SerialNumber, SystemUuid};

/// How far a machine's identity is looked at before its config goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// What was registered of it, or told by a person, and can identify something.
    pub registered: BTreeSet<EvidenceKind>,
    /// It has a BMC: only boots after our power-on count, while it says on.
    pub has_bmc: bool,
}

impl Assurance {
    /// Of a machine.
    pub fn of(known: &KnownIdentity, has_bmc: bool) -> Self {
        let has_uuid = known.uuid.as_ref().is_some_and(SystemUuid::is_usable);
        let has_serial = known.serial.as_ref().is_some_and(SerialNumber::is_usable);
        let kinds = [
            (EvidenceKind::Mac, known.registered),
            (EvidenceKind::SystemUuid, has_uuid),
            (EvidenceKind::SystemSerial, has_serial),
        ];
        let registered = kinds.into_iter().filter(|(_, is)| *is);
        Self {
            registered: registered.map(|(kind, _)| kind).collect(),
            has_bmc,
        }
    }

    /// `A0` or `A1`.
    pub fn level(&self) -> &'static str {
        if self.has(EvidenceKind::Mac) {
            "A1"
        } else {
            "A0"
        }
    }

    fn has(&self, kind: EvidenceKind) -> bool {
        self.registered.contains(&kind)
    }
}

/// The level, what it is made of, what is missing, and what remains possible.
impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let card = if self.has(EvidenceKind::Mac) {
            "a registered card"
        } else {
            "the card that it was found by"
        };
        let has_uuid = self.has(EvidenceKind::SystemUuid);
        let has_serial = self.has(EvidenceKind::SystemSerial);
        let said = match (has_uuid, has_serial) {
            (true, true) => ", that says the registered UUID and serial number",
            (true, false) => ", that says the registered UUID",
            (false, true) => ", that says the registered serial number",
            (false, false) => "",
        };
        let power = if self.has_bmc {
            ", in a boot after Drover's own power-on, while the BMC says on"
        } else {
            ""
        };
        write!(
            f,
            "{}: the config goes to {card} at the address of its boot{said}{power}; whoever copies \
             all of that on the same segment gets it too, and whoever reads along reads it",
            self.level()
        )?;
        if !(has_uuid && has_serial) {
            f.write_str(" (register its uuid and serial to narrow that)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_says_what_it_is_made_of_and_what_is_missing() {
        let all = Assurance {
            registered: EvidenceKind::ALL.into(),
            has_bmc: true,
        };
        let text = all.to_string();
        assert!(text.starts_with("A1: "), "{text}");
        assert!(
            text.contains("UUID and serial number") && text.contains("BMC says on"),
            "{text}"
        );
        assert!(!text.contains("to narrow that"), "{text}");
        let found = Assurance {
            registered: BTreeSet::new(),
            has_bmc: false,
        };
        let text = found.to_string();
        assert!(
            text.starts_with("A0: ") && text.contains("to narrow that"),
            "{text}"
        );
        assert!(!text.contains("BMC"), "{text}");
    }
}
