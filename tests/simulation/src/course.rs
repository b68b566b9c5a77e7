//! What has come of a situation so far: a part of the world's state.

use std::collections::BTreeSet;

use crate::node::Loaded;
use crate::situation::Moment;

/// What has come of a situation so far.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// The moments that the first node has come to.
    pub(crate) moments: BTreeSet<Moment>,
    /// How often a person took back what he had accepted.
    pub(crate) rounds: u32,
    /// What was loaded last when somebody listened.
    pub(crate) overheard: Option<Loaded>,
}
