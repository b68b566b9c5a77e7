//! What Drover must know of an operating system in order to boot it, install it, and believe it.
//!
//! The contract only; the cases stand in [`crate::oses`]. An [`Os`] is one system in one version, as
//! a cluster wants it. It is asked for everything that differs between systems, so that nobody else
//! has to know which one it is.

use std::fmt;
use std::net::SocketAddr;

use machine_core::artefact::{NamedDigest, Sha256Digest};
use machine_core::cluster::{ClusterSpec, Role};
use machine_core::disk::DiskIdentity;
use machine_core::hardware::Arch;
use machine_core::id::{AttemptId, BootId};
use machine_core::report::Evidence;
use machine_core::secret::Secret;
use machine_core::time::Timestamp;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// One network boot of an operating system.
#[derive(Debug, Clone)]
pub struct Netboot<'a> {
    /// The machine's instruction set.
    pub arch: Arch,
    /// Which boot this is: it stands on the kernel line, so that logs and events find their way
    /// home, and so that a system that runs from its disk is told from one that does not.
    pub boot: BootId,
    /// Below which URL the artefacts are, `http://10.77.0.1:8080/c/TOKEN`; without it the system
    /// waits to be asked.
    pub artefacts: Option<&'a str>,
    /// Who receives its events.
    pub event_sink: Option<SocketAddr>,
    /// Who receives its kernel log.
    pub kernel_log: Option<SocketAddr>,
    /// Consoles beside those that the architecture always has, such as `ttyS0,115200`.
    pub consoles: &'a [&'a str],
    /// Whether this boot erases the older install on the disk, and does nothing else.
    pub wipes: bool,
}

/// A boot that an OS has no kernel line for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetbootError {
    /// Its version is not known.
    #[error("{0}")]
    Version(String),
    /// It can't erase an older install by itself.
    #[error("{os} has no boot that erases an older install: erase the disk by hand, then retry")]
    NoWipe {
        /// The system.
        os: &'static str,
    },
    /// A value would break the kernel line apart.
    #[error("{argument}: wanted printable characters without blanks or quotes, got {got:?}")]
    Argument {
        /// Which argument.
        argument: &'static str,
        /// What came, at most its first 128 characters.
        got: String,
    },
}

/// What a machine's artefacts are made of.
#[derive(Debug, Clone, Copy)]
pub struct NodeFacts<'a> {
    /// Its cluster.
    pub cluster: &'a ClusterSpec,
    /// The cluster's secrets, as [`Os::make_secrets`] made them; `None` where there are none.
    pub secrets: Option<&'a Secret>,
    /// What the machine becomes.
    pub role: Role,
    /// The one disk that is erased for it.
    pub disk: &'a DiskIdentity,
    /// Its host name; without one the system makes its own.
    pub hostname: Option<&'a str>,
    /// The attempt that the artefacts belong to: the proof which config a machine runs.
    pub attempt: AttemptId,
    /// The image that installs the system, where the boot image came with one of its own.
    pub installer: Option<&'a str>,
    /// Who receives what the system tells.
    pub receivers: Receivers,
    /// Below which URL a system reports by HTTP, `http://10.77.0.1:8080/c/TOKEN/report`. Whoever
    /// knows it can report for the attempt from the machine's address, so it is a secret.
    pub reports: &'a Secret,
}

/// Who receives what a system tells, as the machine reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receivers {
    /// Its events.
    pub event_sink: SocketAddr,
    /// Its kernel's log.
    pub kernel_log: SocketAddr,
    /// The logs of its services.
    pub service_log: SocketAddr,
}

/// A document that a machine fetches under its token, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Its name below the token.
    pub name: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes. They may hold keys.
    pub body: Secret<Vec<u8>>,
}

impl Artefact {
    /// SHA-256 of its bytes.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.body.expose()).into()
    }

    /// Its name and digest, as they go on record when it leaves.
    pub fn named_digest(&self) -> NamedDigest {
        NamedDigest {
            name: self.name,
            sha256: Sha256Digest(self.digest()),
        }
    }
}

