//! The power of machines that are not on the move, for those who ask how they are. Their BMCs are
//! asked seldom and apart from all others, since BMCs are slow, and freeze under load.

use std::sync::Arc;

use machine_core::machine::Machine;

use crate::reconcile::Reconciler;

impl Reconciler {
    /// Looks at the power of all machines that are not on the move and were not asked for long.
    pub(super) fn look_at_resting(self: &Arc<Self>) {
        let with_bmc = self.site.db.model().read(|held| {
            let machines = held.machines();
            let machines = machines.map(|(_, held)| &held.dossier.work.standing.machine);
            let with_bmc = machines.filter(|machine| machine.bmc.is_some());
            with_bmc.cloned().collect::<Vec<Machine>>()
        });
        for machine in with_bmc.unwrap_or_default() {
            self.look_at_power(&machine);
        }
    }

    /// Looks at the power of a machine, if it is not on the move and was not asked for long.
    pub(super) fn look_at_power(self: &Arc<Self>, machine: &Machine) {
        let is_still = machine.state.moving().is_none();
        if is_still
            && machine.bmc.is_some()
            && self.status.is_power_old(machine.id, self.site.now())
            && self.looks.begin(machine.id)
        {
            let (reconciler, machine) = (Arc::clone(self), machine.clone());
            self.tasks.spawn(async move {
                let _place = reconciler.looks.places.acquire().await;
                reconciler.ask_power(&machine).await;
                reconciler.looks.end(machine.id);
            });
        }
    }
}
