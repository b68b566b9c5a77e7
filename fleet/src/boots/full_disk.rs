//! What is answered while nothing can be committed, as on a full disk: an installed machine still
//! boots its own disk, and nothing else is promised.

use std::net::{IpAddr, Ipv4Addr};

use machine_core::boot::Boot;
use machine_core::decision::{Answer, Decision};
use machine_core::time::Timestamp;
use machine_store::dossier::BootRead;
use machine_store::error::StoreError;
use pxe_server::complaint::Source;
use pxe_server::directory::ScriptAnswer;

use crate::boots::BootAnswers;
use crate::error::{StepError, chain};

impl BootAnswers {
    /// What became of keeping a boot. Who is sent to the local disk is sent there though it can't be
    /// recorded, as on a full disk: that promises nothing, and silence would hold up an installed
    /// machine.
    pub(super) fn or_to_disk(
        &self,
        kept: Result<(), StoreError>,
        decision: &Decision,
        boot: &Boot,
    ) -> Result<(), StoreError> {
        match (kept, decision.answer) {
            (Err(error), Answer::LocalDisk) => {
                let source = boot
                    .mac
                    .map_or_else(|| IpAddr::V4(Ipv4Addr::UNSPECIFIED).into(), Source::from);
                let why = format!(
                    "it is sent to its local disk, which can't be recorded: {}",
                    chain(&error)
                );
                self.late.note(source, &why);
                Ok(())
            }
            (kept, _) => kept,
        }
    }

    /// The answer to a machine; if it can't be worked out, as on a full disk, and nothing is to be
    /// done to the machine, the way to its local disk.
    pub(super) fn or_leave(
        &self,
        answer: Result<ScriptAnswer, StepError>,
        boot: &Boot,
        read: &BootRead,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let error = match answer {
            Err(StepError::Store(error)) => error,
            other => return other,
        };
        let decision = self.decide_script(boot, read, None, at);
        self.or_to_disk(Err(error), &decision, boot)?;
        Ok(ScriptAnswer::LocalDisk {
            because: decision.told,
        })
    }
}
