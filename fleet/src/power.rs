//! Power through BMCs: a driver for each machine that has one, with its sealed password.

mod board;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api_server::effects::power::{PowerOff, PowerRequest};
use bmc_control::bmc::{Bmc, BmcSession};
use bmc_control::connect::Secrets;
use bmc_control::quirks;
use machine_core::bmc_secret::BmcSecret;
use machine_core::hardware::Firmware;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_core::power::{BootDevice, BootOverride, PowerCommand, PowerObservation, PowerState};
use machine_core::time::Timestamp;
use machine_store::place::Place;
use machine_store::secrets;

use crate::error::{StepError, chain};
use crate::power::board::{Boards, system_guid};
use crate::power::steps::{Before, outside, start_from_network, switch_off, switch_on};
use crate::site::{About, Site};
use machine_core::sabotage::Sabotage;

/// Where the password of a machine's BMC is kept.
pub fn password_place(machine: MachineId) -> Place {
    Place::new("machine", machine, "bmc_password")
}

/// The BMCs.
#[derive(Debug)]
pub struct Power {
    site: Arc<Site>,
    commands: Mutex<BTreeMap<MachineId, PowerCommand>>,
    turns: Mutex<BTreeMap<MachineId, Arc<tokio::sync::Mutex<()>>>>,
    boards: Boards,
}

impl Power {
    /// The BMCs of these records' machines.
    pub fn new(site: Arc<Site>) -> Self {
        Self {
            site,
            commands: Mutex::default(),
            turns: Mutex::default(),
            boards: Boards::default(),
        }
    }

    /// The machine's turn: whoever holds it may switch its power.
    pub fn turn(&self, machine: MachineId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(machine).or_default())
    }

    /// What the machine's BMC was last told for a plan.
    pub fn last_command(&self, machine: MachineId) -> Option<PowerCommand> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.get(&machine).cloned()
    }

    /// Notes a command that is about to be given, for what is being tried since `since`.
    pub fn note_command(
        &self,
        machine: MachineId,
        since: Timestamp,
        wanted: PowerState,
        at: Timestamp,
    ) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let before = commands.remove(&machine).filter(|it| it.at >= since);
        let count = before.as_ref().map_or(0, |it| it.count).saturating_add(1);
        let refused = before.and_then(|it| it.refused);
        let command = PowerCommand {
            wanted,
            at,
            count,
            refused,
        };
        commands.insert(machine, command);
    }

    /// Notes that the last command was carried out.
    pub fn note_obeyed(&self, machine: MachineId) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(command) = commands.get_mut(&machine) {
            command.refused = None;
        }
    }

    /// Notes what was said instead of carrying it out. Returns whether that is new.
    pub fn note_refusal(&self, machine: MachineId, why: String) -> bool {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands
            .get_mut(&machine)
            .is_some_and(|command| command.refused.replace(why.clone()) != Some(why))
    }

    /// What the machine's BMC says.
    pub async fn observe(&self, machine: &Machine) -> PowerObservation {
        match self.driver(machine).await {
            Ok(None) => PowerObservation::NoBmc,
            Ok(Some(bmc)) => match bmc.power().await {
                Ok(power) => PowerObservation::Is(power),
                Err(error) => PowerObservation::Unreachable(chain(&error)),
            },
            Err(error) => PowerObservation::Unreachable(error.chain()),
        }
    }

    /// Sets the boot override to the network, once, and switches power on. Returns what the BMC
    /// made of the override, if not all of it.
    pub async fn start_from_network(&self, machine: &Machine) -> Result<Option<String>, StepError> {
        let mut session = self.session(machine).await?;
        // A machine that has not said what it is: servers of today are UEFI.
        let efi = machine.hardware.firmware != Some(Firmware::Bios);
        let wanted = BootOverride {
            device: BootDevice::Network,
            efi,
        };
        let started = start_from_network(&mut *session, wanted).await;
        session.close().await;
        started
    }

    /// Does with a machine's power what is asked for, in one session with its BMC, and waits until
    /// that says that the machine has followed. Power goes off only by a BMC that does not say that
    /// it is in another machine.
    pub async fn switch(
        &self,
        machine: &Machine,
        request: PowerRequest,
    ) -> Result<PowerState, StepError> {
        let mut session = self.session(machine).await?;
        let switched = match request {
            PowerRequest::On => switch_on(&machine.name, &mut *session, Before::Nothing).await,
            PowerRequest::Off(way) => self.off(machine, &mut *session, way).await,
            PowerRequest::Cycle(way) => match self.off(machine, &mut *session, way).await {
                Ok(_) => switch_on(&machine.name, &mut *session, Before::Switched).await,
                Err(error) => Err(error),
            },
        };
        session.close().await;
        switched
    }

    async fn off(
        &self,
        machine: &Machine,
        session: &mut dyn BmcSession,
        way: PowerOff,
    ) -> Result<PowerState, StepError> {
        if !Sabotage::BmcOfAnotherObeyed.is_on() {
            self.boards.check(&self.site, machine, session).await?;
        }
        let cut = switch_off(&machine.name, session, way).await?;
        if let Some(why) = cut {
            let event = About::machine(machine.id).event(self.site.now(), "power", why);
            self.site.commit.try_event(event);
        }
        Ok(PowerState::Off)
    }

    /// The GUID that the machine's BMC says of the machine around it, if it is usable.
    pub async fn guid(&self, machine: &Machine) -> Result<Option<String>, StepError> {
        let mut session = self.session(machine).await?;
        let said = system_guid(&mut *session).await;
        session.close().await;
        let usable = said?.filter(|guid| guid.is_usable());
        Ok(usable.map(|guid| guid.to_string()))
    }

    /// A session for one operation; none in safe mode, in which nothing is switched.
    async fn session(&self, machine: &Machine) -> Result<Box<dyn BmcSession>, StepError> {
        let bmc = self.driver_or_error(machine).await?;
        bmc.session().await.map_err(|error| outside(&error))
    }

    /// What switches the machine; nothing does in safe mode.
    async fn driver_or_error(&self, machine: &Machine) -> Result<Box<dyn Bmc>, StepError> {
        if let Some(safe_mode) = self.site.db.safe_mode() {
            return Err(StepError::SafeMode(safe_mode));
        }
        let none = || {
            let name = &machine.name;
            StepError::Refused(format!(
                "{name} has no BMC: register one in its document (drover machine apply --file FILE)"
            ))
        };
        self.driver(machine).await?.ok_or_else(none)
    }

    async fn driver(&self, machine: &Machine) -> Result<Option<Box<dyn Bmc>>, StepError> {
        let Some(endpoint) = &machine.bmc else {
            return Ok(None);
        };
        let closed = |why: String| StepError::Sealed {
            what: "the BMC's password",
            why,
        };
        let place = password_place(machine.id);
        let sealed = secrets::find(&self.site.db, &place).await?;
        let sealed = sealed.ok_or(StepError::Gone {
            what: "the BMC's password",
        })?;
        let plain = self.site.seal.unseal(&place, &sealed);
        let plain = plain.map_err(|error| closed(error.to_string()))?;
        let secret = BmcSecret::of_text(plain.expose());
        let secret = secret.ok_or_else(|| {
            closed("what was sealed is none: apply the machine's document again".to_owned())
        })?;
        let endpoint = quirks::applied(endpoint, &machine.hardware);
        Ok(Some(
            self.site.bmcs.connect(&endpoint, Secrets::from(secret)),
        ))
    }
}