/// SHA-256 of all that a machine fetches: of the one artefact's bytes, or of the names and digests
/// of several.
pub fn digest_of_all(artefacts: &[Artefact]) -> [u8; 32] {
    if let [only] = artefacts {
        return only.digest();
    }
    let mut all = Sha256::new();
    for artefact in artefacts {
        all.update(artefact.name.len().to_le_bytes());
        all.update(artefact.name);
        all.update(artefact.digest());
    }
    all.finalize().into()
}

/// Artefacts that can't be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct ArtefactError {
    /// Where the reason lies.
    pub cause: Cause,
    /// What was wanted and what came; never a secret.
    pub why: String,
}

impl ArtefactError {
    /// A fact that no artefact can hold.
    pub(crate) fn wanted(cause: Cause, what: &str, wanted: &str, got: &str) -> Self {
        let got: String = got.chars().take(128).collect();
        let why = format!("{what}: wanted {wanted}, got {got:?}");
        Self { cause, why }
    }
}

/// Where the reason lies why artefacts can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The version of the system, or what installs it.
    Version,
    /// The version of Kubernetes.
    Kubernetes,
    /// The endpoint of the cluster, or its name.
    Endpoint,
    /// A machine, or a rule of the cluster.
    Machine,
    /// The cluster's secrets.
    Secrets,
}

/// Secrets that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the secrets of the cluster can't be made: {why}")]
pub struct MakeSecretsError {
    /// Why.
    pub why: String,
}

/// What a system needs of Drover beside its artefacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Secrets that all machines of a cluster share: made once, before the first machine.
    Secrets,
    /// One call to the first control plane that founds the cluster, once in its life.
    Bootstrap,
}

/// How it is proven that a machine runs the system from its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Its API answers, with a certificate of the cluster.
    Api,
    /// It reports so itself.
    Report,
}

/// A report of a name that the system does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{os} reports {known}, got {got:?}")]
pub struct UnknownReport {
    /// The system.
    pub os: &'static str,
    /// What it reports.
    pub known: String,
    /// What came, at most its first 64 characters.
    pub got: String,
}

impl UnknownReport {
    pub(crate) fn new(os: &'static str, known: &[&str], got: &str) -> Self {
        let known = if known.is_empty() {
            "nothing by HTTP".to_owned()
        } else {
            known.join(", ")
        };
        let got = got.chars().take(64).collect();
        Self { os, known, got }
    }
}

/// An operating system in one version, as a cluster wants it.
pub trait Os: fmt::Debug + Send + Sync {
    /// The names of its artefacts: all that a token opens.
    fn artefacts(&self) -> &'static [&'static str];

    /// What else it needs.
    fn needs(&self) -> &'static [Need];

    /// How it is proven that it runs from disk.
    fn proof(&self) -> Proof;

    /// The kernel line of a network boot, argument by argument, without what the boot loader adds.
    fn kernel_arguments(&self, boot: &Netboot<'_>) -> Result<Vec<String>, NetbootError>;

    /// The artefacts of a machine: the same facts give the same bytes.
    fn documents(&self, facts: &NodeFacts<'_>) -> Result<Vec<Artefact>, ArtefactError>;

    /// New secrets for a cluster; `None` if it needs none. May take seconds: never on a thread that
    /// serves others.
    fn make_secrets(
        &self,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Secret>, MakeSecretsError>;

    /// Whether artefacts could be made for the machines of a cluster, before there is one: what a
    /// machine would be refused for when it has booted is found when the cluster's file is applied.
    fn check(&self, cluster: &ClusterSpec, installer: Option<&str>) -> Result<(), ArtefactError>;

    /// What a report that the system sent us by HTTP says. Systems with a protocol of their own say
    /// the same [`Evidence`] by that.
    fn report(&self, name: &str, body: &[u8]) -> Result<Evidence, UnknownReport>;
}

/// The kernel splits its line at blanks and reads quotes; boot loaders expand `$`.
pub(crate) fn argument<'a>(
    argument: &'static str,
    value: &'a str,
) -> Result<&'a str, NetbootError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'\\$".contains(&byte);
    if value.is_empty() || !value.bytes().all(plain) {
        return Err(NetbootError::Argument {
            argument,
            got: value.chars().take(128).collect(),
        });
    }
    Ok(value)
}
