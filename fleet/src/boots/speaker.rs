//! Who asks for a script: whether the boot is his, whether he may be the machine that he says to be,
//! and what he is told if not.

use std::net::IpAddr;

use machine_core::boot::Boot;
use machine_core::claimant::Claimant;
use machine_core::decision::Answer;
use machine_core::doubt::release_hold;
use machine_core::evidence::Identity;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::claimants::Heard;
use machine_store::dossier::BootRead;
use pxe_server::complaint::Source;
use pxe_server::directory::{ScriptAnswer, ScriptRequest};

use crate::boots::BootAnswers;
use crate::boots::alarms::AlarmKind;
use crate::boots::claims::{self, Tone};
use crate::boots::rule::said;
use crate::error::StepError;

impl BootAnswers {
    /// The card of a boot, if the script is its asker's: it goes only to the address that the boot
    /// holds and to the card that it began with, as we see it behind that address. Where we lease no
    /// address, the first with that card is it.
    pub(super) async fn holder(
        &self,
        boot: &Boot,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<Option<MacAddress>, StepError> {
        let seen = request.hardware;
        let seen = seen.ok_or_else(|| unknown_card(request.peer))?;
        let Some(mac) = boot.mac else {
            return Ok(None);
        };
        let has_address = boot.address.is_none_or(|address| address == request.peer);
        let says_so = request.mac.is_none_or(|said| said == mac);
        if seen == mac && has_address && says_so {
            return Ok(Some(mac));
        }
        self.note_not_holder(boot.machine, request, at);
        if let (Some(machine), true) = (boot.machine, seen == mac) {
            // Its card, and another address: one of the two is not the machine.
            let claimant = claimant(boot, seen, request, at);
            self.hear(Heard {
                machine,
                claimant,
                is_own: true,
                why: "it asks for the script of a boot at another address".to_owned(),
            })
            .await?;
        }
        Ok(None)
    }

    /// A claim that waits for a person, or contradicts: it is kept where it is shown, and is an
    /// alarm of the machine that it claims to be.
    pub(super) async fn refuse_claim(
        &self,
        machine: MachineId,
        boot: &Boot,
        read: &BootRead,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let decision = self.decide_script(boot, read, None, at);
        let card = boot.mac.or(request.hardware);
        let known = read.candidates.iter().find(|it| it.machine == machine);
        let why = match (known, &read.identity) {
            (Some(known), Identity::Candidate(_)) => format!(
                "a card that is not registered claims to be {}: if it is: {}",
                known.name,
                release_hold(&known.name, boot.id)
            ),
            _ => decision.because.clone(),
        };
        self.tell_claim(known, machine, (request.peer, card), &why, at);
        if let Some(card) = card {
            let is_own = known.is_some_and(|known| known.macs.contains(&card));
            let claimant = claimant(boot, card, request, at);
            self.hear(Heard {
                machine,
                claimant,
                is_own,
                why,
            })
            .await?;
        }
        Ok(match decision.answer {
            Answer::Wait | Answer::Install(_) => ScriptAnswer::Wait {
                because: decision.told,
            },
            Answer::LocalDisk => ScriptAnswer::LocalDisk {
                because: decision.told,
            },
        })
    }

    /// The answer to a machine that is what it says, as far as nothing else speaks against it.
    pub(super) async fn answer_known(
        &self,
        boot: &Boot,
        read: &BootRead,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let (Identity::Known(machine), Some(card)) = (&read.identity, boot.mac) else {
            return self.answer_decided(boot, read, None, at).await;
        };
        let known = read.candidates.iter().find(|it| it.machine == *machine);
        let claimant = claimant(boot, card, request, at);
        let mut doubt = self.boot_doubt(read, boot, &claimant, at).await?;
        if let (None, Some(standing)) = (&doubt, &read.standing) {
            let said = said(boot, request);
            doubt = self.rule_doubt(standing, &said).await?;
        }
        let open = read.standing.as_ref().and_then(|it| it.attempt.as_ref());
        let open = open.filter(|it| it.is_open());
        let why = match (&doubt, known) {
            // A boot is accepted for an attempt.
            (Some(doubt), Some(known)) if open.is_some() => doubt.told(&known.name, boot.id),
            (Some(doubt), _) => doubt.to_string(),
            (None, _) => String::new(),
        };
        if let Some(doubt) = &doubt {
            let tone = if doubt.is_alarm() {
                Tone::Alarm
            } else {
                Tone::Note
            };
            let from = claims::describe(request.peer, Some(card));
            let text = match open {
                Some(_) => format!("no installer for {from}: {why}"),
                None => format!("what {from} says moves nothing: {why}"),
            };
            let asker = Source::Asker(*machine, request.peer);
            self.tell(*machine, asker, (AlarmKind::Boot, tone, text), at);
        }
        self.hear(Heard {
            machine: *machine,
            claimant,
            is_own: true,
            why,
        })
        .await?;
        if open.is_some_and(|it| it.release.is_some()) {
            let from = claims::describe(request.peer, Some(card));
            let text = format!(
                "{from} asks for a boot script, though the config of this attempt went out: it gets \
                 no installer"
            );
            let asker = Source::Asker(*machine, request.peer);
            let told = (AlarmKind::Script, Tone::Alarm, text);
            self.tell(*machine, asker, told, at);
        }
        self.answer_decided(boot, read, doubt.as_ref(), at).await
    }
}

/// Nobody can tell whether a boot is this peer's.
pub(super) fn unknown_card(peer: IpAddr) -> StepError {
    StepError::Outside(format!(
        "the card behind {peer} is not known at this moment"
    ))
}

/// The boot that asks, as one that speaks for a machine.
pub(super) fn claimant(
    boot: &Boot,
    card: MacAddress,
    request: &ScriptRequest,
    at: Timestamp,
) -> Claimant {
    Claimant {
        boot: boot.id,
        card,
        address: request.peer,
        uuid: request.uuid,
        serial: request.serial.clone(),
        first_seen: at,
        last_seen: at,
    }
}
