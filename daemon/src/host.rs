//! The host that the daemon runs on: its interfaces, and the lock on its state directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use machine_core::network::{Network, Subnet};
use machine_store::exclusive::Holder;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::ifaddrs::getifaddrs;
use nix::unistd::{AccessFlags, access};
use thiserror::Error;

use crate::clock::now;
use crate::settings::SubnetSettings;

/// Why the daemon can't work on this host.
#[derive(Debug, Error)]
pub enum HostError {
    /// An interface of the settings is not there.
    #[error("{place}: there is no interface {interface:?} with an IPv4 address; there are {there}")]
    NoInterface {
        /// Where the settings name it.
        place: String,
        /// Which.
        interface: String,
        /// Those that are there.
        there: String,
    },
    /// The interfaces can't be listed.
    #[error("the system does not list its interfaces")]
    Unlisted(#[source] nix::Error),
    /// An address of the settings does not belong to the interface's network.
    #[error("{place}: {what} is not in {network}, the network of {interface}")]
    NotInNetwork {
        /// Where the settings name it.
        place: String,
        /// Which.
        what: String,
        /// The interface.
        interface: String,
        /// Its network.
        network: Network,
    },
    /// The state directory can't be used.
    #[error("can't use the state directory {path}")]
    StateDirectory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another instance uses the state directory.
    #[error(
        "another drover works on the state directory {path} ({holder}): end it first, or use another \
         directory"
    )]
    StateDirectoryBusy {
        /// Which.
        path: PathBuf,
        /// Which daemon, where, since when.
        holder: String,
    },
}

/// This process, for whoever finds its locks.
pub fn this_process() -> Holder {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Holder {
        host: host.trim().to_owned(),
        process: std::process::id(),
        since: now(),
    }
}

/// Holds the state directory: no other instance works on it as long as this lives.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    _lock: Flock<File>,
}

