//! What a Talos node reports of itself.
//!
//! The words are Talos' own (`machine.proto`); every enumeration has room for the value of a later
//! version. Texts are clean and bounded: [`TalosEvent::decode`] is the only way from bytes to here.

use std::net::IpAddr;

/// One event as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The node's own id of the event. An event that is sent again has the same one.
    pub id: String,
    /// Which API call caused it, if one did.
    pub actor: String,
    /// What happened.
    pub event: TalosEvent,
}

/// What happened on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TalosEvent {
    /// A sequence (initialize, install, boot, reboot …) began, ended or broke off.
    Sequence {
        /// Its name.
        name: String,
        /// What became of it.
        action: SequenceAction,
        /// Why it broke off.
        error: Option<SequenceError>,
    },
    /// A phase of the sequence.
    Phase {
        /// Its name.
        name: String,
        /// What became of it.
        action: StepAction,
    },
    /// A task of the phase.
    Task {
        /// Its name.
        name: String,
        /// What became of it.
        action: StepAction,
    },
    /// A service of the node changed its state.
    ServiceState {
        /// Its name.
        name: String,
        /// The state it is in now.
        state: ServiceState,
        /// What it says of it.
        message: String,
    },
    /// The node restarts (not by way of a sequence).
    Restart {
        /// The command of `reboot(2)`.
        command: i64,
    },
    /// The config could not be fetched, or was refused: at load, at validation, or by what the
    /// machine is. Talos 1.13.9 reports all of them so.
    ConfigLoadError {
        /// What Talos says of it.
        error: String,
    },
    /// The config was read and refused. Talos 1.13.9 knows this event and never publishes it.
    ConfigValidationError {
        /// What Talos says of it.
        error: String,
    },
    /// The node's name and addresses.
    Address {
        /// Its host name.
        hostname: String,
        /// Its addresses; what is not one is left out.
        addresses: Vec<IpAddr>,
    },
    /// How the node is.
    MachineStatus {
        /// Its stage.
        stage: MachineStage,
        /// Whether it calls itself ready.
        ready: bool,
        /// What it still waits for.
        unmet: Vec<UnmetCondition>,
    },
    /// An event of a kind that we do not know.
    Unknown {
        /// The type that it says it is.
        type_url: String,
    },
    /// An event of a kind that we know, and whose bytes are not one.
    Unreadable {
        /// The type that it says it is.
        type_url: String,
    },
}

/// What became of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceAction {
    /// Nothing: the way in which Talos reports an error.
    Noop,
    /// It began.
    Start,
    /// It ended.
    Stop,
    /// An action that we do not know.
    Other(i32),
}

/// What became of a phase or a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepAction {
    /// It began.
    Start,
    /// It ended.
    Stop,
    /// An action that we do not know.
    Other(i32),
}

/// Why a sequence broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceError {
    /// How.
    pub code: ErrorCode,
    /// Talos' words.
    pub message: String,
}

impl SequenceError {
    /// Whether this only says that the node restarts, or stops: Talos reports that as a fatal error of
    /// the sequence that it happens in, with this name in its text. The end of an install is not
    /// among them: the node goes on by kexec, and the last it says is the stage `REBOOTING`.
    pub fn is_reboot(&self) -> bool {
        self.message.contains("unix.Reboot")
    }

    /// Whether this is how sequences end that a restart or a shutdown comes between: that they were
    /// cancelled, or the call that restarts.
    pub fn is_normal_end(&self) -> bool {
        self.is_reboot()
            || self.code == ErrorCode::Canceled
            || self.message.ends_with("context canceled")
    }
}

/// How a sequence broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// By an error.
    Fatal,
    /// Another one holds the lock.
    Locked,
    /// It was taken back.
    Canceled,
    /// A code that we do not know.
    Other(i32),
}

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceState {
    /// Known, not begun.
    Initialized,
    /// Getting ready.
    Preparing,
    /// Waiting for what it needs.
    Waiting,
    /// Running.
    Running,
    /// Ending.
    Stopping,
    /// Ended, as it was to.
    Finished,
    /// Ended by an error.
    Failed,
    /// Not needed here.
    Skipped,
    /// Beginning.
    Starting,
    /// A state that we do not know.
    Other(i32),
}

/// The stage of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachineStage {
    /// It does not say.
    Unknown,
    /// It boots.
    Booting,
    /// It installs (Talos up to 1.13).
    Installing,
    /// It waits for a config.
    Maintenance,
    /// It runs.
    Running,
    /// It reboots.
    Rebooting,
    /// It shuts down.
    ShuttingDown,
    /// It wipes itself.
    Resetting,
    /// It installs another version.
    Upgrading,
    /// A stage that we do not know.
    Other(i32),
}

/// Something that a node waits for before it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmetCondition {
    /// Its name: `services`, `nodeReady`, `staticPods`, `time`, `network`.
    pub name: String,
    /// Why it is not met.
    pub reason: String,
}
