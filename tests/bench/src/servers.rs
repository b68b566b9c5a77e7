//! Drover and its peers as they are measured: how each is started, and with which settings.
//!
//! Peers run as their packages ship them, with logs of single requests off and the settings that
//! make them fast (`sendfile`, threads); Drover runs with its defaults.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sha2::{Digest, Sha256};
use testbed::program::Program;
use testbed::requirement::built;

use crate::error::BenchError;
use crate::probe::Question;
use crate::site::{BenchSite, DROVER, LOADER, PEERS, Wire, tell, write_file};

/// The size of the loader that clients fetch by TFTP: that of a whole iPXE with its drivers.
const LOADER_SIZE: usize = 4 << 20;
/// The size of the kernel that clients fetch by HTTP.
pub(crate) const KERNEL_SIZE: usize = 100_000_000;
/// Where nginx listens.
pub(crate) const NGINX_PORT: u16 = 80;
/// Where Drover's HTTP listens.
pub(crate) const DROVER_HTTP_PORT: u16 = 8080;
/// Where async-tftp listens, beside dnsmasq.
pub(crate) const ASYNC_TFTP_PORT: u16 = 6969;

/// The servers that run side by side.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) drover: Program,
    pub(crate) nginx: Program,
    pub(crate) dnsmasq: Program,
    pub(crate) kea: Program,
    pub(crate) async_tftp: Program,
    /// The path of the kernel on Drover.
    pub(crate) asset: String,
}

impl Servers {
    /// Makes the files, starts everybody, and waits until each answers.
    pub(crate) async fn start(site: &BenchSite) -> Result<Self, BenchError> {
        tell("files of 4 and 100 MB");
        write_file(&site.path("files").join(LOADER), noise(LOADER_SIZE))?;
        let kernel = noise(KERNEL_SIZE);
        let digest = hex(&Sha256::digest(&kernel));
        write_file(&site.path("files/kernel"), kernel)?;
        tell("servers");
        let drover = start_drover(site, "state", &[], Some(&digest)).await?;
        let servers = Self {
            drover,
            nginx: start_nginx(site)?,
            dnsmasq: start_dnsmasq(site, &site.path("files"))?,
            kea: start_kea(site, "kea.leases")?,
            async_tftp: start_async_tftp(site)?,
            asset: format!("/assets/{digest}/kernel"),
        };
        for (question, wire, port) in [
            (Question::Dhcp, DROVER, 67),
            (Question::Tftp, DROVER, 69),
            (Question::Http, DROVER, DROVER_HTTP_PORT),
            (Question::Dhcp, PEERS, 67),
            (Question::Tftp, PEERS, 69),
            (Question::Http, PEERS, NGINX_PORT),
            (Question::Tftp, PEERS, ASYNC_TFTP_PORT),
        ] {
            first_answer(site, question, wire, port)?;
        }
        Ok(servers)
    }

    /// Ends them all.
    pub(crate) async fn stop(self) -> Result<(), BenchError> {
        let all = [
            self.drover,
            self.nginx,
            self.dnsmasq,
            self.kea,
            self.async_tftp,
        ];
        for mut program in all {
            program.stop(ENDS_WITHIN).await?;
        }
        Ok(())
    }
}

/// How long a server may take to end.
pub(crate) const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Waits until a server answers.
pub(crate) fn first_answer(
    site: &BenchSite,
    question: Question,
    wire: Wire,
    port: u16,
) -> Result<(), BenchError> {
    let to = SocketAddrV4::new(wire.server(), port);
    question.ask(&site.client, wire.client(0), to)
}

/// Drover as the DHCP server of its wire, with a state directory of its own, and a kernel of this
/// hash as its image if there is one; `under` is a command that runs it.
pub(crate) async fn start_drover(
    site: &BenchSite,
    state: &str,
    under: &[String],
    digest: Option<&str>,
) -> Result<Program, BenchError> {
    start_drover_that(site, (state, "ignore"), under, digest).await
}

