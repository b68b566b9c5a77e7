//! What the use cases see of the boot plane.

use std::sync::Arc;

use pxe_server::loaders::Loaders;
use pxe_server::witness::Witness;

use crate::boots::BootAnswers;

/// Those who answer boots, and what they have seen.
#[derive(Debug, Clone)]
pub struct BootPlaneView {
    /// The answers.
    pub answers: BootAnswers,
    /// The last packets.
    pub witness: Arc<Witness>,
    /// The bootloaders.
    pub loaders: Arc<Loaders>,
}
