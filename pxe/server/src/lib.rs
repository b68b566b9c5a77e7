//! The boot plane: sockets on 67, 4011, 69 and HTTP.
//!
//! Machines speak here: without a login, on narrow paths. What it serves and decides comes from a
//! [`directory::Directory`]; what it knows is how packets come and go. [`boot_plane::BootPlane`]
//! binds all sockets first and then runs.

mod arp;
pub mod asset;
pub mod asset_error;
pub mod assets;
pub mod bind_error;
pub mod boot_plane;
mod carrier;
pub mod complaint;
pub mod dhcp;
mod dhcp_thread;
pub mod directory;
pub mod foreign_server;
mod grub_request;
mod grub_script;
pub mod hashing;
pub mod http;
pub mod interface;
pub mod link_events;
mod link_layer;
pub mod loaders;
mod made_files;
pub mod neighbour;
pub mod receive_buffer;
mod script;
pub mod servers;
mod shared_chains;
mod socket;
mod sys;
mod tftp;
pub mod witness;
pub mod witnessed;
