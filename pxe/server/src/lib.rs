//! The boot plane: sockets on 67, 4011, 69 and HTTP.
//!
//! Machines speak here: without a login, on narrow paths. What it serves and decides comes from a
//! [`directory::Directory`]; what it knows is how packets come and go.

pub mod assets;
pub mod complaint;
pub mod directory;
pub mod http;
pub mod loaders;
pub mod neighbour;
mod script;
mod sys;
