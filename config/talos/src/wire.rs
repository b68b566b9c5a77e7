//! The code that `build.rs` makes of `proto/`: Talos' package names as modules.
//!
//! It stays inside this crate, which turns it into values of its own; the test below holds names,
//! numbers and types against Talos' (a reader would skip a wrong number without a word).

#![expect(
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    unused_qualifications,
    reason = "written by prost and tonic"
)]

/// Errors and metadata that replies carry.
pub(crate) mod common {
    tonic::include_proto!("common");
}

/// The machine API and the events.
pub(crate) mod machine {
    tonic::include_proto!("machine");
}

/// The node's resource store, COSI's.
pub(crate) mod resource {
    tonic::include_proto!("cosi.resource");
}

/// The event sink.
pub(crate) mod events {
    tonic::include_proto!("events");
}

/// The error model of gRPC.
pub(crate) mod google {
    /// Its package.
    pub(crate) mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

#[cfg(test)]
mod tests;
