//! Rules that can be broken on purpose, one at a time, so that the simulation shows that it would
//! notice. In a program that ships, no rule can: [`Sabotage::is_on`] is always false there.
//!
//! Where a rule stands, `Sabotage::DeadlineUnset.is_on()` is one term of its condition. The feature `sabotage`
//! makes it ask which rule is broken on this thread, and nothing but [`Sabotage::during`] sets that:
//! no packet, file, argument or environment reaches it, and two runs in two threads do not disturb
//! each other (`docs/decisions/031-sabotages.md`).

#[cfg(feature = "sabotage")]
use std::cell::Cell;

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sabotage {
    /// An intent that was closed still permits.
    ClosedIntentServes,
    /// A config that went out goes to another peer, too.
    SecondPeerServed,
    /// A config goes out though the machine's BMC does not say that it is on.
    PowerProofSkipped,
    /// A config goes to whoever has its token.
    ClaimantServed,
    /// Two boots that can't be told apart hold no release.
    CloneUnseen,
    /// The rule and the machine's record name two disks, and one of them is erased.
    TwoDisksIgnored,
    /// An install that is not ours is wiped by itself.
    ForeignInstallWiped,
    /// Bootstrap is called first and recorded after it.
    BootstrapRecordedLate,
    /// A Bootstrap whose outcome is not known is called again.
    UnknownBootstrapRepeated,
    /// A node to which a config went is cut off, and its API is not asked.
    CutOffUnasked,
    /// What a node says is acknowledged though it could not be kept.
    AcknowledgedUnkept,
    /// After a retry the config of the attempt before proves nothing.
    OlderAttemptIgnored,
    /// What was thought out on an old version of a machine is written.
    VersionUnchecked,
    /// Attempts that claim an intent are not counted.
    ClaimsUncounted,
    /// Power commands are not counted.
    PowerUncounted,
    /// A moving state has no deadline.
    DeadlineUnset,
    /// A deadline that has passed ends nothing.
    DeadlineIgnored,
    /// A member that boots from the network is not sent to its disk.
    MemberKeptFromDisk,
    /// An address that is leased to any card is taken for the machine's.
    LeaseOfAnotherBelieved,
    /// What comes from a machine's address is believed, whatever card is behind it.
    StrangerBelieved,
    /// A BMC that says that it is in another machine switches that off.
    BmcOfAnotherObeyed,
    /// A person takes a permission back, and it stays open.
    CancelLeavesOpen,
    /// An attempt goes on whose config the node has refused.
    RefusalIgnored,
    /// A token that nobody minted is accepted.
    ForgedTokenAccepted,
    /// The first boot of an attempt wipes, though no person asked for that, and nothing says whose
    /// install is on the disk.
    WipedUnasked,
    /// An address that is leased is given to the next card, too.
    AddressGivenTwice,
    /// A boot that is sent to its disk is given a file.
    DiskBootLoads,
}

impl Sabotage {
    /// Every rule that can be broken.
    pub const ALL: [Self; 27] = [
        Self::ClosedIntentServes,
        Self::SecondPeerServed,
        Self::PowerProofSkipped,
        Self::ClaimantServed,
        Self::CloneUnseen,
        Self::TwoDisksIgnored,
        Self::ForeignInstallWiped,
        Self::BootstrapRecordedLate,
        Self::UnknownBootstrapRepeated,
        Self::CutOffUnasked,
        Self::AcknowledgedUnkept,
        Self::OlderAttemptIgnored,
        Self::VersionUnchecked,
        Self::ClaimsUncounted,
        Self::PowerUncounted,
        Self::DeadlineUnset,
        Self::DeadlineIgnored,
        Self::MemberKeptFromDisk,
        Self::LeaseOfAnotherBelieved,
        Self::StrangerBelieved,
        Self::BmcOfAnotherObeyed,
        Self::CancelLeavesOpen,
        Self::RefusalIgnored,
        Self::ForgedTokenAccepted,
        Self::WipedUnasked,
        Self::AddressGivenTwice,
        Self::DiskBootLoads,
    ];
}

#[cfg(not(feature = "sabotage"))]
impl Sabotage {
    /// Whether this rule is broken: it never is.
    #[inline]
    pub const fn is_on(self) -> bool {
        false
    }
}

#[cfg(feature = "sabotage")]
thread_local! {
    static BROKEN: Cell<Option<Sabotage>> = const { Cell::new(None) };
}

#[cfg(feature = "sabotage")]
impl Sabotage {
    /// Whether this rule is broken on this thread.
    pub fn is_on(self) -> bool {
        BROKEN.get() == Some(self)
    }

    /// Breaks this rule for what is done on this thread meanwhile.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        struct Mended;
        impl Drop for Mended {
            fn drop(&mut self) {
                BROKEN.set(None);
            }
        }
        BROKEN.set(Some(self));
        let _mended = Mended;
        work()
    }
}
