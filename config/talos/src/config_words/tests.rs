//! Tables of what Talos says of configs, and secrets in every form that YAML knows.

use super::*;
use crate::text::cleaned;
use proptest::prelude::*;

const LOAD: &str = "failed to load config via platform metal: ";

/// What is kept of Talos's words, by the one way that every text of a node takes.
fn kept(words: &str) -> String {
    cleaned(words, 2048)
}

#[test]
fn unknown_keys_are_told_without_their_values() {
    for (yaml, wanted) in [
        // As recorded of Talos 1.13.9.
        ("\nfoo: bar\n", "foo"),
        (
            "\nmachine:\n    kublet:\n        image: x\n",
            "machine.kublet.image",
        ),
        ("\nmachine:\n    tokenn: s3cret\n", "machine.tokenn"),
        (
            "\nmachine:\n    a: s3cret\n    b: s3cret\ncluster:\n    c: s3cret\n",
            "machine.a, machine.b, cluster.c",
        ),
        (
            "\nkeyy: |\n    s3cret: s3cret\n    more s3cret\nother: 1\n",
            "keyy, other",
        ),
        ("\nkeyy: |-\n    s3cret:\n\n    s3cret: s3cret\n", "keyy"),
        ("\nkeyy: \"s3cret\n\n    s3cret: s3cret\"\n", "keyy"),
        ("\nkeyy: s3cret\n    s3cret: s3cret\n", "keyy"),
        ("\nkeyy: {a: s3cret, b: s3cret}\n", "keyy"),
        ("\nlistt:\n    - s3cret\n    - s3cret\n", "listt"),
        ("\nlistt:\n- s3cret\n- |\n  s3cret: s3cret\n", "listt"),
        (
            "\nlistt:\n    - name: s3cret\n      key: s3cret\n    - name: s3cret\n",
            "listt.name, listt.key",
        ),
        ("\nlistt:\n    - - a: s3cret\n", "listt.a"),
        ("\nbinary: !!binary |\n    s3cret\n", "binary"),
        ("\n\"a s3cret key\": s3cret\n", REDACTED),
        ("\npassword:s3cret\n", REDACTED),
        ("\n? s3cret\n: s3cret\n", REDACTED),
        ("\n- s3cret\n", REDACTED),
        ("", REDACTED),
        // Lines that were joined before.
        (" foo: s3cret more: s3cret", "foo"),
        (" s3cret", REDACTED),
    ] {
        let words =
            format!("{LOAD}error decoding document /v1alpha1/ (line 1): {UNKNOWN_KEYS}{yaml}");
        let wanted =
            format!("{LOAD}error decoding document /v1alpha1/ (line 1): {UNKNOWN_KEYS} {wanted}");
        assert_eq!(kept(&words), wanted, "{yaml:?}");
    }
}

#[test]
fn a_log_line_quotes_unknown_keys_without_their_values() {
    for (yaml, wanted) in [
        (r"\nfoo: s3cret\n", "foo"),
        (
            r"\nmachine:\n    kublet:\n        image: s3cret\n",
            "machine.kublet.image",
        ),
        (
            r#"\nfoo: \"s3cret\\ns3cret: s3cret\"\nbar: 1\n"#,
            "foo, bar",
        ),
    ] {
        let line = format!(
            r#"[talos] controller failed {{"controller": "config.AcquireController", "error": "{LOAD}{UNKNOWN_KEYS}{yaml}"}}"#
        );
        let wanted = format!(
            r#"[talos] controller failed {{"controller": "config.AcquireController", "error": "{LOAD}{UNKNOWN_KEYS} {wanted}"#
        );
        assert_eq!(kept(&line), wanted, "{yaml}");
    }
}

