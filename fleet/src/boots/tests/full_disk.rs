//! The disk of the records is full: nothing can be committed. An installed machine still boots its
//! own disk.

use machine_core::boot::Asker;
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::State;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::{events, machines};
use pxe_server::directory::{ScriptAnswer, ScriptRefusal};

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;
use machine_core::attempt::AttemptEnd;

impl Rack {
    /// It was installed.
    async fn is_active(&self) {
        let db = &self.directory.site.db;
        let mut machine = machines::find(db, MACHINE).await.unwrap().unwrap();
        machine.state = State::Active;
        let at = now();
        let change = Change {
            machines: vec![MachineWrite::Update(machine)],
            intents: vec![IntentWrite::Close {
                id: INTENT,
                at,
                end: IntentEnd::Fulfilled,
            }],
            attempts: vec![AttemptWrite::Close {
                id: ATTEMPT,
                at,
                end: AttemptEnd::Installed,
            }],
            ..Change::default()
        };
        self.write(&change).await;
    }

    /// From now on nothing is committed any more.
    async fn is_full(&self) {
        let commit = &self.directory.site.commit;
        commit.close();
        while commit.submit(Vec::<events::Event>::new()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_active_machine_boots_its_disk_while_nothing_can_be_committed() {
    let rack = Rack::new().await;
    rack.is_active().await;
    let boot = rack.dhcp(&machine()).await;
    rack.is_full().await;
    for asker in [Asker::Firmware, Asker::Ipxe] {
        let answer = rack.answer(&machine(), asker).await.unwrap();
        assert!(!answer.netboot, "{asker:?}");
    }
    let script = rack.script(&machine(), boot).await.unwrap();
    assert!(
        matches!(script, ScriptAnswer::LocalDisk { .. }),
        "{script:?}"
    );
}

#[tokio::test]
async fn nothing_is_installed_while_nothing_can_be_committed() {
    let rack = Rack::new().await;
    let boot = rack.dhcp(&machine()).await;
    rack.is_full().await;
    let refused = rack.script(&machine(), boot).await.unwrap_err();
    assert!(
        matches!(refused, ScriptRefusal::Unavailable(_)),
        "{refused:?}"
    );
    rack.answer(&machine(), Asker::Ipxe).await.unwrap_err();
}
