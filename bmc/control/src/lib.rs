//! Power and boot order of a machine, through its BMC.
//!
//! [`bmc::Bmc`] is what a caller sees, and [`bmc::BmcSession`] what one operation is done in: power as
//! a level, the next boot's device, who the BMC is. A [`connect::Connector`] makes a driver of an
//! endpoint and its secrets; it remembers of each BMC which cipher suite it speaks and which logins
//! failed. One session at a time per BMC, each question within a deadline.

#![forbid(unsafe_code)]

pub mod bmc;
pub mod board;
pub mod connect;
pub mod error;
pub mod limits;
pub mod quirks;

mod ended;
mod ipmi;
mod line;
mod lockout;
mod memory;
