//! The use cases of people and programs, and the gRPC face over them.

#![forbid(unsafe_code)]

mod caller;
pub mod cluster_vault;
mod convert;
pub mod document;
pub mod effects;
pub mod error;
pub mod grpc;
pub mod operations;
mod record;
mod similar;
mod timeline;
pub mod yaml;
