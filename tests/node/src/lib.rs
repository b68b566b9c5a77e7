//! The stand-in for a Talos node: what it does on the wire, without a socket.
//!
//! A network boot, the download of the machine's config, the installation to a disk, the boot from
//! that disk, the event stream, the kernel log and the answers of the Talos API, as Talos 1.13 shows
//! them to a provisioning server. Bytes, facts and `now` go in, actions come out ([`node::Node`]);
//! the program around it is `node-init`, the first process of the node image.
//!
//! Everything here is written from facts about Talos, not from Drover's own definitions: where the
//! two disagree about a message or a rule, a test is to notice.
//!
//! Left out on purpose: maintenance mode's API (a node without a config says that it is in
//! maintenance and stays there), `SideroLink`, META, OAuth, gzip bodies, `tftp://` configs.

#![forbid(unsafe_code)]

pub mod access;
pub mod acquisition;
pub mod action;
pub mod api_messages;
pub mod command_line;
pub mod config;
pub mod config_document;
pub mod config_error;
pub mod config_url;
pub mod disk;
pub mod endpoint;
pub mod etcd;
pub mod etcd_messages;
pub mod event;
pub mod event_id;
pub mod event_stream;
pub mod fetch;
pub mod glob;
pub mod hostname;
pub mod installation;
pub mod kernel_log;
pub mod member;
pub mod messages;
pub mod node;
pub mod partition_table;
pub mod quirk;
pub mod runtime_validation;
pub mod sequence;
pub mod service_log;
pub mod services;
pub mod slot_image;
pub mod state_record;
pub mod validation;
pub mod version;
pub mod without_config;
