//! A boot question over DHCP: which boot it belongs to, and whether it goes on to the network.

use machine_core::boot::{Asker, Boot, BootOrigin, BootStep};
use machine_core::decision::{Answer, BootFacts, Decision, Stage, decide};
use machine_core::evidence::Identity;
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use machine_store::boot_read::{BootRead, boot_read};
use machine_store::error::StoreError;
use pxe_server::directory::{BootAnswer, BootQuestion};

use crate::clock::now;
use crate::directory::{BootDirectory, claim, is_card_of_any};
use crate::error::StepError;
use crate::random::{NoRandomness, draw};
use crate::records::advanced;

impl BootDirectory {
    pub(super) async fn answer_boot(
        &self,
        question: &BootQuestion,
    ) -> Result<BootAnswer, StepError> {
        let claim = claim(question.mac, question.uuid);
        let at = now();
        let read = boot_read(&self.records.db, &claim).await?;
        let (boot, is_new) = self.opened_or_adopted(question, &read, at)?;
        let decision = self.decide_dhcp(question, &read, &boot, at);
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
            self.keep_and_note(&kept, step, &decision, question).await?;
        }
        Ok(BootAnswer {
            boot: Some(kept.id),
            is_registered: is_card_of_any(question.mac, &read.candidates),
            netboot: !sent_to_disk,
            because: decision.because,
        })
    }

    fn opened_or_adopted(
        &self,
        question: &BootQuestion,
        read: &BootRead,
        at: Timestamp,
    ) -> Result<(Boot, bool), NoRandomness> {
        let machine = read.standing.as_ref().map(|standing| standing.machine.id);
        let latest = match machine {
            Some(_) => read.boot.clone(),
            None => self.sightings.of_card(question.mac),
        };
        let is_of_card = |boot: &Boot| boot.mac == Some(question.mac);
        if let Some(boot) = latest.filter(|boot| is_of_card(boot) && adopts(boot, question, at)) {
            return Ok((boot, false));
        }
        let boot = Boot {
            id: BootId::from_bytes(draw()?),
            machine,
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
        };
        Ok((boot, true))
    }

    fn decide_dhcp(
        &self,
        question: &BootQuestion,
        read: &BootRead,
        boot: &Boot,
        at: Timestamp,
    ) -> Decision {
        let standing = read.standing.as_ref();
        let facts = BootFacts {
            stage: Stage::Dhcp,
            unknown: self.unknown_policy(&question.subnet),
            identity: &read.identity,
            machine: standing.map(|it| &it.machine),
            intent: standing.and_then(|it| it.intent.as_ref()),
            attempt: standing.and_then(|it| it.attempt.as_ref()),
            boot,
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
        self.keep(boot.clone()).await?;
        self.note(boot, boot.step_at, step, detail);
        if let Some(machine) = boot.machine {
            self.records.wake.machine(machine);
        }
        Ok(())
    }
}

/// A REQUEST goes on with the boot of its DISCOVER.
fn adopts(boot: &Boot, question: &BootQuestion, at: Timestamp) -> bool {
    if question.is_discover {
        return boot.adopts(question.asker, at);
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
            name, differences, ..
        } => {
            let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
            format!("not {name}, though it claims to be: {}", named.join("; "))
        }
    }
}
