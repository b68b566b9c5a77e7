//! The attempts of a plan: how one is opened and closed, and what is written beside it.

use machine_core::attempt::{Attempt, AttemptEnd, Wipe};
use machine_core::claimant::follows_power_on;
use machine_core::id::AttemptId;
use machine_core::plan::deadline::is_overdue;
use machine_core::power::PowerObservation;
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change};
use machine_store::events::Event;

use crate::error::StepError;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::site::About;

impl Reconciler {
    pub(super) async fn open_attempt(&self, situation: &Situation) -> Result<Progress, StepError> {
        let Some(intent) = &situation.dossier.intent else {
            return Ok(Progress::Done);
        };
        let at = self.site.now();
        let number = situation.last_number.saturating_add(1);
        let powered_on = situation.dossier.powered_on;
        // A machine that was switched on to be inspected is installed in the same boot; not in one
        // that was given an installer for another attempt.
        let goes_on = situation.dossier.boots.first().is_some_and(|boot| {
            let is_free = boot.attempt.is_none() && !boot.sent_to_disk;
            situation.dossier.attempts.is_empty() && is_free && follows_power_on(boot, powered_on)
        });
        let attempt = Attempt {
            id: AttemptId::from_bytes(self.site.draw()?),
            machine: situation.dossier.machine.id,
            intent: intent.id,
            number,
            assignment: intent.assignment.clone(),
            opened: at,
            deadline: at.plus(Attempt::LIFETIME),
            boot: None,
            accepted_boot: None,
            power_actions: 0,
            power_at: powered_on.filter(|_| goes_on),
            release: None,
            closed: None,
            basis: situation.basis(),
            wipe: None,
            verdict: None,
        };
        let about = About::machine(situation.dossier.machine.id);
        let event = about.event(at, "attempt", format!("attempt {number} begins"));
        self.write_attempt(situation, AttemptWrite::Open(attempt), event)
            .await
    }

    pub(super) async fn close_attempt(
        &self,
        situation: &Situation,
        end: AttemptEnd,
    ) -> Result<Progress, StepError> {
        let Some(attempt) = situation.dossier.open_attempt() else {
            return Ok(Progress::Again);
        };
        let at = self.site.now();
        let said = attempt
            .verdict
            .as_ref()
            .filter(|verdict| verdict.end == end);
        let said = said.map_or(String::new(), |verdict| format!(": {}", verdict.why));
        let detail = format!("attempt {} ended: {}{said}", attempt.number, end.as_str());
        let event = About::machine(situation.dossier.machine.id).event(at, "attempt", detail);
        self.write_attempt(situation, close(attempt, at, end), event)
            .await
    }

    /// Records that the next boot of the open attempt wipes the older install on its disk.
    pub(super) async fn plan_wipe(&self, situation: &Situation) -> Result<Progress, StepError> {
        let (Some(attempt), Some(intent)) =
            (situation.dossier.open_attempt(), &situation.dossier.intent)
        else {
            return Ok(Progress::Again);
        };
        let at = self.site.now();
        let detail = format!(
            "the next boot from the network wipes the older install on {}, as {} permits ({}, \
             attempt {})",
            attempt.assignment.disk, intent.actor, intent.reason, attempt.number
        );
        let wipe = Wipe { at, boot: None };
        let write = AttemptWrite::Wipe {
            id: attempt.id,
            wipe,
        };
        let event = About::machine(situation.dossier.machine.id).event(at, "wipe", detail);
        self.write_attempt(situation, write, event).await
    }

    /// Writes an attempt, if the machine is still what it was when that was thought out: a person
    /// may have taken it back, and a config may have been released, while its BMC was asked.
    async fn write_attempt(
        &self,
        situation: &Situation,
        write: AttemptWrite,
        event: Event,
    ) -> Result<Progress, StepError> {
        let change = Change {
            machines: vec![situation.hold()],
            attempts: vec![write],
            events: vec![event],
            ..Change::default()
        };
        self.site.commit.submit(change).await?;
        Ok(Progress::Again)
    }
}

/// Closes an attempt for this reason.
pub(super) fn close(attempt: &Attempt, at: Timestamp, end: AttemptEnd) -> AttemptWrite {
    AttemptWrite::Close {
        id: attempt.id,
        at,
        end,
    }
}

/// How the open attempt of a machine ends that is given up. Its time has run out only if that is why.
pub(super) fn given_up_as(situation: &Situation, attempt: &Attempt, at: Timestamp) -> AttemptEnd {
    if let Some(verdict) = &attempt.verdict {
        return verdict.end;
    }
    if is_overdue(&situation.work(&PowerObservation::NoBmc, None), at) {
        AttemptEnd::TimedOut
    } else {
        AttemptEnd::GivenUp
    }
}

/// The open attempt: installed if its config is what the machine runs on, else not needed any more.
pub(super) fn close_fulfilled(situation: &Situation, at: Timestamp) -> Option<AttemptWrite> {
    let attempt = situation.dossier.open_attempt()?;
    let end = if attempt.release.is_some() {
        AttemptEnd::Installed
    } else {
        AttemptEnd::Cancelled
    };
    Some(close(attempt, at, end))
}
