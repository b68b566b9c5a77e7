//! The loop around [`Node`]: what happens goes in, and the actions that come out are done here.

use crate::certificates::Identity;
use crate::console;
use crate::disks::{self, Place};
use crate::download;
use crate::error::InitError;
use crate::event_sink::EventSink;
use crate::hardware;
use crate::inbox::Inbox;
use crate::installer;
use crate::kernel;
use crate::lease;
use crate::line_log::{self, LineLog};
use crate::resources::Resources;
use crate::services;
use node::action::{Action, Happened, PowerOn};
use node::command_line::CommandLine;
use node::disk::Disk;
use node::event::Event;
use node::kernel_log::KernelRecord;
use node::messages::MachineStatusEvent;
use node::node::Node;
use node::quirk::Quirks;
use node::service_log::ServiceLine;
use node::state_record::StateRecord;
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

    fn act(&mut self, action: Action) -> Result<(), InitError> {
        match action {
            Action::Say(text) => self.say(text),
            Action::Publish(event) => {
                if let Event::Status(status) = &event {
                    self.status.send_replace(Some(status.clone()));
                }
                self.sink.publish(&event);
            }
            Action::ConnectSink(endpoint) => self.sink.connect(endpoint),
            Action::SendKernelLog(urls) => self.send_kernel_log(&urls),
            Action::SendServiceLog(destination) => {
                let tags = destination.extra_tags;
                self.service_log
                    .send_to(&destination.endpoint, move |line| line.to_line(&tags));
            }
            Action::SetHostname(name) => {
                let _kept = nix::unistd::sethostname(name);
            }
            Action::Fetch { url, at } => self.fetch(url, at.since(hardware::now())),
            Action::Install { disk, record } => self.install(disk, record),
            Action::LeaveState { disk, record } => self.leave_state(&disk, &record),
            Action::Wipe(disk) => self.wipe(disk),
            Action::KeepState(record) => self.keep(&record),
            Action::ServeApi => self.serve_api()?,
            Action::RequestCertificate(host) => self.request_certificate(host),
            Action::ProbeEndpoint(endpoint) => services::probe(self.inbox.clone(), endpoint),
            Action::ServeKubernetes(port) => services::serve_kubernetes(port),
            Action::WakeAt(at) => self.wake(at.since(hardware::now())),
            Action::Restart | Action::RestartAfter(_) => {}
        }
        Ok(())
    }

    /// A destination that stands on the kernel line and in the config goes on; one that stands on
    /// the kernel line only is closed.
    fn send_kernel_log(&mut self, urls: &[String]) {
        self.kernel_log.close_all_but(urls);
        for url in urls {
            let booted = line_log::booted();
            self.kernel_log
                .send_to(url, move |record| record.to_line(booted));
        }
    }

    fn say(&self, text: String) {
        console::say(&text);
        self.service_log.push(ServiceLine {
            service: "machined",
            at: hardware::now(),
            text,
        });
    }

    fn fetch(&self, url: String, pause: Duration) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let answer = download::get(&url).await;
            let jitter = Duration::from_millis(u64::from(hardware::random_permille()));
            let answered = Happened::ConfigAnswered { answer, jitter };
            let _gone = inbox.send(Inbox::Happened(answered));
        });
    }

    fn install(&self, disk: Disk, record: StateRecord) {
        let (inbox, uuid) = (self.inbox.clone(), self.uuid.clone());
        tokio::task::spawn_blocking(move || {
            let result = installer::install(&disk, &record, uuid.as_deref());
            let result = result.map_err(|error| error.to_string());
            let _gone = inbox.send(Inbox::Happened(Happened::Installed(result)));
        });
    }

    /// Done before anything else happens: the node restarts next.
    fn leave_state(&self, disk: &Disk, record: &StateRecord) {
        match installer::leave_state(disk, record, self.uuid.as_deref()) {
            Ok(()) => self.say("STATE keeps the config".to_owned()),
            Err(error) => self.say(format!("STATE: {error}")),
        }
    }

    fn wipe(&self, disk: Disk) {
        let inbox = self.inbox.clone();
        tokio::task::spawn_blocking(move || {
            let result = installer::wipe_disk(&disk).map_err(|error| error.to_string());
            let _gone = inbox.send(Inbox::Happened(Happened::Wiped(result)));
        });
    }

    fn keep(&self, record: &StateRecord) {
        let kept = self.state.as_ref().map(|place| disks::keep(place, record));
        if let Some(Err(error)) = kept {
            console::say(&format!("STATE: {error}"));
        }
    }

    fn serve_api(&mut self) -> Result<(), InitError> {
        let Some(config) = self.node.config() else {
            return Ok(());
        };
        if let Some(identity) = self.certificate.take() {
            services::serve_api(self.inbox.clone(), self.resources(), identity, config);
            return Ok(());
        }
        services::serve_control_plane(self.inbox.clone(), self.resources(), config, self.names())
    }

    fn resources(&self) -> Resources {
        Resources(self.status.subscribe())
    }

    fn request_certificate(&self, host: String) {
        if let Some(config) = self.node.config() {
            services::request_certificate(self.inbox.clone(), host, config, self.names());
        }
    }

    fn names(&self) -> Vec<String> {
        let hostname = self.node.hostname();
        let config = self.node.config();
        config
            .map(|config| services::names(&self.addresses, &hostname, config))
            .unwrap_or_default()
    }

    fn wake(&self, pause: Duration) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let _gone = inbox.send(Inbox::Happened(Happened::TimePassed));
        });
    }

    async fn restart(&self, pause: Duration) -> Result<(), InitError> {
        tokio::time::sleep(pause).await;
        self.sink.drain().await;
        self.kernel_log.drain().await;
        console::say("restarting");
        Err(kernel::restart())
    }
}
