//! Version contracts: what a minor version of Talos expects of a config and of its kernel line.
//!
//! They have an order, and what came or went with a version is a question that a contract answers.
//! A version that is not there is refused, never guessed, because a config of the wrong layout is a
//! machine that does not come back.

use std::fmt;
use std::str::FromStr;

use machine_core::os::parse_version;
use semver::Version;
use thiserror::Error;

/// A minor version of Talos that Drover writes configs for; a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TalosContract {
    /// Talos 1.12.
    V1_12,
    /// Talos 1.13.
    V1_13,
}

/// The minor versions of Kubernetes that a version of Talos runs, all their patches included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KubernetesRange {
    /// The oldest, as `(1, 31)`.
    pub oldest: (u64, u64),
    /// The newest.
    pub newest: (u64, u64),
}

impl KubernetesRange {
    /// Whether a version is one of them.
    pub fn contains(self, version: &Version) -> bool {
        (self.oldest..=self.newest).contains(&(version.major, version.minor))
    }

    /// Every minor version of the range, oldest first. All are of one major version.
    pub fn minors(self) -> impl Iterator<Item = (u64, u64)> {
        let major = self.oldest.0;
        (self.oldest.1..=self.newest.1).map(move |minor| (major, minor))
    }
}

impl fmt::Display for KubernetesRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((oldest, from), (newest, to)) = (self.oldest, self.newest);
        write!(f, "{oldest}.{from}.0 to {newest}.{to}.x")
    }
}

impl TalosContract {
    /// Every contract there is, oldest first.
    pub const ALL: [Self; 2] = [Self::V1_12, Self::V1_13];

    /// Those that machines are installed with.
    const INSTALLED: [Self; 1] = [Self::V1_13];

    /// Such as `1.13`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_12 => "1.12",
            Self::V1_13 => "1.13",
        }
    }

    /// The contract of a version of Talos.
    pub fn of(version: &Version) -> Result<Self, UnknownContract> {
        Self::among(&Self::ALL, version)
    }

    /// The contract of a version of Talos that machines are installed with: a node of it was seen to
    /// install by what Drover hands out. Configs of the others are made for people only.
    pub fn installed(version: &Version) -> Result<Self, UnknownContract> {
        Self::among(&Self::INSTALLED, version)
    }

    fn among(contracts: &[Self], version: &Version) -> Result<Self, UnknownContract> {
        let minor = format!("{}.{}", version.major, version.minor);
        let found = contracts.iter().find(|it| it.as_str() == minor);
        let unknown = || UnknownContract::new(contracts, &version.to_string());
        found.copied().ok_or_else(unknown)
    }

    /// Whether `KubeSpan` has a document of its own; before, its place is in `machine.network`, which
    /// Talos' generator then always writes (talos `pkg/machinery/config/contract.go`,
    /// `KubeSpanMultidocConfig`).
    pub fn has_kube_span_document(self) -> bool {
        self >= Self::V1_13
    }

    /// What Talos' own images put on the kernel line (talos `pkg/machinery/kernel/kernel.go`,
    /// `DefaultArgs`, and `imager/quirks/quirks.go` for which version has what). Without
    /// `slab_nomerge` and `pti=on` it refuses to boot.
    pub fn kernel_arguments(self) -> Vec<&'static str> {
        let always = [
            "init_on_alloc=1",
            "slab_nomerge",
            "pti=on",
            "consoleblank=0",
            "nvme_core.io_timeout=4294967295",
            "printk.devkmsg=on",
            "selinux=1",
            "module.sig_enforce=1",
        ];
        let since_13 = (self >= Self::V1_13).then_some("proc_mem.force_override=never");
        always.into_iter().chain(since_13).collect()
    }

    /// What a node of this version accepts (talos `pkg/machinery/compatibility/talos113`, and so
    /// on: one folder a version); it refuses a config with any other when it has booted.
    pub const fn kubernetes(self) -> KubernetesRange {
        let (oldest, newest) = match self {
            Self::V1_12 => ((1, 30), (1, 35)),
            Self::V1_13 => ((1, 31), (1, 36)),
        };
        KubernetesRange { oldest, newest }
    }
}

