//! The loop around [`Node`]: what happens goes in, and the actions that come out are done here.

mod acts;

use crate::certificates::Identity;
use crate::console;
use crate::disks::{self, Place};
use crate::error::InitError;
use crate::event_sink::EventSink;
use crate::hardware;
use crate::inbox::Inbox;
use crate::kernel;
use crate::lease;
use crate::line_log::{self, LineLog};
use node::action::{Action, Happened, PowerOn};
use node::command_line::CommandLine;
use node::disk::Disk;
use node::kernel_log::KernelRecord;
use node::messages::MachineStatusEvent;
use node::node::Node;
use node::quirk::Quirks;
use node::service_log::ServiceLine;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Boots the node and never comes back, unless it must not boot.
pub(crate) async fn run() -> Result<(), InitError> {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let facts = power_on();
    let identity = facts.identity.clone();
    let kept = facts.state.as_ref().map(|record| record.quirks);
    let asked = Quirks::read(&CommandLine::parse(&facts.command_line));
    let quirks = kept.unwrap_or(asked.lasting);
    let (node, actions) = match Node::power_on(facts) {
        Ok(powered) => powered,
        Err(refused) => {
            console::say(&format!("refused to boot: {refused}"));
            tokio::time::sleep(Duration::from_secs(5)).await;
            return Err(kernel::restart());
        }
    };
    let (inbox, outbox) = unbounded_channel();
    let kernel_log = LineLog::new();
    let service_log = LineLog::new();
    for line in ServiceLine::at_start(hardware::now()) {
        service_log.push(line);
    }
    line_log::read_kernel(kernel_log.clone(), service_log.clone(), quirks.log_from);
    let mut driver = Driver {
        node,
        inbox,
        sink: EventSink::start(),
        status: watch::Sender::new(None),
        kernel_log,
        service_log,
        uuid: identity.uuid.clone(),
        addresses: Vec::new(),
        certificate: None,
        state: disks::find_state(&hardware::disks()).map(|state| state.place),
    };
    driver.perform(actions).await?;
    let clients = lease::start(&hardware::links(), identity.uuid.as_deref())?;
    let result = driver.follow(outbox).await;
    drop(clients);
    result
}

fn power_on() -> PowerOn {
    let command_line = hardware::text("/proc/cmdline").unwrap_or_default();
    let disks = hardware::disks();
    let named = |disk: &Disk| {
        format!(
            "{} serial={:?} sectors={}",
            disk.name, disk.serial, disk.sectors
        )
    };
    let list: Vec<String> = disks.iter().map(named).collect();
    console::say(&format!("disks: {}", list.join(", ")));
    let line = CommandLine::parse(&command_line);
    let bad_slot = line
        .first("node.slot")
        .and_then(|slot| disks::slot_fault(&disks, slot));
    PowerOn {
        state: disks::find_state(&disks).map(|state| state.record),
        system_disk: disks::system_disk(&disks),
        failed_before: disks::failed_before(&disks),
        identity: hardware::identity(),
        command_line,
        disks,
        bad_slot,
    }
}

struct Driver {
    node: Node,
    inbox: UnboundedSender<Inbox>,
    sink: EventSink,
    /// The status that was published last.
    status: watch::Sender<Option<MachineStatusEvent>>,
    kernel_log: LineLog<KernelRecord>,
    service_log: LineLog<ServiceLine>,
    uuid: Option<String>,
    addresses: Vec<IpAddr>,
    certificate: Option<Identity>,
    state: Option<Place>,
}

impl Driver {
    async fn follow(&mut self, mut outbox: UnboundedReceiver<Inbox>) -> Result<(), InitError> {
        let lease = lease::first().await;
        self.addresses = vec![lease.address];
        let up = Happened::NetworkUp {
            addresses: self.addresses.clone(),
            hostname: lease.hostname,
        };
        let actions = self.node.happened(up, hardware::now());
        self.perform(actions).await?;
        while let Some(message) = outbox.recv().await {
            let actions = self.take(message);
            self.perform(actions).await?;
        }
        Ok(())
    }

    /// Answers to a caller who has hung up are dropped.
    fn take(&mut self, message: Inbox) -> Vec<Action> {
        match message {
            Inbox::Happened(happened) => self.node.happened(happened, hardware::now()),
            Inbox::Certificate(identity) => {
                self.certificate = Some(identity);
                self.node
                    .happened(Happened::CertificateReady, hardware::now())
            }
            Inbox::Version(reply) => {
                let _gone = reply.send(node::version::response());
                Vec::new()
            }
            Inbox::ServiceList(reply) => {
                let _gone = reply.send(self.node.service_list());
                Vec::new()
            }
            Inbox::EtcdMembers(reply) => {
                let _gone = reply.send(self.node.etcd_members());
                Vec::new()
            }
            Inbox::EtcdStatus(reply) => {
                let _gone = reply.send(self.node.etcd_status());
                Vec::new()
            }
            Inbox::Bootstrap(reply) => {
                let answer = self.node.bootstrap(hardware::now());
                console::say(&format!(
                    "bootstrap: {}",
                    if answer.is_ok() {
                        "accepted"
                    } else {
                        "refused"
                    }
                ));
                let (actions, result) = match answer {
                    Ok(actions) => (actions, Ok(())),
                    Err(refused) => (Vec::new(), Err(refused)),
                };
                let _gone = reply.send(result);
                actions
            }
        }
    }

    async fn perform(&mut self, actions: Vec<Action>) -> Result<(), InitError> {
        for action in actions {
            match action {
                Action::Restart => self.restart(Duration::ZERO).await?,
                Action::RestartAfter(pause) => self.restart(pause).await?,
                other => self.act(other)?,
            }
        }
        Ok(())
    }
}
