//! A script request: the machine has said all that it knows of itself. Here a stranger becomes a
//! machine, evidence is kept, and an inspection may go on to an install in the same boot.

use std::collections::BTreeSet;

use config_render::os::Netboot;
use config_render::oses::find_os;
use config_render::oses::talos::MACHINE_CONFIG;
use machine_core::attempt::{Attempt, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::claimant::Doubt;
use machine_core::cluster::Cluster;
use machine_core::decision::{Answer, BootFacts, Decision, Stage, decide};
use machine_core::evidence::{Claim, Identity};
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, MachineId};
use machine_core::machine::{Hardware, Machine};
use machine_core::network::UnknownPolicy;
use machine_core::time::Timestamp;
use machine_store::boot_read::{BootRead, boot_read};
use machine_store::change::{AttemptWrite, Change, Outcome, apply};
use machine_store::commit::sighting::{NewMachine, NewMachineOutcome};
use machine_store::events::Event;
use machine_store::evidence::Evidence;
use machine_store::{attempts, clusters};
use pxe_server::directory::{ScriptAnswer, ScriptRequest};

use crate::clock::now;
use crate::directory::BootDirectory;
use crate::directory::dhcp::describe;
use crate::error::StepError;
use crate::expiry::has_room;
use crate::hindrance::bootable;
use crate::learn::learn_hardware;
use crate::random::draw;
use crate::records::{About, Image, advanced};

/// Tells Talos to wipe what it takes for its own, and to restart through the firmware.
const WIPE: &str = "talos.experimental.wipe=system";
/// A boot that polls its script is noted again after this long.
const POLL_NOTE: std::time::Duration = std::time::Duration::from_secs(20);

