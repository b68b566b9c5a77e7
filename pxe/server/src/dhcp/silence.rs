//! Why a DHCP client gets no answer, beyond what its packet says.

use pxe_dhcp::dropped::Dropped;
use pxe_lease::error::{DeclineIgnored, Exhausted};
use thiserror::Error;

use crate::directory::Unavailable;

/// Why there is no reply.
#[derive(Debug, Error)]
pub(crate) enum Silence {
    /// It is not to be answered.
    #[error("{0}")]
    Dropped(Dropped),
    /// There is no address for it.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// Each address that was looked at for it is used by somebody without a lease.
    #[error(
        "no address is offered yet: the {tried} that were looked at are used by others without a \
         lease"
    )]
    AllInUse {
        /// How many were looked at.
        tried: usize,
    },
    /// It is not believed.
    #[error(transparent)]
    Declined(#[from] DeclineIgnored),
    /// The records can't be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// What it asked for needs no reply.
    #[error("done")]
    Done,
}

impl From<Dropped> for Silence {
    fn from(dropped: Dropped) -> Self {
        Self::Dropped(dropped)
    }
}
