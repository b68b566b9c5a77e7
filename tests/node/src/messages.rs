//! The messages on the wire, written by hand from the numbers that Talos's API has (machine.proto,
//! common.proto, security.proto; siderolink's events.proto).
//!
//! Only what the stand-in sends or reads. Packages and numbers are what interoperates, not these
//! structs; they share nothing with the daemon's definitions, so that a wrong number on either side
//! shows.

use prost::{Enumeration, Message};
use prost_types::{Any, Timestamp};

/// `events.EventRequest`: one event on its way to the sink.
#[derive(Clone, PartialEq, Message)]
pub struct EventRequest {
    /// The event.
    #[prost(message, optional, tag = "1")]
    pub data: Option<Any>,
    /// Its xid.
    #[prost(string, tag = "2")]
    pub id: String,
    /// Who caused it, "" for the node itself.
    #[prost(string, tag = "3")]
    pub actor_id: String,
}

/// `events.EventResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct EventResponse {}

/// `common.Error`.
#[derive(Clone, PartialEq, Message)]
pub struct Error {
    /// Its kind.
    #[prost(enumeration = "ErrorCode", tag = "1")]
    pub code: i32,
    /// In words.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Never filled here.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `common.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ErrorCode {
    /// The sequence ended by it.
    Fatal = 0,
    /// Another sequence runs.
    Locked = 1,
    /// The sequence was taken over.
    Canceled = 2,
}

/// `common.Metadata`: empty, as a node that is asked directly leaves it.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// The node that answered, if it was not asked directly.
    #[prost(string, tag = "1")]
    pub hostname: String,
    /// What went wrong on that node.
    #[prost(string, tag = "2")]
    pub error: String,
}

/// `machine.SequenceEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct SequenceEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub sequence: String,
    /// Begun, ended, or neither.
    #[prost(enumeration = "SequenceAction", tag = "2")]
    pub action: i32,
    /// Why it ended early.
    #[prost(message, optional, tag = "3")]
    pub error: Option<Error>,
}

/// `machine.SequenceEvent.Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum SequenceAction {
    /// Neither: an error.
    Noop = 0,
    /// Begun.
    Start = 1,
    /// Ended.
    Stop = 2,
}

/// `machine.PhaseEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct PhaseEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub phase: String,
    /// Begun or ended.
    #[prost(enumeration = "StepAction", tag = "2")]
    pub action: i32,
}

/// `machine.TaskEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct TaskEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub task: String,
    /// Begun or ended.
    #[prost(enumeration = "StepAction", tag = "2")]
    pub action: i32,
}

/// `machine.PhaseEvent.Action` and `machine.TaskEvent.Action`: START is 0 here, not 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum StepAction {
    /// Begun.
    Start = 0,
    /// Ended.
    Stop = 1,
}

/// `machine.ServiceStateEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceStateEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub service: String,
    /// Its new state.
    #[prost(enumeration = "ServiceAction", tag = "2")]
    pub action: i32,
    /// In words.
    #[prost(string, tag = "3")]
    pub message: String,
    /// Its health.
    #[prost(message, optional, tag = "4")]
    pub health: Option<ServiceHealth>,
}

/// `machine.ServiceStateEvent.Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ServiceAction {
    /// Initialized.
    Initialized = 0,
    /// Preparing.
    Preparing = 1,
    /// Waiting.
    Waiting = 2,
    /// Running.
    Running = 3,
    /// Stopping.
    Stopping = 4,
    /// Finished.
    Finished = 5,
    /// Failed.
    Failed = 6,
    /// Skipped.
    Skipped = 7,
    /// Starting.
    Starting = 8,
}

/// `machine.RestartEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct RestartEvent {
    /// The `reboot(2)` command.
    #[prost(int64, tag = "1")]
    pub cmd: i64,
}

/// `machine.ConfigLoadErrorEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct ConfigLoadErrorEvent {
    /// In words.
    #[prost(string, tag = "1")]
    pub error: String,
}

/// `machine.AddressEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct AddressEvent {
    /// The host name.
    #[prost(string, tag = "1")]
    pub hostname: String,
    /// The addresses.
    #[prost(string, repeated, tag = "2")]
    pub addresses: Vec<String>,
}

/// `machine.MachineStatusEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct MachineStatusEvent {
    /// How far it is.
    #[prost(enumeration = "MachineStage", tag = "1")]
    pub stage: i32,
    /// Whether it is ready.
    #[prost(message, optional, tag = "2")]
    pub status: Option<MachineStatus>,
}

