//! A machine's BMC: `OpenIPMI`'s `ipmi_sim`, a BMC in software, in the server's reach.
//!
//! It speaks RMCP+ on port 623 of an address of its own and drives the machine through a program,
//! `testbed-chassis` where the machine is one of QEMU's. [`crate::ipmi_sim`] says what it can do.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use crate::chassis::Chassis;
use crate::error::LabError;
use crate::ipmi_sim::{Emulator, User, await_answer};
use crate::machine::Credentials;
use crate::program::Program;
use crate::requirement::built;
use crate::room::Room;

/// A running BMC.
#[derive(Debug)]
pub struct Bmc {
    address: SocketAddrV4,
    credentials: Credentials,
    program: Program,
}

/// What a BMC says of itself, and what it drives.
#[derive(Debug)]
pub struct BmcSettings<'a> {
    /// Its name; its output is the artefact `<name>-bmc.log`.
    pub name: &'a str,
    /// The folder of its files.
    pub folder: &'a Path,
    /// Its system GUID: 32 hexadecimal digits.
    pub guid: &'a str,
    /// Where it listens, in the server's namespace.
    pub address: Ipv4Addr,
    /// Who may drive it.
    pub credentials: Credentials,
    /// The command that switches what stands behind it, called with `get power boot`,
    /// `set boot pxe power 1` and the like (`ipmi_lan(5)`, `chassis_control`).
    pub control: String,
}

impl Bmc {
    /// Starts the BMC of `chassis` at `address` and waits until it answers.
    pub(crate) fn of_chassis(
        room: &Room,
        chassis: &Chassis,
        address: Ipv4Addr,
        credentials: Credentials,
    ) -> Result<Self, LabError> {
        let control = built("testbed-chassis", "testbed")?;
        let settings = BmcSettings {
            name: &chassis.name,
            folder: &chassis.folder.join("bmc"),
            guid: &chassis.uuid.replace('-', ""),
            address,
            credentials,
            control: format!("{} {}", control.display(), chassis.folder.display()),
        };
        Self::start(room, settings)
    }

    /// Starts a BMC and waits until it answers.
    pub(crate) fn start(room: &Room, told: BmcSettings<'_>) -> Result<Self, LabError> {
        let address = SocketAddrV4::new(told.address, PORT);
        let user = User {
            name: &told.credentials.user,
            password: &told.credentials.password,
            level: "admin",
        };
        let emulator = Emulator {
            name: told.name,
            folder: told.folder,
            guid: told.guid,
            address,
            users: &[user],
            control: &told.control,
        };
        let mut command = room.network.server().command("ipmi_sim");
        command.args(emulator.prepare()?);
        let program = room.start(&format!("{}-bmc", told.name), command)?;
        room.network
            .server()
            .enter(|| await_answer(address, || true))??;
        Ok(Self {
            address,
            credentials: told.credentials,
            program,
        })
    }

    /// Where it listens, as seen from the server's namespace.
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Who may drive it.
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Its program, for those who want it to fail.
    pub const fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}

/// RMCP's port (IPMI 2.0 §13.1.2).
const PORT: u16 = 623;
