//! The boot plane of a run: DHCP, script and the installed system's own word, each answered by the real core from the records.

use std::collections::BTreeSet;

use machine_core::boot::{Asker, Boot, BootOrigin, BootStep};
use machine_core::decision::{Answer, BootFacts, Stage, decide};
use machine_core::doubt::Doubt;
use machine_core::evidence::{Claim, Heard, Identity, KnownIdentity, identify};
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::machine::{Hardware, Machine};
use machine_core::network::UnknownPolicy;

use crate::records::{Row, advanced};
use crate::world::World;

impl World {
    fn claim_of(&self, index: usize, complete: bool) -> Claim {
        let node = &self.nodes[index];
        Claim {
            mac: node.mac,
            others: if complete {
                node.cards
                    .iter()
                    .copied()
                    .filter(|card| *card != node.mac)
                    .collect()
            } else {
                BTreeSet::new()
            },
            uuid: Some(node.uuid),
            serial: complete.then(|| node.serial.clone()),
            complete,
        }
    }

    fn identify(&self, claim: &Claim) -> Identity {
        let by_mac = self.cards.get(&claim.mac).into_iter().flatten();
        let by_uuid = claim
            .uuid
            .and_then(|uuid| self.boards.get(&uuid))
            .into_iter()
            .flatten();
        let found: BTreeSet<MachineId> = by_mac.chain(by_uuid).copied().collect();
        let known: Vec<KnownIdentity> =
            found.iter().map(|id| self.rows[id].known.clone()).collect();
        identify(claim, &known)
    }

    /// Which boot this is, and whether it goes on to the network.
    pub(crate) fn answer_dhcp(&mut self, index: usize, asker: Asker) -> (BootId, bool) {
        let claim = self.claim_of(index, false);
        let identity = self.identify(&claim);
        let owner = owner(&identity);
        let latest = match owner {
            Some(machine) => self.rows[&machine].boots.first(),
            None => self.sightings.get(&claim.mac),
        };
        let adopted = latest
            .filter(|boot| boot.mac == Some(claim.mac) && boot.adopts(asker, self.now))
            .filter(|boot| {
                let answer = self.decide(&identity, boot, Stage::Dhcp, None);
                !boot.sent_to_disk || answer == Answer::LocalDisk
            })
            .cloned();
        let boot = adopted.unwrap_or_else(|| self.new_boot(index, owner, BootOrigin::Network));
        let netboot = self.decide(&identity, &boot, Stage::Dhcp, None) != Answer::LocalDisk;
        let step = match asker {
            Asker::Firmware => BootStep::Discover,
            Asker::Ipxe => BootStep::Ipxe,
        };
        let kept = Boot {
            sent_to_disk: !netboot,
            ..advanced(&boot, step, self.now)
        };
        self.note(|| {
            format!(
                "node {index}: {asker:?} is {}, netboot {netboot}",
                who(&identity)
            )
        });
        let id = kept.id;
        self.keep(kept);
        if let Some(machine) = owner {
            self.wake(machine);
        }
        (id, netboot)
    }

    fn new_boot(&mut self, index: usize, machine: Option<MachineId>, origin: BootOrigin) -> Boot {
        Boot {
            id: BootId::from_bytes(self.random.bytes()),
            machine,
            mac: Some(self.nodes[index].mac),
            origin,
            platform: Some((Arch::X86_64, Firmware::Uefi)),
            address: Some(self.nodes[index].address),
            attempt: None,
            opened: self.now,
            step: BootStep::Discover,
            step_at: self.now,
            sent_to_disk: false,
            ready: None,
        }
    }

    fn decide(
        &self,
        identity: &Identity,
        boot: &Boot,
        stage: Stage,
        doubt: Option<&Doubt>,
    ) -> Answer {
        let row = owner(identity).map(|machine| &self.rows[&machine]);
        let facts = BootFacts {
            stage,
            unknown: UnknownPolicy::Inspect,
            identity,
            machine: row.map(|row| &row.machine),
            intent: row.and_then(|row| row.intent.as_ref()),
            attempt: row.and_then(|row| row.attempts.first()),
            boot,
            safe_mode: None,
            doubt,
        };
        decide(&facts, self.now).answer
    }

    pub(crate) fn keep(&mut self, boot: Boot) {
        match (boot.machine, boot.mac) {
            (Some(machine), _) => {
                self.boot_owners.insert(boot.id, machine);
                self.row(machine).keep_boot(boot);
            }
            (None, Some(mac)) => {
                self.sightings.insert(mac, boot);
            }
            (None, None) => {}
        }
    }

    fn boot_of(&self, index: usize) -> Option<Boot> {
        let node = &self.nodes[index];
        let id = node.boot?;
        let sighted = self.sightings.get(&node.mac).filter(|boot| boot.id == id);
        let of_machine = || {
            let boots = &self.rows[self.boot_owners.get(&id)?].boots;
            boots.iter().find(|boot| boot.id == id)
        };
        sighted.or_else(of_machine).cloned()
    }

    /// A file was fetched, or the system has started: a step of the node's boot.
    pub(crate) fn note_step(&mut self, index: usize, step: BootStep) {
        if self.is_awake()
            && let Some(boot) = self.boot_of(index).filter(|boot| boot.step < step)
        {
            let boot = advanced(&boot, step, self.now);
            self.keep(boot);
        }
    }