impl BootDirectory {
    /// The script for a boot; `None` if the boot is not known, or is not the asker's.
    pub(super) async fn answer_script(
        &self,
        request: &ScriptRequest,
    ) -> Result<Option<ScriptAnswer>, StepError> {
        let Some(boot) = self.find_boot(request.boot).await? else {
            return Ok(None);
        };
        let at = now();
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
            Identity::Known(machine) => {
                self.learn(machine, &claim, &read, request, at).await?;
                let boot = Boot {
                    machine: Some(machine),
                    ..boot
                };
                self.note_script(&boot, &read, at).await?;
                self.reconciler.advance(machine).await?;
                let read = boot_read(&self.records.db, &claim).await?;
                self.answer_known(&boot, &read, request, at).await.map(Some)
            }
            Identity::Unknown => {
                self.note_script(&boot, &read, at).await?;
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

    /// Who the asker is; a stranger who is let in gets a record of its own. A claimant does not: a
    /// record that anybody can make stands in the way of those that people make.
    async fn judge(
        &self,
        claim: &Claim,
        boot: &Boot,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<BootRead, StepError> {
        let mut read = boot_read(&self.records.db, claim).await?;
        for _ in 0..3 {
            let policy = self
                .records
                .subnet_of(request.peer)
                .map(|subnet| subnet.unknown);
            let is_let_in =
                read.identity == Identity::Unknown && policy == Some(UnknownPolicy::Inspect);
            if !is_let_in || !has_room(&self.records, at).await? {
                break;
            }
            self.make_machine(claim, boot, &read, request, at).await?;
            read = boot_read(&self.records.db, claim).await?;
        }
        Ok(read)
    }

    async fn make_machine(
        &self,
        claim: &Claim,
        boot: &Boot,
        read: &BootRead,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let id = MachineId::from_bytes(draw()?);
        let name = Machine::generated_name(claim.mac);
        let mut machine = Machine::discovered(id, name, at);
        machine.hardware = hardware(request);
        let facts = Evidence::of_claim(id, claim, at).facts;
        let boot = Boot {
            machine: Some(id),
            ..boot.clone()
        };
        let found = format!("found in the network; it is {}", describe(&read.identity));
        let (boot_id, owner) = (boot.id, boot.machine);
        let discovered = About::boot(&boot).event(at, "discovered", found);
        let steps = self.sightings.steps(boot_id).into_iter();
        let events = steps.map(|step| Event {
            machine: owner,
            ..step
        });
        let new = NewMachine {
            facts,
            candidates: read.candidates.iter().map(|it| it.machine).collect(),
            events: events.chain([discovered]).collect(),
            boot: Some(boot),
            machine,
        };
        let outcome = match self.records.commit.submit(new.clone()).await? {
            NewMachineOutcome::NameTaken => {
                let suffix: [u8; 2] = draw()?;
                let mut again = new;
                again.machine.name =
                    format!("{}-{:02x}{:02x}", again.machine.name, suffix[0], suffix[1]);
                self.records.commit.submit(again).await?
            }
            other => other,
        };
        if outcome == NewMachineOutcome::Created {
            self.sightings.hand_over(claim.mac, boot_id);
        }
        Ok(())
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
        self.records
            .commit
            .submit(Evidence::of_claim(machine, claim, at))
            .await?;
        learn_hardware(&self.records.db, machine, &hardware(request)).await
    }

    async fn note_script(
        &self,
        boot: &Boot,
        read: &BootRead,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let is_new = boot.step < BootStep::Script;
        if is_new || at.since(boot.step_at) >= POLL_NOTE {
            self.keep(advanced(boot, BootStep::Script, at)).await?;
        }
        if is_new {
            let who = describe(&read.identity);
            let detail = format!("iPXE asks for its script: it is {who}");
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
        let standing = read.standing.as_ref();
        let safe_mode = self.records.db.safe_mode();
        let unknown = boot
            .address
            .and_then(|address| self.records.subnet_of(address))
            .map_or(UnknownPolicy::Ignore, |subnet| subnet.unknown);
        let facts = BootFacts {
            stage: Stage::Script,
            unknown,
            identity: &read.identity,
            machine: standing.map(|it| &it.machine),
            intent: standing.and_then(|it| it.intent.as_ref()),
            attempt: standing.and_then(|it| it.attempt.as_ref()),
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

    async fn answer_install(
        &self,
        boot: &Boot,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let db = &self.records.db;
        let Some(attempt) = attempts::find(db, attempt).await? else {
            return Ok(wait("the attempt is gone"));
        };
        let Some(cluster) = clusters::find(db, attempt.assignment.cluster).await? else {
            return Ok(wait("the cluster is gone"));
        };
        let Some((arch, _)) = boot.platform else {
            return Ok(wait("it did not say which processor it has"));
        };
        let image = match bootable(&self.records.images, &cluster.spec, arch) {
            Ok(image) => image,
            Err(why) => return Ok(wait(why)),
        };
        let wipe = attempt.wipe.filter(|_| attempt.wipes_in(boot.id));
        if attempt.boot != Some(boot.id) {
            let change = serving(&attempt, boot, at);
            if apply(db, &change).await? != Outcome::Applied {
                return Ok(wait("the attempt has changed: asking again"));
            }
        }
        let kept = Boot {
            attempt: Some(attempt.id),
            ..advanced(boot, BootStep::Script, at)
        };
        self.keep(kept.clone()).await?;
        let answer = self.installer(&kept, attempt.id, &cluster, image)?;
        Ok(match wipe {
            Some(_) => with_argument(answer, WIPE),
            None => answer,
        })
    }

    fn installer(
        &self,
        boot: &Boot,
        attempt: AttemptId,
        cluster: &Cluster,
        image: &Image,
    ) -> Result<ScriptAnswer, StepError> {
        let server = |port| {
            boot.address
                .and_then(|peer| self.records.server_for(peer, port))
        };
        let ports = self.records.ports;
        let Some(http) = server(ports.http) else {
            return Ok(wait("its address is in none of the subnets"));
        };
        let token = self.records.tokens.mint(attempt);
        let config = format!("http://{http}/c/{token}/{MACHINE_CONFIG}");
        let netboot = Netboot {
            version: &cluster.spec.talos,
            arch: image.arch,
            boot: boot.id,
            config: Some(&config),
            event_sink: server(ports.event_sink),
            kernel_log: server(ports.log),
            consoles: &[],
        };
        let os = find_os("talos").ok_or(StepError::Gone {
            what: "the profile of Talos",
        })?;
        let arguments = os
            .kernel_arguments(&netboot)
            .map_err(|error| StepError::Render {
                why: error.to_string(),
            })?;
        Ok(ScriptAnswer::Boot {
            kernel: image.kernel,
            initrd: image.initrd,
            arguments: arguments
                .into_iter()
                .chain(image.arguments.iter().cloned())
                .collect(),
        })
    }
}

/// That this boot serves its attempt; and that it is the one that wipes, if that was decided.
fn serving(attempt: &Attempt, boot: &Boot, at: Timestamp) -> Change {
    let (id, number) = (attempt.id, attempt.number);
    let serve = AttemptWrite::Serve { id, boot: boot.id };
    let wipe = attempt.wipe.filter(|_| attempt.wipes_in(boot.id));
    let wipe = wipe.map(|wipe| AttemptWrite::Wipe {
        id,
        wipe: Wipe {
            boot: Some(boot.id),
            ..wipe
        },
    });
    let (kind, detail) = match wipe {
        Some(_) => (
            "wipe",
            format!(
                "wipes the older install on {}, then restarts (attempt {number})",
                attempt.assignment.disk
            ),
        ),
        None => ("install", format!("boots the installer (attempt {number})")),
    };
    Change {
        attempts: [serve].into_iter().chain(wipe).collect(),
        events: vec![About::boot(boot).event(at, kind, detail)],
        ..Change::default()
    }
}

fn with_argument(answer: ScriptAnswer, argument: &str) -> ScriptAnswer {
    match answer {
        ScriptAnswer::Boot {
            kernel,
            initrd,
            mut arguments,
        } => {
            arguments.push(argument.to_owned());
            ScriptAnswer::Boot {
                kernel,
                initrd,
                arguments,
            }
        }
        other => other,
    }
}

fn wait(because: impl Into<String>) -> ScriptAnswer {
    ScriptAnswer::Wait {
        because: because.into(),
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

fn hardware(request: &ScriptRequest) -> Hardware {
    Hardware {
        arch: request.platform.map(|(arch, _)| arch),
        firmware: request.platform.map(|(_, firmware)| firmware),
        manufacturer: request.manufacturer.clone(),
        product: request.product.clone(),
    }
}
