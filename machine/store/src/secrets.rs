//! Sealed values, each in its place. What is put there if absent is never put there twice.

use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::place::Place;
use crate::row::{Fields, Row};
use crate::seal::{KeyId, Sealed};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The sealed value of a place.
pub async fn find(db: &Db, place: &Place) -> Result<Option<Sealed>, StoreError> {
    const AT_PLACE: &str = "WHERE place_table = $1 AND place_row = $2 AND place_field = $3";
    let statement = Statement::select("secret", &COLUMNS, AT_PLACE)
        .bind(place.table.as_str())
        .bind(place.row.as_str())
        .bind(place.field.as_str());
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// Puts a sealed value in its place, if there is none; whether there was none.
pub async fn put_if_absent(
    db: &Db,
    place: &Place,
    sealed: &Sealed,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let (own, place, sealed) = (db.clone(), place.clone(), sealed.clone());
    db.on_disk(async move {
        let mut transaction = own.begin().await?;
        let put = add(&mut transaction, &place, &sealed, at).await?;
        transaction.commit().await?;
        Ok(put)
    })
    .await
}

/// The keys that sealed anything here: none while a new key may still be made.
pub async fn key_ids(db: &Db) -> Result<Vec<KeyId>, StoreError> {
    let statement = Statement::new(
        "SELECT key_id, MIN(place_row) AS place_row FROM secret GROUP BY key_id ORDER BY key_id",
    );
    let rows = db.all(statement).await?;
    let key_id = |row| Fields::new(row, "secret", "place_row").parsed("key_id");
    rows.iter().map(key_id).collect()
}

pub(crate) async fn add(
    transaction: &mut Transaction,
    place: &Place,
    sealed: &Sealed,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "secret",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(place, sealed, at)]);
    transaction.changes_one(statement).await
}

pub(crate) async fn replace(
    transaction: &mut Transaction,
    place: &Place,
    sealed: &Sealed,
    at: Timestamp,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "secret",
        columns: &COLUMNS,
        rest: "ON CONFLICT (place_table, place_row, place_field) DO UPDATE SET \
             version = excluded.version, key_id = excluded.key_id, \
             wrapped_key = excluded.wrapped_key, nonce = excluded.nonce, \
             ciphertext = excluded.ciphertext, sealed_at = excluded.sealed_at",
    };
    let statement = Statement::insert(&UPSERT, [values(place, sealed, at)]);
    transaction.execute(statement).await.map(|_| ())
}

/// Removes the sealed value of a place, if there is one.
pub(crate) async fn remove(transaction: &mut Transaction, place: &Place) -> Result<(), StoreError> {
    const REMOVE: &str =
        "DELETE FROM secret WHERE place_table = $1 AND place_row = $2 AND place_field = $3";
    let statement = Statement::new(REMOVE)
        .bind(place.table.as_str())
        .bind(place.row.as_str())
        .bind(place.field.as_str());
    transaction.execute(statement).await.map(|_| ())
}

const COLUMNS: [&str; 9] = [
    "place_table",
    "place_row",
    "place_field",
    "version",
    "key_id",
    "wrapped_key",
    "nonce",
    "ciphertext",
    "sealed_at",
];

fn values(place: &Place, sealed: &Sealed, at: Timestamp) -> Vec<Value> {
    vec![
        place.table.as_str().into(),
        place.row.as_str().into(),
        place.field.as_str().into(),
        sealed.version.into(),
        sealed.key_id.to_string().into(),
        sealed.wrapped_key.clone().into(),
        sealed.nonce.to_vec().into(),
        sealed.ciphertext.clone().into(),
        at.into(),
    ]
}

fn read(row: &Row) -> Result<Sealed, StoreError> {
    let fields = Fields::new(row, "secret", "place_row");
    let nonce = fields.bytes("nonce")?;
    let length = nonce.len();
    Ok(Sealed {
        version: fields.integer("version")?,
        key_id: fields.parsed("key_id")?,
        wrapped_key: fields.bytes("wrapped_key")?,
        nonce: nonce
            .try_into()
            .map_err(|_| fields.corrupt("nonce", &format!("{length} bytes")))?,
        ciphertext: fields.bytes("ciphertext")?,
    })
}
