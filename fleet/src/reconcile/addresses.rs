//! Where the system of an attempt may be: every address that its machine had since the attempt was
//! opened. A lease runs out, a config may name another address, and a machine has several cards; so
//! silence at one address says nothing of the machine.

use std::collections::BTreeSet;
use std::net::IpAddr;

use machine_core::attempt::Attempt;

use crate::error::StepError;
use crate::node_reports::holder;
use crate::reconcile::Reconciler;
use crate::reconcile::situation::Situation;

impl Reconciler {
    /// The addresses at which a member may live on the config of this attempt. One that is another
    /// machine's by now is left out: who answers there is somebody else.
    pub(super) async fn addresses(
        &self,
        situation: &Situation,
        attempt: &Attempt,
    ) -> Result<BTreeSet<IpAddr>, StepError> {
        let (db, machine) = (&self.site.db, situation.dossier.machine.id);
        let mut had: BTreeSet<IpAddr> = self.heard.addresses(machine).into_iter().collect();
        had.extend(attempt.release.map(|release| release.peer()));
        let boots = situation.dossier.boots.iter().filter(|boot| {
            boot.opened >= attempt.opened
                || boot.attempt == Some(attempt.id)
                || attempt.boot == Some(boot.id)
        });
        had.extend(boots.filter_map(|boot| boot.address));
        Ok(holder::addresses(db, machine, had, self.site.now()).await?)
    }
}
