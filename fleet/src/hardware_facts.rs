//! What a machine says of its hardware, kept beside its record. What it does not say stays as it was.

use machine_core::evidence::EvidenceSource;
use machine_core::id::MachineId;
use machine_core::machine::Hardware;
use machine_core::time::Timestamp;
use machine_store::facts::Learned;
use machine_store::machines;

use crate::error::StepError;
use crate::site::Site;

/// Keeps what a machine said of its hardware, if it is news.
pub async fn learn_hardware(
    site: &Site,
    machine: MachineId,
    said: &Hardware,
    at: Timestamp,
) -> Result<(), StepError> {
    let Some(known) = machines::find(&site.db, machine).await? else {
        return Ok(());
    };
    if merged(&known.hardware, said) == known.hardware {
        return Ok(());
    }
    let learned = Learned {
        machine,
        at,
        source: EvidenceSource::Asked,
        hardware: said.clone(),
    };
    Ok(site.commit.submit(learned).await?)
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
