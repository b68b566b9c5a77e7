//! Reads what the model holds: all of it, or parts of one machine.

use std::collections::{BTreeMap, BTreeSet};

use machine_core::cluster::Cluster;
use machine_core::hardware::SystemUuid;
use machine_core::id::MachineId;

use crate::dossier::{Dossier, MachineWork, Recognised, Spoken, Voice};
use crate::error::StoreError;
use crate::read_model::ReadModel;
use crate::read_model::reader::Reader;
use crate::row::{Fields, Row, prefixed};
use crate::statement::Statement;
use crate::{
    attempts, boots, claimants, clusters, identities, intents, machines, members, power_on,
};
use machine_core::dossier::Standing;

/// All of it. What can't be read of a machine is told, and the machine is left out.
pub(crate) async fn everything(reader: &mut impl Reader) -> Result<ReadModel, StoreError> {
    let mut bad = Bad::default();
    let mut recognised = all_recognised(reader, &mut bad).await?;
    let mut spoken = all_spoken(reader, &mut bad).await?;
    let mut dossiers = Vec::new();
    for row in reader.rows(work_statement("")).await? {
        let machine = machine_of(&row, "m_id")?;
        let (work, recognised) = (read_work(&row), recognised.remove(&machine));
        if let (Some(work), Some(recognised)) = (bad.readable(machine, work), recognised) {
            dossiers.push(Dossier {
                recognised,
                work,
                spoken: spoken.remove(&machine).unwrap_or_default(),
            });
        }
    }
    dossiers.retain(|it| !bad.machines.contains(&it.work.standing.machine.id));
    let mut model = ReadModel::new(dossiers, all_clusters(reader).await?);
    for machine in bad.machines {
        model.put_unreadable(machine);
    }
    Ok(model)
}

/// The machines of which something can't be read.
#[derive(Default)]
struct Bad {
    machines: BTreeSet<MachineId>,
}

impl Bad {
    fn readable<T>(&mut self, machine: MachineId, read: Result<T, StoreError>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                tracing::error!(%machine, %error, "a machine is on record that can't be read");
                self.machines.insert(machine);
                None
            }
        }
    }
}

fn machine_of(row: &Row, column: &'static str) -> Result<MachineId, StoreError> {
    Fields::new(row, "machine", column).parsed(column)
}

/// The clusters; `None` if one of them can't be read, for without it nothing may be concluded of
/// its members.
pub(crate) async fn all_clusters(
    reader: &mut impl Reader,
) -> Result<Option<Vec<Cluster>>, StoreError> {
    let rows = reader.rows(clusters::list_statement()).await?;
    let read: Result<Vec<Cluster>, StoreError> = rows.iter().map(clusters::read).collect();
    match read {
        Ok(clusters) => Ok(Some(clusters)),
        Err(error) => {
            tracing::error!(%error, "a cluster is on record that can't be read");
            Ok(None)
        }
    }
}

async fn all_recognised(
    reader: &mut impl Reader,
    bad: &mut Bad,
) -> Result<BTreeMap<MachineId, Recognised>, StoreError> {
    let mut boards: BTreeMap<MachineId, BTreeSet<SystemUuid>> = BTreeMap::new();
    for row in reader.rows(boards_statement("")).await? {
        let machine = machine_of(&row, "machine")?;
        if let Some(board) = bad.readable(machine, read_board(&row)) {
            boards.entry(machine).or_default().insert(board);
        }
    }
    let rows = reader.rows(identities::list_statement()).await?;
    let ids = rows.iter().map(|row| machine_of(row, "id"));
    let ids: Vec<MachineId> = ids.collect::<Result<_, _>>()?;
    let mut recognised = BTreeMap::new();
    let mut begin = 0;
    for of_machine in ids.chunk_by(|one, other| one == other) {
        let end = begin + of_machine.len();
        let known = identities::gather(rows.get(begin..end).unwrap_or_default());
        begin = end;
        let Some(&machine) = of_machine.first() else {
            continue;
        };
        if let Some(identity) = bad.readable(machine, known).and_then(|mut it| it.pop()) {
            let boards = boards.remove(&machine).unwrap_or_default();
            recognised.insert(machine, Recognised { identity, boards });
        }
    }
    Ok(recognised)
}

/// By what a machine is recognised; `None` if there is no such machine.
pub(crate) async fn recognised(
    reader: &mut impl Reader,
    machine: MachineId,
) -> Result<Option<Recognised>, StoreError> {
    let rows = reader
        .rows(identities::of_machine_statement(machine))
        .await?;
    let Some(identity) = identities::gather(&rows)?.pop() else {
        return Ok(None);
    };
    let boards = boards_statement("AND machine = $1").bind(&machine);
    let rows = reader.rows(boards).await?;
    let boards = rows.iter().map(read_board).collect::<Result<_, _>>()?;
    Ok(Some(Recognised { identity, boards }))
}

