//! A document that registers machines: who they are, and how their power is switched.
//!
//! ```yaml
//! machines:
//!   - name: cp-1
//!     nics: [{ mac: "52:54:00:77:00:01", address: 10.77.0.10 }]
//!     disk: { serial: CP1 }
//!     bmc: { ipmi: 10.77.1.11, username: ADMIN, password: … }
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use machine_core::disk::DiskIdentity;
use machine_core::endpoint::{BmcEndpoint, BmcProtocol};
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use serde::Deserialize;
use serde_saphyr::Spanned;
use zeroize::Zeroizing;

use crate::document::cluster::{DiskDocument, disk_identity};
use crate::document::{DocumentError, Reader};

/// The port of RMCP (IPMI 2.0 §13.1.2).
const RMCP_PORT: u16 = 623;

/// A machine as a person registers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineSpec {
    /// Its name.
    pub name: String,
    /// Its cards, and the addresses that are reserved for them. At least one.
    pub nics: Vec<NicSpec>,
    /// SMBIOS UUID, if it is known beforehand.
    pub uuid: Option<SystemUuid>,
    /// SMBIOS serial number, if it is known beforehand.
    pub serial: Option<SerialNumber>,
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
}

/// A BMC and how to log in to it.
#[derive(Clone, PartialEq, Eq)]
pub struct BmcSpec {
    /// Where it is.
    pub endpoint: BmcEndpoint,
    /// The password.
    pub password: Zeroizing<String>,
}

