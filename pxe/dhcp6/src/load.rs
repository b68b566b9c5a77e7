//! What a client loads next, if it is to boot from the network: firmware the loader of its platform,
//! iPXE a script.

use std::fmt;

use machine_core::client_class::ArchCode;
use machine_core::hardware::{Arch, Firmware};

use crate::client::BootClient;

/// What a client loads next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A script: it is iPXE. What it can do it does not say over DHCPv6, and it is believed to be
    /// usual: whoever has IPv6 in iPXE has HTTP.
    Script,
    /// The loader for such a platform.
    Loader(Arch, Firmware),
    /// Nothing that Drover has.
    Nothing(NoLoader),
}

/// Why there is no loader for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLoader {
    /// It says no architecture in option 61.
    NoArchitecture,
    /// Drover boots no such machines.
    Architecture(ArchCode),
}

impl fmt::Display for NoLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArchitecture => {
                f.write_str("wanted its architecture in option 61, got none: it gets no loader")
            }
            Self::Architecture(code) => write!(f, "there is no loader for architecture {code}"),
        }
    }
}

impl BootClient {
    /// What it loads next, if it is to boot from the network. Only for what [`boots`].
    ///
    /// [`boots`]: BootClient::boots
    pub fn load(&self) -> Load {
        let Some(code) = self.arch_code else {
            return if self.is_ipxe {
                Load::Script
            } else {
                Load::Nothing(NoLoader::NoArchitecture)
            };
        };
        match code.platform() {
            _ if self.is_ipxe => Load::Script,
            Some((arch, firmware)) => Load::Loader(arch, firmware),
            None => Load::Nothing(NoLoader::Architecture(code)),
        }
    }
}
