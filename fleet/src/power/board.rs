//! Whether a machine's BMC is its own, asked before its power goes off for the first time.
//!
//! One mistyped address, and Drover would switch off somebody else's machine. So what the BMC says
//! of the machine around it is compared with the SMBIOS UUID. The answer is remembered for as long
//! as machine, address and UUID are the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bmc_control::bmc::BmcSession;
use bmc_control::board::{BoardMatch, match_board};
use bmc_ipmi::application::SystemGuid;
use machine_core::hardware::SystemUuid;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_store::{boards, identities};

use crate::error::{StepError, chain};
use crate::site::{About, Site};

/// What was found out about the BMC at an address of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It may switch the machine with this UUID off.
    Good(SystemUuid),
    /// It said this GUID, and the alarm is told.
    Alarmed(SystemGuid),
}

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct Boards {
    found: Mutex<BTreeMap<(MachineId, SocketAddr), Found>>,
}

impl Boards {
    /// Refuses, if the BMC says that it is in another machine.
    pub(super) async fn check(
        &self,
        site: &Site,
        machine: &Machine,
        bmc: &mut dyn BmcSession,
    ) -> Result<(), StepError> {
        let known = identities::of_machine(&site.db, machine.id).await?;
        let uuids = known.map(|it| it.uuids()).unwrap_or_default();
        let (Some(uuid), Some(endpoint)) = (uuids.first().copied(), &machine.bmc) else {
            return Ok(());
        };
        let place = (machine.id, endpoint.address());
        if self.found().get(&place) == Some(&Found::Good(uuid)) {
            return Ok(());
        }
        let said = system_guid(bmc).await?;
        let is_same = |uuid: &&SystemUuid| match_board(said, uuid) == BoardMatch::Same;
        let own = uuids.iter().find(is_same).unwrap_or(&uuid);
        let guid = match match_board(said, own) {
            BoardMatch::Same => {
                self.found().insert(place, Found::Good(uuid));
                return Ok(());
            }
            BoardMatch::Untold => {
                self.found().insert(place, Found::Good(uuid));
                note_untold(site, machine, endpoint.address());
                return Ok(());
            }
            BoardMatch::Other(guid) => guid,
        };
        let accepted = boards::accepted_bmc_guid(&site.db, machine.id).await?;
        if accepted.as_deref() == Some(guid.to_string().as_str()) {
            self.found().insert(place, Found::Good(uuid));
            return Ok(());
        }
        let why = refusal(machine, endpoint.address(), guid, uuid);
        let before = self.found().insert(place, Found::Alarmed(guid));
        if before != Some(Found::Alarmed(guid)) {
            let alarm = About::machine(machine.id).event(site.now(), "alarm", why.clone());
            site.commit.try_event(alarm);
        }
        Err(StepError::Refused(why))
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<(MachineId, SocketAddr), Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The GUID that a BMC says; none from one that does not know the question. An error is no answer:
/// whoever has no session free now may say another GUID later.
pub(super) async fn system_guid(bmc: &mut dyn BmcSession) -> Result<Option<SystemGuid>, StepError> {
    let identity = bmc.identity().await;
    let identity = identity.map_err(|error| StepError::Outside(chain(&error)))?;
    Ok(identity.system_guid)
}

fn refusal(machine: &Machine, address: SocketAddr, guid: SystemGuid, uuid: SystemUuid) -> String {
    let name = &machine.name;
    format!(
        "{name} is not switched off: its BMC at {address} says that it is in another machine \
         (GUID {guid}, but the UUID of {name} is {uuid}); correct the BMC's address and apply the \
         document; if this BMC is in {name} all the same: drover machine accept-bmc {name}"
    )
}

fn note_untold(site: &Site, machine: &Machine, address: SocketAddr) {
    let detail = format!(
        "its BMC at {address} does not say which machine it is in: that its address is right can't \
         be checked"
    );
    let event = About::machine(machine.id).event(site.now(), "power", detail);
    site.commit.try_event(event);
}
