//! The program as it is typed: its usage, its completion, and who reads only the first lines.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn drover() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drover"));
    command.env_remove("DROVER_SOCKET");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn output(words: &[&str]) -> Output {
    drover().args(words).output().unwrap()
}

#[test]
fn a_socket_in_the_environment_is_used_and_not_demanded() {
    let mut command = drover();
    command.env("DROVER_SOCKET", "/nonexistent/drover.sock");
    let said = command.args(["machine", "show"]).output().unwrap();
    let usage = text(&said.stderr);
    assert_eq!(said.status.code(), Some(2), "{usage}");
    assert!(usage.contains("<NAME>"), "{usage}");
    assert!(!usage.contains("--socket <SOCKET>"), "{usage}");
    let mut command = drover();
    command.env("DROVER_SOCKET", "/nonexistent/drover.sock");
    let said = command.args(["machine", "list"]).output().unwrap();
    let why = text(&said.stderr);
    assert!(why.contains("/nonexistent/drover.sock"), "{why}");
    assert_eq!(said.status.code(), Some(6));
}

#[test]
fn an_error_is_an_object_for_who_reads_json() {
    for format in ["json", "yaml"] {
        let mut command = drover();
        command.env("DROVER_SOCKET", "/nonexistent/drover.sock");
        let said = command.args(["machine", "list", "-o", format]).output();
        let said = text(&said.unwrap().stderr);
        let beginning = r#"{"error":{"code":"no_daemon","exit_code":6,"message":"can't reach"#;
        assert!(said.starts_with(beginning), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn mistakes_of_the_settings_of_the_environment_and_of_the_host_are_told_at_once() {
    let settings = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/settings/many-errors.yaml"
    );
    for more in [&["--check"][..], &[]] {
        let mut command = drover();
        command.args(["serve", "--config", settings]).args(more);
        let said = command.env("DROVER_HTTP_PROT", "8080").output().unwrap();
        let why = text(&said.stderr);
        let lines: Vec<&str> = why.lines().collect();
        let wanted = [
            "drover: environment variable DROVER_HTTP_PROT: ",
            &format!("{settings}:3: http.port: wanted a port"),
            &format!("{settings}:5: there is no interface \"eth9\""),
            &format!("{settings}:8: image talos-1.13.9: can't read images/kernel: "),
            &format!("{settings}:10: image talos-1.13.9: can't read images/initrd: "),
        ];
        assert_eq!(lines.len(), wanted.len(), "{why}");
        for (line, wanted) in lines.iter().zip(wanted) {
            assert!(line.starts_with(wanted), "wanted {wanted}, got {line}");
        }
        assert_eq!(said.status.code(), Some(2));
    }
}

#[test]
fn wrong_settings_end_with_2_and_what_the_host_lacks_with_1() {
    let wrong = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/settings/wrong-type-port.yaml"
    );
    let absent = ["--config", "/nonexistent/drover.yaml"];
    let none = [("DROVER_LOG_LEVEL", "info")];
    let variable = [("DROVER_HTTP_PORT", "many")];
    for (words, variables, wanted) in [
        (&["--config", wrong][..], none, 2),
        (&absent, none, 2),
        (&["--interface", "eth9"], variable, 2),
        (&[], none, 2),
        (&["--interface", "eth9"], none, 1),
    ] {
        for more in [&[][..], &["--check"]] {
            let directory = tempfile::tempdir().unwrap();
            let mut command = drover();
            command.env_remove("DROVER_CONFIG").envs(variables);
            command.arg("serve").args(words).args(more);
            command.arg("--state-directory").arg(directory.path());
            let said = command.output().unwrap();
            let why = text(&said.stderr);
            assert_eq!(said.status.code(), Some(wanted), "{words:?} {more:?} {why}");
        }
    }
}

#[test]
fn a_wrong_request_for_a_config_ends_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("secrets.yaml");
    std::fs::write(&empty, "").unwrap();
    for secrets in [Path::new("/nonexistent/secrets.yaml"), &empty] {
        let mut command = drover();
        command.args(["config", "generate", "--cluster", "lab"]);
        command.args(["--endpoint", "https://10.0.0.10:6443"]);
        command.args(["--kubernetes", "1.34.1", "--contract", "1.13"]);
        command.args(["--role", "worker", "--secrets"]).arg(secrets);
        let said = command.output().unwrap();
        let why = text(&said.stderr);
        assert_eq!(said.status.code(), Some(2), "{why}");
    }
}

#[test]
fn who_reads_only_the_first_lines_is_told_nothing() {
    for words in [&["settings"][..], &["completion", "bash"]] {
        let mut command = drover();
        command
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The pipe is closed before all of it is read.
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(said, "", "{words:?}");
        assert_eq!(status.code(), Some(0), "{words:?}");
    }
}

#[test]
fn a_wait_for_nothing_is_refused_with_what_there_is() {
    let words = ["machine", "wait", "cp-1", "--for", "happy"];
    let said = text(&output(&words).stderr);
    assert!(said.contains("active"), "{said}");
    let words = ["machine", "wait", "cp-1", "--for", "on", "--timeout", "30"];
    let said = text(&output(&words).stderr);
    assert!(said.contains("30m"), "{said}");
}

#[test]
fn bash_completes_the_commands() {
    let script = output(&["completion", "bash"]);
    assert!(script.status.success());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover");
    std::fs::write(&path, &script.stdout).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&path).output().unwrap();
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    // As bash calls it when somebody presses the key behind `drover machine re`.
    let ask = "source \"$1\"; COMP_WORDS=(drover machine re); COMP_CWORD=2; \
               _drover drover re machine; echo \"${COMPREPLY[*]}\"";
    let completed = Command::new("bash")
        .args(["-c", ask, "bash"])
        .arg(&path)
        .output()
        .unwrap();
    let words = text(&completed.stdout);
    for word in ["retire", "retry", "replace-board"] {
        assert!(words.split_whitespace().any(|it| it == word), "{words}");
    }
}

#[test]
fn other_shells_have_a_completion_too() {
    for (shell, beginning) in [("zsh", "#compdef drover"), ("fish", "complete -c drover")] {
        let script = text(&output(&["completion", shell]).stdout);
        assert!(script.contains(beginning), "{shell}");
        assert!(script.contains("retire"), "{shell}");
    }
}

#[test]
fn a_format_that_does_not_exist_is_answered_with_those_that_do() {
    let said = output(&["machine", "list", "-o", "xml"]);
    let why = text(&said.stderr);
    assert_eq!(said.status.code(), Some(2), "{why}");
    for format in ["xml", "table", "wide", "json", "yaml", "name"] {
        assert!(why.contains(format), "{why}");
    }
}
