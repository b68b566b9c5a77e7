//! The BMCs of the lab: they may be silent, lie, do nothing, lose a session after or before they did
//! what they were asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bmc_control::bmc::{
    Bmc, BmcIdentity, BmcSession, BootOverrideOutcome, PowerChange, ShutdownRequest,
};
use bmc_control::connect::Secrets;
use bmc_control::error::{BmcError, Operation};
use bmc_ipmi::application::SystemGuid;
use fleet::bmcs::Bmcs;
use machine_core::endpoint::BmcEndpoint;
use machine_core::power::{BootOverride, PowerState};
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::{attempts, intents, machines};

use crate::dossier::may_switch;
use crate::lab::Lab;
use crate::node::Node;

/// How long a BMC that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a slow one takes.
const SLOW: Duration = Duration::from_secs(2);

/// All BMCs of the lab.
#[derive(Debug)]
pub(crate) struct LabBmcs {
    pub(crate) lab: Arc<Lab>,
    pub(crate) db: Db,
}

/// One of them.
#[derive(Debug, Clone)]
struct LabBmc {
    lab: Arc<Lab>,
    db: Db,
    address: SocketAddr,
    node: Option<usize>,
    /// When Drover turned to it.
    begun: Timestamp,
}

impl Bmcs for LabBmcs {
    fn connect(&self, endpoint: &BmcEndpoint, _secrets: Secrets) -> Box<dyn Bmc> {
        let (node, begun) = self.lab.with(|world| {
            let ip = endpoint.address().ip();
            let mut nodes = 0..world.nodes.len();
            (nodes.find(|it| Node::nth_bmc(*it) == ip), world.now)
        });
        Box::new(LabBmc {
            lab: Arc::clone(&self.lab),
            db: self.db.clone(),
            address: endpoint.address(),
            node,
            begun,
        })
    }
}

impl LabBmc {
    /// Logs in; which node it is.
    async fn log_in(&self, operation: Operation) -> Result<usize, BmcError> {
        self.lab.may_end().await;
        let (latency, is_there) = self.lab.with(|world| {
            let bmc = self.node.and_then(|node| world.nodes[node].bmc);
            let is_there = bmc.is_some_and(|bmc| !bmc.silent) && !world.fails(3);
            let slow = world.has_slow_bmcs().then_some(SLOW);
            (slow.unwrap_or_else(|| world.latency()), is_there)
        });
        tokio::time::sleep(if is_there { latency } else { PATIENCE }).await;
        match self.node {
            Some(node) if is_there => Ok(node),
            _ => Err(self.lost(operation)),
        }
    }

    fn lost(&self, operation: Operation) -> BmcError {
        BmcError::Deadline {
            operation,
            address: self.address,
            limit: PATIENCE,
        }
    }

    /// Switches power, and writes down that it was done.
    async fn switch(&self, node: usize, wanted: PowerState) {
        let all = machines::list(&self.db).await.unwrap_or_default();
        let is_its = |bmc: &BmcEndpoint| bmc.address() == self.address;
        let machine = all
            .into_iter()
            .find(|it| it.bmc.as_ref().is_some_and(is_its));
        let intent = match &machine {
            Some(machine) => intents::latest_of_machine(&self.db, machine.id).await.ok(),
            None => None,
        };
        let intent = intent.flatten().filter(|it| it.closed.is_none());
        let intent = intent.map(|it| it.id);
        let attempts = match intent {
            Some(intent) => attempts::of_intent(&self.db, intent).await.ok(),
            None => None,
        };
        let mut attempts = attempts.into_iter().flatten();
        let wipes = attempts.any(|it| it.wipe.is_some());
        self.lab.with(|world| {
            if let Some(machine) = &machine {
                let now = world.drover_now();
                let judged = may_switch(machine, wanted, now)
                    .and_then(|()| world.ledger.count_switch(&machine.name, intent, wipes));
                world.judge(judged);
            }
            world.switched(node, wanted, self.begun);
            world.note(|| format!("the BMC of node {node} switches it {wanted}"));
            match wanted {
                PowerState::On => world.power_on(node),
                PowerState::Off => world.power_off(node),
            }
        });
    }
}

#[async_trait]
impl Bmc for LabBmc {
    async fn session(&self) -> Result<Box<dyn BmcSession>, BmcError> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl BmcSession for LabBmc {
    async fn power(&mut self) -> Result<PowerState, BmcError> {
        let node = self.log_in(Operation::ReadPower).await?;
        Ok(self.lab.with(|world| {
            let node = &world.nodes[node];
            node.bmc.and_then(|bmc| bmc.lie).unwrap_or(node.power)
        }))
    }

    async fn set_power(&mut self, wanted: PowerState) -> Result<PowerChange, BmcError> {
        let operation = Operation::SetPower(wanted);
        let node = self.log_in(operation).await?;
        let (said, ignores) = self.lab.with(|world| {
            let node = &world.nodes[node];
            let bmc = node.bmc.unwrap_or_default();
            (bmc.lie.unwrap_or(node.power), bmc.ignores)
        });
        if said == wanted {
            return Ok(PowerChange::AlreadyThere);
        }
        if !ignores {
            self.switch(node, wanted).await;
            self.lab.may_end().await;
        }
        if self.lab.with(|world| world.fails(5)) {
            return Err(self.lost(operation));
        }
        Ok(PowerChange::Commanded)
    }

    /// No system in the lab listens.
    async fn shut_down(&mut self) -> Result<ShutdownRequest, BmcError> {
        self.log_in(Operation::ShutDown).await?;
        Ok(ShutdownRequest::NotOffered)
    }

    async fn set_boot(&mut self, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError> {
        let node = self.log_in(Operation::SetBoot).await?;
        self.lab.with(|world| {
            let node = &mut world.nodes[node];
            let ignores = node.bmc.is_some_and(|bmc| bmc.ignores);
            node.override_network |= !ignores;
        });
        Ok(BootOverrideOutcome {
            asked: wanted,
            read_back: Some(wanted),
            valid: true,
            persistent: false,
        })
    }

    async fn identity(&mut self) -> Result<BmcIdentity, BmcError> {
        let node = self.log_in(Operation::Identify).await?;
        let guid = self.lab.with(|world| *world.nodes[node].uuid.as_bytes());
        Ok(BmcIdentity {
            manufacturer: 1,
            product: 1,
            firmware: "1.0".to_owned(),
            system_guid: Some(SystemGuid(guid)),
        })
    }

    async fn close(self: Box<Self>) {}
}
