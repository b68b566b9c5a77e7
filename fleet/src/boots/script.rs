//! A script request: the machine has said all that it knows of itself. Here evidence is kept,
//! and an inspection may go on to an install in the same boot.

use std::collections::BTreeSet;

use machine_core::boot::{Boot, BootStep};
use machine_core::decision::{Answer, BootFacts, Decision, Stage, decide};
use machine_core::doubt::Doubt;
use machine_core::evidence::{Claim, Identity};
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::network::UnknownPolicy;
use machine_core::time::Timestamp;
use machine_store::boot_read::boot_read;
use machine_store::dossier::BootRead;
use machine_store::evidence::Evidence;
use pxe_server::directory::{ScriptAnswer, ScriptRequest};

use crate::boots::BootAnswers;
use crate::boots::dhcp::describe;
use crate::boots::rule::hardware;
use crate::boots::settled::{Said, Seen};
use crate::boots::speaker::claimant;
use crate::error::StepError;
use crate::hardware_facts::learn_hardware;
use crate::site::advanced;
use crate::spans::record_machine;

/// A boot that polls its script is noted again after this long.
const POLL_NOTE: std::time::Duration = std::time::Duration::from_secs(20);

impl BootAnswers {
    /// The script for a boot; `None` if the boot is not known, or is not the asker's.
    pub(super) async fn answer_script(
        &self,
        request: &ScriptRequest,
    ) -> Result<Option<ScriptAnswer>, StepError> {
        let Some(boot) = self.find_boot(request.boot).await? else {
            return Ok(None);
        };
        let at = self.site.now();
        let Some(mac) = self.holder(&boot, request, at).await? else {
            return Ok(None);
        };
        let boot = Boot {
            address: Some(request.peer),
            platform: request.platform.or(boot.platform),
            ..boot
        };
        let claim = claim(mac, request);
        let read = self.judge(&claim, &boot, request, at).await?;
        match read.identity {
            Identity::Known(it) | Identity::Candidate(it) | Identity::Conflict { with: it, .. } => {
                record_machine(it);
            }
            Identity::Unknown => {}
        }
        match read.identity {
            Identity::Known(machine) => {
                let boot = Boot {
                    machine: Some(machine),
                    ..boot
                };
                if let Some(waits) = self.gives_up_kernel(&boot, at) {
                    return Ok(Some(waits));
                }
                let standing = read.clone();
                let heeded = self.heed(machine, &boot, &claim, read, request, at).await;
                let answer = match heeded {
                    Ok(read) => self.answer_known(&boot, &read, request, at).await,
                    Err(error) => Err(error),
                };
                self.or_leave(answer, &boot, &standing, at).map(Some)
            }
            Identity::Unknown => {
                let who = format!("it is {}", describe(&read.identity));
                self.note_script(&boot, &who, at).await?;
                self.answer_decided(&boot, &read, None, at).await.map(Some)
            }
            Identity::Candidate(machine) => self
                .refuse_claim(machine, &boot, &read, request, at)
                .await
                .map(Some),
            Identity::Conflict { with, .. } => self
                .refuse_claim(with, &boot, &read, request, at)
                .await
                .map(Some),
        }
    }

