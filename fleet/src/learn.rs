//! What a machine says of its hardware, kept on its record. What it does not say stays as it was.

use machine_core::id::MachineId;
use machine_core::machine::{Hardware, Machine};
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::machines;

use crate::error::StepError;
use crate::records::Records;

/// How often a write is tried that somebody else was faster with.
const TRIES: u32 = 5;

/// Keeps what a machine said of its hardware.
pub async fn learn_hardware(
    records: &Records,
    machine: MachineId,
    said: &Hardware,
) -> Result<(), StepError> {
    for _ in 0..TRIES {
        let Some(known) = machines::find(&records.db, machine).await? else {
            return Ok(());
        };
        let hardware = merged(&known.hardware, said);
        if hardware == known.hardware {
            return Ok(());
        }
        let update = MachineWrite::Update(Machine { hardware, ..known });
        let change = Change {
            machines: vec![update],
            ..Change::default()
        };
        if records.commit.submit(change).await? == Outcome::Applied {
            return Ok(());
        }
    }
    Err(StepError::Outside(
        "the machine's record changed too often".to_owned(),
    ))
}

fn merged(known: &Hardware, said: &Hardware) -> Hardware {
    Hardware {
        arch: said.arch.or(known.arch),
        firmware: said.firmware.or(known.firmware),
        manufacturer: said
            .manufacturer
            .clone()
            .or_else(|| known.manufacturer.clone()),
        product: said.product.clone().or_else(|| known.product.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::hardware::{Arch, Firmware};

    #[test]
    fn what_is_not_said_stays() {
        let known = Hardware {
            arch: Some(Arch::X86_64),
            firmware: Some(Firmware::Bios),
            manufacturer: Some("Lab".to_owned()),
            product: None,
        };
        let said = Hardware {
            firmware: Some(Firmware::Uefi),
            ..Hardware::default()
        };
        let merged = merged(&known, &said);
        assert_eq!(merged.firmware, Some(Firmware::Uefi));
        assert_eq!(merged.manufacturer.as_deref(), Some("Lab"));
    }
}
