//! What comes to the node's loop: from its timers, its tasks and its API.

use crate::certificates::Identity;
use node::action::Happened;
use node::api_messages::{ServiceListResponse, VersionResponse};
use node::etcd::NoEtcd;
use node::etcd_messages::{EtcdMemberListResponse, EtcdStatusResponse};
use node::member::BootstrapRefused;
use tokio::sync::oneshot;

/// What comes to the loop.
pub(crate) enum Inbox {
    Happened(Happened),
    Certificate(Identity),
    Version(oneshot::Sender<VersionResponse>),
    ServiceList(oneshot::Sender<ServiceListResponse>),
    EtcdMembers(oneshot::Sender<Result<EtcdMemberListResponse, NoEtcd>>),
    EtcdStatus(oneshot::Sender<Result<EtcdStatusResponse, NoEtcd>>),
    Bootstrap(oneshot::Sender<Result<(), BootstrapRefused>>),
}
