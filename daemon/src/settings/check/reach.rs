//! Where subnets are, as the settings tell it.

use std::net::IpAddr;

use machine_core::network::{DhcpMode, Network};
use serde_saphyr::Spanned;

use crate::settings::checker::Checker;
use crate::settings::file::SubnetSection;

impl Checker<'_> {
    /// The network of a subnet, if it is told.
    pub(super) fn network(&self, section: &SubnetSection) -> Option<Network> {
        let told = section.network.as_ref()?;
        let wanted = "a network such as 10.77.0.0/24, with no bit set behind its prefix";
        self.right(self.parsed(told, "subnets.network", wanted))
    }

    /// The relays of a subnet, if it is behind some.
    pub(super) fn relays(
        &self,
        told: &Spanned<SubnetSection>,
        mode: &DhcpMode,
    ) -> Option<Vec<IpAddr>> {
        let field = "subnets.relays";
        let given = told.value.relays.as_ref()?;
        if told.value.network.is_none() {
            self.right::<()>(Err(self.missing(
                told,
                "subnets.network",
                "the network of the machines behind the relays, such as 10.78.0.0/24",
            )));
        }
        if *mode == DhcpMode::Proxy && !self.is_unread("subnets.mode") {
            // Whoever gives the addresses knows the cards; behind a router nobody else does.
            self.right::<()>(Err(self.wrong(
                given,
                field,
                "mode: authoritative or off in a subnet that is behind relays, since beside another \
                 DHCP server Drover could not tell its machines apart",
                "relays in mode: proxy",
            )));
        }
        Some(self.addresses(given.value.as_slice(), field))
    }
}
