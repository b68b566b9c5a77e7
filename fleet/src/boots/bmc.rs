//! Whether a machine is on at this moment: its BMC is asked afresh before a config goes out.

use std::sync::Arc;
use std::time::Duration;

use machine_core::machine::Machine;
use machine_core::power::PowerObservation;

use crate::reconcile::Reconciler;

/// How long a BMC may take to say so: the machine that waits for its config asks again after that.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who says whether a machine is on.
#[derive(Debug, Clone)]
pub(super) enum Witness {
    /// Its BMC.
    Bmc(Arc<Reconciler>),
    /// A test.
    #[cfg(test)]
    Says(PowerObservation),
}

impl Witness {
    /// What it says now.
    pub(super) async fn ask(&self, machine: &Machine) -> PowerObservation {
        match self {
            Self::Bmc(_) if machine.bmc.is_none() => PowerObservation::NoBmc,
            Self::Bmc(reconciler) => {
                let asked = tokio::time::timeout(PATIENCE, reconciler.ask_power(machine)).await;
                asked.unwrap_or_else(|_| {
                    PowerObservation::Unreachable(format!("no answer within {PATIENCE:?}"))
                })
            }
            #[cfg(test)]
            Self::Says(observed) => observed.clone(),
        }
    }
}
