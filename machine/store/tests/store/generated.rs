//! Values of any kind, and how each of them is tried.

use std::net::IpAddr;

use machine_core::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

pub(crate) fn each<S: Strategy>(strategy: &S, check: impl Fn(S::Value)) {
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(strategy, |value| {
            check(value);
            Ok(())
        })
        .unwrap();
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,24}"
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

pub(crate) fn ip() -> impl Strategy<Value = IpAddr> {
    any::<IpAddr>()
}
