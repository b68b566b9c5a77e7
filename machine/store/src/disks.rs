//! Which machine has which disk, as documents and permissions name them: the disk of a machine's own
//! record, and the one that its latest permission named, while it is on the way to a member or is
//! one. Nobody has looked into the machines.

use machine_core::disk::DiskIdentity;
use machine_core::id::MachineId;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::Statement;

/// A disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDisk {
    /// Whose it is.
    pub machine: MachineId,
    /// The name of that machine.
    pub name: String,
    /// Which disk.
    pub disk: DiskIdentity,
}

/// The disks of all machines that are not retired, by the machines' names.
pub async fn list(db: &Db) -> Result<Vec<NamedDisk>, StoreError> {
    const LIST: &str = "SELECT id AS machine, name, install_disk AS disk FROM machine \
         WHERE install_disk IS NOT NULL AND forgotten IS NULL AND state <> 'retired' \
         UNION \
         SELECT machine.id AS machine, machine.name AS name, intent.disk AS disk FROM intent \
         JOIN machine ON machine.id = intent.machine \
         WHERE machine.forgotten IS NULL \
         AND machine.state IN ('provisioning/available', 'provisioning/active', 'active', \
         'failed/provisioning/available', 'failed/provisioning/active') \
         AND NOT EXISTS (SELECT 1 FROM intent later WHERE later.machine = intent.machine \
         AND (later.opened > intent.opened \
         OR (later.opened = intent.opened AND later.id > intent.id))) \
         ORDER BY name, disk";
    let rows = db.all(Statement::new(LIST)).await?;
    db.readable(&rows, read)
}

fn read(row: &Row) -> Result<NamedDisk, StoreError> {
    let fields = Fields::new(row, "machine", "machine");
    Ok(NamedDisk {
        machine: fields.parsed("machine")?,
        name: fields.text("name")?,
        disk: fields.parsed("disk")?,
    })
}
