//! Which database: a file, memory, or a PostgreSQL server. Its password is never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::StoreError;

/// Which database.
#[derive(Debug, Clone)]
pub enum Location {
    /// A SQLite file; made if it is missing.
    SqliteFile(PathBuf),
    /// SQLite in memory: gone when the program ends. For tests and dry runs.
    SqliteMemory,
    /// A PostgreSQL server.
    Postgres(PostgresUrl),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "{}", path.display()),
            Self::SqliteMemory => f.write_str("memory"),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// `postgres://…` is a server, `:memory:` is memory, everything else the name of a file.
impl FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            text.parse().map(Self::Postgres)
        } else if text.is_empty() {
            Err(StoreError::BadLocation {
                why: "empty".to_owned(),
            })
        } else if text == ":memory:" {
            Ok(Self::SqliteMemory)
        } else {
            Ok(Self::SqliteFile(PathBuf::from(text)))
        }
    }
}

/// Where a PostgreSQL server is and how to log in; prints without the password.
#[derive(Clone)]
pub struct PostgresUrl {
    options: Box<PgConnectOptions>,
}

impl PostgresUrl {
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

impl FromStr for PostgresUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        PgConnectOptions::from_str(text)
            .map(|options| Self {
                options: Box::new(options),
            })
            .map_err(|error| StoreError::BadLocation {
                why: reason(&error),
            })
    }
}

/// Only what the URL parser says (such as "invalid port number"): none of it repeats the text.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(why) => format!("not one: {why}"),
        _ => "not one".to_owned(),
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let user = options.get_username();
        match options.get_socket() {
            Some(socket) => write!(f, "postgres://{user}@{}", socket.display())?,
            None => write!(
                f,
                "postgres://{user}@{}:{}",
                options.get_host(),
                options.get_port()
            )?,
        }
        write!(f, "/{}", options.get_database().unwrap_or(user))
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let location: Location = "postgres://drover:hunter2@db.example:5433/racks"
            .parse()
            .unwrap();
        let shown = format!("{location} {location:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.contains("postgres://drover@db.example:5433/racks"),
            "{shown}"
        );
    }

    #[test]
    fn a_bad_url_is_named_without_its_text() {
        for text in [
            "postgres://u:hunter2@host:port/db",
            "postgres://u:hunter2@[::1/db",
            "",
        ] {
            let error = text.parse::<Location>().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn everything_else_is_a_file() {
        assert!(matches!(
            "/var/lib/drover/drover.db".parse(),
            Ok(Location::SqliteFile(_))
        ));
        assert!(matches!(":memory:".parse(), Ok(Location::SqliteMemory)));
    }
}
