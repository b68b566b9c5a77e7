//! Which disk the config means.
//!
//! A selector's fields must all match; `serial`, `wwid`, `model` and the like are patterns in which
//! `*` stands for anything and `?` for one character. No match is an error that the node retries; of
//! several the first is taken, as Talos does.

use crate::config::InstallTarget;
use crate::config_document::DiskSelectorSection;
use thiserror::Error;

/// A disk, as the kernel shows it in `/sys/block`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its name: `vda`.
    pub name: String,
    /// Its length in sectors of 512 bytes.
    pub sectors: u64,
    /// Its serial number.
    pub serial: String,
    /// Its world-wide identifier.
    pub wwid: String,
    /// Its model.
    pub model: String,
}

/// Picks the disk to install to.
pub fn choose<'a>(disks: &'a [Disk], target: &InstallTarget) -> Result<&'a Disk, NoSuchDisk> {
    let chosen = match target {
        InstallTarget::Path(path) => {
            let name = path.strip_prefix("/dev/").unwrap_or(path);
            disks.iter().find(|disk| disk.name == name)
        }
        InstallTarget::Selector(selector) => disks.iter().find(|disk| selects(selector, disk)),
    };
    chosen.ok_or_else(|| NoSuchDisk {
        wanted: format!("{target:?}"),
        among: disks.len(),
    })
}

/// No disk matches.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no disk matches {wanted}, of {among} disks")]
pub struct NoSuchDisk {
    /// The rule.
    pub wanted: String,
    /// How many disks there are.
    pub among: usize,
}

fn selects(selector: &DiskSelectorSection, disk: &Disk) -> bool {
    let not_known_here = [
        &selector.modalias,
        &selector.uuid,
        &selector.disk_type,
        &selector.bus_path,
    ];
    if selector.size.is_some() || not_known_here.iter().any(|field| field.is_some()) {
        return false;
    }
    let device = format!("/dev/{}", disk.name);
    [
        (&selector.serial, &disk.serial),
        (&selector.wwid, &disk.wwid),
        (&selector.model, &disk.model),
        (&selector.name, &device),
    ]
    .into_iter()
    .filter_map(|(pattern, value)| pattern.as_ref().map(|pattern| (pattern, value)))
    .all(|(pattern, value)| matches(pattern.as_bytes(), value.as_bytes()))
}

/// Whether a text matches a pattern of `*` and `?`, without backtracking further than the last `*`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(read) {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, read));
                at += 1;
            }
            (Some(&wanted), _) if wanted == byte || wanted == b'?' => {
                at += 1;
                read += 1;
            }
            (_, Some((star_at, taken))) => {
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                read = taken + 1;
            }
            _ => return false,
        }
    }
    pattern
        .get(at..)
        .unwrap_or_default()
        .iter()
        .all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn disks() -> Vec<Disk> {
        let disk = |name: &str, serial: &str, wwid: &str| Disk {
            name: name.into(),
            sectors: 2_097_152,
            serial: serial.into(),
            wwid: wwid.into(),
            model: String::new(),
        };
        vec![
            disk("vda", "data", "naa.1"),
            disk("vdb", "root-1", "naa.2"),
            disk("vdc", "", "naa.3"),
        ]
    }

    fn selector(serial: Option<&str>, wwid: Option<&str>) -> InstallTarget {
        InstallTarget::Selector(DiskSelectorSection {
            serial: serial.map(str::to_owned),
            wwid: wwid.map(str::to_owned),
            ..DiskSelectorSection::default()
        })
    }

    #[test]
    fn a_disk_is_chosen_by_what_it_is_not_by_its_place() {
        let disks = disks();
        for (target, wanted) in [
            (selector(Some("root-1"), None), Some("vdb")),
            (selector(Some("root-*"), None), Some("vdb")),
            (selector(None, Some("naa.3")), Some("vdc")),
            (selector(Some("root-1"), Some("naa.2")), Some("vdb")),
            (selector(Some("root-1"), Some("naa.1")), None),
            (selector(Some("root"), None), None),
            (selector(Some("other"), None), None),
            (InstallTarget::Path("/dev/vdc".into()), Some("vdc")),
            (InstallTarget::Path("/dev/sda".into()), None),
        ] {
            let chosen = choose(&disks, &target).ok().map(|disk| disk.name.as_str());
            assert_eq!(chosen, wanted, "{target:?}");
        }
    }

    #[test]
    fn a_rule_that_is_not_understood_picks_no_disk() {
        let target = InstallTarget::Selector(DiskSelectorSection {
            serial: Some("root-1".into()),
            size: Some(serde_json::json!(">= 1GB")),
            ..DiskSelectorSection::default()
        });
        assert!(choose(&disks(), &target).is_err());
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_any_part_replaced_by_a_star(text in "[a-z0-9]{1,12}", cut in 0_usize..12) {
            prop_assert!(matches(text.as_bytes(), text.as_bytes()));
            let cut = cut.min(text.len());
            let pattern = format!("{}*", &text[..cut]);
            prop_assert!(matches(pattern.as_bytes(), text.as_bytes()));
            let pattern = format!("*{}", &text[cut..]);
            prop_assert!(matches(pattern.as_bytes(), text.as_bytes()));
            let longer = format!("{text}x");
            prop_assert!(!matches(longer.as_bytes(), text.as_bytes()));
        }
    }
}
