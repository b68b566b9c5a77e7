//! Machines with an open permission, as the reconciler leaves them.

use machine_core::allocation::{Allocation, allocate};
use machine_core::attempt::{Attempt, Release};
use machine_core::id::{AttemptId, IntentId};
use machine_core::intent::{Actor, Intent, IntentKind};
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::clusters;

use crate::around::{Around, NOW, caller};

/// How far an install has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is permitted, and an attempt is open.
    Permitted,
    /// The attempt has its config.
    Released,
}

impl Around {
    /// Begins the install of a machine by the rule of a cluster.
    pub(crate) async fn begin(&self, name: &str, cluster: &str, begun: Begun) {
        self.begin_attempt((name, cluster), begun, 1).await;
    }

    /// Begins it once more: the attempt has this number.
    pub(crate) async fn begin_again(&self, name: &str, cluster: &str, number: u32) {
        self.begin_attempt((name, cluster), Begun::Permitted, number)
            .await;
    }

    async fn begin_attempt(&self, (name, cluster): (&str, &str), begun: Begun, number: u32) {
        let machine = self.machine(name).await;
        let all = clusters::list(&self.db).await.unwrap();
        let Allocation::Take { assignment, .. } = allocate(&machine, &all) else {
            panic!("no rule takes {name}")
        };
        let first = machine.id.to_string().bytes().next().unwrap();
        let mut id = [first; 16];
        id[0] = u8::try_from(number).unwrap();
        let intent = Intent {
            id: IntentId::from_bytes(id),
            machine: machine.id,
            assignment: assignment.clone(),
            actor: Actor::Policy(format!("cluster {cluster}")),
            reason: "the cluster's rule takes the machine".to_owned(),
            opened: NOW,
            expires: NOW.plus(Intent::LIFETIME),
            kind: IntentKind::Install,
            claims: 0,
            closed: None,
        };
        let release = Release::fetched(NOW, [10, 77, 0, 10].into(), [1; 32]);
        let attempt = Attempt {
            id: AttemptId::from_bytes(id),
            machine: machine.id,
            intent: intent.id,
            number,
            assignment,
            opened: NOW,
            deadline: NOW.plus(Attempt::LIFETIME),
            boot: None,
            power_actions: 0,
            power_at: None,
            release: (begun == Begun::Released).then_some(release),
            closed: None,
            accepted_boot: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        let next = Machine {
            state: State::Provisioning(Origin::Available),
            since: NOW,
            deadline: Some(NOW.plus(Machine::PROVISIONING)),
            ..machine
        };
        self.write(Change {
            machines: vec![MachineWrite::Update(next)],
            intents: vec![IntentWrite::Open(intent)],
            attempts: vec![AttemptWrite::Open(attempt)],
            ..Change::default()
        })
        .await;
    }

    /// How the latest permission of a machine ended, and its attempt; empty while open.
    pub(crate) async fn ends(&self, name: &str) -> [String; 2] {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        let intent = details.intents.first().and_then(|(it, _)| it.closed);
        let attempt = details.attempts.first().and_then(|it| it.closed);
        [
            intent.map_or("", |(_, end)| end.as_str()).to_owned(),
            attempt.map_or("", |(_, end)| end.as_str()).to_owned(),
        ]
    }
}
