//! A doubtful database is confirmed by a person who has read what is doubted, once; and a host's clock
//! that is behind the database is told.

use std::time::Duration;

use machine_core::clock_lag::ClockLag;
use machine_core::safe_mode::SafeMode;
use machine_store::generation::resume;

use crate::around::{Around, NOW, asked, caller};

#[tokio::test]
async fn what_is_confirmed_is_what_was_read_and_it_is_on_record() {
    let around = Around::new().await;
    let confirm = async |found: &str, key| {
        let asked = asked(key);
        around.operations.confirm_database(found, &asked).await
    };
    let refused = confirm("", "early").await.unwrap_err().to_string();
    assert!(refused.contains("nothing to confirm"), "{refused}");

    // A key without a database: what was known here is gone.
    let state = tempfile::tempdir().unwrap();
    let mark = state.path().join("generation");
    resume(&around.db, &mark, true).await.unwrap();
    let view = around.operations.show_database(&caller()).unwrap();
    let safe_mode = view.safe_mode.unwrap();
    assert!(matches!(safe_mode, SafeMode::Doubted(_)));
    let found = safe_mode.to_string();
    assert!(found.contains("the database is empty"), "{found}");

    let refused = confirm("it is fine", "one").await.unwrap_err().to_string();
    assert!(refused.contains("look again"), "{refused}");
    assert!(around.events().await.is_empty());
    for _ in 0..2 {
        confirm(&found, "two").await.unwrap();
        assert_eq!(
            around
                .operations
                .show_database(&caller())
                .unwrap()
                .safe_mode,
            None
        );
    }
    let events = around.events().await;
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    let who = "person:alice: gone on with, although the database is empty";
    assert!(event.starts_with(who), "{event}");
    assert!(event.ends_with("(it is time)"), "{event}");
}

#[tokio::test]
async fn a_hosts_clock_far_behind_what_the_database_has_seen_is_told() {
    let around = Around::new().await;
    let view = around.operations.show_database(&caller()).unwrap();
    assert_eq!(view.clock_lag, None);
    let behind = Duration::from_mins(10);
    *around.world.lag.lock().unwrap() = behind;
    let view = around.operations.show_database(&caller()).unwrap();
    let lag = ClockLag {
        host: NOW.minus(behind),
        steady: NOW,
    };
    assert_eq!(view.clock_lag, Some(lag));
}
