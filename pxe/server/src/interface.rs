//! A network interface that one Drover serves.
//!
//! Two sockets with `SO_REUSEADDR` on one port both succeed, so the ports say nothing about a
//! second Drover. What does is a name in the abstract Unix socket namespace: it belongs to the
//! network namespace (`unix(7)`), as interfaces do, whatever the state directories are, and goes
//! with the process that holds it.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use nix::net::if_::if_nametoindex;

use crate::bind_error::BindError;

/// An interface, held against other Drovers for as long as this lives.
#[derive(Debug)]
pub struct Interface {
    name: String,
    _lock: UnixListener,
}

impl Interface {
    /// Takes this interface, if it is there and no other Drover has it.
    pub fn take(name: &str) -> Result<Self, BindError> {
        if if_nametoindex(name).is_err() {
            return Err(BindError::NoInterface {
                interface: name.to_owned(),
            });
        }
        let busy = || BindError::InterfaceBusy {
            interface: name.to_owned(),
        };
        let address = SocketAddr::from_abstract_name(format!("drover/{name}"));
        let lock = address.and_then(|address| UnixListener::bind_addr(&address));
        match lock {
            Ok(lock) => Ok(Self {
                name: name.to_owned(),
                _lock: lock,
            }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(busy()),
            Err(source) => Err(BindError::Failed {
                protocol: "the interface lock",
                address: ([0, 0, 0, 0], 0).into(),
                interface: name.to_owned(),
                source,
            }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_served_once_and_free_afterwards() {
        let first = Interface::take("lo").unwrap();
        assert!(matches!(
            Interface::take("lo"),
            Err(BindError::InterfaceBusy { .. })
        ));
        drop(first);
        Interface::take("lo").unwrap();
    }

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let error = Interface::take("no-such-if").unwrap_err();
        assert!(error.to_string().contains("\"no-such-if\""), "{error}");
    }
}
