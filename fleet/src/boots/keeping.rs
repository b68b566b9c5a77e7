//! Where a boot is kept and found: a machine's in the records, a stranger's in memory; with its steps,
//! and the lease of its address.

use std::time::Duration;

use machine_core::boot::{Boot, BootStep};
use machine_core::id::BootId;
use machine_core::network::Lease;
use machine_core::time::Timestamp;
use machine_store::boots;
use machine_store::error::StoreError;
use machine_store::events::Event;
use machine_store::leases::LeaseOutcome as Stored;
use pxe_server::directory::{LeaseOutcome, ObservedStep, StepOwner};
use tracing::instrument;

use crate::boots::BootAnswers;
use crate::site::{About, advanced};
use crate::spans::{record_boot, record_machine};

/// How long a boot may be on its way to the records. A commit that takes longer has failed.
pub(super) const UNKEPT: Duration = Duration::from_mins(1);

impl BootAnswers {
    /// A boot by its id: of a machine, or of a stranger.
    pub(super) async fn find_boot(&self, id: BootId) -> Result<Option<Boot>, StoreError> {
        if let Some(boot) = self.sightings.find(id) {
            return Ok(Some(boot));
        }
        let kept = boots::find(&self.site.db, id).await?;
        let unkept = || self.unkept.find(id).filter(|boot| self.is_fresh(boot));
        Ok(kept.or_else(unkept))
    }

    /// Whether a boot that is not on record may be on its way there.
    pub(super) fn is_fresh(&self, boot: &Boot) -> bool {
        self.site.now().since(boot.opened) < UNKEPT
    }

    /// Keeps a boot that nobody was told anything of yet which has to be durable: a DISCOVER is
    /// answered without a wait for the disk. Until it is on record, it is found in memory.
    pub(super) async fn keep_soon(&self, boot: Boot) -> Result<(), StoreError> {
        let (Some(_), Some(mac)) = (boot.machine, boot.mac) else {
            return self.keep(boot).await;
        };
        self.unkept.keep(mac, boot.clone());
        if self.site.commit.try_boot(boot.clone()) {
            let steps = self.sightings.hand_over(mac, boot.id);
            for step in steps {
                let machine = boot.machine;
                self.site.commit.try_event(Event { machine, ..step });
            }
            return Ok(());
        }
        self.keep(boot).await
    }

    /// Keeps a boot where it belongs: a machine's is durable when this returns, a stranger's is
    /// only remembered. One that was a stranger's until now brings its steps along.
    pub(super) async fn keep(&self, boot: Boot) -> Result<(), StoreError> {
        let (id, machine, mac) = (boot.id, boot.machine, boot.mac);
        if let (None, Some(mac)) = (machine, mac) {
            self.sightings.keep(mac, boot);
            return Ok(());
        }
        self.site.commit.submit(boot).await?;
        if let Some(mac) = mac {
            for step in self.sightings.hand_over(mac, id) {
                self.site.commit.try_event(Event { machine, ..step });
            }
        }
        Ok(())
    }

    /// Notes a step where its boot belongs: a machine's on its timeline, a stranger's in memory.
    pub(super) fn note(&self, boot: &Boot, at: Timestamp, step: BootStep, detail: String) {
        let event = About::boot(boot).event(at, step.as_str(), detail);
        if let Some(machine) = boot.machine {
            self.tell_paced(machine, event);
        } else {
            self.sightings.note(boot.id, event);
        }
    }

    pub(super) async fn boot_of(&self, owner: StepOwner) -> Result<Option<Boot>, StoreError> {
        let db = &self.site.db;
        match owner {
            StepOwner::Boot(id) => self.find_boot(id).await,
            StepOwner::Address(address) => boots::latest_of_address(db, address).await,
            StepOwner::Card(mac) => match self.sightings.of_card(mac) {
                Some(boot) => Ok(Some(boot)),
                None => boots::latest_of_mac(db, mac).await,
            },
        }
    }

    #[instrument(name = "step", skip_all, fields(step = observed.step.as_str(), boot, machine))]
    pub(super) async fn record_step(&self, observed: ObservedStep) -> Result<(), StoreError> {
        let Some(boot) = self.boot_of(observed.whose).await? else {
            return Ok(());
        };
        record_boot(boot.id);
        boot.machine.inspect(|it| record_machine(*it));
        if observed.step > boot.step {
            let at = self.site.now();
            self.keep(advanced(&boot, observed.step, at)).await?;
            self.note(&boot, at, observed.step, observed.detail);
        }
        self.recorded
            .add(observed.whose, observed.step.max(boot.step));
        Ok(())
    }

    pub(super) async fn commit_lease(
        &self,
        lease: Lease,
        boot: Option<BootId>,
    ) -> Result<LeaseOutcome, StoreError> {
        let address = lease.address;
        let held = match boot {
            Some(id) => self.find_boot(id).await?,
            None => None,
        };
        let holds = held.filter(|boot| boot.address != Some(address));
        let outcome = match holds {
            None => self.site.commit.submit(lease).await?,
            Some(boot) => {
                let boot = Boot {
                    address: Some(address),
                    ..boot
                };
                let (leased, kept) = tokio::join!(self.site.commit.submit(lease), self.keep(boot));
                kept?;
                leased?
            }
        };
        Ok(match outcome {
            Stored::Committed => LeaseOutcome::Committed,
            Stored::Taken { holder } => LeaseOutcome::Taken { holder },
        })
    }
}
