//! TFTP read transfers as a state machine, without a socket.
