//! Network namespaces for one test: a server's and a client's with a link between them, made and
//! removed by the test. Needs root; without it a test says so and passes.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName, UnknownPolicy};
use nix::sched::{CloneFlags, setns};
use pxe_loader::loader_choice::LoaderChoice;
use pxe_server::assets::Assets;
use pxe_server::bind_error::BindError;
use pxe_server::boot_plane::{BootPlane, BootPlaneSettings, BoundPlane, ServedSubnet};
use pxe_server::interface::Interface;
use pxe_server::loaders::Loaders;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::records::Records;

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The content of `undionly.kpxe` here: not a multiple of any block.
pub(crate) const LOADER_SIZE: usize = 100_001;

static COUNT: AtomicU32 = AtomicU32::new(0);
static SWEPT: Once = Once::new();

/// Two namespaces and the link between `pxe-s` and `pxe-c`.
#[derive(Debug)]
pub(crate) struct Lab {
    server: String,
    client: String,
    pub(crate) directory: tempfile::TempDir,
    /// Which loader machines are given.
    pub(crate) loader: LoaderChoice,
}

impl Lab {
    pub(crate) fn new() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: network namespaces need root");
            return None;
        }
        SWEPT.call_once(sweep);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("pxe-{}-{number}-{side}", std::process::id());
        let (server, client) = (name("s"), name("c"));
        let directory = tempfile::tempdir().unwrap();
        let lab = Self {
            server,
            client,
            directory,
            loader: LoaderChoice::default(),
        };
        lab.build();
        Some(lab)
    }

    fn build(&self) {
        let Self { server, client, .. } = self;
        for namespace in [server, client] {
            run("ip", &format!("netns add {namespace}"));
            ip_in(namespace, "link set lo up");
        }
        let pair = format!("link add pxe-s type veth peer name pxe-c netns {client}");
        ip_in(server, &pair);
        ip_in(server, &format!("address add {SERVER}/24 dev pxe-s"));
        ip_in(server, "link set pxe-s up");
        ip_in(client, "link set pxe-c up");
        self.await_link();
        let loader: Vec<u8> = (0..LOADER_SIZE)
            .map(|number| u8::try_from(number % 251).unwrap())
            .collect();
        std::fs::write(self.directory.path().join("undionly.kpxe"), &loader).unwrap();
        std::fs::write(self.directory.path().join("snponly.efi"), &loader).unwrap();
    }

    /// The kernel drops what is sent before it has noticed that the link is up, some milliseconds
    /// after it took both ends up: the first answers of a server that is fast.
    fn await_link(&self) {
        let up = |(namespace, interface): (&str, &str)| {
            let mut show = Command::new("nsenter");
            show.args([&entrance(namespace), "ip", "-br", "link", "show", interface]);
            let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
            shown.split_whitespace().nth(1) == Some("UP")
        };
        let ends = [(&*self.server, "pxe-s"), (&*self.client, "pxe-c")];
        let tries = 0..10_000;
        let mut is_up = tries.map(|_| ends.into_iter().all(up));
        assert!(is_up.any(|is_up| is_up), "the link does not come up");
    }

    /// Gives the client's end an address: for clients that do not ask for one.
    pub(crate) fn address_client(&self) {
        ip_in(&self.client, "address add 10.77.0.9/24 dev pxe-c");
    }

    /// The card of the client's end.
    pub(crate) fn client_card(&self) -> MacAddress {
        let mut show = Command::new("nsenter");
        show.args([
            &entrance(&self.client),
            "ip",
            "-br",
            "link",
            "show",
            "pxe-c",
        ]);
        let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
        let card = shown.split_whitespace().nth(2).unwrap();
        card.parse().unwrap()
    }

    /// Gives the server's end another address.
    pub(crate) fn second_address(&self) {
        ip_in(&self.server, "address add 10.77.0.2/24 dev pxe-s");
    }

    /// Gives the server's end an address in another network.
    pub(crate) fn address_server(&self, address: &str) {
        ip_in(&self.server, &format!("address add {address} dev pxe-s"));
    }

    /// Gives the client's end an address of the ranges that nobody leased to it.
    pub(crate) fn static_host(&self, address: &str) {
        ip_in(&self.client, &format!("address add {address}/24 dev pxe-c"));
    }

    /// Takes the link from the server's end.
    pub(crate) fn cut_link(&self) {
        ip_in(&self.client, "link set pxe-c down");
    }

    /// The server sends what is for this network to the client.
    pub(crate) fn route_by_client(&self, network: &str) {
        let route = format!("route add {network} via 10.77.0.9");
        ip_in(&self.server, &route);
        ip_in(&self.client, "address add 192.0.2.9/24 dev pxe-c");
    }

    /// Runs this on a thread of its own in the server's namespace, in a runtime.
    pub(crate) fn serve<T: Send>(&self, task: impl AsyncFnOnce() -> T + Send) -> T {
        within(&self.server, || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().unwrap();
            runtime.block_on(async {
                let limit = Duration::from_mins(2);
                tokio::time::timeout(limit, task()).await.expect("it hangs")
            })
        })
    }

    /// Runs this in the server's namespace, with no runtime.
    pub(crate) fn within_server<T: Send>(&self, task: impl FnOnce() -> T + Send) -> T {
        within(&self.server, task)
    }

    /// Runs this in the client's namespace.
    pub(crate) fn as_client<T: Send>(&self, task: impl FnOnce() -> T + Send) -> T {
        within(&self.client, task)
    }

    /// A program in the client's namespace.
    pub(crate) fn client_program(&self, program: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("nsenter");
        command
            .args([&entrance(&self.client), program])
            .current_dir(self.directory.path())
            .kill_on_drop(true);
        command
    }

    pub(crate) fn bind(
        &self,
        records: &Records,
        mode: DhcpMode,
    ) -> Result<BoundPlane<Records>, BindError> {
        self.bind_all(records, vec![subnet(mode)])
    }

    fn bind_all(
        &self,
        records: &Records,
        subnets: Vec<Subnet>,
    ) -> Result<BoundPlane<Records>, BindError> {
        let served = subnets.into_iter().map(|subnet| ServedSubnet {
            subnet,
            probes_addresses: true,
            loader: self.loader,
        });
        let (loaders, _) = Loaders::read(self.directory.path());
        let assets = assets(&self.directory.path().join("assets"));
        let kernel = self.directory.path().join("undionly.kpxe");
        let never = CancellationToken::new();
        assets.import(&kernel, &self.kernel(), &never).unwrap();
        let settings = BootPlaneSettings {
            interfaces: vec![Interface::take("pxe-s")?],
            subnets: served.collect(),
            http_port: 8080,
            tftp_port: 69,
            descriptors: 1024,
        };
        BootPlane {
            settings,
            directory: records.clone(),
            assets,
            loaders: Arc::new(loaders),
            leases: Vec::new(),
            reservations: Vec::new(),
        }
        .bind()
    }

    /// The digest of the one image that is served: the bytes of `undionly.kpxe`.
    pub(crate) fn kernel(&self) -> [u8; 32] {
        let content = std::fs::read(self.directory.path().join("undionly.kpxe")).unwrap();
        Sha256::digest(content).into()
    }

    /// Starts the boot plane; it runs until the token is cancelled.
    pub(crate) fn start(&self, records: &Records, mode: DhcpMode) -> CancellationToken {
        self.start_all(records, vec![subnet(mode)])
    }

    /// The same with these subnets.
    pub(crate) fn start_all(&self, records: &Records, subnets: Vec<Subnet>) -> CancellationToken {
        let stop = CancellationToken::new();
        let plane = self.bind_all(records, subnets).unwrap();
        tokio::spawn(plane.run(stop.clone()));
        stop
    }
}

