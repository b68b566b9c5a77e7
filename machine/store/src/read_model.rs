//! What the boot plane and the reconciler need of all machines, as a value in memory.
//!
//! It is a copy of the records. A commit puts what it changed here after it is durable and before
//! anybody is told, so who was told finds it. Nothing here decides; a release is judged by the
//! database itself.

pub(crate) mod load;
pub(crate) mod reader;
pub mod refresh;
pub mod shared;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machine_core::boot::Boot;
use machine_core::cluster::Cluster;
use machine_core::evidence::identification::identify;
use machine_core::evidence::{Claim, Identity, KnownIdentity};
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::{BootId, MachineId};

use crate::dossier::{BootRead, Dossier, Recognised};

/// A count that rises with each change, so that who looks again sees whether anything has changed.
/// It begins anew with each process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

/// All machines and clusters.
#[derive(Debug, Clone, Default)]
pub struct ReadModel {
    machines: BTreeMap<MachineId, Held>,
    cards: BTreeMap<MacAddress, BTreeSet<MachineId>>,
    boards: BTreeMap<SystemUuid, BTreeSet<MachineId>>,
    boots: BTreeMap<BootId, MachineId>,
    /// Machines of which something can't be read.
    unreadable: BTreeSet<MachineId>,
    /// None if one of them can't be read.
    clusters: Option<Arc<Vec<Cluster>>>,
    clusters_changed: Revision,
    revision: Revision,
}

/// A machine, and when it was changed last.
#[derive(Debug, Clone)]
pub struct Held {
    /// What is held of it.
    pub dossier: Arc<Dossier>,
    /// When it changed last, or one that shares a card or a board with it.
    pub changed: Revision,
}

/// Two are equal if they say the same, whenever it was said.
impl PartialEq for ReadModel {
    fn eq(&self, other: &Self) -> bool {
        let dossiers = |it: &Self| -> Vec<Arc<Dossier>> {
            let held = it.machines.values();
            held.map(|held| Arc::clone(&held.dossier)).collect()
        };
        dossiers(self) == dossiers(other)
            && self.cards == other.cards
            && self.boards == other.boards
            && self.boots == other.boots
            && self.unreadable == other.unreadable
            && self.clusters == other.clusters
    }
}

impl ReadModel {
    /// With these machines and clusters.
    pub(crate) fn new(dossiers: Vec<Dossier>, clusters: Option<Vec<Cluster>>) -> Self {
        let mut model = Self::default();
        model.set_clusters(clusters);
        for dossier in dossiers {
            model.put(dossier);
        }
        model
    }

    /// Takes what was read anew, and goes on counting.
    pub(crate) fn replace(&mut self, read: Self) {
        let before = self.revision;
        *self = read;
        // Whatever anybody saw before is older than all of it.
        self.revision = Revision(before.0 + self.revision.0 + 1);
        self.clusters_changed = self.revision;
        for held in self.machines.values_mut() {
            held.changed = self.revision;
        }
    }

    /// Holds a machine, instead of what was held of it.
    pub(crate) fn put(&mut self, dossier: Dossier) {
        let id = dossier.work.standing.machine.id;
        self.unreadable.remove(&id);
        let before = self.machines.get(&id).map(|it| Arc::clone(&it.dossier));
        let is_same = before
            .as_ref()
            .is_some_and(|before| before.recognised == dossier.recognised);
        self.count();
        if !is_same {
            if let Some(before) = &before {
                self.forget_marks(id, &before.recognised);
            }
            self.add_marks(id, &dossier.recognised);
        }
        if let Some(before) = &before {
            self.forget_boots(id, before);
        }
        for boot in [&dossier.work.boot, &dossier.work.seen]
            .into_iter()
            .flatten()
        {
            self.boots.insert(boot.id, id);
        }
        let held = Held {
            dossier: Arc::new(dossier),
            changed: self.revision,
        };
        self.machines.insert(id, held);
    }

    /// There is no such machine any more.
    pub(crate) fn remove(&mut self, id: MachineId) {
        self.count();
        self.unreadable.remove(&id);
        if let Some(held) = self.machines.remove(&id) {
            self.forget_marks(id, &held.dossier.recognised);
            self.forget_boots(id, &held.dossier);
        }
    }

    /// There is such a machine, and something of it can't be read: as long as that is so, the
    /// database is asked for everybody.
    pub(crate) fn put_unreadable(&mut self, id: MachineId) {
        self.remove(id);
        self.unreadable.insert(id);
    }

    /// Whether everything could be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// Holds these clusters, and no others; none if one of them can't be read.
    pub(crate) fn set_clusters(&mut self, clusters: Option<Vec<Cluster>>) {
        self.count();
        self.clusters = clusters.map(Arc::new);
        self.clusters_changed = self.revision;
    }

    const fn count(&mut self) {
        self.revision = Revision(self.revision.0 + 1);
    }

