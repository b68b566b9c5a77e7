//! A script request: the machine has said all that it knows of itself. Here a stranger becomes a
//! machine, evidence is kept, and an inspection may go on to an install in the same boot.

use std::collections::BTreeSet;

use config_render::os::Netboot;
use config_render::oses::find_os;
use config_render::oses::talos::MACHINE_CONFIG;
use machine_core::boot::{Boot, BootStep};
use machine_core::cluster::Cluster;
use machine_core::decision::{Answer, BootFacts, Stage, decide};
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
use crate::hindrance::bootable;
use crate::learn::learn_hardware;
use crate::random::draw;
use crate::records::{About, Image, advanced};

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
        let Some(mac) = boot.mac.filter(|mac| is_holder(&boot, *mac, request)) else {
            return Ok(None);
        };
        let at = now();
        let boot = Boot {
            address: Some(request.peer),
            platform: request.platform.or(boot.platform),
            ..boot
        };
        let claim = claim(mac, request);
        let read = self.judge(&claim, &boot, request, at).await?;
        let machine = read.standing.as_ref().map(|standing| standing.machine.id);
        let boot = Boot {
            machine: machine.or(boot.machine),
            ..boot
        };
        if let Identity::Known(machine) = read.identity {
            let proven = claim.without_cards_of_others(machine, &read.candidates);
            self.learn(machine, &proven, request, at).await?;
        }
        self.note_script(&boot, &read, at).await?;
        let Identity::Known(machine) = read.identity else {
            return self.answer_decided(&boot, &read, at).await.map(Some);
        };
        self.reconciler.advance(machine).await?;
        let read = boot_read(&self.records.db, &claim).await?;
        self.answer_decided(&boot, &read, at).await.map(Some)
    }

    /// Who the asker is; a stranger who is let in, and a claimant, get a record of their own.
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
            let is_let_in = match &read.identity {
                Identity::Unknown => policy == Some(UnknownPolicy::Inspect),
                Identity::Conflict { claimant, .. } => claimant.is_none(),
                Identity::Known(_) | Identity::Candidate(_) => false,
            };
            if !is_let_in || !self.gets_record(claim, &read, at).await? {
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
        let name = format!("m-{}", claim.mac.to_string().replace(':', ""));
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
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<(), StepError> {
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

    async fn answer_decided(
        &self,
        boot: &Boot,
        read: &BootRead,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let standing = read.standing.as_ref();
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
        };
        let decision = decide(&facts, at);
        match decision.answer {
            Answer::Wait => Ok(ScriptAnswer::Wait {
                because: decision.because,
            }),
            Answer::LocalDisk => {
                let kept = Boot {
                    sent_to_disk: true,
                    ..advanced(boot, BootStep::Script, at)
                };
                self.keep(kept).await?;
                Ok(ScriptAnswer::LocalDisk {
                    because: decision.because,
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
        if attempt.boot != Some(boot.id) {
            let serve = AttemptWrite::Serve {
                id: attempt.id,
                boot: boot.id,
            };
            let detail = format!("boots the installer (attempt {})", attempt.number);
            let event = About::boot(boot).event(at, "install", detail);
            let change = Change {
                attempts: vec![serve],
                events: vec![event],
                ..Change::default()
            };
            if apply(db, &change).await? != Outcome::Applied {
                return Ok(wait("the attempt has changed: asking again"));
            }
        }
        let kept = Boot {
            attempt: Some(attempt.id),
            ..advanced(boot, BootStep::Script, at)
        };
        self.keep(kept.clone()).await?;
        self.installer(&kept, attempt.id, &cluster, image)
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

fn wait(because: impl Into<String>) -> ScriptAnswer {
    ScriptAnswer::Wait {
        because: because.into(),
    }
}

/// The script goes only to the address that the boot holds, and to the card that it began with.
/// Where we lease no address, the first who knows the boot's id is it.
fn is_holder(boot: &Boot, mac: MacAddress, request: &ScriptRequest) -> bool {
    let has_address = boot.address.is_none_or(|address| address == request.peer);
    has_address && request.mac.is_none_or(|said| said == mac)
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