#[test]
fn a_value_that_can_not_be_decoded_is_not_quoted() {
    for (words, wanted) in [
        // Seen of Talos 1.14: the mode of a host name.
        (
            "error decoding HostnameConfig to *network.HostnameConfigV1Alpha1: yaml: construct errors:\n  line 3: s3cret does not belong to AutoHostnameKind values",
            "error decoding HostnameConfig to *network.HostnameConfigV1Alpha1: yaml: construct errors: line 3: [redacted] does not belong to AutoHostnameKind values",
        ),
        (
            "yaml: unmarshal errors:\n  line 5: cannot unmarshal !!str `s3cret` into bool\n  line 9: cannot unmarshal !!str `s3c`ret` into int",
            "yaml: unmarshal errors: line 5: cannot unmarshal !!str `[redacted]` into bool; line 9: cannot unmarshal !!str `[redacted]` into int",
        ),
        (
            "yaml: construct errors:\n  line 5: s3cret",
            "yaml: construct errors: line 5: [redacted]",
        ),
        (
            "yaml: construct errors: s3cret",
            "yaml: construct errors:[redacted]",
        ),
        (
            "error decoding document /v1alpha1/ (line 1): time: invalid duration \"s3cret\"",
            "error decoding document /v1alpha1/ (line 1): time: invalid duration \"[redacted]\"",
        ),
        (
            "error decoding document /v1alpha1/ (line 1): parse \"s3cret\nmore \\\"s3cret\\\"",
            "error decoding document /v1alpha1/ (line 1): parse \"[redacted]\"",
        ),
    ] {
        assert_eq!(kept(words), wanted);
    }
}

#[test]
fn words_that_quote_no_value_stay_as_they_are() {
    for words in [
        "failed to load config via platform metal: decode error: yaml: while parsing a flow sequence at <unknown position>: line 1: did not find expected ',' or ']'",
        "failed to load config via platform metal: error decoding document v1alpha1/NoSuchConfig/x (line 98): \"NoSuchConfig\" \"v1alpha1\": not registered",
        "failed to load config via platform metal: duplicate document v1alpha1/HostnameConfig/ is not allowed (line 98)",
        "* no disks matched the expression: glob(\"HTDISK2\", disk.serial) && disk.transport != \"\" && !disk.readonly && !disk.cdrom",
        "* issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)",
        "version of Kubernetes 1.60.0 is too new to be used with Talos 1.13.9",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 of ghcr.io/siderolabs/installer:v1.13.9",
        "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
        "/usr/local/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/42/fs",
        "config.AcquireController",
    ] {
        assert_eq!(kept(words), words);
    }
}

#[test]
fn what_has_the_form_of_a_secret_is_taken_out_wherever_it_stands() {
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ8s1Xq0Zr5m2V9w3T4=";
    let pem = "-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END ED25519 PRIVATE KEY-----";
    for (words, wanted) in [
        (
            format!("cluster.secret {key} is short"),
            "cluster.secret [redacted] is short".to_owned(),
        ),
        (format!("got \"{key}\""), "got \"[redacted]\"".to_owned()),
        (
            format!("bad key: {pem} in ca"),
            "bad key: [redacted] in ca".to_owned(),
        ),
        (
            format!("two {pem} and {pem}"),
            "two [redacted] and [redacted]".to_owned(),
        ),
        (
            "cut -----BEGIN CERTIFICATE-----\nMC4CAQ".to_owned(),
            "cut [redacted]".to_owned(),
        ),
        (
            "token abcdef.0123456789abcdef.".to_owned(),
            "token [redacted]".to_owned(),
        ),
        (format!("eyJh.{key}.x"), "[redacted]".to_owned()),
    ] {
        assert_eq!(kept(&words), wanted);
    }
}

proptest! {
    #[test]
    fn no_value_of_an_unknown_key_is_kept(
        secret in "s3cret[a-z0-9 :#{}\"'|>-]{0,20}",
        style in 0_usize..6,
        depth in 0_usize..4,
    ) {
        let parents: String = (0..depth)
            .map(|level| " ".repeat(level * 4) + "parent:\n")
            .collect();
        let at = " ".repeat(depth * 4);
        let entry = match style {
            0 => format!("{at}keyy: {secret}\n"),
            1 => format!("{at}keyy: |\n{at}    {secret}\n{at}    {secret}\n"),
            2 => format!("{at}keyy:\n{at}    - |\n{at}      {secret}\n"),
            3 => format!("{at}keyy: '{secret}\n\n{at}    {secret}'\n"),
            4 => format!("{at}- keyy: >-\n{at}    {secret}\n"),
            _ => format!("{at}keyy: !!binary |\n{at}    {secret}\n"),
        };
        let yaml = format!("\n{parents}{entry}");
        let told = kept(&format!("{LOAD}{UNKNOWN_KEYS}{yaml}"));
        prop_assert!(!told.contains("s3cret"), "{yaml} -> {told}");
        prop_assert!(told.contains("keyy"), "{yaml} -> {told}");
    }

    #[test]
    fn any_text_gives_a_text(text: String) {
        let _ = without_values(&text);
        let _ = without_values(&format!("{UNKNOWN_KEYS}\n{text}"));
        let _ = without_values(&format!("{DOCUMENT}{text}"));
    }
}
