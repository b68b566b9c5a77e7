//! Where machines are kept: SQLite by default, PostgreSQL for many replicas.
