//! The card behind an address: as the kernel sees it on a link of ours; behind a relay, whose card
//! nobody here sees, as we leased the address.
//!
//! A lease says less than the neighbour table: whoever takes over an address behind a router looks
//! like its machine. All else that a release asks for stands (docs/decisions/041).

use std::net::IpAddr;

use machine_core::hardware::MacAddress;
use machine_core::network::Reach;
use machine_store::error::StoreError;
use machine_store::leases;

use crate::site::Site;

impl Site {
    /// Whether machines of this address reach us through a router only.
    pub fn is_behind_relay(&self, address: IpAddr) -> bool {
        let subnet = self.subnet_of(address);
        subnet.is_some_and(|it| it.reach != Reach::Direct)
    }

    /// The card behind a peer's address, of which the neighbour table said `seen`; none if it is not
    /// known at this moment.
    pub(crate) async fn card_behind(
        &self,
        peer: IpAddr,
        seen: Option<MacAddress>,
    ) -> Result<Option<MacAddress>, StoreError> {
        if !self.is_behind_relay(peer) {
            return Ok(seen);
        }
        let now = self.now();
        let leases = leases::of_address(&self.db, peer).await?;
        let current = leases.into_iter().find(|it| now < it.expires);
        Ok(current.and_then(|it| it.client.card()))
    }
}

#[cfg(test)]
mod tests {
    use machine_core::network::{ClientKey, Lease, Subnet, SubnetName};
    use machine_core::time::Timestamp;

    use super::*;
    use crate::fixtures::{now, site_of, subnet};

    const LEASED: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);
    const SEEN: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 2]);

    fn lease(card: MacAddress, address: IpAddr, expires: Timestamp) -> Lease {
        Lease {
            subnet: SubnetName::new("lab"),
            client: ClientKey::Hardware(card),
            address,
            client_identifier: None,
            granted: Timestamp::from_millis(0),
            expires,
        }
    }

    #[tokio::test]
    async fn behind_a_relay_the_lease_says_it_and_on_a_link_the_neighbour_table() {
        let hour = std::time::Duration::from_hours(1);
        let (held, ended) = (subnet().server, IpAddr::from([10, 77, 0, 99]));
        for (reach, of_held, of_ended) in [
            (Reach::Direct, Some(SEEN), Some(SEEN)),
            (Reach::Relayed { relays: Vec::new() }, Some(LEASED), None),
        ] {
            let site = site_of(Subnet { reach, ..subnet() }).await;
            let leases = [
                lease(LEASED, held, now().plus(hour)),
                lease(SEEN, ended, now()),
            ];
            for lease in leases {
                site.commit.submit(lease).await.unwrap();
            }
            let behind = async |peer| site.card_behind(peer, Some(SEEN)).await.unwrap();
            assert_eq!(behind(held).await, of_held);
            assert_eq!(behind(ended).await, of_ended);
        }
    }
}
