//! A boot question over DHCP: which boot it belongs to, and whether it goes on to the network.

use machine_core::boot::{Asker, Boot, BootOrigin, BootStep};
use machine_core::decision::{Answer, BootFacts, Decision, Stage, decide};
use machine_core::evidence::{Identity, conflict_words};
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use machine_store::boot_read::boot_read;
use machine_store::dossier::BootRead;
use machine_store::error::StoreError;
use pxe_server::directory::{BootAnswer, BootQuestion};

use crate::boots::bounds::is_again;
use crate::boots::keeping::UNKEPT;
use crate::boots::{BootAnswers, claim, is_card_of_any};
use crate::error::StepError;
use crate::site::advanced;
use crate::spans::{record_boot, record_machine};

impl BootAnswers {
    pub(super) async fn answer_boot(
        &self,
        question: &BootQuestion,
    ) -> Result<BootAnswer, StepError> {
        let claim = claim(question.mac, question.uuid);
        let at = self.site.now();
        let read = boot_read(&self.site.db, &claim).await?;
        if let Identity::Known(machine) = read.identity {
            record_machine(machine);
        }
        self.note_other_board(&claim, &read, at);
        let adopted = self.adopted(question, &read, at).map(|boot| {
            let decision = self.decide_dhcp(question, &read, &boot, at);
            (boot, decision)
        });
        // A boot that was sent to its disk does not come back: for the network it is a new one.
        let goes_on = adopted
            .filter(|(boot, decision)| !boot.sent_to_disk || decision.answer == Answer::LocalDisk);
        let is_new = goes_on.is_none();
        let (boot, decision) = if let Some(goes_on) = goes_on {
            goes_on
        } else {
            let id = BootId::from_bytes(self.site.draw()?);
            let boot = opened(id, question, &read, at);
            if boot.machine.is_some() {
                self.count_boot(question.mac);
            }
            let decision = self.decide_dhcp(question, &read, &boot, at);
            (boot, decision)
        };
        record_boot(boot.id);
        let step = match question.asker {
            Asker::Firmware => BootStep::Discover,
            Asker::Ipxe => BootStep::Ipxe,
        };
        let sent_to_disk = decision.answer == Answer::LocalDisk;
        let kept = Boot {
            sent_to_disk,
            ..advanced(&boot, step, at)
        };
        if is_new || kept.step != boot.step || kept.sent_to_disk != boot.sent_to_disk {
            let outcome = self.keep_and_note(&kept, step, &decision, question).await;
            self.or_to_disk(outcome, &decision, &kept)?;
        }
        Ok(BootAnswer {
            boot: Some(kept.id),
            is_registered: is_card_of_any(question.mac, &read.candidates),
            netboot: !sent_to_disk,
            because: decision.because,
        })
    }

    /// The boot that the question belongs to, if it begins none.
    fn adopted(&self, question: &BootQuestion, read: &BootRead, at: Timestamp) -> Option<Boot> {
        let latest = match &read.standing {
            Some(standing) => {
                let unkept = self.unkept.of_card(question.mac).filter(|boot| {
                    boot.machine == Some(standing.machine.id) && at.since(boot.opened) < UNKEPT
                });
                later(read.boot.clone(), unkept)
            }
            None => self.sightings.of_card(question.mac),
        };
        latest.filter(|boot| boot.mac == Some(question.mac) && adopts(boot, question, at))
    }

    fn decide_dhcp(
        &self,
        question: &BootQuestion,
        read: &BootRead,
        boot: &Boot,
        at: Timestamp,
    ) -> Decision {
        let safe_mode = self.site.db.safe_mode();
        let facts = BootFacts {
            stage: Stage::Dhcp,
            unknown: self.unknown_policy(&question.subnet),
            identity: &read.identity,
            standing: read.standing.as_ref(),
            boot,
            safe_mode: safe_mode.as_ref(),
            doubt: None,
        };
        decide(&facts, at)
    }

    async fn keep_and_note(
        &self,
        boot: &Boot,
        step: BootStep,
        decision: &Decision,
        question: &BootQuestion,
    ) -> Result<(), StoreError> {
        let platform = question.platform.map_or_else(
            || "unknown firmware".to_owned(),
            |(arch, firmware)| format!("{arch} {firmware}"),
        );
        let who = match question.asker {
            Asker::Firmware => "firmware",
            Asker::Ipxe => "iPXE",
        };
        let way = match decision.answer {
            Answer::LocalDisk => "local disk",
            Answer::Wait | Answer::Install(_) => "network",
        };
        let detail = format!(
            "{who} of {} ({platform}): {way}, because {}",
            question.mac, decision.because
        );
        self.keep_soon(boot.clone()).await?;
        self.note(boot, boot.step_at, step, detail);
        if let Some(machine) = boot.machine {
            self.site.wake.machine(machine);
        }
        Ok(())
    }
}

/// The boot that a question begins.
pub(super) fn opened(id: BootId, question: &BootQuestion, read: &BootRead, at: Timestamp) -> Boot {
    Boot {
        id,
        machine: read.standing.as_ref().map(|standing| standing.machine.id),
        mac: Some(question.mac),
        origin: BootOrigin::Network,
        platform: question.platform,
        address: None,
        attempt: None,
        opened: at,
        step: BootStep::Discover,
        step_at: at,
        sent_to_disk: false,
        ready: None,
    }
}

/// The boot that began later; of one boot, what is known further of it.
fn later(kept: Option<Boot>, unkept: Option<Boot>) -> Option<Boot> {
    match (kept, unkept) {
        (Some(kept), Some(unkept)) => {
            let place = |boot: &Boot| (boot.opened, boot.step);
            Some(if place(&unkept) > place(&kept) {
                unkept
            } else {
                kept
            })
        }
        (kept, unkept) => kept.or(unkept),
    }
}

/// A REQUEST goes on with the boot of its DISCOVER.
fn adopts(boot: &Boot, question: &BootQuestion, at: Timestamp) -> bool {
    if question.is_discover {
        return boot.adopts(question.asker, at) || is_again(boot, at);
    }
    boot.origin == BootOrigin::Network
        && boot.step <= BootStep::Ipxe
        && at.since(boot.step_at) < Boot::CHAIN
}

/// Who is behind an identity, for messages.
pub(super) fn describe(identity: &Identity) -> String {
    match identity {
        Identity::Unknown => "nobody we know".to_owned(),
        Identity::Known(_) => "itself".to_owned(),
        Identity::Candidate(_) => "perhaps a known machine".to_owned(),
        Identity::Conflict {
            name,
            shared,
            differences,
            ..
        } => {
            let words = conflict_words(name, shared, differences);
            format!("not {name}, though it claims to be: {words}")
        }
    }
}
