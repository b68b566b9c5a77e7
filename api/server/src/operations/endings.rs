//! How stories of machines end: each is one command, thought out on what is read, written by
//! compare-and-set, carried out once by its key. None of them erases a disk.

use machine_core::machine::Machine;
use machine_core::network::ClientKey;
use machine_store::change::Change;
use machine_store::machines;
use machine_store::reservations::Reservation;

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::machines::MachineView;
use crate::operations::{Operations, TRIES, Written};

/// What a person says of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// End what is under way with it, or permitted.
    Cancel,
    /// Leave it alone for good.
    Retire,
    /// Remove its record.
    Forget,
    /// It is another machine.
    Merge {
        /// The name of the one that it is.
        into: &'a str,
        /// Whether that one's board was replaced: the claimant's UUID and serial number count.
        board: bool,
    },
    /// Its board was replaced.
    ReplaceBoard,
    /// Its UUID is also that of other boards.
    IgnoreUuid,
    /// What its BMC says of the machine around it is right.
    AcceptBmc,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The machine that it is about now, if there still is one.
    pub view: Option<MachineView>,
    /// What a person should know or do beside, a sentence each.
    pub notes: Vec<String>,
}

/// What is to be written for an ending.
#[derive(Debug, Default)]
pub(super) struct Thought {
    pub(super) change: Change,
    /// Which addresses are kept for nobody any more.
    pub(super) freed: Vec<Reservation>,
    pub(super) notes: Vec<String>,
}

impl Ending<'_> {
    /// What a repeated request is recognised by.
    fn request<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        match self {
            Self::Cancel => vec!["cancel", name],
            Self::Retire => vec!["retire", name],
            Self::Forget => vec!["forget", name],
            Self::Merge { into, board } => {
                let board = if *board { "with its board" } else { "" };
                vec!["merge", name, into, board]
            }
            Self::ReplaceBoard => vec!["replace board", name],
            Self::IgnoreUuid => vec!["ignore uuid", name],
            Self::AcceptBmc => vec!["accept bmc", name],
        }
    }

    /// What asks for it.
    const fn operation(&self) -> Operation {
        match self {
            Self::Cancel => Operation::CancelMachine,
            Self::Retire => Operation::RetireMachine,
            Self::Forget => Operation::ForgetMachine,
            Self::Merge { .. } => Operation::MergeMachine,
            Self::ReplaceBoard => Operation::ReplaceBoard,
            Self::IgnoreUuid => Operation::IgnoreUuid,
            Self::AcceptBmc => Operation::AcceptBmc,
        }
    }

    /// The machine that it is about afterwards.
    const fn subject<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match self {
            Self::Cancel | Self::Retire | Self::ReplaceBoard => Some(name),
            Self::IgnoreUuid | Self::AcceptBmc => Some(name),
            Self::Merge { into, .. } => Some(into),
            Self::Forget => None,
        }
    }
}

impl Operations {
    /// Carries out what a person says of a machine.
    pub async fn end(
        &self,
        name: &str,
        ending: Ending<'_>,
        asked: &Asked,
    ) -> Result<Ended, UseCaseError> {
        self.permit(&asked.caller, ending.operation())?;
        let what = ending.request(name);
        if let Some(notes) = self.carried_out(asked, &what).await? {
            return self.ended(name, ending, &notes).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let Thought {
                mut change,
                freed,
                notes,
            } = self.think(&machine, ending, asked).await?;
            let notes = notes.join("\n");
            change.request = Some(self.request(asked, &what, notes.clone()));
            match self.write(&change).await? {
                Written::Now => {
                    for it in freed {
                        let client = ClientKey::Hardware(it.mac);
                        self.effects.unreserve(client, it.address);
                    }
                    // A forgotten machine is told as well that it is gone.
                    self.wake_after(&change).await?;
                    return self.ended(name, ending, &notes).await;
                }
                Written::Before(notes) => return self.ended(name, ending, &notes).await,
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn think(
        &self,
        machine: &Machine,
        ending: Ending<'_>,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        match ending {
            Ending::Cancel => self.cancellation(machine, asked).await,
            Ending::Retire => self.retirement(machine, asked).await,
            Ending::Forget => self.forgetting(machine, asked).await,
            Ending::Merge { into, board } => {
                let into = self.machine(into).await?;
                self.merger(machine, &into, board, asked).await
            }
            Ending::ReplaceBoard => self.replacement_of_board(machine, asked).await,
            Ending::IgnoreUuid => self.disregard_of_uuid(machine, asked).await,
            Ending::AcceptBmc => self.acceptance_of_bmc(machine, asked).await,
        }
    }

    /// The answer, also to a request that was carried out before.
    async fn ended(
        &self,
        name: &str,
        ending: Ending<'_>,
        notes: &str,
    ) -> Result<Ended, UseCaseError> {
        let subject = match ending.subject(name) {
            Some(subject) => machines::find_by_name(&self.db, subject).await?,
            None => None,
        };
        let view = match subject {
            Some(machine) => Some(self.view(machine).await?),
            None => None,
        };
        let notes = notes.lines().map(str::to_owned).collect();
        Ok(Ended { view, notes })
    }
}
