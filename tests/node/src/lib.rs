//! The stand-in for a Talos node: what it does on the wire, without a socket.
