//! Talos: its PKI, its version contracts, and the machine configs that follow from them.

pub mod admin;
pub mod certificate;
pub mod check;
pub mod cluster;
pub mod contract;
pub mod dry;
pub mod key;
pub mod kubeconfig;
pub mod machine;
pub mod request;
pub mod secrets;
pub mod secrets_file;
pub mod secrets_making;
mod sections;
