//! Who may do what: each use case, called by each role, and by nobody.

use std::time::Duration;

use api_server::caller::{Asked, Caller};
use api_server::cluster_vault::AccessRole;
use api_server::effects::power::{PowerOff, PowerRequest};
use api_server::error::UseCaseError;
use api_server::operation::Operation;
use api_server::operations::boots::TestedWords;
use api_server::operations::endings::Ending;
use api_server::operations::events::EventsOf;
use api_server::operations::page::Page;
use api_server::operations::release_hold::Choice;
use api_server::role::Role;
use machine_core::operation::Resolution;

use crate::around::Around;
use crate::clusters::CLUSTER;
use crate::machines::RACK;

impl Around {
    /// Calls a use case. An operation that nobody calls here does not compile.
    pub(crate) async fn call(
        &self,
        operation: Operation,
        caller: &Caller,
    ) -> Result<(), UseCaseError> {
        let key = format!("{operation:?}");
        let asked = Asked::new(caller.clone(), "it is time".to_owned(), key).unwrap();
        match operation {
            Operation::ListMachines
            | Operation::GetMachine
            | Operation::WatchTimeline
            | Operation::ListClusters
            | Operation::GetCluster
            | Operation::ListEvents
            | Operation::GetDatabase
            | Operation::ExplainBoot
            | Operation::TestBoot
            | Operation::ExportPackets => self.look(operation, caller).await,
            Operation::CancelMachine
            | Operation::RetireMachine
            | Operation::ReplaceBoard
            | Operation::IgnoreUuid
            | Operation::AcceptBmc
            | Operation::ForgetMachine
            | Operation::MergeMachine => self.say(operation, &asked).await,
            Operation::AcceptMachine
            | Operation::RetryMachine
            | Operation::SetPower
            | Operation::ReleaseHold
            | Operation::ApplyMachines
            | Operation::RetryWithWipe => self.work(operation, &asked).await,
            Operation::ApplyCluster
            | Operation::TalosConfig
            | Operation::KubeConfig
            | Operation::ExportSecrets
            | Operation::ImportSecrets
            | Operation::ResolveBootstrap
            | Operation::DeleteCluster
            | Operation::ConfirmDatabase => self.govern(operation, &asked).await,
        }
    }

    async fn look(&self, operation: Operation, caller: &Caller) -> Result<(), UseCaseError> {
        let (it, page) = (&self.operations, Page::default());
        match operation {
            Operation::ListMachines => it.list_machines(caller, &page).await.map(drop),
            Operation::GetMachine => it.show_machine(caller, "cp-1").await.map(drop),
            Operation::WatchTimeline => it.watched(caller, "cp-1").await.map(drop),
            Operation::ListClusters => it.list_clusters(caller, &page).await.map(drop),
            Operation::GetCluster => it.show_cluster(caller, "lab").await.map(drop),
            Operation::ListEvents => {
                let events = it.list_events(caller, EventsOf::All, (0, 1));
                events.await.map(drop)
            }
            Operation::GetDatabase => it.show_database(caller).map(drop),
            Operation::ExplainBoot => it.explain_boot(caller, "cp-1").await.map(drop),
            Operation::ExportPackets => it.export_packets(caller, "cp-1").await.map(drop),
            Operation::TestBoot => {
                let words = TestedWords {
                    mac: "52:54:00:77:00:01",
                    uuid: "",
                    arch: "amd64",
                    firmware: "uefi",
                    over_http: false,
                    is_ipxe: false,
                    via: "",
                };
                it.test_boot(caller, words).await.map(drop)
            }
            other => panic!("{other:?} is no question"),
        }
    }