/// The same, with what it does with machines that nobody accepted: `ignore` or `inspect`.
pub(crate) async fn start_drover_that(
    site: &BenchSite,
    (state, unknown): (&str, &str),
    under: &[String],
    digest: Option<&str>,
) -> Result<Program, BenchError> {
    let folder = site.lab.folder().display();
    let [first, last] = DROVER.pool();
    let mut settings = format!(
        "state: {{directory: {folder}/{state}}}\n\
         loaders: {{directory: {folder}/files}}\n\
         subnets:\n  - interface: {}\n    mode: authoritative\n    ranges: [{first}-{last}]\n    probe_addresses: false\n    unknown: {unknown}\n",
        DROVER.interface
    );
    if let Some(digest) = digest {
        let _ = write!(
            settings,
            "images:\n  - name: bench\n    arch: amd64\n    kernel: {folder}/files/kernel\n    \
             kernel_sha256: {digest}\n    initrd: {folder}/files/kernel\n    initrd_sha256: {digest}\n"
        );
    }
    let settings = site.write(&format!("{state}.yaml"), settings)?;
    let binary = built("drover", "drover")?;
    let program = under.iter().map(String::as_str).next();
    let mut command = match program {
        None => site.lab.server().command(&binary),
        Some(program) => site.lab.server().command(program),
    };
    if program.is_some() {
        command.args(under.iter().skip(1)).arg(&binary);
    }
    command.args(["serve", "--config"]).arg(settings);
    let mut drover = site.lab.start("drover", command)?;
    drover
        .wait_ready("word that Drover is ready", READY_WITHIN, |line| {
            line.contains("ready")
        })
        .await?;
    Ok(drover)
}

/// Drover as it starts without a settings file: a proxy on one interface, with stock loaders.
pub(crate) fn start_default_drover(site: &BenchSite, state: &Path) -> Result<Program, BenchError> {
    let mut command = site.lab.server().command(built("drover", "drover")?);
    command.args(["serve", "--interface", DROVER.interface]);
    command.arg("--state-directory").arg(state);
    Ok(site.lab.start("drover", command)?)
}

/// nginx with `sendfile`, a worker a core.
pub(crate) fn start_nginx(site: &BenchSite) -> Result<Program, BenchError> {
    let folder = site.lab.folder().display();
    let mut temporary = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = write!(temporary, "{kind}_temp_path {folder}/nginx-{kind}; ");
    }
    let configuration = format!(
        "daemon off; worker_processes auto; user root; pid {folder}/nginx.pid; error_log stderr;\n\
         events {{ worker_connections 512; }}\n\
         http {{ sendfile on; tcp_nopush on; access_log off; {temporary}\n\
         server {{ listen {NGINX_PORT}; root {folder}/files; }} }}\n"
    );
    let configuration = site.write("nginx.conf", configuration)?;
    let mut command = site.peers.command("nginx");
    command.args(["-e", "stderr", "-c"]).arg(configuration);
    Ok(site.lab.start("nginx", command)?)
}

/// dnsmasq as a TFTP server only, of this folder.
pub(crate) fn start_dnsmasq(site: &BenchSite, files: &Path) -> Result<Program, BenchError> {
    let mut command = site.peers.command("dnsmasq");
    command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0"]);
    command.args([
        "--user=root",
        "--quiet-tftp",
        "--log-facility=-",
        "--pid-file=",
    ]);
    command.args(["--bind-interfaces", "--enable-tftp", "--tftp-max=200"]);
    command.arg(format!("--interface={}", PEERS.interface));
    command.arg(format!("--tftp-root={}", files.display()));
    Ok(site.lab.start("dnsmasq", command)?)
}

/// Kea with leases in a file of this name that it writes and never syncs, and two threads.
pub(crate) fn start_kea(site: &BenchSite, leases: &str) -> Result<Program, BenchError> {
    let folder = site.lab.folder().display();
    let [first, last] = PEERS.pool();
    let (interface, network, server) = (PEERS.interface, PEERS.network(), PEERS.server());
    let configuration = format!(
        r#"{{"Dhcp4": {{
  "interfaces-config": {{"interfaces": ["{interface}"]}},
  "lease-database": {{"type": "memfile", "persist": true, "name": "{folder}/{leases}", "lfc-interval": 0}},
  "valid-lifetime": 4000,
  "multi-threading": {{"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 1024}},
  "subnet4": [{{"id": 1, "subnet": "{network}", "interface": "{interface}",
    "pools": [{{"pool": "{first} - {last}"}}], "next-server": "{server}"}}],
  "loggers": [{{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{{"output": "stderr"}}]}}]
}}}}"#
    );
    let configuration = site.write("kea.json", configuration)?;
    let mut command = site.peers.command("kea-dhcp4");
    command.arg("-c").arg(configuration);
    for variable in ["KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR"] {
        command.env(variable, site.lab.folder());
    }
    Ok(site.lab.start("kea", command)?)
}

fn start_async_tftp(site: &BenchSite) -> Result<Program, BenchError> {
    let binary = built("bench-async-tftp", "bench")?;
    let mut command: Command = site.peers.command(binary);
    let (address, port): (Ipv4Addr, u16) = (PEERS.server(), ASYNC_TFTP_PORT);
    command.arg(format!("{address}:{port}"));
    command.arg(site.path("files"));
    Ok(site.lab.start("async-tftp", command)?)
}

const READY_WITHIN: Duration = Duration::from_mins(1);

/// Bytes that look random and are the same each time (xorshift64).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
