//! What documents say of a machine. The BMC's password is nowhere in it.

use api_proto::v1;
use machine_core::disk::DiskIdentity;
use machine_core::endpoint::{BmcEndpoint, IpmiWorkarounds};
use machine_store::evidence::Fact;

use crate::operations::machines::MachineDetails;
use crate::view::text;
use crate::view::words::bmc_protocol;

pub(super) fn record(details: &MachineDetails) -> v1::MachineRecord {
    let machine = &details.view.machine;
    let disk = machine.install_disk.as_ref();
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
        manufacturer: text(hardware.manufacturer.as_ref()),
        product: text(hardware.product.as_ref()),
        bmc: machine.bmc.as_ref().map(bmc),
    }
}

fn workarounds(endpoint: &BmcEndpoint) -> Vec<String> {
    let BmcEndpoint::Ipmi(ipmi) = endpoint;
    let asked = ipmi.workarounds.map(IpmiWorkarounds::asked);
    asked
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn bmc(endpoint: &BmcEndpoint) -> v1::Bmc {
    v1::Bmc {
        protocol: bmc_protocol(endpoint.protocol()).into(),
        address: endpoint.address().to_string(),
        username: endpoint.username().to_owned(),
        workarounds: workarounds(endpoint),
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