    async fn say(&self, operation: Operation, asked: &Asked) -> Result<(), UseCaseError> {
        let ending = match operation {
            Operation::CancelMachine => Ending::Cancel,
            Operation::RetireMachine => Ending::Retire,
            Operation::ReplaceBoard => Ending::ReplaceBoard,
            Operation::IgnoreUuid => Ending::IgnoreUuid,
            Operation::AcceptBmc => Ending::AcceptBmc,
            Operation::ForgetMachine => Ending::Forget,
            Operation::MergeMachine => Ending::Merge {
                into: "cp-2",
                board: false,
            },
            other => panic!("{other:?} ends no story"),
        };
        self.operations.end("cp-1", ending, asked).await.map(drop)
    }

    async fn work(&self, operation: Operation, asked: &Asked) -> Result<(), UseCaseError> {
        let (it, off) = (&self.operations, PowerRequest::Off(PowerOff::Graceful));
        let (choice, named) = (Choice::default(), ("cp-1", "cp-1"));
        match operation {
            Operation::AcceptMachine => it.accept("cp-1", asked).await.map(drop),
            Operation::RetryMachine => it.retry("cp-1", asked).await.map(drop),
            Operation::SetPower => it.power(named, off, asked).await.map(drop),
            Operation::ReleaseHold => it.release_hold("cp-1", &choice, asked).await.map(drop),
            Operation::RetryWithWipe => it.retry_with_wipe(named, asked).await.map(drop),
            Operation::ApplyMachines => {
                let applied = it.apply_machines("rack.yaml", RACK, asked);
                applied.await.map(drop)
            }
            other => panic!("{other:?} does nothing with a machine"),
        }
    }

    async fn govern(&self, operation: Operation, asked: &Asked) -> Result<(), UseCaseError> {
        let (it, named, day) = (&self.operations, ("lab", "lab"), Duration::ZERO);
        match operation {
            Operation::ApplyCluster => {
                let applied = it.apply_cluster("lab.yaml", CLUSTER, asked);
                applied.await.map(drop)
            }
            Operation::TalosConfig => {
                let access = it.give_access("lab", AccessRole::TalosReader, day, asked);
                access.await.map(drop)
            }
            Operation::KubeConfig => {
                let access = it.give_access("lab", AccessRole::KubeViewer, day, asked);
                access.await.map(drop)
            }
            Operation::ExportSecrets => it.export_secrets("lab", "lab", asked).await.map(drop),
            Operation::ImportSecrets => it.import_secrets(named, "keys", asked).await.map(drop),
            Operation::ResolveBootstrap => {
                let resolved = it.resolve_bootstrap("lab", Resolution::Done, asked);
                resolved.await.map(drop)
            }
            Operation::DeleteCluster => it.delete_cluster("lab", "lab", asked).await.map(drop),
            Operation::ConfirmDatabase => it.confirm_database("", asked).await,
            other => panic!("{other:?} is about no cluster and no database"),
        }
    }
}

fn is_forbidden(done: &Result<(), UseCaseError>) -> bool {
    matches!(done, Err(UseCaseError::Forbidden { .. }))
}

#[tokio::test]
async fn every_use_case_is_refused_to_a_caller_without_a_role_and_does_nothing() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    let before = around.events().await;
    let nobody = Caller::in_process("eve", []);
    for operation in Operation::ALL {
        let done = around.call(operation, &nobody).await;
        assert!(is_forbidden(&done), "{operation:?}: {done:?}");
    }
    assert_eq!(around.events().await, before);
    assert!(around.world.switched.lock().unwrap().is_empty());
}

/// Whatever else may be refused: it is not for the role.
#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_nothing_else() {
    for role in Role::ALL {
        let around = Around::racked().await;
        around.cluster(CLUSTER, "cluster").await.unwrap();
        let caller = Caller::in_process("bob", [role]);
        for operation in Operation::ALL {
            let done = around.call(operation, &caller).await;
            let may = operation.roles().contains(&role);
            assert_eq!(
                is_forbidden(&done),
                !may,
                "{role:?} {operation:?}: {done:?}"
            );
        }
    }
}
