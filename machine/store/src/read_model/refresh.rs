//! Commits a transaction, and puts what it changed into the model.
//!
//! SQLite has one writer: what changed is read within the transaction, and held before the next one
//! begins. PostgreSQL has many: what changed is read after the commit, by one at a time, so that
//! the last who reads sees what all have committed.

use std::collections::BTreeMap;

use machine_core::cluster::Cluster;
use machine_core::id::MachineId;

use crate::db::Db;
use crate::dossier::{Dossier, MachineWork, Recognised, Spoken};
use crate::error::StoreError;
use crate::read_model::reader::Reader;
use crate::read_model::shared::{Doubted, SharedModel};
use crate::read_model::{ReadModel, load};
use crate::row::Fields;
use crate::statement::Statement;
use crate::touched::{Parts, Touched};
use crate::transaction::Transaction;

/// What was read anew.
enum News {
    None,
    Everything(ReadModel),
    Parts {
        machines: BTreeMap<MachineId, MachineRead>,
        clusters: ClustersRead,
    },
}

/// What came of reading the clusters.
enum ClustersRead {
    /// They have not changed.
    No,
    /// None if one of them can't be read.
    Yes(Option<Vec<Cluster>>),
}

/// What came of reading a machine.
enum MachineRead {
    Parts(Box<PartsRead>),
    Gone,
    Unreadable,
}

/// The parts of a machine that were read.
#[derive(Default)]
struct PartsRead {
    recognised: Option<Recognised>,
    work: Option<MachineWork>,
    spoken: Option<Spoken>,
}

/// Reads the model, and keeps it from then on.
pub(crate) async fn read_model(db: &Db) -> Result<(), StoreError> {
    db.model().want();
    if db.model().doubted().touched.is_empty() {
        return Ok(());
    }
    commit(db, db.begin().await?).await
}

/// What the model would hold if it were read at this moment.
pub async fn read_afresh(db: &Db) -> Result<ReadModel, StoreError> {
    load::everything(&mut &*db).await
}

/// Commits, and holds what changed before it returns. What can't be read is in doubt from then on,
/// and the commit stands.
pub(crate) async fn commit(db: &Db, mut transaction: Transaction) -> Result<(), StoreError> {
    let model = db.model();
    let touched = transaction.take_touched();
    let unread = model.unread(touched.clone());
    if transaction.has_one_writer() {
        let news = read(model, &mut transaction, &touched).await;
        let mut is_held = false;
        transaction
            .commit_and(|| is_held = hold(model, news, &touched))
            .await?;
        if is_held {
            unread.settle();
        }
        return Ok(());
    }
    transaction.commit_and(|| {}).await?;
    let _turn = model.turn.lock().await;
    if hold(model, read(model, &mut &*db, &touched).await, &touched) {
        unread.settle();
    }
    Ok(())
}

/// Whether everything that changed is held now.
fn hold(model: &SharedModel, read: Result<(News, Doubted), StoreError>, touched: &Touched) -> bool {
    model.tell(touched);
    match read {
        Ok((News::None, _)) => true,
        Ok((news, doubted)) => {
            model.publish(|held| news.put_into(held), &doubted);
            true
        }
        Err(error) => {
            tracing::warn!(
                %error,
                "what was committed could not be read back: until it can, boots are answered from \
                 the database, which is slower"
            );
            false
        }
    }
}

/// What was touched and what is in doubt, read anew.
async fn read(
    model: &SharedModel,
    reader: &mut impl Reader,
    touched: &Touched,
) -> Result<(News, Doubted), StoreError> {
    let doubted = model.doubted();
    if !model.is_wanted() {
        return Ok((News::None, doubted));
    }
    let mut all = doubted.touched.clone();
    all.add(touched.clone());
    if all.is_empty() {
        return Ok((News::None, doubted));
    }
    if all.everything {
        let read = load::everything(reader).await?;
        return Ok((News::Everything(read), doubted));
    }
    resolve(model, reader, &mut all).await?;
    let mut machines = BTreeMap::new();
    for (machine, parts) in all.machines {
        let is_held = model.read_any(|held| held.machine(machine).is_some());
        let parts = if is_held { parts } else { Parts::ALL };
        let read = read_parts(reader, machine, parts).await;
        machines.insert(machine, readable(machine, read)?);
    }
    let clusters = if all.clusters {
        ClustersRead::Yes(load::all_clusters(reader).await?)
    } else {
        ClustersRead::No
    };
    Ok((News::Parts { machines, clusters }, doubted))
}

