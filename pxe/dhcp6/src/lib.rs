//! DHCPv6 and router advertisements for network boot, without a socket.
//!
//! ```text
//! bytes ─► relays ─► message ─► client ─► (lease, verdict) ─► reply ─► route + bytes
//! ```
//! [`option`], [`message`] and [`relay`] know the wire, [`client`] says who asks and on what firmware,
//! [`claim`] which machine that may be, `pxe/lease` proposes an address, [`verdict`] says what becomes
//! of one and [`outcome`] what became of it, [`load`] what is to be loaded, [`reply`] builds the answer and [`route`] says where it goes.
//! What gets no answer has a reason: [`dropped`]. Beside it [`router_solicitation`] and
//! [`router_advertisement`] know what tells a client that there is a DHCPv6 server, and [`advertising`]
//! when that is said. Nothing here can fail on what the network sends: bad input is a value.

#![forbid(unsafe_code)]

pub mod advertising;
pub mod ask;
pub mod association;
pub mod boot_url;
pub mod claim;
pub mod client;
pub mod dropped;
pub mod load;
pub mod message;
pub mod message_kind;
pub mod option;
pub mod outcome;
pub mod relay;
pub mod reply;
pub mod route;
pub mod router_advertisement;
pub mod router_solicitation;
pub mod verdict;
mod writer;
