//! The records of one machine, and the store's rule for them: a write names the version it was
//! thought out on, and is refused if somebody was faster.

use machine_core::attempt::{Attempt, AttemptEnd};
use machine_core::boot::{Boot, BootStep};
use machine_core::claimant::Claimant;
use machine_core::evidence::KnownIdentity;
use machine_core::id::{AttemptId, BootId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;

/// A machine and all that is kept of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its record; its version guards the whole row.
    pub(crate) machine: Machine,
    /// Its evidence of identity.
    pub(crate) known: KnownIdentity,
    /// Its latest intent.
    pub(crate) intent: Option<Intent>,
    /// The attempts of that intent, newest first.
    pub(crate) attempts: Vec<Attempt>,
    /// The newest attempt of an earlier intent whose config was released.
    pub(crate) former: Option<Attempt>,
    /// Its recent boots, newest first.
    pub(crate) boots: Vec<Boot>,
    /// Who spoke for it.
    pub(crate) claimants: Vec<Claimant>,
    /// When it was last switched on by Drover, if nobody switched it off since.
    pub(crate) powered_on: Option<Timestamp>,
    /// How many attempts and network boots there were in all.
    pub(crate) totals: Totals,
}

/// What a run counts of a machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) attempts: u32,
    pub(crate) installers: u32,
}

impl Row {
    /// How many boots are kept for the plan to read.
    const RECENT: usize = 32;

    pub(crate) fn new(machine: Machine, known: KnownIdentity) -> Self {
        let (intent, attempts, boots) = (None, Vec::new(), Vec::new());
        let totals = Totals::default();
        Self {
            machine,
            known,
            intent,
            attempts,
            former: None,
            boots,
            claimants: Vec::new(),
            powered_on: None,
            totals,
        }
    }

    /// Whether all is known that an allocation needs.
    pub(crate) fn has_facts(&self) -> bool {
        self.machine.hardware.arch.is_some() && self.machine.hardware.firmware.is_some()
    }

    /// The attempt that may still lead to an install.
    pub(crate) fn open_attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts
            .first_mut()
            .filter(|attempt| attempt.is_open())
    }

    pub(crate) fn attempt(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.id == id)
    }

    pub(crate) fn boot(&mut self, id: BootId) -> Option<&mut Boot> {
        self.boots.iter_mut().find(|boot| boot.id == id)
    }

    /// Keeps a boot: over its earlier self, or as the newest.
    pub(crate) fn keep_boot(&mut self, boot: Boot) {
        if let Some(kept) = self.boot(boot.id) {
            *kept = boot;
        } else {
            self.boots.insert(0, boot);
            self.boots.truncate(Self::RECENT);
        }
    }

    /// Writes the machine, and ends what its new state leaves behind.
    pub(crate) fn write(&mut self, machine: Machine, now: Timestamp, ends: Option<Ends>) {
        let version = self.machine.version + 1;
        self.machine = Machine { version, ..machine };
        let Some((attempt_end, intent_end)) = ends else {
            return;
        };
        if let Some(attempt) = self.open_attempt() {
            attempt.closed = Some((now, attempt_end));
        }
        if let Some(intent) = self
            .intent
            .as_mut()
            .filter(|intent| intent.closed.is_none())
        {
            intent.closed = Some((now, intent_end));
        }
    }

    /// The newest attempt whose config was released, under whatever intent.
    pub(crate) fn released(&self) -> Option<&Attempt> {
        let mut newest_first = self.attempts.iter();
        newest_first
            .find(|attempt| attempt.release.is_some())
            .or(self.former.as_ref())
    }

    /// Opens an intent: of the attempts of the one before, the last that was released may still
    /// prove something.
    pub(crate) fn open_intent(&mut self, intent: Intent) {
        self.former = self.released().cloned();
        self.intent = Some(intent);
        self.attempts.clear();
    }

    /// Whether the machine has come to rest.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.machine.state, State::Active | State::Failed(_))
    }
}

/// How an open attempt and an open intent end with a change of state.
pub(crate) type Ends = (AttemptEnd, IntentEnd);

/// The boot after a step: it never goes back.
pub(crate) fn advanced(boot: &Boot, step: BootStep, at: Timestamp) -> Boot {
    Boot {
        step: boot.step.max(step),
        step_at: at,
        ..boot.clone()
    }
}
