//! The thread of the DHCP server: its sockets are read and answered on a runtime of their own.
//!
//! An answer is a few microseconds of work between two waits. Where several threads share such
//! work, waking one another costs much of the processor time
//! (docs/decisions/037-what-an-exchange-costs.md).

use std::io;
use std::thread;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::task::JoinHandle;
use tracing::dispatcher;

/// The runtime, until its thread is started.
#[derive(Debug)]
pub(crate) struct DhcpThread(Option<Runtime>);

impl DhcpThread {
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// What is bound while this is held is read on the thread.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }

    /// Queues a server for the thread, which works on it once it is started.
    pub(crate) fn spawn(
        &self,
        server: impl Future<Output = ()> + Send + 'static,
    ) -> Option<JoinHandle<()>> {
        self.0.as_ref().map(|runtime| runtime.spawn(server))
    }

    /// Starts the thread. It lives as long as the process: a connection to a database that an answer
    /// has opened is read on it, also when others use that later.
    pub(crate) fn start(mut self) -> io::Result<()> {
        let Some(runtime) = self.0.take() else {
            return Ok(());
        };
        let log = dispatcher::get_default(Clone::clone);
        let thread = thread::Builder::new().name("dhcp".to_owned());
        thread.spawn(move || {
            let serve = || runtime.block_on(std::future::pending::<()>());
            dispatcher::with_default(&log, serve);
        })?;
        Ok(())
    }
}

impl Drop for DhcpThread {
    /// A runtime must not wait for its work where others are worked on.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
