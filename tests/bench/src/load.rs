//! Load: clients in their namespace, and what a server takes for serving them.

use std::future::Future;
use std::time::{Duration, Instant};

use testbed::namespace::Namespace;
use testbed::program::Program;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::pinning::Pinned;
use crate::usage;

/// What a load moved, and what that took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved {
    bytes: u64,
    took: Duration,
    cpu: Duration,
}

impl Moved {
    /// Millions of bytes a second.
    pub(crate) fn rate(self) -> f64 {
        megabytes(self.bytes) / self.took.as_secs_f64()
    }

    /// The server's seconds of processor time for a thousand million bytes.
    pub(crate) fn cpu_per_gigabyte(self) -> f64 {
        self.cpu.as_secs_f64() * 1000.0 / megabytes(self.bytes)
    }
}

/// Runs clients that each move bytes, and watches the server meanwhile. A lone client and its server
/// are pinned.
pub(crate) fn measure<F>(
    namespace: &Namespace,
    server: &Program,
    clients: impl Iterator<Item = F> + Send,
) -> Result<Moved, BenchError>
where
    F: Future<Output = Result<u64, BenchError>> + Send + 'static,
{
    let clients: Vec<F> = clients.collect();
    let pinned = match clients.len() {
        1 => Pinned::server(server)?,
        _ => None,
    };
    let before = usage::cpu(server)?;
    let (bytes, took) = inside(namespace, pinned.as_ref(), async move {
        let began = Instant::now();
        let mut running: JoinSet<_> = clients.into_iter().collect();
        let mut bytes = 0;
        while let Some(moved) = running.join_next().await {
            bytes += moved.map_err(|error| BenchError::system("join a client")(error.into()))??;
        }
        Ok((bytes, began.elapsed()))
    })?;
    let cpu = usage::cpu(server)?.saturating_sub(before);
    Ok(Moved { bytes, took, cpu })
}

/// Runs a future whose sockets are made inside a namespace: threads are where their parent was, and
/// on its core if the server is pinned to another.
pub(crate) fn inside<T: Send>(
    namespace: &Namespace,
    pinned: Option<&Pinned>,
    future: impl Future<Output = Result<T, BenchError>> + Send,
) -> Result<T, BenchError> {
    tokio::task::block_in_place(|| {
        namespace.enter(|| {
            pinned.map_or(Ok(()), Pinned::pin_client)?;
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .map_err(BenchError::system("start the clients"))?;
            runtime.block_on(future)
        })
    })?
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sums of some thousand million bytes are exact in 52 bits"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
