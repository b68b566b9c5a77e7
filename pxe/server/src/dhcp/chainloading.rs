//! What a client that is to boot from the network is told to load: a script, a loader, or nothing
//! and why.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::hardware::{Arch, Firmware};
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::load::Load;
use pxe_dhcp::offers::Offers;
use pxe_dhcp::reply::BootInstruction;
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
                let url = format!("http://{}/boot/{boot}", asked.subnet.http);
                Ok(BootInstruction::Script { url })
            }
            Load::Nothing(why) => Err(why.to_string()),
            Load::Loader(arch, firmware) => {
                let told = loader(asked, loaders, arch, firmware)?;
                let round = self.chains.load(mac, boot, now);
                round.map_err(|endless| endless.to_string())?;
                Ok(told)
            }
        }
    }
}

fn loader(
    asked: &Asked,
    loaders: &Loaders,
    arch: Arch,
    firmware: Firmware,
) -> Result<BootInstruction, String> {
    let choice = asked.subnet.loader;
    let file = loaders.advertised(arch, firmware, choice);
    let file = file.ok_or_else(|| not_installed(arch, firmware, choice))?;
    Ok(BootInstruction::Loader {
        file: file.name.into(),
        next_server: asked.subnet.subnet.server,
    })
}

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
