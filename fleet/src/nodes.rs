//! The APIs of nodes, as a port.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use config_talos::api::{PORT, TalosApi, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use machine_core::bootstrap::ControlPlaneState;

/// The way to nodes.
#[async_trait]
pub trait Nodes: fmt::Debug + Send + Sync {
    /// Connects to the node at `address`. Each step of it, and each later call, may take
    /// `patience`.
    async fn connect(
        &self,
        address: IpAddr,
        credentials: &Credentials,
        patience: Duration,
    ) -> Result<Box<dyn NodeApi>, ConnectError>;
}

/// A connection to one node. It is never made again behind the caller's back, so no call is ever
/// sent twice.
#[async_trait]
pub trait NodeApi: fmt::Debug + Send + Sync {
    /// What it runs.
    async fn version(&self) -> Result<Version, CallError>;

    /// What it says of the store of its cluster's state; `None` if it has none.
    async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError>;

    /// Where its system was started from.
    async fn boot_source(&self) -> Result<BootSource, CallError>;

    /// Whether it runs and misses nothing, by its own status.
    async fn is_ready(&self) -> Result<bool, CallError>;

    /// Bootstraps the cluster's etcd on it; may take `patience`.
    async fn bootstrap(self: Box<Self>, patience: Duration) -> Result<(), BootstrapError>;
}

/// Nodes that run Talos.
#[derive(Debug, Clone, Copy, Default)]
pub struct TalosNodes;

#[async_trait]
impl Nodes for TalosNodes {
    async fn connect(
        &self,
        address: IpAddr,
        credentials: &Credentials,
        patience: Duration,
    ) -> Result<Box<dyn NodeApi>, ConnectError> {
        let address = SocketAddr::new(address, PORT);
        let api = TalosApi::connect(address, credentials, patience).await?;
        Ok(Box::new(api))
    }
}

#[async_trait]
impl NodeApi for TalosApi {
    async fn version(&self) -> Result<Version, CallError> {
        Self::version(self).await
    }

    async fn control_plane(&self) -> Result<Option<ControlPlaneState>, CallError> {
        Self::control_plane(self).await
    }

    async fn boot_source(&self) -> Result<BootSource, CallError> {
        Self::boot_source(self).await
    }

    async fn is_ready(&self) -> Result<bool, CallError> {
        Self::is_ready(self).await
    }

    async fn bootstrap(self: Box<Self>, patience: Duration) -> Result<(), BootstrapError> {
        Self::bootstrap(&self.with_patience(patience)).await
    }
}