/// `machine.MachineStatusEvent.MachineStatus`.
#[derive(Clone, PartialEq, Message)]
pub struct MachineStatus {
    /// Ready.
    #[prost(bool, tag = "1")]
    pub ready: bool,
    /// What is missing.
    #[prost(message, repeated, tag = "2")]
    pub unmet_conditions: Vec<UnmetCondition>,
}

/// `machine.MachineStatusEvent.MachineStatus.UnmetCondition`.
#[derive(Clone, PartialEq, Message)]
pub struct UnmetCondition {
    /// Which.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Why.
    #[prost(string, tag = "2")]
    pub reason: String,
}

/// `machine.MachineStatusEvent.MachineStage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum MachineStage {
    /// Not known.
    Unknown = 0,
    /// Booting.
    Booting = 1,
    /// Installing.
    Installing = 2,
    /// Without a config.
    Maintenance = 3,
    /// Running.
    Running = 4,
    /// Rebooting.
    Rebooting = 5,
    /// Shutting down.
    ShuttingDown = 6,
    /// Being reset.
    Resetting = 7,
    /// Being upgraded.
    Upgrading = 8,
}

/// `google.protobuf.Empty`: what Version and `ServiceList` are asked with.
#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// `machine.VersionResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct VersionResponse {
    /// One.
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<Version>,
}

/// `machine.Version`.
#[derive(Clone, PartialEq, Message)]
pub struct Version {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
    /// The version.
    #[prost(message, optional, tag = "2")]
    pub version: Option<VersionInfo>,
    /// The platform.
    #[prost(message, optional, tag = "3")]
    pub platform: Option<PlatformInfo>,
}

/// `machine.VersionInfo`.
#[derive(Clone, PartialEq, Message)]
pub struct VersionInfo {
    /// Such as v1.13.0.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// The commit.
    #[prost(string, tag = "2")]
    pub sha: String,
    /// When.
    #[prost(string, tag = "3")]
    pub built: String,
    /// By what.
    #[prost(string, tag = "4")]
    pub go_version: String,
    /// linux.
    #[prost(string, tag = "5")]
    pub os: String,
    /// amd64.
    #[prost(string, tag = "6")]
    pub arch: String,
}

/// `machine.PlatformInfo`.
#[derive(Clone, PartialEq, Message)]
pub struct PlatformInfo {
    /// metal.
    #[prost(string, tag = "1")]
    pub name: String,
    /// metal.
    #[prost(string, tag = "2")]
    pub mode: String,
}

/// `machine.ServiceListResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceListResponse {
    /// One.
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<ServiceList>,
}

/// `machine.ServiceList`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceList {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
    /// The services.
    #[prost(message, repeated, tag = "2")]
    pub services: Vec<ServiceInfo>,
}

/// `machine.ServiceInfo`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Its state: Preparing, Running, …
    #[prost(string, tag = "2")]
    pub state: String,
    /// What happened to it.
    #[prost(message, optional, tag = "3")]
    pub events: Option<ServiceEvents>,
    /// Its health.
    #[prost(message, optional, tag = "4")]
    pub health: Option<ServiceHealth>,
}

/// `machine.ServiceEvents`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceEvents {
    /// Oldest first.
    #[prost(message, repeated, tag = "1")]
    pub events: Vec<ServiceEvent>,
}

/// `machine.ServiceEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceEvent {
    /// In words.
    #[prost(string, tag = "1")]
    pub msg: String,
    /// The state since.
    #[prost(string, tag = "2")]
    pub state: String,
    /// When.
    #[prost(message, optional, tag = "3")]
    pub ts: Option<Timestamp>,
}

/// `machine.ServiceHealth`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceHealth {
    /// Not checked.
    #[prost(bool, tag = "1")]
    pub unknown: bool,
    /// Checked, and well.
    #[prost(bool, tag = "2")]
    pub healthy: bool,
    /// In words.
    #[prost(string, tag = "3")]
    pub last_message: String,
    /// When it changed.
    #[prost(message, optional, tag = "4")]
    pub last_change: Option<Timestamp>,
}

/// `machine.BootstrapRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct BootstrapRequest {
    /// From a snapshot.
    #[prost(bool, tag = "1")]
    pub recover_etcd: bool,
    /// Of that snapshot.
    #[prost(bool, tag = "2")]
    pub recover_skip_hash_check: bool,
}

