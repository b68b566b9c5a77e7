//! Which message means what.

use pxe_dhcp::ask::{Ask, RequestKind};
use pxe_dhcp::client::Arrival;
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::option::{MessageKind, OptionCode};

use crate::captures::Capture;
use crate::scene::{broadcast, client, ip, source, to_boot_service};

const SERVER: [u8; 4] = [10, 77, 0, 1];
const ADDRESS: [u8; 4] = [10, 77, 0, 60];

fn message(kind: MessageKind, server: bool, requested: bool, ciaddr: bool) -> Capture {
    let mut capture = Capture::new(kind);
    if server {
        capture = capture.with(OptionCode::SERVER, &SERVER);
    }
    if requested {
        capture = capture.with(OptionCode::REQUESTED_ADDRESS, &ADDRESS);
    }
    capture.changed(|packet| {
        packet.ciaddr = if ciaddr {
            ADDRESS.into()
        } else {
            [0; 4].into()
        }
    })
}

fn unicast() -> Arrival {
    Arrival {
        source: source("10.77.0.60:68"),
        unicast: true,
        ..broadcast()
    }
}

#[test]
fn the_four_meanings_of_a_request() {
    let (server, address) = (ip("10.77.0.1"), ip("10.77.0.60"));
    let selecting = Ok(RequestKind::Selecting { server, address });
    let init_reboot = Ok(RequestKind::InitReboot { address });
    let renewing = Ok(RequestKind::Renewing { address });
    let rebinding = Ok(RequestKind::Rebinding { address });
    let nothing = Err(Dropped::NoAddress {
        kind: MessageKind::Request,
    });
    for (server, requested, ciaddr, broadcasted, unicasted) in [
        (true, true, false, selecting, selecting),
        (true, true, true, selecting, selecting),
        (true, false, true, selecting, selecting),
        (true, false, false, nothing, nothing),
        (false, true, false, init_reboot, init_reboot),
        (false, false, true, rebinding, renewing),
        (false, true, true, rebinding, renewing),
        (false, false, false, nothing, nothing),
    ] {
        let capture = message(MessageKind::Request, server, requested, ciaddr);
        for (arrival, expected) in [(broadcast(), broadcasted), (unicast(), unicasted)] {
            let ask = client(&capture, arrival).map(|client| client.ask);
            let what = format!("server {server} requested {requested} ciaddr {ciaddr}");
            assert_eq!(ask, expected.map(Ask::Request), "{what} {arrival:?}");
        }
    }
}

#[test]
fn the_other_messages() {
    let address = ip("10.77.0.60");
    let server = Some(ip("10.77.0.1"));
    let unexpected = |kind| Err(Dropped::UnexpectedMessage { kind });
    for (kind, filled, empty) in [
        (MessageKind::Discover, Ok(Ask::Discover), Ok(Ask::Discover)),
        (
            MessageKind::Inform,
            Ok(Ask::Inform { address }),
            Err(Dropped::NoAddress {
                kind: MessageKind::Inform,
            }),
        ),
        (
            MessageKind::Decline,
            Ok(Ask::Decline { server, address }),
            Err(Dropped::NoAddress {
                kind: MessageKind::Decline,
            }),
        ),
        (
            MessageKind::Release,
            Ok(Ask::Release { server, address }),
            Err(Dropped::NoAddress {
                kind: MessageKind::Release,
            }),
        ),
        (
            MessageKind::Offer,
            unexpected(MessageKind::Offer),
            unexpected(MessageKind::Offer),
        ),
        (
            MessageKind::Ack,
            unexpected(MessageKind::Ack),
            unexpected(MessageKind::Ack),
        ),
        (
            MessageKind::Nak,
            unexpected(MessageKind::Nak),
            unexpected(MessageKind::Nak),
        ),
    ] {
        for (full, expected) in [(true, filled), (false, empty)] {
            let capture = message(kind, full, full, full);
            let ask = client(&capture, broadcast()).map(|client| client.ask);
            assert_eq!(ask, expected, "{kind} filled {full}");
        }
    }
}

#[test]
fn port_4011_is_for_boot_files() {
    for kind in MessageKind::ALL {
        let ask = client(
            &message(kind, false, false, true),
            to_boot_service("10.77.0.60:4011"),
        );
        let expected = match kind {
            MessageKind::Request | MessageKind::Inform => Ok(Ask::BootService),
            _ => Err(Dropped::UnexpectedMessage { kind }),
        };
        assert_eq!(ask.map(|client| client.ask), expected, "{kind}");
    }
}

#[test]
fn without_a_type_there_is_no_message() {
    for value in [&[][..], &[0], &[9], &[1, 1]] {
        let capture = Capture::new(MessageKind::Discover).replaced(OptionCode::MESSAGE_TYPE, value);
        assert_eq!(
            client(&capture, broadcast()),
            Err(Dropped::NoMessageType),
            "{value:?}"
        );
    }
}
