//! What documents say of one machine: a line each for people, an object for programs.

use api_proto::v1::MachineRecord;
use serde_json::{Value, json};

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
    let mut disk = or_dash(&record.install_disk);
    if !record.install_disk_note.is_empty() {
        disk = format!("{disk} ({})", record.install_disk_note);
    }
    let mut bmc = or_dash(&record.bmc_address);
    if !record.bmc_address.is_empty() {
        let (protocol, user) = (&record.bmc_protocol, &record.bmc_username);
        bmc = format!("{protocol} {bmc}, user {user}");
    }
    let cards = record.cards.iter().map(|it| {
        let addresses = it.addresses.join(", ");
        format!("card:         {} {}", it.mac, or_dash(&addresses))
    });
    let board = [
        ("uuid:        ", &record.uuid),
        ("serial:      ", &record.serial),
        ("manufacturer:", &record.manufacturer),
        ("product:     ", &record.product),
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

/// The record for programs.
pub(crate) fn record_json(record: &MachineRecord) -> Value {
    let cards = record
        .cards
        .iter()
        .map(|it| json!({ "mac": it.mac, "addresses": it.addresses }));
    json!({
        "install_disk": record.install_disk, "install_disk_note": record.install_disk_note,
        "cards": cards.collect::<Vec<_>>(), "uuid": record.uuid, "serial": record.serial,
        "bmc": {
            "protocol": record.bmc_protocol, "address": record.bmc_address,
            "username": record.bmc_username,
        },
        "manufacturer": record.manufacturer, "product": record.product,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_proto::v1::RecordedCard;

    #[test]
    fn what_was_applied_can_be_read_back() {
        let record = MachineRecord {
            install_disk: "wwn:naa.5000c500a1b2c3d4".to_owned(),
            cards: vec![RecordedCard {
                mac: "52:54:00:77:00:01".to_owned(),
                addresses: vec!["10.77.0.10".to_owned()],
            }],
            bmc_protocol: "ipmi".to_owned(),
            bmc_address: "10.77.1.11:623".to_owned(),
            bmc_username: "ADMIN".to_owned(),
            manufacturer: "Lab".to_owned(),
            ..MachineRecord::default()
        };
        let wanted = [
            "card:         52:54:00:77:00:01 10.77.0.10",
            "install disk: wwn:naa.5000c500a1b2c3d4",
            "bmc:          ipmi 10.77.1.11:623, user ADMIN",
            "uuid:         -",
            "serial:       -",
            "manufacturer: Lab",
            "product:      -",
        ];
        assert_eq!(lines(&record), wanted);
    }
}
