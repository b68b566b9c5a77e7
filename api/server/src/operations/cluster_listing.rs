//! A cluster as it is listed and shown: with the machines that it waits for, and those that its rules
//! name and can't take.

use machine_core::awaited::{Awaited, awaited};
use machine_core::cluster::Cluster;
use machine_core::machine::Machine;

use crate::operations::Operations;
use crate::operations::clusters::ClusterView;
use crate::operations::named_members::all_hindered;

/// How many machines a row of a list names: more would fill the screen, and a rack of machines that
/// come up waits at once.
const NAMED: usize = 3;

impl Operations {
    /// A cluster as it is listed.
    pub(super) fn cluster_listed(
        &self,
        cluster: &Cluster,
        clusters: &[Cluster],
        machines: &[Machine],
    ) -> ClusterView {
        let hindered = shortened(all_hindered(cluster, machines), &cluster.spec.name, "; ");
        self.cluster_with(
            cluster,
            self.awaited_by(cluster, clusters, machines),
            hindered,
        )
    }

    /// A cluster as it is shown: whoever looks at it alone reads of every machine that its rules
    /// name in vain. Those that it waits for are listed below it.
    pub(super) fn cluster_shown(
        &self,
        cluster: &Cluster,
        clusters: &[Cluster],
        machines: &[Machine],
    ) -> ClusterView {
        let hindered = all_hindered(cluster, machines).join("; ");
        self.cluster_with(
            cluster,
            self.awaited_by(cluster, clusters, machines),
            hindered,
        )
    }

    fn cluster_with(&self, cluster: &Cluster, awaited: String, hindered: String) -> ClusterView {
        let mut view = self.cluster_view(cluster.clone());
        let said = [std::mem::take(&mut view.seen.waiting), hindered, awaited];
        let said: Vec<String> = said.into_iter().filter(|it| !it.is_empty()).collect();
        view.seen.waiting = said.join("; ");
        view
    }

    /// The machines that are no members yet, and why; empty if there is none.
    fn awaited_by(&self, cluster: &Cluster, clusters: &[Cluster], machines: &[Machine]) -> String {
        let awaited = machines.iter().filter_map(|machine| {
            let Awaited { role, why } = awaited(machine, cluster, clusters)?;
            let waits = self.effects.seen_machine(machine.id).waiting;
            let why = [why, waits].into_iter().find(|it| !it.is_empty());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let (name, state) = (&machine.name, machine.state);
            Some(format!("{name} ({role}, {state}{why})"))
        });
        let awaited = shortened(awaited.collect(), &cluster.spec.name, ", ");
        if awaited.is_empty() {
            return awaited;
        }
        format!("not members yet: {awaited}")
    }
}

/// The first of them, and how many more there are, and where they are listed.
fn shortened(mut items: Vec<String>, cluster: &str, between: &str) -> String {
    let left_out = items.len().saturating_sub(NAMED);
    items.truncate(NAMED);
    let named = items.join(between);
    match left_out {
        0 => named,
        more => format!("{named} and {more} more (drover cluster show {cluster} lists them)"),
    }
}
