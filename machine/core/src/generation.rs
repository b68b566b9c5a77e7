//! Whether a database is the one that the daemon worked on last.
//!
//! Each change that protects a disk counts a generation up within the database, and a mark beside
//! it follows before the change is acknowledged. So a database is never behind its mark, unless it
//! is an older copy; and a database that was exchanged has another name than its mark. On an older
//! record a machine that runs would be installed anew: whoever finds one [`Doubt`]s it, and does
//! nothing to a machine before a person has looked.

use std::fmt;

use crate::id::DatabaseId;
use crate::time::Timestamp;

/// How far a database has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation {
    /// Which database; drawn at its first start, and anew when a person confirms a doubtful one.
    pub database: DatabaseId,
    /// Counts up with each change that protects a disk.
    pub value: i64,
}

/// The mark beside a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// What was acknowledged last.
    pub generation: Generation,
    /// When the mark was written.
    pub at: Timestamp,
}

/// What a database says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatabaseFacts {
    /// Its generation; none in an empty database, and in one of a release that kept none.
    pub generation: Option<Generation>,
    /// Whether it knows a machine, a cluster or a permission.
    pub has_records: bool,
    /// When the last event happened that it knows of.
    pub last_event: Option<Timestamp>,
}

/// What becomes of a database at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is the one that was here last.
    Same,
    /// It is the first one here, and empty.
    First,
    /// It comes from a release that kept no generation: from now on it has one.
    Adopted,
    /// It may be a wrong one.
    Doubted(Doubt),
}

/// Why a database may be a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// In which way.
    pub kind: DoubtKind,
    /// The mark beside it.
    pub mark: Option<Mark>,
    /// What it says of itself.
    pub database: DatabaseFacts,
}

/// In which way a database may be a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// It lacks changes that were acknowledged.
    Older,
    /// It is another one than the mark's.
    Other,
    /// It knows nothing, and something was known here.
    Empty,
    /// It once had a mark, and now there is none: nobody can tell whether it is the newest.
    Unmarked,
}

/// What becomes of a database with this mark beside it. `has_key`: whether a key that sealed
/// secrets lies there, too.
pub fn judge(mark: Option<Mark>, database: DatabaseFacts, has_key: bool) -> Standing {
    let doubted = |kind| {
        Standing::Doubted(Doubt {
            kind,
            mark,
            database,
        })
    };
    let without_generation = if database.has_records {
        Standing::Adopted
    } else {
        Standing::First
    };
    match (mark.map(|it| it.generation), database.generation) {
        (Some(mark), Some(found)) if mark.database != found.database => doubted(DoubtKind::Other),
        (Some(mark), Some(found)) if found.value < mark.value => doubted(DoubtKind::Older),
        (Some(_), Some(_)) => Standing::Same,
        // The mark of 0 is written before the database gets its name: nothing was protected yet.
        (Some(mark), None) if mark.value == 0 => without_generation,
        (Some(_), None) if database.has_records => doubted(DoubtKind::Other),
        (Some(_), None) => doubted(DoubtKind::Empty),
        (None, Some(_)) => doubted(DoubtKind::Unmarked),
        (None, None) if has_key && !database.has_records => doubted(DoubtKind::Empty),
        (None, None) => without_generation,
    }
}

