//! IPMI 2.0 over RMCP+ as a state machine, without a socket.
