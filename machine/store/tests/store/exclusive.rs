//! Two daemons on one database: the second is refused and told who the first is.

use std::time::Duration;

use machine_core::safe_mode::SafeMode;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::exclusive::{Exclusive, Holder};
use machine_store::lineage_error::LineageError;
use machine_store::location::Location;
use tokio::runtime::Runtime;

use crate::postgres::{PASSWORD, Server};

/// Only so that a test that hangs ends.
const LONG: Duration = Duration::from_mins(2);

fn holder(host: &str, process: u32) -> Holder {
    Holder {
        host: host.to_owned(),
        process,
        since: Timestamp::from_millis(0),
    }
}

fn held_by(error: &StoreError) -> String {
    let StoreError::Lineage(LineageError::Held { holder, .. }) = &error else {
        panic!("{error:?}");
    };
    assert!(error.to_string().contains(holder), "{error}");
    holder.clone()
}

#[test]
fn a_second_daemon_on_one_file_is_told_who_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let location = Location::SqliteFile(path.clone());
    Runtime::new().unwrap().block_on(async {
        let first = Exclusive::take(&location, &holder("rack-1", 41))
            .await
            .unwrap();
        let _db = Db::open(&location).await.unwrap();
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for other in [path, link] {
            let other = Location::SqliteFile(other);
            let refused = Exclusive::take(&other, &holder("rack-2", 42)).await;
            let told = held_by(&refused.unwrap_err());
            assert_eq!(
                told,
                "drover on rack-1, process 41, since 1970-01-01T00:00:00.000Z"
            );
        }
        drop(first);
        Exclusive::take(&location, &holder("rack-2", 42))
            .await
            .unwrap();
    });
}

#[test]
fn a_second_daemon_by_a_hard_link_of_the_file_is_told_who_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir_in(directory.path()).unwrap();
    let [path, link] = [directory.path(), other.path()].map(|it| it.join("drover.db"));
    let [location, linked] = [&path, &link].map(|it| Location::SqliteFile(it.clone()));
    Runtime::new().unwrap().block_on(async {
        let first = Exclusive::take(&location, &holder("rack-1", 41)).await;
        let first = first.unwrap();
        let db = Db::open(&location).await.unwrap();
        std::fs::hard_link(&path, &link).unwrap();
        let refused = Exclusive::take(&linked, &holder("rack-2", 42)).await;
        let told = held_by(&refused.unwrap_err());
        // The lock is this process's, whatever it called itself.
        let process = format!("process {} of this host", std::process::id());
        assert!(told.starts_with(&process), "{told}");
        db.close().await;
        drop(first);
    });
}

#[test]
fn a_database_file_with_two_names_is_refused_until_one_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let location = Location::SqliteFile(path.clone());
    let link = directory.path().join("link.db");
    Runtime::new().unwrap().block_on(async {
        let holder = holder("rack-1", 41);
        let take = || Exclusive::take(&location, &holder);
        drop(take().await.unwrap());
        std::fs::hard_link(&path, &link).unwrap();
        let refused = take().await.unwrap_err();
        let is_linked = matches!(
            refused,
            StoreError::Lineage(LineageError::Linked { names: 2, .. })
        );
        assert!(is_linked, "{refused:?}");
        for fact in ["-samefile", "write-ahead log", path.to_str().unwrap()] {
            assert!(refused.to_string().contains(fact), "{fact}: {refused}");
        }
        std::fs::remove_file(&link).unwrap();
        take().await.unwrap();
    });
}

#[test]
fn a_second_daemon_on_one_server_is_told_who_has_it_and_takes_over_what_is_lost() {
    let server = Server::start();
    // The first daemon has a user of its own, so that it alone can be kept out.
    server.run("CREATE ROLE first LOGIN SUPERUSER".to_owned());
    let location: Location = server.create_database().parse().unwrap();
    let as_first: Location = server.url("first", PASSWORD, "d0").parse().unwrap();
    let other: Location = server.create_database().parse().unwrap();
    let runtime = Runtime::new().unwrap();
    let take = |location, host, process| {
        runtime.block_on(Exclusive::take(location, &holder(host, process)))
    };
    let lose = || {
        server.run("ALTER ROLE first NOLOGIN".to_owned());
        server.run(end_of("drover on rack-1, process 41"));
    };

    let first = take(&as_first, "rack-1", 41).unwrap();
    let db = runtime.block_on(Db::open(&location)).unwrap();
    let _other = take(&other, "rack-3", 43).unwrap();
    let told = held_by(&take(&location, "rack-2", 42).unwrap_err());
    let wanted = "drover on rack-1, process 41, connected from a local socket since 2";
    assert!(told.starts_with(wanted), "{told}");

    let kept = runtime.spawn(first.keep(db.clone()));
    assert_eq!(db.safe_mode(), None);
    // While it is gone nothing is done; then it is taken again.
    lose();
    runtime.block_on(until(|| db.safe_mode() == Some(SafeMode::NotAlone)));
    server.run("ALTER ROLE first LOGIN".to_owned());
    runtime.block_on(until(|| db.safe_mode().is_none()));
    assert!(!kept.is_finished());

    // Another one is faster: the first is at its end.
    lose();
    runtime.block_on(until(|| db.safe_mode().is_some()));
    let _second = take(&location, "rack-2", 42).unwrap();
    server.run("ALTER ROLE first LOGIN".to_owned());
    let ended = async { tokio::time::timeout(LONG, kept).await };
    let ended = runtime.block_on(ended).unwrap().unwrap();
    assert!(held_by(&ended).starts_with("drover on rack-2, process 42"));
    assert_eq!(db.safe_mode(), Some(SafeMode::NotAlone));
}

fn end_of(application: &str) -> String {
    format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = '{application}'"
    )
}

async fn until(is: impl Fn() -> bool) {
    let wait = async {
        while !is() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap();
}
