//! Situations that are arranged: chance seldom brings a machine, a person and an attacker together
//! at the one moment at which a rule matters. The first node is arranged, and what comes after it.

use machine_core::time::Timestamp;

use crate::attack::Attack;

/// What is arranged in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// Nothing.
    #[default]
    Chance,
    /// A stranger has the token of a config, and asks before its machine does and after it.
    Overheard,
    /// Somebody with the token and the machine's card asks from another machine's address.
    CopiedCard,
    /// Somebody with all of the machine but the token makes one.
    Forged,
    /// The machine's power fails when it has loaded its system, and somebody takes its place.
    Replaced,
    /// A machine and its clone wait for a person, who accepts.
    Twin,
    /// The rule and the machine's document name two disks, until a person corrects one.
    TwoDisks,
    /// The disk holds a Talos that is not ours, until a person replaces it.
    ForeignTalos,
    /// The disk holds a Talos of a Drover whose records are lost, until a person asks for the wipe.
    LostRecords,
    /// A person takes an install back when it was just written, and tries again: the disk holds
    /// what the attempt before put there.
    InstalledBefore,
    /// Two machines ask for addresses on one link.
    Neighbours,
    /// The answer to Bootstrap is lost.
    BootstrapUnheard,
    /// Drover is killed when a node executes Bootstrap.
    BootstrapKilled,
    /// What the node says is lost, until it is active; its API answers.
    Mute,
    /// The same, and a person takes its install back when it runs, and tries again.
    MuteTakenBack,
    /// Somebody speaks from the address of a node that installs.
    Liar,
    /// The document names the BMC of another machine, until a person corrects it.
    MistypedBmc,
    /// The node has not the disk that its config names, until a person replaces it.
    WrongDisk,
    /// A person takes an install back when it begins, and accepts the machine again.
    TakenBack,
    /// A person takes back what he has just accepted, while a slow BMC is asked.
    TakenBackAtOnce,
    /// A member starts anew.
    MemberRestarts,
    /// The database is away when a node says that it runs from its disk.
    DatabaseAway,
    /// A BMC obeys no more when the system has been loaded, and the machine is off.
    DeadBmc,
    /// A machine goes off, and its BMC falls silent, when its system has been loaded; both are back
    /// after longer than an install may take.
    Gone,
}

/// What is arranged of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arranged {
    /// What it says is lost until it is active.
    pub(crate) is_mute: bool,
    /// It does not start, whoever switches it on.
    pub(crate) is_dead: bool,
    /// The disk that its document names.
    pub(crate) document_disk: Option<&'static str>,
    /// The node whose BMC its document names instead of its own.
    pub(crate) bmc_of: Option<usize>,
    /// On which link of the lab it is.
    pub(crate) link: usize,
    /// When its API was last asked, whether or not it answered.
    pub(crate) asked: Option<Timestamp>,
}

/// A moment in the life of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Its system has been loaded over the network, and starts.
    Loaded,
    /// It has its config.
    Fetched,
    /// It has written its disk, and starts anew.
    Written,
    /// Its system runs from its disk.
    RunsFromDisk,
    /// It executes Bootstrap.
    Bootstrapped,
    /// Drover shows it as active.
    Member,
    /// A person accepted it.
    Accepted,
    /// A person took it back.
    TakenBack,
}

/// A turn that things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A machine goes off, and nobody switches it on by itself.
    Leaves,
    /// A machine that did not start at all can be started again.
    Revives,
    /// Its disk is replaced by the one that its config names.
    DiskReplaced,
    /// Its document is corrected.
    DocumentCorrected,
    /// A stranger does something.
    Attack(Attack),
}
