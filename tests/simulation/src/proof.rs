//! What really was the case when a first release was judged, by code that does not ask the core: the
//! power of the machine, and whether somebody else spoke in its boot.

use crate::invariant::Violation;
use crate::records::Row;

/// What really was the case when a first release was judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof {
    /// Whether the BMC said that the machine is on, or there is none.
    pub(crate) is_on: bool,
    /// Whether a clone that can't be told apart speaks in the boot, which no person accepted.
    pub(crate) is_disputed: bool,
}

impl Proof {
    /// Whether a config may go out on it.
    pub(crate) fn check(self, row: &Row) -> Result<(), Violation> {
        let machine = row.machine.name.clone();
        if !self.is_on {
            return Err(Violation::NoPowerProof { machine });
        }
        if self.is_disputed {
            return Err(Violation::Disputed { machine });
        }
        Ok(())
    }
}
