//! How a stranger becomes a machine: whoever asks for a script, is nobody's and is let in by the rule
//! of its subnet gets a record of its own.

use machine_core::boot::Boot;
use machine_core::evidence::{Claim, Identity};
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::network::UnknownPolicy;
use machine_core::time::Timestamp;
use machine_store::boot_read::boot_read;
use machine_store::commit::sighting::{NewMachine, NewMachineOutcome};
use machine_store::dossier::BootRead;
use machine_store::events::Event;
use machine_store::evidence::Evidence;
use pxe_server::directory::ScriptRequest;

use crate::boots::BootAnswers;
use crate::boots::dhcp::describe;
use crate::boots::rule::hardware;
use crate::error::StepError;
use crate::expiry::has_room;
use crate::site::About;
use crate::spans::record_machine;

impl BootAnswers {
    /// Who the asker is; a stranger who is let in gets a record of its own. A claimant does not: a
    /// record that anybody can make stands in the way of those that people make.
    pub(super) async fn judge(
        &self,
        claim: &Claim,
        boot: &Boot,
        request: &ScriptRequest,
        at: Timestamp,
    ) -> Result<BootRead, StepError> {
        let mut read = boot_read(&self.site.db, claim).await?;
        for _ in 0..3 {
            let policy = self
                .site
                .subnet_of(request.peer)
                .map(|subnet| subnet.unknown);
            let is_let_in =
                read.identity == Identity::Unknown && policy == Some(UnknownPolicy::Inspect);
            if !is_let_in || !has_room(&self.site, at).await? {
                break;
            }
            self.make_machine(claim, boot, &read, request, at).await?;
            read = boot_read(&self.site.db, claim).await?;
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
        let id = MachineId::from_bytes(self.site.draw()?);
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
        let mut name = new.machine.name.clone();
        let outcome = match self.site.commit.submit(new.clone()).await? {
            NewMachineOutcome::NameTaken => {
                let suffix: [u8; 2] = self.site.draw()?;
                let mut again = new;
                name = format!("{name}-{:02x}{:02x}", suffix[0], suffix[1]);
                again.machine.name.clone_from(&name);
                self.site.commit.submit(again).await?
            }
            other => other,
        };
        if outcome == NewMachineOutcome::Created {
            record_machine(id);
            self.tell_found(&name, claim.mac, at);
            self.sightings.hand_over(claim.mac, boot_id);
        }
        Ok(())
    }
}
