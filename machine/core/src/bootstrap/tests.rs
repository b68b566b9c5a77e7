//! Who is bootstrapped when, and what a person ends.

use super::*;
use crate::cluster::ClusterSpec;
use crate::id::{ClusterId, OperationId};
use crate::os::OsSpec;
use crate::time::Timestamp;

const LAB: ClusterId = ClusterId::from_bytes([1; 16]);
const CALL: OperationId = OperationId::from_bytes([2; 16]);

fn cluster(outcome: Option<OperationOutcome>) -> Cluster {
    let spec = ClusterSpec {
        name: "lab".to_owned(),
        endpoint: "https://10.77.0.10:6443".parse().unwrap(),
        os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
        image: "talos".to_owned(),
        allow_plaintext: true,
        members: vec![],
    };
    let bootstrap = outcome.map(|outcome| Operation {
        outcome,
        ..Operation::bootstrap(CALL, LAB, machine(1), Timestamp::from_millis(0))
    });
    Cluster {
        id: LAB,
        spec,
        bootstrap,
        version: 0,
    }
}

fn machine(id: u8) -> MachineId {
    MachineId::from_bytes([id; 16])
}

fn member(id: u8, role: Role, control_plane: Option<ControlPlaneState>) -> Member {
    let name = format!("m{id}");
    Member {
        machine: machine(id),
        name,
        role,
        active: true,
        ready: false,
        control_plane,
    }
}

#[test]
fn the_first_active_control_plane_node_is_asked_once_it_waits() {
    let waiting = Some(ControlPlaneState::Waiting);
    let mut members = vec![
        member(3, Role::ControlPlane, waiting),
        member(1, Role::ControlPlane, waiting),
        member(0, Role::Worker, None),
    ];
    assert_eq!(
        plan_cluster(&cluster(None), &members),
        ClusterStep::Bootstrap(machine(1))
    );
    members[1].active = false;
    assert_eq!(
        plan_cluster(&cluster(None), &members),
        ClusterStep::Bootstrap(machine(3))
    );
    members[0].active = false;
    assert!(matches!(
        plan_cluster(&cluster(None), &members),
        ClusterStep::Wait(_)
    ));
}

#[test]
fn a_call_whose_outcome_is_unknown_is_never_repeated() {
    let unknown = cluster(Some(OperationOutcome::Unknown));
    for etcd in [
        None,
        Some(ControlPlaneState::Waiting),
        Some(ControlPlaneState::Other),
    ] {
        let members = [
            member(1, Role::ControlPlane, etcd),
            member(2, Role::ControlPlane, Some(ControlPlaneState::Waiting)),
        ];
        assert!(
            matches!(plan_cluster(&unknown, &members), ClusterStep::Wait(_)),
            "{etcd:?}"
        );
    }
    // Whoever names etcd's members, it is bootstrapped.
    for id in [1, 2] {
        let runs = [member(
            id,
            Role::ControlPlane,
            Some(ControlPlaneState::Running),
        )];
        assert_eq!(
            plan_cluster(&unknown, &runs),
            ClusterStep::RecordDone(machine(id))
        );
    }
}

#[test]
fn an_etcd_that_waits_for_its_machine_is_not_bootstrapped() {
    let members = [member(1, Role::ControlPlane, Some(ControlPlaneState::Held))];
    for outcome in [None, Some(OperationOutcome::NotReady)] {
        let step = plan_cluster(&cluster(outcome), &members);
        assert!(
            matches!(&step, ClusterStep::Wait(why) if why.contains("waits for the time")),
            "{step:?}"
        );
    }
}

#[test]
fn a_refusal_for_good_waits_for_a_person() {
    let members = [
        member(1, Role::ControlPlane, Some(ControlPlaneState::Waiting)),
        member(2, Role::ControlPlane, Some(ControlPlaneState::Waiting)),
    ];
    let step = plan_cluster(&cluster(Some(OperationOutcome::Refused)), &members);
    assert!(
        matches!(&step, ClusterStep::Wait(why)
            if why.contains("drover cluster bootstrap lab --resolve not-done")),
        "{step:?}"
    );
}

#[test]
fn a_person_ends_every_record_but_one_that_is_done() {
    for outcome in OperationOutcome::ALL {
        let recorded = cluster(Some(outcome)).bootstrap;
        let said = [Resolution::Done, Resolution::NotDone].map(|it| resolve(recorded, it));
        if outcome == OperationOutcome::Done {
            assert_eq!(said, [Err(NothingToResolve::Done); 2]);
            continue;
        }
        let done = cluster(Some(OperationOutcome::Done)).bootstrap.unwrap();
        let wanted = [Resolved::Done(done), Resolved::Withdrawn(CALL)].map(Ok);
        assert_eq!(said, wanted, "{outcome:?}");
    }
    assert_eq!(
        resolve(None, Resolution::Done),
        Err(NothingToResolve::NotCalled)
    );
}

#[test]
fn a_call_that_came_too_early_is_repeated_where_it_was_made_while_that_machine_runs() {
    let waiting = Some(ControlPlaneState::Waiting);
    let early = cluster(Some(OperationOutcome::NotReady));
    let mut members = vec![
        member(0, Role::ControlPlane, waiting),
        member(1, Role::ControlPlane, waiting),
    ];
    let step = |members: &[Member]| plan_cluster(&early, members);
    assert_eq!(step(&members), ClusterStep::Bootstrap(machine(1)));
    // Nothing was done there: another is asked when it fails, and when it is no member any more.
    members[1].active = false;
    assert_eq!(step(&members), ClusterStep::Bootstrap(machine(0)));
    members.pop();
    assert_eq!(step(&members), ClusterStep::Bootstrap(machine(0)));
}

#[test]
fn a_machine_whose_call_may_have_been_done_is_not_replaced_and_that_is_said() {
    let members = [member(
        2,
        Role::ControlPlane,
        Some(ControlPlaneState::Waiting),
    )];
    for outcome in [OperationOutcome::Unknown, OperationOutcome::Refused] {
        let step = plan_cluster(&cluster(Some(outcome)), &members);
        assert!(
            matches!(&step, ClusterStep::Wait(why) if why.contains("no member any more")),
            "{step:?}"
        );
    }
}

#[test]
fn a_cluster_is_ready_when_every_member_says_so() {
    let done = cluster(Some(OperationOutcome::Done));
    let mut members = [
        member(1, Role::ControlPlane, None),
        member(2, Role::Worker, None),
    ];
    assert!(
        matches!(plan_cluster(&done, &members), ClusterStep::Wait(why) if why.ends_with("m1, m2"))
    );
    members[0].ready = true;
    members[1].ready = true;
    assert_eq!(plan_cluster(&done, &members), ClusterStep::Ready);
    members[1].active = false;
    assert!(matches!(
        plan_cluster(&done, &members),
        ClusterStep::Wait(_)
    ));
    assert!(matches!(plan_cluster(&done, &[]), ClusterStep::Wait(_)));
}
