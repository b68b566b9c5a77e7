//! What happens to a node, and what it wants done: the two sides of [`crate::node::Node`].

use crate::config_document::LogDestinationSection;
use crate::config_url::UrlValues;
use crate::disk::Disk;
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::fetch::Answer;
use crate::state_record::StateRecord;
use machine_core::time::Timestamp;
use std::net::IpAddr;
use std::time::Duration;

/// What the node finds when it is switched on.
#[derive(Debug, Clone, Default)]
pub struct PowerOn {
    /// `/proc/cmdline`.
    pub command_line: String,
    /// The disks in the kernel's order.
    pub disks: Vec<Disk>,
    /// The machine's identity; its host name is found later.
    pub identity: UrlValues,
    /// The disk that has a STATE partition, whatever is in it.
    pub system_disk: Option<Disk>,
    /// Whether an installation to one of the disks has failed, and none has gone well since.
    pub failed_before: bool,
    /// The record in a STATE partition, if there is one.
    pub state: Option<StateRecord>,
    /// Why the slot that was booted is not sound, if it is not.
    pub bad_slot: Option<String>,
}

/// What happens to the node.
#[derive(Debug, Clone)]
pub enum Happened {
    /// An address was leased.
    NetworkUp {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// DHCP option 12.
        hostname: Option<String>,
    },
    /// A request for the config ended. The randomness is drawn by the caller.
    ConfigAnswered {
        /// How.
        answer: Answer,
        /// A random part of a second.
        jitter: Duration,
    },
    /// The system disk was wiped, or could not be.
    Wiped(Result<(), String>),
    /// The writing to the disk ended.
    Installed(Result<(), String>),
    /// The certificate of the API is there (a worker gets it from trustd).
    CertificateReady,
    /// Something answers at the cluster's endpoint.
    EndpointAnswers,
    /// The time asked for by [`Action::WakeAt`] has come.
    TimePassed,
}

/// What the node wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Print a line on the console and in the log.
    Say(String),
    /// Add an event to the stream.
    Publish(Event),
    /// Send the stream to this sink from now on.
    ConnectSink(String),
    /// Send the kernel log here from now on, and nowhere else.
    SendKernelLog(Vec<String>),
    /// Send the services' logs here too.
    SendServiceLog(LogDestinationSection),
    /// Take this name.
    SetHostname(String),
    /// Ask for the config at this time.
    Fetch {
        /// Where.
        url: String,
        /// When.
        at: Timestamp,
    },
    /// Write the system to a disk.
    Install {
        /// Which.
        disk: Disk,
        /// What its STATE is to hold.
        record: StateRecord,
    },
    /// Take away all that is on this disk.
    Wipe(Disk),
    /// Give this disk a STATE that holds this, and nothing that boots.
    LeaveState {
        /// Which.
        disk: Disk,
        /// What its STATE is to hold.
        record: StateRecord,
    },
    /// Write this to STATE.
    KeepState(StateRecord),
    /// Answer on the API's port, with a certificate signed by the CA whose key the config holds.
    ServeApi,
    /// Get a certificate from trustd at this host, until it succeeds.
    RequestCertificate(String),
    /// Look for an answer at the cluster's endpoint, until there is one.
    ProbeEndpoint(Endpoint),
    /// Answer at this port, where the Kubernetes API would.
    ServeKubernetes(u16),
    /// Come back at this time.
    WakeAt(Timestamp),
    /// Send what is left of the stream, then restart.
    Restart,
    /// Restart after this time: the node cannot boot.
    RestartAfter(Duration),
}
