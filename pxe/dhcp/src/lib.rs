//! DHCPv4 for network boot: packets, leases and replies, without a socket.
