//! The kernel says when an interface comes or goes, or changes its address or carrier
//! (`rtnetlink(7)`).

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{NetlinkAddr, bind};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use crate::sys::watched;

/// `RTMGRP_LINK` and `RTMGRP_IPV4_IFADDR` (`linux/rtnetlink.h`).
const GROUPS: u32 = 0x1 | 0x10;
/// Changes come in bursts: an interface that is made gets its address, its carrier and its state one
/// after the other, within milliseconds. They are over when it is quiet for so long.
const QUIET: Duration = Duration::from_millis(200);

/// What the kernel tells of interfaces.
#[derive(Debug)]
pub struct LinkEvents {
    socket: AsyncFd<Socket>,
}

impl LinkEvents {
    /// Listens from now on. To be called within a tokio runtime.
    pub fn open() -> io::Result<Self> {
        let domain = Domain::from(libc::AF_NETLINK);
        let protocol = Protocol::from(libc::NETLINK_ROUTE);
        let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
        socket.set_nonblocking(true)?;
        // The kernel gives it a number.
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        Ok(Self {
            socket: watched(socket)?,
        })
    }

    /// Waits until something has changed, and it is quiet again: what, is to be looked up. Nothing is
    /// missed in between.
    pub async fn changed(&self) -> io::Result<()> {
        self.heard().await?;
        while let Ok(heard) = timeout(QUIET, self.heard()).await {
            heard?;
        }
        Ok(())
    }

    async fn heard(&self) -> io::Result<()> {
        let mut message = [0; 8192];
        let heard = self.socket.async_io(Interest::READABLE, |mut socket| {
            match socket.read(&mut message) {
                // More than its buffer holds: something has changed all the same (`netlink(7)`).
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(0),
                read => read,
            }
        });
        heard.await.map(drop)
    }
}
