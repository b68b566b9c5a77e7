//! Boots: written by the boot plane through [`crate::commit`], read by everybody.
//!
//! Several requests of one boot may be under way at once, each with a copy of its record. A write
//! therefore adds to what is there: what is known stays known, and the later step stands.

use std::collections::BTreeMap;
use std::net::IpAddr;

use machine_core::boot::{Boot, BootOrigin};
use machine_core::hardware::MacAddress;
use machine_core::id::{BootId, MachineId};

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value, placeholders};

/// The boot of this id.
pub async fn find(db: &Db, id: BootId) -> Result<Option<Boot>, StoreError> {
    if let Some(boot) = db.model().read(|held| held.boot(id).cloned()).flatten() {
        return Ok(Some(boot));
    }
    let statement = Statement::select("boot", &COLUMNS, "WHERE id = $1").bind(&id);
    first(db, statement).await
}

/// The latest boots of a machine, newest first, at most `limit`.
pub async fn recent(db: &Db, machine: MachineId, limit: u32) -> Result<Vec<Boot>, StoreError> {
    const RECENT: &str = "WHERE machine = $1 ORDER BY opened DESC, id DESC LIMIT $2";
    let statement = Statement::select("boot", &COLUMNS, RECENT).bind(&machine);
    let rows = db.all(statement.bind(limit)).await?;
    rows.iter().map(read).collect()
}

/// The latest boot of a machine.
pub async fn latest_of_machine(db: &Db, machine: MachineId) -> Result<Option<Boot>, StoreError> {
    Ok(recent(db, machine, 1).await?.pop())
}

/// The latest boot of a machine of which more was seen than that somebody asked for an address or a
/// boot file: anybody can do that with its hardware address.
pub async fn latest_seen(db: &Db, machine: MachineId) -> Result<Option<Boot>, StoreError> {
    let held = db
        .model()
        .read(|held| held.machine(machine).map(|it| it.dossier.work.seen.clone()));
    if let Some(seen) = held.flatten() {
        return Ok(seen);
    }
    Ok(recent_seen(db, machine, 1).await?.pop())
}

/// The latest boots of a machine, newest first, at most `limit`; and behind them those of which
/// more was seen, at most `seen`, however many only asked for an address since.
pub async fn recent_and_seen(
    db: &Db,
    machine: MachineId,
    (limit, seen): (u32, u32),
) -> Result<Vec<Boot>, StoreError> {
    let mut boots = recent(db, machine, limit).await?;
    for boot in recent_seen(db, machine, seen).await? {
        if !boots.iter().any(|it| it.id == boot.id) {
            boots.push(boot);
        }
    }
    Ok(boots)
}

/// The same of each of these machines, in two statements for every 256 of them.
pub async fn recent_and_seen_of_all(
    db: &Db,
    machines: &[MachineId],
    (limit, seen): (u32, u32),
) -> Result<BTreeMap<MachineId, Vec<Boot>>, StoreError> {
    let mut of_all: BTreeMap<MachineId, Vec<Boot>> = BTreeMap::new();
    let both = [("1 = 1", limit), (SEEN_STEPS, seen)];
    for (chunk, (which, limit)) in cross(machines, both) {
        for row in db.all(newest_of_each(chunk, which).bind(limit)).await? {
            let boot = read(&row)?;
            let Some(machine) = boot.machine else {
                continue;
            };
            let boots = of_all.entry(machine).or_default();
            if !boots.iter().any(|it| it.id == boot.id) {
                boots.push(boot);
            }
        }
    }
    Ok(of_all)
}

/// Each part of the machines with each kind of boots.
fn cross<T: Copy>(
    machines: &[MachineId],
    kinds: [T; 2],
) -> impl Iterator<Item = (&[MachineId], T)> {
    /// Both databases take many more values in one statement; more of them make it no faster.
    const MACHINES: usize = 256;
    let chunks = machines.chunks(MACHINES);
    chunks.flat_map(move |chunk| kinds.map(|kind| (chunk, kind)))
}

/// The newest boots of each machine, newest first. What is bound last is how many at most.
fn newest_of_each(machines: &[MachineId], which: &str) -> Statement {
    let columns = COLUMNS.join(", ");
    let list = placeholders(1, machines.len());
    let limit = machines.len() + 1;
    let sql = format!(
        "SELECT {columns} FROM (SELECT {columns}, ROW_NUMBER() OVER \
         (PARTITION BY machine ORDER BY opened DESC, id DESC) AS place \
         FROM boot WHERE machine IN {list} AND {which}) newest \
         WHERE place <= ${limit} ORDER BY machine, place"
    );
    Statement::with(sql, machines.iter().map(Into::into).collect())
}

async fn recent_seen(db: &Db, machine: MachineId, limit: u32) -> Result<Vec<Boot>, StoreError> {
    let rest =
        format!("WHERE machine = $1 AND {SEEN_STEPS} ORDER BY opened DESC, id DESC LIMIT $2");
    let statement = Statement::select("boot", &COLUMNS, &rest).bind(&machine);
    let rows = db.all(statement.bind(limit)).await?;
    rows.iter().map(read).collect()
}

