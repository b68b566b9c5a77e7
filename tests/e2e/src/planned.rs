//! The machines of a scenario: as they are planned, and as they stand in the rack.

use std::net::Ipv4Addr;

use testbed::lab::Lab;
use testbed::machine::Machine;
use testbed::rack::RackedMachine;

use crate::documents::{Registered, Role};
use crate::error::ScenarioError;
use crate::scenario::ENDPOINT;

/// A machine of a scenario, before it is racked.
#[derive(Debug)]
pub struct Planned {
    /// The machine.
    pub machine: Machine,
    /// What it becomes.
    pub role: Role,
    /// The address that is reserved for it.
    pub address: Option<Ipv4Addr>,
    /// Whether its UUID and its serial number are registered.
    pub board: bool,
}

impl Planned {
    /// The control plane: its address is the cluster's endpoint.
    pub fn control_plane(machine: Machine) -> Self {
        Self {
            machine: outfitted(machine, "CP1-DISK"),
            role: Role::ControlPlane,
            address: Some(ENDPOINT),
            board: false,
        }
    }

    /// A worker.
    pub fn worker(machine: Machine) -> Self {
        Self {
            machine: outfitted(machine, "W1-DISK"),
            role: Role::Worker,
            address: None,
            board: false,
        }
    }

    /// With its UUID and its serial number registered, too.
    #[must_use]
    pub const fn with_board(mut self) -> Self {
        self.board = true;
        self
    }
}

/// With a disk and a BMC.
fn outfitted(machine: Machine, disk: &str) -> Machine {
    let machine = machine.bmc("drover", "not-secret-in-a-lab");
    match disk.parse() {
        Ok(serial) => machine.disk(serial, 2),
        Err(_) => machine,
    }
}

/// A machine that is racked, and not registered yet.
pub(crate) struct Racked {
    pub(crate) machine: RackedMachine,
    pub(crate) role: Role,
    pub(crate) address: Option<Ipv4Addr>,
    board: bool,
}

impl Racked {
    /// What is written down of it.
    pub(crate) const fn registered(&self) -> Registered<'_> {
        Registered {
            machine: &self.machine,
            address: self.address,
            board: self.board,
        }
    }
}

/// Racks these machines.
pub(crate) fn rack(lab: &Lab, machines: Vec<Planned>) -> Result<Vec<Racked>, ScenarioError> {
    let racked = machines.into_iter().map(|planned| {
        Ok(Racked {
            machine: lab.rack(planned.machine)?,
            role: planned.role,
            address: planned.address,
            board: planned.board,
        })
    });
    racked.collect()
}
