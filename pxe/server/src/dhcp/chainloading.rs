//! What a client that is to boot from the network is told to load: a script, a loader, or nothing
//! and why.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::hardware::{Arch, Firmware};
use machine_core::id::BootId;
use machine_core::network::DhcpMode;
use machine_core::time::Timestamp;
use pxe_dhcp::ask::Ask;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::load::Load;
use pxe_dhcp::offers::Offers;
use pxe_dhcp::reply::{BootInstruction, ProxySchool};
use pxe_dhcp::schools::Schools;
use pxe_loader::bootloaders::{advertised, next};
use pxe_loader::loader_choice::LoaderChoice;

use crate::dhcp::incoming::Asked;
use crate::loaders::Loaders;
use crate::shared_chains::SharedChains;

/// What is remembered from one packet of a client to its next.
#[derive(Debug, Default)]
pub(crate) struct Chainloading {
    offers: Mutex<Offers>,
    chains: SharedChains,
    schools: Mutex<Schools>,
}

impl Chainloading {
    /// Which loaders led nowhere: shared with whoever sees that one did not.
    pub(crate) fn chains(&self) -> SharedChains {
        self.chains.clone()
    }

    /// A client is made an offer.
    pub(crate) fn offered(&self, client: &BootClient) {
        locked(&self.offers).offered(client);
    }

    /// A client, with what it said when it was made the offer that it takes.
    pub(crate) fn completed(&self, client: BootClient) -> BootClient {
        locked(&self.offers).completed(client)
    }

    /// How UEFI firmware is told its file beside another DHCP server.
    pub(super) fn school(
        &self,
        asked: &Asked,
        told: &BootInstruction,
        now: Timestamp,
    ) -> ProxySchool {
        let (client, mac) = (&asked.client, asked.client.mac);
        let is_uefi = client
            .platform()
            .is_some_and(|(_, it)| it == Firmware::Uefi);
        let has_choice = is_uefi
            && asked.subnet.subnet.mode == DhcpMode::Proxy
            && matches!(told, BootInstruction::Loader { .. });
        match asked.client.ask {
            Ask::Discover if has_choice => locked(&self.schools).next(mac, now),
            Ask::BootService => {
                locked(&self.schools).has_worked(mac);
                ProxySchool::Binl
            }
            Ask::Discover
            | Ask::Request(_)
            | Ask::Inform { .. }
            | Ask::Decline { .. }
            | Ask::Release { .. } => ProxySchool::Binl,
        }
    }

    /// What a boot is told to load, or why nothing.
    pub(super) fn told(
        &self,
        asked: &Asked,
        boot: BootId,
        loaders: &Loaders,
        now: Timestamp,
    ) -> Result<BootInstruction, String> {
        let mac = asked.client.mac;
        match asked.client.load() {
            Load::Script => {
                self.chains.started(mac);
                locked(&self.schools).has_worked(mac);
                let url = format!("http://{}/boot/{boot}", asked.subnet.http);
                Ok(BootInstruction::Script { url })
            }
            Load::Nothing(why) => Err(why.to_string()),
            Load::Loader(arch, firmware) => {
                let told = loader(asked, boot, loaders, (arch, firmware))?;
                let round = self.chains.load(mac, boot, now);
                round.map_err(|endless| endless.to_string())?;
                Ok(told)
            }
        }
    }
}

fn loader(
    asked: &Asked,
    boot: BootId,
    loaders: &Loaders,
    (arch, firmware): (Arch, Firmware),
) -> Result<BootInstruction, String> {
    let choice = asked.subnet.loader;
    let file = loaders.advertised(arch, firmware, choice);
    let file = file.ok_or_else(|| not_installed(arch, firmware, choice))?;
    if asked.client.is_http() {
        if file.next.is_some() {
            return Err(BY_TFTP_ONLY.to_owned());
        }
        let url = format!("http://{}/loader/{boot}/{}", asked.subnet.http, file.name);
        return Ok(BootInstruction::Url { url });
    }
    Ok(BootInstruction::Loader {
        file: file.name.into(),
        next_server: asked.subnet.subnet.server,
    })
}

/// Debian 12's GRUB has no module for HTTP, and asks for its configuration where it came from.
const BY_TFTP_ONLY: &str = "shim and GRUB load over PXE only, and it does UEFI HTTP boot: choose \
                            the firmware's entry for PXE over IPv4";

/// What is missing, and where it is to be had.
fn not_installed(arch: Arch, firmware: Firmware, choice: LoaderChoice) -> String {
    let wanted: BTreeSet<&str> = advertised(arch, firmware, choice)
        .flat_map(|file| [Some(file), next(file)])
        .flatten()
        .map(|file| file.package.name)
        .collect();
    let packages = wanted.into_iter().collect::<Vec<_>>().join(", ");
    match packages.as_str() {
        "" => format!("there is no loader for {arch} {firmware}"),
        packages => format!(
            "the loader for {arch} {firmware} is not installed; these packages of Debian have what \
             starts there: {packages}"
        ),
    }
}

fn locked<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
