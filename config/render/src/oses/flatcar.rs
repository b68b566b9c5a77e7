//! Flatcar Container Linux on bare metal: booted from the network into memory, where one Ignition
//! config has it write itself to the one disk, and restart (flatcar `deploy/bare-metal`,
//! `booting-with-ipxe.md` and `installing-to-disk.md`).

mod ignition;
mod install;

use std::net::{Ipv4Addr, SocketAddr};

use machine_core::attempt::AttemptEnd;
use machine_core::boot::BootStep;
use machine_core::cluster::{ClusterSpec, Role};
use machine_core::disk::DiskIdentity;
use machine_core::hardware::Arch;
use machine_core::id::{AttemptId, BootId};
use machine_core::os::FlatcarSpec;
use machine_core::report::{Evidence, Told, squeezed};
use machine_core::secret::Secret;
use machine_core::time::Timestamp;
use rand_core::CryptoRng;

use crate::os::{
    Artefact, ArtefactError, MakeSecretsError, Need, Netboot, NetbootError, NodeFacts, Os, Proof,
    Receivers, UnknownReport, argument,
};
use crate::oses::flatcar::ignition::installer_config;

/// Flatcar, as a cluster wants it.
#[derive(Debug, Clone, Copy)]
pub struct Flatcar<'a>(pub &'a FlatcarSpec);

impl Os for Flatcar<'_> {
    fn artefacts(&self) -> &'static [&'static str] {
        &[IGNITION]
    }

    fn needs(&self) -> &'static [Need] {
        &[]
    }

    fn proof(&self) -> Proof {
        Proof::Report
    }

    /// `flatcar.first_boot=1` is what makes Ignition run; over PXE it is `1`, never `detected`.
    fn kernel_arguments(&self, boot: &Netboot<'_>) -> Result<Vec<String>, NetbootError> {
        if boot.wipes {
            return Err(NetbootError::NoWipe { os: "Flatcar" });
        }
        let mut arguments = Vec::new();
        for console in boot.consoles {
            arguments.push(format!("console={}", argument("console", console)?));
        }
        // The last console named is /dev/console.
        let own = match boot.arch {
            Arch::X86_64 => "console=tty0",
            Arch::Arm64 => "console=ttyAMA0",
        };
        arguments.push(own.to_owned());
        if let Some(below) = boot.artefacts {
            let below = argument("ignition.config.url", below)?;
            arguments.push("flatcar.first_boot=1".to_owned());
            arguments.push(format!("ignition.config.url={below}/{IGNITION}"));
        }
        arguments.push(format!("{}={}", BootId::KERNEL_ARGUMENT, boot.boot));
        Ok(arguments)
    }

    fn documents(&self, facts: &NodeFacts<'_>) -> Result<Vec<Artefact>, ArtefactError> {
        let body = installer_config(self.0, facts)?;
        Ok(vec![Artefact {
            name: IGNITION,
            media_type: "application/vnd.coreos.ignition+json",
            body: Secret::new(body.into_bytes()),
        }])
    }

    /// Its machines share nothing.
    fn make_secrets(
        &self,
        _now: Timestamp,
        _rng: &mut dyn CryptoRng,
    ) -> Result<Option<Secret>, MakeSecretsError> {
        Ok(None)
    }

    fn check(&self, cluster: &ClusterSpec, _installer: Option<&str>) -> Result<(), ArtefactError> {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let nobody = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 1));
        let reports = Secret::new("http://192.0.2.1/c/TOKEN/report".to_owned());
        let any: Option<DiskIdentity> = "serial:NONE".parse().ok();
        let disks = cluster.members.iter().filter_map(|it| it.disk.as_ref());
        for disk in disks.chain(&any) {
            let facts = NodeFacts {
                cluster,
                secrets: None,
                role: Role::Worker,
                disk,
                hostname: Some("machine"),
                attempt: AttemptId::from_bytes([0; 16]),
                installer: None,
                reports: &reports,
                receivers: Receivers {
                    event_sink: nobody,
                    kernel_log: nobody,
                    service_log: nobody,
                },
            };
            self.documents(&facts)?;
        }
        Ok(())
    }

    fn report(&self, name: &str, body: &[u8]) -> Result<Evidence, UnknownReport> {
        let told = |told| Evidence {
            told: Some(told),
            ..Evidence::default()
        };
        match name {
            "installing" => Ok(told(Told::step(
                BootStep::Installing,
                "installs to its disk",
            ))),
            "installed" => Ok(told(Told::step(
                BootStep::Installed,
                "installed, and restarts",
            ))),
            "failed" => Ok(Evidence {
                ends: Some((
                    AttemptEnd::InstallerFailed,
                    squeezed(&String::from_utf8_lossy(body)),
                )),
                ..Evidence::default()
            }),
            "running" => Ok(Evidence {
                ready: Some(true),
                runs_from_disk: true,
                ..Evidence::default()
            }),
            _ => Err(UnknownReport::new("Flatcar", &REPORTS, name)),
        }
    }
}

/// The name of its one artefact.
pub const IGNITION: &str = "ignition";

/// What it reports.
const REPORTS: [&str; 4] = ["installing", "installed", "failed", "running"];

#[cfg(test)]
mod tests;
