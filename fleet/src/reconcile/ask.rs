//! Asking a node's API: only a member of the cluster can answer, for its API shows a certificate of
//! the cluster's CA. What comes of it is evidence that no lost log line takes away.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Duration;

use config_render::os::Proof;
use config_render::oses::os_of;
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::attempt::Attempt;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{AttemptId, BootId, ClusterId};
use machine_core::plan::signs::{Asked, Reply, Signs};
use machine_store::attempts;

use crate::cluster_secrets::{admin_credentials, reader_credentials};
use crate::error::{StepError, chain};
use crate::nodes::Nodes;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::records::{Records, advanced};

/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a node's API has said.
enum Answer<T> {
    Silence(String),
    Runs(T),
}

impl Reconciler {
    /// What was noticed of a machine that is not kept.
    pub(super) async fn signs(&self, situation: &Situation) -> Result<Signs, StepError> {
        let machine = situation.machine.id;
        let peer = situation
            .released
            .as_ref()
            .and_then(|attempt| attempt.release.map(|release| release.peer));
        let newest = situation.boots.first().map(|boot| boot.id);
        let found = newest.and_then(|boot| self.heard.config_in(machine, boot));
        let found_on_disk = match found {
            Some(attempt) => attempts::find(&self.records.db, attempt).await?,
            None => None,
        };
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Signs {
            heard: peer.map(|peer| self.heard.last(peer)),
            off_since: self.status.machine(machine).off_since,
            asked: asked.get(&machine).cloned(),
            found_on_disk,
            basis: situation.basis(),
        })
    }

    /// Asks the system that runs from disk in this boot for its version.
    pub(super) async fn verify(
        &self,
        situation: &Situation,
        boot: BootId,
    ) -> Result<Progress, StepError> {
        let Some(boot) = situation.boots.iter().find(|it| it.id == boot) else {
            return Ok(Progress::Again);
        };
        let (Some(address), Some(intent)) = (boot.address, &situation.intent) else {
            return Ok(Progress::Done);
        };
        let cluster = intent.assignment.cluster;
        if Self::proof(situation, cluster) == Some(Proof::Report) {
            let waiting = "it runs from its disk: it is awaited that it reports so";
            self.status
                .set_waiting(situation.machine.id, waiting.to_owned());
            return Ok(Progress::Done);
        }
        let credentials = reader_credentials(&self.records, cluster).await?;
        match ask_version(&*self.records.nodes, address, &credentials).await {
            Answer::Silence(why) => {
                let waiting = format!("it runs from its disk, but its API does not answer: {why}");
                self.status.set_waiting(situation.machine.id, waiting);
                // What was given up has no deadline: it is asked at the pace of the sweeps.
                let is_moving = situation.machine.state.moving().is_some();
                Ok(if is_moving {
                    Progress::Soon
                } else {
                    Progress::Done
                })
            }
            Answer::Runs(version) => {
                self.keep_joined(boot, &version).await?;
                Ok(Progress::Again)
            }
        }
    }

    /// Asks the node to which the config of an attempt went, at its last address. If it runs from
    /// its disk, that is a boot from disk on this config: who fetched it had nothing installed.
    pub(super) async fn ask(
        &self,
        situation: &Situation,
        attempt: AttemptId,
    ) -> Result<Progress, StepError> {
        let released = situation.released.as_ref();
        let Some(attempt) = released.filter(|it| it.id == attempt) else {
            return Ok(Progress::Again);
        };
        let Some(address) = last_address(situation, attempt) else {
            return Ok(Progress::Again);
        };
        let cluster = attempt.assignment.cluster;
        if Self::proof(situation, cluster) == Some(Proof::Report) {
            // There is nobody to ask: its silence says nothing.
            self.note_reply(situation, attempt.id, Reply::Unclear);
            return Ok(Progress::Again);
        }
        // Only an administrator may read the file with the kernel's command line.
        let credentials = admin_credentials(&self.records, cluster).await?;
        let answer = ask_source(&*self.records.nodes, address, &credentials).await;
        let reply = match answer {
            Answer::Silence(why) => Reply::Silence(why),
            Answer::Runs((version, BootSource::Disk)) => {
                let boot = from_disk(&self.records, situation, (attempt, address))?;
                self.keep_joined(&boot, &version).await?;
                return Ok(Progress::Again);
            }
            Answer::Runs((_, BootSource::Network(_))) => Reply::FromNetwork,
            Answer::Runs((_, BootSource::Unclear)) => Reply::Unclear,
        };
        self.note_reply(situation, attempt.id, reply);
        Ok(Progress::Again)
    }

    /// How it is proven that a member of this cluster runs its system.
    fn proof(situation: &Situation, cluster: ClusterId) -> Option<Proof> {
        let found = situation.clusters.iter().find(|it| it.id == cluster);
        found.map(|it| os_of(&it.spec.os).proof())
    }

    fn note_reply(&self, situation: &Situation, attempt: AttemptId, reply: Reply) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = asked.remove(&situation.machine.id);
        let before = before.filter(|before| before.attempt == attempt);
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        let reply = Asked {
            attempt,
            at: self.records.now(),
            count,
            reply,
        };
        asked.insert(situation.machine.id, reply);
    }

    async fn keep_joined(&self, boot: &Boot, version: &str) -> Result<(), StepError> {
        let at = self.records.now();
        self.records
            .commit
            .submit(advanced(boot, BootStep::Joined, at))
            .await?;
        let detail = format!("its API answers: Talos {version}");
        self.records.note(boot, at, BootStep::Joined, detail);
        Ok(())
    }
}

