//! All that a plan for one machine is made of, read at once.

use std::time::Duration;

use machine_core::allocation::{Allocation, allocate_beside};
use machine_core::cluster::Cluster;
use machine_core::dossier::Dossier;
use machine_core::evidence::{Identity, conflict_words};
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::plan::signs::Signs;
use machine_core::plan::work::Work;
use machine_core::power::{PowerCommand, PowerObservation};
use machine_core::time::Timestamp;
use machine_store::change::MachineWrite;
use machine_store::identities::judge;
use machine_store::{attempts, boots, clusters, intents, machines, power_on};
use sha2::{Digest, Sha256};

use crate::error::StepError;
use crate::hindrance::{bootable, image_of};
use crate::site::{Image, Site};

/// How many boots a plan looks back, firmware with many cards opens one for each; and how many of
/// which more was seen than a DISCOVER, which anybody can send.
const BOOTS: (u32, u32) = (32, 8);

/// All that a plan for one machine is made of.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) dossier: Dossier,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) allocation: Allocation,
    /// The highest number that an attempt of the machine has, under whatever intent.
    pub(crate) last_number: u32,
    pub(crate) hindrance: Option<String>,
    pub(crate) conflict: Option<String>,
    pub(crate) signs: Signs,
    pub(crate) config_request_timeout: Duration,
    /// What installs the system, if it is not the usual image.
    pub(crate) installer: Option<String>,
}

impl Situation {
    pub(crate) async fn load(site: &Site, machine: MachineId) -> Result<Option<Self>, StepError> {
        let db = &site.db;
        let Some(machine) = machines::find(db, machine).await? else {
            return Ok(None);
        };
        let readable = clusters::readable(db).await?;
        let clusters = readable.clusters;
        let intent = intents::latest_of_machine(db, machine.id).await?;
        let attempts = match &intent {
            Some(intent) => attempts::of_intent(db, intent.id).await?,
            None => Vec::new(),
        };
        let last_number = attempts::last_number(db, machine.id).await?;
        let released = attempts::newest_released(db, machine.id).await?;
        let boots = boots::recent_and_seen(db, machine.id, BOOTS).await?;
        let powered_on = power_on::find(db, machine.id).await?;
        let allocation = allocate_beside(&machine, &clusters, &readable.unreadable);
        let conflict = match judge(db, machine.id).await? {
            Identity::Conflict {
                name,
                shared,
                differences,
                ..
            } => {
                let words = conflict_words(&name, &shared, &differences);
                Some(format!("{name}: {words}"))
            }
            Identity::Unknown | Identity::Known(_) | Identity::Candidate(_) => None,
        };
        let hindrance = hindrance(&site.images, &machine, intent.as_ref(), &clusters);
        let installer = installer(&site.images, &machine, intent.as_ref(), &clusters);
        let dossier = Dossier {
            machine,
            intent,
            attempts,
            released,
            boots,
            powered_on,
        };
        Ok(Some(Self {
            dossier,
            clusters,
            allocation,
            last_number,
            hindrance,
            conflict,
            signs: Signs::default(),
            config_request_timeout: site.config_request_timeout,
            installer,
        }))
    }

    pub(crate) fn work<'a>(
        &'a self,
        power: &'a PowerObservation,
        command: Option<&'a PowerCommand>,
    ) -> Work<'a> {
        Work {
            dossier: &self.dossier,
            allocation: &self.allocation,
            power,
            command,
            signs: &self.signs,
            hindrance: self.hindrance.as_deref(),
            conflict: self.conflict.as_deref(),
            config_request_timeout: self.config_request_timeout,
        }
    }

    /// Guards a change that was thought out on this: a person may have taken the machine back, and
    /// its config may have been released, while its BMC was asked.
    pub(crate) const fn hold(&self) -> MachineWrite {
        MachineWrite::Hold {
            id: self.dossier.machine.id,
            version: self.dossier.machine.version,
        }
    }

    /// Since when is tried what is being tried now.
    pub(crate) fn tried_since(&self) -> Timestamp {
        self.dossier
            .open_attempt()
            .map_or(self.dossier.machine.since, |attempt| attempt.opened)
    }

    /// SHA-256 of what the config of an attempt of today would be made of; `None` without an intent.
    pub(crate) fn basis(&self) -> Option<[u8; 32]> {
        let assignment = &self.dossier.intent.as_ref()?.assignment;
        let cluster = self
            .clusters
            .iter()
            .find(|it| it.id == assignment.cluster)?;
        let parts = [
            clusters::document(&cluster.spec),
            self.dossier.machine.name.clone(),
            assignment.role.to_string(),
            assignment.disk.to_string(),
        ];
        let mut hash = Sha256::new();
        for part in parts.into_iter().chain(self.installer.clone()) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Some(hash.finalize().into())
    }
}

/// What installs the system that a machine's intent asks for, if it is not the usual image.
fn installer(
    images: &[Image],
    machine: &Machine,
    intent: Option<&Intent>,
    clusters: &[Cluster],
) -> Option<String> {
    let wanted = intent?.assignment.cluster;
    let cluster = clusters.iter().find(|it| it.id == wanted)?;
    let image = image_of(images, &cluster.spec, machine.hardware.arch?)?;
    image.installer.clone()
}

/// What keeps a machine from the install that its intent asks for.
fn hindrance(
    images: &[Image],
    machine: &Machine,
    intent: Option<&Intent>,
    clusters: &[Cluster],
) -> Option<String> {
    let State::Provisioning(_) = machine.state else {
        return None;
    };
    let assignment = &intent?.assignment;
    let cluster = clusters.iter().find(|it| it.id == assignment.cluster)?;
    bootable(images, &cluster.spec, machine.hardware.arch?).err()
}
