//! `drover config generate`, as it is typed: what it prints is what Talos generates, byte for byte.

use std::path::Path;
use std::process::Command;

use testbed::requirement::built;

#[test]
fn base_configs_are_printed_as_talos_generates_them() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/render/tests/golden");
    let binary = std::env::var_os("DROVER_BIN").map(Into::into);
    let binary = binary.unwrap_or_else(|| built("drover", "drover").unwrap());
    for role in ["controlplane", "worker"] {
        let mut generate = Command::new(&binary);
        generate.args(["config", "generate"]);
        generate.args(["--cluster", "base", "--endpoint", "https://base:6443"]);
        generate.args(["--kubernetes", "1.28.0", "--contract", "1.13"]);
        generate.args(["--role", role]);
        generate.arg("--secrets").arg(golden.join("secrets.yaml"));
        let output = generate.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        // Talos generates it for any version, and runs few of them.
        let said = String::from_utf8_lossy(&output.stderr);
        let wanted = "kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got 1.28.0";
        assert!(said.contains(wanted), "{said}");
        let expected = std::fs::read(golden.join(format!("1.13/base-{role}.yaml"))).unwrap();
        assert!(
            output.stdout == expected,
            "{role}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}
