//! Guesses of tokens: who asks for a config with a token that Drover did not make.
//!
//! Each is an alarm of the machines whose card or address the asker uses. Of an asker that uses
//! neither the log alone tells, since a stranger costs no disk.

use std::net::IpAddr;

use machine_core::evidence::KnownIdentity;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::error::StoreError;
use machine_store::{boots, identities, leases, reservations};

use crate::boots::claims::describe;
use crate::boots::guesses::{Asker, HELD, Told, Used};
use crate::boots::{BootAnswers, claim, is_card_of_any};
use crate::error::StepError;
use crate::site::About;

impl BootAnswers {
    /// A token that is none of ours, in a request for a document or in a report.
    pub(super) async fn note_guess(
        &self,
        asker: (IpAddr, Option<MacAddress>),
        at: Timestamp,
    ) -> Result<(), StepError> {
        let used = if let Some(used) = self.guesses.remembered(asker, at) {
            used
        } else {
            let used = self.used_by(asker, at).await?;
            self.guesses.remember(asker, used.clone(), at);
            used
        };
        if used.is_empty() {
            self.refusals.note(asker.0, &stranger_text(asker));
        }
        for used in used {
            match self.guesses.note(used.machine, asker, at) {
                Told::AtOnce => self.tell_guesses(used.machine, text(asker, used), at),
                Told::FirstHeld => self.tell_guesses_later(used.machine),
                Told::Held => {}
            }
        }
        Ok(())
    }

    fn tell_guesses(&self, machine: MachineId, text: String, at: Timestamp) {
        tracing::warn!(%machine, "{text}");
        let event = About::machine(machine).event(at, "alarm", text);
        self.site.commit.try_event(event);
    }

    fn tell_guesses_later(&self, machine: MachineId) {
        let directory = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(HELD).await;
            directory.tell_held_guesses(machine);
        });
    }

    /// Says how many guesses were held back, and from whom.
    pub(super) fn tell_held_guesses(&self, machine: MachineId) {
        let at = self.site.now();
        let (held, askers) = self.guesses.held(machine, at);
        if held == 0 {
            return;
        }
        let askers = askers
            .iter()
            .map(|(address, card)| describe(*address, *card));
        let askers = askers.collect::<Vec<_>>().join(", ");
        let text = format!("and {held} more guesses of tokens since the last line, from {askers}");
        self.tell_guesses(machine, text, at);
    }

    /// The machines whose card or address an asker uses.
    async fn used_by(&self, (peer, card): Asker, at: Timestamp) -> Result<Vec<Used>, StoreError> {
        let mut used = Vec::new();
        if let Some(card) = card {
            let of_card = self.known_by_card(card).await?;
            used.extend(of_card.iter().map(|it| Used {
                machine: it.machine,
                is_its_card: true,
            }));
        }
        if let Some(machine) = self.holder_of_address(peer, at).await?
            && used.iter().all(|it| it.machine != machine)
        {
            used.push(Used {
                machine,
                is_its_card: false,
            });
        }
        Ok(used)
    }

    /// The machine that has a card: the longest known, if several say so.
    pub(super) async fn known_by_card(
        &self,
        card: MacAddress,
    ) -> Result<Option<KnownIdentity>, StoreError> {
        let claim = claim(card, None);
        let candidates = identities::candidates_of_claim(&self.site.db, &claim).await?;
        let is_its_card = is_card_of_any(card, &candidates);
        Ok(candidates.into_iter().next().filter(|_| is_its_card))
    }

    /// The machine that an address belongs to: by its lease, else by its reservation, else by its
    /// last boot, since beside another DHCP server nothing else is known of addresses.
    async fn holder_of_address(
        &self,
        address: IpAddr,
        at: Timestamp,
    ) -> Result<Option<MachineId>, StoreError> {
        let db = &self.site.db;
        let leased = leases::of_address(db, address).await?;
        let lease = leased.iter().find(|it| it.expires > at);
        if let Some(card) = lease.and_then(|it| it.client.card()) {
            return Ok(self.known_by_card(card).await?.map(|it| it.machine));
        }
        if let Some(reserved) = reservations::of_address(db, address).await? {
            return Ok(Some(reserved.machine));
        }
        let boot = boots::latest_of_address(db, address).await?;
        Ok(boot.and_then(|boot| boot.machine))
    }
}

/// What the log says of an asker with no machine's card or address.
fn stranger_text((_, card): Asker) -> String {
    let card = card.map_or_else(
        || "a card that is not known".to_owned(),
        |it| it.to_string(),
    );
    format!(
        "it asks for a config with a token that Drover did not make, from {card} and an address \
         that are no machine's: it got nothing; find it in the table of the switch"
    )
}

/// What a machine's timeline says of an asker.
fn text((peer, card): Asker, used: Used) -> String {
    let from = describe(peer, card);
    let whose = match card {
        _ if used.is_its_card => {
            "the card is this machine's: its system or somebody with a cloned \
             card tries tokens; look at its console"
                .to_owned()
        }
        Some(card) => format!(
            "the address is this machine's, and {card} is not one of its cards: find that card in \
             the table of the switch and take it off, or add it to the machine's document if it is \
             its own (drover machine apply)"
        ),
        None => "the address is this machine's, and the card behind it is not known: find who has \
             that address in the table of the switch or relay"
            .to_owned(),
    };
    format!(
        "{from} asks for a config with a token that Drover did not make, and got nothing; {whose}"
    )
}
