//! DHCPv4 for network boot: packets and replies, without a socket.
//!
//! ```text
//! bytes ─► packet ─► client ─► (lease, verdict) ─► reply ─► route + bytes
//! ```
//! [`packet`] knows the wire, [`client`] says who asks and on what firmware, `pxe/lease` proposes an
//! address, [`verdict`] judges a REQUEST, [`load`] says what is to be loaded, [`reply`] builds the
//! answer and [`route`] says where it goes. [`offers`] and [`chains`] remember what a single packet
//! does not say. What gets no answer has a reason: [`dropped`]. Nothing here can fail on what the network
//! sends: bad input is a value.

#![forbid(unsafe_code)]

pub mod address_probe;
pub mod ask;
pub mod chains;
pub mod client;
pub mod dropped;
pub mod frame;
pub mod hostname;
pub mod ipxe;
pub mod load;
pub mod offers;
pub mod option;
pub mod option_list;
pub mod packet;
pub mod pcapng;
mod raspberry_pi;
pub mod reply;
pub mod route;
pub mod schools;
pub mod vendor_options;
pub mod verdict;
