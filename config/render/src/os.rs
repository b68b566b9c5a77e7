//! What Drover must know of an operating system in order to boot and install it.
//!
//! The contract only; the cases stand in [`crate::oses`]. What an OS says of itself afterwards
//! (its events, its logs) is read by the crates that speak its protocols.

use std::net::SocketAddr;

use machine_core::hardware::Arch;
use machine_core::id::BootId;
use thiserror::Error;

use crate::talos::contract::UnknownContract;

/// One network boot of an operating system.
#[derive(Debug, Clone)]
pub struct Netboot<'a> {
    /// The version of the OS, such as `1.13.9`.
    pub version: &'a str,
    /// The machine's instruction set.
    pub arch: Arch,
    /// Which boot this is: it stands on the kernel line, so that logs and events find their way
    /// home, and so that a system that runs from its disk is told from one that does not.
    pub boot: BootId,
    /// Where the OS fetches its config; without it the OS waits to be asked.
    pub config: Option<&'a str>,
    /// Who receives its events.
    pub event_sink: Option<SocketAddr>,
    /// Who receives its kernel log.
    pub kernel_log: Option<SocketAddr>,
    /// Consoles beside those that the architecture always has, such as `ttyS0,115200`.
    pub consoles: &'a [&'a str],
}

/// A boot that an OS has no kernel line for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetbootError {
    /// Its version is not known.
    #[error(transparent)]
    Version(#[from] UnknownContract),
    /// A value would break the kernel line apart.
    #[error("{argument}: wanted printable characters without blanks or quotes, got {got:?}")]
    Argument {
        /// Which argument.
        argument: &'static str,
        /// What came, at most its first 128 characters.
        got: String,
    },
}

/// An operating system that Drover can boot over the network.
pub trait Os: Sync {
    /// Its name in a cluster file: `talos`.
    fn name(&self) -> &'static str;

    /// The names of the documents that a machine fetches under its token.
    fn documents(&self) -> &'static [&'static str];

    /// The kernel line of a network boot, argument by argument, without what the boot loader adds.
    fn kernel_arguments(&self, boot: &Netboot<'_>) -> Result<Vec<String>, NetbootError>;
}
