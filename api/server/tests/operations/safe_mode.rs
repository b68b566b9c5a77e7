//! While the records are doubted, what rests on them waits; what a person wants is recorded.

use api_proto::v1::ErrorCode;
use api_server::error::UseCaseError;
use api_server::operation::Operation;
use machine_store::generation::resume;
use tempfile::TempDir;

use crate::around::{Around, caller};
use crate::clusters::CLUSTER;

/// Two machines and a cluster, in a database that has lost its mark.
async fn doubted() -> (Around, TempDir) {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    let state = tempfile::tempdir().unwrap();
    let mark = state.path().join("generation");
    resume(&around.db, &mark, true).await.unwrap();
    assert_eq!(around.db.safe_mode(), None);
    std::fs::remove_file(&mark).unwrap();
    resume(&around.db, &mark, true).await.unwrap();
    assert!(around.db.safe_mode().is_some());
    (around, state)
}

fn waits(done: &Result<(), UseCaseError>) -> bool {
    matches!(done, Err(UseCaseError::SafeMode { .. }))
}

#[tokio::test]
async fn in_safe_mode_what_rests_on_the_records_waits_and_everything_else_does_not() {
    let (around, _state) = doubted().await;
    for operation in Operation::ALL {
        let done = around.call(operation, &caller()).await;
        let wanted = operation.waits_in_safe_mode();
        assert_eq!(waits(&done), wanted, "{operation:?}: {done:?}");
    }
}

#[tokio::test]
async fn in_safe_mode_nobody_destroys_keys_or_records() {
    let (around, _state) = doubted().await;
    let before = around.events().await;
    let keys = around.secrets().await;
    for operation in [
        Operation::ImportSecrets,
        Operation::DeleteCluster,
        Operation::ForgetMachine,
        Operation::MergeMachine,
        Operation::ReplaceBoard,
        Operation::RetryWithWipe,
        Operation::ReleaseHold,
        Operation::ResolveBootstrap,
    ] {
        let refused = around.call(operation, &caller()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::SafeMode, "{operation:?}");
        let said = refused.to_string();
        assert!(
            said.starts_with(&operation.method().as_str()[..5]),
            "{said}"
        );
        for way in ["restore the newest copy", "drover database confirm"] {
            assert!(said.contains(way), "{said}");
        }
    }
    assert_eq!(around.events().await, before);
    assert_eq!(around.secrets().await, keys);
    for name in ["cp-1", "cp-2"] {
        around.machine(name).await;
    }
}
