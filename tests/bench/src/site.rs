//! Where the measurements happen: Drover, its peers and the clients in namespaces of their own.
//!
//! ```text
//!   namespace of the server          namespace of the client
//!   drover  wire0 10.16.0.1/12 ───── wire0 10.16.1.1 … 10.16.1.50
//!   namespace of the peers
//!   peers   wire1 10.32.0.1/12 ───── wire1 10.32.1.1 … 10.32.1.50
//! ```
//! Two equal wires without a switch, so that all servers can run at once and are asked in turn.
//! The client has fifty addresses on each, because Drover bounds what one address may take.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::lab::{Lab, Site};
use testbed::namespace::Namespace;
use testbed::requirement::{Purpose, check};

use crate::error::BenchError;

/// One of the two wires.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    /// Its name on both ends.
    pub(crate) interface: &'static str,
    /// The second byte of its network 10.x.0.0/12.
    block: u8,
}

/// The wire to Drover.
pub(crate) const DROVER: Wire = Wire {
    interface: "wire0",
    block: 16,
};
/// The wire to the peers.
pub(crate) const PEERS: Wire = Wire {
    interface: "wire1",
    block: 32,
};
/// Clients at once, each with an address.
pub(crate) const CLIENTS: u8 = 50;
/// The loader that clients fetch by TFTP.
pub(crate) const LOADER: &str = "snponly.efi";
const PREFIX_LENGTH: u8 = 12;

impl Wire {
    /// The server's address.
    pub(crate) const fn server(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.block, 0, 1)
    }

    /// The address of a client, from 0 on.
    pub(crate) const fn client(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, self.block, 1, number + 1)
    }

    /// The network, as `address/prefix`.
    pub(crate) fn network(self) -> String {
        format!("10.{}.0.0/{PREFIX_LENGTH}", self.block)
    }

    /// The first and the last address that may be leased: nearly a million.
    pub(crate) const fn pool(self) -> [Ipv4Addr; 2] {
        [
            Ipv4Addr::new(10, self.block + 1, 0, 0),
            Ipv4Addr::new(10, self.block + 15, 255, 254),
        ]
    }
}

/// The lab and its wires.
#[derive(Debug)]
pub(crate) struct BenchSite {
    pub(crate) lab: Lab,
    pub(crate) peers: Namespace,
    pub(crate) client: Namespace,
    /// How often each case is measured: 3, or `BENCH_ROUNDS`.
    pub(crate) rounds: u32,
}

impl BenchSite {
    /// Brings it up.
    pub(crate) fn up() -> Result<Self, BenchError> {
        check(Purpose::Bench)?;
        let rounds = rounds(std::env::var_os("BENCH_ROUNDS"))?;
        let lab = Lab::up_at("bench", Site { router: false })?;
        let peers = lab.add_client("peers", None)?;
        let client = lab.add_client("client", None)?;
        let site = Self {
            lab,
            peers,
            client,
            rounds,
        };
        site.lay(DROVER)?;
        site.lay(PEERS)?;
        Ok(site)
    }

    /// The namespace of the server at the end of a wire.
    pub(crate) fn server(&self, wire: Wire) -> &Namespace {
        match wire.interface {
            interface if interface == DROVER.interface => self.lab.server(),
            _ => &self.peers,
        }
    }

    /// A file or folder that goes with the lab.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.lab.folder().join(name)
    }

    /// Writes a file that goes with the lab.
    pub(crate) fn write(
        &self,
        name: &str,
        content: impl AsRef<[u8]>,
    ) -> Result<PathBuf, BenchError> {
        let path = self.path(name);
        write_file(&path, content)?;
        Ok(path)
    }

    /// Takes it down: everything was measured.
    pub(crate) fn down(self) {
        self.lab.finish();
    }

    fn lay(&self, wire: Wire) -> Result<(), BenchError> {
        let (name, server) = (wire.interface, self.server(wire));
        let client = self.client.name();
        self.ip(
            server,
            &format!(
                "link add {name} type veth peer name {name} netns {client}\n\
                 address add {}/{PREFIX_LENGTH} brd + dev {name}\n\
                 link set {name} up\n",
                wire.server()
            ),
        )?;
        let address = |number| {
            let address = wire.client(number);
            format!("address add {address}/{PREFIX_LENGTH} dev {name}\n")
        };
        let addresses: String = (0..CLIENTS).map(address).collect();
        let lines = format!("{addresses}link set {name} up\n");
        self.ip(&self.client, &lines)
    }

    fn ip(&self, namespace: &Namespace, lines: &str) -> Result<(), BenchError> {
        let batch = self.write("ip.batch", lines)?;
        let mut command = namespace.command("ip");
        output(command.arg("-batch").arg(batch)).map(drop)
    }
}

/// How often each case is measured.
fn rounds(wanted: Option<OsString>) -> Result<u32, BenchError> {
    let Some(wanted) = wanted else {
        return Ok(3);
    };
    let number = wanted.to_str().and_then(|text| text.parse().ok());
    number
        .filter(|number| (1..=MOST_ROUNDS).contains(number))
        .ok_or_else(|| BenchError::Unexpected {
            who: "BENCH_ROUNDS".to_owned(),
            wanted: "a number from 1 to 99",
            got: wanted.to_string_lossy().into_owned(),
        })
}

const MOST_ROUNDS: u32 = 99;

/// Asks Drover and a peer, Drover first in odd rounds: whoever comes second finds warm caches, and
/// the leavings of the first.
pub(crate) fn in_turn<T>(
    round: u32,
    ours: impl FnOnce() -> Result<T, BenchError>,
    theirs: impl FnOnce() -> Result<T, BenchError>,
) -> Result<[T; 2], BenchError> {
    if round % 2 == 1 {
        let first = ours()?;
        return Ok([first, theirs()?]);
    }
    let first = theirs()?;
    Ok([ours()?, first])
}

/// Runs a command to its end; what it printed, if it went well.
pub(crate) fn output(command: &mut Command) -> Result<String, BenchError> {
    let who = format!("{:?}", command.get_args().collect::<Vec<_>>());
    let output = command
        .output()
        .map_err(BenchError::system(format!("run {who}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(BenchError::Unexpected {
        who,
        wanted: "success",
        got: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Writes a file, and the folder that it is in.
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<(), BenchError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .map_err(BenchError::system(format!("write {}", path.display())))
}

/// Tells a person who waits what is being measured.
pub(crate) fn tell(what: &str) {
    let _ = writeln!(io::stderr(), "bench: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_are_no_number_are_refused() {
        assert_eq!(rounds(None).unwrap(), 3);
        assert_eq!(rounds(Some("5".into())).unwrap(), 5);
        for wrong in ["", "0", "many", "-1", "100"] {
            assert!(rounds(Some(wrong.into())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn drover_is_first_in_every_other_round() {
        for (round, wanted) in [(1, "op"), (2, "po")] {
            let order = std::cell::RefCell::new(String::new());
            let ask = |who| {
                order.borrow_mut().push(who);
                Ok(who)
            };
            let asked = in_turn(round, || ask('o'), || ask('p')).unwrap();
            assert_eq!((asked, &**order.borrow()), (['o', 'p'], wanted));
        }
    }
}
