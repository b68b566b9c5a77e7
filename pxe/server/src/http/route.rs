//! Which of the few things that are served a URL names. What does not parse is not served.

use http::Uri;
use machine_core::boot::BootStep;
use machine_core::id::BootId;

use crate::hashing::parse_digest;
use crate::http::query::{decode, value};

/// Something that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The first script of a boot.
    First { boot: BootId },
    /// The decision for a boot.
    Script { boot: BootId },
    /// An asset, and whose boot's step it is.
    Asset {
        digest: [u8; 32],
        boot: Option<(BootId, BootStep)>,
    },
    /// A bootloader, and whose boot's step it is.
    Loader { file: Vec<u8>, boot: Option<BootId> },
    /// A document of an attempt.
    Document { token: String, name: String },
    /// Where the system of an attempt tells something of itself.
    Report { token: String, name: String },
}

impl Route {
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let path = uri.path().strip_prefix('/')?;
        if let Some(path) = path.strip_prefix("loader/") {
            let named = path.split_once('/');
            let boot = named.and_then(|(boot, file)| Some((boot.parse().ok()?, file)));
            let (boot, file) = boot.map_or((None, path), |(boot, file)| (Some(boot), file));
            let file = decode(file.as_bytes());
            return Some(Self::Loader { file, boot });
        }
        let mut parts = path.split('/');
        let (kind, first, second) = (parts.next()?, parts.next()?, parts.next());
        let third = parts.next();
        if parts.next().is_some() {
            return None;
        }
        if let Some(name) = third {
            let is_report = kind == "c" && second == Some("report");
            let (token, name) = (first, name.to_owned());
            return (is_report && fits(token, &name)).then(|| Self::Report {
                token: token.to_owned(),
                name,
            });
        }
        match (kind, second) {
            ("boot", None) => Some(Self::First {
                boot: first.parse().ok()?,
            }),
            ("script", None) => Some(Self::Script {
                boot: first.parse().ok()?,
            }),
            ("assets", Some(name)) => {
                let digest = parse_digest(first.as_bytes())?;
                let boot = value(uri.query().unwrap_or_default(), "boot");
                let boot = boot.and_then(|boot| boot.parse().ok()).zip(step_of(name));
                Some(Self::Asset { digest, boot })
            }
            ("c", Some(name)) if fits(first, name) => Some(Self::Document {
                token: first.to_owned(),
                name: name.to_owned(),
            }),
            _ => None,
        }
    }
}

/// Whether a token and a name are no longer than any that we give.
fn fits(token: &str, name: &str) -> bool {
    token.len() <= 128 && name.len() <= 64
}

fn step_of(name: &str) -> Option<BootStep> {
    match name {
        "kernel" => Some(BootStep::Kernel),
        "initrd" => Some(BootStep::Initrd),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::hex;
    use proptest::prelude::*;

    fn route(uri: &str) -> Option<Route> {
        Route::of(&uri.parse().unwrap())
    }

    #[test]
    fn each_path_is_its_thing() {
        let boot = BootId::from_bytes([0xab; 16]);
        let digest = [0xcd; 32];
        assert_eq!(route(&format!("/boot/{boot}")), Some(Route::First { boot }));
        assert_eq!(
            route(&format!("/script/{boot}?uuid=x")),
            Some(Route::Script { boot })
        );
        let loader = |boot| Route::Loader {
            file: b"snponly.efi".to_vec(),
            boot,
        };
        assert_eq!(route("/loader/snponly.efi"), Some(loader(None)));
        assert_eq!(
            route(&format!("/loader/{boot}/snponly.efi")),
            Some(loader(Some(boot)))
        );
        assert_eq!(
            route(&format!("/assets/{}/kernel?boot={boot}", hex(&digest))),
            Some(Route::Asset {
                digest,
                boot: Some((boot, BootStep::Kernel))
            })
        );
        assert_eq!(
            route(&format!("/assets/{}/other?boot={boot}", hex(&digest))),
            Some(Route::Asset { digest, boot: None })
        );
        assert_eq!(
            route("/c/TOKEN/config.yaml?uuid="),
            Some(Route::Document {
                token: "TOKEN".to_owned(),
                name: "config.yaml".to_owned()
            })
        );
        assert_eq!(
            route("/c/TOKEN/report/installed"),
            Some(Route::Report {
                token: "TOKEN".to_owned(),
                name: "installed".to_owned()
            })
        );
    }

    #[test]
    fn a_loader_is_named_as_loaders_name_what_they_ask_for() {
        for (uri, file) in [
            ("/loader/snponly.efi", "snponly.efi"),
            // shim puts its own slash behind its directory's.
            ("/loader//grubx64.efi", "/grubx64.efi"),
            ("/loader/%5cgrubx64.efi", "\\grubx64.efi"),
        ] {
            let file = file.as_bytes().to_vec();
            assert_eq!(
                route(uri),
                Some(Route::Loader { file, boot: None }),
                "{uri}"
            );
        }
    }

    #[test]
    fn nothing_else_is_served() {
        for uri in [
            "/",
            "/boot",
            "/boot/",
            "/boot/..",
            "/boot/x/y",
            "/script/%2e%2e",
            "/assets/../x",
            "/assets/abcd/kernel",
            "/c/a/b/c",
            "/c/a/report/b/c",
            "/boot/a/report/b",
            "/etc/passwd",
            "//etc/passwd",
        ] {
            assert_eq!(route(uri), None, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "/[a-z0-9/%.?=&_-]{0,120}") {
            if let Ok(uri) = path.parse() {
                let _ = Route::of(&uri);
            }
        }
    }
}
