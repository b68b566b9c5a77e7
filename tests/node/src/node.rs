//! The node itself, from power on to ready: what happens goes in, actions come out.
//!
//! ```text
//! power on ─► network ─► config from STATE ───────────────────────────► boot ─► ready
//!                     └► config from talos.config ─► install ─► restart
//!                     └► no config: maintenance (announced; its API is not played)
//! ```
//!
//! A STATE partition with a config always wins: then the URL is never asked for and nothing is
//! installed, wherever the system was loaded from.

use crate::acquisition::{Acquired, Acquisition, report};
use crate::action::{Action, Happened, PowerOn};
use crate::command_line::{BootRefused, CommandLine, KernelArguments};
use crate::config::{MachineConfig, MachineType};
use crate::config_url::UrlValues;
use crate::event::Event;
use crate::fetch::Answer;
use crate::hostname;
use crate::installation::{self, A_WHILE};
use crate::member::{BootstrapRefused, Change, Member};
use crate::messages::{
    AddressEvent, MachineStage, PlatformInfo, ServiceListResponse, StepAction, Version,
    VersionInfo, VersionResponse,
};
use crate::sequence;
use crate::state_record::StateRecord;
use crate::validation;
use machine_core::time::Timestamp;
use std::net::IpAddr;
use std::time::Duration;

/// The Talos version that the stand-in plays.
pub const VERSION: &str = "v1.13.9";

/// A node between power on and restart.
#[derive(Debug)]
pub struct Node {
    facts: PowerOn,
    arguments: KernelArguments,
    addresses: Vec<IpAddr>,
    lease_hostname: Option<String>,
    acquisition: Option<Acquisition>,
    config: Option<MachineConfig>,
    record: Option<StateRecord>,
    member: Option<Member>,
}

impl Node {
    /// Switches a node on. A command line that Talos would not boot with is refused.
    pub fn power_on(facts: PowerOn) -> Result<(Self, Vec<Action>), BootRefused> {
        let arguments = KernelArguments::read(&CommandLine::parse(&facts.command_line))?;
        let from = arguments
            .slot
            .as_ref()
            .map_or_else(|| "the network".into(), |slot| format!("slot {slot}"));
        let mut actions = vec![Action::Say(format!("booted from {from}"))];
        if let Some(reason) = &facts.bad_slot {
            actions.push(Action::Say(format!("cannot boot: {reason}")));
            actions.push(Action::RestartAfter(A_WHILE));
        }
        actions.push(Action::Publish(Event::status(MachineStage::Booting, &[])));
        actions.extend(tell(sequence::initialize_begins()));
        actions.extend(
            arguments
                .kernel_logs
                .iter()
                .cloned()
                .map(Action::SendKernelLog),
        );
        actions.extend(arguments.event_sink.clone().map(Action::ConnectSink));
        let node = Self {
            facts,
            arguments,
            addresses: Vec::new(),
            lease_hostname: None,
            acquisition: None,
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
            Happened::Installed(result) => installation::ended(result),
            Happened::CertificateReady => vec![Action::ServeApi],
            Happened::EndpointAnswers => self.with_member(now, Member::endpoint_answers),
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

    /// The answer to `Version`.
    pub fn version(&self) -> VersionResponse {
        let version = VersionInfo {
            tag: VERSION.to_owned(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
            ..VersionInfo::default()
        };
        let platform = PlatformInfo {
            name: "metal".to_owned(),
            mode: "metal".to_owned(),
        };
        let message = Version {
            metadata: None,
            version: Some(version),
            platform: Some(platform),
        };
        VersionResponse {
            messages: vec![message],
        }
    }

    /// The answer to `ServiceList`.
    pub fn service_list(&self) -> ServiceListResponse {
        self.member
            .as_ref()
            .map(Member::service_list)
            .unwrap_or_default()
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
        if let Some(record) = self.facts.state.take() {
            actions.push(Action::Say("config found in STATE".to_owned()));
            match validation::accept(&record.config) {
                Ok(config) => actions.extend(self.configured(config, record, now)),
                Err(refused) => actions.extend(report(&refused)),
            }
        } else if let Some(url) = &self.arguments.config_url {
            let (acquisition, ask) = Acquisition::begin(url, &self.url_values(), now);
            self.acquisition = Some(acquisition);
            actions.push(ask);
        } else {
            actions.push(Action::Say("no config: maintenance".to_owned()));
            actions.push(Action::Publish(Event::task(
                "runningMaintenance",
                StepAction::Start,
            )));
            actions.push(Action::Publish(Event::status(
                MachineStage::Maintenance,
                &[],
            )));
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

    fn config_answered(&mut self, answer: Answer, jitter: Duration, now: Timestamp) -> Vec<Action> {
        let values = self.url_values();
        let Some(acquisition) = &mut self.acquisition else {
            return Vec::new();
        };
        match acquisition.answered(answer, jitter, &values, now) {
            Acquired::NotYet(actions) => actions,
            Acquired::Config(config, bytes) => {
                self.acquisition = None;
                let record = StateRecord {
                    generation: 0,
                    etcd_has_data: false,
                    config: bytes,
                };
                self.install(*config, record)
            }
        }
    }

    fn url_values(&self) -> UrlValues {
        UrlValues {
            hostname: Some(self.hostname()),
            ..self.facts.identity.clone()
        }
    }

    fn install(&mut self, config: MachineConfig, record: StateRecord) -> Vec<Action> {
        let mut actions = vec![Action::Say("config accepted".to_owned())];
        let target = config.install.clone();
        actions.extend(self.apply(config));
        actions.extend(tell(sequence::initialize_ends()));
        actions.extend(installation::begin(&self.facts.disks, &target, record));
        actions
    }

    /// Puts a config in force: its sink and log destinations, its name.
    fn apply(&mut self, config: MachineConfig) -> Vec<Action> {
        let before = self.hostname();
        let mut actions = Vec::new();
        actions.extend(config.event_sink.clone().map(Action::ConnectSink));
        actions.extend(
            config
                .kernel_logs
                .iter()
                .cloned()
                .map(Action::SendKernelLog),
        );
        actions.extend(
            config
                .service_logs
                .iter()
                .cloned()
                .map(Action::SendServiceLog),
        );
        self.config = Some(config);
        if self.hostname() != before {
            actions.extend(self.announce_addresses());
        }
        actions
    }

    /// The machine is installed and has its config: it boots.
    fn configured(
        &mut self,
        config: MachineConfig,
        record: StateRecord,
        now: Timestamp,
    ) -> Vec<Action> {
        let (machine_type, endpoint) = (config.machine_type, config.endpoint.clone());
        let mut actions = self.apply(config);
        actions.extend(tell(sequence::initialize_ends()));
        actions.extend(tell(sequence::install_skipped()));
        actions.push(Action::Publish(Event::status(MachineStage::Booting, &[])));
        actions.extend(tell(sequence::boot_begins()));
        let (member, changes) = Member::start(machine_type, record.etcd_has_data, now);
        self.record = Some(record);
        self.member = Some(member);
        actions.push(Action::Say(format!(
            "running from its own config as {machine_type:?}"
        )));
        actions.extend(self.follow(changes));
        if machine_type == MachineType::ControlPlane {
            actions.push(Action::ServeApi);
        } else {
            actions.push(Action::RequestCertificate(endpoint.host.clone()));
        }
        let own = endpoint
            .host
            .parse()
            .is_ok_and(|host| self.addresses.contains(&host));
        if !own {
            actions.push(Action::ProbeEndpoint(endpoint));
        }
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
