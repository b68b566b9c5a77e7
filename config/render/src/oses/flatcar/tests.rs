//! Flatcar's kernel line, and what it reports.

use semver::Version;

use super::*;

fn spec() -> FlatcarSpec {
    FlatcarSpec {
        version: Version::new(4459, 2, 1),
        authorized_keys: Vec::new(),
    }
}

fn netboot(artefacts: Option<&str>) -> Netboot<'_> {
    Netboot {
        arch: Arch::X86_64,
        boot: BootId::from_bytes([1; 16]),
        artefacts,
        event_sink: None,
        kernel_log: None,
        consoles: &["ttyS0,115200"],
        wipes: false,
    }
}

#[test]
fn the_line_has_ignition_run_and_fetch_its_config() {
    let spec = spec();
    let line = |boot: &Netboot<'_>| Flatcar(&spec).kernel_arguments(boot).unwrap().join(" ");
    assert_eq!(
        line(&netboot(Some("http://10.77.0.1:8080/c/t0"))),
        "console=ttyS0,115200 console=tty0 flatcar.first_boot=1 \
         ignition.config.url=http://10.77.0.1:8080/c/t0/ignition \
         drover.boot=01010101010101010101010101010101"
    );
    assert_eq!(
        line(&netboot(None)),
        "console=ttyS0,115200 console=tty0 drover.boot=01010101010101010101010101010101"
    );
}

#[test]
fn an_older_install_is_never_wiped_by_a_line_that_would_install() {
    let boot = Netboot {
        wipes: true,
        ..netboot(Some("http://10.77.0.1:8080/c/t0"))
    };
    let refused = Flatcar(&spec()).kernel_arguments(&boot);
    assert_eq!(refused, Err(NetbootError::NoWipe { os: "Flatcar" }));
}

#[test]
fn its_reports_are_evidence() {
    let spec = spec();
    let report = |name: &str, body: &[u8]| Flatcar(&spec).report(name, body);
    for (name, step) in [
        ("installing", BootStep::Installing),
        ("installed", BootStep::Installed),
    ] {
        let told = report(name, b"").unwrap().told.unwrap();
        assert_eq!(told.step, Some(step));
    }
    let failed = report("failed", b"no disk\n \xff here\n").unwrap().ends;
    let words = "no disk \u{fffd} here".to_owned();
    assert_eq!(failed, Some((AttemptEnd::InstallerFailed, words)));
    assert_eq!(report("running", b"").unwrap().ready, Some(true));
    assert_eq!(
        report("../config", b"").unwrap_err().to_string(),
        "Flatcar reports installing, installed, failed, running, got \"../config\""
    );
}
