//! Whether what a rule permitted still is what the rule says, by the hardware that a boot says it has.
//!
//! A rule that takes machines by their hardware took this one for what some boot said. The boot that
//! gets installer and config may be another: it is judged again by its own words.

use machine_core::allocation::makes;
use machine_core::boot::Boot;
use machine_core::dossier::Standing;
use machine_core::doubt::Doubt;
use machine_core::intent::Actor;
use machine_core::machine::{Hardware, Machine};
use machine_store::clusters;
use pxe_server::directory::ScriptRequest;

use crate::boots::BootAnswers;
use crate::error::StepError;

impl BootAnswers {
    /// Why the open permission does not stand for this hardware. What a person permitted names the
    /// machine and its disk, and stands.
    pub(super) async fn rule_doubt(
        &self,
        standing: &Standing,
        said: &Hardware,
    ) -> Result<Option<Doubt>, StepError> {
        let attempt = standing.attempt.as_ref();
        let waits = attempt.is_some_and(|it| it.is_open() && it.release.is_none());
        let by_rule = standing.intent.as_ref().filter(|it| match it.actor {
            Actor::Policy(_) | Actor::Drover => true,
            Actor::Person(_) => false,
        });
        let Some(intent) = by_rule.filter(|_| waits) else {
            return Ok(None);
        };
        let wanted = &intent.assignment;
        let Some(cluster) = clusters::find(&self.site.db, wanted.cluster).await? else {
            return Ok(None);
        };
        let shown = Machine {
            hardware: said.clone(),
            ..standing.machine.clone()
        };
        Ok(
            (!makes(&cluster, &shown, wanted)).then(|| Doubt::RuleNoLongerFits {
                cluster: cluster.spec.name,
                said: in_words(said),
            }),
        )
    }
}

/// What a boot says of its hardware, and nothing that was known before.
pub(super) fn said(boot: &Boot, request: &ScriptRequest) -> Hardware {
    Hardware {
        arch: boot.platform.map(|(arch, _)| arch),
        firmware: boot.platform.map(|(_, firmware)| firmware),
        ..hardware(request)
    }
}

/// What a script request says of the hardware behind it.
pub(super) fn hardware(request: &ScriptRequest) -> Hardware {
    Hardware {
        arch: request.platform.map(|(arch, _)| arch),
        firmware: request.platform.map(|(_, firmware)| firmware),
        manufacturer: request.manufacturer.clone(),
        product: request.product.clone(),
    }
}

/// Hardware as a message names it.
fn in_words(said: &Hardware) -> String {
    let or = |it: Option<String>, otherwise: &str| it.unwrap_or_else(|| otherwise.to_owned());
    format!(
        "{} {} ({}, {})",
        or(said.manufacturer.clone(), "no manufacturer,"),
        or(said.product.clone(), "no product"),
        or(said.arch.map(|it| it.to_string()), "no architecture"),
        or(said.firmware.map(|it| it.to_string()), "no firmware")
    )
}
