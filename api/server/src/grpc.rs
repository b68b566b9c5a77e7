//! The gRPC face: translates and calls the use cases, on a Unix socket that only its owner can
//! open. A room for each noun.

mod access;
mod clusters;
mod database;
mod machines;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use api_proto::v1::cluster_service_server::ClusterServiceServer;
use api_proto::v1::database_service_server::DatabaseServiceServer;
use api_proto::v1::machine_service_server::MachineServiceServer;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use crate::grpc::clusters::ClusterFace;
use crate::grpc::database::DatabaseFace;
use crate::grpc::machines::MachineFace;
use crate::operations::Operations;

/// Binds the API's socket: mode 0600. A socket that is left of a daemon that is gone is replaced;
/// the caller holds the lock on the state directory.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the API until `stop`; timelines that are followed end then.
pub async fn serve(
    listener: UnixListener,
    operations: Operations,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (told, stopping) = watch::channel(false);
    let stop = async move {
        stop.await;
        told.send_replace(true);
    };
    let machines = MachineFace::new(operations.clone(), stopping);
    let clusters = ClusterFace::new(operations.clone());
    Server::builder()
        .add_service(MachineServiceServer::new(machines))
        .add_service(ClusterServiceServer::new(clusters))
        .add_service(DatabaseServiceServer::new(DatabaseFace::new(operations)))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop)
        .await
}
