//! The generated gRPC API, package `drover.v1`. Its definition and documentation are in
//! `proto/drover/v1/drover.proto`.
//!
//! The messages that answers are made of are the views of the API. The build derives their JSON
//! from the definition, too: the commands print it, and [`schema::Views`] describes it. What is an
//! enum is its word there, such as `active`; what is a time is RFC 3339; what is absent is null.

/// The API's first version.
pub mod v1 {
    tonic::include_proto!("drover.v1");
}

pub mod error_class;
mod optional_word;
pub mod schema;
mod secret_messages;
pub mod time;
pub mod word;
