//! What a change reaches beyond the rows that it names: what is held in memory of machines, and what
//! keeps a disk from being erased.

use std::collections::BTreeSet;

use machine_core::attempt::Attempt;
use machine_core::id::{AttemptId, MachineId};

use crate::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use crate::registrations::RegistrationWrite;
use crate::touched::{Parts, Touched};

impl Change {
    /// Whether a database without this change could let a disk be erased that this one protects:
    /// everything but requests, reservations and events, so that nobody has to be certain.
    pub(crate) const fn protects_a_disk(&self) -> bool {
        !(self.machines.is_empty()
            && self.clusters.is_empty()
            && self.operations.is_empty()
            && self.intents.is_empty()
            && self.attempts.is_empty()
            && self.evidence.is_empty()
            && self.learned.is_empty()
            && self.registrations.is_empty()
            && self.ignored_uuids.is_empty()
            && self.secrets.is_empty())
    }

    /// What it changes of what is held in memory.
    pub(crate) fn touched(&self) -> Touched {
        let mut touched = Touched {
            clusters: !self.clusters.is_empty() || !self.operations.is_empty(),
            everything: !self.ignored_uuids.is_empty(),
            ..Touched::default()
        };
        for it in &self.machines {
            let parts = match it {
                MachineWrite::Hold { .. } | MachineWrite::AcceptBmc { .. } => Parts::WORK,
                MachineWrite::Insert(_)
                | MachineWrite::Update(_)
                | MachineWrite::Forget { .. }
                | MachineWrite::ForgetBoard { .. } => Parts::ALL,
            };
            touched.machine(it.machine(), parts);
        }
        for it in &self.intents {
            match it {
                IntentWrite::Open(intent) => touched.machine(intent.machine, Parts::WORK),
                IntentWrite::Close { id, .. } => _ = touched.intents.insert(*id),
            }
        }
        for it in &self.attempts {
            match it.attempt() {
                Ok(attempt) => _ = touched.intents.insert(attempt.intent),
                Err(id) => _ = touched.attempts.insert(id),
            }
        }
        for it in &self.learned {
            touched.machine(it.machine, Parts::WORK);
        }
        for machine in self.identified() {
            touched.machine(machine, Parts::RECOGNISED | Parts::SPOKEN);
        }
        let spoken = self.power.iter().map(|it| it.machine);
        for machine in spoken.chain(self.accepted.iter().map(|it| it.0)) {
            touched.machine(machine, Parts::SPOKEN);
        }
        touched
    }

    /// The machines of whose identity it says something else than was known.
    pub(crate) fn identified(&self) -> BTreeSet<MachineId> {
        let evidence = self.evidence.iter().map(|it| it.machine);
        let registered = self.registrations.iter().map(|it| match it {
            RegistrationWrite::Say { machine, .. } | RegistrationWrite::Unsay { machine, .. } => {
                *machine
            }
        });
        let boards = self.machines.iter().filter_map(|it| match it {
            MachineWrite::ForgetBoard { id, .. } => Some(*id),
            MachineWrite::Insert(_)
            | MachineWrite::Update(_)
            | MachineWrite::Hold { .. }
            | MachineWrite::Forget { .. }
            | MachineWrite::AcceptBmc { .. } => None,
        });
        evidence.chain(registered).chain(boards).collect()
    }
}

impl AttemptWrite {
    /// The attempt that it opens, or the id of the one that it changes.
    const fn attempt(&self) -> Result<&Attempt, AttemptId> {
        match self {
            Self::Open(attempt) => Ok(attempt),
            Self::Close { id, .. }
            | Self::SwitchPower { id, .. }
            | Self::Serve { id, .. }
            | Self::Accept { id, .. }
            | Self::Wipe { id, .. }
            | Self::Judge { id, .. } => Err(*id),
        }
    }
}
