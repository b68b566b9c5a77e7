//! What a person can do for a machine that goes on by nothing else: one command for each story.
//!
//! Advice is computed from what is known, as conditions are, and names only commands that exist.

use crate::allocation::Allocation;
use crate::condition::Condition;
use crate::doubt::release_hold;
use crate::evidence::{Difference, EvidenceKind, EvidenceSource, Identity};
use crate::lifecycle::{Moving, State};
use crate::machine::Machine;

/// What two machines in conflict both have, and who says so of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFact {
    /// What kind of thing.
    pub kind: EvidenceKind,
    /// Which.
    pub value: String,
    /// Who says that the claimant has it.
    pub of_claimant: EvidenceSource,
    /// Who says that the established machine has it.
    pub of_established: EvidenceSource,
}

/// What is known of the record of a machine that claims to be another.
#[derive(Debug, Clone, Copy)]
pub struct Claiming<'a> {
    /// Whether a document registers it.
    pub is_registered: bool,
    /// What both were told to have.
    pub shared: &'a [SharedFact],
}

/// What can be done for a machine that is judged to be `identity`, one sentence a way, each with
/// its command.
pub fn advice(machine: &Machine, claiming: Claiming<'_>, identity: &Identity) -> Vec<String> {
    let name = &machine.name;
    let mut ways = Vec::new();
    if let Identity::Conflict {
        name: with,
        differences,
        ..
    } = identity
    {
        ways.extend(ways_out_of_conflict((name, claiming), with, differences));
    }
    match machine.state {
        State::Retired => {
            ways.push(format!(
                "to take it back: drover machine accept {name}; to remove its record: \
                 drover machine forget {name}"
            ));
        }
        State::Failed(Moving::Inspecting | Moving::Provisioning(_) | Moving::Cleaning) => {
            ways.push(format!(
                "if it is dead or no longer wanted: drover machine retire {name}"
            ));
        }
        State::Discovered | State::Inspecting | State::Available => {}
        State::Provisioning(_) | State::Active | State::Cleaning => {}
    }
    ways
}

/// What can be done for a machine whose install can't be tried again, for this is what the clusters'
/// rules say of it; none if one of them takes it.
pub fn advice_without_rule(name: &str, allocation: &Allocation) -> Option<String> {
    let way = match allocation {
        Allocation::Take { .. } => return None,
        Allocation::None => "name it in its cluster's document again",
        Allocation::NoDisk { .. } => "name the disk in its document",
        // What these say of themselves says what to correct.
        Allocation::UnusableDisk { .. } | Allocation::TwoDisks { .. } => "correct the document",
        Allocation::Ambiguous { .. } => "take it out of the documents of all clusters but one",
    };
    Some(format!(
        "{way} and apply that, or leave the machine alone (drover machine retire {name})"
    ))
}

/// What can be done about these conditions of a machine, a sentence a way.
pub fn advice_on_conditions(name: &str, conditions: &[Condition]) -> Vec<String> {
    let way = |condition: &Condition| match condition {
        Condition::Held { boot, .. } => Some(format!(
            "if the boot that is held is this machine: {}; if a registered uuid or serial is \
             wrong: correct its document",
            release_hold(name, *boot)
        )),
        Condition::Claimed { boot, .. } => Some(format!(
            "if the card that claims to be it is its own: {}, and add it to its document; if not, \
             look who uses its identity",
            release_hold(name, *boot)
        )),
        Condition::SharedDisk { with, .. } => Some(format!(
            "if the disk was moved here, name the disk that {} has now in its document, or retire \
             it; if one is a clone of the other, name the disks by what tells them apart (wwn or \
             serial): drover machine apply",
            with.join(", ")
        )),
        Condition::Conflict { .. }
        | Condition::UnexpectedNetboot
        | Condition::BootLoop { .. }
        | Condition::NotReady
        | Condition::Awaited { .. } => None,
    };
    conditions.iter().filter_map(way).collect()
}

