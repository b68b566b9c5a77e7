//! Version contracts: what a minor version of Talos expects of a config and of its kernel line.
//!
//! A contract is a row of [`CONTRACTS`]; what is not there is refused, never guessed, because a
//! config of the wrong layout is a machine that does not come back.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A minor version of Talos that Drover writes configs for.
#[derive(Clone, Copy)]
pub struct TalosContract {
    name: &'static str,
    kernel_arguments: &'static [&'static str],
    kubernetes: KubernetesRange,
}

/// The minor versions of Kubernetes that a version of Talos runs, all their patches included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KubernetesRange {
    /// The oldest, as `(1, 31)`.
    pub oldest: (u32, u32),
    /// The newest.
    pub newest: (u32, u32),
}

impl KubernetesRange {
    /// Whether a minor version is one of them.
    pub fn contains(self, minor: (u32, u32)) -> bool {
        (self.oldest..=self.newest).contains(&minor)
    }

    /// Every minor version of the range, oldest first. All are of one major version.
    pub fn minors(self) -> impl Iterator<Item = (u32, u32)> {
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
    /// Such as `1.13`.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// What Talos' own images put on the kernel line (talos `pkg/machinery/kernel/kernel.go`,
    /// `DefaultArgs`). Without `slab_nomerge` and `pti=on` it refuses to boot.
    pub const fn kernel_arguments(self) -> &'static [&'static str] {
        self.kernel_arguments
    }

    /// What a node of this version accepts (talos `pkg/machinery/compatibility/talos113`, and so
    /// on: one folder a version); it refuses a config with any other when it has booted.
    pub const fn kubernetes(self) -> KubernetesRange {
        self.kubernetes
    }
}

impl PartialEq for TalosContract {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TalosContract {}

impl fmt::Debug for TalosContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TalosContract({})", self.name)
    }
}

impl fmt::Display for TalosContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
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

/// Accepts a contract (`1.13`, `v1.13`) and a version that falls under it (`1.13.9`,
/// `v1.13.0-beta.1`).
impl FromStr for TalosContract {
    type Err = UnknownContract;

    fn from_str(text: &str) -> Result<Self, UnknownContract> {
        let version = text.strip_prefix('v').unwrap_or(text);
        let found = CONTRACTS.iter().find(|it| {
            version
                .strip_prefix(it.name)
                .is_some_and(|rest| rest.is_empty() || is_patch(rest))
        });
        found.copied().ok_or_else(|| UnknownContract {
            known: CONTRACTS.map(Self::as_str).join(", "),
            got: text.chars().take(64).collect(),
        })
    }
}

/// `.9`, `.0-beta.1`.
fn is_patch(rest: &str) -> bool {
    let patch = rest.strip_prefix('.').unwrap_or_default();
    let (number, label) = patch.split_once('-').unwrap_or((patch, "x"));
    let number_fits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let label_fits = !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    number_fits && label_fits
}

/// Every contract there is.
pub const CONTRACTS: [TalosContract; 1] = [TalosContract {
    name: "1.13",
    kernel_arguments: &[
        "init_on_alloc=1",
        "slab_nomerge",
        "pti=on",
        "consoleblank=0",
        "nvme_core.io_timeout=4294967295",
        "printk.devkmsg=on",
        "selinux=1",
        "module.sig_enforce=1",
        "proc_mem.force_override=never",
    ],
    kubernetes: KubernetesRange {
        oldest: (1, 31),
        newest: (1, 36),
    },
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fall_under_their_contract() {
        for text in ["1.13", "v1.13", "1.13.9", "v1.13.0-beta.1"] {
            assert_eq!(
                text.parse::<TalosContract>().unwrap().as_str(),
                "1.13",
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_unknown_is_refused_and_named() {
        for text in [
            "", "1", "1.1", "1.14", "1.130", "1.13.", "1.13.x", "1.13.9-", "2.13", "1.13 ",
        ] {
            let refused = text.parse::<TalosContract>().unwrap_err();
            assert_eq!(refused.got, text);
            assert_eq!(refused.known, "1.13");
            assert!(
                refused
                    .to_string()
                    .contains("wanted a Talos version of 1.13, got")
            );
        }
    }

    #[test]
    fn a_range_of_kubernetes_has_an_order_and_ends() {
        for contract in CONTRACTS {
            let range = contract.kubernetes();
            let minors: Vec<_> = range.minors().collect();
            assert_eq!(minors.first(), Some(&range.oldest), "{contract}");
            assert_eq!(minors.last(), Some(&range.newest), "{contract}");
            assert!(minors.iter().all(|it| range.contains(*it)), "{contract}");
            let ((major, from), (_, to)) = (range.oldest, range.newest);
            assert!(!range.contains((major, from - 1)), "{contract}");
            assert!(!range.contains((major, to + 1)), "{contract}");
            assert!(!range.contains((major + 1, from)), "{contract}");
        }
        let range = "1.13".parse::<TalosContract>().unwrap().kubernetes();
        assert_eq!(range.to_string(), "1.31.0 to 1.36.x");
    }

    #[test]
    fn no_contract_lacks_what_the_kernel_check_demands() {
        for contract in CONTRACTS {
            for demanded in ["slab_nomerge", "pti=on"] {
                assert!(
                    contract.kernel_arguments().contains(&demanded),
                    "{contract}"
                );
            }
        }
    }
}
