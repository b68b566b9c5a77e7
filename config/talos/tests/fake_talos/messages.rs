//! The messages of Talos' API, defined a second time, by hand, from Talos' numbers.

#![expect(clippy::struct_field_names, reason = "Talos' own names")]

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Metadata {
    #[prost(string, tag = "1")]
    pub(crate) hostname: String,
    #[prost(string, tag = "2")]
    pub(crate) error: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct VersionInfo {
    #[prost(string, tag = "1")]
    pub(crate) tag: String,
    #[prost(string, tag = "2")]
    pub(crate) sha: String,
    #[prost(string, tag = "6")]
    pub(crate) arch: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PlatformInfo {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Version {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
    #[prost(message, optional, tag = "2")]
    pub(crate) version: Option<VersionInfo>,
    #[prost(message, optional, tag = "3")]
    pub(crate) platform: Option<PlatformInfo>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct VersionResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) messages: Vec<Version>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ServiceHealth {
    #[prost(bool, tag = "1")]
    pub(crate) unknown: bool,
    #[prost(bool, tag = "2")]
    pub(crate) healthy: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ServiceInfo {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) state: String,
    #[prost(message, optional, tag = "4")]
    pub(crate) health: Option<ServiceHealth>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ServiceList {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) services: Vec<ServiceInfo>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ServiceListResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) messages: Vec<ServiceList>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EtcdMember {
    #[prost(uint64, tag = "2")]
    pub(crate) id: u64,
    #[prost(string, tag = "3")]
    pub(crate) hostname: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EtcdMembers {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) members: Vec<EtcdMember>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EtcdMemberListResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) messages: Vec<EtcdMembers>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Bootstrap {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct BootstrapResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) messages: Vec<Bootstrap>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ReadRequest {
    #[prost(string, tag = "1")]
    pub(crate) path: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Data {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) bytes: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetRequest {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) kind: String,
    #[prost(string, tag = "3")]
    pub(crate) id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Spec {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) proto_spec: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(crate) yaml_spec: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Resource {
    #[prost(message, optional, tag = "2")]
    pub(crate) spec: Option<Spec>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
}
