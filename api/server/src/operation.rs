//! Everything that can be asked of Drover: which roles may ask it, and what waits while the records
//! are doubted. Two tables.

use crate::role::Role;

/// A use case, as the one who calls names it. Each is a method of the API of the same name; where
/// one method does two things that take different roles, it is two here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Lists machines.
    ListMachines,
    /// Shows one machine.
    GetMachine,
    /// Reads a machine's timeline.
    WatchTimeline,
    /// Lists clusters.
    ListClusters,
    /// Shows one cluster.
    GetCluster,
    /// Lists events.
    ListEvents,
    /// Shows the database's standing.
    GetDatabase,
    /// Says why a machine boots what it boots.
    ExplainBoot,
    /// Says what a client that is made up would be told.
    TestBoot,
    /// Hands out the last packets of a machine.
    ExportPackets,
    /// Accepts a machine.
    AcceptMachine,
    /// Tries again what a machine failed at.
    RetryMachine,
    /// Cancels what is under way with a machine.
    CancelMachine,
    /// Switches a machine's power.
    SetPower,
    /// Accepts a boot that speaks for a machine.
    ReleaseHold,
    /// Leaves a machine alone for good.
    RetireMachine,
    /// Says that a machine's board was replaced.
    ReplaceBoard,
    /// Says that a machine's UUID identifies nothing.
    IgnoreUuid,
    /// Says that a machine's BMC is the right one.
    AcceptBmc,
    /// Registers machines.
    ApplyMachines,
    /// Wipes an older install first, and tries again.
    RetryWithWipe,
    /// Removes the record of a machine.
    ForgetMachine,
    /// Makes two records of machines one.
    MergeMachine,
    /// Makes or changes a cluster.
    ApplyCluster,
    /// Hands out a talosconfig.
    TalosConfig,
    /// Hands out a kubeconfig.
    KubeConfig,
    /// Hands out all keys of a cluster.
    ExportSecrets,
    /// Replaces all keys of a cluster.
    ImportSecrets,
    /// Says what became of a Bootstrap.
    ResolveBootstrap,
    /// Deletes a cluster.
    DeleteCluster,
    /// Goes on with a database that is doubted.
    ConfirmDatabase,
}

impl Operation {
    /// Every operation there is.
    pub const ALL: [Self; 31] = [
        Self::ListMachines,
        Self::GetMachine,
        Self::WatchTimeline,
        Self::ListClusters,
        Self::GetCluster,
        Self::ListEvents,
        Self::GetDatabase,
        Self::ExplainBoot,
        Self::TestBoot,
        Self::ExportPackets,
        Self::AcceptMachine,
        Self::RetryMachine,
        Self::CancelMachine,
        Self::SetPower,
        Self::ReleaseHold,
        Self::RetireMachine,
        Self::ReplaceBoard,
        Self::IgnoreUuid,
        Self::AcceptBmc,
        Self::ApplyMachines,
        Self::RetryWithWipe,
        Self::ForgetMachine,
        Self::MergeMachine,
        Self::ApplyCluster,
        Self::TalosConfig,
        Self::KubeConfig,
        Self::ExportSecrets,
        Self::ImportSecrets,
        Self::ResolveBootstrap,
        Self::DeleteCluster,
        Self::ConfirmDatabase,
    ];

