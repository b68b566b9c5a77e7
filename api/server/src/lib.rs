//! The use cases of people and programs, and the gRPC face over them.

#![forbid(unsafe_code)]

mod caller;
pub mod cluster_vault;
mod convert;
pub mod document;
pub mod effects;
pub mod error;
pub mod grpc;
mod grpc_access;
pub mod operations;
mod record;
mod timeline;
pub mod yaml;
