//! Who is on the wire: identity as evidence, not as one key.
//!
//! A machine is known by its MACs, its SMBIOS UUID and its serial number, and each of them can be
//! wrong: cards move, boards are swapped, vendors ship one UUID a thousand times, virtual machines
//! are cloned. So a claim is compared with all that is known, and what contradicts is named. A
//! conflict belongs to the claimant, who gets no secret; the established machine is never stopped
//! by it, or anyone on the wire could.

use std::collections::BTreeSet;
use std::fmt;

use crate::hardware::{MacAddress, SerialNumber, SystemUuid};
use crate::id::MachineId;
use crate::time::Timestamp;

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// A hardware address of one of its network cards.
    Mac,
    /// The SMBIOS system UUID.
    SystemUuid,
    /// The SMBIOS system serial number.
    SystemSerial,
}

impl EvidenceKind {
    /// `mac`, `uuid`, `serial`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::SystemUuid => "uuid",
            Self::SystemSerial => "serial",
        }
    }

    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::Mac, Self::SystemUuid, Self::SystemSerial];
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What something on the wire says of itself. DHCP alone knows the MAC and perhaps the UUID; the
/// script request of iPXE knows the serial number and every card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The card that asks.
    pub mac: MacAddress,
    /// Every other card that it says it has.
    pub others: BTreeSet<MacAddress>,
    /// Its UUID, if it said one.
    pub uuid: Option<SystemUuid>,
    /// Its serial number, if it said one.
    pub serial: Option<SerialNumber>,
    /// Whether all of its identity was asked for: a script request, not DHCP.
    pub complete: bool,
}

/// What is known of a machine's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdentity {
    /// Which machine.
    pub machine: MachineId,
    /// Its name, for messages.
    pub name: String,
    /// Since when the machine is known: the earlier one is the established one.
    pub since: Timestamp,
    /// Its cards.
    pub macs: BTreeSet<MacAddress>,
    /// Its UUID, once known.
    pub uuid: Option<SystemUuid>,
    /// Its serial number, once known.
    pub serial: Option<SerialNumber>,
}

/// One piece of evidence in which a claim and a machine differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// What differs.
    pub kind: EvidenceKind,
    /// What the established machine has.
    pub known: String,
    /// What the claimant said.
    pub claimed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {} there and {} here",
            self.kind, self.known, self.claimed
        )
    }
}

/// Who a claimant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Nobody we know.
    Unknown,
    /// A known machine.
    Known(MachineId),
    /// An unknown card with the UUID of a known machine: recabled, or a clone. Let it come as far
    /// as iPXE, and judge there.
    Candidate(MachineId),
    /// It claims what belongs to another machine.
    Conflict {
        /// The claimant's own record, if it has one.
        claimant: Option<MachineId>,
        /// The established machine.
        with: MachineId,
        /// Its name.
        name: String,
        /// What contradicts.
        differences: Vec<Difference>,
    },
}

/// Who the claimant is, given every machine that shares a MAC or the UUID with it.
pub fn identify(claim: &Claim, candidates: &[KnownIdentity]) -> Identity {
    let by_mac = candidates
        .iter()
        .filter(|known| known.macs.contains(&claim.mac));
    let mut contradicted = None;
    for known in by_mac {
        let differences = contradictions(claim, known);
        if differences.is_empty() {
            return known_or_rival(claim, known, candidates);
        }
        contradicted.get_or_insert((known, differences));
    }
    if let Some((known, differences)) = contradicted {
        return conflict(None, known, differences);
    }
    let shares_uuid = |known: &&KnownIdentity| {
        claim
            .uuid
            .is_some_and(|uuid| uuid.is_usable() && known.uuid == Some(uuid))
    };
    let same_board: Vec<&KnownIdentity> = candidates.iter().filter(shares_uuid).collect();
    match same_board.as_slice() {
        [] => Identity::Unknown,
        [known, ..] if !claim.complete => Identity::Candidate(known.machine),
        [first, ..] => same_board
            .iter()
            .find(|known| is_recabled(claim, known))
            .map_or_else(
                || conflict(None, first, differences_of_clone(claim, first)),
                |known| Identity::Known(known.machine),
            ),
    }
}

/// A machine that is known itself may still claim what an earlier one has: it stays a claimant. It
/// may have shown that before, or list it among its cards now.
fn known_or_rival(claim: &Claim, own: &KnownIdentity, candidates: &[KnownIdentity]) -> Identity {
    let is_rival = |other: &&KnownIdentity| {
        let shares_uuid = other
            .uuid
            .is_some_and(|uuid| uuid.is_usable() && own.uuid == Some(uuid));
        let shares_card = !other.macs.is_disjoint(&own.macs);
        other.machine != own.machine
            && (other.since, other.machine) < (own.since, own.machine)
            && (shares_uuid || shares_card)
    };
    let is_robbed = |other: &&KnownIdentity| {
        let is_earlier = (other.since, other.machine) < (own.since, own.machine);
        let is_claimed = |card: &MacAddress| claim.others.contains(card);
        is_earlier && other.macs.iter().any(is_claimed)
    };
    let rival = candidates
        .iter()
        .find(|it| is_rival(it))
        .or_else(|| candidates.iter().find(is_robbed));
    match rival {
        None => Identity::Known(own.machine),
        Some(rival) => conflict(Some(own.machine), rival, differences_of_clone(claim, rival)),
    }
}

