//! The loop at work on a database in memory: what it says of a machine, and when.

mod asking;
mod waking;

use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::events::Event;
use machine_store::generation::{Confirmation, Confirmed, confirm, resume};
use machine_store::requests::Request;

use super::*;
use crate::fixtures::{now, site};
use crate::reconcile::places::{BMCS, NODES};
use crate::site::About;

const MACHINE: MachineId = MachineId::from_bytes([1; 16]);
/// Longer than any test: what is looked at was woken.
const NEVER: Duration = Duration::from_hours(24);

/// The loop over one machine that was found.
struct Loop {
    site: Arc<Site>,
    status: Arc<Status>,
    reconciler: Arc<Reconciler>,
    stop: CancellationToken,
}

impl Loop {
    async fn over(site: Site) -> Self {
        let site = Arc::new(site);
        let status = Arc::new(Status::default());
        let power = Arc::new(Power::new(Arc::clone(&site)));
        let reconciler = Reconciler::new(Arc::clone(&site), power, Arc::clone(&status));
        let it = Self {
            site,
            status,
            reconciler: Arc::new(reconciler),
            stop: CancellationToken::new(),
        };
        let machine = Machine::discovered(MACHINE, "w-1", now());
        it.write(MachineWrite::Insert(machine)).await;
        let (reconciler, stop) = (Arc::clone(&it.reconciler), it.stop.clone());
        tokio::spawn(reconciler.run(NEVER, stop));
        it
    }

    async fn write(&self, write: MachineWrite) {
        let machines = vec![write];
        let change = Change {
            machines,
            ..Change::default()
        };
        let outcome = apply(&self.site.db, &change).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
    }

    async fn machine(&self) -> Machine {
        machines::find(&self.site.db, MACHINE)
            .await
            .unwrap()
            .unwrap()
    }

    /// What the machine waits for, once it was woken and looked at.
    async fn waiting(&self) -> String {
        self.status.ask_anew(MACHINE);
        self.site.wake.machine(MACHINE);
        self.status.settled().await;
        self.status.machine(MACHINE).waiting
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn whoever_wakes_a_machine_is_told_of_its_new_state_without_a_sweep() {
    let it = Loop::over(site().await).await;
    assert!(it.waiting().await.contains("a person must accept it"));
    let retired = Machine {
        state: State::Retired,
        ..it.machine().await
    };
    it.write(MachineWrite::Update(retired)).await;
    assert_eq!(it.waiting().await, "it is retired");
    let Machine { id, version, .. } = it.machine().await;
    let at = now();
    it.write(MachineWrite::Forget { id, version, at }).await;
    assert_eq!(
        it.waiting().await,
        "",
        "nobody waits for a machine that is gone"
    );
}

#[tokio::test]
async fn a_confirmed_database_is_nothing_that_a_machine_waits_for() {
    let site = site().await;
    let state = tempfile::tempdir().unwrap();
    let mark = state.path().join("generation");
    resume(&site.db, &mark, true).await.unwrap();
    let it = Loop::over(site).await;
    let doubt = it.site.db.safe_mode().unwrap().to_string();
    assert_eq!(it.waiting().await, doubt);
    let confirmation = Confirmation {
        request: Request {
            key: "one".to_owned(),
            digest: [0; 32],
            result: String::new(),
            at: now(),
        },
        event: Event {
            machine: None,
            ..About::machine(MACHINE).event(now(), "database", "gone on with")
        },
    };
    let confirmed = confirm(&it.site.db, &confirmation).await.unwrap();
    assert_eq!(confirmed, Confirmed::Now);
    assert!(it.waiting().await.contains("a person must accept it"));
}

#[tokio::test]
async fn dead_bmcs_and_nodes_keep_nobody_from_what_records_decide() {
    let it = Loop::over(site().await).await;
    let places = &it.reconciler.places;
    let _bmcs = places.bmcs.acquire_many(all(BMCS)).await.unwrap();
    let _nodes = places.nodes.acquire_many(all(NODES)).await.unwrap();
    let accepted = it.machine().await.after(Input::Accept, now()).unwrap();
    it.write(MachineWrite::Update(accepted)).await;
    assert!(it.waiting().await.contains("it has no BMC"));
}

#[tokio::test]
async fn what_is_known_of_a_bystander_stands_while_its_dead_bmc_is_asked() {
    let it = Loop::over(site().await).await;
    it.status.set_power(MACHINE, None, now());
    it.status
        .set_waiting(MACHINE, "its BMC does not answer".to_owned());
    let places = &it.reconciler.places;
    let _bmcs = places.bmcs.acquire_many(all(BMCS)).await.unwrap();
    let accepted = it.machine().await.after(Input::Accept, now()).unwrap();
    it.write(MachineWrite::Update(Machine {
        bmc: Some(endpoint()),
        ..accepted
    }))
    .await;
    it.status.ask_again(MACHINE);
    it.site.wake.machine(MACHINE);
    it.status.settled().await;
    let seen = it.status.machine(MACHINE);
    assert_eq!(seen.waiting, "its BMC does not answer");
    assert!(!seen.is_changed());
}

fn endpoint() -> BmcEndpoint {
    BmcEndpoint::Ipmi(IpmiEndpoint::new("127.0.0.1:623".parse().unwrap(), "ADMIN"))
}

fn all(places: usize) -> u32 {
    u32::try_from(places).unwrap()
}