    /// Who may ask it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::ListMachines | Self::GetMachine | Self::WatchTimeline => EVERYBODY,
            Self::ListClusters | Self::GetCluster => EVERYBODY,
            Self::ListEvents | Self::GetDatabase => EVERYBODY,
            Self::ExplainBoot | Self::TestBoot => EVERYBODY,
            // Everything that a machine said of itself on the wire.
            Self::ExportPackets => DAILY_WORK,
            Self::AcceptMachine | Self::RetryMachine | Self::CancelMachine => DAILY_WORK,
            Self::SetPower | Self::ReleaseHold | Self::RetireMachine => DAILY_WORK,
            Self::ReplaceBoard | Self::IgnoreUuid | Self::AcceptBmc => DAILY_WORK,
            // What documents say is what may be erased.
            Self::ApplyMachines | Self::ApplyCluster => ADMIN,
            Self::RetryWithWipe | Self::ForgetMachine | Self::MergeMachine => ADMIN,
            Self::TalosConfig | Self::KubeConfig => ADMIN,
            Self::ExportSecrets | Self::ImportSecrets => ADMIN,
            Self::ResolveBootstrap | Self::DeleteCluster | Self::ConfirmDatabase => ADMIN,
        }
    }

    /// Whether it waits until safe mode is over.
    ///
    /// What a person wants of a machine, and what takes a permission back, is recorded: it moves
    /// nothing yet, and the plan asks the records again once they are trusted. What removes keys or
    /// records, or takes away a guard that the next release or wipe rests on, waits: the records by
    /// which it is judged may lack that a machine is a member.
    pub const fn waits_in_safe_mode(self) -> bool {
        match self {
            Self::ListMachines | Self::GetMachine | Self::WatchTimeline => false,
            Self::ListClusters | Self::GetCluster => false,
            Self::ListEvents | Self::GetDatabase | Self::ConfirmDatabase => false,
            Self::ExplainBoot | Self::TestBoot | Self::ExportPackets => false,
            Self::AcceptMachine | Self::RetryMachine => false,
            Self::CancelMachine | Self::RetireMachine => false,
            Self::ApplyMachines | Self::ApplyCluster => false,
            // A way into a cluster, and a copy of its keys, may be needed just then.
            Self::TalosConfig | Self::KubeConfig | Self::ExportSecrets => false,
            Self::ImportSecrets | Self::DeleteCluster => true,
            Self::ForgetMachine | Self::MergeMachine | Self::ReplaceBoard => true,
            // Each of them takes a guard away: the claimants, the UUID, the BMC's GUID.
            Self::ReleaseHold | Self::IgnoreUuid | Self::AcceptBmc => true,
            Self::RetryWithWipe | Self::ResolveBootstrap | Self::SetPower => true,
        }
    }

    /// The method of the API that it is asked by.
    pub fn method(self) -> String {
        match self {
            Self::RetryWithWipe => Self::RetryMachine.method(),
            other => format!("{other:?}"),
        }
    }
}

const EVERYBODY: &[Role] = &[Role::Viewer, Role::Operator, Role::Admin];
const DAILY_WORK: &[Role] = &[Role::Operator, Role::Admin];
const ADMIN: &[Role] = &[Role::Admin];

#[cfg(test)]
mod tests {
    use super::*;

    /// The methods that the API's file defines.
    fn methods() -> Vec<&'static str> {
        let file = include_str!("../../proto/proto/drover/v1/drover.proto");
        let lines = file.lines().filter_map(|it| it.trim().strip_prefix("rpc "));
        lines
            .filter_map(|it| it.split_once('('))
            .map(|it| it.0)
            .collect()
    }

    #[test]
    fn every_method_of_the_api_is_an_operation_and_every_operation_a_method() {
        let mut methods = methods();
        methods.sort_unstable();
        let mut placed: Vec<String> = Operation::ALL.iter().map(|it| it.method()).collect();
        placed.sort_unstable();
        placed.dedup();
        assert_eq!(placed, methods);
    }

    #[test]
    fn whoever_may_do_more_may_do_what_those_below_may() {
        for operation in Operation::ALL {
            let roles = operation.roles();
            assert!(roles.contains(&Role::Admin), "{operation:?}");
            let is_for_viewers = roles.contains(&Role::Viewer);
            assert!(
                !is_for_viewers || roles.contains(&Role::Operator),
                "{operation:?}"
            );
        }
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        for operation in Operation::ALL {
            let name = operation.method();
            let is_question = ["List", "Get", "Watch", "Explain", "Test"]
                .iter()
                .any(|it| name.starts_with(it));
            let is_for_viewers = operation.roles().contains(&Role::Viewer);
            assert_eq!(is_for_viewers, is_question, "{operation:?}");
        }
    }
}
