//! What a refusal offers: it is possible at that moment.

use std::collections::BTreeSet;

use api_server::error::UseCaseError;
use api_server::operations::endings::Ending;
use machine_core::command::Command;
use machine_core::lifecycle::{Moving, State};
use machine_store::change::{Change, MachineWrite};

use crate::around::{Around, asked};
use crate::clusters::CLUSTER;
use crate::permitted::Begun;

/// A machine in a state, with an install that has come so far, if any.
async fn standing(state: State, begun: Option<Begun>) -> Around {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    if let Some(begun) = begun {
        around.begin("cp-1", "lab", begun).await;
    }
    let mut machine = around.machine("cp-1").await;
    machine.state = state;
    around
        .write(Change {
            machines: vec![MachineWrite::Update(machine)],
            ..Change::default()
        })
        .await;
    around
}

async fn commanded(around: &Around, command: Command) -> Result<(), UseCaseError> {
    let (operations, asked) = (&around.operations, asked("offered"));
    match command {
        Command::Accept => operations.accept("cp-1", &asked).await.map(drop),
        Command::Cancel => operations
            .end("cp-1", Ending::Cancel, &asked)
            .await
            .map(drop),
        Command::Retry => operations.retry("cp-1", &asked).await.map(drop),
        Command::Retire => operations
            .end("cp-1", Ending::Retire, &asked)
            .await
            .map(drop),
        Command::Forget => operations
            .end("cp-1", Ending::Forget, &asked)
            .await
            .map(drop),
    }
}

/// What the refusals of a state offer.
async fn offered(state: State, begun: Option<Begun>) -> BTreeSet<&'static str> {
    let mut offered = BTreeSet::new();
    let mut around = standing(state, begun).await;
    for command in Command::ALL {
        match commanded(&around, command).await {
            Ok(()) => around = standing(state, begun).await,
            Err(UseCaseError::Lifecycle { possible, .. }) => {
                assert!(!possible.contains(&command), "{command} in {state}");
                offered.extend(possible.iter().map(|it| it.as_str()));
            }
            Err(_) => {}
        }
    }
    offered
}

#[tokio::test]
async fn what_a_refusal_offers_is_not_refused() {
    for state in State::ALL {
        let permitted = [None, Some(Begun::Permitted), Some(Begun::Released)];
        let is_install = matches!(
            state,
            State::Provisioning(_) | State::Failed(Moving::Provisioning(_))
        );
        for begun in &permitted[..if is_install { 3 } else { 1 }] {
            let begun = *begun;
            let offered = offered(state, begun).await;
            for command in Command::ALL {
                if !offered.contains(command.as_str()) {
                    continue;
                }
                let around = standing(state, begun).await;
                let done = commanded(&around, command).await;
                assert!(done.is_ok(), "{command} in {state}, {begun:?}: {done:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_retry_offers_what_ends_an_install() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "cluster").await.unwrap();
    around.begin("cp-1", "lab", Begun::Released).await;
    let said = commanded(&around, Command::Retry).await.unwrap_err();
    let wanted = "cp-1: retry is not possible while provisioning; possible now: cancel, retire";
    assert_eq!(said.to_string(), wanted);
}
