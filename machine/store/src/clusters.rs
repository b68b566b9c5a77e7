//! Clusters: their specifications and their one Bootstrap call, written by [`crate::change`].

use machine_core::cluster::{Bootstrap, BootstrapOutcome, Cluster, ClusterSpec};
use machine_core::id::ClusterId;

use crate::cluster_document;
use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The cluster of this id.
pub async fn find(db: &Db, id: ClusterId) -> Result<Option<Cluster>, StoreError> {
    let statement = Statement::select("cluster", &COLUMNS, "WHERE id = $1").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The cluster of this name.
pub async fn find_by_name(db: &Db, name: &str) -> Result<Option<Cluster>, StoreError> {
    let statement = Statement::select("cluster", &COLUMNS, "WHERE name = $1").bind(name);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// Every cluster, by name.
pub async fn list(db: &Db) -> Result<Vec<Cluster>, StoreError> {
    let statement = Statement::select("cluster", &COLUMNS, "ORDER BY name");
    db.all(statement).await?.iter().map(read).collect()
}

/// The text that is kept of a specification: two that say the same are the same text.
pub fn document(spec: &ClusterSpec) -> String {
    cluster_document::write(spec)
}

/// Adds a cluster; `false` if its name is taken.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    cluster: &Cluster,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "cluster",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(cluster)]);
    transaction.changes_one(statement).await
}

/// Writes a cluster over the version that was read; `false` if somebody else has in between.
pub(crate) async fn update(
    transaction: &mut Transaction,
    cluster: &Cluster,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE cluster SET name = $2, spec = $3, bootstrap_machine = $4, \
         bootstrap_recorded = $5, bootstrap_outcome = $6, version = version + 1 \
         WHERE id = $1 AND version = $7";
    let statement = Statement::with(UPDATE, values(cluster));
    transaction.changes_one(statement).await
}

const COLUMNS: [&str; 7] = [
    "id",
    "name",
    "spec",
    "bootstrap_machine",
    "bootstrap_recorded",
    "bootstrap_outcome",
    "version",
];

fn values(cluster: &Cluster) -> Vec<Value> {
    let bootstrap = cluster.bootstrap.as_ref();
    vec![
        (&cluster.id).into(),
        cluster.spec.name.as_str().into(),
        cluster_document::write(&cluster.spec).into(),
        bootstrap.map(|it| &it.machine).into(),
        bootstrap.map(|it| it.recorded).into(),
        bootstrap.map(|it| it.outcome.as_str()).into(),
        cluster.version.into(),
    ]
}

fn read(row: &Row) -> Result<Cluster, StoreError> {
    let fields = Fields::new(row, "cluster", "id");
    Ok(Cluster {
        id: fields.parsed("id")?,
        spec: fields.named("spec", cluster_document::read)?,
        bootstrap: read_bootstrap(fields)?,
        version: fields.integer("version")?,
    })
}

fn read_bootstrap(fields: Fields<'_>) -> Result<Option<Bootstrap>, StoreError> {
    let known = |text: &str| {
        let mut all = BootstrapOutcome::ALL.into_iter();
        all.find(|outcome| outcome.as_str() == text)
    };
    let Some(machine) = fields.optional_parsed("bootstrap_machine")? else {
        return Ok(None);
    };
    Ok(Some(Bootstrap {
        machine,
        recorded: fields.time("bootstrap_recorded")?,
        outcome: fields.named("bootstrap_outcome", known)?,
    }))
}
