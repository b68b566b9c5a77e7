//! The script of an installer: which kernel, with which arguments, and where its config is.

use config_render::os::Netboot;
use config_render::oses::find_os;
use config_render::oses::talos::MACHINE_CONFIG;
use machine_core::attempt::{Attempt, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::cluster::Cluster;
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, Outcome};
use machine_store::{attempts, clusters};
use pxe_server::directory::ScriptAnswer;

use crate::directory::BootDirectory;
use crate::error::StepError;
use crate::hindrance::bootable;
use crate::records::{About, Image, advanced};

/// Tells Talos to wipe what it takes for its own, and to restart through the firmware.
const WIPE: &str = "talos.experimental.wipe=system";

impl BootDirectory {
    pub(super) async fn answer_install(
        &self,
        boot: &Boot,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let db = &self.records.db;
        let Some(attempt) = attempts::find(db, attempt).await? else {
            return Ok(wait("the attempt is gone"));
        };
        let Some(cluster) = clusters::find(db, attempt.assignment.cluster).await? else {
            return Ok(wait("the cluster is gone"));
        };
        let Some((arch, _)) = boot.platform else {
            return Ok(wait("it did not say which processor it has"));
        };
        let image = match bootable(&self.records.images, &cluster.spec, arch) {
            Ok(image) => image,
            Err(why) => return Ok(wait(why)),
        };
        let wipe = attempt.wipe.filter(|_| attempt.wipes_in(boot.id));
        if attempt.boot != Some(boot.id) {
            let change = serving(&attempt, boot, at);
            if self.records.commit.submit(change).await? != Outcome::Applied {
                return Ok(wait("the attempt has changed: asking again"));
            }
        }
        let kept = Boot {
            attempt: Some(attempt.id),
            ..advanced(boot, BootStep::Script, at)
        };
        self.keep(kept.clone()).await?;
        let answer = self.installer(&kept, attempt.id, &cluster, image)?;
        Ok(match wipe {
            Some(_) => with_argument(answer, WIPE),
            None => answer,
        })
    }

    fn installer(
        &self,
        boot: &Boot,
        attempt: AttemptId,
        cluster: &Cluster,
        image: &Image,
    ) -> Result<ScriptAnswer, StepError> {
        let server = |port| {
            boot.address
                .and_then(|peer| self.records.server_for(peer, port))
        };
        let ports = self.records.ports;
        let Some(http) = server(ports.http) else {
            return Ok(wait("its address is in none of the subnets"));
        };
        let token = self.records.tokens.mint(attempt);
        let config = format!("http://{http}/c/{token}/{MACHINE_CONFIG}");
        let netboot = Netboot {
            version: &cluster.spec.talos,
            arch: image.arch,
            boot: boot.id,
            config: Some(&config),
            event_sink: server(ports.event_sink),
            kernel_log: server(ports.log),
            consoles: &[],
        };
        let os = find_os("talos").ok_or(StepError::Gone {
            what: "the profile of Talos",
        })?;
        let arguments = os
            .kernel_arguments(&netboot)
            .map_err(|error| StepError::Render {
                why: error.to_string(),
            })?;
        Ok(ScriptAnswer::Boot {
            kernel: image.kernel,
            initrd: image.initrd,
            arguments: arguments
                .into_iter()
                .chain(image.arguments.iter().cloned())
                .collect(),
        })
    }
}

/// That this boot serves its attempt; and that it is the one that wipes, if that was decided.
pub(super) fn serving(attempt: &Attempt, boot: &Boot, at: Timestamp) -> Change {
    let (id, number) = (attempt.id, attempt.number);
    let serve = AttemptWrite::Serve { id, boot: boot.id };
    let wipe = attempt.wipe.filter(|_| attempt.wipes_in(boot.id));
    let wipe = wipe.map(|wipe| AttemptWrite::Wipe {
        id,
        wipe: Wipe {
            boot: Some(boot.id),
            ..wipe
        },
    });
    let (kind, detail) = match wipe {
        Some(_) => (
            "wipe",
            format!(
                "wipes the older install on {}, then restarts (attempt {number})",
                attempt.assignment.disk
            ),
        ),
        None => ("install", format!("boots the installer (attempt {number})")),
    };
    // The request came before the attempt that was opened for it: that begins first.
    let at = at.max(attempt.opened);
    Change {
        attempts: [serve].into_iter().chain(wipe).collect(),
        events: vec![About::boot(boot).event(at, kind, detail)],
        ..Change::default()
    }
}

fn with_argument(answer: ScriptAnswer, argument: &str) -> ScriptAnswer {
    match answer {
        ScriptAnswer::Boot {
            kernel,
            initrd,
            mut arguments,
        } => {
            arguments.push(argument.to_owned());
            ScriptAnswer::Boot {
                kernel,
                initrd,
                arguments,
            }
        }
        other => other,
    }
}

fn wait(because: impl Into<String>) -> ScriptAnswer {
    ScriptAnswer::Wait {
        because: because.into(),
    }
}
