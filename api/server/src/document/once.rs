//! What only one machine of a document can have: a name, a card, an address, a
//! UUID, a serial number, a BMC.

use std::collections::BTreeMap;

use crate::document::machine_spec::MachineSpec;
use crate::document::{DocumentError, Reader};

/// What one machine has, and where it says so.
struct Held<'a> {
    field: &'static str,
    /// What it is, in one form.
    value: String,
    /// As it stands there.
    got: String,
    owner: &'a str,
    line: u64,
}

/// The places where something stands that stood before, each with both lines and machines.
pub(crate) fn repeated(reader: Reader<'_>, machines: &[MachineSpec]) -> Vec<DocumentError> {
    let mut first: BTreeMap<(&'static str, String), (&str, u64)> = BTreeMap::new();
    let mut errors = Vec::new();
    for held in machines.iter().flat_map(held) {
        let key = (held.field, held.value.clone());
        let Some((owner, line)) = first.get(&key) else {
            first.insert(key, (held.owner, held.line));
            continue;
        };
        let wanted = format!(
            "{} once, and {owner} has it in line {line}",
            what(held.field)
        );
        errors.push(reader.wrong_at(held.line, held.field, wanted, held.got));
    }
    errors
}

fn held(machine: &MachineSpec) -> Vec<Held<'_>> {
    let owner = machine.name.as_str();
    let one = |field, value: String, line| Held {
        field,
        got: value.clone(),
        value,
        owner,
        line,
    };
    let mut all = vec![one("machines.name", machine.name.clone(), machine.line)];
    for nic in &machine.nics {
        all.push(one("nics.mac", nic.mac.to_string(), nic.line));
        if let Some(address) = nic.address {
            all.push(one("nics.address", address.to_string(), nic.line));
        }
    }
    if let Some(uuid) = machine.uuid {
        // In whichever byte order.
        let value = uuid.min(uuid.swapped()).to_string();
        all.push(Held {
            got: uuid.to_string(),
            ..one("uuid", value, machine.uuid_line)
        });
    }
    if let Some(serial) = &machine.serial {
        all.push(one("serial", serial.to_string(), machine.serial_line));
    }
    if let Some(bmc) = &machine.bmc {
        let identity = bmc.endpoint.identity().to_string();
        all.push(Held {
            got: bmc.endpoint.address().to_string(),
            ..one("bmc.ipmi", identity, bmc.line)
        });
    }
    all
}

fn what(field: &str) -> &'static str {
    match field {
        "machines.name" => "each name",
        "nics.mac" => "each card",
        "nics.address" => "each address",
        "uuid" => "each UUID",
        "serial" => "each serial number",
        _ => "each BMC",
    }
}
