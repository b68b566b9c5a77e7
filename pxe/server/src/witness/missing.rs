//! What should have come next, and who usually keeps it from coming: said to whoever stands before a
//! machine that did not boot.

use machine_core::boot::BootStep;
use pxe_dhcp::ask::Ask;
use pxe_dhcp::option::MessageKind;

use crate::witness::reading::{Answer, Reading, is_uefi, read};
use crate::witnessed::Witnessed;

const NOT_HEARD: &str = "nothing was heard from this card since Drover started: is the machine on, is \
     the network in its boot order, and does its switch port lead to a link that Drover serves? A port \
     with spanning tree forwards nothing for half a minute";

/// What should have come after these packets of a card, the boot of which has come so far.
pub(super) fn missing(packets: &[Witnessed], reached: Option<BootStep>) -> String {
    match reached {
        Some(step) if step >= BootStep::Loader => of_step(step).to_owned(),
        Some(_) | None => of_packets(packets),
    }
}

/// After the loader, other servers than that of DHCP have heard of the boot.
const fn of_step(step: BootStep) -> &'static str {
    match step {
        BootStep::Discover | BootStep::Offer | BootStep::Lease => "it has no loader yet",
        BootStep::Loader => {
            "it fetched its loader and never came back as iPXE: look at its console; Secure Boot \
             refuses a loader that is not signed, and a broken card driver hangs in it"
        }
        BootStep::Ipxe => {
            "iPXE was told its script and never fetched it: is the HTTP port of Drover open to it?"
        }
        BootStep::Script => {
            "it has its script: `drover machine list` says what it waits for there. If it should \
             load a kernel: is the HTTP port of Drover open to it?"
        }
        BootStep::Kernel => {
            "it fetched its kernel and not its initial RAM disk: was it switched off, or has it too \
             little memory?"
        }
        BootStep::Initrd => {
            "it fetched kernel and initial RAM disk, and its system said nothing since: look at its \
             console"
        }
        BootStep::System
        | BootStep::Config
        | BootStep::Installing
        | BootStep::Installed
        | BootStep::Disk
        | BootStep::Joined => {
            "its system has started: `drover machine list` says what it waits for"
        }
    }
}

fn of_packets(packets: &[Witnessed]) -> String {
    let readings: Vec<(&Witnessed, Reading)> = packets.iter().map(|it| (it, read(it))).collect();
    let Some((last, reading)) = readings.last() else {
        return NOT_HEARD.to_owned();
    };
    match reading {
        Reading::Nothing(why) => format!("what it sends makes no sense: {why}"),
        Reading::Asks(client) => match &last.unanswered {
            Some(why) => format!("its last question got no answer: {why}"),
            None if client.ask == Ask::Discover => "its question is being answered".to_owned(),
            None => "what it told needs no answer".to_owned(),
        },
        Reading::Answers(answer) => after(answer, &readings),
    }
}

fn after(answer: &Answer, before: &[(&Witnessed, Reading)]) -> String {
    let discovers = before
        .iter()
        .rev()
        .take_while(|(_, reading)| match reading {
            Reading::Answers(answer) => answer.kind == MessageKind::Offer,
            Reading::Asks(client) => client.ask == Ask::Discover,
            Reading::Nothing(_) => false,
        });
    let offers = discovers.filter(|(packet, _)| !packet.inbound).count();
    let times = match offers {
        0 | 1 => String::new(),
        offers => format!(" {offers} times"),
    };
    let uefi = before.iter().rev().find_map(|(_, reading)| match reading {
        Reading::Asks(client) => Some(is_uefi(client)),
        Reading::Answers(_) | Reading::Nothing(_) => None,
    });
    let file = answer.file.as_deref();
    match (answer.kind, answer.address, file) {
        (MessageKind::Offer, Some(address), _) => format!(
            "it was offered {address}{times} and never took it: another DHCP server was faster, or \
             what Drover sends does not reach it (a VLAN, a port with spanning tree)"
        ),
        (MessageKind::Offer, None, Some(file)) if uefi == Some(true) && !answer.controls => {
            format!(
                "it was led to port 4011{times} and never asked there for {file}: it got no address from \
             the DHCP server, a firewall is between, or its firmware wants 43.6 = 8, which its next \
             DISCOVER is answered with"
            )
        }
        (MessageKind::Offer, None, Some(file)) => format!(
            "it was told {file}{times} and never asked TFTP for it: it got no address from the DHCP \
             server, a firewall is between, or its firmware takes no offer beside that server's"
        ),
        (MessageKind::Ack, _, Some("its script")) => of_step(BootStep::Ipxe).to_owned(),
        (MessageKind::Ack, _, Some(file)) if answer.is_boot_service => format!(
            "it asked on port 4011, got an ACK, and never asked TFTP for {file}: a firewall, or a \
             firmware that wants 43.6 = 8"
        ),
        (MessageKind::Ack, _, Some(file)) => format!(
            "it has an address and was told {file}, and never asked for it: a firewall for UDP port \
             69, or for the HTTP port where it boots over HTTP"
        ),
        (MessageKind::Nak, ..) => "it was refused its address, and begins anew".to_owned(),
        _ => "it was given no boot file: it boots its own disk next".to_owned(),
    }
}