/// What can be done when `claimant`, which has a record of its own, claims what `name` has: for
/// whoever looks at `name`.
pub fn advice_on_claimant(
    name: &str,
    (claimant, claiming): (&str, Claiming<'_>),
    differences: &[Difference],
) -> String {
    if claiming.is_registered {
        let correction = correction(claimant, name, claiming.shared);
        return format!(
            "{claimant} claims to be {name}, and {correction}; look at it: drover machine show \
             {claimant}"
        );
    }
    let command = merge_command(claimant, name, differences);
    format!(
        "{claimant} claims to be {name}: if it is, {command}; if not, look at it: drover machine show {claimant}"
    )
}

/// What ends a conflict between two machines that documents register.
const CORRECT: &str =
    "correct the document that gives both the same (drover machine apply --file FILE)";

/// What ends a conflict between two machines of which documents register both. It need not be the
/// documents that say the same: a person may have accepted what a boot said.
fn correction(claimant: &str, with: &str, shared: &[SharedFact]) -> String {
    let is_of_documents = |it: &&SharedFact| {
        it.of_claimant == EvidenceSource::Registered
            && it.of_established == EvidenceSource::Registered
    };
    let Some(told) = shared.iter().find(|it| !is_of_documents(it)) else {
        return format!("both are registered: {CORRECT}");
    };
    let SharedFact { kind, value, .. } = told;
    format!(
        "both have the {kind} {value}: {claimant} by {}, and {with} by {}; if that is not what \
         {claimant} has, apply its document again, which takes back what a person accepted \
         (drover machine apply --file FILE)",
        by(told.of_claimant),
        by(told.of_established)
    )
}

const fn by(source: EvidenceSource) -> &'static str {
    match source {
        EvidenceSource::Registered => "its document",
        EvidenceSource::Person => "a boot that a person accepted",
        EvidenceSource::Bmc => "its BMC",
        EvidenceSource::Asked | EvidenceSource::Listed => "what it said itself",
    }
}

