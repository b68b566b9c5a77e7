//! How much a socket may hold that nobody has read yet.
//!
//! Receive buffers decide how many machines may start at once: with the kernel's default of 208 KiB
//! the burst of a thousand machines overflows, and firmware gives up after four tries.

use std::io;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, Protocol, Socket, Type};

/// How many bytes of packets may wait to be read.
pub const WANTED: usize = 16 << 20;

/// Gives a socket the largest buffer up to [`WANTED`]; its size in bytes.
///
/// `SO_RCVBUF` is silently capped at `net.core.rmem_max`; the forced one needs `CAP_NET_ADMIN`. The
/// kernel reports twice what was set (`socket(7)`).
pub(crate) fn enlarge(socket: &Socket) -> io::Result<usize> {
    if setsockopt(socket, RcvBufForce, &WANTED).is_err() {
        socket.set_recv_buffer_size(WANTED)?;
    }
    Ok(socket.recv_buffer_size()? / 2)
}

/// How large a buffer this process gets here, in bytes: tried with a socket that is bound to nothing.
pub fn granted() -> io::Result<usize> {
    enlarge(&Socket::new(
        Domain::IPV4,
        Type::DGRAM,
        Some(Protocol::UDP),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_gets_what_the_kernel_allows_and_never_more_than_is_wanted() {
        let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
        let limit: usize = limit.trim().parse().unwrap();
        let granted = granted().unwrap();
        assert!(granted >= limit.min(WANTED), "{granted} of {limit}");
        assert!(granted <= WANTED, "{granted}");
    }
}
