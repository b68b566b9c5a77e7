//! The rules by which a node refuses a valid config because of what the machine or Talos itself is:
//! no disk that the selector matches, a Kubernetes that this Talos does not run.

use crate::config::{KubernetesImage, MachineConfig};
use crate::config_error::{ConfigRuntimeError, RuntimeFinding};
use crate::disk::{self, Disk, InstallTarget, NoSuchDisk};

/// The oldest Kubernetes that Talos 1.13 runs: minor version of 1.
const OLDEST: u64 = 31;
/// The newest.
const NEWEST: u64 = 36;

/// Refuses a config that does not fit, with everything that was found.
pub fn check(config: &MachineConfig, disks: &[Disk]) -> Result<(), ConfigRuntimeError> {
    let mut findings = Vec::new();
    if let (InstallTarget::Selector(_), Err(error @ NoSuchDisk::NoMatch(_))) =
        (&config.install, disk::choose(disks, &config.install))
    {
        findings.push(RuntimeFinding::Disk(error));
    }
    findings.extend(config.kubernetes.iter().filter_map(unfit));
    if findings.is_empty() {
        Ok(())
    } else {
        Err(ConfigRuntimeError { findings })
    }
}

/// What is wrong with an image; one whose tag is no version is not judged here.
fn unfit(image: &KubernetesImage) -> Option<RuntimeFinding> {
    let (_, tag) = image.reference.rsplit_once(":v")?;
    let version = tag.split(['-', '+', '@']).next()?;
    let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    let is = if (major, minor) < (1, OLDEST) {
        "too old"
    } else if (major, minor) > (1, NEWEST) {
        "too new"
    } else {
        return None;
    };
    Some(RuntimeFinding::Kubernetes {
        component: image.component,
        version: version.to_owned(),
        is,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_1_31_to_1_36_is_taken() {
        let judged = |version: &str| {
            let reference = format!("ghcr.io/siderolabs/kubelet:v{version}");
            let component = "kubelet";
            unfit(&KubernetesImage {
                component,
                reference,
            })
            .map(|found| found.to_string())
        };
        for version in ["1.31.0", "1.34.1", "1.36.99", "1.36.0-rc.1"] {
            assert_eq!(judged(version), None);
        }
        for (version, is) in [
            ("1.20.0", "too old"),
            ("1.30.14", "too old"),
            ("1.37.0", "too new"),
            ("1.60.0", "too new"),
            ("2.0.0", "too new"),
        ] {
            let wanted = format!(
                "kubelet image is not valid: version of Kubernetes {version} is {is} to be used \
                 with Talos 1.13.9"
            );
            assert_eq!(judged(version), Some(wanted));
        }
    }
}
