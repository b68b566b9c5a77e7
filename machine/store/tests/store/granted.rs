//! Leases by the rules of their table, whatever of them is in the journal.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_store::commit::Committer;
use machine_store::commit::item::LeaseEnd;
use machine_store::db::Db;
use machine_store::leases::{self, LeaseOutcome};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bench::Bench;
use crate::fixtures::{address, at, lease};
use crate::generated::each;

/// What happens to the leases of a subnet.
#[derive(Debug, Clone)]
enum Act {
    /// A client asks for an address, some seconds after the act before, for some seconds.
    Grant {
        client: u32,
        address: u32,
        after: i64,
        seconds: i64,
    },
    /// A client gives an address back.
    End { client: u32, address: u32 },
    /// Drover is started again.
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let grant =
        (0..5_u32, 0..5_u32, 0..9_i64, 1..30_i64).prop_map(|(client, address, after, seconds)| {
            Act::Grant {
                client,
                address,
                after,
                seconds,
            }
        });
    let end = (0..5_u32, 0..5_u32).prop_map(|(client, address)| Act::End { client, address });
    prop_oneof![12 => grant, 2 => end, 1 => Just(Act::Restart)]
}

/// The rules, in memory.
#[derive(Debug, Default)]
struct Rules {
    leases: BTreeMap<ClientKey, Lease>,
}

impl Rules {
    fn grant(&mut self, lease: &Lease) -> LeaseOutcome {
        let is_over = |it: &Lease| {
            it.address == lease.address && it.client != lease.client && it.expires <= lease.granted
        };
        self.leases.retain(|_, it| !is_over(it));
        let mut others = self.leases.values();
        let holder = others.find(|it| it.address == lease.address && it.client != lease.client);
        if let Some(holder) = holder.cloned() {
            return LeaseOutcome::Taken { holder };
        }
        self.leases.insert(lease.client.clone(), lease.clone());
        LeaseOutcome::Committed
    }

    fn end(&mut self, client: &ClientKey, address: IpAddr) -> bool {
        let is_his = self
            .leases
            .get(client)
            .is_some_and(|it| it.address == address);
        is_his && self.leases.remove(client).is_some()
    }

    fn all(&self, is_wanted: impl Fn(&Lease) -> bool) -> Vec<Lease> {
        let mut all: Vec<_> = self.leases.values().cloned().collect();
        all.retain(is_wanted);
        all.sort_by_key(|it| it.address);
        all
    }
}

async fn assert_held(db: &Db, rules: &Rules, subnet: &SubnetName) {
    let held = leases::of_subnet(db, subnet).await.unwrap();
    assert_eq!(held, rules.all(|_| true));
    for number in 0..5 {
        let (client, address) = (lease(number).client, address(number));
        let mut held = leases::of_client(db, &client).await.unwrap();
        held.retain(|it| it.subnet == *subnet);
        assert_eq!(held, rules.all(|it| it.client == client));
        let mut held = leases::of_address(db, address).await.unwrap();
        held.retain(|it| it.subnet == *subnet);
        assert_eq!(held, rules.all(|it| it.address == address));
    }
}

/// On SQLite most leases are only in the journal: nobody who grants, ends or reads one notices.
pub(crate) fn the_rules_hold_whatever_is_in_the_journal(bench: &Bench) {
    let subnets = Cell::new(0);
    // A task that is not told to end is as good as killed.
    let killed = RefCell::new(Vec::new());
    each(&vec(act(), 1..40), |acts| {
        subnets.set(subnets.get() + 1);
        let subnet = SubnetName::new(format!("lab-{}", subnets.get()));
        let mut rules = Rules::default();
        let mut now = 100;
        let mut db = bench.db.clone();
        let (mut commits, _) = bench.commits();
        for act in acts {
            bench.block(async {
                match act {
                    Act::Grant {
                        client,
                        address: number,
                        after,
                        seconds,
                    } => {
                        now += after;
                        let asked = Lease {
                            subnet: subnet.clone(),
                            address: address(number),
                            granted: at(now),
                            expires: at(now + seconds),
                            ..lease(client)
                        };
                        let outcome = commits.submit(asked.clone()).await.unwrap();
                        assert_eq!(outcome, rules.grant(&asked));
                    }
                    Act::End {
                        client,
                        address: number,
                    } => {
                        let (client, address) = (lease(client).client, address(number));
                        let end = LeaseEnd {
                            subnet: subnet.clone(),
                            client: client.clone(),
                            address,
                        };
                        let ended = commits.submit(end).await.unwrap();
                        assert_eq!(ended, rules.end(&client, address));
                    }
                    // There is no journal to be found again.
                    Act::Restart if !bench.is_sqlite() => {}
                    Act::Restart => {
                        db = Db::open(&bench.location).await.unwrap();
                        let next = Committer::spawn(db.clone()).0;
                        killed.borrow_mut().push(mem::replace(&mut commits, next));
                    }
                }
                assert_held(&db, &rules, &subnet).await;
            });
        }
        killed.borrow_mut().push(commits);
    });
}

/// Several folds, and addresses that went from one client to another between them.
pub(crate) fn more_leases_than_the_journal_takes_stand(bench: &Bench) {
    const LEASES: u32 = 5000;
    let (commits, task) = bench.commits();
    let later = |number: u32| Lease {
        address: address((number + 1) % LEASES),
        granted: at(10_000),
        expires: at(20_000),
        ..lease(number)
    };
    bench.block(async {
        for round in [lease, later] {
            let mut waiting = tokio::task::JoinSet::new();
            for number in 0..LEASES {
                let (commits, lease) = (commits.clone(), round(number));
                waiting.spawn(async move { commits.submit(lease).await.unwrap() });
            }
            let outcomes = waiting.join_all().await;
            assert!(outcomes.iter().all(|it| *it == LeaseOutcome::Committed));
        }
        let mut wanted: Vec<_> = (0..LEASES).map(later).collect();
        wanted.sort_by_key(|it| it.address);
        let subnet = lease(0).subnet;
        assert!(leases::of_subnet(&bench.db, &subnet).await.unwrap() == wanted);
        drop(commits);
        task.await.unwrap();
        assert!(leases::of_subnet(&bench.db, &subnet).await.unwrap() == wanted);
    });
}
