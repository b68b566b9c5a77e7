//! What a transaction changes of what is held in memory: which machines, and which part of what is
//! held of each. Too much costs a read; too little would leave something old in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::BitOr;

use machine_core::boot::Boot;
use machine_core::id::{AttemptId, BootId, IntentId, MachineId};

/// What of a machine has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Its name, or by what it is recognised.
    pub(crate) recognised: bool,
    /// Its record, intents, attempts, boots.
    pub(crate) work: bool,
    /// Who spoke for it, or when it was switched on.
    pub(crate) spoken: bool,
}

impl Parts {
    pub(crate) const ALL: Self = Self {
        recognised: true,
        work: true,
        spoken: true,
    };
    pub(crate) const RECOGNISED: Self = Self {
        recognised: true,
        work: false,
        spoken: false,
    };
    pub(crate) const WORK: Self = Self {
        recognised: false,
        work: true,
        spoken: false,
    };
    pub(crate) const SPOKEN: Self = Self {
        recognised: false,
        work: false,
        spoken: true,
    };
}

impl BitOr for Parts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            recognised: self.recognised || other.recognised,
            work: self.work || other.work,
            spoken: self.spoken || other.spoken,
        }
    }
}

/// What a transaction changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Parts of machines.
    pub(crate) machines: BTreeMap<MachineId, Parts>,
    /// The machines of these intents: their work.
    pub(crate) intents: BTreeSet<IntentId>,
    /// The machines of these attempts: their work.
    pub(crate) attempts: BTreeSet<AttemptId>,
    /// The machines that have had these boots until now: their work.
    pub(crate) boots: BTreeSet<BootId>,
    /// The clusters.
    pub(crate) clusters: bool,
    /// All of it.
    pub(crate) everything: bool,
    /// The numbers of the last events of machines.
    pub(crate) told: BTreeMap<MachineId, i64>,
    /// Whether there are events of boots that name no machine: any may be theirs.
    pub(crate) told_of_boots: bool,
}

impl Touched {
    /// Whether anything that is held has changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.machines.is_empty()
            && self.intents.is_empty()
            && self.attempts.is_empty()
            && self.boots.is_empty()
            && !self.clusters
            && !self.everything
    }

    /// Parts of a machine.
    pub(crate) fn machine(&mut self, machine: MachineId, parts: Parts) {
        let known = self.machines.entry(machine).or_default();
        *known = *known | parts;
    }

    /// A boot: it may have belonged to another machine before.
    pub(crate) fn boot(&mut self, boot: &Boot) {
        if let Some(machine) = boot.machine {
            self.machine(machine, Parts::WORK);
        }
        self.boots.insert(boot.id);
    }

    /// What another one touches, too.
    pub(crate) fn add(&mut self, other: Self) {
        for (machine, parts) in other.machines {
            self.machine(machine, parts);
        }
        self.intents.extend(other.intents);
        self.attempts.extend(other.attempts);
        self.boots.extend(other.boots);
        self.clusters |= other.clusters;
        self.everything |= other.everything;
        for (machine, number) in other.told {
            let last = self.told.entry(machine).or_default();
            *last = number.max(*last);
        }
        self.told_of_boots |= other.told_of_boots;
    }
}