fn ways_out_of_conflict(
    (claimant, claiming): (&str, Claiming<'_>),
    with: &str,
    differences: &[Difference],
) -> Vec<String> {
    let merge = merge_command(claimant, with, differences);
    let what = if has_other_board(differences) {
        "board"
    } else {
        "card"
    };
    let first = if claiming.is_registered {
        correction(claimant, with, claiming.shared)
    } else {
        format!("if it is {with}, with another {what}: {merge}")
    };
    let mut ways = vec![first];
    let shares_uuid = differences
        .iter()
        .all(|it| it.kind != EvidenceKind::SystemUuid);
    if shares_uuid {
        ways.push(format!(
            "if both are machines of their own, and their boards say the same UUID: \
             drover machine ignore-uuid {claimant}"
        ));
    }
    ways.push(format!(
        "if it is not wanted: drover machine forget {claimant}"
    ));
    ways
}

fn merge_command(claimant: &str, with: &str, differences: &[Difference]) -> String {
    let board = if has_other_board(differences) {
        " --board"
    } else {
        ""
    };
    format!("drover machine merge {claimant} --into {with}{board}")
}

/// Whether the UUID or the serial number differs, and not only the cards.
fn has_other_board(differences: &[Difference]) -> bool {
    differences.iter().any(|it| match it.kind {
        EvidenceKind::SystemUuid | EvidenceKind::SystemSerial => true,
        EvidenceKind::Mac => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::machine;
    use crate::id::{BootId, MachineId};

    fn conflict(kinds: &[EvidenceKind]) -> Identity {
        let difference = |kind: &EvidenceKind| Difference {
            kind: *kind,
            known: "a".to_owned(),
            claimed: "b".to_owned(),
        };
        Identity::Conflict {
            claimant: Some(MachineId::from_bytes([2; 16])),
            with: MachineId::from_bytes([1; 16]),
            name: "w-3".to_owned(),
            shared: vec![EvidenceKind::SystemUuid],
            differences: kinds.iter().map(difference).collect(),
        }
    }

    #[test]
    fn who_is_held_or_claimed_is_told_the_command_that_ends_it() {
        let why = || "10.77.0.9: it waits".to_owned();
        let boot = BootId::from_bytes([0x5f; 16]);
        let conditions = [
            Condition::Held { why: why(), boot },
            Condition::Claimed { why: why(), boot },
        ];
        let ways = advice_on_conditions("w-3", &conditions);
        assert_eq!(ways.len(), 2);
        for way in ways {
            let command = "drover machine release-hold w-3 --boot 5f5f5f5f";
            assert!(way.contains(command), "{way}");
        }
        assert!(advice_on_conditions("w-3", &[]).is_empty());
    }

    /// No document registers it.
    const FOUND: Claiming<'_> = Claiming {
        is_registered: false,
        shared: &[],
    };

    #[test]
    fn what_a_person_accepted_of_a_registered_machine_is_no_fault_of_the_documents() {
        let shared = [SharedFact {
            kind: EvidenceKind::SystemUuid,
            value: "f401".to_owned(),
            of_claimant: EvidenceSource::Person,
            of_established: EvidenceSource::Registered,
        }];
        let claiming = |shared| Claiming {
            is_registered: true,
            shared,
        };
        let conflict = conflict(&[EvidenceKind::Mac]);
        let ways = advice(&named(State::Discovered), claiming(&shared), &conflict);
        let told = "both have the uuid f401: m-1 by a boot that a person accepted, and w-3 by its \
                    document; ";
        assert!(ways[0].starts_with(told), "{ways:?}");
        assert!(
            ways[1].contains("drover machine ignore-uuid m-1"),
            "{ways:?}"
        );
        let seen = advice_on_claimant("w-3", ("m-1", claiming(&shared)), &[]);
        assert!(seen.contains(told), "{seen}");
        assert!(!seen.contains(CORRECT), "{seen}");
        let ways = advice(&named(State::Discovered), claiming(&[]), &conflict);
        assert!(ways[0].contains(CORRECT), "{ways:?}");
    }

    #[test]
    fn boards_that_share_a_uuid_and_differ_in_their_serial_may_be_two_machines() {
        let ways = advice(
            &named(State::Discovered),
            FOUND,
            &conflict(&[EvidenceKind::SystemSerial]),
        );
        let has = |text: &str| ways.iter().any(|it| it.contains(text));
        assert!(has("ignore-uuid m-1") && has("--board"), "{ways:?}");
    }

    fn named(state: State) -> Machine {
        Machine {
            name: "m-1".to_owned(),
            ..machine(state)
        }
    }

    #[test]
    fn each_conflict_has_its_command() {
        let machine = named(State::Discovered);
        let card = advice(&machine, FOUND, &conflict(&[EvidenceKind::Mac])).join("\n");
        assert!(
            card.contains("drover machine merge m-1 --into w-3\n"),
            "{card}"
        );
        assert!(card.contains("drover machine ignore-uuid m-1"), "{card}");
        assert!(card.contains("drover machine forget m-1"), "{card}");
        let kinds = [EvidenceKind::Mac, EvidenceKind::SystemUuid];
        let board = advice(&machine, FOUND, &conflict(&kinds)).join("\n");
        assert!(
            board.contains("drover machine merge m-1 --into w-3 --board"),
            "{board}"
        );
        assert!(!board.contains("ignore-uuid"), "{board}");
    }

    #[test]
    fn a_machine_that_stands_still_has_a_way_on() {
        let known = Identity::Known(MachineId::from_bytes([1; 16]));
        let retired = advice(&named(State::Retired), FOUND, &known).join("\n");
        assert!(retired.contains("drover machine accept m-1"), "{retired}");
        assert!(retired.contains("drover machine forget m-1"), "{retired}");
        let failed = advice(&named(State::Failed(Moving::Cleaning)), FOUND, &known);
        assert!(failed.join("\n").contains("drover machine retire m-1"));
        assert!(advice(&named(State::Active), FOUND, &known).is_empty());
    }
}
