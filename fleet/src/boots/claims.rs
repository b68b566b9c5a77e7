//! Who speaks for a machine: noted where it is shown and judged, told as an alarm where a person
//! should look, and weighed before an installer or a config goes out.

use std::net::IpAddr;

use machine_core::boot::Boot;
use machine_core::claimant::{Claimant, DoubtFacts, doubt, teaching_doubt};
use machine_core::dossier::Standing;
use machine_core::doubt::Doubt;
use machine_core::evidence::{Claim, EvidenceKind, Identity, KnownIdentity, contradictions};
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::claimants::{self, Heard};
use machine_store::dossier::BootRead;
use machine_store::{events, power_on};
use pxe_server::complaint::Source;
use pxe_server::directory::ScriptRequest;

use crate::boots::BootAnswers;
use crate::boots::alarms::AlarmKind;
use crate::error::StepError;
use crate::site::About;

/// How long a claimant that keeps asking is not written again: as long as its boot is not.
const AGE: std::time::Duration = std::time::Duration::from_secs(20);

/// How a refusal stands on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// A person should look.
    Alarm,
    /// It passes, or is somebody's own setting.
    Note,
}

impl Tone {
    /// The kind of its events.
    const fn kind(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Note => "refused",
        }
    }
}

impl BootAnswers {
    /// Whether a machine's timeline holds this already.
    pub(super) async fn is_told(
        &self,
        machine: MachineId,
        (tone, text): (Tone, &str),
    ) -> Result<bool, StepError> {
        Ok(events::is_told(&self.site.db, machine, (tone.kind(), text)).await?)
    }

    /// Tells on a machine's timeline what was refused to somebody, once a minute: whoever asks
    /// without end fills neither the log nor the timeline. What is told of one machine, or in one
    /// kind, hides nothing of another.
    pub(super) fn tell(
        &self,
        machine: MachineId,
        asker: impl Into<Source>,
        (kind, tone, text): (AlarmKind, Tone, String),
        at: Timestamp,
    ) {
        self.refusals.note(asker, &text);
        if !self.alarms.takes(machine, (kind, &text), at) {
            return;
        }
        let event = About::machine(machine).event(at, tone.kind(), text);
        self.site.commit.try_event(event);
    }

    /// A ROM that sends another UUID than is registered is let go on, since iPXE will tell the true
    /// one. It is seen all the same.
    pub(super) fn note_other_board(&self, claim: &Claim, read: &BootRead, at: Timestamp) {
        let Identity::Known(machine) = read.identity else {
            return;
        };
        let known = read.candidates.iter().find(|it| it.machine == machine);
        let differs = known.map(|known| contradictions(claim, known));
        if let Some([first, ..]) = differs.as_deref() {
            let text = format!(
                "the firmware of {} says the {} {}, and {} is registered: iPXE will tell which is \
                 true",
                claim.mac, first.kind, first.claimed, first.known
            );
            let told = (AlarmKind::Packet, Tone::Alarm, text);
            self.tell(machine, claim.mac, told, at);
        }
    }

    /// Says of a machine that boots what it did not say before. It is no reason to refuse it: what
    /// was heard before may have been somebody else.
    pub(super) fn note_news(&self, claim: &Claim, known: &KnownIdentity, at: Timestamp) {
        let heard = &known.heard;
        let usable = |it: &&SystemUuid| it.is_usable();
        let is_new_uuid = claim.uuid.filter(SystemUuid::is_usable).filter(|uuid| {
            let mut before = heard.uuids.iter().filter(usable).peekable();
            known.uuid.is_none()
                && before.peek().is_some()
                && before.all(|it| !it.is_same_board(*uuid))
        });
        let is_new_serial = claim.serial.as_ref().filter(|serial| {
            let mut before = heard.serials.iter().filter(|it| it.is_usable()).peekable();
            known.serial.is_none()
                && serial.is_usable()
                && before.peek().is_some()
                && before.all(|it| it != *serial)
        });
        let uuid = is_new_uuid.map(|it| (EvidenceKind::SystemUuid, it.to_string()));
        let serial = is_new_serial.map(|it| (EvidenceKind::SystemSerial, it.to_string()));
        for (kind, value) in uuid.into_iter().chain(serial) {
            let text = format!(
                "it says a {kind} that it did not say before, {value}: register its uuid and \
                 serial, and nobody who copies its card alone is taken for it"
            );
            let told = (AlarmKind::Boot, Tone::Alarm, text);
            self.tell(known.machine, claim.mac, told, at);
        }
    }

