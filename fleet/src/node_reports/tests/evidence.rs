//! What nodes tell counts from the address to which the config went, in the boot that it belongs
//! to, and within bounds.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use config_talos::event::{
    ErrorCode, MachineStage, SequenceAction, SequenceError, StepAction, TalosEvent,
};
use config_talos::log_line::{LogLine, parse_line};
use config_talos::receiver::{LogReceiver, NotKept};
use machine_core::attempt::AttemptEnd;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId};
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::boots;
use machine_store::change::{AttemptWrite, Change, Outcome};
use machine_store::evidence::{Evidence, Fact};
use machine_store::leases::LeaseOutcome;

use crate::fixtures::now;
use crate::node_reports::NodeReports;
use crate::node_reports::tests::publish_from;
use crate::node_reports::tests::scene::{
    ATTEMPT, BOOT, MAC, MACHINE, PEER, Scene, attempt, network_boot,
};

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 51));

fn install(action: StepAction) -> TalosEvent {
    TalosEvent::Phase {
        name: "install".to_owned(),
        action,
    }
}

fn status(stage: MachineStage) -> TalosEvent {
    TalosEvent::MachineStatus {
        stage,
        ready: true,
        unmet: Vec::new(),
    }
}

fn failed() -> TalosEvent {
    let error = SequenceError {
        code: ErrorCode::Fatal,
        message: "sequence failed: task 1/1: failed, task \"upgrade\" failed: exit code 1"
            .to_owned(),
    };
    TalosEvent::Sequence {
        name: "install".to_owned(),
        action: SequenceAction::Noop,
        error: Some(error),
    }
}

fn refused() -> TalosEvent {
    let error = "failed to runtime validate config acquired via platform metal: 1 error \
                 occurred:\n\t* no disks matched the expression\n\n";
    TalosEvent::ConfigLoadError {
        error: error.to_owned(),
    }
}

async fn tell(reports: &NodeReports, id: &str, event: TalosEvent) {
    publish_from(reports, PEER, id, event).await.unwrap();
}

fn kernel(second: u32, message: &str) -> LogLine {
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    let line = format!(
        r#"{{"msg":"{message}","facility":"kern","talos-time":"2026-11-23T{hours:02}:{minutes:02}:{seconds:02}Z"}}"#
    );
    parse_line(line.as_bytes()).unwrap()
}

fn tagged(attempt: AttemptId) -> LogLine {
    let line =
        format!(r#"{{"msg":"hello","talos-service":"machined","drover-attempt":"{attempt}"}}"#);
    parse_line(line.as_bytes()).unwrap()
}

const FROM_DISK: &str = "Command line: talos.platform=metal console=ttyS0";

async fn say(reports: &NodeReports, line: LogLine) -> Result<(), NotKept> {
    LogReceiver::receive(reports, PEER, line).await
}

/// What a stranger's DISCOVER with the machine's hardware address leaves.
async fn forged_discover(scene: &Scene) {
    scene
        .keep(Boot {
            id: BootId::from_bytes([9; 16]),
            attempt: None,
            opened: now().plus(Duration::from_mins(1)),
            ..network_boot(BootStep::Lease)
        })
        .await;
}

#[tokio::test]
async fn steps_of_an_install_count_only_from_the_peer_that_fetched_its_config() {
    let scene = Scene::unreleased().await;
    let reports = scene.reports(&scene.live).await;
    tell(&reports, "a", install(StepAction::Start)).await;
    tell(&reports, "b", failed()).await;
    assert_eq!(scene.boots().await[0].step, BootStep::System);
    assert_eq!(scene.attempt().await.verdict, None);
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    publish_from(&reports, STRANGER, "a", install(StepAction::Start))
        .await
        .unwrap();
    assert_eq!(scene.timeline().await, [""; 0]);
    tell(&reports, "a", install(StepAction::Start)).await;
    assert_eq!(scene.boots().await[0].step, BootStep::Installing);
}

#[tokio::test]
async fn a_stranger_on_a_former_address_writes_on_nobodys_timeline() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    let lease = |mac| Lease {
        subnet: SubnetName::new("lan"),
        client: ClientKey::Hardware(mac),
        address: PEER,
        client_identifier: None,
        granted: now(),
        expires: now().plus(Duration::from_hours(1)),
    };
    let stranger = lease(MacAddress::new([2, 0, 0, 0, 0, 9]));
    let granted = scene.live.submit(stranger).await.unwrap();
    assert_eq!(granted, LeaseOutcome::Committed);
    tell(&reports, "a", install(StepAction::Start)).await;
    tell(&reports, "b", refused()).await;
    say(&reports, kernel(1, FROM_DISK)).await.unwrap();
    assert_eq!(scene.timeline().await, [""; 0]);
    assert_eq!(scene.boots().await.len(), 1);
}

