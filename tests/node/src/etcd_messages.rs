//! The messages by which etcd is founded and asked for, written by hand from the numbers that Talos's
//! API has (machine.proto). What is said of [`crate::messages`] holds here too.

use prost::Message;

use crate::messages::Metadata;

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
