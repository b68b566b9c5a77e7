//! Whether the members of a cluster are ready, asked of their APIs where no event says it: a node
//! tells its status when it changes, once, and that event may be lost or have come while nobody
//! could tell whose it was.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config_render::os::Proof;
use config_render::oses::os_of;
use config_talos::credentials::Credentials;
use machine_core::boot::Boot;
use machine_core::cluster::Cluster;
use machine_core::id::{BootId, ClusterId, MachineId};
use machine_core::time::Timestamp;
use machine_store::boots;
use tokio::task::JoinSet;

use crate::clusters::secrets::reader_credentials;
use crate::clusters::{Clusters, Located};
use crate::error::StepError;
use crate::nodes::Nodes;

/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its own words are awaited before a node is asked, and between the first two questions:
/// a node comes to be ready within a minute or two of its start.
const FIRST: Duration = Duration::from_mins(1);
/// The longest pause between two questions; each doubles.
const LONGEST: Duration = Duration::from_mins(10);
/// How many members are asked at one look.
const AT_ONCE: usize = 16;

/// The members that did not say that they are ready, and when they are asked.
#[derive(Debug, Default)]
pub(super) struct Questions(Mutex<BTreeMap<MachineId, Question>>);

#[derive(Debug, Clone, Copy)]
struct Question {
    cluster: ClusterId,
    /// The boot that it is about: a system that starts anew is asked anew.
    boot: BootId,
    due: Timestamp,
    pause: Duration,
}

/// A member that is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    boot: BootId,
    address: IpAddr,
}

impl Questions {
    /// Which of a cluster's members are to be asked now. Who is ready or gone is forgotten.
    fn due(&self, cluster: ClusterId, located: &[Located], now: Timestamp) -> Vec<Due> {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = BTreeMap::new();
        questions.retain(|machine, question| {
            let is_of_cluster = question.cluster == cluster;
            if is_of_cluster {
                before.insert(*machine, *question);
            }
            !is_of_cluster
        });
        let mut due = Vec::new();
        for it in located
            .iter()
            .filter(|it| it.member.active && !it.member.ready)
        {
            let (Some(boot), Some(address)) = (it.boot, it.address) else {
                continue;
            };
            let machine = it.member.machine;
            let known = before.get(&machine).filter(|it| it.boot == boot);
            let mut question = known.copied().unwrap_or(Question {
                cluster,
                boot,
                due: now.plus(FIRST),
                pause: FIRST,
            });
            if question.due <= now && due.len() < AT_ONCE {
                due.push(Due { boot, address });
                question.due = now.plus(question.pause);
                question.pause = (question.pause * 2).min(LONGEST);
            }
            questions.insert(machine, question);
        }
        due
    }

    /// Whether a member of the cluster is still to be asked.
    pub(super) fn are_open(&self, cluster: ClusterId) -> bool {
        let questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        questions.values().any(|it| it.cluster == cluster)
    }
}

impl Clusters {
    /// Asks the members that are due, all at once, and keeps what they say.
    pub(super) async fn ask_readiness(
        &self,
        cluster: &Cluster,
        located: &[Located],
    ) -> Result<(), StepError> {
        if os_of(&cluster.spec.os).proof() == Proof::Report {
            // It has no API that could be asked.
            return Ok(());
        }
        let due = self.questions.due(cluster.id, located, self.site.now());
        if due.is_empty() {
            return Ok(());
        }
        let credentials = reader_credentials(&self.site, cluster.id).await?;
        for (boot, ready) in ask_all(&self.site.nodes, due, &credentials).await {
            self.keep_readiness(boot, ready).await?;
        }
        Ok(())
    }

    async fn keep_readiness(&self, boot: BootId, ready: bool) -> Result<(), StepError> {
        let Some(boot) = boots::find(&self.site.db, boot).await? else {
            return Ok(());
        };
        if boot.ready == Some(ready) {
            return Ok(());
        }
        let kept = Boot {
            ready: Some(ready),
            ..boot
        };
        self.site.commit.submit(kept).await?;
        Ok(())
    }
}

/// What those say that answer; silence says nothing.
async fn ask_all(
    nodes: &Arc<dyn Nodes>,
    due: Vec<Due>,
    credentials: &Credentials,
) -> Vec<(BootId, bool)> {
    let mut asking = JoinSet::new();
    for Due { boot, address } in due {
        let (nodes, credentials) = (Arc::clone(nodes), credentials.clone());
        asking.spawn(async move {
            let api = nodes.connect(address, &credentials, PATIENCE).await.ok()?;
            let ready = api.is_ready().await.ok()?;
            Some((boot, ready))
        });
    }
    asking.join_all().await.into_iter().flatten().collect()
}
