//! The connection to the daemon: gRPC over its Unix socket, which only its owner can open.

use std::path::Path;

use api_proto::v1::Mutation;
use api_proto::v1::boot_service_client::BootServiceClient;
use api_proto::v1::cluster_service_client::ClusterServiceClient;
use api_proto::v1::database_service_client::DatabaseServiceClient;
use api_proto::v1::machine_service_client::MachineServiceClient;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::command::arguments::MutationArguments;
use crate::error::CommandError;
use crate::patient::PatientChannel;
use crate::reason::reason;

/// A connection for what is done with machines.
pub type Machines = MachineServiceClient<PatientChannel>;
/// A connection for what is done with clusters.
pub type Clusters = ClusterServiceClient<PatientChannel>;

/// The service of machines.
pub async fn machines(socket: &Path) -> Result<Machines, CommandError> {
    Ok(MachineServiceClient::new(connect(socket).await?))
}

/// The service of machines, for what their BMCs take part in.
pub async fn machines_with_bmcs(socket: &Path) -> Result<Machines, CommandError> {
    let channel = PatientChannel {
        may_ask_bmc: true,
        ..connect(socket).await?
    };
    Ok(MachineServiceClient::new(channel))
}

/// The service of machines, for who asks again and again and says himself for what he waits.
pub async fn machines_quietly(socket: &Path) -> Result<Machines, CommandError> {
    let channel = PatientChannel {
        is_quiet: true,
        ..connect(socket).await?
    };
    Ok(MachineServiceClient::new(channel))
}

/// The service of clusters.
pub async fn clusters(socket: &Path) -> Result<Clusters, CommandError> {
    Ok(ClusterServiceClient::new(connect(socket).await?))
}

/// The service of clusters, for who asks again and again and says himself for what he waits.
pub async fn clusters_quietly(socket: &Path) -> Result<Clusters, CommandError> {
    let channel = PatientChannel {
        is_quiet: true,
        ..connect(socket).await?
    };
    Ok(ClusterServiceClient::new(channel))
}

/// The service of boots.
pub async fn boots(socket: &Path) -> Result<BootServiceClient<PatientChannel>, CommandError> {
    Ok(BootServiceClient::new(connect(socket).await?))
}

/// The service of the database.
pub async fn database(
    socket: &Path,
) -> Result<DatabaseServiceClient<PatientChannel>, CommandError> {
    Ok(DatabaseServiceClient::new(connect(socket).await?))
}

async fn connect(socket: &Path) -> Result<PatientChannel, CommandError> {
    let no_daemon = |why: String| CommandError::NoDaemon {
        socket: socket.to_owned(),
        why,
    };
    // tonic drops the connector's error, so the socket itself is asked first.
    UnixStream::connect(socket).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            let socket = socket.to_owned();
            return CommandError::Forbidden { socket };
        }
        no_daemon(error.to_string())
    })?;
    let path = socket.to_owned();
    let channel = Endpoint::from_static("http://drover")
        .connect_with_connector(service_fn(move |_| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        }))
        .await
        .map_err(|error| no_daemon(error.to_string()))?;
    Ok(PatientChannel {
        channel,
        socket: socket.to_owned(),
        may_ask_bmc: false,
        is_quiet: false,
    })
}

/// Who changes something, and why: the login name of this process's user, as the environment has it,
/// and the reason that was given.
pub fn mutation(arguments: MutationArguments) -> Result<Mutation, CommandError> {
    let drawn = match arguments.idempotency_key {
        Some(key) => key,
        None => draw_key()?,
    };
    Ok(Mutation {
        actor: std::env::var("USER").unwrap_or_default(),
        reason: reason(arguments.reason)?,
        idempotency_key: drawn,
    })
}

fn draw_key() -> Result<String, CommandError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| CommandError::NoRandomness(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
