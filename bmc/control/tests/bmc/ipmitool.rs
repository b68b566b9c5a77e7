//! Whether the model is a BMC at all: `ipmitool` (Debian, 1.8.19) logs in to it with both suites.
//! What the drivers prove on the model is worth as much as this.

use crate::model_bmc::{ModelBmc, model};
use tokio::process::Command;

async fn ipmitool(
    rig: &ModelBmc,
    suite: &str,
    password: &str,
    command: &[&str],
) -> Result<String, String> {
    let port = rig.address.port().to_string();
    let output = Command::new("ipmitool")
        .args(["-I", "lanplus", "-C", suite, "-H", "127.0.0.1", "-p", &port])
        .args(["-U", "ADMIN", "-P", password])
        .args(command)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap_or_else(|error| panic!("ipmitool (Debian package ipmitool): {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[tokio::test]
async fn ipmitool_takes_the_model_for_a_bmc() {
    for suite in ["17", "3"] {
        let rig = ModelBmc::start(model::Bmc::new()).await;
        for (command, expected) in [
            (&["chassis", "power", "status"][..], "Chassis Power is off"),
            (&["chassis", "power", "on"], "Up/On"),
            (&["chassis", "power", "status"], "Chassis Power is on"),
            (
                &["chassis", "bootdev", "pxe", "options=efiboot"],
                "Set Boot Device to pxe",
            ),
            (&["chassis", "bootparam", "get", "5"], "Force PXE"),
        ] {
            let output = ipmitool(&rig, suite, "secret123", command).await;
            let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
            assert!(output.contains(expected), "suite {suite}: {output}");
        }
        assert_eq!(rig.bmc.lock().unwrap().boot_flags, [0xa0, 0x04, 0, 0, 0]);
    }
}

#[tokio::test]
async fn ipmitool_is_refused_with_another_password() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    let error = ipmitool(&rig, "17", "secret124", &["chassis", "power", "status"]).await;
    assert!(error.unwrap_err().contains("Unable to establish"));
    assert!(rig.bmc.lock().unwrap().command_log.is_empty());
}