#[tokio::test]
async fn another_card_at_the_machines_address_ends_no_attempt_and_is_an_alarm() {
    let scene = Scene::new().await;
    let other = MacAddress::new([0x52, 0x54, 0, 0x66, 0, 0x66]);
    let reports = scene.reports_behind(&scene.live, other).await;
    tell(&reports, "1", refused()).await;
    tell(&reports, "2", install(StepAction::Start)).await;
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    assert_eq!(scene.attempt().await.verdict, None);
    let barrier: Vec<machine_store::events::Event> = Vec::new();
    scene.live.submit(barrier).await.unwrap();
    let told = scene.timeline().await;
    assert_eq!(
        told.iter().filter(|kind| *kind == "alarm").count(),
        1,
        "{told:?}"
    );
    assert!(!told.contains(&"installing".to_owned()), "{told:?}");
}

/// Another registered card of the machine holds an address of its own, and an older boot came from
/// there.
#[tokio::test]
async fn what_is_told_from_another_address_of_the_machine_moves_nothing() {
    let scene = Scene::new().await;
    let second = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);
    let registered = Change {
        evidence: vec![Evidence {
            machine: MACHINE,
            source: EvidenceSource::Registered,
            at: now(),
            facts: vec![Fact::Mac(second)],
        }],
        ..Change::default()
    };
    assert_eq!(
        apply(&scene.db, &registered).await.unwrap(),
        Outcome::Applied
    );
    let lease = Lease {
        subnet: SubnetName::new("lan"),
        client: ClientKey::Hardware(second),
        address: STRANGER,
        client_identifier: None,
        granted: now(),
        expires: now().plus(Duration::from_hours(1)),
    };
    assert_eq!(
        scene.live.submit(lease).await.unwrap(),
        LeaseOutcome::Committed
    );
    let older = BootId::from_bytes([7; 16]);
    scene
        .keep(Boot {
            id: older,
            mac: Some(second),
            address: Some(STRANGER),
            attempt: None,
            opened: Timestamp::from_millis(now().as_millis() - 3_600_000),
            ..network_boot(BootStep::Script)
        })
        .await;
    let reports = scene.reports_behind(&scene.live, second).await;
    for (id, event) in [("a", install(StepAction::Start)), ("b", refused())] {
        publish_from(&reports, STRANGER, id, event).await.unwrap();
    }
    assert_eq!(scene.attempt().await.verdict, None);
    let steps: Vec<BootStep> = scene.boots().await.iter().map(|it| it.step).collect();
    assert_eq!(steps, [BootStep::Config, BootStep::Script]);
    // From the address that fetched, the same words count.
    let reports = scene.reports(&scene.live).await;
    tell(&reports, "c", install(StepAction::Start)).await;
    assert_eq!(scene.boots().await[0].step, BootStep::Installing);
    tell(&reports, "d", refused()).await;
    assert!(scene.attempt().await.verdict.is_some());
}

#[tokio::test]
async fn a_machine_that_has_moved_has_left_its_address() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    scene
        .keep(Boot {
            id: BootId::from_bytes([8; 16]),
            address: Some(STRANGER),
            opened: now().plus(Duration::from_secs(1)),
            ..network_boot(BootStep::Script)
        })
        .await;
    tell(&reports, "a", install(StepAction::Start)).await;
    assert_eq!(scene.timeline().await, [""; 0]);
}

#[tokio::test]
async fn a_refused_config_is_kept_once_with_the_nodes_words() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    for id in ["a", "b", "c"] {
        tell(&reports, id, refused()).await;
    }
    let verdict = scene.attempt().await.verdict.unwrap();
    assert_eq!(verdict.end, AttemptEnd::Refused);
    assert!(
        verdict
            .why
            .ends_with("occurred: * no disks matched the expression")
    );
    assert_eq!(scene.timeline().await, ["trouble"]);
}

