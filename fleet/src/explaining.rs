//! What the use cases ask of those who answer boots: why a card boots what it boots.

use api_server::effects::boots::{BootExplaining, Explained, TestedClient};
use api_server::effects::error::EffectError;
use machine_core::boot::Asker;
use machine_core::hardware::MacAddress;
use machine_core::network::Subnet;
use pxe_server::directory::BootQuestion;
use pxe_server::witness::{capture, line, what_is_missing};
use pxe_server::witnessed::Witnessed;

use crate::boot_plane_view::BootPlaneView;
use crate::boots::explaining::asks;
use crate::error::StepError;
use crate::site::Site;
use crate::use_cases::UseCaseEffects;

#[async_trait::async_trait]
impl BootExplaining for UseCaseEffects {
    async fn explain(&self, card: MacAddress) -> Result<Explained, EffectError> {
        let explained = explain(&self.boots, &self.site, card).await;
        explained.map_err(|error| EffectError::Failed(error.chain()))
    }

    fn packets(&self, cards: &[MacAddress]) -> (Vec<u8>, u32) {
        let packets = cards.iter().flat_map(|card| self.boots.witness.of(*card));
        let mut packets: Vec<Witnessed> = packets.collect();
        packets.sort_by_key(|packet| packet.at);
        let count = u32::try_from(packets.len()).unwrap_or(u32::MAX);
        (capture(&packets), count)
    }

    async fn test(&self, client: &TestedClient) -> Result<Explained, EffectError> {
        let subnet = subnet(&self.site, &client.via)?;
        let question = BootQuestion {
            uuid: client.uuid,
            platform: Some(client.platform),
            asker: if client.is_ipxe {
                Asker::Ipxe
            } else {
                Asker::Firmware
            },
            ..asks(client.mac, Some(subnet))
        };
        let told = self.boots.answers.would_be_told(&question, None).await;
        let told = told.map_err(|error| EffectError::Failed(error.chain()))?;
        let loaders = &self.boots.loaders;
        let name = self
            .dhcp
            .loader_name(&subnet.name, loaders, client.platform);
        let file = told.is_network.then(|| file(name, client));
        Ok(Explained {
            rules: told.rules,
            packets: Vec::new(),
            steps: Vec::new(),
            missing: None,
            told: Some(file.unwrap_or_else(|| "no boot file: its local disk".to_owned())),
        })
    }
}

async fn explain(
    boots: &BootPlaneView,
    site: &Site,
    card: MacAddress,
) -> Result<Explained, StepError> {
    let (boot, steps) = boots.answers.last_boot(card).await?.unzip();
    let address = boot.as_ref().and_then(|it| it.address);
    let subnet = address.and_then(|it| site.subnet_of(it));
    let question = asks(card, subnet.or_else(|| site.subnets.first()));
    let packets = boots.witness.of(card);
    let reached = boot.as_ref().map(|it| it.step);
    let told = boots.answers.would_be_told(&question, boot).await?;
    Ok(Explained {
        rules: told.rules,
        missing: Some(what_is_missing(&packets, reached)),
        packets: packets.iter().map(|it| (it.at, line(it))).collect(),
        steps: steps.unwrap_or_default(),
        told: None,
    })
}

/// The subnet of this name, or that has this address; the first if none is named.
fn subnet<'a>(site: &'a Site, via: &str) -> Result<&'a Subnet, EffectError> {
    let named = site.subnets.iter().find(|it| it.name.as_str() == via);
    let by_address = via.parse().ok().and_then(|address| site.subnet_of(address));
    let first = site.subnets.first().filter(|_| via.is_empty());
    named.or(by_address).or(first).ok_or_else(|| {
        let served: Vec<&str> = site.subnets.iter().map(|it| it.name.as_str()).collect();
        EffectError::Failed(format!(
            "via: wanted a subnet or an address in one, of {}, got {via:?}",
            served.join(", ")
        ))
    })
}

/// What a client loads that boots from the network.
fn file(name: Option<&str>, client: &TestedClient) -> String {
    let (arch, firmware) = client.platform;
    if client.is_ipxe {
        return "its script".to_owned();
    }
    match name {
        Some(name) if client.over_http => format!("{name} over HTTP"),
        Some(name) => format!("{name} by TFTP"),
        None => format!("no boot file, for the loader for {arch} {firmware} is not installed"),
    }
}