impl Claim {
    /// The claim without the other cards that belong to machines other than `own`. Whoever speaks
    /// can list any card: by that alone he takes none from another machine.
    #[must_use]
    pub fn without_cards_of_others(&self, own: MachineId, candidates: &[KnownIdentity]) -> Self {
        let is_foreign = |card: &MacAddress| {
            candidates
                .iter()
                .any(|known| known.machine != own && known.macs.contains(card))
        };
        let others = self.others.iter().copied();
        Self {
            others: others.filter(|card| !is_foreign(card)).collect(),
            ..self.clone()
        }
    }
}

fn conflict(
    claimant: Option<MachineId>,
    known: &KnownIdentity,
    differences: Vec<Difference>,
) -> Identity {
    Identity::Conflict {
        claimant,
        with: known.machine,
        name: known.name.clone(),
        differences,
    }
}

/// A known machine that boots from a card we had not seen: its serial number is usable and the
/// same, and it still has a card that we know.
fn is_recabled(claim: &Claim, known: &KnownIdentity) -> bool {
    let same_serial = match (&claim.serial, &known.serial) {
        (Some(claimed), Some(known)) => claimed == known && claimed.is_usable(),
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    same_serial && claim.others.iter().any(|mac| known.macs.contains(mac))
}

/// What the claim says of the board that the machine of this card does not have. What either does
/// not know, or what identifies nothing, contradicts nothing.
fn contradictions(claim: &Claim, known: &KnownIdentity) -> Vec<Difference> {
    let uuid = differs(
        EvidenceKind::SystemUuid,
        known.uuid,
        claim.uuid,
        SystemUuid::is_usable,
    );
    let serial = differs(
        EvidenceKind::SystemSerial,
        known.serial.as_ref(),
        claim.serial.as_ref(),
        |serial| serial.is_usable(),
    );
    uuid.into_iter().chain(serial).collect()
}

fn differs<T: PartialEq + fmt::Display>(
    kind: EvidenceKind,
    known: Option<T>,
    claimed: Option<T>,
    is_usable: impl Fn(&T) -> bool,
) -> Option<Difference> {
    let (known, claimed) = (known?, claimed?);
    let contradicts = known != claimed && is_usable(&known) && is_usable(&claimed);
    contradicts.then(|| Difference {
        kind,
        known: known.to_string(),
        claimed: claimed.to_string(),
    })
}

fn differences_of_clone(claim: &Claim, known: &KnownIdentity) -> Vec<Difference> {
    let listed = |macs: &mut dyn Iterator<Item = &MacAddress>| {
        macs.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mac = Difference {
        kind: EvidenceKind::Mac,
        known: listed(&mut known.macs.iter()),
        claimed: listed(&mut std::iter::once(&claim.mac).chain(&claim.others)),
    };
    std::iter::once(mac)
        .chain(contradictions(claim, known))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "4c4c4544-0000-4000-8000-000000000001";
    const OTHER_UUID: &str = "4c4c4544-0000-4000-8000-000000000002";

    fn mac(last: u8) -> MacAddress {
        MacAddress::new([0x52, 0x54, 0, 0x77, 0, last])
    }

    fn known(id: u8, macs: &[u8], uuid: Option<&str>, serial: Option<&str>) -> KnownIdentity {
        KnownIdentity {
            machine: MachineId::from_bytes([id; 16]),
            name: format!("m{id}"),
            since: Timestamp::from_millis(i64::from(id)),
            macs: macs.iter().copied().map(mac).collect(),
            uuid: uuid.map(|text| text.parse().unwrap()),
            serial: serial.map(|text| text.parse().unwrap()),
        }
    }

    fn dhcp(card: u8, uuid: Option<&str>) -> Claim {
        Claim {
            mac: mac(card),
            others: BTreeSet::new(),
            uuid: uuid.map(|text| text.parse().unwrap()),
            serial: None,
            complete: false,
        }
    }

    fn script(card: u8, others: &[u8], uuid: &str, serial: &str) -> Claim {
        Claim {
            others: others.iter().copied().map(mac).collect(),
            serial: Some(serial.parse().unwrap()),
            complete: true,
            ..dhcp(card, Some(uuid))
        }
    }

    fn machine(id: u8) -> MachineId {
        MachineId::from_bytes([id; 16])
    }

    #[test]
    fn a_known_card_is_its_machine() {
        let one = known(1, &[1], Some(UUID), Some("S1"));
        assert_eq!(
            identify(&dhcp(1, None), std::slice::from_ref(&one)),
            Identity::Known(machine(1))
        );
        assert_eq!(
            identify(&script(1, &[], UUID, "S1"), &[one]),
            Identity::Known(machine(1))
        );
    }

    #[test]
    fn what_is_not_known_yet_is_learned_not_refused() {
        let registered = known(1, &[1], None, None);
        assert_eq!(
            identify(&script(1, &[], UUID, "S1"), &[registered]),
            Identity::Known(machine(1))
        );
    }

    #[test]
    fn a_new_card_on_a_known_board_is_judged_in_ipxe() {
        let one = known(1, &[1, 2], Some(UUID), Some("S1"));
        let known = std::slice::from_ref(&one);
        assert_eq!(
            identify(&dhcp(9, Some(UUID)), known),
            Identity::Candidate(machine(1))
        );
        assert_eq!(
            identify(&script(9, &[2], UUID, "S1"), known),
            Identity::Known(machine(1)),
            "recabled: same serial, and one of its cards is there"
        );
    }

    #[test]
    fn a_clone_is_named_with_what_differs() {
        let one = known(1, &[1], Some(UUID), Some("S1"));
        let Identity::Conflict {
            with, differences, ..
        } = identify(&script(9, &[], UUID, "S2"), &[one])
        else {
            panic!("a second machine with the same UUID is a conflict")
        };
        assert_eq!(with, machine(1));
        let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                "mac is 52:54:00:77:00:01 there and 52:54:00:77:00:09 here",
                "serial is S1 there and S2 here",
            ]
        );
    }

    #[test]
    fn a_clone_with_the_same_serial_and_no_common_card_is_a_conflict_too() {
        let one = known(1, &[1], Some(UUID), Some("S1"));
        assert!(matches!(
            identify(&script(9, &[8], UUID, "S1"), &[one]),
            Identity::Conflict { .. }
        ));
    }

    #[test]
    fn a_cloned_card_on_another_board_is_a_conflict() {
        let one = known(1, &[1], Some(UUID), Some("S1"));
        let known = std::slice::from_ref(&one);
        assert!(matches!(
            identify(&dhcp(1, Some(OTHER_UUID)), known),
            Identity::Conflict { .. }
        ));
    }

    #[test]
    fn a_claimant_with_a_record_stays_a_claimant_and_stops_nobody() {
        let both = [
            known(2, &[9], Some(UUID), Some("S2")),
            known(1, &[1], Some(UUID), Some("S1")),
        ];
        assert_eq!(
            identify(&script(1, &[], UUID, "S1"), &both),
            Identity::Known(machine(1))
        );
        let Identity::Conflict { claimant, with, .. } = identify(&dhcp(9, Some(UUID)), &both)
        else {
            panic!("the later of two machines with one UUID is in conflict")
        };
        assert_eq!((claimant, with), (Some(machine(2)), machine(1)));
    }

    #[test]
    fn a_card_that_is_listed_is_taken_from_nobody() {
        let both = [
            known(1, &[1], Some(UUID), Some("S1")),
            known(2, &[2], Some(OTHER_UUID), Some("S2")),
        ];
        let earlier = script(1, &[2, 3], UUID, "S1");
        assert_eq!(identify(&earlier, &both), Identity::Known(machine(1)));
        let learned = earlier.without_cards_of_others(machine(1), &both);
        assert_eq!(
            learned.others,
            BTreeSet::from([mac(3)]),
            "the other's stays its own"
        );
        let later = identify(&script(2, &[1], OTHER_UUID, "S2"), &both);
        assert!(
            matches!(later, Identity::Conflict { claimant: Some(it), with, .. }
                if it == machine(2) && with == machine(1)),
            "{later:?}"
        );
    }

    #[test]
    fn the_later_of_two_machines_with_one_card_is_the_claimant() {
        let both = [
            known(1, &[1], Some(UUID), None),
            known(2, &[1], Some(OTHER_UUID), None),
        ];
        assert_eq!(
            identify(&dhcp(1, Some(UUID)), &both),
            Identity::Known(machine(1))
        );
        let other = identify(&dhcp(1, Some(OTHER_UUID)), &both);
        assert!(matches!(other, Identity::Conflict { claimant: Some(it), .. } if it == machine(2)));
    }

    #[test]
    fn a_vendors_default_uuid_makes_no_candidate() {
        let zeros = "00000000-0000-0000-0000-000000000000";
        let one = known(1, &[1], Some(zeros), Some("S1"));
        assert_eq!(identify(&dhcp(9, Some(zeros)), &[one]), Identity::Unknown);
    }
}
