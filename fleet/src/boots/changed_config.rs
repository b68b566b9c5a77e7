//! A config that would not be the same bytes for a second fetch: its attempt ends.

use config_render::os::Artefact;
use machine_core::artefact::{NamedDigest, differences};
use machine_core::attempt::{AttemptEnd, Verdict};
use machine_core::release::Peer;
use machine_core::time::Timestamp;
use machine_store::artefacts;
use machine_store::change::{AttemptWrite, Change};

use crate::boots::BootAnswers;
use crate::boots::case::Case;
use crate::boots::claims;
use crate::error::StepError;
use crate::site::About;

impl BootAnswers {
    /// The machine or its cluster was changed since the first fetch, so the same bytes can't be given
    /// again: the attempt ends, and the next one gets a config of its own. The timeline says which
    /// documents differ, by their digests.
    pub(super) async fn end_changed(
        &self,
        case: &Case,
        peer: Peer,
        made: &[Artefact],
        at: Timestamp,
    ) -> Result<(), StepError> {
        let why = format!(
            "{} fetches the config again, and it is not the same any more: the machine or its \
             cluster was changed since it was released",
            claims::describe(peer.address, peer.hardware)
        );
        let mut detail = format!("attempt {} is given up: {why}", case.attempt.number);
        let left = artefacts::of_attempt(&self.site.db, case.attempt.id).await?;
        let made: Vec<NamedDigest> = made.iter().map(Artefact::named_digest).collect();
        for difference in differences(&left, &made) {
            detail.push_str("; ");
            detail.push_str(&difference);
        }
        let verdict = Verdict {
            at,
            end: AttemptEnd::Interrupted,
            why,
        };
        let judge = AttemptWrite::Judge {
            id: case.attempt.id,
            verdict,
        };
        let change = Change {
            attempts: vec![judge],
            events: vec![About::machine(case.machine.id).event(at, "trouble", detail)],
            ..Change::default()
        };
        // Who was faster has said why it ends.
        self.site.commit.submit(change).await?;
        self.site.wake.machine(case.machine.id);
        Ok(())
    }
}