impl fmt::Display for TalosContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version of Talos that Drover has no contract for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a Talos version of {known}, got {got:?}")]
pub struct UnknownContract {
    /// The contracts that there are.
    pub known: String,
    /// What came, at most its first 64 characters.
    pub got: String,
}

impl UnknownContract {
    fn new(known: &[TalosContract], got: &str) -> Self {
        let known: Vec<&str> = known.iter().map(|it| it.as_str()).collect();
        Self {
            known: known.join(", "),
            got: got.chars().take(64).collect(),
        }
    }
}

/// Accepts a contract (`1.13`, `v1.13`) and a version that falls under it (`1.13.9`,
/// `v1.13.0-beta.1`).
impl FromStr for TalosContract {
    type Err = UnknownContract;

    fn from_str(text: &str) -> Result<Self, UnknownContract> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let named = Self::ALL.into_iter().find(|it| it.as_str() == bare);
        let of_version = || parse_version(text).ok().and_then(|it| Self::of(&it).ok());
        named
            .or_else(of_version)
            .ok_or_else(|| UnknownContract::new(&Self::ALL, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fall_under_their_contract() {
        for contract in TalosContract::ALL {
            let name = contract.as_str();
            for text in [
                name.to_owned(),
                format!("v{name}"),
                format!("{name}.9"),
                format!("v{name}.0-beta.1"),
            ] {
                assert_eq!(text.parse(), Ok(contract), "{text}");
            }
        }
    }

    #[test]
    fn what_is_unknown_is_refused_and_what_is_known_is_named() {
        for text in [
            "", "1", "1.1", "1.14", "1.130", "1.13.", "1.13.x", "1.13.9-", "2.13", "1.13 ",
            "1.130.0", "1.13.09", "vv1.13",
        ] {
            let refused = text.parse::<TalosContract>().unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!("wanted a Talos version of 1.12, 1.13, got {text:?}")
            );
        }
    }

    #[test]
    fn contracts_are_in_the_order_of_their_versions() {
        let numbers = TalosContract::ALL.map(|contract| {
            let version = parse_version(&format!("{contract}.0")).unwrap();
            (version.major, version.minor)
        });
        assert!(numbers.is_sorted(), "{numbers:?}");
        assert!(TalosContract::ALL.is_sorted());
    }

    #[test]
    fn a_range_of_kubernetes_has_an_order_and_ends() {
        let version = |major, minor| Version::new(major, minor, 0);
        for contract in TalosContract::ALL {
            let range = contract.kubernetes();
            let minors: Vec<_> = range.minors().collect();
            assert_eq!(minors.first(), Some(&range.oldest), "{contract}");
            assert_eq!(minors.last(), Some(&range.newest), "{contract}");
            let all_fit = minors.iter().all(|(a, b)| range.contains(&version(*a, *b)));
            assert!(all_fit, "{contract}");
            let ((major, from), (_, to)) = (range.oldest, range.newest);
            assert!(!range.contains(&version(major, from - 1)), "{contract}");
            assert!(!range.contains(&version(major, to + 1)), "{contract}");
            assert!(!range.contains(&version(major + 1, from)), "{contract}");
        }
        let range = TalosContract::V1_13.kubernetes();
        assert_eq!(range.to_string(), "1.31.0 to 1.36.x");
    }

    #[test]
    fn no_contract_lacks_what_the_kernel_check_demands() {
        for contract in TalosContract::ALL {
            for demanded in ["slab_nomerge", "pti=on"] {
                assert!(
                    contract.kernel_arguments().contains(&demanded),
                    "{contract}"
                );
            }
        }
    }
}