impl StateDirectory {
    /// Makes the directory if it is not there, and takes it for this holder.
    pub fn take(path: &Path, holder: &Holder) -> Result<Self, HostError> {
        let failed = |source| HostError::StateDirectory {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(failed)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock);
        let mut lock = lock.map_err(|(file, errno)| lock_failure(path, file, errno))?;
        // The lock counts; who holds it is for people only, and a full disk is told by what follows.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{holder}"));
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Only `EWOULDBLOCK` means that somebody has it (`flock(2)`).
fn lock_failure(path: &Path, mut file: impl Read, errno: Errno) -> HostError {
    let path = path.to_owned();
    match errno {
        Errno::EWOULDBLOCK => {
            let mut said = String::new();
            let _ = file.read_to_string(&mut said);
            let holder = match said.trim() {
                "" => "it does not say who it is".to_owned(),
                said => said.to_owned(),
            };
            HostError::StateDirectoryBusy { path, holder }
        }
        other => HostError::StateDirectory {
            path,
            source: other.into(),
        },
    }
}

/// Whether another instance works on the state directory. Changes nothing: where there is none yet,
/// it looks whether one could be made.
pub fn is_held(path: &Path) -> Result<bool, HostError> {
    let failed = |source| HostError::StateDirectory {
        path: path.to_owned(),
        source,
    };
    let nearest = path.ancestors().find(|it| it.exists() && it.is_dir());
    let may = AccessFlags::W_OK | AccessFlags::X_OK;
    access(nearest.unwrap_or_else(|| Path::new(".")), may).map_err(|errno| failed(errno.into()))?;
    if path.exists() && !path.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    let file = match File::open(path.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    match lock.map_err(|(file, errno)| lock_failure(path, file, errno)) {
        Ok(_) => Ok(false),
        Err(HostError::StateDirectoryBusy { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The subnets of the settings, with our address and the network as the system has them.
pub fn resolve_subnets(settings: &[SubnetSettings]) -> Result<Vec<Subnet>, HostError> {
    let addresses: Vec<(String, IpAddr, u8)> = getifaddrs()
        .map_err(HostError::Unlisted)?
        .filter_map(|it| ipv4_of(&it))
        .collect();
    settings
        .iter()
        .map(|subnet| resolve(subnet, &addresses))
        .collect()
}

fn ipv4_of(interface: &nix::ifaddrs::InterfaceAddress) -> Option<(String, IpAddr, u8)> {
    let address = interface.address.as_ref()?.as_sockaddr_in()?.ip();
    let mask = interface.netmask.as_ref()?.as_sockaddr_in()?.ip();
    let prefix = u8::try_from(u32::from(mask).count_ones()).ok()?;
    Some((
        interface.interface_name.clone(),
        IpAddr::V4(address),
        prefix,
    ))
}

fn resolve(
    settings: &SubnetSettings,
    addresses: &[(String, IpAddr, u8)],
) -> Result<Subnet, HostError> {
    let place = settings.place.to_string();
    let found = addresses
        .iter()
        .find(|(name, _, _)| *name == settings.interface);
    let network = found
        .and_then(|(_, address, prefix)| Some((*address, Network::containing(*address, *prefix)?)));
    let Some((server, network)) = network else {
        let there: Vec<&str> = addresses.iter().map(|(name, _, _)| name.as_str()).collect();
        let interface = settings.interface.clone();
        return Err(HostError::NoInterface {
            place,
            interface,
            there: there.join(", "),
        });
    };
    let outside = |what: String| HostError::NotInNetwork {
        place: place.clone(),
        what,
        interface: settings.interface.clone(),
        network,
    };
    if let machine_core::network::DhcpMode::Authoritative { ranges } = &settings.mode {
        let stray = ranges
            .iter()
            .find(|range| !(network.contains(range.first()) && network.contains(range.last())));
        if let Some(range) = stray {
            return Err(outside(format!("the range {range}")));
        }
    }
    if let Some(router) = settings.router.filter(|router| !network.contains(*router)) {
        return Err(outside(format!("the router {router}")));
    }
    Ok(Subnet {
        name: settings.name.clone(),
        network,
        server,
        mode: settings.mode.clone(),
        unknown: settings.unknown,
        router: settings.router,
        dns: settings.dns.clone(),
        lease_time: settings.lease_time,
        options: settings.options.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::check::check;
    use crate::settings::parse;

    fn subnet(text: &str) -> SubnetSettings {
        let file = parse("drover.yaml", text).unwrap();
        check("drover.yaml", file).unwrap().subnets.remove(0)
    }

    fn eth1() -> Vec<(String, IpAddr, u8)> {
        vec![("eth1".to_owned(), IpAddr::from([10, 77, 0, 1]), 24)]
    }

    #[test]
    fn the_system_gives_the_network() {
        let resolved = resolve(&subnet("subnets: [{ interface: eth1 }]"), &eth1()).unwrap();
        assert_eq!(resolved.network.to_string(), "10.77.0.0/24");
        assert_eq!(resolved.server, IpAddr::from([10, 77, 0, 1]));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_line() {
        for (text, wanted) in [
            (
                "subnets: [{ interface: eth9 }]",
                "drover.yaml:1: there is no interface \"eth9\"",
            ),
            (
                "subnets: [{ interface: eth1, mode: authoritative, ranges: [10.78.0.1-10.78.0.2] }]",
                "drover.yaml:1: the range 10.78.0.1-10.78.0.2 is not in 10.77.0.0/24",
            ),
            (
                "subnets: [{ interface: eth1, router: 10.78.0.1 }]",
                "drover.yaml:1: the router 10.78.0.1 is not in 10.77.0.0/24",
            ),
        ] {
            let error = resolve(&subnet(text), &eth1()).unwrap_err().to_string();
            assert!(
                error.starts_with(wanted),
                "wanted {wanted:?}, got {error:?}"
            );
        }
    }

    #[test]
    fn a_second_instance_is_kept_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let take = || StateDirectory::take(&path, &this_process());
        let first = take().unwrap();
        let error = take().unwrap_err();
        assert!(
            matches!(error, HostError::StateDirectoryBusy { .. }),
            "{error}"
        );
        let process = format!("process {}, since ", std::process::id());
        assert!(error.to_string().contains(&process), "{error}");
        assert!(is_held(&path).unwrap());
        drop(first);
        assert!(!is_held(&path).unwrap());
        take().unwrap();
    }

    #[test]
    fn only_a_lock_that_is_held_means_another_instance() {
        let path = Path::new("/srv/drover");
        let held = lock_failure(path, io::empty(), Errno::EWOULDBLOCK).to_string();
        assert!(held.starts_with("another drover"), "{held}");
        let other = fleet::error::chain(&lock_failure(path, io::empty(), Errno::ENOLCK));
        let wanted = "can't use the state directory /srv/drover: No locks available";
        assert!(other.starts_with(wanted), "{other}");
    }

    #[test]
    fn a_look_at_a_state_directory_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_held(&directory.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = fleet::error::chain(&is_held(&file).unwrap_err());
        assert!(error.contains("not a directory"), "{error}");
    }
}
