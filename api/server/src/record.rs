//! What documents say of a machine, as it goes over the wire. The BMC's password is nowhere in it.

use api_proto::v1;
use machine_core::disk::DiskIdentity;
use machine_core::endpoint::BmcEndpoint;
use machine_store::evidence::Fact;

use crate::operations::machines::MachineDetails;

pub(crate) fn record(details: &MachineDetails) -> v1::MachineRecord {
    let machine = &details.view.machine;
    let disk = machine.install_disk.as_ref();
    let bmc = machine.bmc.as_ref();
    let hardware = &machine.hardware;
    v1::MachineRecord {
        install_disk: text(disk),
        install_disk_note: text(disk.and_then(DiskIdentity::caveat)),
        cards: cards(details),
        uuid: text(details.said.iter().find_map(|fact| match fact {
            Fact::Uuid(uuid) => Some(uuid),
            Fact::Mac(_) | Fact::Listed(_) | Fact::Serial(_) => None,
        })),
        serial: text(details.said.iter().find_map(|fact| match fact {
            Fact::Serial(serial) => Some(serial),
            Fact::Mac(_) | Fact::Listed(_) | Fact::Uuid(_) => None,
        })),
        bmc_protocol: text(bmc.map(BmcEndpoint::dialect)),
        bmc_address: text(bmc.map(BmcEndpoint::address)),
        bmc_username: text(bmc.map(BmcEndpoint::username)),
        manufacturer: text(hardware.manufacturer.as_ref()),
        product: text(hardware.product.as_ref()),
    }
}

fn cards(details: &MachineDetails) -> Vec<v1::RecordedCard> {
    let macs = details.said.iter().filter_map(|fact| match fact {
        Fact::Mac(mac) => Some(*mac),
        Fact::Listed(_) | Fact::Uuid(_) | Fact::Serial(_) => None,
    });
    macs.map(|mac| {
        let own = details.reserved.iter().filter(|it| it.mac == mac);
        v1::RecordedCard {
            mac: mac.to_string(),
            addresses: own.map(|it| it.address.to_string()).collect(),
        }
    })
    .collect()
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|it| it.to_string()).unwrap_or_default()
}
