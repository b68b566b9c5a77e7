//! The messages of the APIs that a node serves and asks, written by hand from the numbers that
//! Talos's API has (machine.proto, common.proto, security.proto; COSI's resource.proto). What is said
//! of [`crate::messages`] holds here too.

use prost::Message;
use prost_types::Timestamp;

use crate::messages::{Metadata, ServiceHealth};

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
