//! The node itself, from power on to ready: what happens goes in, actions come out.
//!
//! ```text
//! power on ─► network ─► talos.experimental.wipe ─► wipe ─► restart
//!                     └► config from STATE ───────────────────────────► boot ─► ready
//!                     └► config from talos.config ─► install ─► restart
//!                     └► no config: maintenance (announced; its API is not played)
//! ```
//!
//! A STATE partition with a config always wins: then the URL is never asked for and nothing is
//! installed, wherever the system was loaded from. An install that failed leaves such a STATE behind.

mod configuration;

use crate::acquisition::{Acquisition, report};
use crate::action::{Action, Happened, PowerOn};
use crate::api_messages::ServiceListResponse;
use crate::command_line::{BootRefused, CommandLine, KernelArguments};
use crate::config::{MachineConfig, MachineType};
use crate::etcd::{self, NoEtcd};
use crate::etcd_messages::{EtcdMemberListResponse, EtcdStatusResponse};
use crate::event::Event;
use crate::hostname;
use crate::installation::{A_WHILE, Installation};
use crate::member::{BootstrapRefused, Change, Member};
use crate::messages::AddressEvent;
use crate::quirk::Quirks;
use crate::sequence;
use crate::state_record::StateRecord;
use crate::validation;
use crate::without_config;
use machine_core::time::Timestamp;
use std::net::IpAddr;

/// A node between power on and restart.
#[derive(Debug)]
pub struct Node {
    facts: PowerOn,
    arguments: KernelArguments,
    addresses: Vec<IpAddr>,
    lease_hostname: Option<String>,
    quirks: Quirks,
    acquisition: Option<Acquisition>,
    installation: Option<Installation>,
    config: Option<MachineConfig>,
    record: Option<StateRecord>,
    member: Option<Member>,
}

impl Node {
    /// Switches a node on. A command line that Talos would not boot with is refused.
    pub fn power_on(facts: PowerOn) -> Result<(Self, Vec<Action>), BootRefused> {
        let line = CommandLine::parse(&facts.command_line);
        let arguments = KernelArguments::read(&line)?;
        let from = arguments
            .slot
            .as_ref()
            .map_or_else(|| "the network".into(), |slot| format!("slot {slot}"));
        let mut actions = vec![Action::Say(format!("booted from {from}"))];
        if let Some(reason) = &facts.bad_slot {
            actions.push(Action::Say(format!("cannot boot: {reason}")));
            actions.push(Action::RestartAfter(A_WHILE));
        }
        actions.extend(tell(sequence::initialize_begins(!arguments.no_dashboard)));
        actions.push(Action::SendKernelLog(arguments.kernel_logs.clone()));
        actions.extend(arguments.event_sink.clone().map(Action::ConnectSink));
        let node = Self {
            facts,
            arguments,
            addresses: Vec::new(),
            lease_hostname: None,
            quirks: Quirks::read(&line),
            acquisition: None,
            installation: None,
            config: None,
            record: None,
            member: None,
        };
        Ok((node, actions))
    }

    /// Takes what happened.
    pub fn happened(&mut self, happened: Happened, now: Timestamp) -> Vec<Action> {
        match happened {
            Happened::NetworkUp {
                addresses,
                hostname,
            } => self.network_up(addresses, hostname, now),
            Happened::ConfigAnswered { answer, jitter } => {
                self.config_answered(answer, jitter, now)
            }
            Happened::Installed(result) => match &self.installation {
                Some(installation) => installation.ended(result),
                None => Vec::new(),
            },
            Happened::Wiped(result) => without_config::wiped(result),
            Happened::CertificateReady => vec![Action::ServeApi],
            Happened::EndpointAnswers => self.endpoint_answers(now),
            Happened::TimePassed => self.with_member(now, Member::advance),
        }
    }

    /// The config in force.
    pub const fn config(&self) -> Option<&MachineConfig> {
        self.config.as_ref()
    }

    /// The name in force.
    pub fn hostname(&self) -> String {
        hostname::choose(hostname::Sources {
            config: self
                .config
                .as_ref()
                .and_then(|config| config.hostname.as_deref()),
            kernel: self.arguments.hostname.as_deref(),
            lease: self.lease_hostname.as_deref(),
            uuid: self.facts.identity.uuid.as_deref(),
        })
    }

    /// The answer to `ServiceList`.
    pub fn service_list(&self) -> ServiceListResponse {
        self.member
            .as_ref()
            .map(Member::service_list)
            .unwrap_or_default()
    }

