//! The use cases of people and programs, and the gRPC face over them.

#![forbid(unsafe_code)]

mod convert;
pub mod document;
pub mod effects;
pub mod error;
pub mod grpc;
pub mod operations;
mod record;
mod timeline;
