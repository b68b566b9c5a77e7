//! What the node wants done, done on this machine: one action each.

use crate::console;
use crate::disks;
use crate::download;
use crate::driver::Driver;
use crate::error::InitError;
use crate::hardware;
use crate::inbox::Inbox;
use crate::installer;
use crate::kernel;
use crate::line_log;
use crate::resources::Resources;
use crate::services;
use node::action::{Action, Happened};
use node::disk::Disk;
use node::event::Event;
use node::service_log::ServiceLine;
use node::state_record::StateRecord;
use std::time::Duration;

impl Driver {
    pub(super) fn act(&mut self, action: Action) -> Result<(), InitError> {
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

    pub(super) async fn restart(&self, pause: Duration) -> Result<(), InitError> {
        tokio::time::sleep(pause).await;
        self.sink.drain().await;
        self.kernel_log.drain().await;
        console::say("restarting");
        Err(kernel::restart())
    }
}
