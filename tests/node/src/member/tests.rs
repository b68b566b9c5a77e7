//! A member at its cluster: what it waits for, and in which order.

use super::*;
use MachineType::{ControlPlane, Worker};
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + seconds * 1000)
}

fn ready(changes: &[Change]) -> bool {
    changes.contains(&Change::Ready)
}

#[test]
fn a_control_plane_waits_for_bootstrap_and_takes_it_once() {
    let (mut member, _) = Member::start(ControlPlane, false, Duration::ZERO, at(0));
    assert_eq!(
        member.bootstrap(at(0)),
        Err(BootstrapRefused::NotAvailableYet)
    );
    assert!(!ready(&member.advance(at(60))));
    assert_eq!(member.wakes_at(), None);
    assert_eq!(
        member.services.state("etcd"),
        Some(ServiceAction::Preparing)
    );

    assert!(!member.has_etcd(), "there is none before Bootstrap");
    assert!(member.bootstrap(at(60)).is_ok());
    assert!(!member.has_etcd(), "it only starts");
    assert_eq!(
        member.bootstrap(at(60)),
        Ok(Vec::new()),
        "accepted again without data"
    );
    let changes = member.advance(at(61));
    assert!(changes.contains(&Change::EtcdHasData));
    assert!(member.has_etcd());
    assert_eq!(member.bootstrap(at(61)), Err(BootstrapRefused::AlreadyDone));
    let changes = member.advance(at(62));
    assert!(changes.contains(&Change::KubernetesAnswers));
    assert!(!ready(&changes));
    assert!(ready(&member.advance(at(63))));
    let list = member.service_list();
    for service in &list.messages[0].services {
        assert_eq!(service.state, "Running", "{}", service.id);
        assert!(service.health.as_ref().unwrap().healthy);
    }
}

#[test]
fn a_control_plane_with_data_starts_by_itself() {
    let (mut member, _) = Member::start(ControlPlane, true, Duration::ZERO, at(0));
    member.advance(at(1));
    assert_eq!(member.bootstrap(at(1)), Err(BootstrapRefused::AlreadyDone));
    let changes: Vec<Change> = (1..6)
        .flat_map(|second| member.advance(at(second)))
        .collect();
    assert!(ready(&changes));
}

#[test]
fn a_second_control_plane_joins_by_the_endpoint() {
    let (mut member, _) = Member::start(ControlPlane, false, Duration::ZERO, at(0));
    member.endpoint_answers(at(0));
    let changes: Vec<Change> = (1..6)
        .flat_map(|second| member.advance(at(second)))
        .collect();
    assert!(ready(&changes));
    assert_eq!(member.bootstrap(at(9)), Err(BootstrapRefused::AlreadyDone));
}

#[test]
fn bootstrap_is_refused_until_the_clock_is_synchronised() {
    let late = Duration::from_secs(30);
    let (mut member, _) = Member::start(ControlPlane, false, late, at(0));
    member.advance(at(1));
    assert_eq!(
        member.bootstrap(at(1)),
        Err(BootstrapRefused::TimeNotInSync)
    );
    assert_eq!(member.services.state("etcd"), Some(ServiceAction::Waiting));
    member.advance(at(31));
    assert_eq!(
        member.services.state("etcd"),
        Some(ServiceAction::Preparing)
    );
    assert!(member.bootstrap(at(31)).is_ok());
}

#[test]
fn a_member_that_comes_back_waits_for_the_clock_too() {
    let late = Duration::from_secs(30);
    let (mut member, _) = Member::start(ControlPlane, true, late, at(0));
    assert!(!ready(&member.advance(at(30))));
    let changes: Vec<Change> = (31..35).flat_map(|it| member.advance(at(it))).collect();
    assert!(ready(&changes));
}

#[test]
fn a_worker_waits_for_the_endpoint_and_has_no_bootstrap() {
    let (mut member, _) = Member::start(Worker, false, Duration::ZERO, at(0));
    assert_eq!(
        member.bootstrap(at(5)),
        Err(BootstrapRefused::NotAControlPlane)
    );
    assert!(!ready(&member.advance(at(100))));
    assert_eq!(
        member.services.state("kubelet"),
        Some(ServiceAction::Waiting)
    );
    member.endpoint_answers(at(100));
    let changes: Vec<Change> = (100..103)
        .flat_map(|second| member.advance(at(second)))
        .collect();
    assert!(ready(&changes));
    assert!(!changes.contains(&Change::KubernetesAnswers));
}

proptest! {
    #[test]
    fn bootstrap_starts_etcd_once_however_often_it_is_called(calls in proptest::collection::vec(0_i64..8, 1..10)) {
        let (mut member, _) = Member::start(ControlPlane, false, Duration::ZERO, at(0));
        let mut data = 0;
        for second in 0..20 {
            let changes = member.advance(at(second));
            data += changes.iter().filter(|change| **change == Change::EtcdHasData).count();
            if calls.contains(&second) {
                let _ = member.bootstrap(at(second));
            }
        }
        prop_assert_eq!(data, usize::from(calls.iter().any(|&second| second >= 1)));
    }
}