    /// Whose script this is not: the alarm goes to the machine whose boot was named.
    pub(super) fn note_not_holder(
        &self,
        machine: Option<MachineId>,
        request: &ScriptRequest,
        at: Timestamp,
    ) {
        let Some(machine) = machine else { return };
        let from = describe(request.peer, request.hardware);
        let text = format!(
            "{from} asks for the script of a boot of this machine, with another card or address \
             than that boot has: refused"
        );
        let asker = Source::Asker(machine, request.peer);
        let told = (AlarmKind::Script, Tone::Alarm, text);
        self.tell(machine, asker, told, at);
    }

    /// Why the boot that asks for its script may not be the machine's that it says to be.
    pub(super) async fn boot_doubt(
        &self,
        read: &BootRead,
        boot: &Boot,
        speaking: &Claimant,
        at: Timestamp,
    ) -> Result<Option<Doubt>, StepError> {
        let Some(standing) = &read.standing else {
            return Ok(None);
        };
        let machine = standing.machine.id;
        let Some(known) = read.candidates.iter().find(|it| it.machine == machine) else {
            return Ok(None);
        };
        let speaking = (Some(speaking), at);
        self.doubt(standing, known, boot, speaking).await
    }

    /// Why the boot of a claimant may not be its machine's; with everybody who has spoken so far.
    pub(super) async fn doubt(
        &self,
        standing: &Standing,
        known: &KnownIdentity,
        boot: &Boot,
        (speaking, at): (Option<&Claimant>, Timestamp),
    ) -> Result<Option<Doubt>, StepError> {
        let machine = &standing.machine;
        let heard = claimants::of_machine(&self.site.db, machine.id).await?;
        let mut claimants: Vec<Claimant> = heard.into_iter().map(|it| it.claimant).collect();
        if let Some(speaking) = speaking {
            hear(&mut claimants, speaking);
        }
        let powered_on = power_on::find(&self.site.db, machine.id).await?;
        let open = standing.attempt.as_ref().filter(|it| it.is_open());
        let Some(attempt) = open else {
            let teaches = |said| teaching_doubt(said, known, &claimants, powered_on, at);
            return Ok(speaking.and_then(teaches));
        };
        let facts = DoubtFacts {
            boot,
            attempt,
            known,
            claimants: &claimants,
            speaking,
            has_bmc: machine.bmc.is_some(),
            powered_on,
        };
        Ok(doubt(&facts, at))
    }

    /// Keeps who spoke for a machine. One that keeps asking the same is not written each time.
    pub(super) async fn hear(&self, heard: Heard) -> Result<(), StepError> {
        let before = claimants::of_machine(&self.site.db, heard.machine).await?;
        let is_kept = before.iter().any(|it| {
            let mut now = heard.claimant.clone();
            (now.first_seen, now.last_seen) = (it.claimant.first_seen, it.claimant.last_seen);
            let is_fresh = heard.claimant.last_seen.since(it.claimant.last_seen) < AGE;
            it.claimant == now && it.why == heard.why && it.is_own == heard.is_own && is_fresh
        });
        if !is_kept {
            self.site.commit.submit(heard).await?;
        }
        Ok(())
    }
}

/// Adds a claimant that speaks now to those that have spoken.
fn hear(claimants: &mut Vec<Claimant>, speaking: &Claimant) {
    let is_same = |it: &&mut Claimant| {
        it.boot == speaking.boot
            && it.card == speaking.card
            && it.address == speaking.address
            && it.uuid == speaking.uuid
            && it.serial == speaking.serial
    };
    match claimants.iter_mut().find(is_same) {
        Some(known) => known.last_seen = speaking.last_seen,
        None => claimants.push(speaking.clone()),
    }
}

/// An address and the card behind it.
pub(super) fn describe(address: IpAddr, card: Option<MacAddress>) -> String {
    match card {
        Some(mac) => format!("{address} ({mac})"),
        None => address.to_string(),
    }
}
