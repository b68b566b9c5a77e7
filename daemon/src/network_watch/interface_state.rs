//! What an interface is at a moment, and what is to be said of a change.

use std::collections::BTreeSet;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};

/// An interface at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct InterfaceState {
    /// Its number, by which sockets are bound to it; none if it is not there.
    pub(super) index: Option<u32>,
    is_up: bool,
    has_carrier: bool,
    /// Its IPv4 addresses, as text.
    addresses: BTreeSet<String>,
}

/// Whether somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Machines can't reach Drover.
    Trouble,
    /// It is for the record.
    Note,
}

impl InterfaceState {
    /// As it is now.
    pub(super) fn of(interface: &str) -> Self {
        let mut state = Self {
            index: if_nametoindex(interface).ok(),
            ..Self::default()
        };
        let listed = getifaddrs().into_iter().flatten();
        for it in listed.filter(|it| it.interface_name == interface) {
            state.is_up |= it.flags.contains(InterfaceFlags::IFF_UP);
            state.has_carrier |= it.flags.contains(InterfaceFlags::IFF_LOWER_UP);
            let address = it.address.as_ref().and_then(|it| it.as_sockaddr_in());
            state
                .addresses
                .extend(address.map(|it| it.ip().to_string()));
        }
        state
    }
}

/// A sentence for each thing that has changed.
pub(super) fn changes(
    interface: &str,
    before: &InterfaceState,
    after: &InterfaceState,
) -> Vec<(Tone, String)> {
    match (before.index, after.index) {
        (Some(_), None) => {
            let gone = "is gone: no machine can reach Drover by it before it is back";
            return vec![(Tone::Trouble, format!("the interface {interface} {gone}"))];
        }
        (None, Some(_)) => {
            let back = format!("the interface {interface} is back");
            return vec![(Tone::Note, back)];
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let mut told = Vec::new();
    if before.addresses != after.addresses {
        let told_as = |it: &InterfaceState| match it.addresses.len() {
            0 => "none".to_owned(),
            _ => it.addresses.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let (was, is) = (told_as(before), told_as(after));
        told.push((
            Tone::Note,
            format!("the addresses of {interface} were {was}, and are {is} now"),
        ));
    }
    told.extend(of_link(interface, before, after));
    told
}

fn of_link(
    interface: &str,
    before: &InterfaceState,
    after: &InterfaceState,
) -> Option<(Tone, String)> {
    let link = |it: &InterfaceState| (it.is_up, it.has_carrier);
    match (link(before), link(after)) {
        (was, is) if was == is => None,
        (_, (false, _)) => Some((
            Tone::Trouble,
            format!(
                "the interface {interface} is down, so no machine can reach Drover over it: ip link \
                 set {interface} up"
            ),
        )),
        (_, (true, false)) => Some((
            Tone::Trouble,
            format!("{interface} has no link: look at its cable and its switch port"),
        )),
        (_, (true, true)) => Some((Tone::Note, format!("{interface} has a link again"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(index: u32, addresses: &[&str]) -> InterfaceState {
        InterfaceState {
            index: Some(index),
            is_up: true,
            has_carrier: true,
            addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn each_change_has_its_words() {
        let usual = up(3, &["10.77.0.1"]);
        let gone = InterfaceState::default();
        let unplugged = InterfaceState {
            has_carrier: false,
            ..usual.clone()
        };
        let down = InterfaceState {
            is_up: false,
            ..unplugged.clone()
        };
        for (before, after, wanted) in [
            (&usual, &usual, vec![]),
            (
                &usual,
                &gone,
                vec![(
                    Tone::Trouble,
                    "the interface eth1 is gone: no machine can reach Drover by it before it is back",
                )],
            ),
            (
                &gone,
                &usual,
                vec![(Tone::Note, "the interface eth1 is back")],
            ),
            (
                &usual,
                &unplugged,
                vec![(
                    Tone::Trouble,
                    "eth1 has no link: look at its cable and its switch port",
                )],
            ),
            (
                &unplugged,
                &down,
                vec![(
                    Tone::Trouble,
                    "the interface eth1 is down, so no machine can reach Drover over it: ip link set eth1 up",
                )],
            ),
            (&down, &usual, vec![(Tone::Note, "eth1 has a link again")]),
            (
                &usual,
                &up(3, &[]),
                vec![(
                    Tone::Note,
                    "the addresses of eth1 were 10.77.0.1, and are none now",
                )],
            ),
            (
                &usual,
                &up(3, &["10.77.0.1", "10.77.0.2"]),
                vec![(
                    Tone::Note,
                    "the addresses of eth1 were 10.77.0.1, and are 10.77.0.1, 10.77.0.2 now",
                )],
            ),
        ] {
            let told = changes("eth1", before, after);
            let told: Vec<(Tone, &str)> =
                told.iter().map(|(tone, it)| (*tone, it.as_str())).collect();
            assert_eq!(told, wanted);
        }
    }

    #[test]
    fn the_loopback_is_there_and_another_is_not() {
        assert!(InterfaceState::of("lo").index.is_some());
        assert_eq!(InterfaceState::of("no-such-if"), InterfaceState::default());
    }
}
