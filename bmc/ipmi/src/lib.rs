//! IPMI 2.0 over RMCP+ as a state machine, without a socket.
//!
//! [`session::Session`] logs in to a BMC and carries commands: datagrams, `now` and random bytes go
//! in, datagrams and replies come out. Only the cipher suites 17 and 3 exist here: a BMC that offers
//! no others than weaker ones is refused before a byte that depends on the password is sent.
//!
//! ```text
//!   Capabilities ─► Open Session ─► RAKP-1/2 ─► RAKP-3/4 ─► Set Session Privilege ─► commands ─► Close
//!        │               │              │            │
//!   IPMI 1.5 only   suite refused   code wrong    code wrong           (each: resend, then Timeout)
//! ```
//!
//! "§" is a section of the Intelligent Platform Management Interface Specification v2.0 rev. 1.1.

#![forbid(unsafe_code)]

pub mod application;
pub mod chassis;
pub mod cipher;
pub mod command;
pub mod error;
pub mod login;
pub mod privilege;
pub mod reply;
pub mod retry;
pub mod session;

mod handshake;
mod message;
mod open;
mod open_session;
mod protection;
mod rakp;
mod reader;
mod refusal;
mod rmcp;
mod window;
