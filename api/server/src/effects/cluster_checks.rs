//! Whether what a cluster's document wants can be made here.

use machine_core::cluster::ClusterSpec;

use crate::document::cluster::ClusterFault;

/// What knows how configs are made, and which images there are.
pub trait ClusterChecks: Send + Sync + 'static {
    /// Whether configs of this cluster can be made; what is wrong with its file if not.
    fn check_cluster(&self, spec: &ClusterSpec) -> Result<(), ClusterFault>;
    /// Whether there is an image of this name, for whichever processor.
    fn has_image(&self, name: &str) -> bool;
}