fn readable(
    machine: MachineId,
    read: Result<Option<PartsRead>, StoreError>,
) -> Result<MachineRead, StoreError> {
    match read {
        Ok(Some(parts)) => Ok(MachineRead::Parts(Box::new(parts))),
        Ok(None) => Ok(MachineRead::Gone),
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(%machine, %error, "a machine is on record that can't be read");
            Ok(MachineRead::Unreadable)
        }
        Err(error) => Err(error),
    }
}

/// Finds the machines of intents, attempts and boots.
async fn resolve(
    model: &SharedModel,
    reader: &mut impl Reader,
    touched: &mut Touched,
) -> Result<(), StoreError> {
    for intent in std::mem::take(&mut touched.intents) {
        let statement = Statement::select("intent", &["machine"], "WHERE id = $1");
        touch_owners(reader, statement.bind(&intent), touched).await?;
    }
    for attempt in std::mem::take(&mut touched.attempts) {
        // An attempt stands for the machine of its intent.
        const OF_ATTEMPT: &str = "WHERE id = (SELECT intent FROM attempt WHERE attempt.id = $1)";
        let statement = Statement::select("intent", &["machine"], OF_ATTEMPT);
        touch_owners(reader, statement.bind(&attempt), touched).await?;
    }
    for boot in std::mem::take(&mut touched.boots) {
        // Whose it was until now; whose it is was named.
        if let Some(machine) = model.read_any(|held| held.machine_of_boot(boot)) {
            touched.machine(machine, Parts::WORK);
        }
    }
    Ok(())
}

async fn touch_owners(
    reader: &mut impl Reader,
    statement: Statement,
    touched: &mut Touched,
) -> Result<(), StoreError> {
    for row in reader.rows(statement).await? {
        let machine = Fields::new(&row, "machine", "machine").parsed("machine")?;
        touched.machine(machine, Parts::WORK);
    }
    Ok(())
}

/// `None` if there is no such machine.
async fn read_parts(
    reader: &mut impl Reader,
    machine: MachineId,
    parts: Parts,
) -> Result<Option<PartsRead>, StoreError> {
    let mut read = PartsRead::default();
    if parts.recognised {
        read.recognised = load::recognised(reader, machine).await?;
        if read.recognised.is_none() {
            return Ok(None);
        }
    }
    if parts.work {
        read.work = load::work(reader, machine).await?;
        if read.work.is_none() {
            return Ok(None);
        }
    }
    if parts.spoken {
        read.spoken = Some(load::spoken(reader, machine).await?);
    }
    Ok(Some(read))
}

impl News {
    fn put_into(self, held: &mut ReadModel) {
        let (machines, clusters) = match self {
            Self::None => return,
            Self::Everything(model) => return held.replace(model),
            Self::Parts { machines, clusters } => (machines, clusters),
        };
        for (machine, read) in machines {
            match read {
                MachineRead::Parts(read) => match read.over(held, machine) {
                    Some(dossier) => held.put(dossier),
                    None => held.remove(machine),
                },
                MachineRead::Gone => held.remove(machine),
                MachineRead::Unreadable => held.put_unreadable(machine),
            }
        }
        if let ClustersRead::Yes(clusters) = clusters {
            held.set_clusters(clusters);
        }
    }
}

impl PartsRead {
    /// With what was held of the parts that were not read.
    fn over(self, held: &ReadModel, machine: MachineId) -> Option<Dossier> {
        let before = held.machine(machine).map(|it| &*it.dossier);
        let Self {
            recognised,
            work,
            spoken,
        } = self;
        Some(Dossier {
            recognised: recognised.or_else(|| before.map(|it| it.recognised.clone()))?,
            work: work.or_else(|| before.map(|it| it.work.clone()))?,
            spoken: spoken.or_else(|| before.map(|it| it.spoken.clone()))?,
        })
    }
}