    fn add_marks(&mut self, id: MachineId, recognised: &Recognised) {
        for card in &recognised.identity.macs {
            self.cards.entry(*card).or_default().insert(id);
        }
        for board in &recognised.boards {
            self.boards.entry(*board).or_default().insert(id);
        }
        self.note_neighbours(recognised);
    }

    fn forget_marks(&mut self, id: MachineId, recognised: &Recognised) {
        self.note_neighbours(recognised);
        for card in &recognised.identity.macs {
            take(&mut self.cards, card, id);
        }
        for board in &recognised.boards {
            take(&mut self.boards, board, id);
        }
    }

    /// Who is recognised by the same is judged anew.
    fn note_neighbours(&mut self, recognised: &Recognised) {
        for id in self.sharing(&recognised.identity.macs, &recognised.boards) {
            if let Some(held) = self.machines.get_mut(&id) {
                held.changed = self.revision;
            }
        }
    }

    /// Unless they have become another machine's.
    fn forget_boots(&mut self, id: MachineId, dossier: &Dossier) {
        for boot in [&dossier.work.boot, &dossier.work.seen]
            .into_iter()
            .flatten()
        {
            if self.boots.get(&boot.id) == Some(&id) {
                self.boots.remove(&boot.id);
            }
        }
    }

    fn sharing(
        &self,
        cards: &BTreeSet<MacAddress>,
        boards: &BTreeSet<SystemUuid>,
    ) -> BTreeSet<MachineId> {
        let of_cards = cards.iter().filter_map(|card| self.cards.get(card));
        // Old firmware says a UUID with the bytes of its first three fields swapped.
        let spellings = boards.iter().flat_map(|board| [*board, board.swapped()]);
        let of_boards = spellings.filter_map(|board| self.boards.get(&board));
        of_cards.chain(of_boards).flatten().copied().collect()
    }

    /// Every machine that has one of these cards, or this UUID if it can identify anything; the
    /// longest known first.
    pub fn candidates(
        &self,
        cards: &BTreeSet<MacAddress>,
        uuid: Option<SystemUuid>,
    ) -> Vec<KnownIdentity> {
        let boards = uuid.filter(SystemUuid::is_usable).into_iter().collect();
        let found = self.sharing(cards, &boards);
        let found = found.iter().filter_map(|id| self.machines.get(id));
        let mut known: Vec<&KnownIdentity> =
            found.map(|it| &it.dossier.recognised.identity).collect();
        known.sort_by_key(|it| (it.since, it.machine));
        known.into_iter().cloned().collect()
    }

    /// What is known when somebody asks to be booted.
    pub fn boot_read(&self, claim: &Claim) -> BootRead {
        let candidates = self.candidates(&[claim.mac].into(), claim.uuid);
        let identity = identify(claim, &candidates);
        let held = machine_of(&identity).and_then(|id| self.machines.get(&id));
        let work = held.map(|it| &it.dossier.work);
        BootRead {
            standing: work.map(|work| work.standing.clone()),
            boot: work.and_then(|work| work.boot.clone()),
            candidates,
            identity,
        }
    }

    /// Whether a card is one of a machine's.
    pub fn has_card(&self, card: MacAddress) -> bool {
        self.cards.contains_key(&card)
    }

    /// A boot, if it is the last one of its machine, or the last that came further.
    pub fn boot(&self, id: BootId) -> Option<&Boot> {
        let held = self.machines.get(self.boots.get(&id)?)?;
        let work = &held.dossier.work;
        let mut both = [&work.boot, &work.seen].into_iter().flatten();
        both.find(|boot| boot.id == id)
    }

    /// The machine that has had this boot, if it is held.
    pub(crate) fn machine_of_boot(&self, id: BootId) -> Option<MachineId> {
        self.boots.get(&id).copied()
    }

    /// What is held of a machine.
    pub fn machine(&self, id: MachineId) -> Option<&Held> {
        self.machines.get(&id)
    }

    /// Every machine, in the order of their ids.
    pub fn machines(&self) -> impl Iterator<Item = (MachineId, &Held)> {
        self.machines.iter().map(|(id, held)| (*id, held))
    }

    /// Every cluster, by name; `None` if one of them can't be read.
    pub fn clusters(&self) -> Option<Arc<Vec<Cluster>>> {
        self.clusters.clone()
    }

    /// When anything changed last.
    pub const fn changed(&self) -> Revision {
        self.revision
    }

    /// When a cluster changed last.
    pub const fn clusters_changed(&self) -> Revision {
        self.clusters_changed
    }
}

/// The machine whose standing concerns whoever this is.
pub(crate) const fn machine_of(identity: &Identity) -> Option<MachineId> {
    match identity {
        Identity::Known(machine) => Some(*machine),
        Identity::Conflict { claimant, .. } => *claimant,
        Identity::Unknown | Identity::Candidate(_) => None,
    }
}

fn take<K: Ord>(index: &mut BTreeMap<K, BTreeSet<MachineId>>, key: &K, id: MachineId) {
    if let Some(machines) = index.get_mut(key) {
        machines.remove(&id);
        if machines.is_empty() {
            index.remove(key);
        }
    }
}
