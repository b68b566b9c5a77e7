//! What documents say of one machine: a line each for people.

use api_proto::v1::MachineRecord;
use api_proto::word::Word as _;

use crate::error::CommandError;
use crate::output::{or_dash, print_line};

/// Prints a line for each thing that is recorded.
pub(crate) fn print_record(record: &MachineRecord) -> Result<(), CommandError> {
    print_line("")?;
    for line in lines(record) {
        print_line(&line)?;
    }
    print_line("")
}

fn lines(record: &MachineRecord) -> Vec<String> {
    let mut disk = or_dash(record.install_disk());
    if let Some(note) = &record.install_disk_note {
        disk = format!("{disk} ({note})");
    }
    let bmc = record.bmc.as_ref().map_or_else(
        || or_dash(""),
        |it| {
            let workarounds = if it.workarounds.is_empty() {
                String::new()
            } else {
                format!(", work-arounds {}", it.workarounds.join(", "))
            };
            let protocol = it.protocol().word();
            format!(
                "{protocol} {}, user {}{workarounds}",
                it.address, it.username
            )
        },
    );
    let cards = record.cards.iter().map(|it| {
        let addresses = it.addresses.join(", ");
        format!("card:         {} {}", it.mac, or_dash(&addresses))
    });
    let board = [
        ("uuid:        ", record.uuid()),
        ("serial:      ", record.serial()),
        ("manufacturer:", record.manufacturer()),
        ("product:     ", record.product()),
    ];
    let board = board.map(|(what, value)| format!("{what} {}", or_dash(value)));
    cards
        .chain([
            format!("install disk: {disk}"),
            format!("bmc:          {bmc}"),
        ])
        .chain(board)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_proto::v1::{Bmc, BmcProtocol, RecordedCard};

    #[test]
    fn what_was_applied_can_be_read_back() {
        let record = MachineRecord {
            install_disk: Some("wwn:naa.5000c500a1b2c3d4".to_owned()),
            cards: vec![RecordedCard {
                mac: "52:54:00:77:00:01".to_owned(),
                addresses: vec!["10.77.0.10".to_owned()],
            }],
            bmc: Some(Bmc {
                protocol: BmcProtocol::Ipmi.into(),
                address: "10.77.1.11:623".to_owned(),
                username: "ADMIN".to_owned(),
                workarounds: vec!["sun20".to_owned()],
            }),
            manufacturer: Some("Lab".to_owned()),
            ..MachineRecord::default()
        };
        let wanted = [
            "card:         52:54:00:77:00:01 10.77.0.10",
            "install disk: wwn:naa.5000c500a1b2c3d4",
            "bmc:          ipmi 10.77.1.11:623, user ADMIN, work-arounds sun20",
            "uuid:         -",
            "serial:       -",
            "manufacturer: Lab",
            "product:      -",
        ];
        assert_eq!(lines(&record), wanted);
    }
}
