//! A machine as it is listed: its record, and what is to be said of it beside.

use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::claim_condition::{Settling, Spoken, claims};
use machine_core::condition::{Condition, conditions};
use machine_core::disk::DiskIdentity;
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::machine::Machine;
use machine_store::disks::{self, NamedDisk};
use machine_store::{attempts, boots, claimants, identities, intents};

use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::machines::MachineView;

/// How many boots are shown; and how many of which more was seen than a DISCOVER, which anybody can
/// send.
const BOOTS: (u32, u32) = (20, 8);

impl Operations {
    /// A machine as it is listed.
    pub(crate) async fn view(&self, machine: Machine) -> Result<MachineView, UseCaseError> {
        let disks = disks::list(&self.db).await?;
        let boots = boots::recent_and_seen(&self.db, machine.id, BOOTS).await?;
        self.view_among(machine, &disks, boots).await
    }

    /// Machines as they are listed, in the same order: what concerns all is read once.
    pub(super) async fn views(
        &self,
        machines: Vec<Machine>,
    ) -> Result<Vec<MachineView>, UseCaseError> {
        let disks = disks::list(&self.db).await?;
        let ids: Vec<MachineId> = machines.iter().map(|it| it.id).collect();
        let mut boots = boots::recent_and_seen_of_all(&self.db, &ids, BOOTS).await?;
        let mut views = Vec::new();
        for machine in machines {
            let boots = boots.remove(&machine.id).unwrap_or_default();
            views.push(self.view_among(machine, &disks, boots).await?);
        }
        Ok(views)
    }

    /// A machine as it is listed, among all whose disks are named.
    async fn view_among(
        &self,
        machine: Machine,
        disks: &[NamedDisk],
        boots: Vec<Boot>,
    ) -> Result<MachineView, UseCaseError> {
        let judged = identities::judge(&self.db, machine.id).await?;
        let intent = self.latest_intent(machine.id).await?;
        let now = self.effects.now();
        let mut conditions = conditions(&machine, &judged, &boots, now);
        let latest = intent.as_ref().map(|(intent, _)| intent);
        conditions.extend(self.claims(&machine, latest).await?);
        conditions.extend(shared_disks(&machine, disks));
        let seen = self.effects.seen_machine(machine.id);
        Ok(MachineView {
            machine: self.with_advice_of_today(machine).await?,
            seen,
            conditions,
            intent,
            boots,
        })
    }

    /// The latest permission of a machine, and the name of the cluster that it is for.
    pub(super) async fn latest_intent(
        &self,
        machine: MachineId,
    ) -> Result<Option<(Intent, String)>, UseCaseError> {
        Ok(match intents::latest_of_machine(&self.db, machine).await? {
            Some(intent) => Some(self.named(intent).await?),
            None => None,
        })
    }

    /// What is to be said of those who spoke for a machine.
    async fn claims(
        &self,
        machine: &Machine,
        intent: Option<&Intent>,
    ) -> Result<Vec<Condition>, UseCaseError> {
        let heard = claimants::of_machine(&self.db, machine.id).await?;
        if heard.iter().all(|it| it.why.is_empty()) {
            return Ok(Vec::new());
        }
        let attempt = self.newest_attempt(intent).await?;
        let spoken: Vec<Spoken<'_>> = heard
            .iter()
            .map(|it| Spoken {
                claimant: &it.claimant,
                is_own: it.is_own,
                why: &it.why,
            })
            .collect();
        let settling = Settling {
            machine,
            attempt: attempt.as_ref(),
        };
        Ok(claims(&spoken, &settling, self.effects.now()))
    }

    async fn newest_attempt(
        &self,
        intent: Option<&Intent>,
    ) -> Result<Option<Attempt>, UseCaseError> {
        let Some(intent) = intent else {
            return Ok(None);
        };
        let attempts = attempts::of_intent(&self.db, intent.id).await?;
        Ok(attempts.into_iter().next())
    }
}

/// That a disk of this machine is named for another machine, too: it was moved, or one of the two
/// says what it copied. It is shown, and decides nothing.
fn shared_disks(machine: &Machine, disks: &[NamedDisk]) -> Vec<Condition> {
    let own = disks.iter().filter(|it| it.machine == machine.id);
    let usable = own.filter(|it| !matches!(it.disk, DiskIdentity::Unusable(_)));
    let shared = usable.filter_map(|own| {
        let others = disks
            .iter()
            .filter(|it| it.machine != machine.id && it.disk == own.disk);
        let mut with: Vec<String> = others.map(|it| it.name.clone()).collect();
        with.dedup();
        (!with.is_empty()).then(|| Condition::SharedDisk {
            disk: own.disk.clone(),
            with,
        })
    });
    shared.collect()
}
