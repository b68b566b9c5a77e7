//! The generation within the database: counted up by each change that protects a disk, compared
//! with its mark at the start, and taken up anew when a person confirms a doubtful database.

use std::path::Path;

use machine_core::generation::{DatabaseFacts, Doubt, Generation, Standing, judge};
use machine_core::id::DatabaseId;

use crate::db::Db;
use crate::error::StoreError;
use crate::events::{self, Event};
use crate::generation_row::{insert, read};
use crate::lineage;
use crate::lineage_error::LineageError;
use crate::mark;
use crate::requests::{self, Request};
use crate::row::Fields;
use crate::statement::Statement;
use crate::transaction::Transaction;

/// A person's word that a doubtful database is the one to go on with.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The request: carried out once.
    pub request: Request,
    /// Who confirmed what.
    pub event: Event,
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// Safe mode is over.
    Now,
    /// The same request was carried out before.
    Before,
    /// There was nothing to confirm.
    NotDoubted,
}

/// Compares a database with its mark in `path`, and lets the mark follow from now on; a doubtful
/// one stands still. `has_key`: whether a key that sealed secrets lies beside it.
pub async fn resume(db: &Db, path: &Path, has_key: bool) -> Result<Standing, StoreError> {
    let mark = mark::read(path)?;
    let facts = facts(db).await?;
    let standing = judge(mark, facts, has_key);
    match (standing, facts.generation) {
        (Standing::Doubted(doubt), _) => db.lineage().stand_still(path.to_owned(), doubt),
        (_, Some(found)) => {
            if mark.is_none_or(|it| it.generation != found) {
                lineage::write(path.to_owned(), found).await?;
            }
            db.lineage().begin(path.to_owned(), found);
        }
        (_, None) => begin(db, path, standing).await?,
    }
    Ok(standing)
}

/// Names a database that has no name. The mark comes first and says 0, which protects nothing: if
/// this is cut off, the next start begins again. A database with records counts from 1, so that its
/// mark protects them from the start.
async fn begin(db: &Db, path: &Path, standing: Standing) -> Result<(), StoreError> {
    let database = draw()?;
    lineage::write(path.to_owned(), Generation { database, value: 0 }).await?;
    let value = i64::from(standing == Standing::Adopted);
    let generation = Generation { database, value };
    let mut transaction = db.begin().await?;
    transaction.execute(insert(generation)).await?;
    transaction.commit().await?;
    if value > 0 {
        lineage::write(path.to_owned(), generation).await?;
    }
    db.lineage().begin(path.to_owned(), generation);
    Ok(())
}

/// Goes on with a doubtful database, under a new name and ahead of its mark: whatever copy comes
/// back later is told from it.
pub async fn confirm(db: &Db, confirmation: &Confirmation) -> Result<Confirmed, StoreError> {
    let (own, confirmation) = (db.clone(), confirmation.clone());
    db.on_disk(async move { confirm_here(&own, &confirmation).await })
        .await
}

async fn confirm_here(db: &Db, confirmation: &Confirmation) -> Result<Confirmed, StoreError> {
    let Confirmation { request, event } = confirmation;
    let Some((path, doubt)) = db.lineage().doubt() else {
        return match requests::find(db, &request.key).await? {
            Some(earlier) => earlier.repeated(&request.digest).map(|_| Confirmed::Before),
            None => Ok(Confirmed::NotDoubted),
        };
    };
    let mut transaction = db.begin().await?;
    requests::record(&mut transaction, request).await?;
    let generation = rename(&mut transaction, &doubt).await?;
    events::append(&mut transaction, std::slice::from_ref(event)).await?;
    transaction.commit().await?;
    lineage::write(path.clone(), generation).await?;
    db.lineage().begin(path, generation);
    Ok(Confirmed::Now)
}

async fn rename(transaction: &mut Transaction, doubt: &Doubt) -> Result<Generation, StoreError> {
    let generation = Generation {
        database: draw()?,
        value: doubt.next_value(),
    };
    transaction
        .execute(Statement::new("DELETE FROM generation"))
        .await?;
    transaction.execute(insert(generation)).await?;
    Ok(generation)
}

async fn facts(db: &Db) -> Result<DatabaseFacts, StoreError> {
    const RECORDS: &str = "SELECT id FROM machine UNION ALL SELECT id FROM cluster \
         UNION ALL SELECT id FROM intent LIMIT 1";
    let generation = Statement::new("SELECT name, value FROM generation");
    let generation = db.optional(generation).await?;
    let has_records = db.optional(Statement::new(RECORDS)).await?.is_some();
    let last = Statement::new("SELECT seq, at FROM event ORDER BY seq DESC LIMIT 1");
    let last = db.optional(last).await?;
    let last_event = last.map(|row| Fields::new(&row, "event", "seq").time("at"));
    Ok(DatabaseFacts {
        generation: generation.as_ref().map(read).transpose()?,
        has_records,
        last_event: last_event.transpose()?,
    })
}

fn draw() -> Result<DatabaseId, LineageError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| LineageError::NoRandomness {
        why: error.to_string(),
    })?;
    Ok(DatabaseId::from_bytes(bytes))
}
