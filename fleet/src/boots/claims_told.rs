//! What is told of claims to be a machine: its timeline gets a line a card and minute, and one about
//! the further cards ([`super::claim_alarms`]).

use std::net::IpAddr;

use machine_core::evidence::KnownIdentity;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use pxe_server::complaint::Source;

use crate::boots::BootAnswers;
use crate::boots::alarms::{AGAIN, AlarmKind};
use crate::boots::claim_alarms::{COUNTED, NAMED, Told};
use crate::boots::claims::{Tone, describe};
use crate::site::About;

impl BootAnswers {
    /// Tells of a claim that gets nothing: of a registered card as of any other boot of the machine.
    pub(super) fn tell_claim(
        &self,
        known: Option<&KnownIdentity>,
        machine: MachineId,
        (peer, card): (IpAddr, Option<MacAddress>),
        why: &str,
        at: Timestamp,
    ) {
        let text = format!("{} gets nothing: {why}", describe(peer, card));
        let asker = Source::Asker(machine, peer);
        let foreign = card.filter(|card| known.is_none_or(|known| !known.macs.contains(card)));
        let Some(card) = foreign else {
            self.tell(machine, asker, (AlarmKind::Boot, Tone::Alarm, text), at);
            return;
        };
        self.refusals.note(asker, &text);
        match self.claim_alarms.note(machine, card, at) {
            Told::AtOnce => self.alarm(machine, text, at),
            Told::FirstHeld => self.tell_claims_later(machine),
            Told::Held => {}
        }
    }

    fn tell_claims_later(&self, machine: MachineId) {
        let directory = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AGAIN).await;
            directory.tell_held_claims(machine);
        });
    }

    /// Says how many further cards there were.
    pub(super) fn tell_held_claims(&self, machine: MachineId) {
        let cards = self.claim_alarms.held(machine);
        if cards.is_empty() {
            return;
        }
        let number = match cards.len() {
            COUNTED => format!("at least {COUNTED}"),
            fewer => fewer.to_string(),
        };
        let named = cards.iter().take(NAMED).map(ToString::to_string);
        let named = named.collect::<Vec<_>>().join(", ");
        let text = format!(
            "and {number} more cards that are not registered claimed to be this machine within a \
             minute, and got nothing, among them {named}: find them in the table of the switch"
        );
        self.alarm(machine, text, self.site.now());
    }

    fn alarm(&self, machine: MachineId, text: String, at: Timestamp) {
        let event = About::machine(machine).event(at, "alarm", text);
        self.site.commit.try_event(event);
    }
}
