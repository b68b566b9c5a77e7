//! The generated gRPC API, package drover.v1.
