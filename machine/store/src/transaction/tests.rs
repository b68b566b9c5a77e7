//! Which statements change what is held in memory.

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
        assert_eq!(writes_held(sql), writes, "{sql}");
    }
}
