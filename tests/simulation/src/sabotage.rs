//! Where each sabotage of the shipping code is looked for: which situation makes it matter.

use std::time::Duration;

use machine_core::sabotage::Sabotage;

use crate::outcome::{Broken, Summary};
use crate::run::simulate;
use crate::scenario::Settings;
use crate::situation::Situation;

/// The settings of a situation, with as many machines as it needs.
pub const fn settings(situation: Situation, seed: u64) -> Settings {
    let machines = match situation {
        // Somebody else's address, or somebody else's BMC.
        Situation::CopiedCard | Situation::MistypedBmc | Situation::Neighbours => 2,
        _ => 1,
    };
    Settings {
        seed,
        machines,
        faults: Duration::ZERO,
        whole_trace: false,
        dies_at: None,
        stays: Duration::ZERO,
        situation,
    }
}

/// The situation in which a sabotage shows.
pub const fn shows_in(sabotage: Sabotage) -> Situation {
    match sabotage {
        Sabotage::DeadlineUnset | Sabotage::ClaimsUncounted => Situation::Chance,
        Sabotage::SecondPeerServed | Sabotage::ClaimantServed => Situation::Overheard,
        Sabotage::LeaseOfAnotherBelieved => Situation::CopiedCard,
        Sabotage::ForgedTokenAccepted => Situation::Forged,
        Sabotage::PowerProofSkipped => Situation::Replaced,
        Sabotage::CloneUnseen => Situation::Twin,
        Sabotage::TwoDisksIgnored => Situation::TwoDisks,
        Sabotage::ForeignInstallWiped => Situation::ForeignTalos,
        Sabotage::UnknownBootstrapRepeated => Situation::BootstrapUnheard,
        Sabotage::BootstrapRecordedLate => Situation::BootstrapKilled,
        Sabotage::CutOffUnasked => Situation::Mute,
        Sabotage::OlderAttemptIgnored | Sabotage::ClosedIntentServes => Situation::MuteTakenBack,
        Sabotage::StrangerBelieved => Situation::Liar,
        Sabotage::BmcOfAnotherObeyed => Situation::MistypedBmc,
        Sabotage::RefusalIgnored => Situation::WrongDisk,
        Sabotage::CancelLeavesOpen => Situation::TakenBack,
        Sabotage::VersionUnchecked => Situation::TakenBackAtOnce,
        Sabotage::WipedUnasked => Situation::LostRecords,
        Sabotage::AddressGivenTwice => Situation::Neighbours,
        Sabotage::MemberKeptFromDisk | Sabotage::DiskBootLoads => Situation::MemberRestarts,
        Sabotage::AcknowledgedUnkept => Situation::DatabaseAway,
        Sabotage::PowerUncounted => Situation::DeadBmc,
        Sabotage::DeadlineIgnored => Situation::Gone,
    }
}

/// Simulates a seed with a rule broken.
pub fn simulate_broken(sabotage: Sabotage, settings: Settings) -> Result<Summary, Box<Broken>> {
    sabotage.during(|| simulate(settings))
}
