//! What becomes of the address of an association (RFC 8415 §18.3), where Drover is the only DHCPv6
//! server.
//!
//! The lease table says how the client stands to the address that it names ([`Standing`]); this says
//! what that means for its question. What is granted is committed before it is told.

use std::net::{IpAddr, Ipv6Addr};

use machine_core::network::Network;
use machine_core::standing::Standing;

use crate::ask::Ask;

/// What becomes of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The client has this address, or may have it.
    Grant(Ipv6Addr),
    /// Any address that is the client's or free will do.
    Propose,
    /// This address is not the client's: it has to give it up (lifetimes of zero, §18.3.4).
    Withdraw(Ipv6Addr),
    /// There is no record: the client is to ask with REQUEST (`NoBinding`).
    NoBinding,
    /// The address belongs to another link (`NotOnLink`).
    NotOnLink,
    /// It is no question about an address to have: the message gets a status, not the association.
    Nothing,
}

/// Judges one association. `address` is the one that it names; `standing` is how the client stands to
/// it.
pub fn judge(ask: Ask, address: Option<Ipv6Addr>, network: Network, standing: Standing) -> Verdict {
    let Some(address) = address else {
        return match ask {
            Ask::Solicit { .. } | Ask::Request => Verdict::Propose,
            Ask::Renew | Ask::Rebind => Verdict::NoBinding,
            Ask::Confirm | Ask::Release | Ask::Decline | Ask::Inform | Ask::BootService => {
                Verdict::Nothing
            }
        };
    };
    let is_on_link = network.contains(IpAddr::V6(address));
    match (ask, standing) {
        (Ask::Solicit { .. }, _) => Verdict::Propose,
        (Ask::Request, _) if !is_on_link => Verdict::NotOnLink,
        (Ask::Request, Standing::Held | Standing::Free) => Verdict::Grant(address),
        // What it was offered is gone, or it has another by now: it is told what it may have.
        (Ask::Request, Standing::Elsewhere(_) | Standing::Taken | Standing::NotLeased) => {
            Verdict::Propose
        }
        (Ask::Renew | Ask::Rebind, _) if !is_on_link => Verdict::Withdraw(address),
        (Ask::Renew | Ask::Rebind, Standing::Held) => Verdict::Grant(address),
        // It asks again at once, and gets the address if nobody has it then.
        (Ask::Renew | Ask::Rebind, Standing::Free) => Verdict::NoBinding,
        (
            Ask::Renew | Ask::Rebind,
            Standing::Elsewhere(_) | Standing::Taken | Standing::NotLeased,
        ) => Verdict::Withdraw(address),
        (Ask::Confirm | Ask::Release | Ask::Decline | Ask::Inform | Ask::BootService, _) => {
            Verdict::Nothing
        }
    }
}

/// Whether all these addresses belong to the link (CONFIRM, RFC 8415 §18.3.3). None, and so silence,
/// if there are none: then nothing can be said.
pub fn confirms(addresses: &[Ipv6Addr], network: Network) -> Option<bool> {
    let mut links = addresses.iter().map(|it| network.contains(IpAddr::V6(*it)));
    (!addresses.is_empty()).then(|| links.all(|it| it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 0x50);

    fn network() -> Network {
        "fd77::/64".parse().unwrap()
    }

    fn standings() -> [Standing; 5] {
        let held = "fd77::51".parse().unwrap();
        [
            Standing::Held,
            Standing::Free,
            Standing::Elsewhere(held),
            Standing::Taken,
            Standing::NotLeased,
        ]
    }

    #[test]
    fn every_question_in_every_standing() {
        use Verdict::{Grant, NoBinding, Nothing, Propose, Withdraw};
        let (grant, withdraw) = (Grant(ADDRESS), Withdraw(ADDRESS));
        let solicit = Ask::Solicit { rapid_commit: true };
        for (ask, verdicts) in [
            (solicit, [Propose; 5]),
            (Ask::Request, [grant, grant, Propose, Propose, Propose]),
            (Ask::Renew, [grant, NoBinding, withdraw, withdraw, withdraw]),
            (
                Ask::Rebind,
                [grant, NoBinding, withdraw, withdraw, withdraw],
            ),
            (Ask::Release, [Nothing; 5]),
            (Ask::Decline, [Nothing; 5]),
            (Ask::Confirm, [Nothing; 5]),
            (Ask::Inform, [Nothing; 5]),
            (Ask::BootService, [Nothing; 5]),
        ] {
            for (standing, verdict) in standings().into_iter().zip(verdicts) {
                let got = judge(ask, Some(ADDRESS), network(), standing);
                assert_eq!(got, verdict, "{ask:?} {standing:?}");
            }
        }
    }

    #[test]
    fn addresses_of_another_link_are_not_kept_whatever_the_table_says() {
        let elsewhere: Ipv6Addr = "fd78::50".parse().unwrap();
        for standing in standings() {
            let verdict = |ask| judge(ask, Some(elsewhere), network(), standing);
            assert_eq!(verdict(Ask::Request), Verdict::NotOnLink);
            assert_eq!(verdict(Ask::Renew), Verdict::Withdraw(elsewhere));
            assert_eq!(verdict(Ask::Rebind), Verdict::Withdraw(elsewhere));
        }
    }

    #[test]
    fn who_names_no_address_gets_one_only_where_it_begins() {
        let verdict = |ask| judge(ask, None, network(), Standing::NotLeased);
        assert_eq!(verdict(Ask::Request), Verdict::Propose);
        assert_eq!(verdict(Ask::Renew), Verdict::NoBinding);
        assert_eq!(verdict(Ask::Release), Verdict::Nothing);
    }

    #[test]
    fn a_link_is_confirmed_if_all_addresses_are_of_it() {
        let elsewhere: Ipv6Addr = "fd78::50".parse().unwrap();
        for (addresses, confirmed) in [
            (&[ADDRESS][..], Some(true)),
            (&[ADDRESS, elsewhere], Some(false)),
            (&[], None),
        ] {
            assert_eq!(confirms(addresses, network()), confirmed);
        }
    }
}
