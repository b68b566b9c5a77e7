//! Router solicitations (RFC 4861 §4.1): hosts that ask which routers there are. iPXE begins its IPv6
//! with one, and waits for the answer (`ndp.c`).

use std::net::Ipv6Addr;

use machine_core::hardware::MacAddress;
use thiserror::Error;

/// The type of the message in `ICMPv6`.
const SOLICITATION: u8 = 133;

/// Type, code, checksum, four reserved bytes.
const HEADER: usize = 8;

/// The option that says the sender's link-layer address.
const SOURCE_LINK_LAYER: u8 = 1;

/// What no router has forwarded has this hop limit.
const FROM_THE_LINK: u8 = 255;

/// A host that asks for routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouterSolicitation {
    /// Who asks; `::` while it has no address.
    pub source: Ipv6Addr,
    /// Its card, if it says it.
    pub card: Option<MacAddress>,
}

/// What is no solicitation of this link (RFC 4861 §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidSolicitation {
    /// It came through a router.
    #[error("wanted a hop limit of 255, got {got}")]
    HopLimit {
        /// What it had.
        got: u8,
    },
    /// It is shorter than a header.
    #[error("wanted at least {HEADER} bytes, got {got}")]
    TooShort {
        /// How many came.
        got: usize,
    },
    /// It is another message.
    #[error("wanted ICMPv6 type {SOLICITATION}, code 0, got type {kind}, code {code}")]
    Kind {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
    /// An option has no length, or a longer one than there are bytes.
    #[error("wanted options of one or more times 8 bytes, got one that is not")]
    OptionLength,
    /// It has no address, and yet says a card for one.
    #[error("wanted no link-layer address from ::, got one")]
    CardOfNobody,
}

impl RouterSolicitation {
    /// Reads an `ICMPv6` message whose checksum is right, which the kernel has seen to.
    pub fn decode(
        bytes: &[u8],
        source: Ipv6Addr,
        hop_limit: u8,
    ) -> Result<Self, InvalidSolicitation> {
        if hop_limit != FROM_THE_LINK {
            return Err(InvalidSolicitation::HopLimit { got: hop_limit });
        }
        let got = bytes.len();
        let header = bytes.split_first_chunk::<HEADER>();
        let (header, options) = header.ok_or(InvalidSolicitation::TooShort { got })?;
        let [kind, code, ..] = *header;
        if (kind, code) != (SOLICITATION, 0) {
            return Err(InvalidSolicitation::Kind { kind, code });
        }
        let card = card(options)?;
        if card.is_some() && source.is_unspecified() {
            return Err(InvalidSolicitation::CardOfNobody);
        }
        Ok(Self { source, card })
    }
}

/// The card in the options, the first if there are several. All options are looked at: one without a
/// length makes the whole message invalid.
fn card(mut options: &[u8]) -> Result<Option<MacAddress>, InvalidSolicitation> {
    let mut card = None;
    while let [kind, units, ..] = *options {
        let length = usize::from(units) * 8;
        let split = options.split_at_checked(length).filter(|_| units > 0);
        let (option, rest) = split.ok_or(InvalidSolicitation::OptionLength)?;
        if let (SOURCE_LINK_LAYER, [_, _, octets @ ..]) = (kind, option)
            && let Ok(octets) = octets.try_into()
        {
            card = card.or_else(|| Some(MacAddress::new(octets)));
        }
        options = rest;
    }
    if !options.is_empty() {
        return Err(InvalidSolicitation::OptionLength);
    }
    Ok(card.filter(|it| it.is_of_a_card()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As iPXE writes it (`ndp_tx_router_solicitation`).
    const OF_IPXE: [u8; 16] = [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x52, 0x54, 0, 0x77, 0, 1];

    const HOST: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x5054, 0xff, 0xfe77, 1);

    #[test]
    fn a_host_asks_with_its_card_or_without() {
        let card = Some(MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]));
        let source = HOST;
        let decoded = RouterSolicitation::decode(&OF_IPXE, source, 255);
        assert_eq!(decoded, Ok(RouterSolicitation { source, card }));
        let source = Ipv6Addr::UNSPECIFIED;
        let decoded = RouterSolicitation::decode(&OF_IPXE[..8], source, 255);
        assert_eq!(decoded, Ok(RouterSolicitation { source, card: None }));
    }

    #[test]
    fn what_is_not_of_this_link_or_not_well_formed_is_refused() {
        let with = |rest: &[u8]| [&OF_IPXE[..8], rest].concat();
        let [mut another, mut code] = [OF_IPXE; 2];
        (another[0], code[1]) = (134, 1);
        let nobody = Ipv6Addr::UNSPECIFIED;
        for (bytes, source, hop_limit, error) in [
            (
                with(&[]),
                HOST,
                254,
                InvalidSolicitation::HopLimit { got: 254 },
            ),
            (
                vec![133; 7],
                HOST,
                255,
                InvalidSolicitation::TooShort { got: 7 },
            ),
            (
                another.into(),
                HOST,
                255,
                InvalidSolicitation::Kind { kind: 134, code: 0 },
            ),
            (
                code.into(),
                HOST,
                255,
                InvalidSolicitation::Kind { kind: 133, code: 1 },
            ),
            (
                with(&[1, 0, 0, 0, 0, 0, 0, 0]),
                HOST,
                255,
                InvalidSolicitation::OptionLength,
            ),
            (
                with(&[1, 2, 0, 0, 0, 0, 0, 0]),
                HOST,
                255,
                InvalidSolicitation::OptionLength,
            ),
            (with(&[1]), HOST, 255, InvalidSolicitation::OptionLength),
            (
                OF_IPXE.into(),
                nobody,
                255,
                InvalidSolicitation::CardOfNobody,
            ),
        ] {
            let decoded = RouterSolicitation::decode(&bytes, source, hop_limit);
            assert_eq!(decoded, Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn unknown_options_are_passed_over() {
        let unknown = [14, 1, 1, 2, 3, 4, 5, 6];
        let bytes = [&OF_IPXE[..8], &unknown, &OF_IPXE[8..]].concat();
        let decoded = RouterSolicitation::decode(&bytes, HOST, 255).unwrap();
        assert!(decoded.card.is_some());
    }
}
