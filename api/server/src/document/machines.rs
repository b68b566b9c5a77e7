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
            first.bmc.as_ref().unwrap().endpoint.address(),
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
                "rack.yaml:7: nics.mac: wanted each card once, and cp-1 has it in line 3",
            ),
            (
                "w-1",
                "cp-1",
                "rack.yaml:6: machines.name: wanted each name once, and cp-1 has it in line 2",
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
                "canary-123",
                "…",
                "rack.yaml:5: bmc.password: wanted the BMC's password: … stands for it in examples",
            ),
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

    #[test]
    fn what_identifies_a_board_stands_once_and_is_no_placeholder() {
        let uuid = "4c4c4544-0042-4b10-8051-b3c04f564231";
        let swapped = "44454c4c-4200-104b-8051-b3c04f564231";
        for (one, other, wanted) in [
            (
                format!("uuid: {uuid}"),
                format!("uuid: {swapped}"),
                "rack.yaml:9: uuid: wanted each UUID once, and cp-1 has it in line 6",
            ),
            (
                "serial: S1".to_owned(),
                "serial: S1".to_owned(),
                "rack.yaml:9: serial: wanted each serial number once, and cp-1 has it in line 6",
            ),
            (
                "serial: S1".to_owned(),
                "serial: To Be Filled By O.E.M.".to_owned(),
                "rack.yaml:9: serial: wanted one that tells the machine from others",
            ),
            (
                format!("uuid: {uuid}"),
                "uuid: 00000000-0000-0000-0000-000000000000".to_owned(),
                "rack.yaml:9: uuid: wanted one that tells the machine from others",
            ),
        ] {
            let text = RACK.replace("  - name: w-1", &format!("    {one}\n  - name: w-1"));
            let text = format!("{text}    {other}\n");
            let got = parse("rack.yaml", &text).unwrap_err().to_string();
            assert!(got.starts_with(wanted), "wanted {wanted:?}, got {got:?}");
        }
    }

    #[test]
    fn a_mistake_of_each_entry_is_told() {
        let text = RACK
            .replace("77:00:01", "77:00:0g")
            .replace("77:00:02", "77:00");
        let got = parse("rack.yaml", &text).unwrap_err().to_string();
        let lines: Vec<&str> = got.lines().collect();
        assert_eq!(lines.len(), 2, "{got}");
        assert!(lines[0].starts_with("rack.yaml:3: nics.mac"), "{got}");
        assert!(lines[1].starts_with("rack.yaml:7: nics.mac"), "{got}");
    }

    #[test]
    fn several_documents_in_one_file_are_read_as_one_with_the_lines_of_the_file() {
        let more = RACK.replace("cp-1", "cp-2").replace("w-1", "w-2");
        let more = more.replace("77:00:0", "77:00:1");
        let more = more
            .replace("0.77.0.10", "0.77.0.20")
            .replace("1.11", "1.12");
        let text = format!("---\n{RACK}---\n# nothing\n---\n{more}...\n");
        let machines = parse("rack.yaml", &text).unwrap();
        let told: Vec<_> = machines.iter().map(|it| (&*it.name, it.line)).collect();
        assert_eq!(told, [("cp-1", 3), ("w-1", 7), ("cp-2", 13), ("w-2", 17)]);
    }

    #[test]
    fn what_is_written_empty_is_left_out() {
        let text = RACK
            .replace("{ serial: CP1 }", "null")
            .replace("bmc: {", "bmc: # {")
            + "    uuid:\n    serial: \"\"\n    bmc: ~\n";
        let machines = parse("rack.yaml", &text).unwrap();
        assert_eq!((&machines[0].disk, &machines[0].bmc), (&None, &None));
        assert_eq!((machines[1].uuid, &machines[1].serial), (None, &None));
    }

    #[test]
    fn a_key_that_stands_twice_is_told_with_both_lines() {
        let text = RACK.replace("  - name: w-1\n", "  - name: w-1\n    name: w-2\n");
        let got = parse("rack.yaml", &text).unwrap_err().to_string();
        assert_eq!(got, "rack.yaml:7: name stands twice: in line 6 already");
    }
}
