//! How a node lives: with a config and without one, with an install that fails, with a wipe.

use crate::site::{
    DOCUMENTS, NOW, answered, control_plane, disks, events, facts, fetches, installs_to,
    network_up, power_on, record, worker,
};
use node::action::{Action, Happened};
use node::event::Event;
use node::member::BootstrapRefused;
use node::messages::MachineStage;
use node::node::Node;
use node::state_record::StateRecord;
use std::time::Duration;

#[test]
fn a_netbooted_node_asks_for_its_config_and_installs_to_the_disk_that_it_names() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c?t=1&u=${uuid}");
    let actions = network_up(&mut node);
    assert_eq!(
        fetches(&actions),
        Some(("http://10.0.0.1/c?t=1&u=u-1", NOW))
    );
    let actions = answered(&mut node, 404, "wait");
    assert!(fetches(&actions).is_some(), "404 is asked again");
    let actions = answered(&mut node, 200, &format!("{}{DOCUMENTS}", control_plane()));
    assert_eq!(installs_to(&actions), Some("vdb"));
    assert!(actions.contains(&Action::ConnectSink("10.0.0.1:4001".into())));
    assert!(actions.contains(&Action::SetHostname("n1".into())));
    assert!(
        !actions.contains(&Action::ServeApi),
        "no API before the disk boot"
    );
    assert!(node.bootstrap(NOW).is_err());
    let actions = node.happened(Happened::Installed(Ok(())), NOW);
    assert_eq!(actions.last(), Some(&Action::Restart));
}

#[test]
fn a_bad_config_is_reported_and_asked_for_again() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c");
    network_up(&mut node);
    let actions = answered(&mut node, 200, "nonsense: true");
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::LoadError(_))))
    );
    let (_, first) = fetches(&actions).unwrap();
    let actions = answered(
        &mut node,
        200,
        &control_plane().replace("controlplane", "x"),
    );
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::LoadError(_))))
    );
    let (_, second) = fetches(&actions).unwrap();
    assert!(NOW < first && first < second, "the pauses grow");
    let actions = answered(&mut node, 204, "");
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::LoadError(_))))
    );
    assert!(installs_to(&answered(&mut node, 200, &control_plane())).is_some());
}

#[test]
fn a_config_that_names_no_disk_of_this_machine_is_refused_and_asked_for_again() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c");
    network_up(&mut node);
    let actions = answered(&mut node, 200, &control_plane().replace("root-1", "other"));
    let refused = events(&actions);
    assert!(
        matches!(refused.as_slice(), [Event::LoadError(_)]),
        "{refused:?}"
    );
    assert!(fetches(&actions).is_some());
    let actions = answered(&mut node, 200, &control_plane());
    assert_eq!(installs_to(&actions), Some("vdb"), "once it is corrected");
}

#[test]
fn a_config_that_says_nothing_of_the_machine_leads_to_maintenance() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c");
    network_up(&mut node);
    let actions = answered(&mut node, 200, DOCUMENTS.trim_start_matches("---\n"));
    assert_eq!(fetches(&actions), None);
    let wanted = Event::status(MachineStage::Maintenance, &[]);
    assert_eq!(events(&actions).last(), Some(&wanted));
}

/// An installation that fails: what it leaves on the disk, and the way there.
fn failed_install() -> (StateRecord, Vec<Action>) {
    let more = "talos.config=http://10.0.0.1/c node.install=fails node.time-after=9";
    let (mut node, _) = power_on(None, more);
    network_up(&mut node);
    let actions = answered(&mut node, 200, &control_plane());
    let left = actions.iter().find_map(|action| match action {
        Action::LeaveState { disk, record } if disk.name == "vdb" => Some(record.clone()),
        _ => None,
    });
    (left.unwrap(), actions)
}

#[test]
fn an_install_that_is_to_fail_once_goes_well_the_second_time() {
    let more = "talos.config=http://10.0.0.1/c node.install=fails-once";
    for (failed_before, wanted) in [(false, None), (true, Some("vdb"))] {
        let mut facts = facts(None, more);
        facts.failed_before = failed_before;
        let (mut node, _) = Node::power_on(facts).unwrap();
        network_up(&mut node);
        let actions = answered(&mut node, 200, &control_plane());
        assert_eq!(installs_to(&actions), wanted);
    }
}

#[test]
fn a_failed_install_says_its_exit_code_and_restarts_through_the_firmware() {
    let (_, actions) = failed_install();
    assert_eq!(installs_to(&actions), None, "nothing was written");
    let events = events(&actions);
    let [.., Event::Sequence(failed), rebooting] = events.as_slice() else {
        panic!("{events:?}");
    };
    let error = failed.error.as_ref().unwrap();
    assert_eq!((failed.action, error.code), (0, 0), "NOOP, and FATAL");
    assert_eq!(
        error.message,
        "sequence failed: error running phase 2 in install sequence: task 1/1: failed, task \
         \"upgrade\" failed: exit code 1"
    );
    assert_eq!(*rebooting, Event::status(MachineStage::Rebooting, &[]));
    let countdown = Duration::from_secs(10);
    assert_eq!(actions.last(), Some(&Action::RestartAfter(countdown)));
}

