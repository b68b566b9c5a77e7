//! A machine that waits until a moment is looked at in that moment, without a sweep.

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::BootId;
use tokio::time::Instant;

use super::*;
use crate::clock::Clock;

/// A clock that goes with tokio's, which is paused.
#[derive(Debug)]
struct PausedClock {
    began: Timestamp,
    read: Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        self.began.plus(self.read.elapsed())
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn jumped(&self) -> Option<Duration> {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_waits_until_a_moment_is_looked_at_then_and_not_with_the_next_sweep() {
    let clock = Arc::new(PausedClock {
        began: now(),
        read: Instant::now(),
    });
    let it = Loop::over(Site {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..site().await
    })
    .await;
    let accepted = it
        .machine()
        .await
        .after(Input::Accept, clock.now())
        .unwrap();
    it.write(MachineWrite::Update(accepted)).await;
    let loads = Boot {
        id: BootId::from_bytes([2; 16]),
        machine: Some(MACHINE),
        mac: None,
        origin: BootOrigin::Network,
        platform: None,
        address: None,
        attempt: None,
        opened: clock.now(),
        step: BootStep::Loader,
        step_at: clock.now(),
        sent_to_disk: false,
        ready: None,
    };
    it.site.commit.submit(loads).await.unwrap();
    let said = it.waiting().await;
    assert_eq!(said, "it boots from the network (last step: loader)");
    tokio::time::sleep(Boot::CHAIN + SHORTEST).await;
    it.status.settled().await;
    let said = it.status.machine(MACHINE).waiting;
    assert!(said.contains("nothing came since"), "{said}");
}
