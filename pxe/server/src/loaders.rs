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
use pxe_loader::bootloaders::{advertised, files, find, next};
use pxe_loader::ipxe_version::IpxeVersion;
use pxe_loader::loader_choice::LoaderChoice;
use thiserror::Error;

/// A file of the catalogue that is not there.
#[derive(Debug, Error)]
#[error(
    "no loader for {firmware} machines ({arch}) at {path}: {source}; Debian's package {package} has it",
    arch = file.arch.as_str(),
    firmware = file.firmware.as_str(),
    path = path.display(),
    package = file.package.name
)]
pub struct MissingLoader {
    /// Which file, and for what it is.
    pub file: &'static LoaderFile,
    /// Where it was looked for first.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl MissingLoader {
    /// Whether x86 machines for which this was chosen are told to load it, or are led to it. An arm64
    /// machine that has no loader is told of when it asks: most sites have none of them.
    pub fn concerns(&self, choice: LoaderChoice) -> bool {
        [Firmware::Bios, Firmware::Uefi]
            .into_iter()
            .any(|firmware| {
                let first = advertised(Arch::X86_64, firmware, choice).next();
                first == Some(self.file) || first.and_then(next) == Some(self.file)
            })
    }
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
        Self::read_from(|_| vec![directory.to_owned()])
    }

    /// The same; what is not in this directory is looked for where Debian's packages put it, except
    /// iPXE, for which the directory is named.
    pub fn installed(directory: &Path) -> (Self, Vec<MissingLoader>) {
        Self::read_from(|file| {
            let of_package = file.signer.map(|_| PathBuf::from(file.package.directory));
            std::iter::once(directory.to_owned())
                .chain(of_package)
                .collect()
        })
    }

    fn read_from(directories: impl Fn(&LoaderFile) -> Vec<PathBuf>) -> (Self, Vec<MissingLoader>) {
        let mut loaders = Self::default();
        let mut missing = Vec::new();
        for file in files() {
            match read_file(file, &directories(file)) {
                Ok(content) => {
                    loaders.content.insert(file.name, content);
                }
                Err((path, source)) => missing.push(MissingLoader { file, path, source }),
            }
        }
        (loaders, missing)
    }

    /// What is to be told of the files that are there: an iPXE that lacks something.
    pub fn notes(&self) -> Vec<String> {
        let versions = self.content.iter().filter_map(|(name, content)| {
            let version = IpxeVersion::of(content)?;
            let lacks = version.lacks()?;
            Some(format!(
                "{name} is iPXE {version}: {lacks}; it gets its scripts by DHCP all the same"
            ))
        });
        versions.collect()
    }

    /// The content of the file that a client asks for by this name.
    pub fn find(&self, name: &[u8]) -> Option<Bytes> {
        self.content.get(find(name)?.name).cloned()
    }

    /// The file that such a machine is told to load: the preferred one of those that are there, with
    /// all that they lead to.
    pub fn advertised(
        &self,
        arch: Arch,
        firmware: Firmware,
        choice: LoaderChoice,
    ) -> Option<&'static LoaderFile> {
        let has = |file: &LoaderFile| self.content.contains_key(file.name);
        advertised(arch, firmware, choice)
            .find(|file| has(file) && file.next.is_none_or(|_| next(file).is_some_and(has)))
    }
}

/// A file by its package's name, or by the one under which it is served: Debian's `/usr/lib/shim` holds
/// `shimx64.efi.signed`, and beside it a `shimx64.efi` that nobody signed. Where it was looked for first,
/// if it is nowhere.
fn read_file(file: &LoaderFile, directories: &[PathBuf]) -> Result<Bytes, (PathBuf, io::Error)> {
    let names = [file.package.file, file.name];
    let paths = directories
        .iter()
        .flat_map(|directory| names.map(|name| directory.join(name)));
    let mut first = None;
    for path in paths {
        match std::fs::read(&path) {
            Ok(content) => return Ok(content.into()),
            Err(error) => {
                // That a file can't be read says more than that another is not there.
                let is_nowhere = error.kind() == io::ErrorKind::NotFound;
                if first.is_none() || !is_nowhere {
                    first = Some((path, error));
                }
            }
        }
    }
    let nowhere = || (PathBuf::from(file.name), io::ErrorKind::NotFound.into());
    Err(first.unwrap_or_else(nowhere))
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
        let (choice, arch) = (LoaderChoice::Ipxe, Arch::X86_64);
        let advertised = loaders.advertised(arch, Firmware::Uefi, choice).unwrap();
        assert_eq!(
            advertised.name, "ipxe.efi",
            "the next best, as snponly.efi is missing"
        );
        let bios = loaders.advertised(arch, Firmware::Bios, choice);
        assert!(bios.is_none());
        let told = missing.iter().filter(|it| it.concerns(choice));
        let said: Vec<String> = told.map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].contains("undionly.kpxe") && said[0].contains("package ipxe"),
            "{said:?}"
        );
    }

    #[test]
    fn an_old_ipxe_is_told_of_and_served() {
        let directory = tempfile::tempdir().unwrap();
        let old = b"MZ\x001.0.0+git-20190125.36a4c85-5.1\0";
        std::fs::write(directory.path().join("snponly.efi"), old).unwrap();
        std::fs::write(directory.path().join("ipxe.efi"), b"\x002.0.0+dfsg-5\0").unwrap();
        let (loaders, _) = Loaders::read(directory.path());
        let notes = loaders.notes();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("snponly.efi is iPXE 1.0.0+git-20190125"));
        assert!(loaders.find(b"snponly.efi").is_some());
    }

    #[test]
    fn a_loader_is_advertised_only_with_all_that_it_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(directory.path().join(name), name).unwrap();
        let advertised = || {
            let (loaders, missing) = Loaders::read(directory.path());
            let choice = LoaderChoice::Grub;
            let file = loaders.advertised(Arch::X86_64, Firmware::Uefi, choice);
            let told: Vec<&str> = missing
                .iter()
                .filter(|it| it.concerns(choice))
                .map(|it| it.file.package.name)
                .collect();
            (file.map(|file| file.name), told)
        };
        // As the package names it.
        write("shimx64.efi.signed");
        let told = vec!["ipxe", "grub-efi-amd64-signed"];
        assert_eq!(advertised(), (None, told));
        write("grubx64.efi");
        assert_eq!(advertised(), (Some("shimx64.efi"), vec!["ipxe"]));
        // As Debian's package has it, which nobody signed.
        write("shimx64.efi");
        let (loaders, _) = Loaders::read(directory.path());
        let content = loaders.find(b"shimx64.efi");
        assert_eq!(content, Some(Bytes::from_static(b"shimx64.efi.signed")));
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
