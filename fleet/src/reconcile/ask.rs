//! Asking a node's API: only a member of the cluster can answer, for its API shows a certificate of
//! the cluster's CA. What comes of it is evidence that no lost log line takes away.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config_render::os::Proof;
use config_render::oses::os_of;
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::attempt::Attempt;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::{AttemptId, BootId, ClusterId};
use machine_core::plan::signs::{Reply, Signs};
use machine_store::attempts;
use tokio::task::JoinSet;

use crate::clusters::secrets::{admin_credentials, reader_credentials};
use crate::error::{StepError, chain};
use crate::nodes::Nodes;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::site::{Site, advanced};

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
        let machine = situation.dossier.machine.id;
        let peer = situation
            .dossier
            .released
            .as_ref()
            .and_then(|attempt| attempt.release.map(|release| release.peer()));
        let newest = situation.dossier.boots.first().map(|boot| boot.id);
        let found = newest.and_then(|boot| self.heard.config_in(machine, boot));
        let found_on_disk = match found {
            Some(attempt) => attempts::find(&self.site.db, attempt).await?,
            None => None,
        };
        let last = self.answers.of(machine);
        Ok(Signs {
            heard: peer.map(|peer| self.heard.last(peer)),
            off_since: self.status.machine(machine).off_since,
            asked: last.asked,
            unanswered: last.unanswered,
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
        let Some(boot) = situation.dossier.boots.iter().find(|it| it.id == boot) else {
            return Ok(Progress::Again);
        };
        let (Some(address), Some(intent)) = (boot.address, &situation.dossier.intent) else {
            let waiting = "it runs from its disk, and its address is not known: it can't be asked";
            self.status
                .set_waiting(situation.dossier.machine.id, waiting.to_owned());
            return Ok(Progress::Done);
        };
        let cluster = intent.assignment.cluster;
        if Self::proof(situation, cluster) == Some(Proof::Report) {
            let waiting = "it runs from its disk: it is awaited that it reports so";
            self.status
                .set_waiting(situation.dossier.machine.id, waiting.to_owned());
            return Ok(Progress::Done);
        }
        let credentials = reader_credentials(&self.site, cluster).await?;
        match ask_version(&*self.site.nodes, address, &credentials).await {
            Answer::Silence(why) => {
                let silence = (why, self.site.now());
                let machine = situation.dossier.machine.id;
                self.answers.note_silence(machine, boot.id, silence);
                Ok(Progress::Again)
            }
            Answer::Runs(version) => {
                self.keep_joined(boot, &version).await?;
                Ok(Progress::Again)
            }
        }
    }

    /// Asks the node to which the config of an attempt went, at every address that its machine had
    /// since. If it runs from its disk, that is a boot from disk on this config: who fetched it had
    /// nothing installed.
    pub(super) async fn ask(
        &self,
        situation: &Situation,
        attempt: AttemptId,
    ) -> Result<Progress, StepError> {
        let released = situation.dossier.released.as_ref();
        let Some(attempt) = released.filter(|it| it.id == attempt) else {
            return Ok(Progress::Again);
        };
        let addresses = self.addresses(situation, attempt).await?;
        let cluster = attempt.assignment.cluster;
        if Self::proof(situation, cluster) == Some(Proof::Report) {
            // There is nobody to ask: its silence says nothing.
            let unclear = (Reply::Unclear, self.site.now());
            self.answers
                .note_reply(situation.dossier.machine.id, attempt.id, unclear);
            return Ok(Progress::Again);
        }
        // Only an administrator may read the file with the kernel's command line.
        let credentials = admin_credentials(&self.site, cluster).await?;
        let answers = ask_all(&self.site.nodes, addresses, &credentials).await;
        if let Some((address, version)) = found_on_disk(&answers) {
            let boot = from_disk(&self.site, situation, (attempt, address))?;
            if boot.step < BootStep::Joined {
                self.keep_joined(&boot, version).await?;
            }
        }
        let reply = (summed_up(&answers), self.site.now());
        self.answers
            .note_reply(situation.dossier.machine.id, attempt.id, reply);
        Ok(Progress::Again)
    }

    /// How it is proven that a member of this cluster runs its system.
    fn proof(situation: &Situation, cluster: ClusterId) -> Option<Proof> {
        let found = situation.clusters.iter().find(|it| it.id == cluster);
        found.map(|it| os_of(&it.spec.os).proof())
    }

    async fn keep_joined(&self, boot: &Boot, version: &str) -> Result<(), StepError> {
        let at = self.site.now();
        self.site
            .commit
            .submit(advanced(boot, BootStep::Joined, at))
            .await?;
        let detail = format!("its API answers: Talos {version}");
        self.site.note(boot, at, BootStep::Joined, detail);
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
type Source = Answer<(String, BootSource)>;

async fn ask_source(nodes: &dyn Nodes, address: IpAddr, credentials: &Credentials) -> Source {
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

/// Asks at all these addresses at once: a silent one takes its whole patience.
async fn ask_all(
    nodes: &Arc<dyn Nodes>,
    addresses: BTreeSet<IpAddr>,
    credentials: &Credentials,
) -> BTreeMap<IpAddr, Source> {
    let mut asking = JoinSet::new();
    for address in addresses {
        let (nodes, credentials) = (Arc::clone(nodes), credentials.clone());
        asking.spawn(async move {
            let answer = ask_source(&*nodes, address, &credentials).await;
            (address, answer)
        });
    }
    asking.join_all().await.into_iter().collect()
}

/// The address at which a system runs from its disk, and its version.
fn found_on_disk(answers: &BTreeMap<IpAddr, Source>) -> Option<(IpAddr, &str)> {
    answers.iter().find_map(|(address, answer)| match answer {
        Answer::Runs((version, BootSource::Disk)) => Some((*address, version.as_str())),
        Answer::Runs(_) | Answer::Silence(_) => None,
    })
}

/// What all answers together say: one that lives counts for more than many that are silent.
fn summed_up(answers: &BTreeMap<IpAddr, Source>) -> Reply {
    let mut silent = Vec::new();
    let (mut is_unclear, mut is_from_network) = (false, false);
    for (address, answer) in answers {
        match answer {
            Answer::Runs((_, BootSource::Disk)) => return Reply::FromDisk,
            Answer::Runs((_, BootSource::Unclear)) => is_unclear = true,
            Answer::Runs((_, BootSource::Network(_))) => is_from_network = true,
            Answer::Silence(why) => silent.push(format!("{address}: {why}")),
        }
    }
    match (is_unclear, is_from_network) {
        (true, _) => Reply::Unclear,
        (false, true) => Reply::FromNetwork,
        (false, false) => Reply::Silence(silent.join("; ")),
    }
}

/// The boot in which a system runs from its disk on the config of an attempt: the newest from disk
/// at this address since the attempt's own boot, and since its machine was sent to its disk last;
/// or one that nobody has told us of.
fn from_disk(
    site: &Site,
    situation: &Situation,
    (attempt, address): (&Attempt, IpAddr),
) -> Result<Boot, StepError> {
    let was_sent = |boot: &Boot| boot.origin == BootOrigin::Network && boot.sent_to_disk;
    let mut since = situation
        .dossier
        .boots
        .iter()
        .take_while(|boot| attempt.boot != Some(boot.id) && !was_sent(boot));
    let known = since.find(|boot| boot.origin == BootOrigin::Disk && boot.address == Some(address));
    let serving = situation
        .dossier
        .boots
        .iter()
        .find(|boot| attempt.boot == Some(boot.id));
    let at = site.now();
    let boot = match known {
        Some(boot) => boot.clone(),
        None => Boot {
            id: BootId::from_bytes(site.draw()?),
            machine: Some(situation.dossier.machine.id),
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
