//! Leases as rows: of their table, and of the journal of those that were just granted.

use machine_core::network::{Lease, SubnetName};

use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Value};

/// Grants or renews leases that are in nobody's way.
pub(crate) const TABLE: Insert = Insert {
    table: "lease",
    columns: &COLUMNS,
    rest: "ON CONFLICT (subnet, client) DO UPDATE SET address = excluded.address, \
         client_identifier = excluded.client_identifier, granted = excluded.granted, \
         expires = excluded.expires",
};

/// Appends to the journal.
pub(crate) const JOURNAL: Insert = Insert {
    table: "lease_journal",
    columns: &COLUMNS,
    rest: "",
};

pub(crate) const COLUMNS: [&str; 6] = [
    "subnet",
    "client",
    "address",
    "client_identifier",
    "granted",
    "expires",
];

pub(crate) fn values(lease: &Lease) -> Vec<Value> {
    vec![
        (&lease.subnet).into(),
        (&lease.client).into(),
        (&lease.address).into(),
        lease.client_identifier.clone().into(),
        lease.granted.into(),
        lease.expires.into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Lease, StoreError> {
    let fields = Fields::new(row, "lease", "client");
    let client = |text: &str| text.parse().ok();
    Ok(Lease {
        subnet: SubnetName::new(fields.text("subnet")?),
        client: fields.named("client", client)?,
        address: fields.parsed("address")?,
        client_identifier: fields.optional_bytes("client_identifier")?,
        granted: fields.time("granted")?,
        expires: fields.time("expires")?,
    })
}
