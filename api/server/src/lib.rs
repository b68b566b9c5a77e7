//! The use cases of people and programs, and the gRPC face over them.

#![forbid(unsafe_code)]

pub mod document;
