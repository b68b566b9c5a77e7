//! Requests that were carried out, by the idempotency key that their caller drew.

use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// A request that is carried out once, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The key that the caller drew for it.
    pub key: String,
    /// The code of the request ([`crate::request_code`]), to tell a repetition from a mistake.
    pub digest: [u8; 32],
    /// What was answered.
    pub result: String,
    /// When.
    pub at: Timestamp,
}

impl Request {
    /// What was answered, if `digest` is of the same request.
    pub fn repeated(self, digest: &[u8; 32]) -> Result<String, StoreError> {
        if self.digest == *digest {
            Ok(self.result)
        } else {
            Err(StoreError::RequestReused { key: self.key })
        }
    }
}

/// The request of this key.
pub async fn find(db: &Db, key: &str) -> Result<Option<Request>, StoreError> {
    db.optional(by_key(key))
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Records a request; what was recorded before, if its key was used.
pub(crate) async fn record(
    transaction: &mut Transaction,
    request: &Request,
) -> Result<Option<Request>, StoreError> {
    const INSERT: Insert = Insert {
        table: "request",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let row: Vec<Value> = vec![
        request.key.as_str().into(),
        request.digest.to_vec().into(),
        request.result.as_str().into(),
        request.at.into(),
    ];
    let statement = Statement::insert(&INSERT, [row]);
    if transaction.changes_one(statement).await? {
        return Ok(None);
    }
    let recorded = transaction.optional(by_key(&request.key)).await?;
    recorded.as_ref().map(read).transpose()
}

const COLUMNS: [&str; 4] = ["idempotency_key", "digest", "result", "at"];

fn by_key(key: &str) -> Statement {
    Statement::select("request", &COLUMNS, "WHERE idempotency_key = $1").bind(key)
}

fn read(row: &Row) -> Result<Request, StoreError> {
    let fields = Fields::new(row, "request", "idempotency_key");
    let digest = fields.bytes("digest")?;
    let length = digest.len();
    Ok(Request {
        key: fields.text("idempotency_key")?,
        digest: digest
            .try_into()
            .map_err(|_| fields.corrupt("digest", &format!("{length} bytes")))?,
        result: fields.text("result")?,
        at: fields.time("at")?,
    })
}
