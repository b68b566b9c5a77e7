//! The bootloaders' bytes, read once at start: a few files of some hundred kilobytes.
//!
//! Names come from the catalogue (`pxe-loader`) and from nowhere else: a name from the network is
//! looked up there and never becomes a path.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use machine_core::hardware::{Arch, Firmware};
use pxe_loader::bootloader::LoaderFile;
use pxe_loader::bootloaders::{BOOTLOADERS, files, find};
use thiserror::Error;

/// A file of the catalogue that is not there.
#[derive(Debug, Error)]
#[error(
    "no loader for {firmware} machines ({arch}) at {path}: {source}; Debian's package {package} has it",
    arch = file.arch.as_str(),
    firmware = file.firmware.as_str(),
    path = path.display()
)]
pub struct MissingLoader {
    /// Which file, and for what it is.
    pub file: &'static LoaderFile,
    /// Where it was looked for.
    pub path: PathBuf,
    /// The Debian package that ships it.
    pub package: &'static str,
    /// What the system says.
    pub source: io::Error,
}

/// The loader files of the catalogue, in memory.
#[derive(Debug, Default)]
pub struct Loaders {
    content: BTreeMap<&'static str, Bytes>,
}

impl Loaders {
    /// With these files of the catalogue.
    pub fn from_memory(files: impl IntoIterator<Item = (&'static LoaderFile, Bytes)>) -> Self {
        let named = files.into_iter();
        Self {
            content: named.map(|(file, content)| (file.name, content)).collect(),
        }
    }

    /// Reads every file of the catalogue from this directory; says which are missing.
    pub fn read(directory: &Path) -> (Self, Vec<MissingLoader>) {
        let mut loaders = Self::default();
        let mut missing = Vec::new();
        for loader in BOOTLOADERS {
            for file in loader.files() {
                let path = directory.join(file.name);
                match std::fs::read(&path) {
                    Ok(content) => {
                        loaders.content.insert(file.name, content.into());
                    }
                    Err(source) => {
                        let package = loader.package();
                        missing.push(MissingLoader {
                            file,
                            path,
                            package,
                            source,
                        });
                    }
                }
            }
        }
        (loaders, missing)
    }

    /// The content of the file that a client asks for by this name.
    pub fn find(&self, name: &[u8]) -> Option<Bytes> {
        self.content.get(find(name)?.name).cloned()
    }

    /// The file that such a machine is told to load: the preferred one of those that are there.
    pub fn advertised(&self, arch: Arch, firmware: Firmware) -> Option<&'static LoaderFile> {
        files().find(|file| file.suits(arch, firmware) && self.content.contains_key(file.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_served_and_what_is_not_is_named() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ipxe.efi"), b"efi").unwrap();
        let (loaders, missing) = Loaders::read(directory.path());
        assert_eq!(loaders.find(b"/ipxe.efi"), Some(Bytes::from_static(b"efi")));
        assert_eq!(loaders.find(b"undionly.kpxe"), None);
        let advertised = loaders.advertised(Arch::X86_64, Firmware::Uefi).unwrap();
        assert_eq!(
            advertised.name, "ipxe.efi",
            "the next best, as snponly.efi is missing"
        );
        assert!(loaders.advertised(Arch::X86_64, Firmware::Bios).is_none());
        let said: Vec<String> = missing.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].contains("undionly.kpxe") && said[0].contains("package ipxe"),
            "{said:?}"
        );
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("loaders");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(directory.path().join("secret"), b"secret").unwrap();
        std::fs::write(inner.join("secret"), b"secret").unwrap();
        let (loaders, _) = Loaders::read(&inner);
        for name in [
            &b"../secret"[..],
            b"secret",
            b"/secret",
            b"./ipxe.efi",
            b"",
            b"/",
        ] {
            assert_eq!(loaders.find(name), None);
        }
    }
}
