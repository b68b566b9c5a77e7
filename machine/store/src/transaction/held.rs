//! Which statements change what is held in memory.

/// Whether a statement writes a table whose rows are held in memory.
pub(super) fn is_written(sql: &str) -> bool {
    const HELD: [&str; 13] = [
        "attempt",
        "bmc",
        "boot",
        "claimant",
        "cluster",
        "evidence",
        "fact",
        "ignored_uuid",
        "intent",
        "machine",
        "member",
        "operation",
        "power_on",
    ];
    let mut words = sql.split_ascii_whitespace();
    let table = match words.next() {
        Some("UPDATE") => words.next(),
        Some("INSERT" | "DELETE") => words.nth(1),
        _ => None,
    };
    table.is_some_and(|table| HELD.contains(&table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_what_is_held_is_known() {
        for (sql, writes) in [
            ("UPDATE machine SET version = 1", true),
            ("INSERT INTO boot (id) VALUES ($1)", true),
            ("DELETE FROM evidence WHERE machine = $1", true),
            ("SELECT * FROM machine", false),
            ("INSERT INTO lease (subnet) VALUES ($1)", false),
            ("UPDATE counter SET value = 1", false),
        ] {
            assert_eq!(is_written(sql), writes, "{sql}");
        }
    }
}
