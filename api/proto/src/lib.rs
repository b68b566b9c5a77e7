//! The generated gRPC API, package `drover.v1`. Its definition and documentation are in
//! `proto/drover/v1/drover.proto`.

/// The API's first version.
pub mod v1 {
    tonic::include_proto!("drover.v1");
}

mod secret_messages;
