//! Operations: recorded by [`crate::change`] before each step is done, and read with the cluster
//! that they are about ([`crate::clusters`]).
//!
//! An operation is written together with a version of what it is about, which counts up: of two
//! that would do the same step, one does.

use machine_core::id::OperationId;
use machine_core::operation::{Operation, OperationKind, OperationOutcome, OperationStep};
use machine_core::time::Timestamp;

use crate::error::StoreError;
use crate::row::Fields;
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// Begins an operation; `false` if one of its kind stands for the cluster, or it was begun before.
pub(crate) async fn begin(
    transaction: &mut Transaction,
    operation: &Operation,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "operation",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(operation)]);
    transaction.changes_one(statement).await
}

/// Records the next step of an operation, or how its step ended; `false` if it was withdrawn.
pub(crate) async fn record(
    transaction: &mut Transaction,
    operation: &Operation,
) -> Result<bool, StoreError> {
    const RECORD: &str = "UPDATE operation SET step = $2, machine = $3, recorded = $4, \
         outcome = $5 WHERE id = $1 AND withdrawn_at IS NULL";
    let statement = Statement::new(RECORD)
        .bind(&operation.id)
        .bind(operation.step.as_str())
        .bind(&operation.machine)
        .bind(operation.recorded)
        .bind(operation.outcome.as_str());
    transaction.changes_one(statement).await
}

/// Withdraws an operation, because a person knows that it was not done; `false` if it was before.
pub(crate) async fn withdraw(
    transaction: &mut Transaction,
    id: OperationId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const WITHDRAW: &str =
        "UPDATE operation SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
    let statement = Statement::new(WITHDRAW).bind(&id).bind(at);
    transaction.changes_one(statement).await
}

/// The columns of an operation, in the order of [`values`].
pub(crate) const COLUMNS: [&str; 7] = [
    "id", "kind", "step", "cluster", "machine", "recorded", "outcome",
];

fn values(operation: &Operation) -> Vec<Value> {
    vec![
        (&operation.id).into(),
        operation.kind.as_str().into(),
        operation.step.as_str().into(),
        operation.cluster.as_ref().into(),
        (&operation.machine).into(),
        operation.recorded.into(),
        operation.outcome.as_str().into(),
    ]
}

/// The operation in a row, if there is one: a join may have found none.
pub(crate) fn read_if_there(fields: Fields<'_>) -> Result<Option<Operation>, StoreError> {
    let Some(id) = fields.optional_parsed("id")? else {
        return Ok(None);
    };
    let kind = |text: &str| {
        let mut all = OperationKind::ALL.into_iter();
        all.find(|it| it.as_str() == text)
    };
    let step = |text: &str| {
        let mut all = OperationStep::ALL.into_iter();
        all.find(|it| it.as_str() == text)
    };
    let outcome = |text: &str| {
        let mut all = OperationOutcome::ALL.into_iter();
        all.find(|it| it.as_str() == text)
    };
    Ok(Some(Operation {
        id,
        kind: fields.named("kind", kind)?,
        step: fields.named("step", step)?,
        cluster: fields.optional_parsed("cluster")?,
        machine: fields.parsed("machine")?,
        recorded: fields.time("recorded")?,
        outcome: fields.named("outcome", outcome)?,
    }))
}
