//! What is on record of one machine. It is read once, and judged by many: what a boot is answered,
//! whether a config is released, and what is done next ask the same values.

use crate::attempt::Attempt;
use crate::boot::Boot;
use crate::intent::Intent;
use crate::machine::Machine;
use crate::time::Timestamp;

/// A machine and what stands for it: all that the answer to a boot depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its record.
    pub machine: Machine,
    /// Its latest intent, open or closed.
    pub intent: Option<Intent>,
    /// The latest attempt of that intent.
    pub attempt: Option<Attempt>,
}

/// A machine, its work and its history: all that the next step depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// Its record.
    pub machine: Machine,
    /// Its latest intent, open or closed.
    pub intent: Option<Intent>,
    /// The attempts of that intent, newest first.
    pub attempts: Vec<Attempt>,
    /// The newest attempt of the machine whose config was released, under whatever intent.
    pub released: Option<Attempt>,
    /// Its recent boots, newest first.
    pub boots: Vec<Boot>,
    /// When Drover, or a person through it, last switched it on, if nobody switched it off since.
    pub powered_on: Option<Timestamp>,
}

impl Dossier {
    /// Whether all is known that an allocation needs.
    pub const fn facts_complete(&self) -> bool {
        let hardware = &self.machine.hardware;
        hardware.arch.is_some() && hardware.firmware.is_some()
    }

    /// The attempt that is under way.
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.first().filter(|attempt| attempt.is_open())
    }
}
