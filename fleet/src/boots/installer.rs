//! The script of an installer: which kernel, with which arguments, and where its config is.

use config_render::os::Netboot;
use config_render::oses::os_of;
use machine_core::attempt::{Attempt, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::cluster::Cluster;
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, Outcome};
use machine_store::{attempts, clusters};
use pxe_server::directory::ScriptAnswer;

use crate::boots::BootAnswers;
use crate::error::StepError;
use crate::hindrance::bootable;
use crate::site::{About, Image, advanced};

impl BootAnswers {
    pub(super) async fn answer_install(
        &self,
        boot: &Boot,
        attempt: AttemptId,
        at: Timestamp,
    ) -> Result<ScriptAnswer, StepError> {
        let db = &self.site.db;
        let Some(attempt) = attempts::find(db, attempt).await? else {
            return Ok(wait("the attempt is gone"));
        };
        let Some(cluster) = clusters::find(db, attempt.assignment.cluster).await? else {
            return Ok(wait("the cluster is gone"));
        };
        let Some((arch, _)) = boot.platform else {
            return Ok(wait("it did not say which processor it has"));
        };
        let image = match bootable(&self.site.images, &cluster.spec, arch) {
            Ok(image) => image,
            Err(why) => return Ok(wait(why)),
        };
        let wipe = attempt.wipe.filter(|_| attempt.wipes_in(boot.id));
        if attempt.boot != Some(boot.id) {
            let change = serving(&attempt, boot, at);
            if self.site.commit.submit(change).await? != Outcome::Applied {
                return Ok(wait("the attempt has changed: asking again"));
            }
        }
        let kept = Boot {
            attempt: Some(attempt.id),
            ..advanced(boot, BootStep::Script, at)
        };
        self.keep(kept.clone()).await?;
        self.installer(&kept, (attempt.id, wipe.is_some()), &cluster, image)
    }

    fn installer(
        &self,
        boot: &Boot,
        (attempt, wipes): (AttemptId, bool),
        cluster: &Cluster,
        image: &Image,
    ) -> Result<ScriptAnswer, StepError> {
        let server = |port| {
            boot.address
                .and_then(|peer| self.site.server_for(peer, port))
        };
        let ports = self.site.ports;
        let Some(http) = server(ports.http) else {
            return Ok(wait("its address is in none of the subnets"));
        };
        let token = self.site.tokens.mint(attempt);
        let artefacts = format!("http://{http}/c/{token}");
        let netboot = Netboot {
            arch: image.arch,
            boot: boot.id,
            artefacts: Some(&artefacts),
            event_sink: server(ports.event_sink),
            kernel_log: server(ports.log),
            consoles: &[],
            wipes,
        };
        let arguments = os_of(&cluster.spec.os)
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

fn wait(because: impl Into<String>) -> ScriptAnswer {
    ScriptAnswer::Wait {
        because: because.into(),
    }
}
