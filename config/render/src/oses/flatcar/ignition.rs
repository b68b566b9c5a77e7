//! Ignition configs (specification 3.3.0, `coreos.github.io/ignition/configuration-v3_3`): the one of
//! the system in memory that installs, and in it the one of the system on the disk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use machine_core::os::FlatcarSpec;
use serde::Serialize;

use crate::os::{ArtefactError, Cause, NodeFacts};
use crate::oses::flatcar::install::{INSTALLED_CONFIG, REPORT, report, script};

#[derive(Serialize)]
struct Config {
    ignition: Header,
    #[serde(skip_serializing_if = "Option::is_none")]
    passwd: Option<Passwd>,
    storage: Storage,
    systemd: Systemd,
}

#[derive(Serialize)]
struct Header {
    version: &'static str,
}

#[derive(Serialize)]
struct Passwd {
    users: Vec<User>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    name: &'static str,
    ssh_authorized_keys: Vec<String>,
}

#[derive(Serialize)]
struct Storage {
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: &'static str,
    mode: u32,
    overwrite: bool,
    contents: Contents,
}

#[derive(Serialize)]
struct Contents {
    source: String,
}

#[derive(Serialize)]
struct Systemd {
    units: Vec<Unit>,
}

#[derive(Serialize)]
struct Unit {
    name: &'static str,
    enabled: bool,
    contents: &'static str,
}

/// The config of the system in memory.
pub(super) fn installer_config(
    spec: &FlatcarSpec,
    facts: &NodeFacts<'_>,
) -> Result<String, ArtefactError> {
    let installed = installed_config(spec, facts)?;
    let script = script(facts.disk, &spec.version)?;
    text(&Config {
        ignition: HEADER,
        passwd: None,
        storage: Storage {
            files: vec![
                file(INSTALLED_CONFIG, 0o600, &installed),
                file("/opt/drover/install", 0o700, &script),
                file(REPORT, 0o700, &report(facts.reports.expose())),
            ],
        },
        systemd: Systemd {
            units: vec![Unit {
                name: "drover-install.service",
                enabled: true,
                contents: INSTALL_UNIT,
            }],
        },
    })
}

/// The config of the system on the disk. The attempt is in it: the proof which config runs.
fn installed_config(spec: &FlatcarSpec, facts: &NodeFacts<'_>) -> Result<String, ArtefactError> {
    let attempt = format!("{}\n", facts.attempt);
    let mut files = vec![
        file("/etc/drover/attempt", 0o644, &attempt),
        file(REPORT, 0o700, &report(facts.reports.expose())),
    ];
    if let Some(name) = facts.hostname {
        files.push(file("/etc/hostname", 0o644, &format!("{name}\n")));
    }
    for key in &spec.authorized_keys {
        if key.trim() != key || key.is_empty() || key.chars().any(char::is_control) {
            let wanted = "a public key on one line, as authorized_keys has it";
            return Err(ArtefactError::wanted(
                Cause::Endpoint,
                "authorized_keys",
                wanted,
                key,
            ));
        }
    }
    let passwd = (!spec.authorized_keys.is_empty()).then(|| Passwd {
        users: vec![User {
            name: "core",
            ssh_authorized_keys: spec.authorized_keys.clone(),
        }],
    });
    text(&Config {
        ignition: HEADER,
        passwd,
        storage: Storage { files },
        systemd: Systemd {
            units: vec![Unit {
                name: "drover-running.service",
                enabled: true,
                contents: RUNNING_UNIT,
            }],
        },
    })
}

const HEADER: Header = Header { version: "3.3.0" };

fn file(path: &'static str, mode: u32, text: &str) -> File {
    File {
        path,
        mode,
        // The image has some of them.
        overwrite: true,
        contents: Contents {
            source: format!("data:;base64,{}", STANDARD.encode(text)),
        },
    }
}

fn text(config: &Config) -> Result<String, ArtefactError> {
    serde_json::to_string_pretty(config)
        .map(|text| text + "\n")
        .map_err(|error| ArtefactError {
            cause: Cause::Machine,
            why: error.to_string(),
        })
}

const INSTALL_UNIT: &str = "\
[Unit]
Description=Installs Flatcar to the disk that Drover was permitted to erase
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/opt/drover/install
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
";

/// At each start. It is tried again for as long as the system runs: only this report makes its
/// machine Active.
const RUNNING_UNIT: &str = "\
[Unit]
Description=Tells Drover that this system runs from its disk
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/opt/drover/report running
Restart=on-failure
RestartSec=30

[Install]
WantedBy=multi-user.target
";
