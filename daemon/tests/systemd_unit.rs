//! The service in `deploy/`, judged by systemd itself where it is there.

use std::process::Command;

const UNIT: &str = include_str!("../../deploy/drover.service");

/// Where the service looks for the program.
const PROGRAM: &str = "/usr/local/bin/drover";
/// Where the service looks for the settings.
const SETTINGS: &str = "/etc/drover/drover.yaml";

#[test]
fn systemd_knows_every_word_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("drover.service");
    let text = UNIT.replace(PROGRAM, env!("CARGO_BIN_EXE_drover"));
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

/// Whoever follows the documents to the letter has a service that starts.
#[test]
fn the_service_starts_what_the_documents_install_where_they_put_it() {
    let start = format!("\nExecStart={PROGRAM} serve --config {SETTINGS}\n");
    assert!(UNIT.contains(&start), "{start}");
    let readme = include_str!("../../README.md");
    let (directory, _) = PROGRAM.rsplit_once('/').unwrap();
    let install = format!("install target/release/drover {directory}/\n");
    assert!(readme.contains(&install), "{install}");
    let running = include_str!("../../docs/running.md");
    let section = running
        .split("\n## ")
        .find(|it| it.starts_with("As a service\n"));
    let section = section.unwrap();
    for path in [PROGRAM, SETTINGS, "/etc/systemd/system/"] {
        assert!(section.contains(path), "{path}");
    }
}
