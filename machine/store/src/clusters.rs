//! Clusters: their specifications, written by [`crate::change`], and read with their one Bootstrap.

use machine_core::cluster::{Cluster, ClusterSpec};
use machine_core::id::ClusterId;
use machine_core::time::Timestamp;

use crate::cluster_document;
use crate::db::Db;
use crate::error::StoreError;
use crate::operations;
use crate::read_model::ReadModel;
use crate::row::{Fields, Row, prefixed};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The cluster of this id, also if it was deleted: what is on record of machines names it.
pub async fn find(db: &Db, id: ClusterId) -> Result<Option<Cluster>, StoreError> {
    let held = db.model().read(ReadModel::clusters).flatten();
    if let Some(clusters) = held
        && let Some(cluster) = clusters.iter().find(|it| it.id == id)
    {
        return Ok(Some(cluster.clone()));
    }
    let statement = select("WHERE cluster.id = $1").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The cluster of this name.
pub async fn find_by_name(db: &Db, name: &str) -> Result<Option<Cluster>, StoreError> {
    let statement = select("WHERE cluster.name = $1").bind(name);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// Every cluster, by name.
pub async fn list(db: &Db) -> Result<Vec<Cluster>, StoreError> {
    let held = db.model().read(ReadModel::clusters).flatten();
    if let Some(clusters) = held {
        return Ok(clusters.to_vec());
    }
    db.all(list_statement()).await?.iter().map(read).collect()
}

/// The clusters that can be read, and the names of those that can't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// Those that can be read, by name.
    pub clusters: Vec<Cluster>,
    /// The others. Nobody knows which machines their rules take.
    pub unreadable: Vec<String>,
}

/// Every cluster that can be read, and which can't.
pub async fn readable(db: &Db) -> Result<Readable, StoreError> {
    let held = db.model().read(ReadModel::clusters).flatten();
    if let Some(clusters) = held {
        return Ok(Readable {
            clusters: clusters.to_vec(),
            unreadable: Vec::new(),
        });
    }
    let rows = db.all(list_statement()).await?;
    let clusters = db.readable(&rows, read)?;
    let is_unreadable = |row: &&Row| read(row).is_err();
    let name = |row: &Row| {
        let fields = Fields::new(row, "cluster", "id").under("cluster_");
        fields.text("name").or_else(|_| fields.text("id"))
    };
    let unreadable = if clusters.len() == rows.len() {
        Vec::new()
    } else {
        let unreadable = rows.iter().filter(is_unreadable);
        unreadable.filter_map(|row| name(row).ok()).collect()
    };
    Ok(Readable {
        clusters,
        unreadable,
    })
}

/// The text that is kept of a specification: two that say the same are the same text.
pub fn document(spec: &ClusterSpec) -> String {
    cluster_document::write(spec)
}

/// Adds a cluster; `false` if its name or its endpoint is taken.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    cluster: &Cluster,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "cluster",
        columns: &WRITTEN,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(cluster)]);
    transaction.changes_one(statement).await
}

/// Whether a cluster still has this version: until the end of the transaction nobody changes it.
pub(crate) async fn hold(
    transaction: &mut Transaction,
    id: ClusterId,
    version: i64,
) -> Result<bool, StoreError> {
    // The write takes the lock of the row, in both databases; a read would not in PostgreSQL.
    const HOLD: &str = "UPDATE cluster SET version = version WHERE id = $1 AND version = $2";
    let statement = Statement::new(HOLD).bind(&id).bind(version);
    transaction.changes_one(statement).await
}

/// Writes a cluster over the version that was read; `false` if somebody else has in between.
pub(crate) async fn update(
    transaction: &mut Transaction,
    cluster: &Cluster,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE cluster SET name = $2, spec = $3, endpoint = $5, \
         version = version + 1 WHERE id = $1 AND version = $4 AND deleted IS NULL";
    let statement = Statement::with(UPDATE, values(cluster));
    transaction.changes_one(statement).await
}

/// Marks a cluster as deleted, over the version that was read; `false` if somebody else has written
/// it in between. No cluster can be given the name that it has from now on.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    id: ClusterId,
    version: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const DELETE: &str = "UPDATE cluster SET name = name || ' ' || id, endpoint = NULL, \
         deleted = $3, version = version + 1 \
         WHERE id = $1 AND version = $2 AND deleted IS NULL";
    let statement = Statement::new(DELETE).bind(&id).bind(version).bind(at);
    transaction.changes_one(statement).await
}

/// Holds a cluster whose secrets no machine has or can get, over the version that was read, which
/// counts up; `false` if that is not so.
pub(crate) async fn hold_unused(
    transaction: &mut Transaction,
    id: ClusterId,
    version: i64,
) -> Result<bool, StoreError> {
    const HOLD: &str = "UPDATE cluster SET version = version + 1 \
         WHERE id = $1 AND version = $2 AND deleted IS NULL \
         AND NOT EXISTS (SELECT 1 FROM operation WHERE operation.cluster = $1 \
         AND operation.withdrawn_at IS NULL) \
         AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.cluster = $1 \
         AND (attempt.release_at IS NOT NULL OR attempt.closed_at IS NULL))";
    let statement = Statement::new(HOLD).bind(&id).bind(version);
    transaction.changes_one(statement).await
}

/// Whether a cluster was deleted.
pub(crate) async fn is_deleted(
    transaction: &mut Transaction,
    id: ClusterId,
) -> Result<bool, StoreError> {
    let statement = Statement::select("cluster", &["id"], "WHERE id = $1 AND deleted IS NOT NULL");
    Ok(transaction.optional(statement.bind(&id)).await?.is_some())
}

/// Whether a permission to install a machine for a cluster is open.
pub(crate) async fn has_open_intent(
    transaction: &mut Transaction,
    id: ClusterId,
) -> Result<bool, StoreError> {
    const OPEN: &str = "WHERE cluster = $1 AND closed_at IS NULL LIMIT 1";
    let statement = Statement::select("intent", &["id"], OPEN).bind(&id);
    Ok(transaction.optional(statement).await?.is_some())
}

/// The columns that are written, in the order of [`values`]: what is read, and the endpoint in one
/// spelling.
const WRITTEN: [&str; 5] = ["id", "name", "spec", "version", "endpoint"];

const COLUMNS: [&str; 4] = ["id", "name", "spec", "version"];

pub(crate) fn list_statement() -> Statement {
    select("WHERE cluster.deleted IS NULL ORDER BY cluster.name")
}

/// Clusters, each with its Bootstrap.
fn select(rest: &str) -> Statement {
    let columns = [
        prefixed("cluster", &COLUMNS),
        prefixed("operation", &operations::COLUMNS),
    ];
    Statement::new(format!(
        "SELECT {} FROM cluster LEFT JOIN operation ON operation.cluster = cluster.id \
         AND operation.kind = 'bootstrap' AND operation.withdrawn_at IS NULL {rest}",
        columns.join(", ")
    ))
}

fn values(cluster: &Cluster) -> Vec<Value> {
    vec![
        (&cluster.id).into(),
        cluster.spec.name.as_str().into(),
        cluster_document::write(&cluster.spec).into(),
        cluster.version.into(),
        cluster.spec.endpoint.place().into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Cluster, StoreError> {
    let fields = Fields::new(row, "cluster", "id").under("cluster_");
    let operation = Fields::new(row, "operation", "id").under("operation_");
    Ok(Cluster {
        id: fields.parsed("id")?,
        spec: fields.named("spec", cluster_document::read)?,
        bootstrap: operations::read_if_there(operation)?,
        version: fields.integer("version")?,
    })
}
