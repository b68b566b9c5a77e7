//! A document that registers machines: who they are, and how their power is switched.
//!
//! ```yaml
//! machines:
//!   - name: cp-1
//!     nics: [{ mac: "52:54:00:77:00:01", address: 10.77.0.10 }]
//!     disk: { wwn: naa.5000c500a1b2c3d4 }
//!     bmc: { ipmi: 10.77.1.11, username: ADMIN, password: … }
//! ```
//!
//! A file holds one document, or several with `---` between them. An entry is all that is said of its machine: what it leaves out is cleared. `renamed_from: OLD`
//! gives a machine another name.

use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::document::bmc::{BmcDocument, bmc};
use crate::document::disk::{DiskDocument, disk_identity};
use crate::document::forms::MACHINES;
use crate::document::machine_spec::{MachineSpec, NicSpec};
use crate::document::once::repeated;
use crate::document::{DocumentError, Reader};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachinesDocument {
    machines: Spanned<Vec<Spanned<MachineDocument>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineDocument {
    name: Spanned<String>,
    #[serde(default)]
    renamed_from: Option<Spanned<String>>,
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

/// Reads the documents of machines in a file; `file` is what to call it in messages. One mistake of
/// each entry is told, and all that stands twice.
pub fn parse(file: &str, text: &str) -> Result<Vec<MachineSpec>, DocumentError> {
    let reader = Reader { file };
    let (first, others) = reader.documents::<MachinesDocument>(text, &MACHINES)?;
    let (mut machines, mut errors) = (Vec::new(), Vec::new());
    for document in std::iter::once(&first).chain(&others) {
        let listed = &document.value.machines;
        if listed.value.is_empty() {
            errors.push(reader.wrong(listed, "machines", "at least one machine", "none"));
        }
        for entry in &listed.value {
            match machine(reader, entry) {
                Ok(machine) => machines.push(machine),
                Err(error) => errors.push(error),
            }
        }
    }
    errors.extend(repeated(reader, &machines));
    DocumentError::all(errors)?;
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
    let renamed_from = document.renamed_from.as_ref();
    let nics = document.nics.iter().map(|it| nic(reader, it));
    let disk = document.disk.as_ref();
    let line = |it: Option<&Spanned<String>>| it.unwrap_or(&document.name).referenced.line();
    Ok(MachineSpec {
        name: reader.name(&document.name, "machines.name")?,
        line: document.name.referenced.line(),
        renamed_line: renamed_from.unwrap_or(&document.name).referenced.line(),
        renamed_from: renamed_from
            .map(|it| reader.name(it, "machines.renamed_from"))
            .transpose()?,
        nics: nics.collect::<Result<_, _>>()?,
        uuid: uuid(reader, document)?,
        uuid_line: line(document.uuid.as_ref()),
        serial: serial(reader, document)?,
        serial_line: line(document.serial.as_ref()),
        disk: disk.map(|it| disk_identity(reader, it)).transpose()?,
        bmc: document
            .bmc
            .as_ref()
            .map(|it| bmc(reader, it))
            .transpose()?,
    })
}

/// What is wanted instead of a value that vendors put where none was set.
const IDENTIFIES: &str = "one that tells the machine from others, and this stands where a vendor set \
     none: leave it out";

fn uuid(
    reader: Reader<'_>,
    document: &MachineDocument,
) -> Result<Option<SystemUuid>, DocumentError> {
    let Some(text) = said(document.uuid.as_ref()) else {
        return Ok(None);
    };
    let uuid: SystemUuid = reader.parsed(text, "uuid", "a UUID as dmidecode prints it")?;
    if !uuid.is_usable() {
        return Err(reader.wrong(text, "uuid", IDENTIFIES, uuid.to_string()));
    }
    Ok(Some(uuid))
}

fn serial(
    reader: Reader<'_>,
    document: &MachineDocument,
) -> Result<Option<SerialNumber>, DocumentError> {
    let Some(text) = said(document.serial.as_ref()) else {
        return Ok(None);
    };
    let wanted = "a serial number of at most 64 characters";
    let serial: SerialNumber = reader.parsed(text, "serial", wanted)?;
    if !serial.is_usable() {
        return Err(reader.wrong(text, "serial", IDENTIFIES, serial.to_string()));
    }
    Ok(Some(serial))
}

/// An empty text says nothing, like one that is left out.
fn said(text: Option<&Spanned<String>>) -> Option<&Spanned<String>> {
    text.filter(|it| !it.value.trim().is_empty())
}

fn nic(reader: Reader<'_>, document: &NicDocument) -> Result<NicSpec, DocumentError> {
    let wanted = "six octets such as 52:54:00:77:00:01";
    let mac: MacAddress = reader.parsed(&document.mac, "nics.mac", wanted)?;
    if !mac.is_of_a_card() {
        let wanted = "the address of one card, not a multicast, broadcast or zero one";
        return Err(reader.wrong(&document.mac, "nics.mac", wanted, mac.to_string()));
    }
    Ok(NicSpec {
        mac,
        address: said(document.address.as_ref())
            .map(|it| reader.parsed(it, "nics.address", "an address such as 10.77.0.10"))
            .transpose()?,
        line: document.mac.referenced.line(),
    })
}

#[cfg(test)]
mod tests;
