//! Who floods, and with what: one packet or connection at each call.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{MINIMUM_LIMIT, Packet};
use testbed::namespace::Namespace;
use testbed::network::SERVER;

use crate::dhcp::{DECLINE, DISCOVER, OFFER, bios, boot_file, ipxe, message, plain, request};
use crate::floods::board;
use crate::place::card;
use crate::web::{connect, get};

/// A flood that is faster than this measures how fast the kernel drops packets. It is its pace, and
/// nothing waits for it.
const PACE: Duration = Duration::from_millis(10);
const AT_ONCE: usize = 40;

/// Who floods.
pub(super) struct Attacker<'a> {
    pub(super) place: &'a Namespace,
    pub(super) socket: UdpSocket,
    pub(super) streams: Vec<TcpStream>,
    /// The card of the machine that boots meanwhile.
    pub(super) victim: MacAddress,
    pub(super) count: u32,
}

impl Attacker<'_> {
    /// A card that was never seen.
    pub(super) fn new_card(&mut self) -> MacAddress {
        self.count += 1;
        let [a, b, c, d] = self.count.to_be_bytes();
        MacAddress::new([0x02, self.victim.octets()[5], a, b, c, d])
    }

    pub(super) fn send(&mut self, packet: Packet) {
        self.count += 1;
        let packet = Packet {
            xid: self.count,
            ..packet
        };
        let bytes = packet.encode(MINIMUM_LIMIT).bytes;
        // A full queue of the sender loses packets, as a flood does.
        let _ = self.socket.send_to(&bytes, (Ipv4Addr::BROADCAST, 67));
    }

    /// The next offer to this card that is in the socket, or comes within a moment.
    pub(super) fn offer(&self, mac: MacAddress) -> Option<Packet> {
        let mut buffer = [0; 2048];
        for _ in 0..50 {
            let (length, _) = self.socket.recv_from(&mut buffer).ok()?;
            let packet = Packet::decode(&buffer[..length]).ok()?;
            let is_offer = packet.options.get(OptionCode::MESSAGE_TYPE) == Some(&[OFFER]);
            if is_offer && packet.hardware == message(mac, DISCOVER).hardware {
                return Some(packet);
            }
        }
        None
    }
}

/// With option 97: a zero, and then the UUID's bytes (RFC 4578 §2.3).
pub(super) fn with_board(board: &str, mut packet: Packet) -> Packet {
    let digits: String = board.chars().filter(|digit| *digit != '-').collect();
    let bytes = u128::from_str_radix(&digits, 16).unwrap().to_be_bytes();
    let value = [&[0][..], &bytes].concat();
    packet.options.push(OptionCode::MACHINE_IDENTIFIER, &value);
    packet
}

/// DISCOVERs of firmware and iPXE with the card of the machine that boots.
pub(super) fn discovers_of_one_card(attacker: &mut Attacker<'_>) {
    let victim = attacker.victim;
    for number in 0..AT_ONCE {
        let dress = if number.is_multiple_of(2) { bios } else { ipxe };
        attacker.send(dress(message(victim, DISCOVER)));
    }
    std::thread::sleep(PACE);
}

/// DISCOVERs of strangers, of whom each is new.
pub(super) fn discovers_of_strangers(attacker: &mut Attacker<'_>) {
    for number in 0..AT_ONCE {
        let mac = attacker.new_card();
        let dress = if number.is_multiple_of(2) {
            bios
        } else {
            plain
        };
        attacker.send(dress(message(mac, DISCOVER)));
    }
    std::thread::sleep(PACE);
}

/// Strangers that lease what they are offered, and others that decline it.
pub(super) fn declines(attacker: &mut Attacker<'_>) {
    let mac = attacker.new_card();
    attacker.send(message(mac, DISCOVER));
    let Some(offer) = attacker.offer(mac) else {
        return;
    };
    let mut answer = request(mac, offer.yiaddr);
    if attacker.count % 8 < 4 {
        let mut options = OptionList::new();
        options.push(OptionCode::MESSAGE_TYPE, &[DECLINE]);
        options.push(OptionCode::SERVER, &SERVER.octets());
        options.push(OptionCode::REQUESTED_ADDRESS, &offer.yiaddr.octets());
        answer.options = options;
    }
    attacker.send(answer);
}

/// Scripts of cards that were never seen, all with the board of a known machine.
pub(super) fn claimants(attacker: &mut Attacker<'_>) {
    let mac = attacker.new_card();
    let board = board(card(6));
    attacker.send(with_board(&board, ipxe(message(mac, DISCOVER))));
    let Some(offer) = attacker.offer(mac) else {
        return;
    };
    let url = boot_file(&offer);
    let boot = url.rsplit('/').next().unwrap_or_default();
    let path = format!("/script/{boot}?platform=pcbios&mac={mac}&uuid={board}");
    get(attacker.place, &path);
    // It takes another server's offer, so that ours is free for the next.
    let mut elsewhere = request(mac, offer.yiaddr);
    let mut options = OptionList::new();
    for (code, value) in elsewhere.options.iter() {
        let is_server = code == OptionCode::SERVER;
        options.push(code, if is_server { &[10, 77, 0, 2] } else { value });
    }
    elsewhere.options = options;
    attacker.send(elsewhere);
}

/// Thousands of connections: every other one is in the middle of its header, the others have asked
/// once and are silent. Those that end are renewed.
pub(super) fn connections(attacker: &mut Attacker<'_>) {
    for _ in 0..AT_ONCE {
        let mut stream = connect(attacker.place, 8080);
        let begun: &[u8] = if attacker.streams.len().is_multiple_of(2) {
            b"GET /script/"
        } else {
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        };
        let _ = stream.write_all(begun);
        attacker.streams.push(stream);
    }
    if attacker.streams.len() > 4300 {
        attacker.streams.drain(..AT_ONCE);
    }
}