/// `machine.BootstrapResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct BootstrapResponse {
    /// One.
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<Bootstrap>,
}

/// `machine.Bootstrap`.
#[derive(Clone, PartialEq, Message)]
pub struct Bootstrap {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
}

/// `machine.EtcdMemberListRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdMemberListRequest {
    /// Of this node's own etcd, and no other control plane's.
    #[prost(bool, tag = "1")]
    pub query_local: bool,
}

/// `machine.EtcdMemberListResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdMemberListResponse {
    /// One.
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<EtcdMembers>,
}

/// `machine.EtcdMembers`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdMembers {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
    /// Names alone, as old clients want them.
    #[prost(string, repeated, tag = "2")]
    pub legacy_members: Vec<String>,
    /// The members.
    #[prost(message, repeated, tag = "3")]
    pub members: Vec<EtcdMember>,
}

/// `machine.EtcdMember`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdMember {
    /// Its id.
    #[prost(uint64, tag = "2")]
    pub id: u64,
    /// The name of its node.
    #[prost(string, tag = "3")]
    pub hostname: String,
    /// Where other members reach it: `https://10.0.0.2:2380`.
    #[prost(string, repeated, tag = "4")]
    pub peer_urls: Vec<String>,
    /// Where clients reach it: `https://10.0.0.2:2379`.
    #[prost(string, repeated, tag = "5")]
    pub client_urls: Vec<String>,
    /// Without a vote.
    #[prost(bool, tag = "6")]
    pub is_learner: bool,
}

/// `machine.EtcdStatusResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdStatusResponse {
    /// One.
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<EtcdStatus>,
}

/// `machine.EtcdStatus`.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdStatus {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
    /// Of this node's member.
    #[prost(message, optional, tag = "2")]
    pub member_status: Option<EtcdMemberStatus>,
}

/// `machine.EtcdMemberStatus`, as far as the stand-in has something to say.
#[derive(Clone, PartialEq, Message)]
pub struct EtcdMemberStatus {
    /// etcd's version.
    #[prost(string, tag = "1")]
    pub protocol_version: String,
    /// Who leads.
    #[prost(uint64, tag = "4")]
    pub leader: u64,
    /// What is wrong.
    #[prost(string, repeated, tag = "8")]
    pub errors: Vec<String>,
    /// Without a vote.
    #[prost(bool, tag = "9")]
    pub is_learner: bool,
    /// Which member.
    #[prost(uint64, tag = "10")]
    pub member_id: u64,
}

/// `machine.ReadRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct ReadRequest {
    /// The file.
    #[prost(string, tag = "1")]
    pub path: String,
}

/// `common.Data`: a piece of that file.
#[derive(Clone, PartialEq, Message)]
pub struct Data {
    /// Empty.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<Metadata>,
    /// The piece.
    #[prost(bytes = "vec", tag = "2")]
    pub bytes: Vec<u8>,
}

/// `securityapi.CertificateRequest`, to trustd.
#[derive(Clone, PartialEq, Message)]
pub struct CertificateRequest {
    /// The request, PEM.
    #[prost(bytes = "vec", tag = "1")]
    pub csr: Vec<u8>,
}

/// `securityapi.CertificateResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct CertificateResponse {
    /// The CA, PEM.
    #[prost(bytes = "vec", tag = "1")]
    pub ca: Vec<u8>,
    /// The certificate, PEM.
    #[prost(bytes = "vec", tag = "2")]
    pub crt: Vec<u8>,
}

/// `cosi.resource.GetRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct GetRequest {
    /// Where resources of one purpose are.
    #[prost(string, tag = "1")]
    pub namespace: String,
    /// `type`: what they are.
    #[prost(string, tag = "2")]
    pub kind: String,
    /// Which of them.
    #[prost(string, tag = "3")]
    pub id: String,
}

/// `cosi.resource.GetResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct GetResponse {
    /// What was found.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
}

/// `cosi.resource.Resource`; its metadata is left out.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// What it says.
    #[prost(message, optional, tag = "2")]
    pub spec: Option<Spec>,
}

/// `cosi.resource.Spec`; Talos fills `yaml_spec`, 2, as well.
#[derive(Clone, PartialEq, Message)]
pub struct Spec {
    /// Encoded by the definition of the resource.
    #[prost(bytes = "vec", tag = "1")]
    pub proto_spec: Vec<u8>,
}