#[tokio::test]
async fn a_verdict_is_acknowledged_only_when_it_is_kept_and_the_first_stands() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    tell(&reports, "a", failed()).await;
    tell(&reports, "b", refused()).await;
    let verdict = scene.attempt().await.verdict.unwrap();
    assert_eq!(verdict.end, AttemptEnd::InstallerFailed);
    assert!(verdict.why.ends_with("exit code 1"));
}

#[tokio::test]
async fn installed_is_the_restart_after_installing_and_not_after_a_failure() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    tell(&reports, "a", status(MachineStage::Rebooting)).await;
    assert_eq!(
        scene.boots().await[0].step,
        BootStep::Config,
        "it installs nothing"
    );
    tell(&reports, "b", install(StepAction::Start)).await;
    tell(&reports, "c", status(MachineStage::Rebooting)).await;
    tell(&reports, "d", status(MachineStage::Rebooting)).await;
    assert_eq!(scene.boots().await[0].step, BootStep::Installed);
    let told = scene.timeline().await;
    assert_eq!(
        told.iter().filter(|kind| *kind == "installed").count(),
        1,
        "{told:?}"
    );
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    tell(&reports, "b", install(StepAction::Start)).await;
    tell(&reports, "c", failed()).await;
    tell(&reports, "d", status(MachineStage::Rebooting)).await;
    assert_eq!(scene.boots().await[0].step, BootStep::Installing);
}

#[tokio::test]
async fn a_forged_discover_hides_neither_the_install_nor_the_tag_of_the_disk() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    forged_discover(&scene).await;
    tell(&reports, "a", install(StepAction::Start)).await;
    let served = boots::find(&scene.db, BOOT).await.unwrap().unwrap();
    assert_eq!(served.step, BootStep::Installing);
    say(&reports, kernel(1, FROM_DISK)).await.unwrap();
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    let boots = scene.boots().await;
    let disk = boots.iter().find(|boot| boot.origin == BootOrigin::Disk);
    assert_eq!(disk.and_then(|boot| boot.attempt), Some(ATTEMPT));
}

#[tokio::test]
async fn a_shutdown_does_not_make_a_member_ready() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    say(&reports, kernel(1, FROM_DISK)).await.unwrap();
    for (id, stage, wanted) in [
        ("a", MachineStage::Booting, false),
        ("b", MachineStage::Running, true),
        ("c", MachineStage::ShuttingDown, false),
    ] {
        tell(&reports, id, status(stage)).await;
        assert_eq!(scene.boots().await[0].ready, Some(wanted), "{stage:?}");
    }
}

#[tokio::test]
async fn panics_and_command_lines_are_bounded() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    for _ in 0..200 {
        say(
            &reports,
            kernel(1, "Kernel panic - not syncing: attempted to kill init"),
        )
        .await
        .unwrap();
    }
    assert_eq!(scene.timeline().await.len(), 3);
    for second in 0..200 {
        say(&reports, kernel(second * 60, FROM_DISK)).await.unwrap();
    }
    assert!(scene.boots().await.len() <= 3, "they can't all be starts");
    for id in 0..500 {
        let name = id.to_string();
        let error = format!("no route {id}");
        tell(&reports, &name, TalosEvent::ConfigLoadError { error }).await;
    }
    assert!(scene.timeline().await.len() <= 3 + 2 + 120);
}

#[tokio::test]
async fn the_line_that_proves_the_disk_is_refused_until_it_is_kept() {
    let scene = Scene::new().await;
    let mut reports = scene.reports(&scene.closed).await;
    for _ in 0..2 {
        say(&reports, kernel(1, FROM_DISK)).await.unwrap_err();
        say(&reports, kernel(1, "nothing of interest"))
            .await
            .unwrap();
    }
    reports.site = scene.site(&scene.live).await;
    say(&reports, kernel(1, FROM_DISK)).await.unwrap();
    assert_eq!(scene.boots().await[0].origin, BootOrigin::Disk);
    reports.site = scene.site(&scene.closed).await;
    say(&reports, tagged(ATTEMPT)).await.unwrap_err();
    reports.site = scene.site(&scene.live).await;
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    assert_eq!(scene.boots().await[0].attempt, Some(ATTEMPT));
}

