//! Machines that a cluster's rules name and can't take: there is none of that name, or it is retired.

use machine_core::cluster::{Cluster, Selector};
use machine_core::lifecycle::State;
use machine_core::machine::Machine;

use crate::similar::similar;

/// The names of machines that a cluster's rules name.
fn named(cluster: &Cluster) -> impl Iterator<Item = &str> {
    let rules = cluster.spec.members.iter();
    rules.filter_map(|rule| match &rule.selector {
        Selector::Named(name) => Some(name.as_str()),
        Selector::Matching(_) => None,
    })
}

/// The clusters whose rules name this machine.
pub(super) fn naming<'a>(clusters: &'a [Cluster], machine: &str) -> Vec<&'a str> {
    let naming = clusters
        .iter()
        .filter(|cluster| named(cluster).any(|name| name == machine));
    naming.map(|it| it.spec.name.as_str()).collect()
}

/// Why a rule of this cluster can't take the machine that it names, as things stand: a few words
/// that follow the name. `None` if nothing of that kind is in its way.
pub(super) fn hindered(cluster: &Cluster, name: &str, machines: &[Machine]) -> Option<String> {
    let Some(machine) = machines.iter().find(|it| it.name == name) else {
        let is_other = |it: &&str| named(cluster).all(|named| named != *it);
        let names = machines.iter().map(|it| it.name.as_str());
        let meant = similar(name, names.filter(is_other));
        let meant = meant.map_or_else(String::new, |it| format!(" (did you mean {it}?)"));
        return Some(format!("there is no such machine{meant}"));
    };
    (machine.state == State::Retired).then(|| {
        format!(
            "it is retired: drover machine accept {name} takes it back, or take it out of the rule"
        )
    })
}

/// What hinders the machines that a cluster's rules name, a few words for each of them.
pub(super) fn all_hindered(cluster: &Cluster, machines: &[Machine]) -> Vec<String> {
    let told = |name| {
        let why = hindered(cluster, name, machines)?;
        Some(format!("its rule names {name}, and {why}"))
    };
    named(cluster).filter_map(told).collect()
}