    /// The answer to `EtcdMemberList`.
    pub fn etcd_members(&self) -> Result<EtcdMemberListResponse, NoEtcd> {
        self.asked_etcd()?;
        Ok(etcd::member_list(&self.hostname(), &self.addresses))
    }

    /// The answer to `EtcdStatus`.
    pub fn etcd_status(&self) -> Result<EtcdStatusResponse, NoEtcd> {
        self.asked_etcd().map(|()| etcd::status())
    }

    fn asked_etcd(&self) -> Result<(), NoEtcd> {
        let runs = self.member.as_ref().is_some_and(Member::has_etcd);
        if runs { Ok(()) } else { Err(NoEtcd) }
    }

    /// `Bootstrap` was called.
    pub fn bootstrap(&mut self, now: Timestamp) -> Result<Vec<Action>, BootstrapRefused> {
        let member = self
            .member
            .as_mut()
            .ok_or(BootstrapRefused::NotAvailableYet)?;
        let changes = member.bootstrap(now)?;
        Ok(self.follow(changes))
    }

    fn network_up(
        &mut self,
        addresses: Vec<IpAddr>,
        hostname: Option<String>,
        now: Timestamp,
    ) -> Vec<Action> {
        self.addresses = addresses;
        self.lease_hostname = hostname;
        let mut actions = self.announce_addresses();
        if self.arguments.wipe {
            actions.extend(without_config::wipe(self.facts.system_disk.as_ref()));
            return actions;
        }
        actions.extend(tell(sequence::config_begins()));
        if let Some(record) = self.facts.state.take() {
            actions.push(Action::Say("config found in STATE".to_owned()));
            match validation::accept(&record.config) {
                Ok(config) => actions.extend(self.configured(config, record, now)),
                Err(refused) => actions.extend(report(&refused)),
            }
        } else if let Some(url) = &self.arguments.config_url {
            let (identity, disks) = (&self.facts.identity, &self.facts.disks);
            let (acquisition, ask) = Acquisition::begin(url, identity, disks, now);
            self.acquisition = Some(acquisition);
            actions.push(ask);
        } else {
            actions.extend(without_config::maintenance("no config"));
        }
        actions
    }

    fn announce_addresses(&self) -> Vec<Action> {
        let hostname = self.hostname();
        let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        vec![
            Action::Say(format!("network up: {} {hostname}", addresses.join(" "))),
            Action::SetHostname(hostname.clone()),
            Action::Publish(Event::Address(AddressEvent {
                hostname,
                addresses,
            })),
        ]
    }

    /// Kubernetes answers, so the cluster was bootstrapped. A worker finds trustd by it, and not before.
    fn endpoint_answers(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = self.with_member(now, Member::endpoint_answers);
        let worker = self.config.as_ref();
        let worker = worker.filter(|config| config.machine_type == MachineType::Worker);
        let host = worker.map(|config| config.endpoint.host.clone());
        actions.extend(host.map(Action::RequestCertificate));
        actions
    }

    fn with_member(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Member, Timestamp) -> Vec<Change>,
    ) -> Vec<Action> {
        let Some(member) = &mut self.member else {
            return Vec::new();
        };
        let changes = act(member, now);
        self.follow(changes)
    }

    /// Turns what became of the member into actions.
    fn follow(&mut self, changes: Vec<Change>) -> Vec<Action> {
        let mut actions = Vec::new();
        for change in changes {
            match change {
                Change::Tell(event) => actions.push(Action::Publish(event)),
                Change::EtcdHasData => actions.extend(self.keep_etcd()),
                Change::KubernetesAnswers => {
                    let port = self
                        .config
                        .as_ref()
                        .map_or(6443, |config| config.endpoint.port);
                    actions.push(Action::ServeKubernetes(port));
                }
                Change::Ready => actions.push(Action::Say("ready".to_owned())),
            }
        }
        let wakes_at = self.member.as_ref().and_then(Member::wakes_at);
        actions.extend(wakes_at.map(Action::WakeAt));
        actions
    }

    fn keep_etcd(&mut self) -> Option<Action> {
        let record = self
            .record
            .as_ref()
            .filter(|record| !record.etcd_has_data)?;
        let record = record.followed_by(true);
        self.record = Some(record.clone());
        Some(Action::KeepState(record))
    }
}

fn tell(events: Vec<Event>) -> impl Iterator<Item = Action> {
    events.into_iter().map(Action::Publish)
}
