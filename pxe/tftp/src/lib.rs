//! TFTP read transfers as a state machine, without a socket.
//!
//! A transfer is a value: packets and `now` go in, a [`datagram::Outgoing`] comes out that says which
//! blocks to put on the wire. The content is never copied: a datagram is a four-byte header and a
//! slice of the content, made for vectored I/O. Only reads exist (a write request decodes to a
//! refusal), and nothing that a client sends is an error of ours.
//!
//! RFC 1350 (TFTP), 2347 (options), 2348 (blksize), 2349 (timeout, tsize), 7440 (windowsize).

#![forbid(unsafe_code)]

pub mod agreement;
mod blocks;
pub mod datagram;
pub mod lesson;
pub mod option;
pub mod outcome;
pub mod packet;
pub mod request;
mod retransmission;
pub mod transfer;
