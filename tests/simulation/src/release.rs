//! The release of a config in a run: judged by the core, committed by compare-and-set a moment
//! later, and only then sent; people take the machine back in between.

use std::net::IpAddr;

use machine_core::attempt::{Attempt, Release};
use machine_core::boot::BootStep;
use machine_core::disk::DiskIdentity;
use machine_core::doubt::Doubt;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, MachineId};
use machine_core::release::{Addressing, Grant, Peer, ReleaseFacts, ReleaseRefusal, may_release};

use crate::event::{Deed, Event, Releasing};
use crate::invariant::Violation;
use crate::node::NodeStep;
use crate::proof::Proof;
use crate::records::advanced;
use crate::scenario::Sabotage;
use crate::world::World;

/// What the core says to a request, and what really is the case.
#[derive(Debug)]
struct Judged {
    verdict: Result<Grant, ReleaseRefusal>,
    doubt: Option<Doubt>,
    proof: Proof,
}

impl World {
    /// A config is asked for: judged now, committed a moment later, and answered after that.
    pub(crate) fn begin_release(
        &mut self,
        node: usize,
        attempt: AttemptId,
        (address, hardware): (IpAddr, Option<MacAddress>),
    ) {
        let Some(machine) = self.attempt_owners.get(&attempt).copied() else {
            return;
        };
        let peer = Peer { address, hardware };
        let Some(judged) = self.judge(machine, attempt, peer) else {
            return;
        };
        let Judged {
            verdict,
            doubt,
            proof,
        } = judged;
        self.call_a_person(machine, doubt.as_ref());
        self.note(|| format!("node {node}: asks for the config of {attempt}: {verdict:?}"));
        self.refusals += u64::from(verdict.is_err());
        let Ok(grant) = verdict else { return };
        let releasing = Releasing {
            node,
            machine,
            version: self.rows[&machine].machine.version,
            attempt,
            grant,
            peer: address,
            proof,
        };
        let after = self.latency();
        self.schedule_inside(after, Event::Commit(releasing));
        if self.faults() && grant == Grant::First && self.random.percent(10) {
            let (owner, races) = (self.owner_nodes[&machine], self.latency());
            self.schedule(races, Event::Deed(owner, Deed::Cancel));
        }
    }

    /// Judges it; nothing if there is no such attempt.
    fn judge(&self, machine: MachineId, attempt: AttemptId, peer: Peer) -> Option<Judged> {
        let row = &self.rows[&machine];
        let asked = row.attempts.iter().find(|it| it.id == attempt)?;
        let macs: Vec<MacAddress> = row.known.macs.iter().copied().collect();
        let served = row.boots.iter().find(|boot| asked.boot == Some(boot.id));
        let doubt = served.and_then(|boot| self.doubt(machine, boot, None));
        let facts = ReleaseFacts {
            attempt: asked,
            intent: row.intent.as_ref()?,
            state: row.machine.state,
            cards: &macs,
            boot: served,
            addressing: Addressing::Ours,
            leased_to: None,
            doubt: doubt.as_ref(),
            names_another: false,
            transport_permitted: true,
        };
        let permitted = may_release(&facts, peer, self.now);
        let (proven, proof) = self.prove_power(machine, served);
        let first = if asked.release.is_none() {
            Grant::First
        } else {
            Grant::Again
        };
        let verdict = match permitted {
            Err(_) if self.sabotaged(Sabotage::ReleaseToAnybody) => Ok(first),
            Ok(Grant::First) => proven.map(|()| Grant::First),
            other => other,
        };
        Some(Judged {
            verdict,
            doubt,
            proof,
        })
    }

    /// The claim is committed, unless somebody was faster; then the bytes go out.
    pub(crate) fn commit_release(&mut self, releasing: &Releasing) -> Result<(), Violation> {
        let Releasing {
            machine,
            version,
            attempt,
            grant,
            peer,
            ..
        } = *releasing;
        let (now, careless) = (self.now, self.sabotaged(Sabotage::CommitStale));
        let row = self.row(machine);
        let fresh = careless || grant == Grant::Again || row.machine.version == version;
        let intent_open = careless || row.intent.as_ref().is_some_and(|it| it.is_open(now));
        let Some(claimed) = row.attempt(attempt) else {
            return Ok(());
        };
        let claimable = match (grant, &mut claimed.release) {
            (Grant::First, None) => careless || claimed.is_open(),
            (Grant::Again, Some(release))
                if claimed.closed.is_none() && release.fetches < Attempt::MAX_FETCHES =>
            {
                release.fetches += 1;
                true
            }
            (Grant::First, Some(_)) | (Grant::Again, None | Some(_)) => false,
        };
        if !(fresh && intent_open && claimable) {
            return Ok(());
        }
        let row = self.row(machine);
        if grant == Grant::First {
            let release = Release {
                at: now,
                peer,
                digest: [0; 32],
                fetches: 1,
            };
            if let Some(claimed) = row.attempt(attempt) {
                claimed.release = Some(release);
            }
            if let Some(intent) = &mut row.intent {
                intent.claims += 1;
            }
            let same = row.machine.clone();
            row.write(same, now, None);
        }
        self.send_config(releasing)
    }

    fn send_config(&mut self, releasing: &Releasing) -> Result<(), Violation> {
        let Releasing {
            node,
            machine,
            attempt,
            grant,
            proof,
            ..
        } = *releasing;
        if grant == Grant::First {
            proof.check(&self.rows[&machine])?;
        }
        let Some(sent) = self.rows[&machine]
            .attempts
            .iter()
            .find(|it| it.id == attempt)
            .cloned()
        else {
            return Ok(());
        };
        let owner = self.owner_nodes.get(&machine).copied();
        self.ledger
            .release(&self.rows[&machine], &sent, (node, owner), self.now)?;
        let served = sent
            .boot
            .and_then(|boot| self.row(machine).boot(boot).cloned());
        if let Some(boot) = served {
            let boot = advanced(&boot, BootStep::Config, self.now);
            self.keep(boot);
        }
        self.wake(machine);
        if owner == Some(node) && self.wire_holds() {
            let disk = sent.assignment.disk;
            let after = self.latency();
            self.later(node, after, NodeStep::Config(attempt, disk));
        }
        Ok(())
    }

    /// A node begins to write: was that permitted?
    pub(crate) fn judge_disk_write(
        &self,
        index: usize,
        attempt: AttemptId,
        disk: &DiskIdentity,
    ) -> Result<(), Violation> {
        let machine = self.attempt_owners[&attempt];
        self.ledger
            .disk_write(&self.rows[&machine], index, attempt, disk)
    }
}
