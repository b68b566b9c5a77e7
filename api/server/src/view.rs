//! The views: what is said of machines, clusters, events and the database, made from what the use
//! cases return. The messages of `api/proto` are the views: gRPC sends them, and the commands print
//! them as JSON.

pub(crate) mod boot;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod event;
pub(crate) mod machine;
mod record;
mod words;

use api_proto::time::from_millis;
use machine_core::time::Timestamp;

/// A time.
fn time(at: Timestamp) -> prost_types::Timestamp {
    from_millis(at.as_millis())
}

/// A text for people; none if there is nothing to say.
fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What is there as a text.
fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|it| it.to_string())
}
