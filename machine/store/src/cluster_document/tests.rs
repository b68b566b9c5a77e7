//! The stored form of a cluster: its exact text, and what an older program reads of a newer one.

use super::*;
use machine_core::cluster::Role;

fn lab() -> ClusterSpec {
    ClusterSpec {
        name: "lab".to_owned(),
        endpoint: "https://10.77.0.10:6443".parse().unwrap(),
        os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
        image: "talos".to_owned(),
        allow_plaintext: true,
        members: vec![
            MemberRule {
                role: Role::ControlPlane,
                selector: Selector::Named("cp1".to_owned()),
                acceptance: Acceptance::Auto,
                disk: Some("serial:D1".parse().unwrap()),
            },
            MemberRule {
                role: Role::Worker,
                selector: Selector::Matching(Pattern {
                    product: Some("R640".to_owned()),
                    arch: Some(Arch::X86_64),
                    ..Pattern::default()
                }),
                acceptance: Acceptance::Wait,
                disk: None,
            },
        ],
    }
}

#[test]
fn the_format_stands() {
    let spec = lab();
    let text = write(&spec);
    assert_eq!(
        text,
        concat!(
            r#"{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","#,
            r#""kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":["#,
            r#"{"role":"controlplane","select":{"named":"cp1"},"acceptance":"auto","#,
            r#""disk":"serial:D1"},{"role":"worker","select":{"matching":{"#,
            r#""manufacturer":null,"product":"R640","arch":"amd64","firmware":null}},"#,
            r#""acceptance":"wait","disk":null}]}"#
        )
    );
    assert_eq!(read(&text), Some(spec));
}

#[test]
fn the_format_of_other_networks_and_of_another_system_stands() {
    let mut networked = lab();
    networked.os = OsSpec::Talos(TalosSpec {
        version: parse_version("1.13.9").unwrap(),
        kubernetes: parse_version("1.34.1").unwrap(),
        networks: KubernetesNetworks {
            pods: vec!["10.10.0.0/16".parse().unwrap()],
            services: vec!["10.11.0.0/16".parse().unwrap()],
        },
    });
    let text = write(&networked);
    let wanted = r#""networks":{"pods":["10.10.0.0/16"],"services":["10.11.0.0/16"]},"image""#;
    assert!(text.contains(wanted), "{text}");
    assert_eq!(read(&text), Some(networked));
    let flatcar = ClusterSpec {
        os: OsSpec::Flatcar(FlatcarSpec {
            version: parse_version("4459.2.1").unwrap(),
            authorized_keys: vec!["ssh-ed25519 AAAA".to_owned()],
        }),
        ..lab()
    };
    let text = write(&flatcar);
    let wanted = r#""flatcar":"4459.2.1","authorized_keys":["ssh-ed25519 AAAA"],"image""#;
    assert!(text.contains(wanted), "{text}");
    assert_eq!(read(&text), Some(flatcar));
}

#[test]
fn what_a_later_version_added_is_passed_over() {
    let text = concat!(
        r#"{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","#,
        r#""kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"later":{},"members":["#,
        r#"{"role":"worker","select":{"matching":{"product":"R640","later":1}},"#,
        r#""acceptance":"wait","later":[]}]}"#
    );
    let spec = read(text).unwrap();
    assert_eq!(spec.members.len(), 1);
    assert!(!write(&spec).contains("later"));
}

#[test]
fn what_is_not_a_specification_is_none() {
    for text in ["", "{}", "[]", r#"{"name":"lab"}"#] {
        assert_eq!(read(text), None, "{text}");
    }
}
