//! End to end: Drover, machines with real firmware and the node image, in one lab.
//!
//! What happens is read as a user reads it, with the commands of `drover`. Every wait is for an
//! event; its deadline is there so that what hangs ends.

mod dhcp_server;
pub mod documents;
pub mod drover;
pub mod error;
pub mod event;
pub mod installed_disk;
pub mod kill_point;
pub mod node_image;
pub mod planned;
pub mod postgres;
pub mod program;
mod relay;
pub mod scenario;
pub mod segment;
pub mod stages;
pub mod timeline;
pub mod tracer;
pub mod turn;