fn boards_statement(rest: &str) -> Statement {
    let rest = format!("WHERE kind = 'uuid' {rest}");
    Statement::select("evidence", &["machine", "value"], &rest)
}

fn read_board(row: &Row) -> Result<SystemUuid, StoreError> {
    Fields::new(row, "evidence", "value").parsed("value")
}

/// What is done with a machine; `None` if there is no such machine.
pub(crate) async fn work(
    reader: &mut impl Reader,
    machine: MachineId,
) -> Result<Option<MachineWork>, StoreError> {
    let statement = work_statement("AND m.id = $1").bind(&machine);
    let rows = reader.rows(statement).await?;
    rows.first().map(read_work).transpose()
}

fn work_statement(rest: &str) -> Statement {
    let columns = [
        prefixed("m", &machines::COLUMNS),
        prefixed("i", &intents::COLUMNS),
        prefixed("a", &attempts::COLUMNS),
        prefixed("b", &boots::COLUMNS),
        prefixed("s", &boots::COLUMNS),
        prefixed("c", &members::COLUMNS),
    ];
    let seen = boots::SEEN_STEPS;
    Statement::new(format!(
        "SELECT {} FROM machine_record m \
         LEFT JOIN intent i ON i.id = (SELECT latest.id FROM intent latest \
         WHERE latest.machine = m.id ORDER BY latest.opened DESC, latest.id DESC LIMIT 1) \
         LEFT JOIN attempt a ON a.id = (SELECT latest.id FROM attempt latest \
         WHERE latest.intent = i.id ORDER BY latest.number DESC LIMIT 1) \
         LEFT JOIN boot b ON b.id = (SELECT latest.id FROM boot latest \
         WHERE latest.machine = m.id ORDER BY latest.opened DESC, latest.id DESC LIMIT 1) \
         LEFT JOIN boot s ON s.id = (SELECT latest.id FROM boot latest \
         WHERE latest.machine = m.id AND latest.{seen} \
         ORDER BY latest.opened DESC, latest.id DESC LIMIT 1) \
         LEFT JOIN member c ON c.machine = m.id AND c.left_at IS NULL \
         WHERE m.forgotten IS NULL {rest}",
        columns.join(", ")
    ))
}

fn read_work(row: &Row) -> Result<MachineWork, StoreError> {
    let fields = |table, prefix| Fields::new(row, table, "id").under(prefix);
    let standing = Standing {
        machine: machines::read_fields(fields("machine", "m_"))?,
        intent: if_there(fields("intent", "i_"), intents::read_fields)?,
        attempt: if_there(fields("attempt", "a_"), attempts::read_fields)?,
    };
    Ok(MachineWork {
        standing,
        boot: if_there(fields("boot", "b_"), boots::read_fields)?,
        seen: if_there(fields("boot", "s_"), boots::read_fields)?,
        membership: members::read_if_there(fields("member", "c_"))?,
    })
}

fn if_there<'r, T>(
    fields: Fields<'r>,
    read: impl FnOnce(Fields<'r>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match fields.optional_text("id")? {
        Some(_) => read(fields).map(Some),
        None => Ok(None),
    }
}

async fn all_spoken(
    reader: &mut impl Reader,
    bad: &mut Bad,
) -> Result<BTreeMap<MachineId, Spoken>, StoreError> {
    let mut spoken: BTreeMap<MachineId, Spoken> = BTreeMap::new();
    for row in reader.rows(claimants::list_statement()).await? {
        let machine = machine_of(&row, "machine")?;
        if let Some(heard) = bad.readable(machine, claimants::read(&row)) {
            spoken.entry(machine).or_default().voices.push(voice(heard));
        }
    }
    for row in reader.rows(power_on::list_statement()).await? {
        let (machine, at) = power_on::read(&row)?;
        spoken.entry(machine).or_default().powered_on = Some(at);
    }
    Ok(spoken)
}

/// Who spoke for a machine, and when it was switched on.
pub(crate) async fn spoken(
    reader: &mut impl Reader,
    machine: MachineId,
) -> Result<Spoken, StoreError> {
    let rows = reader
        .rows(claimants::of_machine_statement(machine))
        .await?;
    let heard = rows.iter().map(|row| claimants::read(row).map(voice));
    let voices = heard.collect::<Result<_, _>>()?;
    let rows = reader.rows(power_on::of_machine_statement(machine)).await?;
    let powered_on = rows.first().map(power_on::read).transpose()?;
    Ok(Spoken {
        voices,
        powered_on: powered_on.map(|(_, at)| at),
    })
}

fn voice(heard: claimants::Heard) -> Voice {
    let claimants::Heard {
        claimant,
        is_own,
        why,
        machine: _,
    } = heard;
    Voice {
        claimant,
        is_own,
        why,
    }
}
