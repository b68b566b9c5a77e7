//! What was last seen and said of machines is written beside their records, so that whoever watches
//! them is told, and misses nothing. A status that changes again before it is written is written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use machine_core::id::MachineId;
use machine_core::power::PowerState;
use machine_store::error::StoreError;
use machine_store::statuses::{self, MachineStatus};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::error::chain;
use crate::site::Site;
use crate::status::Status;

/// What is on record of each machine: what it waits for, and its power.
type Written = BTreeMap<MachineId, (String, Option<PowerState>)>;

/// How many are read at once.
const PAGE: u32 = 1000;

/// Writes statuses until told to stop.
pub async fn run(site: Arc<Site>, status: Arc<Status>, stop: CancellationToken) {
    let mut written = match read(&site).await {
        Ok(written) => written,
        Err(error) => {
            // Each is written again, once.
            warn!(
                error = chain(&error),
                "the statuses on record were not read"
            );
            Written::new()
        }
    };
    loop {
        let changed = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = status.changed() => changed,
        };
        publish(&site, &status, &mut written, changed).await;
    }
}

async fn read(site: &Site) -> Result<Written, StoreError> {
    let (mut written, mut after) = (Written::new(), 0);
    loop {
        let page = statuses::since(&site.db, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(written);
        };
        after = last.version;
        let each = page.into_iter().map(|it| it.status);
        written.extend(each.map(|it| (it.machine, (it.waiting, it.power))));
    }
}

/// All at once, so that one transaction has them. One that fails is written after the next look.
async fn publish(site: &Site, status: &Status, written: &mut Written, changed: Vec<MachineId>) {
    let mut writing = JoinSet::new();
    for machine in changed {
        let seen = status.machine(machine);
        let now = (seen.waiting, seen.power);
        if written.get(&machine) == Some(&now) {
            continue;
        }
        let write = MachineStatus {
            machine,
            waiting: now.0.clone(),
            power: now.1,
            at: site.now(),
        };
        let commit = site.commit.clone();
        writing.spawn(async move { (machine, now, commit.submit(write).await) });
    }
    while let Some(done) = writing.join_next().await {
        match done {
            Ok((machine, now, Ok(Some(_)))) => {
                written.insert(machine, now);
            }
            Ok((machine, _, Ok(None))) => {
                written.remove(&machine);
            }
            Ok((_, _, Err(error))) => warn!(error = chain(&error), "a status was not written"),
            // Its task was cut off: the daemon ends.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{now, site};
    use machine_core::machine::Machine;
    use machine_store::apply::apply;
    use machine_store::change::{Change, MachineWrite, Outcome};

    const MACHINE: MachineId = MachineId::from_bytes([1; 16]);
    const NOBODY: MachineId = MachineId::from_bytes([2; 16]);

    fn look(status: &Status, machine: MachineId, waiting: &str) {
        status.begin_look(machine);
        status.set_waiting(machine, waiting.to_owned());
    }

    /// The statuses after this number, once there are any.
    async fn news(site: &Site, after: i64) -> Vec<(i64, String)> {
        let mut newest = site.db.statuses();
        newest.wait_for(|it| *it > after).await.unwrap();
        let news = statuses::since(&site.db, after, PAGE).await.unwrap();
        news.into_iter()
            .map(|it| (it.version, it.status.waiting))
            .collect()
    }

    #[tokio::test]
    async fn who_watches_is_told_what_a_machine_waits_for_and_once() {
        let site = Arc::new(site().await);
        let machine = Machine::discovered(MACHINE, "w-1", now());
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            ..Change::default()
        };
        let outcome = apply(&site.db, &change).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        let (status, stop) = (Arc::new(Status::default()), CancellationToken::new());
        let publishing = tokio::spawn(run(Arc::clone(&site), Arc::clone(&status), stop.clone()));
        look(&status, NOBODY, "nobody");
        look(&status, MACHINE, "its BMC is silent");
        let wanted = |version, waiting: &str| vec![(version, waiting.to_owned())];
        assert_eq!(news(&site, 0).await, wanted(1, "its BMC is silent"));
        // Said again it is no news, also after a restart.
        stop.cancel();
        publishing.await.unwrap();
        let stop = CancellationToken::new();
        let publishing = tokio::spawn(run(Arc::clone(&site), Arc::clone(&status), stop.clone()));
        look(&status, MACHINE, "its BMC is silent");
        look(&status, NOBODY, "nobody");
        status.set_power(MACHINE, Some(PowerState::On), now());
        assert_eq!(news(&site, 1).await, wanted(2, "its BMC is silent"));
        stop.cancel();
        publishing.await.unwrap();
    }
}