/// A system that was started from the network, and runs on what an earlier attempt left on a disk.
#[tokio::test]
async fn a_config_that_was_found_on_a_disk_names_its_attempt() {
    let scene = Scene::unreleased().await;
    let reports = scene.reports(&scene.live).await;
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    assert_eq!(scene.heard.config_in(MACHINE, BOOT), None, "its own");
    say(&reports, tagged(AttemptId::from_bytes([77; 16])))
        .await
        .unwrap();
    assert_eq!(scene.heard.config_in(MACHINE, BOOT), None, "nobody's");
    let close = AttemptWrite::Close {
        id: ATTEMPT,
        at: now(),
        end: AttemptEnd::InstallerFailed,
    };
    let second = AttemptId::from_bytes([6; 16]);
    let open = AttemptWrite::Open(machine_core::attempt::Attempt {
        id: second,
        number: 2,
        ..attempt()
    });
    let change = Change {
        attempts: vec![close, open],
        ..Change::default()
    };
    assert_eq!(apply(&scene.db, &change).await.unwrap(), Outcome::Applied);
    let next = BootId::from_bytes([12; 16]);
    scene
        .keep(Boot {
            id: next,
            mac: Some(MAC),
            attempt: Some(second),
            opened: now().plus(Duration::from_secs(1)),
            ..network_boot(BootStep::System)
        })
        .await;
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    assert_eq!(scene.heard.config_in(MACHINE, next), Some(ATTEMPT));
}

/// Whoever asks for a config has none on its disk: the wait for that begins anew.
#[tokio::test]
async fn a_node_that_could_not_fetch_is_not_taken_for_one_that_does_not_ask() {
    let scene = Scene::unreleased().await;
    let long_ago = now().plus(Duration::ZERO);
    let reports = scene.reports(&scene.live).await;
    let error = "failed to load config via platform metal: config not found".to_owned();
    tell(&reports, "a", TalosEvent::ConfigLoadError { error }).await;
    let boot = &scene.boots().await[0];
    assert_eq!(boot.step, BootStep::System);
    assert!(boot.step_at >= long_ago);
}

/// The installed system has another address than the installer had: of a static network, or of
/// another DHCP server.
#[tokio::test]
async fn a_system_at_an_address_that_nobody_leased_is_known_by_its_card() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    let line = |line| LogReceiver::receive(&reports, STRANGER, line);
    line(kernel(1, FROM_DISK)).await.unwrap();
    line(tagged(ATTEMPT)).await.unwrap();
    let boot = &scene.boots().await[0];
    assert_eq!(boot.origin, BootOrigin::Disk);
    assert_eq!(boot.address, Some(STRANGER));
    assert_eq!(boot.attempt, Some(ATTEMPT));
    assert_eq!(scene.heard.addresses(MACHINE), [STRANGER]);
    publish_from(&reports, STRANGER, "a", refused())
        .await
        .unwrap();
    assert_eq!(
        scene.attempt().await.verdict,
        None,
        "its config went elsewhere"
    );
}

#[tokio::test]
async fn a_foreign_card_at_an_address_that_nobody_leased_says_nothing() {
    let scene = Scene::new().await;
    let foreign = MacAddress::new([2, 0, 0, 0, 0, 9]);
    let reports = scene.reports_behind(&scene.live, foreign).await;
    let line = |line| LogReceiver::receive(&reports, STRANGER, line);
    line(kernel(1, FROM_DISK)).await.unwrap();
    line(tagged(ATTEMPT)).await.unwrap();
    assert_eq!(scene.boots().await.len(), 1);
    assert_eq!(scene.timeline().await, [""; 0]);
}

#[tokio::test]
async fn a_system_that_moves_to_another_address_goes_on_with_its_boot() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    say(&reports, kernel(1, FROM_DISK)).await.unwrap();
    say(&reports, tagged(ATTEMPT)).await.unwrap();
    let again = kernel(1, FROM_DISK);
    LogReceiver::receive(&reports, STRANGER, again)
        .await
        .unwrap();
    let boots = scene.boots().await;
    let from_disk = boots.iter().filter(|it| it.origin == BootOrigin::Disk);
    assert_eq!(from_disk.count(), 1);
    assert_eq!(boots[0].address, Some(STRANGER));
    assert_eq!(boots[0].attempt, Some(ATTEMPT));
}
