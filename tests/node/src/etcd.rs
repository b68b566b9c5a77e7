//! What a control plane says of its etcd, which is a schedule and no etcd: itself as the one member.
//!
//! Talos asks etcd itself, with a certificate that exists when etcd was started. Before that both
//! calls fail with gRPC `UNKNOWN`.

use crate::etcd_messages::{
    EtcdMember, EtcdMemberListResponse, EtcdMemberStatus, EtcdMembers, EtcdStatus,
    EtcdStatusResponse,
};
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// There is no etcd to ask (gRPC: `UNKNOWN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("error building etcd client TLS config")]
pub struct NoEtcd;

/// The answer to `EtcdMemberList`.
pub fn member_list(hostname: &str, addresses: &[IpAddr]) -> EtcdMemberListResponse {
    let urls = |port| {
        addresses
            .iter()
            .map(|address| url(*address, port))
            .collect()
    };
    let member = EtcdMember {
        id: MEMBER,
        hostname: hostname.to_owned(),
        peer_urls: urls(PEERS),
        client_urls: urls(CLIENTS),
        is_learner: false,
    };
    EtcdMemberListResponse {
        messages: vec![EtcdMembers {
            metadata: None,
            legacy_members: vec![hostname.to_owned()],
            members: vec![member],
        }],
    }
}

/// The answer to `EtcdStatus`: it leads.
pub fn status() -> EtcdStatusResponse {
    let status = EtcdMemberStatus {
        protocol_version: VERSION.to_owned(),
        leader: MEMBER,
        errors: Vec::new(),
        is_learner: false,
        member_id: MEMBER,
    };
    EtcdStatusResponse {
        messages: vec![EtcdStatus {
            metadata: None,
            member_status: Some(status),
        }],
    }
}

fn url(address: IpAddr, port: u16) -> String {
    format!("https://{}", SocketAddr::new(address, port))
}

/// Some id; etcd's are hashes.
const MEMBER: u64 = 0x8e9e_05c5_2164_694d;
/// etcd's port for other members.
const PEERS: u16 = 2380;
/// etcd's port for clients.
const CLIENTS: u16 = 2379;
/// An etcd of Talos 1.13's time.
const VERSION: &str = "3.6.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_is_the_node_and_leads() {
        let addresses = ["10.77.0.10".parse().unwrap(), "fd00::a".parse().unwrap()];
        let list = member_list("cp-1", &addresses);
        let member = &list.messages[0].members[0];
        assert_eq!(member.hostname, "cp-1");
        assert_eq!(
            member.peer_urls,
            ["https://10.77.0.10:2380", "https://[fd00::a]:2380"]
        );
        let status = status().messages[0].member_status.clone().unwrap();
        assert_eq!((status.member_id, status.leader), (member.id, member.id));
    }
}