/// A namespace behind the client's, which is a router: `pxe-r` there and `pxe-f` here.
#[derive(Debug)]
pub(crate) struct FarSide {
    namespace: String,
}

impl FarSide {
    /// Joins it to a lab: 10.79.0.0/24, by the router 10.79.0.1, which is 10.77.0.9 at the near side.
    pub(crate) fn new(lab: &Lab) -> Self {
        let namespace = lab.client.replace("-c", "-f");
        run("ip", &format!("netns add {namespace}"));
        let far = Self { namespace };
        ip_in(&far.namespace, "link set lo up");
        let pair = format!(
            "link add pxe-r type veth peer name pxe-f netns {}",
            far.namespace
        );
        ip_in(&lab.client, &pair);
        lab.address_client();
        ip_in(&lab.client, "address add 10.79.0.1/24 dev pxe-r");
        ip_in(&lab.client, "link set pxe-r up");
        ip_in(&far.namespace, "link set pxe-f up");
        ip_in(&lab.server, "route add 10.79.0.0/24 via 10.77.0.9");
        lab.as_client(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap());
        far
    }

    /// A program there.
    pub(crate) fn program(&self, program: &str, directory: &Path) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("nsenter");
        command
            .args([&entrance(&self.namespace), program])
            .current_dir(directory)
            .kill_on_drop(true);
        command
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "del", &self.namespace])
            .status();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for namespace in [&self.server, &self.client] {
            let _ = Command::new("ip")
                .args(["netns", "del", namespace])
                .status();
        }
    }
}

