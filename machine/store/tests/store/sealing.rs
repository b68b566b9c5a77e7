//! Secrets in the database: put once, bound to their row, and never there in the clear.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use machine_core::id::AttemptId;
use machine_core::network::Lease;
use machine_store::change::{Change, SecretWrite};
use machine_store::place::Place;
use machine_store::seal::{SealError, SealKey};
use machine_store::secrets;
use machine_store::token::{TokenKey, TokenKeyError};

use crate::bench::Bench;
use crate::fixtures::{applied, at, lease};

fn bundle(row: &str) -> Place {
    Place::new("cluster", row, "bundle")
}

pub(crate) fn a_secret_is_put_once(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let key = SealKey::generate().unwrap();
        assert_eq!(secrets::key_ids(db).await.unwrap(), []);
        let place = bundle("c1");
        assert_eq!(secrets::find(db, &place).await.unwrap(), None);
        let seal = |text: &str| key.seal(&place, text.as_bytes()).unwrap();
        let (first, second, third) = (seal("first"), seal("second"), seal("third"));
        let (one, other) = tokio::join!(
            secrets::put_if_absent(db, &place, &first, at(1)),
            secrets::put_if_absent(db, &place, &second, at(1)),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one != other, "exactly one has put it");
        let stored = secrets::find(db, &place).await.unwrap().unwrap();
        let winner = if one { &first } else { &second };
        assert_eq!(&stored, winner);
        let change = |write| Change {
            secrets: vec![write],
            ..Change::default()
        };
        let (sealed, at) = (third.clone(), at(2));
        let absent = SecretWrite::PutIfAbsent {
            place: place.clone(),
            sealed,
            at,
        };
        applied(db, &change(absent)).await;
        assert_eq!(
            secrets::find(db, &place).await.unwrap().as_ref(),
            Some(winner)
        );
        let sealed = third.clone();
        let replace = SecretWrite::Replace {
            place: place.clone(),
            sealed,
            at,
        };
        applied(db, &change(replace)).await;
        assert_eq!(secrets::find(db, &place).await.unwrap(), Some(third));
        assert_eq!(secrets::key_ids(db).await.unwrap(), [key.id()]);
    });
}

pub(crate) fn a_secret_moved_to_another_row_does_not_open(bench: &Bench) {
    let key = SealKey::generate().unwrap();
    bench.block(async {
        for row in ["c1", "c2"] {
            let sealed = key.seal(&bundle(row), row.as_bytes()).unwrap();
            let put = secrets::put_if_absent(&bench.db, &bundle(row), &sealed, at(1)).await;
            assert!(put.unwrap());
        }
    });
    for (from, to) in [("c1", "x"), ("c2", "c1"), ("x", "c2")] {
        bench.raw(&format!(
            "UPDATE secret SET place_row = '{to}' WHERE place_row = '{from}'"
        ));
    }
    for row in ["c1", "c2"] {
        let place = bundle(row);
        let swapped = bench
            .block(secrets::find(&bench.db, &place))
            .unwrap()
            .unwrap();
        let refused = key.unseal(&place, &swapped).unwrap_err();
        assert_eq!(
            refused,
            SealError::NotAuthentic {
                place: place.clone()
            }
        );
        assert!(
            refused
                .to_string()
                .contains(&format!("cluster/{row}/bundle"))
        );
    }
}

pub(crate) fn one_token_key_for_all(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let key = SealKey::generate().unwrap();
        let (one, other) = tokio::join!(
            TokenKey::load_or_make(db, &key, at(1)),
            TokenKey::load_or_make(db, &key, at(1)),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        let attempt = AttemptId::from_bytes([4; 16]);
        assert_eq!(other.verify(&one.mint(attempt)), Some(attempt));
        let later = TokenKey::load_or_make(db, &key, at(9)).await.unwrap();
        assert_eq!(
            later.mint(attempt),
            one.mint(attempt),
            "also after a restart"
        );
        let stranger = SealKey::generate().unwrap();
        let refused = TokenKey::load_or_make(db, &stranger, at(9))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, TokenKeyError::Seal(SealError::OtherKey { .. })),
            "{refused:?}"
        );
    });
}

pub(crate) fn no_secret_is_in_the_files(bench: &Bench) {
    const SECRET: &str = "canary-of-the-cluster-secrets";
    const PUBLIC: &str = "marker-of-a-client-identifier";
    bench.block(async {
        let key = SealKey::generate().unwrap();
        let sealed = key.seal(&bundle("c1"), SECRET.as_bytes()).unwrap();
        let put = secrets::put_if_absent(&bench.db, &bundle("c1"), &sealed, at(1)).await;
        assert!(put.unwrap());
        let (commits, _) = bench.commits();
        let marked = Lease {
            client_identifier: Some(PUBLIC.into()),
            ..lease(1)
        };
        commits.submit(marked).await.unwrap();
    });
    if !bench.is_sqlite() {
        bench.raw("CHECKPOINT");
    }
    assert!(
        found(&bench.files, PUBLIC),
        "else this search finds nothing at all"
    );
    let hex: String = SECRET
        .bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    let base64 = STANDARD.encode(SECRET);
    for form in [SECRET, &hex, base64.trim_end_matches('=')] {
        assert!(!found(&bench.files, form), "{form}");
    }
}

/// Whether a file below this directory holds this text. A file that ends in the meantime, as those
/// of a running server may, is none of them.
fn found(directory: &Path, wanted: &str) -> bool {
    let files = Command::new("grep")
        .args(["-rlsaF", "-e", wanted])
        .arg(directory)
        .output()
        .unwrap();
    !files.stdout.is_empty()
}
