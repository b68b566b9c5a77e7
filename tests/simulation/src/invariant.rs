//! The promises of the project, each as what breaks it.

use std::net::IpAddr;

use machine_core::lifecycle::State;
use thiserror::Error;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// A config went out that people had not permitted.
    #[error("{machine}: a config went out though no person and no document permits it")]
    ReleaseWithoutPermission {
        /// Of which machine.
        machine: String,
    },
    /// A config went out without an open intent on record.
    #[error("{machine}: the config of an attempt was released without an open intent")]
    ReleaseWithoutIntent {
        /// Of which machine.
        machine: String,
    },
    /// A config went to somebody who is not the machine, or to a second peer.
    #[error(
        "{machine}: its config went to node {node:?}, which is not the one peer of the attempt"
    )]
    WrongPeer {
        /// Whose config.
        machine: String,
        /// Who got it, if it was a node.
        node: Option<usize>,
    },
    /// A config went out too often.
    #[error("{machine}: the config of one attempt went out {fetches} times")]
    FetchedTooOften {
        /// Of which machine.
        machine: String,
        /// How often.
        fetches: u32,
    },
    /// A disk was written that nobody permitted to write.
    #[error("node {node} wrote its disk without a release for it")]
    DiskWritten {
        /// Which node.
        node: usize,
    },
    /// An older install was wiped that nobody permitted to wipe.
    #[error("node {node} was told to wipe an older install, and nobody permits that")]
    Wiped {
        /// Which node.
        node: usize,
    },
    /// A member was switched off.
    #[error("{machine}: its power was switched off while it was {state}")]
    MemberSwitchedOff {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// A machine was switched off by a BMC that stands in no document of its own.
    #[error("node {node} was switched off by a BMC that is not in its document")]
    AnotherSwitchedOff {
        /// Which node.
        node: usize,
    },
    /// A machine was switched off that people had not permitted to install.
    #[error("node {node} was switched off, and no person and no document permits its install")]
    SwitchedOffUnpermitted {
        /// Which node.
        node: usize,
    },
    /// A machine was switched off whose system runs, and its API was not asked before.
    #[error("node {node} was switched off while its system runs, and its API was not asked before")]
    CutOffUnasked {
        /// Which node.
        node: usize,
    },
    /// A member was not sent to its disk.
    #[error("node {node} is active, booted from the network, and was not sent to its disk")]
    KeptFromDisk {
        /// Which node.
        node: usize,
    },
    /// An address was acknowledged, and its lease is not on record.
    #[error("{address} was acknowledged, and no lease of it is on record")]
    LeaseUnkept {
        /// Which address.
        address: IpAddr,
    },
    /// Two machines were given one address.
    #[error("node {node} was given {address}, which node {other} holds")]
    LeasedTwice {
        /// Which node.
        node: usize,
        /// Who holds it.
        other: usize,
        /// Which address.
        address: IpAddr,
    },
    /// A word was acknowledged though the database was away.
    #[error("a word of node {node} was acknowledged while the database was away: it is lost")]
    AcknowledgedUnkept {
        /// Which node.
        node: usize,
    },
    /// What a stranger said ended an attempt.
    #[error("{machine}: what a stranger said from its address was believed")]
    StrangerBelieved {
        /// Which machine.
        machine: String,
    },
    /// What a node said ends its attempt, and the attempt goes on.
    #[error("{machine}: its node said what ends attempt {attempt}, and the attempt goes on")]
    VerdictIgnored {
        /// Which machine.
        machine: String,
        /// Which attempt.
        attempt: u32,
    },
    /// A moving state without a deadline, a stable one with one, or a deadline that did nothing.
    #[error("{machine}: it is {state}, and its deadline is wrong or long over")]
    Deadline {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// More claims, attempts or switchings of power than are permitted.
    #[error("{machine}: too many {what}")]
    TooMany {
        /// Which machine.
        machine: String,
        /// Of what.
        what: &'static str,
    },
    /// Permissions or attempts that outlive the state that they belong to.
    #[error("{machine}: it is {state} with an open {what}")]
    LeftOpen {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
        /// What is open.
        what: &'static str,
    },
    /// A machine counts as a member that does not run from its disk on the config of its attempt.
    #[error("{machine} is active, and node {node} has never run from its disk on a config of ours")]
    NeverRan {
        /// Which machine.
        machine: String,
        /// Which node it is.
        node: usize,
    },
    /// Bootstrap was executed again.
    #[error("Bootstrap was executed {0} times on one cluster")]
    BootstrapTwice(u32),
    /// A machine that nothing is wrong with failed again after all faults had ended.
    #[error("{machine} was tried again in peace and is {state}: {why}")]
    NotMended {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
        /// Its failure.
        why: String,
    },
    /// Long after the last fault a machine still had not come to rest.
    #[error("{machine} never came to rest: it is {state}")]
    NeverSettled {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// Long after the last fault a cluster is not ready.
    #[error("the cluster {cluster} never came to be ready: {why}")]
    NeverReady {
        /// Which cluster.
        cluster: String,
        /// What it waits for.
        why: String,
    },
    /// The records can't be read.
    #[error("the records can't be read: {0}")]
    Unreadable(String),
}