#[test]
fn a_failed_install_leaves_a_state_that_is_booted_from_and_never_fetches() {
    let (left, _) = failed_install();
    let (mut node, _) = power_on(Some(left), "talos.config=http://10.0.0.1/c");
    let actions = network_up(&mut node);
    assert_eq!(fetches(&actions), None);
    assert_eq!(installs_to(&actions), None);
    let phases: Vec<_> = events(&actions)
        .into_iter()
        .filter(|event| matches!(event, Event::Phase(phase) if phase.phase == "install"))
        .collect();
    assert_eq!(phases, [], "an install without phases");
    assert!(actions.contains(&Action::ServeApi));
}

#[test]
fn what_a_test_asked_for_lasts_beyond_the_install() {
    let (left, _) = failed_install();
    let (mut node, _) = power_on(Some(left), "node.slot=A");
    network_up(&mut node);
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    node.happened(Happened::TimePassed, at(2));
    assert_eq!(node.bootstrap(at(2)), Err(BootstrapRefused::TimeNotInSync));
    node.happened(Happened::TimePassed, at(10));
    assert!(node.bootstrap(at(10)).is_ok());
}

#[test]
fn a_wipe_on_the_kernel_line_erases_the_system_disk_before_any_config() {
    let more = "talos.config=http://10.0.0.1/c talos.experimental.wipe=system";
    let (mut facts, system) = (facts(Some(record(control_plane(), true)), more), disks());
    facts.system_disk = system.first().cloned();
    let (mut node, _) = Node::power_on(facts).unwrap();
    let actions = network_up(&mut node);
    assert_eq!(fetches(&actions), None);
    assert_eq!(actions.last(), Some(&Action::Wipe(system[0].clone())));
    let actions = node.happened(Happened::Wiped(Ok(())), NOW);
    assert_eq!(actions.last(), Some(&Action::Restart));
}

#[test]
fn a_wipe_without_a_system_disk_restarts_all_the_same() {
    let (mut node, _) = power_on(None, "talos.experimental.wipe=system");
    let actions = network_up(&mut node);
    assert!(
        !actions
            .iter()
            .any(|action| matches!(action, Action::Wipe(_)))
    );
    assert_eq!(actions.last(), Some(&Action::Restart));
}

#[test]
fn a_url_with_a_variable_that_has_no_value_is_asked_for_after_90_seconds() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c?h=${hostname}");
    let actions = network_up(&mut node);
    let (url, at) = fetches(&actions).unwrap();
    assert_eq!(url, "http://10.0.0.1/c?h=%24%7Bhostname%7D");
    assert_eq!(at, NOW.plus(Duration::from_secs(90)));
}

#[test]
fn a_config_replaces_the_log_destinations_of_the_kernel_line() {
    let (mut node, actions) = power_on(
        Some(record(format!("{}{DOCUMENTS}", control_plane()), false)),
        "talos.logging.kernel=tcp://10.0.0.9:1",
    );
    assert!(actions.contains(&Action::SendKernelLog(vec!["tcp://10.0.0.9:1".into()])));
    let own = ["tcp://10.0.0.1:4002", "udp://10.0.0.1:4003"].map(str::to_owned);
    let actions = network_up(&mut node);
    assert!(actions.contains(&Action::SendKernelLog(own.to_vec())));
}

#[test]
fn a_config_in_state_wins_over_the_url_and_nothing_is_installed() {
    for more in ["node.slot=A", "talos.config=http://10.0.0.1/c"] {
        let (mut node, _) = power_on(Some(record(control_plane(), false)), more);
        let actions = network_up(&mut node);
        assert_eq!(fetches(&actions), None);
        assert_eq!(installs_to(&actions), None);
        assert!(actions.contains(&Action::ServeApi));
        let own = actions
            .iter()
            .any(|action| matches!(action, Action::ProbeEndpoint(_)));
        assert!(!own, "the endpoint is the node itself");
    }
}

#[test]
fn etcd_data_is_kept_once() {
    let (mut node, _) = power_on(Some(record(control_plane(), false)), "node.slot=A");
    network_up(&mut node);
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    node.happened(Happened::TimePassed, at(2));
    assert!(node.bootstrap(at(2)).is_ok());
    let actions = node.happened(Happened::TimePassed, at(4));
    let kept: Vec<&StateRecord> = actions
        .iter()
        .filter_map(|action| match action {
            Action::KeepState(record) => Some(record),
            _ => None,
        })
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].generation, kept[0].etcd_has_data), (1, true));
    let (mut node, _) = power_on(Some(kept[0].clone()), "node.slot=A");
    network_up(&mut node);
    assert!(node.bootstrap(at(9)).is_err());
}

#[test]
fn a_worker_gets_its_certificate_when_the_cluster_was_bootstrapped_and_not_before() {
    // The endpoint is another node's.
    let config = worker().replace("10.0.0.7", "10.0.0.8");
    let (mut node, _) = power_on(Some(record(config, false)), "node.slot=A");
    let actions = network_up(&mut node);
    let asks = Action::RequestCertificate("10.0.0.8".into());
    assert!(!actions.contains(&asks) && !actions.contains(&Action::ServeApi));
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::ProbeEndpoint(_)))
    );
    let actions = node.happened(Happened::EndpointAnswers, NOW);
    assert!(actions.contains(&asks));
    let actions = node.happened(Happened::CertificateReady, NOW);
    assert_eq!(actions, [Action::ServeApi]);
}

#[test]
fn without_a_config_the_node_says_that_it_is_in_maintenance() {
    let (mut node, _) = power_on(None, "talos.config=none");
    let actions = network_up(&mut node);
    assert_eq!(fetches(&actions), None);
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::Task(task))
        if task.task == "runningMaintenance"))
    );
}
