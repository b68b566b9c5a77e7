//! Use cases that say why a machine boots what it boots.

use std::cmp::Reverse;

use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_store::identities;

use crate::caller::Caller;
use crate::effects::boots::{Explained, TestedClient};
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::Operations;

/// Why one card boots what it boots.
#[derive(Debug, Clone)]
pub struct CardExplained {
    /// The card.
    pub card: MacAddress,
    /// The name of its machine.
    pub machine: Option<String>,
    /// Why.
    pub explained: Explained,
}

/// A client that is made up, as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct TestedWords<'a> {
    /// Its card.
    pub mac: &'a str,
    /// The UUID that it says; empty for none.
    pub uuid: &'a str,
    /// `amd64` or `arm64`.
    pub arch: &'a str,
    /// `bios` or `uefi`.
    pub firmware: &'a str,
    /// Whether it does UEFI HTTP boot.
    pub over_http: bool,
    /// Whether it is iPXE already.
    pub is_ipxe: bool,
    /// The subnet that it asks in.
    pub via: &'a str,
}

impl Operations {
    /// Why the cards of a machine, or one that is no machine's, boot what they boot. The one that was
    /// heard of last comes first.
    pub async fn explain_boot(
        &self,
        caller: &Caller,
        who: &str,
    ) -> Result<Vec<CardExplained>, UseCaseError> {
        self.permit(caller, Operation::ExplainBoot)?;
        let (machine, cards) = self.cards(who).await?;
        let mut all = Vec::new();
        for card in cards {
            all.push(CardExplained {
                card,
                machine: machine.clone(),
                explained: self.effects.explain(card).await?,
            });
        }
        all.sort_by_key(|it| Reverse(it.explained.packets.last().map(|(at, _)| *at)));
        Ok(all)
    }

    /// The last packets of those cards as a pcapng file, and how many.
    pub async fn export_packets(
        &self,
        caller: &Caller,
        who: &str,
    ) -> Result<(Vec<u8>, u32), UseCaseError> {
        self.permit(caller, Operation::ExportPackets)?;
        let (_, cards) = self.cards(who).await?;
        Ok(self.effects.packets(&cards))
    }

    /// What a client that says this of itself would be told.
    pub async fn test_boot(
        &self,
        caller: &Caller,
        words: TestedWords<'_>,
    ) -> Result<CardExplained, UseCaseError> {
        self.permit(caller, Operation::TestBoot)?;
        let client = tested(words)?;
        let (machine, _) = self.cards(words.mac).await?;
        Ok(CardExplained {
            card: client.mac,
            machine,
            explained: self.effects.test(&client).await?,
        })
    }

    /// The cards that are meant, and the name of their machine.
    async fn cards(&self, who: &str) -> Result<(Option<String>, Vec<MacAddress>), UseCaseError> {
        let machine = match self.meant(who).await {
            Ok(machine) => machine,
            Err(error @ UseCaseError::NotFound { .. }) => {
                let card = who.parse().map_err(|_| error)?;
                return Ok((None, vec![card]));
            }
            Err(error) => return Err(error),
        };
        let known = identities::of_machine(&self.db, machine.id).await?;
        let cards = known.into_iter().flat_map(|it| it.macs).collect();
        Ok((Some(machine.name), cards))
    }
}

fn tested(words: TestedWords<'_>) -> Result<TestedClient, UseCaseError> {
    let wrong = |what: &str, wanted: &str, got: &str| {
        UseCaseError::Invalid(format!("{what}: wanted {wanted}, got {got:?}"))
    };
    let mac = words.mac.parse();
    let mac = mac.map_err(|_| wrong("mac", "an address such as 52:54:00:77:00:01", words.mac))?;
    let uuid = match words.uuid {
        "" => None,
        text => Some(text.parse().map_err(|_| wrong("uuid", "a UUID", text))?),
    };
    let arch = [Arch::X86_64, Arch::Arm64].into_iter();
    let arch = arch.clone().find(|it| it.as_str() == words.arch);
    let arch = arch.ok_or_else(|| wrong("arch", "amd64 or arm64", words.arch))?;
    let firmware = [Firmware::Bios, Firmware::Uefi].into_iter();
    let firmware = firmware.clone().find(|it| it.as_str() == words.firmware);
    let firmware = firmware.ok_or_else(|| wrong("firmware", "bios or uefi", words.firmware))?;
    if words.over_http && firmware != Firmware::Uefi {
        return Err(wrong(
            "firmware",
            "uefi for a boot over HTTP",
            words.firmware,
        ));
    }
    Ok(TestedClient {
        mac,
        uuid,
        platform: (arch, firmware),
        over_http: words.over_http,
        is_ipxe: words.is_ipxe,
        via: words.via.to_owned(),
    })
}