impl Doubt {
    /// The generation from which a database goes on that was confirmed in spite of this.
    pub fn next_value(&self) -> i64 {
        let mark = self.mark.map_or(0, |it| it.generation.value);
        let found = self.database.generation.map_or(0, |it| it.value);
        mark.max(found).saturating_add(1)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            DoubtKind::Older => "the database is an older copy of the one that was here last",
            DoubtKind::Other => "the database is another one than was here last",
            DoubtKind::Empty => "the database is empty, and something was known here before",
            DoubtKind::Unmarked => {
                "the database has lost its mark, so it may not be the newest copy"
            }
        })?;
        f.write_str(" (wanted ")?;
        match self.mark {
            Some(mark) => write!(f, "generation {} of {}", mark.generation.value, mark.at)?,
            None => f.write_str("a mark beside it")?,
        }
        f.write_str(", got ")?;
        match self.database.generation {
            Some(found) => write!(f, "generation {}", found.value)?,
            None => f.write_str("no generation")?,
        }
        match self.database.last_event {
            Some(at) => write!(f, ", last event of {at})"),
            None => f.write_str(", no event)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn generation(database: u8, value: i64) -> Generation {
        Generation {
            database: DatabaseId::from_bytes([database; 16]),
            value,
        }
    }

    const fn mark(database: u8, value: i64) -> Mark {
        Mark {
            generation: generation(database, value),
            at: Timestamp::from_millis(1000),
        }
    }

    const fn facts(generation: Option<Generation>, has_records: bool) -> DatabaseFacts {
        DatabaseFacts {
            generation,
            has_records,
            last_event: None,
        }
    }

    fn kind(standing: Standing) -> Option<DoubtKind> {
        match standing {
            Standing::Doubted(doubt) => Some(doubt.kind),
            Standing::Same | Standing::First | Standing::Adopted => None,
        }
    }

    #[test]
    fn a_database_is_never_behind_its_mark() {
        for (found, wanted) in [(4, Some(DoubtKind::Older)), (5, None), (6, None)] {
            let facts = facts(Some(generation(1, found)), true);
            assert_eq!(
                kind(judge(Some(mark(1, 5)), facts, true)),
                wanted,
                "{found}"
            );
        }
    }

    #[test]
    fn another_an_empty_and_an_unmarked_database_are_doubted() {
        for (mark, facts, has_key, wanted) in [
            (
                Some(mark(1, 5)),
                facts(Some(generation(2, 9)), true),
                true,
                DoubtKind::Other,
            ),
            (Some(mark(1, 5)), facts(None, true), true, DoubtKind::Other),
            (Some(mark(1, 5)), facts(None, false), true, DoubtKind::Empty),
            (
                Some(mark(1, 5)),
                facts(None, false),
                false,
                DoubtKind::Empty,
            ),
            (None, facts(None, false), true, DoubtKind::Empty),
            (
                None,
                facts(Some(generation(1, 5)), true),
                true,
                DoubtKind::Unmarked,
            ),
            (
                None,
                facts(Some(generation(1, 5)), true),
                false,
                DoubtKind::Unmarked,
            ),
        ] {
            assert_eq!(
                kind(judge(mark, facts, has_key)),
                Some(wanted),
                "{mark:?} {facts:?}"
            );
        }
    }

    #[test]
    fn a_first_start_and_the_first_after_an_upgrade_go_on_also_when_they_were_cut_off() {
        for (mark, facts, has_key, wanted) in [
            (None, facts(None, false), false, Standing::First),
            (Some(mark(1, 0)), facts(None, false), false, Standing::First),
            (
                Some(mark(1, 0)),
                facts(Some(generation(1, 0)), false),
                true,
                Standing::Same,
            ),
            (None, facts(None, true), true, Standing::Adopted),
            (Some(mark(1, 0)), facts(None, true), true, Standing::Adopted),
            (
                Some(mark(1, 0)),
                facts(Some(generation(1, 1)), true),
                true,
                Standing::Same,
            ),
        ] {
            assert_eq!(judge(mark, facts, has_key), wanted, "{mark:?} {facts:?}");
        }
    }

    #[test]
    fn a_confirmed_database_is_ahead_of_both() {
        for (mark, found, wanted) in [
            (Some(mark(1, 5)), 3, 6),
            (Some(mark(1, 5)), 9, 10),
            (None, 3, 4),
        ] {
            let doubt = Doubt {
                kind: DoubtKind::Older,
                mark,
                database: facts(Some(generation(1, found)), true),
            };
            assert_eq!(doubt.next_value(), wanted);
        }
    }

    #[test]
    fn a_doubt_says_what_was_wanted_and_what_came() {
        let doubt = Doubt {
            kind: DoubtKind::Older,
            mark: Some(mark(1, 5)),
            database: DatabaseFacts {
                last_event: Some(Timestamp::from_millis(0)),
                ..facts(Some(generation(1, 3)), true)
            },
        };
        assert_eq!(
            doubt.to_string(),
            "the database is an older copy of the one that was here last (wanted generation 5 of \
             1970-01-01T00:00:01.000Z, got generation 3, last event of 1970-01-01T00:00:00.000Z)"
        );
    }
}
