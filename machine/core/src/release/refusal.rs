//! Why a config is not released, and what each reason asks of people and of the asker.

use thiserror::Error;

use crate::attempt::Attempt;
use crate::doubt::Doubt;
use crate::hardware::MacAddress;
use crate::intent::Intent;
use crate::lifecycle::State;
use crate::time::Timestamp;

/// Why a config is not released. What the asker is told is the same for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReleaseRefusal {
    /// The cluster does not permit plain HTTP.
    #[error(
        "the config would travel in the clear: set `allow_plaintext: true` in the cluster's file to permit that"
    )]
    Plaintext,
    /// The attempt is closed.
    #[error("the attempt is closed")]
    AttemptClosed,
    /// A person took the permission back, and the machine itself asks in vain.
    #[error("the permission was withdrawn at {at} by {why}")]
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Who, and why.
        why: String,
    },
    /// The intent is closed or expired.
    #[error("no open intent stands behind the attempt")]
    IntentNotOpen,
    /// The intent was claimed by as many attempts as it permits.
    #[error("the intent was claimed {} times already", Intent::MAX_CLAIMS)]
    IntentUsedUp,
    /// The machine is not being provisioned: it is installed already, or was never allocated.
    #[error("the machine is {0}, not provisioning")]
    NotProvisioning(State),
    /// The attempt's deadline passed, or the window after the first fetch did.
    #[error("the time to fetch the config is over")]
    Late,
    /// Somebody else than the one peer of this attempt.
    #[error("the config of this attempt went to another peer")]
    OtherPeer,
    /// The first asker is not the machine that the attempt is for.
    #[error("the asker is not at the address of the boot that this attempt serves")]
    NotTheBoot,
    /// The card of the asker is not known to be the machine's.
    #[error(
        "the asker has the card {0}, which is not registered: if it is the machine's, add it to its \
         document (drover machine apply --file FILE)"
    )]
    UnknownCard(MacAddress),
    /// Beside another DHCP server, a card of the machine that it did not boot from.
    #[error(
        "the card {0} is the machine's, but it did not boot from it, and beside another DHCP server \
         only the card that it booted from gets the config: connect one card of the machine to this \
         network, or let Drover lease the addresses (mode: authoritative)"
    )]
    SecondCard(MacAddress),
    /// It was told apart from the machine before, at an address that is not the boot's.
    #[error(
        "the asker is not at the address of the boot that this attempt serves, and who was heard at \
         the asker's address before is not the machine"
    )]
    ToldApart,
    /// It names the UUID or serial number of another board.
    #[error("the asker names a UUID or serial number that is not the machine's")]
    AnotherBoard,
    /// The kernel does not say which card is behind the address.
    #[error("the card behind the asker's address is not known at this moment: it may ask again")]
    NeighbourUnknown,
    /// The boot may be somebody else's.
    #[error("{0}")]
    Doubtful(Doubt),
    /// The BMC does not say that the machine runs.
    #[error("the BMC says that the machine is off: something else speaks for it")]
    BmcSaysOff,
    /// The BMC can't be asked.
    #[error("its BMC can't say whether the machine is on: {0}")]
    BmcSilent(String),
    /// The peer has had it often enough.
    #[error("the config was fetched {} times already", Attempt::MAX_FETCHES)]
    TooOften,
}

impl ReleaseRefusal {
    /// Whether a person should look: somebody who may not be the machine holds its token, or an
    /// installed machine asks for a config.
    pub const fn is_alarm(&self) -> bool {
        match self {
            Self::OtherPeer | Self::NotTheBoot | Self::UnknownCard(_) => true,
            Self::AnotherBoard | Self::ToldApart | Self::SecondCard(_) => true,
            Self::NotProvisioning(_) | Self::TooOften => true,
            Self::NeighbourUnknown | Self::BmcSaysOff | Self::BmcSilent(_) => true,
            Self::Doubtful(doubt) => doubt.is_alarm(),
            Self::Plaintext | Self::AttemptClosed | Self::IntentNotOpen => false,
            Self::IntentUsedUp | Self::Late | Self::Withdrawn { .. } => false,
        }
    }

    /// Whether the same asker may be right a moment later: it is told to ask again.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::NeighbourUnknown | Self::Doubtful(_) => true,
            Self::BmcSaysOff | Self::BmcSilent(_) => true,
            Self::OtherPeer | Self::NotTheBoot | Self::UnknownCard(_) => false,
            Self::AnotherBoard | Self::ToldApart | Self::SecondCard(_) => false,
            Self::NotProvisioning(_) | Self::TooOften => false,
            Self::Plaintext | Self::AttemptClosed | Self::IntentNotOpen => false,
            Self::IntentUsedUp | Self::Late | Self::Withdrawn { .. } => false,
        }
    }
}
