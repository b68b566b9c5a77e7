//! The gRPC face: translates and calls the use cases, on a Unix socket that only its owner can
//! open. A room for each noun.

mod access;
mod accounted;
mod boots;
mod clusters;
mod database;
mod events;
mod machines;
mod paging;

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use api_proto::v1::boot_service_server::BootServiceServer;
use api_proto::v1::cluster_service_server::ClusterServiceServer;
use api_proto::v1::database_service_server::DatabaseServiceServer;
use api_proto::v1::event_service_server::EventServiceServer;
use api_proto::v1::machine_service_server::MachineServiceServer;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use crate::grpc::boots::BootFace;
use crate::grpc::clusters::ClusterFace;
use crate::grpc::database::DatabaseFace;
use crate::grpc::events::EventFace;
use crate::grpc::machines::MachineFace;
use crate::operations::Operations;

/// Binds the API's socket: mode 0600. A socket that is left of a daemon that is gone is replaced;
/// the caller holds the lock on the state directory.
///
/// A socket is bound with the mode that the umask leaves, and whoever connects before it is changed
/// stays connected. So it is bound in a folder that nobody else can enter, and moved to its place
/// when its mode is right.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    // A short name: the path of a socket has 107 bytes at most.
    let folder = path.with_file_name(".bind");
    let private = folder.join("s");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    DirBuilder::new().mode(0o700).create(&folder)?;
    let listener = UnixListener::bind(&private)?;
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&private, path)?;
    std::fs::remove_dir(&folder)?;
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
    let events = EventFace::new(operations.clone());
    let boots = BootFace::new(operations.clone());
    Server::builder()
        .add_service(MachineServiceServer::new(machines))
        .add_service(ClusterServiceServer::new(clusters))
        .add_service(EventServiceServer::new(events))
        .add_service(BootServiceServer::new(boots))
        .add_service(DatabaseServiceServer::new(DatabaseFace::new(operations)))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop)
        .await
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn the_socket_has_its_mode_from_its_first_moment_and_replaces_one_that_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("drover.sock");
        drop(bind(&path).unwrap());
        assert!(UnixStream::connect(&path).await.is_err());
        // Somebody was killed between the two.
        std::fs::create_dir(directory.path().join(".bind")).unwrap();
        let listener = bind(&path).unwrap();
        let (stream, accepted) = tokio::join!(UnixStream::connect(&path), listener.accept());
        assert!(stream.is_ok() && accepted.is_ok());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
