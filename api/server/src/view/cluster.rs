//! A cluster as it is listed, and what belongs to it.

use api_proto::v1;
use machine_core::os::OsSpec;
use machine_store::events::RecordedEvent;

use crate::operations::apply_result::ApplyResult;
use crate::operations::clusters::ClusterView;
use crate::operations::machines::MachineView;
use crate::view::event::event;
use crate::view::machine::machine;
use crate::view::said;
use crate::view::words::{bootstrap_state, change_result};

/// A cluster as it is listed.
pub(crate) fn cluster(view: &ClusterView) -> v1::Cluster {
    let spec = &view.cluster.spec;
    let outcome = view.cluster.bootstrap.map(|it| it.outcome);
    let (talos, flatcar) = match &spec.os {
        OsSpec::Talos(talos) => (Some(talos.version.to_string()), None),
        OsSpec::Flatcar(flatcar) => (None, Some(flatcar.version.to_string())),
    };
    v1::Cluster {
        id: view.cluster.id.to_string(),
        name: spec.name.clone(),
        endpoint: spec.endpoint.to_string(),
        talos,
        flatcar,
        kubernetes: spec.os.kubernetes().map(ToString::to_string),
        bootstrap: bootstrap_state(outcome).into(),
        ready: view.seen.ready,
        waiting: said(&view.seen.waiting),
        allow_plaintext: spec.allow_plaintext,
        result: None,
        details: None,
    }
}

/// A cluster, and what a document made of it.
pub(crate) fn applied(view: &ClusterView, result: ApplyResult) -> v1::Cluster {
    v1::Cluster {
        result: Some(change_result(result).into()),
        ..cluster(view)
    }
}

/// A cluster with what belongs to it.
pub(crate) fn detailed(
    view: &ClusterView,
    members: &[MachineView],
    events: &[RecordedEvent],
) -> v1::Cluster {
    v1::Cluster {
        details: Some(v1::ClusterDetails {
            members: members.iter().map(machine).collect(),
            events: events.iter().map(event).collect(),
        }),
        ..cluster(view)
    }
}
