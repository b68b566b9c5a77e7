//! A member whose log line was lost, and that lives at another address than its config went to: it
//! is asked there before anything cuts it off.

mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use config_talos::command_line::BootSource;
use machine_core::attempt::AttemptEnd;
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::network::{ClientKey, Lease};
use machine_store::boots;
use machine_store::change::IntentWrite;
use tokio::sync::mpsc;

use super::*;
use scene::*;

#[tokio::test]
async fn a_member_at_another_address_than_its_config_went_to_is_found_and_becomes_active() {
    for lives_at in [PEER, BOOTED, LEASED, SPOKE] {
        let scene = Scene::new(Living {
            at: BTreeMap::from([(lives_at, BootSource::Disk)]),
            ..Living::default()
        })
        .await;
        scene.reconciler.take_steps(MACHINE).await;
        assert_eq!(scene.state().await, State::Active, "{lives_at}");
        let closed = scene.attempt().await.closed.map(|(_, end)| end);
        assert_eq!(closed, Some(AttemptEnd::Installed), "{lives_at}");
    }
}

#[tokio::test]
async fn a_member_that_came_up_again_and_was_not_heard_is_found_over_its_api() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(BOOTED, BootSource::Disk)]),
        ..Living::default()
    })
    .await;
    scene.reconciler.take_steps(MACHINE).await;
    assert_eq!(scene.state().await, State::Active);
    let sent = Boot {
        id: BootId::from_bytes([8; 16]),
        step: BootStep::Script,
        sent_to_disk: true,
        attempt: None,
        opened: now().plus(Duration::from_millis(10)),
        step_at: now().minus(Duration::from_mins(11)),
        ..installer()
    };
    scene.site.commit.submit(sent).await.unwrap();
    let power = Arc::new(Power::new(Arc::clone(&scene.site)));
    let restarted = Reconciler::new(Arc::clone(&scene.site), power, Arc::default());
    Arc::new(restarted).take_steps(MACHINE).await;
    let boots = boots::recent(&scene.site.db, MACHINE, 9).await.unwrap();
    let joined = boots.iter().filter(|boot| {
        let is_of_attempt = boot.attempt == Some(ATTEMPT) && boot.origin == BootOrigin::Disk;
        is_of_attempt && boot.step == BootStep::Joined
    });
    assert_eq!(joined.count(), 2, "of its install, and of now: {boots:?}");
}

#[tokio::test]
async fn an_attempt_is_cut_off_after_silence_at_every_address() {
    let scene = Scene::new(Living::default()).await;
    scene.reconciler.take_steps(MACHINE).await;
    assert_eq!(scene.asked(), BTreeSet::from([PEER, BOOTED, LEASED, SPOKE]));
    let closed = scene.attempt().await.closed.map(|(_, end)| end);
    assert_eq!(closed, Some(AttemptEnd::TimedOut));
}

#[tokio::test]
async fn who_answers_at_an_address_that_is_anothers_by_now_is_not_the_machine() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(SPOKE, BootSource::Disk)]),
        ..Living::default()
    })
    .await;
    let other = Lease {
        client: ClientKey::Hardware(MacAddress::new([2, 0, 0, 0, 0, 9])),
        address: SPOKE,
        ..lease()
    };
    scene.site.commit.submit(other).await.unwrap();
    scene.reconciler.take_steps(MACHINE).await;
    assert!(!scene.asked().contains(&SPOKE));
    assert!(matches!(scene.state().await, State::Provisioning(_)));
}

#[tokio::test]
async fn a_machine_is_looked_at_again_after_a_step_that_panicked() {
    let scene = Scene::new(Living {
        at: BTreeMap::from([(PEER, BootSource::Disk)]),
        panics: true,
        ..Living::default()
    })
    .await;
    let (ends, mut ended) = mpsc::unbounded_channel();
    for _ in 0..4 {
        scene.reconciler.start(MACHINE);
        let (reconciler, ends) = (Arc::clone(&scene.reconciler), ends.clone());
        tokio::spawn(async move {
            reconciler.status.settled().await;
            let turn = reconciler.power.turn(MACHINE);
            drop(turn.lock().await);
            ends.send(()).unwrap();
        });
        ended.recv().await.unwrap();
    }
    assert_eq!(scene.state().await, State::Active);
}

#[tokio::test]
async fn a_machine_that_is_given_up_for_another_reason_than_time_does_not_say_that_it_timed_out() {
    let scene = Scene::new(Living::default()).await;
    let expired = |id| IntentWrite::Close {
        id,
        at: now(),
        end: machine_core::intent::IntentEnd::Withdrawn,
    };
    let change = Change {
        intents: vec![expired(INTENT)],
        ..Change::default()
    };
    apply(&scene.site.db, &change).await.unwrap();
    scene.reconciler.take_steps(MACHINE).await;
    assert!(matches!(scene.state().await, State::Failed(_)));
    let closed = scene.attempt().await.closed.map(|(_, end)| end);
    assert_eq!(closed, Some(AttemptEnd::GivenUp));
}
