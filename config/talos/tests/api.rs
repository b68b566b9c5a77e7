//! The API client against a node that answers, refuses, hangs, breaks, or is not ours.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod fake_talos;
mod limit;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use config_talos::api::{Service, TalosApi, Version};
use config_talos::api_error::{BootstrapError, CallError, ConnectError, CredentialsError};
use config_talos::command_line::BootSource;
use config_talos::credentials::Credentials;
use tokio::net::TcpListener;
use tonic::Code;
use zeroize::Zeroizing;

use fake_talos::{Authority, Behaviour, FakeTalos};

/// Long enough for anything that answers at all.
const PATIENT: Duration = Duration::from_mins(1);
/// For what never answers.
const IMPATIENT: Duration = Duration::from_millis(500);

async fn api(behaviour: Behaviour) -> (TalosApi, FakeTalos) {
    let authority = Authority::new();
    let node = FakeTalos::start(&authority, behaviour).await;
    let credentials = authority.credentials(&authority);
    let api = TalosApi::connect(node.address, &credentials, PATIENT)
        .await
        .unwrap();
    (api, node)
}

#[tokio::test]
async fn a_node_of_the_cluster_answers() {
    let (api, mut node) = api(Behaviour::Answers).await;
    assert_eq!(
        api.version().await.unwrap(),
        Version {
            tag: "v1.13.9".into(),
            arch: "amd64".into(),
            platform: "metal".into()
        }
    );
    let service = |id: &str, state: &str, healthy| Service {
        id: id.into(),
        state: state.into(),
        healthy,
    };
    assert_eq!(
        api.services().await.unwrap(),
        [
            service("etcd", "Running", Some(true)),
            service("kubelet", "Waiting", None),
            service("trustd", "Failed", Some(false)),
            service("udevd", "Starting", None),
        ]
    );
    assert_eq!(api.etcd_members().await.unwrap(), ["cp-1", "cp-2"]);
    assert_eq!(api.boot_source().await.unwrap(), BootSource::Disk);
    assert!(api.is_ready().await.unwrap());
    api.bootstrap().await.unwrap();
    assert_eq!(node.further_calls(), 6);
}

#[tokio::test]
async fn a_node_of_another_cluster_is_not_trusted() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut node = FakeTalos::start(&theirs, Behaviour::Answers).await;
    let error = TalosApi::connect(node.address, &ours.credentials(&theirs), PATIENT).await;
    assert!(
        matches!(error, Err(ConnectError::NotTrusted { .. })),
        "{error:?}"
    );
    assert_eq!(node.further_calls(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_address_is_not_trusted() {
    let authority = Authority::new();
    let elsewhere = IpAddr::from([10, 0, 0, 9]);
    let node = FakeTalos::start_named(&authority, Behaviour::Answers, elsewhere).await;
    let credentials = authority.credentials(&authority);
    let error = TalosApi::connect(node.address, &credentials, PATIENT).await;
    assert!(
        matches!(error, Err(ConnectError::NotTrusted { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_client_of_another_cluster_is_refused_at_its_first_call() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut node = FakeTalos::start(&ours, Behaviour::Answers).await;
    // The node closes after the handshake: whether that is seen while connecting is a race.
    if let Ok(api) = TalosApi::connect(node.address, &ours.credentials(&theirs), PATIENT).await {
        let error = api.version().await.unwrap_err();
        assert!(matches!(error, CallError::Status { .. }), "{error:?}");
    }
    assert_eq!(node.further_calls(), 0);
}

#[tokio::test]
async fn each_outcome_of_a_bootstrap_is_told_apart() {
    for (behaviour, wanted) in [
        (Behaviour::Fails(Code::FailedPrecondition), "not ready"),
        (Behaviour::Fails(Code::AlreadyExists), "already done"),
        (Behaviour::Fails(Code::PermissionDenied), "refused"),
        (Behaviour::Fails(Code::Unavailable), "unknown"),
        (Behaviour::Fails(Code::Unknown), "unknown"),
        (Behaviour::FailsInside, "unknown"),
        (Behaviour::Breaks, "unknown"),
    ] {
        let (api, mut node) = api(behaviour).await;
        let error = api.bootstrap().await.unwrap_err();
        let outcome = match &error {
            BootstrapError::NotReady { .. } => "not ready",
            BootstrapError::AlreadyDone => "already done",
            BootstrapError::Refused { .. } => "refused",
            BootstrapError::Unknown { .. } => "unknown",
        };
        assert_eq!(outcome, wanted, "{behaviour:?}: {error}");
        assert!(!error.to_string().contains("s3cret") && !error.to_string().contains('\n'));
        assert_eq!(node.call().await, "/machine.MachineService/Bootstrap");
        assert_eq!(
            node.further_calls(),
            0,
            "{behaviour:?}: the call is never sent again"
        );
    }
}

#[tokio::test]
async fn a_bootstrap_that_hangs_after_it_was_sent_is_unknown() {
    let (api, mut node) = api(Behaviour::Hangs).await;
    let api = api.with_patience(IMPATIENT);
    assert_eq!(
        api.bootstrap().await,
        Err(BootstrapError::Unknown {
            cause: CallError::TimedOut {
                patience: IMPATIENT
            }
        })
    );
    assert_eq!(node.call().await, "/machine.MachineService/Bootstrap");
}

#[tokio::test]
async fn other_calls_that_hang_or_fail_say_so() {
    let (hanging, _node) = api(Behaviour::Hangs).await;
    let hanging = hanging.with_patience(IMPATIENT);
    assert_eq!(
        hanging.version().await,
        Err(CallError::TimedOut {
            patience: IMPATIENT
        })
    );
    let (failing, _node) = api(Behaviour::FailsInside).await;
    assert_eq!(
        failing.services().await,
        Err(CallError::Status {
            code: Code::Unknown,
            message: "rpc error".into()
        })
    );
    let (failing, _node) = api(Behaviour::Fails(Code::Unimplemented)).await;
    assert!(matches!(
        failing.version().await,
        Err(CallError::Status {
            code: Code::Unimplemented,
            ..
        })
    ));
}

#[tokio::test]
async fn a_server_that_never_speaks_is_no_connection() {
    let authority = Authority::new();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = silent.local_addr().unwrap();
    let credentials = authority.credentials(&authority);
    let error = TalosApi::connect(address, &credentials, IMPATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let authority = Authority::new();
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address: SocketAddr = gone.local_addr().unwrap();
    drop(gone);
    let credentials = authority.credentials(&authority);
    let error = TalosApi::connect(address, &credentials, PATIENT)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[test]
fn credentials_that_can_not_be_used_say_which_part() {
    let no_key = Zeroizing::new("s3cret".to_owned());
    assert_eq!(
        Credentials::from_pem("x", "x", &no_key).unwrap_err(),
        CredentialsError::Authority
    );
    let authority = Authority::new();
    let credentials = authority.credentials(&authority);
    assert_eq!(format!("{credentials:?}"), "Credentials([redacted])");
}
