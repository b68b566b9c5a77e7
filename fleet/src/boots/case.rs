//! All that the release of a config is judged by, read at once.

use std::net::IpAddr;

use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::claimant::Claimant;
use machine_core::cluster::Cluster;
use machine_core::dossier::Standing;
use machine_core::doubt::Doubt;
use machine_core::evidence::KnownIdentity;
use machine_core::hardware::MacAddress;
use machine_core::intent::Intent;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::{boots, claimants, clusters, identities, intents, leases, machines};
use pxe_server::directory::DocumentRequest;

use crate::boots::BootAnswers;
use crate::error::StepError;

/// All that a release is judged by.
pub(super) struct Case {
    pub(super) attempt: Attempt,
    pub(super) intent: Intent,
    pub(super) machine: Machine,
    pub(super) cluster: Cluster,
    pub(super) boot: Option<Boot>,
    pub(super) known: Option<KnownIdentity>,
    pub(super) doubt: Option<Doubt>,
    /// What the attempt's boot said of itself.
    pub(super) said: Option<Claimant>,
    /// Whether the asker, elsewhere than at the boot's address, was heard to be somebody else.
    pub(super) told_apart: bool,
    pub(super) leased_to: Option<MacAddress>,
}

impl BootAnswers {
    pub(super) async fn case(
        &self,
        attempt: Attempt,
        peer: IpAddr,
        at: Timestamp,
    ) -> Result<Case, StepError> {
        let db = &self.site.db;
        let (standing, cluster) = self.standing(attempt).await?;
        let boot = match standing.attempt.as_ref().and_then(|it| it.boot) {
            Some(boot) => boots::find(db, boot).await?,
            None => None,
        };
        let known = identities::of_machine(db, standing.machine.id).await?;
        let doubt = self
            .release_doubt(&standing, boot.as_ref().zip(known.as_ref()), at)
            .await?;
        let Standing {
            machine,
            intent: Some(intent),
            attempt: Some(attempt),
        } = standing
        else {
            return Err(gone("the attempt"));
        };
        let spoken = claimants::of_machine(db, machine.id).await?.into_iter();
        let spoken: Vec<Claimant> = spoken.map(|it| it.claimant).collect();
        let is_of_boot = |it: &&Claimant| Some(it.boot) == attempt.boot;
        let said = spoken.iter().find(is_of_boot).cloned();
        // At the address of its boot the machine itself may be heard beside a clone of its card.
        let is_elsewhere = boot.as_ref().and_then(|boot| boot.address) != Some(peer);
        let is_another = |it: &Claimant| is_another(it, known.as_ref(), &attempt);
        let mut heard = spoken.iter().filter(|it| it.address == peer);
        let told_apart = is_elsewhere && heard.any(is_another);
        let leases = leases::of_address(db, peer).await?;
        let leased_to = leases
            .iter()
            .find(|it| it.expires > at)
            .and_then(|it| it.client.card());
        Ok(Case {
            attempt,
            intent,
            machine,
            cluster,
            boot,
            known,
            doubt,
            said,
            told_apart,
            leased_to,
        })
    }

    /// The machine of an attempt with its intent, and the cluster that it is installed for.
    async fn standing(&self, attempt: Attempt) -> Result<(Standing, Cluster), StepError> {
        let db = &self.site.db;
        let intent = intents::find(db, attempt.intent).await?;
        let intent = intent.ok_or_else(|| gone("the intent"))?;
        let machine = machines::find(db, attempt.machine).await?;
        let machine = machine.ok_or_else(|| gone("the machine"))?;
        let cluster = clusters::find(db, attempt.assignment.cluster).await?;
        let cluster = cluster.ok_or_else(|| gone("the cluster"))?;
        let standing = Standing {
            machine,
            intent: Some(intent),
            attempt: Some(attempt),
        };
        Ok((standing, cluster))
    }

    /// Why the attempt's boot may not be the machine's, or is none of its rule's.
    async fn release_doubt(
        &self,
        standing: &Standing,
        boot: Option<(&Boot, &KnownIdentity)>,
        at: Timestamp,
    ) -> Result<Option<Doubt>, StepError> {
        if let Some((boot, known)) = boot
            && let Some(doubt) = self.doubt(standing, known, boot, (None, at)).await?
        {
            return Ok(Some(doubt));
        }
        // The boot that was given the installer has said what stands there.
        self.rule_doubt(standing, &standing.machine.hardware).await
    }
}

/// Whether this one spoke during the attempt, and is not like the machine.
fn is_another(claimant: &Claimant, known: Option<&KnownIdentity>, attempt: &Attempt) -> bool {
    let is_own = known.is_some_and(|known| claimant.is_like(known));
    claimant.last_seen >= attempt.opened && !is_own
}

const fn gone(what: &'static str) -> StepError {
    StepError::Gone { what }
}

impl Case {
    /// Whether the asker names another board than the attempt's boot did, or than is registered.
    pub(super) fn is_named_otherwise(&self, request: &DocumentRequest) -> bool {
        let (uuid, serial) = (request.uuid, request.serial.as_ref());
        let differs = |it: &Claimant| it.differs_from(uuid, serial);
        let registered = self.known.as_ref().zip(self.said.as_ref());
        let registered = registered.map(|(known, said)| Claimant {
            uuid: known.uuid,
            serial: known.serial.clone(),
            ..said.clone()
        });
        self.said.as_ref().is_some_and(differs) || registered.as_ref().is_some_and(differs)
    }
}
