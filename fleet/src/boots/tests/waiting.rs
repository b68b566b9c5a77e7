//! What it costs that machines ask again: nothing, while they say the same and nothing happens.

use std::time::Duration;

use machine_core::boot::Asker;
use machine_core::hardware::{Arch, Firmware};
use machine_core::lifecycle::State;
use machine_core::network::SubnetName;
use machine_store::db::DatabaseCounts;
use machine_store::events::Event;
use pxe_server::directory::{BootQuestion, Directory, ScriptAnswer};

use super::rack::*;
use super::who::*;

impl Rack {
    /// How often the database was asked, once everything that was queued before is committed.
    async fn counts(&self) -> DatabaseCounts {
        let site = &self.directory.site;
        site.commit.submit(Vec::<Event>::new()).await.unwrap();
        let counts = site.db.counts();
        DatabaseCounts {
            // The wait itself is one.
            transactions: counts.transactions - 1,
            ..counts
        }
    }

    fn question(who: &Who) -> BootQuestion {
        BootQuestion {
            subnet: SubnetName::new("lab"),
            mac: who.said,
            uuid: who.uuid,
            platform: Some((Arch::X86_64, Firmware::Uefi)),
            asker: Asker::Firmware,
            is_discover: true,
        }
    }
}

#[tokio::test]
async fn a_machine_that_waits_in_ipxe_costs_neither_a_read_nor_a_write_each_time() {
    let rack = Rack::by_rule(State::Discovered, None).await;
    let (boot, _) = rack.boots(&machine()).await;
    for _ in 0..2 {
        rack.script(&machine(), boot).await.unwrap();
    }
    let before = rack.counts().await;
    for _ in 0..5 {
        let answer = rack.script(&machine(), boot).await.unwrap();
        assert!(matches!(answer, ScriptAnswer::Wait { .. }), "{answer:?}");
    }
    let after = rack.counts().await;
    assert_eq!(after.reads, before.reads);
    assert_eq!(
        after.transactions,
        before.transactions + 1,
        "the count's own"
    );
}

#[tokio::test]
async fn a_card_that_is_asked_about_costs_no_read() {
    let rack = Rack::by_rule(State::Discovered, None).await;
    let before = rack.counts().await;
    assert!(rack.directory.is_registered(CARD).await.unwrap());
    assert!(!rack.directory.is_registered(FOREIGN).await.unwrap());
    rack.directory
        .boot(Rack::question(&stranger()))
        .await
        .unwrap();
    assert_eq!(rack.directory.site.db.counts().reads, before.reads);
}

#[tokio::test]
async fn a_discover_is_answered_without_a_wait_for_the_disk() {
    let rack = Rack::new().await;
    rack.counts().await;
    let faults = rack.directory.site.db.faults();
    faults.slow_down(Duration::from_hours(1));
    let answer = rack
        .directory
        .boot(Rack::question(&machine()))
        .await
        .unwrap();
    let boot = answer.boot.unwrap();
    // Who goes on with it finds it in memory.
    let mut request = Rack::question(&machine());
    request.is_discover = false;
    assert_eq!(rack.directory.boot(request).await.unwrap().boot, Some(boot));
    let found = rack.directory.find_boot(boot).await.unwrap().unwrap();
    assert_eq!(found.machine, Some(super::recorded::MACHINE));
}