/// The latest boot of a card, of whatever machine.
pub async fn latest_of_mac(db: &Db, mac: MacAddress) -> Result<Option<Boot>, StoreError> {
    const LATEST: &str = "WHERE mac = $1 ORDER BY opened DESC, id DESC LIMIT 1";
    first(db, Statement::select("boot", &COLUMNS, LATEST).bind(&mac)).await
}

/// The latest boot that holds an address.
pub async fn latest_of_address(db: &Db, address: IpAddr) -> Result<Option<Boot>, StoreError> {
    const LATEST: &str = "WHERE address = $1 ORDER BY opened DESC, id DESC LIMIT 1";
    first(
        db,
        Statement::select("boot", &COLUMNS, LATEST).bind(&address),
    )
    .await
}

async fn first(db: &Db, statement: Statement) -> Result<Option<Boot>, StoreError> {
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// That more was seen of a boot than that somebody asked for an address or a boot file.
pub(crate) const SEEN_STEPS: &str = "step NOT IN ('discover', 'offer', 'lease', 'loader', 'ipxe')";

/// How far a step is, in SQL: steps are ordered by what they are, and not by a clock, which may jump.
macro_rules! rank {
    ($step:literal) => {
        concat!(
            "CASE ",
            $step,
            " WHEN 'discover' THEN 0 WHEN 'offer' THEN 1 WHEN 'lease' THEN 2 WHEN 'loader' THEN 3",
            " WHEN 'ipxe' THEN 4 WHEN 'script' THEN 5 WHEN 'kernel' THEN 6 WHEN 'initrd' THEN 7",
            " WHEN 'system' THEN 8 WHEN 'config' THEN 9 WHEN 'installing' THEN 10",
            " WHEN 'installed' THEN 11 WHEN 'disk' THEN 12 WHEN 'joined' THEN 13 ELSE -1 END",
        )
    };
}

/// Adds a boot, or adds to it.
pub(crate) const UPSERT: Insert = Insert {
    table: "boot",
    columns: &COLUMNS,
    rest: concat!(
        "ON CONFLICT (id) DO UPDATE SET \
         machine = COALESCE(excluded.machine, boot.machine), \
         mac = COALESCE(excluded.mac, boot.mac), \
         arch = COALESCE(excluded.arch, boot.arch), \
         firmware = COALESCE(excluded.firmware, boot.firmware), \
         address = COALESCE(excluded.address, boot.address), \
         attempt = COALESCE(excluded.attempt, boot.attempt), \
         ready = COALESCE(excluded.ready, boot.ready), \
         sent_to_disk = (boot.sent_to_disk OR excluded.sent_to_disk), \
         step = CASE WHEN ",
        rank!("excluded.step"),
        " >= ",
        rank!("boot.step"),
        " THEN excluded.step ELSE boot.step END, step_at = CASE WHEN ",
        rank!("excluded.step"),
        " > ",
        rank!("boot.step"),
        " THEN excluded.step_at WHEN excluded.step = boot.step \
         AND excluded.step_at > boot.step_at THEN excluded.step_at ELSE boot.step_at END",
    ),
};

/// The columns of a boot, in the order of [`values`].
pub(crate) const COLUMNS: [&str; 13] = [
    "id",
    "machine",
    "mac",
    "origin",
    "arch",
    "firmware",
    "address",
    "attempt",
    "opened",
    "step",
    "step_at",
    "sent_to_disk",
    "ready",
];

pub(crate) fn values(boot: &Boot) -> Vec<Value> {
    let platform = boot.platform.as_ref();
    vec![
        (&boot.id).into(),
        boot.machine.as_ref().into(),
        boot.mac.as_ref().into(),
        boot.origin.as_str().into(),
        platform.map(|(arch, _)| arch).into(),
        platform.map(|(_, firmware)| firmware).into(),
        boot.address.as_ref().into(),
        boot.attempt.as_ref().into(),
        boot.opened.into(),
        boot.step.as_str().into(),
        boot.step_at.into(),
        boot.sent_to_disk.into(),
        boot.ready.into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Boot, StoreError> {
    read_fields(Fields::new(row, "boot", "id"))
}

pub(crate) fn read_fields(fields: Fields<'_>) -> Result<Boot, StoreError> {
    let known = |text: &str| BootOrigin::ALL.into_iter().find(|it| it.as_str() == text);
    let platform = match fields.optional_parsed("arch")? {
        Some(arch) => Some((arch, fields.parsed("firmware")?)),
        None => None,
    };
    Ok(Boot {
        id: fields.parsed("id")?,
        machine: fields.optional_parsed("machine")?,
        mac: fields.optional_parsed("mac")?,
        origin: fields.named("origin", known)?,
        platform,
        address: fields.optional_parsed("address")?,
        attempt: fields.optional_parsed("attempt")?,
        opened: fields.time("opened")?,
        step: fields.parsed("step")?,
        step_at: fields.time("step_at")?,
        sent_to_disk: fields.boolean("sent_to_disk")?,
        ready: fields.optional_boolean("ready")?,
    })
}
