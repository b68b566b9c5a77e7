//! The service in `deploy/`, judged by systemd itself where it is there.

use std::process::Command;

const UNIT: &str = include_str!("../../deploy/drover.service");

#[test]
fn systemd_knows_every_word_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("drover.service");
    let text = UNIT.replace("/usr/bin/drover", env!("CARGO_BIN_EXE_drover"));
    std::fs::write(&unit, text).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).arg(&unit);
    let Ok(verified) = verify.output() else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8(verified.stderr).unwrap();
    let about_it: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("drover.service"))
        .collect();
    assert!(about_it.is_empty(), "{about_it:#?}");
    assert!(verified.status.success(), "{said}");
}

#[test]
fn the_service_has_the_rights_that_drover_needs_and_no_others() {
    let rights = "CAP_NET_BIND_SERVICE CAP_NET_RAW";
    for key in ["AmbientCapabilities", "CapabilityBoundingSet"] {
        assert!(UNIT.contains(&format!("\n{key}={rights}\n")), "{key}");
    }
    assert!(UNIT.contains("\nUser=drover\n"));
}
