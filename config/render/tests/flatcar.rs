//! Flatcar's configs: golden files, judged by Ignition's own validator where Go is there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the validator is a program; a test reads files and stops where it stands"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use config_render::os::{ArtefactError, NodeFacts, Receivers, digest_of_all};
use config_render::oses::os_of;
use machine_core::cluster::{ClusterSpec, Role};
use machine_core::disk::DiskIdentity;
use machine_core::id::AttemptId;
use machine_core::os::{FlatcarSpec, OsSpec};
use machine_core::secret::Secret;
use semver::Version;

const REPORTS: &str = "http://10.77.0.1:8080/c/T0KEN/report";

fn cluster(authorized_keys: &[&str]) -> ClusterSpec {
    ClusterSpec {
        name: "edge".to_owned(),
        endpoint: "https://10.77.0.10:6443".parse().unwrap(),
        os: OsSpec::Flatcar(FlatcarSpec {
            version: Version::new(4459, 2, 1),
            authorized_keys: authorized_keys.iter().map(ToString::to_string).collect(),
        }),
        image: "flatcar".to_owned(),
        allow_plaintext: true,
        members: Vec::new(),
    }
}

fn config(
    cluster: &ClusterSpec,
    disk: &str,
    hostname: Option<&str>,
) -> Result<String, ArtefactError> {
    let receiver = "10.77.0.1:8081".parse().unwrap();
    let disk: DiskIdentity = disk.parse().unwrap();
    let reports = Secret::new(REPORTS.to_owned());
    let facts = NodeFacts {
        cluster,
        secrets: None,
        role: Role::Worker,
        disk: &disk,
        hostname,
        attempt: AttemptId::from_bytes([0x12; 16]),
        installer: None,
        receivers: Receivers {
            event_sink: receiver,
            kernel_log: receiver,
            service_log: receiver,
        },
        reports: &reports,
    };
    let os = os_of(&cluster.os);
    let artefacts = os.documents(&facts)?;
    assert_eq!(artefacts, os.documents(&facts)?, "the same bytes");
    let [ignition] = artefacts.as_slice() else {
        panic!("{artefacts:?}");
    };
    assert_eq!([ignition.name], os.artefacts());
    assert_eq!(digest_of_all(&artefacts), ignition.digest());
    Ok(String::from_utf8(ignition.body.expose().clone()).unwrap())
}

/// The cases of the golden files: by serial number with a key and a name, by world-wide name with
/// neither.
fn cases() -> Vec<(&'static str, String)> {
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDAUeN7dU5nyAt3Hq7rkOBFC0Yhtq3w7pM8c6JzVh4nR lab";
    let by_serial = config(&cluster(&[key]), "serial:LAB DISK 1", Some("edge-1"));
    let by_wwn = config(&cluster(&[]), "wwn:naa.5000c500a1b2c3d4", None);
    vec![
        ("by-serial", by_serial.unwrap()),
        ("by-wwn", by_wwn.unwrap()),
    ]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/flatcar")
        .join(name)
}

/// The text behind a `data:` URL of a file of a config.
fn file(config: &str, path: &str) -> String {
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    let files = config["storage"]["files"].as_array().unwrap();
    let found = files.iter().find(|it| it["path"] == path).unwrap();
    let source = found["contents"]["source"].as_str().unwrap();
    let encoded = source.strip_prefix("data:;base64,").unwrap();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

/// The script, and the config of the installed system, are files of their own: what is in the config
/// in base64 nobody could review.
#[test]
fn configs_are_those_of_the_golden_files() {
    for (name, config) in cases() {
        let parts = [
            (format!("{name}.ign"), config.clone()),
            (
                format!("{name}-install.sh"),
                file(&config, "/opt/drover/install"),
            ),
            (
                format!("{name}-report.sh"),
                file(&config, "/opt/drover/report"),
            ),
            (
                format!("{name}-installed.ign"),
                file(&config, "/opt/drover/installed.ign"),
            ),
        ];
        for (file, text) in parts {
            let expected = std::fs::read_to_string(golden(&file)).unwrap_or_default();
            assert_eq!(text, expected, "{file}");
        }
    }
}

#[test]
fn a_disk_that_names_none_is_never_installed_to() {
    let refused = config(&cluster(&[]), "serial:*", None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "disk: wanted the serial or wwn of one disk, got \"serial:*\""
    );
}

#[test]
fn a_key_that_would_be_two_is_refused() {
    for key in [
        "",
        " ssh-ed25519 AAAA",
        "ssh-ed25519 AAAA\nssh-ed25519 BBBB",
    ] {
        let refused = config(&cluster(&[key]), "serial:D1", None).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("authorized_keys: wanted a public key"),
            "{refused}"
        );
    }
}

