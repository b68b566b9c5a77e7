//! The use cases of people and programs, and the gRPC face over them.

#![forbid(unsafe_code)]

pub mod caller;
pub mod cluster_vault;
pub mod document;
pub mod effects;
pub mod error;
pub mod grpc;
pub mod operation;
pub mod operations;
pub mod role;
mod similar;
mod timeline;
mod view;
pub mod yaml;
