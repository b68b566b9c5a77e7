//! The version that the stand-in plays.

use crate::api_messages::{PlatformInfo, Version, VersionInfo, VersionResponse};

/// The Talos version that the stand-in plays.
pub const VERSION: &str = "v1.13.9";

/// The answer to `Version`.
pub fn response() -> VersionResponse {
    let version = VersionInfo {
        tag: VERSION.to_owned(),
        os: "linux".to_owned(),
        arch: "amd64".to_owned(),
        ..VersionInfo::default()
    };
    let platform = PlatformInfo {
        name: "metal".to_owned(),
        mode: "metal".to_owned(),
    };
    let message = Version {
        metadata: None,
        version: Some(version),
        platform: Some(platform),
    };
    VersionResponse {
        messages: vec![message],
    }
}
