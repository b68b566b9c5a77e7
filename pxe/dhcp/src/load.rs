//! What a client loads next, if it is to boot from the network.
//!
//! Firmware gets the loader of its platform, iPXE gets a script. Between the two is iPXE in the ROM
//! of a card that can't do what our scripts ask of it: it is treated as the firmware that it is, and
//! loads our iPXE.

use std::fmt;

use machine_core::client_class::ArchCode;
use machine_core::hardware::{Arch, Firmware};

use crate::client::BootClient;
use crate::ipxe::{Ipxe, IpxeFeature};
use crate::raspberry_pi::is_raspberry_pi;

/// What a client loads next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A script: it is an iPXE that can run ours.
    Script,
    /// The loader for such a platform.
    Loader(Arch, Firmware),
    /// Nothing that Drover has.
    Nothing(NoLoader),
}

/// Why there is no loader for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLoader {
    /// The ROM of a Raspberry Pi, which says architecture 0 and runs no PC's loader.
    RaspberryPi,
    /// It says no architecture in option 93.
    NoArchitecture,
    /// Drover boots no such machines.
    Architecture(ArchCode),
}

impl fmt::Display for NoLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RaspberryPi => f.write_str(
                "there is no loader for the ROM of a Raspberry Pi, though it says architecture 0 \
                 (a PC with a BIOS)",
            ),
            Self::NoArchitecture => {
                f.write_str("wanted its architecture in option 93, got none: it gets no loader")
            }
            Self::Architecture(code) => write!(f, "there is no loader for architecture {code}"),
        }
    }
}

impl BootClient {
    /// What it loads next, if it is to boot from the network. Only for what [`is_netboot`].
    ///
    /// [`is_netboot`]: BootClient::is_netboot
    pub fn load(&self) -> Load {
        if self.ipxe.is_some_and(|ipxe| ipxe.runs_our_scripts()) {
            return Load::Script;
        }
        match (self.platform(), self.arch_code) {
            (Some((arch, firmware)), _) => Load::Loader(arch, firmware),
            (None, Some(code)) if is_raspberry_pi(self.mac, code) => {
                Load::Nothing(NoLoader::RaspberryPi)
            }
            (None, Some(code)) => Load::Nothing(NoLoader::Architecture(code)),
            (None, None) => Load::Nothing(NoLoader::NoArchitecture),
        }
    }
}

impl Ipxe {
    /// Whether it can fetch what our scripts name, and start it. Features are told as a whole or not
    /// at all: of one that tells none, nothing is known, and it is believed to be usual.
    fn runs_our_scripts(&self) -> bool {
        let has = |feature| self.features.has(feature);
        self.features.is_empty()
            || has(IpxeFeature::Http) && (has(IpxeFeature::BzImage) || has(IpxeFeature::Efi))
    }
}
