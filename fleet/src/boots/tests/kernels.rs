//! A machine that fetches its kernel again and again, since that does not start; and one whose config
//! changed between two fetches.

use std::time::Duration;

use machine_core::attempt::AttemptEnd;
use machine_core::boot::{Boot, BootStep};
use machine_core::id::BootId;
use machine_core::time::Timestamp;
use machine_store::change::{Change, MachineWrite};
use machine_store::{attempts, boots, machines};
use pxe_server::directory::ScriptAnswer;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;

impl Rack {
    /// Its boot has fetched kernel and RAM disk a while ago.
    async fn has_fetched(&self, boot: BootId) -> Timestamp {
        let then = Timestamp::from_millis(now().as_millis() - 60_000);
        let site = &self.directory.site;
        let known = boots::find(&site.db, boot).await.unwrap().unwrap();
        let fetched = Boot {
            step: BootStep::Initrd,
            step_at: then,
            ..known
        };
        site.commit.submit(fetched).await.unwrap();
        then
    }
}

#[tokio::test]
async fn a_kernel_that_never_loads_does_not_begin_its_time_anew_with_each_script() {
    let rack = Rack::new().await;
    let (boot, _) = rack.boots(&machine()).await;
    let then = rack.has_fetched(boot).await;
    rack.script(&machine(), boot).await.unwrap();
    let known = boots::find(&rack.directory.site.db, boot).await.unwrap();
    assert_eq!(known.unwrap().step_at, then);
    assert!(then.plus(Duration::from_secs(59)) < now());
}

#[tokio::test]
async fn a_kernel_that_never_loads_is_told_of_and_is_not_sent_for_ever() {
    let rack = Rack::new().await;
    let (boot, _) = rack.boots(&machine()).await;
    rack.has_fetched(boot).await;
    let mut installers = 0;
    for _ in 0..66 {
        let answer = rack.script(&machine(), boot).await.unwrap();
        installers += usize::from(matches!(answer, ScriptAnswer::Boot { .. }));
    }
    assert_eq!(installers, 10);
    let told = rack.told("trouble").await;
    let [told] = told.as_slice() else {
        panic!("once: {told:?}")
    };
    assert!(told.contains("the kernel does not start"), "{told}");
}

#[tokio::test]
async fn a_config_that_changed_between_two_fetches_ends_its_attempt_with_a_word() {
    let rack = Rack::new().await;
    let (_, token) = rack.boots(&machine()).await;
    let token = token.unwrap();
    assert_eq!(rack.config(&machine(), &token).await, Config::Released);
    let db = &rack.directory.site.db;
    let mut renamed = machines::find(db, MACHINE).await.unwrap().unwrap();
    renamed.name = "cp-2".to_owned();
    let change = Change {
        machines: vec![MachineWrite::Update(renamed)],
        ..Change::default()
    };
    rack.write(&change).await;
    for _ in 0..3 {
        assert_eq!(rack.config(&machine(), &token).await, Config::Refused);
    }
    let attempt = attempts::find(db, ATTEMPT).await.unwrap().unwrap();
    let verdict = attempt.verdict.unwrap();
    assert_eq!(verdict.end, AttemptEnd::Interrupted);
    assert!(verdict.why.contains("was changed"), "{}", verdict.why);
    assert_eq!(rack.told("trouble").await.len(), 1);
}
