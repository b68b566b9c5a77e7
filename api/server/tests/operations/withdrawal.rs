//! A permission that came from a document ends with what it came from, and that is said.

use machine_core::lifecycle::{Moving, Origin, State};

use crate::around::{Around, asked};
use crate::clusters::CLUSTER;
use crate::machines::RACK;
use crate::permitted::Begun;

async fn begun(begun: Begun) -> Around {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", begun).await;
    around
}

#[tokio::test]
async fn a_corrected_disk_withdraws_the_permission_to_erase_the_wrong_one() {
    let around = begun(Begun::Permitted).await;
    let corrected = RACK.replace("serial: CP1", "wwn: 0x5000c500a1b2c3d4");
    let notes = around.rack(&corrected, "corrected").await.unwrap();
    let wanted =
        "cp-1: the permission to erase serial:CP1 was withdrawn; nothing was written by it";
    assert!(notes.iter().any(|it| it == wanted), "{notes:?}");
    assert_eq!(around.ends("cp-1").await, ["withdrawn", "cancelled"]);
    // From here the rule opens the right one.
    let machine = around.machine("cp-1").await;
    assert_eq!(machine.state, State::Available);
    let disk = machine.install_disk.unwrap().to_string();
    assert_eq!(disk, "wwn:naa.5000c500a1b2c3d4");
    let events = around.events().await.join("\n");
    assert!(
        events.contains("the permission to erase serial:CP1 was withdrawn"),
        "{events}"
    );
    assert!(
        events.contains("disk serial:CP1 -> wwn:naa.5000c500a1b2c3d4"),
        "{events}"
    );
}

#[tokio::test]
async fn a_removed_disk_withdraws_the_permission_to_erase_it() {
    let around = begun(Begun::Permitted).await;
    let without = RACK.replace("    disk: { serial: CP1 }\n", "");
    let notes = around.rack(&without, "without").await.unwrap().join("\n");
    assert!(
        notes.contains("cp-1: the permission to erase serial:CP1 was withdrawn"),
        "{notes}"
    );
    assert!(notes.contains("leaves it out: disk serial:CP1"), "{notes}");
    assert_eq!(around.ends("cp-1").await, ["withdrawn", "cancelled"]);
}

#[tokio::test]
async fn a_member_that_is_removed_loses_its_permission() {
    let around = begun(Begun::Permitted).await;
    let moved = CLUSTER.replace("machine: cp-1", "machine: cp-2");
    let (_, notes) = around.cluster(&moved, "moved").await.unwrap();
    let wanted = "cp-1: the permission to erase serial:CP1 was withdrawn";
    assert!(notes.iter().any(|it| it.starts_with(wanted)), "{notes:?}");
    assert_eq!(around.ends("cp-1").await, ["withdrawn", "cancelled"]);
    assert_eq!(around.machine("cp-1").await.state, State::Available);
}

#[tokio::test]
async fn another_role_or_disk_of_a_rule_withdraws_what_the_old_one_gave() {
    for (from, to) in [
        (
            "machine: cp-1 }",
            "machine: cp-2 }\n  - { role: worker, machine: cp-1 }",
        ),
        ("machine: cp-1 }", "match: { manufacturer: Lab } }"),
    ] {
        let around = begun(Begun::Permitted).await;
        around
            .cluster(&CLUSTER.replace(from, to), to)
            .await
            .unwrap();
        assert_eq!(
            around.ends("cp-1").await,
            ["withdrawn", "cancelled"],
            "{to}"
        );
    }
}

#[tokio::test]
async fn what_still_says_the_same_withdraws_nothing() {
    let around = begun(Begun::Permitted).await;
    around.cluster(CLUSTER, "again").await.unwrap();
    let newer = CLUSTER.replace("1.34.1", "1.34.2");
    around.cluster(&newer, "newer").await.unwrap();
    // Another cluster's rule that takes it too ends nothing of this one.
    let second = CLUSTER
        .replace("name: lab", "name: second")
        .replace("0.10:6443", "0.20:6443");
    around.cluster(&second, "second").await.unwrap();
    let other_bmc = RACK.replace("10.77.1.11", "10.77.1.12");
    around.rack(&other_bmc, "bmc").await.unwrap();
    assert_eq!(around.ends("cp-1").await, ["", ""]);
    let state = around.machine("cp-1").await.state;
    assert_eq!(state, State::Provisioning(Origin::Available));
}

#[tokio::test]
async fn a_released_config_is_told_to_be_past_recall() {
    let around = begun(Begun::Released).await;
    let corrected = RACK.replace("serial: CP1", "serial: CP2");
    let notes = around
        .rack(&corrected, "corrected")
        .await
        .unwrap()
        .join("\n");
    assert!(
        notes.contains("the install may have begun: that can't be undone"),
        "{notes}"
    );
    assert_eq!(around.ends("cp-1").await, ["withdrawn", "cancelled"]);
    let machine = around.machine("cp-1").await;
    let failed = State::Failed(Moving::Provisioning(Origin::Available));
    assert_eq!(machine.state, failed);
    let failure = machine.failure.unwrap();
    assert!(
        failure.why.contains("erase serial:CP1 was withdrawn"),
        "{failure:?}"
    );
    // What it says to do can be done.
    around
        .operations
        .retry("cp-1", &asked("retry"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_rule_that_names_another_disk_than_the_record_withdraws_the_permission_and_says_both() {
    let around = begun(Begun::Permitted).await;
    let with_disk = |disk| {
        let rule = format!("machine: cp-1, disk: {{ serial: {disk} }} }}");
        CLUSTER.replace("machine: cp-1 }", &rule)
    };
    let (_, notes) = around.cluster(&with_disk("CP1"), "same").await.unwrap();
    assert_eq!(around.ends("cp-1").await, ["", ""], "{notes:?}");
    let (_, notes) = around.cluster(&with_disk("CP7"), "other").await.unwrap();
    assert_eq!(around.ends("cp-1").await, ["withdrawn", "cancelled"]);
    let is_said = |it: &String| {
        it.starts_with("cp-1: cluster lab takes it, but its rule names the disk serial:CP7")
            && it.contains("record serial:CP1")
    };
    assert!(notes.iter().any(is_said), "{notes:?}");
    // The file of the machine says it as well, also if it changes nothing.
    let notes = around.rack(RACK, "again").await.unwrap();
    assert!(notes.iter().any(is_said), "{notes:?}");
    let agrees = RACK.replace("serial: CP1", "serial: CP7");
    let notes = around.rack(&agrees, "agrees").await.unwrap();
    assert!(!notes.iter().any(is_said), "{notes:?}");
}
