//! Whether the members of a cluster are ready, asked of their APIs where no event says it: a node
//! tells its status when it changes, once, and that event may be lost or have come while nobody
//! could tell whose it was. It is asked where it was heard of, and at the addresses of its cards: it
//! may have started anew behind a card that nobody had registered.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config_render::os::Proof;
use config_render::oses::os_of;
use config_talos::credentials::Credentials;
use machine_core::boot::Boot;
use machine_core::cluster::Cluster;
use machine_core::id::BootId;
use machine_store::boots;
use tokio::task::JoinSet;

use crate::clusters::questions::Due;
use crate::clusters::secrets::reader_credentials;
use crate::clusters::{Clusters, Located};
use crate::error::StepError;
use crate::node_reports::holder;
use crate::nodes::Nodes;

/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

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
        let open: Vec<Due> = located.iter().filter_map(unready).collect();
        let due = self.questions.due(cluster.id, &open, self.site.now());
        if due.is_empty() {
            return Ok(());
        }
        let credentials = reader_credentials(&self.site, cluster.id).await?;
        let mut asked = Vec::new();
        for it in &due {
            let (db, now) = (&self.site.db, self.site.now());
            let addresses = holder::addresses(db, it.machine, [it.address].into(), now).await?;
            asked.extend(addresses.into_iter().map(|address| (it.boot, address)));
        }
        let answers = ask_all(&self.site.nodes, asked, &credentials).await;
        for it in due {
            // A system that answers at several addresses stays where it is known to be.
            let mut own = answers.iter().filter(|answer| answer.boot == it.boot);
            let first = own.clone().next();
            let known = own.find(|answer| answer.address == it.address);
            if let Some(answer) = known.or(first) {
                self.keep_readiness(*answer).await?;
            }
        }
        Ok(())
    }

    /// Keeps what a system said, and where it said so.
    async fn keep_readiness(&self, answer: Answer) -> Result<(), StepError> {
        let Answer {
            boot,
            address,
            ready,
        } = answer;
        let Some(boot) = boots::find(&self.site.db, boot).await? else {
            return Ok(());
        };
        let kept = Boot {
            ready: Some(ready),
            address: Some(address),
            ..boot.clone()
        };
        if kept == boot {
            return Ok(());
        }
        self.site.commit.submit(kept).await?;
        Ok(())
    }
}

/// What a system says, and where.
#[derive(Debug, Clone, Copy)]
struct Answer {
    boot: BootId,
    address: IpAddr,
    ready: bool,
}

/// A member that has come up, and did not say that it is ready.
fn unready(it: &Located) -> Option<Due> {
    let is_unready = it.member.active && !it.member.ready;
    let (boot, address) = it.boot.zip(it.address).filter(|_| is_unready)?;
    Some(Due {
        machine: it.member.machine,
        boot,
        address,
    })
}

/// What those say that answer at these addresses; silence says nothing.
async fn ask_all(
    nodes: &Arc<dyn Nodes>,
    asked: Vec<(BootId, IpAddr)>,
    credentials: &Credentials,
) -> Vec<Answer> {
    let mut asking = JoinSet::new();
    for (boot, address) in asked {
        let (nodes, credentials) = (Arc::clone(nodes), credentials.clone());
        asking.spawn(async move {
            let api = nodes.connect(address, &credentials, PATIENCE).await.ok()?;
            let ready = api.is_ready().await.ok()?;
            Some(Answer {
                boot,
                address,
                ready,
            })
        });
    }
    asking.join_all().await.into_iter().flatten().collect()
}