pub(crate) fn assets(directory: &Path) -> Arc<Assets> {
    Arc::new(Assets::open(directory).unwrap())
}

pub(crate) fn subnet(mode: DhcpMode) -> Subnet {
    Subnet {
        name: SubnetName::new("lab"),
        interface: "pxe-s".to_owned(),
        reach: Reach::Direct,
        network: "10.77.0.0/24".parse().unwrap(),
        server: SERVER.into(),
        mode,
        unknown: UnknownPolicy::Ignore,
        router: None,
        dns: Vec::new(),
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}

pub(crate) fn authoritative() -> DhcpMode {
    DhcpMode::Authoritative {
        ranges: vec!["10.77.0.50-10.77.0.200".parse().unwrap()],
    }
}

/// Four addresses.
pub(crate) fn small() -> DhcpMode {
    DhcpMode::Authoritative {
        ranges: vec!["10.77.0.50-10.77.0.53".parse().unwrap()],
    }
}

/// Neither `ip -n` nor `ip netns exec`: they also make a mount namespace, which can't be had in a
/// chroot.
fn ip_in(namespace: &str, line: &str) {
    run("nsenter", &format!("{} ip {line}", entrance(namespace)));
}

fn entrance(namespace: &str) -> String {
    format!("--net=/run/netns/{namespace}")
}

fn run(program: &str, line: &str) {
    let mut command = Command::new(program);
    let output = command.args(line.split(' ')).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {line}: {complaint}");
}

/// Removes the namespaces of earlier runs that did not come to remove them: after Ctrl-C nothing is
/// dropped.
fn sweep() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else {
        return;
    };
    for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let rest = name.strip_prefix("pxe-");
        let pid = rest.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another run may be faster.
            let _ = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

#[test]
fn namespaces_of_runs_that_are_gone_are_removed() {
    let Some(lab) = Lab::new() else { return };
    // No process has a number beyond 2^22 (proc(5), pid_max).
    run("ip", "netns add pxe-4194305-0-s");
    sweep();
    let is_there = |name: &str| Path::new("/run/netns").join(name).exists();
    assert!(!is_there("pxe-4194305-0-s"));
    assert!(is_there(&lab.server));
}

fn within<T: Send>(namespace: &str, task: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let file = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
            setns(&file, CloneFlags::CLONE_NEWNET).unwrap();
            task()
        });
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