    /// Keeps what a machine says of itself, and moves it on by that; what stands for it then. A boot
    /// that may be somebody else's teaches nothing and moves nothing: it is only shown.
    async fn heed(
        &self,
        machine: MachineId,
        boot: &Boot,
        claim: &Claim,
        read: BootRead,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<BootRead, StepError> {
        let claimant = claimant(boot, claim.mac, request, at);
        if let Some(doubt) = self.boot_doubt(&read, boot, &claimant, at).await? {
            let known = read.candidates.iter().find(|it| it.machine == machine);
            let name = known.map_or("a machine", |it| it.name.as_str());
            let who = format!("it says that it is {name}, but {doubt}");
            self.note_script(boot, &who, at).await?;
            return Ok(read);
        }
        let who = format!("it is {}", describe(&read.identity));
        let said = Said {
            boot: boot.id,
            claim: claim.clone(),
            hardware: hardware(request),
        };
        let is_noted = boot.step >= BootStep::Script && at.since(boot.step_at) < POLL_NOTE;
        if is_noted && self.settled.is(machine, &said, self.revision(machine)) {
            return Ok(read);
        }
        self.learn(machine, claim, &read, request, at).await?;
        self.note_script(boot, &who, at).await?;
        let revision = self.revision(machine);
        // Whatever is done for it changes what is on record of it, and then it is looked at again.
        if self.reconciler.advance(machine).await? {
            self.settled.set(machine, said, revision);
        }
        Ok(boot_read(&self.site.db, claim).await?)
    }

    fn revision(&self, machine: MachineId) -> Option<Seen> {
        let model = self.site.db.model();
        let seen = model.read(|held| {
            let changed = held.machine(machine)?.changed;
            Some((changed, held.clusters_changed()))
        });
        seen.flatten()
    }

    async fn learn(
        &self,
        machine: MachineId,
        claim: &Claim,
        read: &BootRead,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<(), StepError> {
        if let Some(known) = read.candidates.iter().find(|it| it.machine == machine) {
            self.note_news(claim, known, at);
        }
        self.site
            .commit
            .submit(Evidence::of_claim(machine, claim, at))
            .await?;
        learn_hardware(&self.site, machine, &hardware(request), at).await
    }

    async fn note_script(&self, boot: &Boot, who: &str, at: Timestamp) -> Result<(), StepError> {
        let is_new = boot.step < BootStep::Script;
        // One that has come farther and asks again stands where it came to: its time goes on.
        let waits = boot.step == BootStep::Script && at.since(boot.step_at) >= POLL_NOTE;
        if is_new || waits {
            self.keep(advanced(boot, BootStep::Script, at)).await?;
        }
        if is_new {
            let detail = format!("its loader asks for its script: {who}");
            self.note(boot, at, BootStep::Script, detail);
        }
        Ok(())
    }

    pub(super) fn decide_script(
        &self,
        boot: &Boot,
        read: &BootRead,
        doubt: Option<&Doubt>,
        at: Timestamp,
    ) -> Decision {
        let safe_mode = self.site.db.safe_mode();
        let unknown = boot
            .address
            .and_then(|address| self.site.subnet_of(address))
            .map_or(UnknownPolicy::Ignore, |subnet| subnet.unknown);
        let facts = BootFacts {
            stage: Stage::Script,
            unknown,
            identity: &read.identity,
            standing: read.standing.as_ref(),
            boot,
            safe_mode: safe_mode.as_ref(),
            doubt,
        };
        decide(&facts, at)
    }

    pub(super) async fn answer_decided(
        &self,
        boot: &Boot,
        read: &BootRead,
        doubt: Option<&Doubt>,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let decision = self.decide_script(boot, read, doubt, at);
        match decision.answer {
            Answer::Wait => Ok(ScriptAnswer::Wait {
                because: decision.told,
            }),
            Answer::LocalDisk => {
                let kept = Boot {
                    sent_to_disk: true,
                    ..advanced(boot, BootStep::Script, at)
                };
                self.keep(kept).await?;
                Ok(ScriptAnswer::LocalDisk {
                    because: decision.told,
                })
            }
            Answer::Install(attempt) => self.answer_install(boot, attempt, at).await,
        }
    }
}

fn claim(mac: MacAddress, request: &ScriptRequest) -> Claim {
    let others: BTreeSet<MacAddress> = request
        .macs
        .iter()
        .copied()
        .filter(|other| *other != mac)
        .collect();
    let serial = request.serial.clone();
    Claim {
        mac,
        others,
        uuid: request.uuid,
        serial,
        complete: true,
    }
}
