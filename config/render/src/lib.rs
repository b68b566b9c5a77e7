//! What a machine is told to become: configs rendered from facts, without I/O.