    /// What the script tells the node to boot; `None` if nobody knows its boot.
    pub(crate) fn answer_script(&mut self, index: usize) -> Option<Answer> {
        let boot = self.boot_of(index)?;
        let claim = self.claim_of(index, true);
        let mut identity = self.identify(&claim);
        if let Identity::Candidate(machine) = identity
            && self.owner_nodes.get(&machine) == Some(&index)
        {
            // A person says that this card is the machine's.
            self.accept_card(machine, claim.mac);
            identity = self.identify(&claim);
        }
        if identity == Identity::Unknown {
            self.discover_machine(index);
            identity = self.identify(&claim);
        }
        let boot = Boot {
            machine: owner(&identity).or(boot.machine),
            ..boot
        };
        self.sightings.remove(&claim.mac);
        self.keep(advanced(&boot, BootStep::Script, self.now));
        if let Identity::Known(machine) = identity {
            self.learn(machine, index);
            self.advance(machine);
        }
        let boot = self.boot_of(index)?;
        let doubt = match identity {
            Identity::Known(machine) => self.speak(machine, index, &boot),
            _ => None,
        };
        let answer = self.decide(&identity, &boot, Stage::Script, doubt.as_ref());
        self.note(|| format!("node {index}: script of {}: {answer:?}", who(&identity)));
        match answer {
            Answer::Wait => {}
            Answer::LocalDisk => self.keep(Boot {
                sent_to_disk: true,
                ..boot
            }),
            Answer::Install(attempt) => self.serve(&boot, attempt),
        }
        Some(answer)
    }

    fn serve(&mut self, boot: &Boot, attempt: AttemptId) {
        let Some(machine) = boot.machine else { return };
        let id = boot.id;
        let row = self.row(machine);
        row.totals.installers += 1;
        if let Some(served) = row.attempt(attempt).filter(|it| it.release.is_none()) {
            served.boot = Some(id);
        }
        self.keep(Boot {
            attempt: Some(attempt),
            ..boot.clone()
        });
    }

    fn accept_card(&mut self, machine: MachineId, card: MacAddress) {
        self.cards.entry(card).or_default().insert(machine);
        let known = &mut self.row(machine).known;
        known.macs.insert(card);
        known.registered = true;
    }

    fn discover_machine(&mut self, index: usize) {
        let id = MachineId::from_bytes(self.random.bytes());
        let mut machine = Machine::discovered(id, format!("node-{index}-found"), self.now);
        machine.hardware = self.hardware(index);
        let node = &self.nodes[index];
        let known = KnownIdentity {
            machine: id,
            name: machine.name.clone(),
            since: self.now,
            macs: [node.mac].into(),
            registered: false,
            uuid: None,
            serial: None,
            heard: Heard {
                uuids: [node.uuid].into(),
                serials: [node.serial.clone()].into(),
            },
        };
        self.enrol(Row::new(machine, known), index);
    }

    fn hardware(&self, index: usize) -> Hardware {
        Hardware {
            arch: Some(Arch::X86_64),
            firmware: Some(Firmware::Uefi),
            manufacturer: Some(self.nodes[index].manufacturer.clone()),
            product: None,
        }
    }

    fn learn(&mut self, machine: MachineId, index: usize) {
        let (hardware, now) = (self.hardware(index), self.now);
        let Self { nodes, boards, .. } = self;
        let node = &nodes[index];
        boards.entry(node.uuid).or_default().insert(machine);
        let (uuid, serial) = (node.uuid, node.serial.clone());
        let row = self.row(machine);
        row.known.heard.uuids.insert(uuid);
        row.known.heard.serials.insert(serial);
        if row.machine.hardware != hardware {
            let learned = Machine {
                hardware,
                ..row.machine.clone()
            };
            row.write(learned, now, None);
        }
    }

    /// An installed system says that it runs from its disk; `None` if it must say so again.
    pub(crate) fn hear_disk(&mut self, index: usize, attempt: AttemptId) -> Option<()> {
        let mac = self.nodes[index].mac;
        let machine = *self.cards.get(&mac)?.first()?;
        self.note_disk(machine, index, attempt);
        Some(())
    }

    /// A machine is seen to run from its disk.
    pub(crate) fn note_disk(&mut self, machine: MachineId, index: usize, attempt: AttemptId) {
        let latest = self.rows[&machine].boots.first();
        let same =
            latest.filter(|boot| boot.origin == BootOrigin::Disk && boot.attempt == Some(attempt));
        let boot = same.cloned().unwrap_or_else(|| {
            let boot = self.new_boot(index, Some(machine), BootOrigin::Disk);
            Boot {
                attempt: Some(attempt),
                ..boot
            }
        });
        let boot = advanced(&boot, BootStep::Disk, self.now);
        self.note(|| format!("node {index}: runs from disk on {attempt}"));
        self.keep(boot);
        self.wake(machine);
    }
}

/// Whose record an identity stands for.
fn owner(identity: &Identity) -> Option<MachineId> {
    match identity {
        Identity::Known(machine) => Some(*machine),
        Identity::Conflict { claimant, .. } => *claimant,
        Identity::Unknown | Identity::Candidate(_) => None,
    }
}

/// An identity in a word, for the trace.
fn who(identity: &Identity) -> &'static str {
    match identity {
        Identity::Known(_) => "itself",
        Identity::Unknown => "unknown",
        Identity::Candidate(_) => "a candidate",
        Identity::Conflict { .. } => "in conflict",
    }
}
