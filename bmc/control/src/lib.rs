//! Power and boot order of a machine, through its BMC.
//!
//! [`bmc::Bmc`] is what a caller sees: power as a level, the next boot's device, who the BMC is. A
//! [`connect::Connector`] makes one of an endpoint and a password; it remembers of each BMC which
//! cipher suite it speaks and how often a login failed. One operation at a time per BMC, each within
//! a deadline.

#![forbid(unsafe_code)]

pub mod bmc;
pub mod board;
pub mod connect;
pub mod error;
pub mod limits;

mod ended;
mod ipmi;
mod line;
mod lockout;
mod memory;
