//! What an entry of a document says of its machine.

use std::net::IpAddr;

use machine_core::disk::DiskIdentity;
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};

use crate::document::bmc::BmcSpec;

/// A machine as a person registers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineSpec {
    /// Its name.
    pub name: String,
    /// The line of its name.
    pub line: u64,
    /// The name that it had before, if the document gives it another.
    pub renamed_from: Option<String>,
    /// The line of that name; of its own if there is none.
    pub renamed_line: u64,
    /// Its cards, and the addresses that are reserved for them. At least one.
    pub nics: Vec<NicSpec>,
    /// SMBIOS UUID, if it is known beforehand.
    pub uuid: Option<SystemUuid>,
    /// The line of it; of the name if there is none.
    pub uuid_line: u64,
    /// SMBIOS serial number, if it is known beforehand.
    pub serial: Option<SerialNumber>,
    /// The line of it; of the name if there is none.
    pub serial_line: u64,
    /// The disk to install to.
    pub disk: Option<DiskIdentity>,
    /// Its BMC.
    pub bmc: Option<BmcSpec>,
}

/// A network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NicSpec {
    /// Its hardware address.
    pub mac: MacAddress,
    /// The address that is leased to it and to nobody else.
    pub address: Option<IpAddr>,
    /// The line of its hardware address.
    pub line: u64,
}
