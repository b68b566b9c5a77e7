//! The schema, step by step. A released step never changes: its text is checked at every start.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name and text of each step, oldest first.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../migrations/0001_first.sql")),
    (2, "release", include_str!("../migrations/0002_release.sql")),
    (
        3,
        "attempts",
        include_str!("../migrations/0003_attempts.sql"),
    ),
    (
        4,
        "generation",
        include_str!("../migrations/0004_generation.sql"),
    ),
    (
        5,
        "documents",
        include_str!("../migrations/0005_documents.sql"),
    ),
    (
        6,
        "lifecycle",
        include_str!("../migrations/0006_lifecycle.sql"),
    ),
    (
        7,
        "clusters",
        include_str!("../migrations/0007_clusters.sql"),
    ),
    (8, "bounds", include_str!("../migrations/0008_bounds.sql")),
    (
        9,
        "bmc identity",
        include_str!("../migrations/0009_bmc_identity.sql"),
    ),
    (10, "cancel", include_str!("../migrations/0010_cancel.sql")),
    (
        11,
        "records",
        include_str!("../migrations/0011_records.sql"),
    ),
    (
        12,
        "artefacts",
        include_str!("../migrations/0012_artefacts.sql"),
    ),
    (
        13,
        "lease journal",
        include_str!("../migrations/0013_lease_journal.sql"),
    ),
];

/// The number of the newest step.
pub(crate) fn newest() -> i64 {
    STEPS
        .iter()
        .map(|(version, ..)| *version)
        .max()
        .unwrap_or(0)
}

pub(crate) fn migrator() -> Migrator {
    let step = |(version, name, text): &(i64, &'static str, &'static str)| {
        let name = Cow::Borrowed(*name);
        Migration::new(
            *version,
            name,
            MigrationType::Simple,
            text.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(STEPS.iter().map(step).collect())
}
