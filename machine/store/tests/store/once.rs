//! A request is carried out once, however often and at whatever time it is sent.

use machine_core::lifecycle::State;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::error::StoreError;
use machine_store::machines;
use machine_store::requests::{self, Request};

use crate::bench::Bench;
use crate::fixtures::{applied, at, machine, machine_id, provisioning};

fn accept(key: &str, digest: u8, name: &str) -> Change {
    let mut accepted = machine(1);
    accepted.state = State::Inspecting;
    name.clone_into(&mut accepted.name);
    Change {
        request: Some(Request {
            key: key.to_owned(),
            digest: [digest; 32],
            result: format!("accepted {name}"),
            at: at(90),
        }),
        machines: vec![MachineWrite::Update(accepted)],
        ..Change::default()
    }
}

pub(crate) fn a_request_is_carried_out_once(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        applied(db, &accept("k1", 1, "first")).await;
        let again = apply(db, &accept("k1", 1, "second")).await.unwrap();
        assert_eq!(again, Outcome::Repeated("accepted first".to_owned()));
        let error = apply(db, &accept("k1", 2, "third")).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::RequestReused { key } if key == "k1"),
            "{error:?}"
        );
        let stale = apply(db, &accept("k2", 3, "fourth")).await.unwrap();
        assert!(matches!(stale, Outcome::Stale { .. }), "{stale:?}");
        let key = requests::find(db, "k2").await.unwrap();
        assert_eq!(key, None, "a refused request may be tried again");
        let now = machines::find(db, machine_id(1)).await.unwrap().unwrap();
        assert_eq!((now.name.as_str(), now.version), ("first", 1));
    });
}

pub(crate) fn of_the_same_request_twice_at_once_one_is_carried_out(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let change = accept("k1", 1, "first");
        let (one, other) = tokio::join!(apply(db, &change), apply(db, &change));
        let repeated = Outcome::Repeated("accepted first".to_owned());
        match (one.unwrap(), other.unwrap()) {
            (Outcome::Applied, other) => assert_eq!(other, repeated),
            (one, other) => assert_eq!((one, other), (repeated, Outcome::Applied)),
        }
    });
}