/// The password stays out of it.
impl fmt::Debug for BmcSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BmcSpec")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachinesDocument {
    machines: Vec<Spanned<MachineDocument>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineDocument {
    name: Spanned<String>,
    nics: Vec<NicDocument>,
    #[serde(default)]
    uuid: Option<Spanned<String>>,
    #[serde(default)]
    serial: Option<Spanned<String>>,
    #[serde(default)]
    disk: Option<Spanned<DiskDocument>>,
    #[serde(default)]
    bmc: Option<BmcDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NicDocument {
    mac: Spanned<String>,
    #[serde(default)]
    address: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BmcDocument {
    ipmi: Spanned<String>,
    username: Spanned<String>,
    password: Spanned<Zeroizing<String>>,
}

/// Reads a document of machines; `file` is what to call it in messages.
pub fn parse(file: &str, text: &str) -> Result<Vec<MachineSpec>, DocumentError> {
    let reader = Reader { file };
    let document: MachinesDocument = reader.parse(text)?;
    let mut machines: Vec<MachineSpec> = Vec::new();
    for entry in &document.machines {
        let machine = machine(reader, entry)?;
        if machines.iter().any(|other| other.name == machine.name) {
            let wanted = "each name once";
            return Err(reader.wrong(&entry.value.name, "machines.name", wanted, machine.name));
        }
        let shared = machine.nics.iter().find(|nic| {
            machines
                .iter()
                .flat_map(|other| &other.nics)
                .any(|other| other.mac == nic.mac)
        });
        if let Some(nic) = shared {
            return Err(reader.wrong(entry, "nics.mac", "each card once", nic.mac.to_string()));
        }
        machines.push(machine);
    }
    Ok(machines)
}

fn machine(
    reader: Reader<'_>,
    entry: &Spanned<MachineDocument>,
) -> Result<MachineSpec, DocumentError> {
    let document = &entry.value;
    if document.nics.is_empty() {
        return Err(reader.wrong(entry, "nics", "at least one card with its mac", "none"));
    }
    let uuid = document.uuid.as_ref();
    let serial = document.serial.as_ref();
    Ok(MachineSpec {
        name: reader.name(&document.name, "machines.name")?,
        nics: document
            .nics
            .iter()
            .map(|it| nic(reader, it))
            .collect::<Result<_, _>>()?,
        uuid: uuid
            .map(|it| reader.parsed(it, "uuid", "a UUID as dmidecode prints it"))
            .transpose()?,
        serial: serial
            .map(|it| reader.parsed(it, "serial", "a serial number of at most 64 characters"))
            .transpose()?,
        disk: document
            .disk
            .as_ref()
            .map(|disk| disk_identity(reader, disk))
            .transpose()?,
        bmc: document
            .bmc
            .as_ref()
            .map(|bmc| self::bmc(reader, bmc))
            .transpose()?,
    })
}

fn nic(reader: Reader<'_>, document: &NicDocument) -> Result<NicSpec, DocumentError> {
    let address = document.address.as_ref();
    Ok(NicSpec {
        mac: reader.parsed(
            &document.mac,
            "nics.mac",
            "six octets such as 52:54:00:77:00:01",
        )?,
        address: address
            .map(|it| reader.parsed(it, "nics.address", "an address such as 10.77.0.10"))
            .transpose()?,
    })
}

fn bmc(reader: Reader<'_>, document: &BmcDocument) -> Result<BmcSpec, DocumentError> {
    let text = &document.ipmi.value;
    let address = text
        .parse::<SocketAddr>()
        .or_else(|_| {
            text.parse::<IpAddr>()
                .map(|ip| SocketAddr::new(ip, RMCP_PORT))
        })
        .map_err(|_| {
            let wanted = "an address such as 10.77.1.11 or 10.77.1.11:623";
            reader.wrong(&document.ipmi, "bmc.ipmi", wanted, text.clone())
        })?;
    let username = document.username.value.clone();
    // IPMI 2.0 §22.28, §22.30: user names of 16 bytes, passwords of 20.
    if !(1..=16).contains(&username.len()) {
        return Err(reader.wrong(
            &document.username,
            "bmc.username",
            "1 to 16 characters",
            username,
        ));
    }
    if !(1..=20).contains(&document.password.value.len()) {
        let got = format!("{} characters", document.password.value.len());
        return Err(reader.wrong(
            &document.password,
            "bmc.password",
            "1 to 20 characters",
            got,
        ));
    }
    let endpoint = BmcEndpoint {
        protocol: BmcProtocol::Ipmi,
        address,
        username,
    };
    Ok(BmcSpec {
        endpoint,
        password: document.password.value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACK: &str = "\
machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:00:01\", address: 10.77.0.10 }]
    disk: { serial: CP1 }
    bmc: { ipmi: 10.77.1.11, username: ADMIN, password: canary-123 }
  - name: w-1
    nics: [{ mac: \"52:54:00:77:00:02\" }]
";

    #[test]
    fn a_rack_is_registered() {
        let machines = parse("rack.yaml", RACK).unwrap();
        let [first, second] = machines.as_slice() else {
            panic!()
        };
        assert_eq!(
            first.bmc.as_ref().unwrap().endpoint.address,
            "10.77.1.11:623".parse().unwrap()
        );
        assert_eq!(first.nics[0].address, Some("10.77.0.10".parse().unwrap()));
        assert_eq!((second.name.as_str(), &second.bmc), ("w-1", &None));
        assert!(!format!("{machines:?}").contains("canary"));
    }

    #[test]
    fn each_mistake_is_told_with_its_line_and_no_password() {
        for (from, to, wanted) in [
            (
                "00:77:00:02",
                "00:77:00:01",
                "rack.yaml:6: nics.mac: wanted each card once",
            ),
            (
                "w-1",
                "cp-1",
                "rack.yaml:6: machines.name: wanted each name once",
            ),
            (
                "10.77.1.11",
                "bmc1",
                "rack.yaml:5: bmc.ipmi: wanted an address",
            ),
            (
                "canary-123",
                "canary-123-canary-123",
                "rack.yaml:5: bmc.password: wanted 1 to 20 characters, got \"21 characters\"",
            ),
            ("canary-123", "[canary]", "rack.yaml:5: "),
            (
                "[{ mac: \"52:54:00:77:00:02\" }]",
                "[]",
                "rack.yaml:6: nics: wanted at least one card",
            ),
            (
                "nics: [{ mac: \"52:54:00:77:00:02\" }]",
                "nick: []",
                "rack.yaml:7: ",
            ),
        ] {
            let text = RACK.replacen(from, to, 1);
            let got = parse("rack.yaml", &text).unwrap_err().to_string();
            assert!(
                got.starts_with(wanted),
                "{to:?}: wanted {wanted:?}, got {got:?}"
            );
            assert!(!got.contains("canary"), "{got}");
        }
    }
}
