//! All that a plan for one machine is made of, read at once.

use machine_core::allocation::{Allocation, allocate};
use machine_core::attempt::Attempt;
use machine_core::boot::Boot;
use machine_core::cluster::Cluster;
use machine_core::evidence::Identity;
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::machine::Machine;
use machine_core::plan::work::Work;
use machine_core::power::PowerObservation;
use machine_store::db::Db;
use machine_store::identities::judge;
use machine_store::{attempts, boots, clusters, intents, machines};

use crate::error::StepError;

/// How many boots a plan looks back: firmware with many cards opens one for each.
const BOOTS: u32 = 32;

/// All that a plan for one machine is made of.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) machine: Machine,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) allocation: Allocation,
    pub(crate) intent: Option<Intent>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) boots: Vec<Boot>,
    pub(crate) conflict: Option<String>,
}

impl Situation {
    pub(crate) async fn load(db: &Db, machine: MachineId) -> Result<Option<Self>, StepError> {
        let Some(machine) = machines::find(db, machine).await? else {
            return Ok(None);
        };
        let clusters = clusters::list(db).await?;
        let intent = intents::latest_of_machine(db, machine.id).await?;
        let attempts = match &intent {
            Some(intent) => attempts::of_intent(db, intent.id).await?,
            None => Vec::new(),
        };
        let boots = boots::recent(db, machine.id, BOOTS).await?;
        let allocation = allocate(&machine, &clusters);
        let conflict = match judge(db, machine.id).await? {
            Identity::Conflict {
                name, differences, ..
            } => {
                let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
                Some(format!("{name}: {}", named.join("; ")))
            }
            Identity::Unknown | Identity::Known(_) | Identity::Candidate(_) => None,
        };
        Ok(Some(Self {
            machine,
            clusters,
            allocation,
            intent,
            attempts,
            boots,
            conflict,
        }))
    }

    pub(crate) fn work<'a>(&'a self, power: &'a PowerObservation) -> Work<'a> {
        let hardware = &self.machine.hardware;
        Work {
            machine: &self.machine,
            allocation: &self.allocation,
            facts_complete: hardware.arch.is_some() && hardware.firmware.is_some(),
            intent: self.intent.as_ref(),
            attempts: &self.attempts,
            boots: &self.boots,
            power,
            conflict: self.conflict.as_deref(),
        }
    }

    pub(crate) fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.first().filter(|attempt| attempt.is_open())
    }
}