/// The script, run with disks that are directories: which of them is the one.
#[test]
fn the_script_installs_to_the_one_disk_and_to_none_if_there_are_two_or_no_such() {
    for (disks, wanted) in [
        (
            vec![("sda", "naa.5000c500a1b2c3d4")],
            "installs to /dev/sda",
        ),
        (
            vec![
                ("sda", "naa.5000c500a1b2c3d5"),
                ("sdb", "naa.5000c500a1b2c3d4"),
            ],
            "installs to /dev/sdb",
        ),
        (
            vec![("sda", "naa.5000c500a1b2c3d")],
            "got 0: nothing was erased",
        ),
        (vec![], "got 0: nothing was erased"),
        (
            vec![
                ("sda", "naa.5000c500a1b2c3d4"),
                ("sdb", "naa.5000c500a1b2c3d4"),
            ],
            "got 2: nothing was erased",
        ),
    ] {
        let installs = wanted.starts_with("installs");
        let (is_done, said) = installer(&disks, "echo \"installs to $2\"");
        assert!(said.contains(wanted), "{said}");
        assert_eq!(is_done, installs, "{said}");
        assert_eq!(said.matches("installs to").count(), usize::from(installs));
        let told = |report: &str| said.contains(&format!("reports {report}"));
        assert_eq!(told("installing") && told("installed"), installs, "{said}");
        let words = "failed wanted one disk with the world-wide name naa.5000c500a1b2c3d4";
        assert_eq!(told(words), !installs, "{said}");
    }
}

#[test]
fn an_installer_that_fails_reports_its_last_words() {
    let fails = "echo one; echo \"no space\" >&2; return 1";
    let (is_done, said) = installer(&[("sda", "naa.5000c500a1b2c3d4")], fails);
    assert!(!is_done, "{said}");
    assert!(
        said.contains("reports failed flatcar-install failed: one\nno space\n"),
        "{said}"
    );
    assert!(!said.contains("reports installed"), "{said}");
}

/// What curl is asked for by the program that reports: the URL on no command line, the words as
/// they are.
#[test]
fn a_report_is_a_post_of_its_words_to_its_name() {
    let (_, config) = cases().pop().unwrap();
    for config in [file(&config, "/opt/drover/installed.ign"), config] {
        let program = file(&config, "/opt/drover/report");
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("curl");
        let fake = "#!/bin/bash\necho \"$#: $*\"\ncat\n";
        std::fs::write(&path, fake).unwrap();
        let here = program.replace("exec curl", &format!("exec bash {}", path.display()));
        let output = Command::new("bash")
            .args(["-c", &here, "report", "failed", "@no\nspace"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            said.starts_with("4: --config - --data-raw @no\nspace\n"),
            "{said}"
        );
        let url = format!("url = \"{REPORTS}/failed\"\n");
        assert!(said.ends_with(&url), "{said}");
    }
}

/// The script, run with disks that are directories, and with an installer that does this. Whether
/// it came to its end, and what it said.
fn installer(disks: &[(&str, &str)], installs: &str) -> (bool, String) {
    let (_, config) = cases().pop().unwrap();
    let script = file(&config, "/opt/drover/install");
    let place = tempfile::tempdir().unwrap();
    let block = place.path().join("block");
    std::fs::create_dir(&block).unwrap();
    for (name, wwid) in disks {
        let device = block.join(name).join("device");
        std::fs::create_dir_all(&device).unwrap();
        std::fs::write(device.join("wwid"), format!("{wwid}\n")).unwrap();
    }
    let here = script
        .replace("/sys/block", block.to_str().unwrap())
        .replace("/opt/drover/report", "told");
    let commands = format!(
        "flatcar-install() {{ {installs}; }}\nsystemctl() {{ :; }}\ntold() {{ echo \"reports $*\"; }}\n"
    );
    let output = Command::new("bash")
        .arg("-c")
        .arg(format!("{commands}{here}"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

/// Ignition's validator, at the version of `tests/oracle/ignition-validate/go.mod`.
#[test]
fn ignition_accepts_the_configs() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/ignition-validate");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ignition-validate");
    let go = |arguments: &[&str]| {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(&source).output()
    };
    let download = match go(&["mod", "download"]) {
        Ok(download) => download,
        Err(error) => {
            println!("skipped: no go ({error})");
            return;
        }
    };
    if !download.status.success() {
        let why = String::from_utf8_lossy(&download.stderr);
        println!("skipped: go cannot get the modules: {why}");
        return;
    }
    let package = "github.com/coreos/ignition/v2/validate";
    let build = go(&["build", "-o", &program.to_string_lossy(), package]).unwrap();
    assert!(
        build.status.success(),
        "{}",
        String::from_utf8_lossy(&build.stderr)
    );
    let validate = |file: &Path| {
        let mut command = Command::new(&program);
        command.arg(file).stdin(Stdio::null()).output().unwrap()
    };
    for (name, _) in cases() {
        for file in [format!("{name}.ign"), format!("{name}-installed.ign")] {
            let judged = validate(&golden(&file));
            let said = String::from_utf8_lossy(&judged.stderr);
            assert!(judged.status.success(), "{file}: {said}");
            assert!(!said.contains("warning"), "{file}: {said}");
        }
    }
    let place = tempfile::tempdir().unwrap();
    let wrong = place.path().join("wrong.ign");
    let text = std::fs::read_to_string(golden("by-wwn.ign")).unwrap();
    std::fs::write(
        &wrong,
        text.replace("/opt/drover/install\"", "drover/install\""),
    )
    .unwrap();
    assert!(
        !validate(&wrong).status.success(),
        "a relative path is refused"
    );
}
