//! Talos' own protocols: what a node tells us, and the calls that we make to it.
//!
//! A Talos node reports to whoever its kernel line or its config names: events over gRPC
//! ([`event_sink`]), its kernel's and its services' log lines as JSON ([`kernel_log`]). Neither
//! message says which machine it is, and both travel in the clear: what they say is a statement of
//! a network address, which the receiver has to place. The node's API ([`api`]) is the other way
//! round: mutual TLS under the cluster's own certificate authority.
//!
//! What is received is a pure value first ([`event`], [`log_line`]): cleaned, bounded, and without
//! the secrets that Talos prints: the URL of its config, and values of a config that it refuses. What
//! it counts for is said in words that fit any system (`machine_core::report`).

pub mod api;
pub mod api_error;
pub mod command_line;
mod control_plane;
pub mod credentials;
pub mod dropped;
pub mod event;
pub mod event_sink;
mod evidence;
pub mod kernel_log;
pub mod log_line;
pub mod receiver;

mod accept;
mod admission;
mod config_words;
mod event_decoding;
mod guarded_stream;
mod line_reader;
mod machine_status;
mod text;
mod wire;
