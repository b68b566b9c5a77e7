//! A DECLINE in the name of a machine: its lease ends, and it gets another address. Anybody can send
//! that packet with its card's address, so the machine's timeline tells it.

use std::net::IpAddr;

use machine_core::network::ClientKey;
use machine_core::time::Timestamp;
use machine_store::error::StoreError;

use crate::boots::BootAnswers;
use crate::boots::alarms::AlarmKind;
use crate::site::About;

impl BootAnswers {
    /// Tells on a machine's timeline which address it is said to have declined: one line a minute.
    pub(super) async fn note_decline(
        &self,
        client: ClientKey,
        address: IpAddr,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(card) = client.card() else {
            return Ok(());
        };
        let Some(known) = self.known_by_card(card).await? else {
            return Ok(());
        };
        let at = self.site.now();
        // Whoever forges one forges the next for the new address: the text is not what paces it.
        let is_told = (AlarmKind::Packet, "a declined address");
        if !self.alarms.takes(known.machine, is_told, at) {
            return Ok(());
        }
        let text = format!(
            "its card {card} said that {address} is in use by somebody else (DHCPDECLINE): that \
             address is not leased before {until}, and {name} may get another one; if nobody else \
             answers at {address}, somebody sent this in the name of {name}: find the card in the \
             table of the switch",
            name = known.name
        );
        let event = About::machine(known.machine).event(at, "alarm", text);
        self.site.commit.try_event(event);
        Ok(())
    }
}
