//! The boot plane: sockets on 67, 4011, 69 and HTTP.
