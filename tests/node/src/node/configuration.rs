//! How a config comes into force: fetched and installed, or found on the disk.

use crate::acquisition::Acquired;
use crate::action::Action;
use crate::config::{MachineConfig, MachineType};
use crate::event::Event;
use crate::fetch::Answer;
use crate::installation::Installation;
use crate::member::Member;
use crate::messages::MachineStage;
use crate::node::{Node, tell};
use crate::sequence;
use crate::state_record::StateRecord;
use crate::without_config;
use machine_core::time::Timestamp;
use std::time::Duration;

impl Node {
    pub(super) fn config_answered(
        &mut self,
        answer: Answer,
        jitter: Duration,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some(acquisition) = &mut self.acquisition else {
            return Vec::new();
        };
        match acquisition.answered(answer, jitter, now) {
            Acquired::NotYet(actions) => actions,
            Acquired::Partial => {
                self.acquisition = None;
                without_config::maintenance("a config that says nothing of the machine")
            }
            Acquired::Config(config, bytes) => {
                self.acquisition = None;
                let record = StateRecord {
                    generation: 0,
                    etcd_has_data: false,
                    quirks: self.quirks.lasting,
                    config: bytes,
                };
                self.install(*config, record)
            }
        }
    }

    fn install(&mut self, config: MachineConfig, record: StateRecord) -> Vec<Action> {
        let mut actions = vec![Action::Say("config accepted".to_owned())];
        let target = config.install.clone();
        actions.extend(self.apply(config));
        actions.extend(tell(sequence::initialize_ends()));
        let (disks, fails) = (
            &self.facts.disks,
            self.quirks.install.fails(self.facts.failed_before),
        );
        let (installation, begun) = Installation::begin(disks, &target, record, fails);
        self.installation = Some(installation);
        actions.extend(begun);
        actions
    }

    /// Puts a config in force: its sink and log destinations, its name.
    fn apply(&mut self, config: MachineConfig) -> Vec<Action> {
        let before = self.hostname();
        let mut actions = Vec::new();
        actions.extend(config.event_sink.clone().map(Action::ConnectSink));
        actions.push(Action::SendKernelLog(config.kernel_logs.clone()));
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
    pub(super) fn configured(
        &mut self,
        config: MachineConfig,
        record: StateRecord,
        now: Timestamp,
    ) -> Vec<Action> {
        let (machine_type, endpoint) = (config.machine_type, config.endpoint.clone());
        let mut actions = self.apply(config);
        actions.extend(tell(sequence::initialize_ends()));
        actions.extend(tell(sequence::install_skipped()));
        actions.push(Action::Publish(Event::status(
            MachineStage::Booting,
            &UNMET,
        )));
        actions.extend(tell(sequence::boot_begins()));
        let (data, late) = (record.etcd_has_data, record.quirks.time_after());
        let (member, changes) = Member::start(machine_type, data, late, now);
        self.record = Some(record);
        self.member = Some(member);
        actions.push(Action::Say(format!(
            "running from its own config as {machine_type:?}"
        )));
        actions.extend(self.follow(changes));
        if machine_type == MachineType::ControlPlane {
            actions.push(Action::ServeApi);
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
}

/// What a node with a config waits for at first.
const UNMET: [(&str, &str); 3] = [
    ("time", "time is not synced"),
    ("services", "apid not running, kubelet not running"),
    ("nodeReady", "node status is not available yet"),
];
