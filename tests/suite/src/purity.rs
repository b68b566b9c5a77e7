//! What the tree of a pure crate must not hold: a way to a socket, a clock or a random source.
//!
//! `clippy.toml` in each pure crate keeps its own code away from them; this keeps its dependencies
//! away. `libc` is on the list although a crate that forbids `unsafe` can't call it: whoever links
//! it means to talk to the system, and no crate of the trees needs it on x86.

use crate::dependency_tree::TreePackage;

/// The pure crates: their packages and their folders.
pub const PURE_CRATES: [(&str, &str); 9] = [
    ("machine-core", "machine/core"),
    ("pxe-lease", "pxe/lease"),
    ("pxe-dhcp", "pxe/dhcp"),
    ("pxe-dhcp6", "pxe/dhcp6"),
    ("pxe-tftp", "pxe/tftp"),
    ("pxe-loader", "pxe/loader"),
    ("bmc-ipmi", "bmc/ipmi"),
    ("config-render", "config/render"),
    ("node", "tests/node"),
];

/// What of a tree breaks the wall, a line for each.
pub fn breaches(tree: &[TreePackage]) -> Vec<String> {
    tree.iter().flat_map(breaches_of).collect()
}

fn breaches_of(package: &TreePackage) -> Vec<String> {
    let tell = |what: String, reach: &str| {
        format!(
            "{what} reaches {reach}; it comes by {}",
            package.chain.join(" > ")
        )
    };
    let banned = PACKAGES.iter().filter(|(name, _)| *name == package.name);
    let as_package = banned
        .filter(|_| !is_excepted(package))
        .map(|(name, reach)| tell((*name).to_owned(), reach));
    let on = |owner: &str, feature: &str| {
        (owner == "*" || owner == package.name) && package.features.iter().any(|it| it == feature)
    };
    let features = FEATURES
        .iter()
        .filter(|(owner, feature, _)| on(owner, feature));
    let as_feature = features.map(|(_, feature, reach)| {
        tell(
            format!("{} with its feature {feature}", package.name),
            reach,
        )
    });
    as_package.chain(as_feature).collect()
}

fn is_excepted(package: &TreePackage) -> bool {
    let by = package.chain.iter().rev().nth(1);
    EXCEPTIONS
        .iter()
        .any(|(name, from)| *name == package.name && by.is_some_and(|it| it == from))
}

/// Packages that lead out of a pure crate, and where to.
const PACKAGES: &[(&str, &str)] = &[
    ("ahash", "a random source"),
    ("async-io", "sockets"),
    ("async-net", "sockets"),
    ("async-std", "sockets"),
    ("aws-lc-rs", "a random source"),
    ("chrono", "a clock"),
    ("coarsetime", "a clock"),
    ("crossbeam-channel", "a clock"),
    ("curl", "sockets"),
    ("dirs", "the environment"),
    ("fastrand", "a clock"),
    ("foldhash", "a clock and addresses, as its seed"),
    ("getrandom", "a random source"),
    ("h2", "sockets, by tokio"),
    ("hostname", "the system"),
    ("hyper", "sockets"),
    ("if-addrs", "sockets"),
    ("instant", "a clock"),
    ("libc", "the system"),
    ("linux-raw-sys", "the system"),
    ("memmap2", "files"),
    ("mio", "sockets"),
    ("native-tls", "sockets"),
    ("nix", "the system"),
    ("num_cpus", "the system"),
    ("oorandom", "a random source"),
    ("openssl", "a random source"),
    ("parking_lot", "threads and a clock"),
    ("polling", "sockets"),
    ("quanta", "a clock"),
    ("quinn", "sockets"),
    ("rand", "a random source"),
    ("rayon", "threads"),
    ("reqwest", "sockets"),
    ("ring", "a random source"),
    ("rustix", "the system"),
    ("rustls", "a clock and a random source"),
    ("signal-hook", "the system"),
    ("smol", "sockets"),
    ("socket2", "sockets"),
    ("sqlx", "sockets and files"),
    ("syscalls", "the system"),
    ("tempfile", "files"),
    ("time", "a clock"),
    ("tokio", "sockets and a clock"),
    ("tonic", "sockets"),
    ("tracing-subscriber", "a clock"),
    ("ureq", "sockets"),
    ("walkdir", "files"),
    ("web-time", "a clock"),
    ("windows-sys", "the system"),
];

/// Features that open such a way in a package that has none without them; `*` is any package.
const FEATURES: &[(&str, &str, &str)] = &[
    ("*", "getrandom", "a random source"),
    ("*", "os_rng", "a random source"),
    ("*", "sys_rng", "a random source"),
    ("*", "thread_rng", "a random source"),
    ("*", "clock", "a clock"),
    ("*", "local-offset", "a clock"),
    ("*", "wall_clock", "a clock"),
    ("jiff", "std", "a clock"),
    ("serde-saphyr", "figment", "files"),
    ("serde-saphyr", "include_fs", "files"),
    ("uuid", "v1", "a clock"),
    ("uuid", "v4", "a random source"),
    ("uuid", "v7", "a clock"),
    ("x509-cert", "std", "a clock"),
];

/// Packages that one other package may bring, because of what it does with them.
const EXCEPTIONS: &[(&str, &str)] = &[
    // On ARM it asks getauxval(3) what the processor can do, and nothing else.
    ("libc", "cpufeatures"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency_tree::packages;

    fn breaches_in(answer: &str) -> Vec<String> {
        breaches(&packages(answer).unwrap())
    }

    #[test]
    fn a_tree_without_a_way_out_passes() {
        let answer = "0machine-core v0.1.0|\n1serde v1.0.0|derive,std\n1rand_core v0.10.0|\n";
        assert!(breaches_in(answer).is_empty());
    }

    #[test]
    fn a_way_out_is_found_however_deep_and_told_with_its_chain() {
        let answer = "0pxe-dhcp v0.1.0|\n1a v1.0.0|\n2b v1.0.0|std\n3socket2 v0.6.0|all\n";
        assert_eq!(
            breaches_in(answer),
            ["socket2 reaches sockets; it comes by pxe-dhcp > a > b > socket2"]
        );
    }

    #[test]
    fn a_feature_can_be_a_way_out() {
        let answer = "0x v0.1.0|\n1rand_core v0.9.0|os_rng,std\n1x509-cert v0.3.0|builder,std\n";
        assert_eq!(
            breaches_in(answer),
            [
                "rand_core with its feature os_rng reaches a random source; it comes by x > rand_core",
                "x509-cert with its feature std reaches a clock; it comes by x > x509-cert",
            ]
        );
    }

    #[test]
    fn an_exception_holds_for_the_one_who_has_it() {
        assert!(breaches_in("0x v0.1.0|\n1cpufeatures v0.3.0|\n2libc v0.2.0|\n").is_empty());
        assert_eq!(
            breaches_in("0x v0.1.0|\n1sha2 v0.11.0|\n2libc v0.2.0|\n").len(),
            1
        );
        assert_eq!(breaches_in("0x v0.1.0|\n1libc v0.2.0|\n").len(), 1);
    }
}