/// The version of the system at an address.
async fn ask_version(
    nodes: &dyn Nodes,
    address: IpAddr,
    credentials: &Credentials,
) -> Answer<String> {
    let version = match nodes.connect(address, credentials, PATIENCE).await {
        Ok(api) => api.version().await.map_err(|error| chain(&error)),
        Err(error) => Err(chain(&error)),
    };
    match version {
        Ok(version) => Answer::Runs(version.tag),
        Err(why) => Answer::Silence(why),
    }
}

/// The version of the system at an address, and where it was started from.
async fn ask_source(
    nodes: &dyn Nodes,
    address: IpAddr,
    credentials: &Credentials,
) -> Answer<(String, BootSource)> {
    let api = match nodes.connect(address, credentials, PATIENCE).await {
        Ok(api) => api,
        Err(error) => return Answer::Silence(chain(&error)),
    };
    match api.version().await {
        Err(error) => Answer::Silence(chain(&error)),
        Ok(version) => {
            let source = api.boot_source().await.unwrap_or(BootSource::Unclear);
            Answer::Runs((version.tag, source))
        }
    }
}

/// Where the system of an attempt was last: where it ran from disk, else where its config went.
fn last_address(situation: &Situation, attempt: &Attempt) -> Option<IpAddr> {
    let mut boots = situation.boots.iter();
    let from_disk =
        boots.find(|boot| boot.origin == BootOrigin::Disk && boot.attempt == Some(attempt.id));
    from_disk
        .and_then(|boot| boot.address)
        .or_else(|| attempt.release.map(|release| release.peer))
}

/// The boot in which a system runs from its disk on the config of an attempt: the newest from disk
/// at this address since the attempt's own boot, or one that nobody has told us of.
fn from_disk(
    records: &Records,
    situation: &Situation,
    (attempt, address): (&Attempt, IpAddr),
) -> Result<Boot, StepError> {
    let mut since = situation
        .boots
        .iter()
        .take_while(|boot| attempt.boot != Some(boot.id));
    let known = since.find(|boot| boot.origin == BootOrigin::Disk && boot.address == Some(address));
    let serving = situation
        .boots
        .iter()
        .find(|boot| attempt.boot == Some(boot.id));
    let at = records.now();
    let boot = match known {
        Some(boot) => boot.clone(),
        None => Boot {
            id: BootId::from_bytes(records.draw()?),
            machine: Some(situation.machine.id),
            mac: serving.and_then(|boot| boot.mac),
            origin: BootOrigin::Disk,
            platform: serving.and_then(|boot| boot.platform),
            address: Some(address),
            attempt: None,
            opened: at,
            step: BootStep::Disk,
            step_at: at,
            sent_to_disk: false,
            ready: None,
        },
    };
    Ok(Boot {
        attempt: Some(attempt.id),
        ..boot
    })
}
