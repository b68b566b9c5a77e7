//! Bytes as a node sends them, written by hand: `(field << 3) | type`, then the value.

use super::*;
use proptest::prelude::*;

const ALL: [&str; 9] = [
    "machine.SequenceEvent",
    "machine.PhaseEvent",
    "machine.TaskEvent",
    "machine.ServiceStateEvent",
    "machine.RestartEvent",
    "machine.ConfigLoadErrorEvent",
    "machine.ConfigValidationErrorEvent",
    "machine.AddressEvent",
    "machine.MachineStatusEvent",
];

fn decode(name: &str, value: &[u8]) -> TalosEvent {
    TalosEvent::decode(&format!("type.googleapis.com/machine.{name}"), value)
}

/// A kind, its bytes, and what they say.
type Row = (&'static str, &'static [u8], TalosEvent);

/// How far a node has come.
fn steps() -> [Row; 4] {
    [
        (
            "SequenceEvent",
            b"\x0a\x04boot\x10\x01",
            TalosEvent::Sequence {
                name: "boot".into(),
                action: SequenceAction::Start,
                error: None,
            },
        ),
        (
            "PhaseEvent",
            b"\x0a\x07install",
            TalosEvent::Phase {
                name: "install".into(),
                action: StepAction::Start,
            },
        ),
        (
            "TaskEvent",
            b"\x0a\x12runningMaintenance\x10\x01",
            TalosEvent::Task {
                name: "runningMaintenance".into(),
                action: StepAction::Stop,
            },
        ),
        (
            "ServiceStateEvent",
            b"\x0a\x04etcd\x10\x06\x1a\x04oops",
            TalosEvent::ServiceState {
                name: "etcd".into(),
                state: ServiceState::Failed,
                message: "oops".into(),
            },
        ),
    ]
}

/// What a node is and what it misses.
fn states() -> [Row; 5] {
    [
        (
            "RestartEvent",
            b"\x08\x05",
            TalosEvent::Restart { command: 5 },
        ),
        (
            "ConfigLoadErrorEvent",
            b"\x0a\x03404",
            TalosEvent::ConfigLoadError {
                error: "404".into(),
            },
        ),
        (
            "ConfigValidationErrorEvent",
            b"\x0a\x03bad",
            TalosEvent::ConfigValidationError {
                error: "bad".into(),
            },
        ),
        (
            "AddressEvent",
            b"\x0a\x02m1\x12\x0810.0.0.9\x12\x04fd::\x12\x03no!\x12\x04fd::",
            TalosEvent::Address {
                hostname: "m1".into(),
                addresses: vec![
                    "10.0.0.9".parse().unwrap(),
                    "fd::".parse().unwrap(),
                    "fd::".parse().unwrap(),
                ],
            },
        ),
        (
            "MachineStatusEvent",
            b"\x08\x04\x12\x12\x12\x10\x0a\x08services\x12\x04etcd",
            TalosEvent::MachineStatus {
                stage: MachineStage::Running,
                ready: false,
                unmet: vec![UnmetCondition {
                    name: "services".into(),
                    reason: "etcd".into(),
                }],
            },
        ),
    ]
}

#[test]
fn each_kind_is_read_from_its_bytes() {
    for (name, bytes, wanted) in steps().into_iter().chain(states()) {
        assert_eq!(decode(name, bytes), wanted, "{name}");
    }
}

#[test]
fn a_ready_machine_says_so() {
    let event = decode("MachineStatusEvent", b"\x08\x04\x12\x02\x08\x01");
    assert_eq!(
        event,
        TalosEvent::MachineStatus {
            stage: MachineStage::Running,
            ready: true,
            unmet: vec![]
        }
    );
}

#[test]
fn the_reboot_after_an_install_is_told_from_an_error() {
    for (message, reboots) in [
        ("sequence failed: unix.Reboot(1234567)", true),
        ("no space left on device", false),
    ] {
        let mut bytes = b"\x0a\x07install\x1a".to_vec();
        bytes.push(u8::try_from(message.len() + 2).unwrap());
        bytes.extend([0x12, u8::try_from(message.len()).unwrap()]);
        bytes.extend(message.as_bytes());
        let TalosEvent::Sequence {
            action,
            error: Some(error),
            ..
        } = decode("SequenceEvent", &bytes)
        else {
            panic!("a sequence with an error")
        };
        assert_eq!(
            (action, error.code),
            (SequenceAction::Noop, ErrorCode::Fatal)
        );
        assert_eq!(error.is_reboot(), reboots, "{message}");
    }
}

#[test]
fn what_we_do_not_know_is_a_value() {
    assert_eq!(
        decode("NovelEvent", b"\x08\x01"),
        TalosEvent::Unknown {
            type_url: "type.googleapis.com/machine.NovelEvent".into()
        }
    );
    assert_eq!(
        decode("SequenceEvent", b"\x0a\xff"),
        TalosEvent::Unreadable {
            type_url: "type.googleapis.com/machine.SequenceEvent".into()
        }
    );
    assert_eq!(
        decode("PhaseEvent", b"\x0a\x01p\x10\x2a"),
        TalosEvent::Phase {
            name: "p".into(),
            action: StepAction::Other(42)
        }
    );
    assert_eq!(
        decode("PhaseEvent", b"\x0a\x01p\x7a\x03new"),
        TalosEvent::Phase {
            name: "p".into(),
            action: StepAction::Start
        },
        "an unknown field is passed over"
    );
}

#[test]
fn the_url_of_the_config_is_not_kept() {
    let text = b"get http://10.0.0.1/c/s3cret/talos: 404";
    let mut bytes = vec![0x0a, u8::try_from(text.len()).unwrap()];
    bytes.extend(text);
    let TalosEvent::ConfigLoadError { error } = decode("ConfigLoadErrorEvent", &bytes) else {
        panic!("a load error")
    };
    assert_eq!(error, "get http://10.0.0.1[redacted] 404");
}

proptest! {
    #[test]
    fn any_bytes_of_any_kind_are_an_event(kind in 0..ALL.len(), bytes: Vec<u8>) {
        TalosEvent::decode(ALL[kind], &bytes);
    }

    #[test]
    fn any_type_url_is_an_event(type_url: String, bytes: Vec<u8>) {
        TalosEvent::decode(&type_url, &bytes);
    }

    #[test]
    fn texts_and_lists_are_bounded(name in "\\PC{300,400}", count in 60_usize..80) {
        let event = machine::AddressEvent {
            hostname: name,
            addresses: vec!["10.0.0.1".into(); count],
        };
        let TalosEvent::Address { hostname, addresses } =
            TalosEvent::decode(ALL[7], &event.encode_to_vec())
        else {
            panic!("an address event")
        };
        prop_assert!(hostname.chars().count() <= NAME_LIMIT);
        prop_assert_eq!(addresses.len(), count.min(LIST_LIMIT));
    }
}
