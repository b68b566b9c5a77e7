//! Identity associations (RFC 8415 §4.2): what a client wants addresses for.

use std::net::Ipv6Addr;

use crate::option::{self, OptionCode, Options};

/// So many associations of a message are answered. A client has one for each of its interfaces, and
/// asks for that of one interface at a time; each costs an address.
pub const MOST_ASSOCIATIONS: usize = 4;

/// So many addresses of an association are read: Drover gives one, and a client may have kept more
/// from another server.
pub const MOST_ADDRESSES: usize = 8;

/// An association for addresses (`IA_NA`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// Its number, chosen by the client.
    pub iaid: u32,
    /// The addresses that the client names: those that it has, or would like.
    pub addresses: Vec<Ipv6Addr>,
}

impl Association {
    /// The associations of a message, in its order. Of two with one number, the first counts.
    pub fn all(options: Options<'_>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for association in options.all(OptionCode::IA_NA).filter_map(Self::read) {
            let is_new = all.iter().all(|it| it.iaid != association.iaid);
            if is_new && all.len() < MOST_ASSOCIATIONS {
                all.push(association);
            }
        }
        all
    }

    /// The number, T1 and T2, options (RFC 8415 §21.4).
    fn read(value: &[u8]) -> Option<Self> {
        let (iaid, rest) = option::number(value)?;
        let (_t1, rest) = option::number(rest)?;
        let (_t2, rest) = option::number(rest)?;
        let addresses = Options::new(rest).all(OptionCode::IA_ADDRESS);
        let addresses = addresses.filter_map(|value| Some(option::address(value)?.0));
        let is_usable = |it: &Ipv6Addr| !it.is_unspecified() && !it.is_multicast();
        Some(Self {
            iaid,
            addresses: addresses.filter(is_usable).take(MOST_ADDRESSES).collect(),
        })
    }

    /// The address that the client would like, or has: the first.
    pub fn address(&self) -> Option<Ipv6Addr> {
        self.addresses.first().copied()
    }
}

/// The numbers of the associations for prefixes (`IA_PD`), of which none is given.
pub fn prefixes(options: Options<'_>) -> Vec<u32> {
    let numbers = options.all(OptionCode::IA_PD).filter_map(option::number);
    let numbers = numbers.map(|(iaid, _)| iaid);
    numbers.take(MOST_ASSOCIATIONS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn association(iaid: u32, addresses: &[&str]) -> Vec<u8> {
        let mut value = [iaid.to_be_bytes(), [0; 4], [0; 4]].concat();
        for text in addresses {
            let address: Ipv6Addr = text.parse().unwrap();
            value.extend([0, 5, 0, 24]);
            value.extend(address.octets());
            value.extend([0; 8]);
        }
        let length = u16::try_from(value.len()).unwrap();
        [&[0, 3][..], &length.to_be_bytes(), &value].concat()
    }

    fn all(parts: &[Vec<u8>]) -> Vec<(u32, Vec<String>)> {
        let bytes = parts.concat();
        let all = Association::all(Options::new(&bytes));
        all.into_iter()
            .map(|it| {
                (
                    it.iaid,
                    it.addresses.iter().map(ToString::to_string).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn associations_name_addresses_that_can_be_had() {
        let first = association(1, &["fd77::50", "::", "ff02::1", "fd77::51"]);
        let read = all(&[first, association(2, &[])]);
        let addresses = vec!["fd77::50".to_owned(), "fd77::51".to_owned()];
        assert_eq!(read, [(1, addresses), (2, vec![])]);
    }

    #[test]
    fn of_many_the_first_count_and_of_two_the_same_the_first() {
        let many: Vec<_> = [7, 7, 1, 2, 3, 4].map(|it| association(it, &[])).to_vec();
        let numbers: Vec<u32> = all(&many).iter().map(|it| it.0).collect();
        assert_eq!(numbers, [7, 1, 2, 3]);
        let addresses = ["fd77::1"; 20];
        assert_eq!(
            all(&[association(1, &addresses)])[0].1.len(),
            MOST_ADDRESSES
        );
    }

    #[test]
    fn a_short_one_is_none_and_hides_none() {
        let short = vec![0, 3, 0, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(all(&[short, association(2, &[])]), [(2, vec![])]);
        let prefixes = prefixes(Options::new(&[0, 25, 0, 4, 0, 0, 0, 9, 0, 25, 0, 1, 0]));
        assert_eq!(prefixes, [9]);
    }
}
