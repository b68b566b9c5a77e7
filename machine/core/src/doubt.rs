//! Why a boot that may be a machine's gets nothing: for its console, for people, and with what a
//! person can do about it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::evidence::EvidenceKind;
use crate::id::BootId;
use crate::time::Timestamp;

/// For how long an earlier boot must have been silent before a later one of the same machine is
/// taken for its restart. From the last file to the system's first request takes a minute: the
/// kernel starts, and a switch lets the port through after 30 s.
pub const SILENCE: Duration = Duration::from_mins(2);

/// Why a boot that may be a machine's gets neither installer nor config.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// It did not ask for its script from the machine's card: nobody knows who it is.
    Silent,
    /// It does not say what was registered.
    Unsaid(Vec<EvidenceKind>),
    /// It says something else than was registered.
    Contradicts(Vec<EvidenceKind>),
    /// A person accepted another boot for this attempt.
    AnotherAccepted,
    /// The machine has a BMC, and this boot does not follow a power-on of ours.
    NotOurPowerOn,
    /// Another boot with the machine's card speaks at the same time.
    TwoLive {
        /// Where the other one is.
        other: IpAddr,
        /// Its boot: the same one, where firmware and an impostor share it.
        other_boot: BootId,
        /// When that was heard first: two boots may have one address.
        other_since: Timestamp,
    },
    /// Another boot was heard a moment ago: this is its restart, once that one has been silent.
    Restarted,
    /// The rule that permitted the install does not take the hardware that this boot says it has.
    RuleNoLongerFits {
        /// The cluster of the rule.
        cluster: String,
        /// The hardware, in words.
        said: String,
    },
}

impl Doubt {
    /// Whether a person should look.
    pub const fn is_alarm(&self) -> bool {
        match self {
            Self::Restarted => false,
            Self::Silent | Self::Unsaid(_) | Self::Contradicts(_) | Self::AnotherAccepted => true,
            Self::NotOurPowerOn | Self::TwoLive { .. } | Self::RuleNoLongerFits { .. } => true,
        }
    }

    /// What the asker is told: nothing of what another one said. Whoever stands before the screen
    /// reads which machine it is, and the command that tells the rest: a name is no secret.
    pub fn console(&self, machine: &str) -> String {
        let said = match self {
            Self::Silent => "it has not said who it is",
            Self::Unsaid(_) => "it does not say all that is registered of it",
            Self::Contradicts(_) => "it says something else than is registered",
            Self::AnotherAccepted | Self::TwoLive { .. } => "another boot speaks for this machine",
            Self::NotOurPowerOn => "Drover did not switch it on: a person has to accept this boot",
            Self::Restarted => {
                return "an earlier boot of it was heard a moment ago: wait".to_owned();
            }
            Self::RuleNoLongerFits { .. } => {
                "no rule permits to install the hardware that it says it has"
            }
        };
        format!("{said}; a person has to look: {}", show(machine))
    }

    /// What the timeline of the machine is told: the doubt about this boot, and the commands that
    /// end it, ready to paste.
    pub fn told(&self, machine: &str, boot: BootId) -> String {
        match self.way_out(machine, boot) {
            Some(way) => format!("{self}: {way}"),
            None => self.to_string(),
        }
    }

    fn way_out(&self, machine: &str, boot: BootId) -> Option<String> {
        let accept = |boot| release_hold(machine, boot);
        match self {
            Self::Contradicts(_) | Self::NotOurPowerOn => Some(accept(boot)),
            Self::AnotherAccepted => Some(format!("if this one is the machine: {}", accept(boot))),
            Self::TwoLive { other_boot, .. } if *other_boot == boot => Some(format!(
                "both have the same boot, so disconnect the one that is not the machine first, \
                 and then: {}",
                accept(boot)
            )),
            Self::TwoLive {
                other,
                other_boot,
                other_since,
            } => Some(format!(
                "if this one, boot {}, is: {}; if boot {}, heard first at {other_since} from \
                 {other}, is: {}",
                boot.short(),
                accept(boot),
                other_boot.short(),
                accept(*other_boot)
            )),
            Self::RuleNoLongerFits { .. } => Some(format!(
                "drover machine show {machine} shows who spoke for it; if the machine is right, \
                 correct the cluster's members; drover machine cancel {machine} takes the \
                 permission back"
            )),
            // Nobody accepts who does not say all that is registered.
            Self::Silent | Self::Unsaid(_) | Self::Restarted => None,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |kinds: &[EvidenceKind]| {
            let kinds: Vec<&str> = kinds.iter().map(|it| it.as_str()).collect();
            kinds.join(" and ")
        };
        match self {
            Self::Silent => {
                f.write_str("its boot did not ask for a script from the machine's card")
            }
            Self::Unsaid(kinds) => write!(
                f,
                "its boot does not say the {} that is registered: whoever knows the card alone \
                 could do that; correct the document if the machine has none",
                named(kinds)
            ),
            Self::Contradicts(kinds) => write!(
                f,
                "its boot says another {} than is registered: if the board was replaced, correct \
                 the document, or accept it",
                named(kinds)
            ),
            Self::AnotherAccepted => f.write_str("a person accepted another boot for this attempt"),
            Self::NotOurPowerOn => f.write_str(
                "it has a BMC, and Drover did not switch it on for this boot: who did can accept \
                 the boot",
            ),
            Self::TwoLive { other, .. } => write!(
                f,
                "another boot with its card speaks at the same time, from {other}: find out which \
                 one is the machine, and accept that"
            ),
            Self::Restarted => write!(
                f,
                "an earlier boot of it was heard a moment ago: this one goes on after {} s of \
                 its silence",
                SILENCE.as_secs()
            ),
            Self::RuleNoLongerFits { cluster, said } => write!(
                f,
                "no rule of cluster {cluster} permits any more what the open permission says, for \
                 its boot says that it is {said}: nothing is installed on hardware that the rule \
                 does not take"
            ),
        }
    }
}

/// The command that shows a machine, and what can be done for it.
pub fn show(machine: &str) -> String {
    format!("drover machine show {machine}")
}

/// The command that accepts a boot as a machine's.
pub fn release_hold(machine: &str, boot: BootId) -> String {
    format!(
        "drover machine release-hold {machine} --boot {}",
        boot.short()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(byte: u8) -> BootId {
        BootId::from_bytes([byte; 16])
    }

    fn two_live(other_boot: BootId) -> Doubt {
        Doubt::TwoLive {
            other: [10, 77, 0, 66].into(),
            other_boot,
            other_since: Timestamp::from_millis(60_000),
        }
    }

    #[test]
    fn an_alarm_of_two_that_speak_prints_the_command_for_each() {
        let told = two_live(boot(2)).told("w1", boot(1));
        for wanted in [
            "if this one, boot 01010101, is: drover machine release-hold w1 --boot 01010101;",
            "if boot 02020202, heard first at 1970-01-01T00:01:00",
            "from 10.77.0.66, is: drover machine release-hold w1 --boot 02020202",
        ] {
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn a_rule_that_does_not_fit_is_not_accepted_away_and_tells_what_to_do() {
        let doubt = Doubt::RuleNoLongerFits {
            cluster: "lab".to_owned(),
            said: "Dell Inc. R640".to_owned(),
        };
        let told = doubt.told("w1", boot(1));
        for wanted in [
            "cluster lab",
            "Dell Inc. R640",
            "drover machine show w1",
            "drover machine cancel w1",
        ] {
            assert!(told.contains(wanted), "{told}");
        }
        assert!(doubt.is_alarm() && !told.contains("release-hold"), "{told}");
        assert!(!doubt.console("w1").contains("lab"));
    }

    #[test]
    fn the_screen_of_a_boot_that_waits_for_a_person_names_the_machine_and_no_evidence() {
        let shown = two_live(boot(2)).console("w1");
        let wanted = "another boot speaks for this machine; a person has to look: drover machine \
                      show w1";
        assert_eq!(shown, wanted);
        assert!(!Doubt::Restarted.console("w1").contains("a person"));
    }

    #[test]
    fn two_that_share_a_boot_are_not_told_apart_by_it() {
        let told = two_live(boot(1)).told("w1", boot(1));
        assert!(told.contains("disconnect the one"), "{told}");
        let command = "drover machine release-hold w1 --boot 01010101";
        assert_eq!(told.matches(command).count(), 1, "{told}");
    }

    #[test]
    fn what_a_person_may_accept_comes_with_its_command() {
        let command = "drover machine release-hold w1 --boot 01010101";
        for doubt in [
            Doubt::NotOurPowerOn,
            Doubt::AnotherAccepted,
            Doubt::Contradicts(vec![EvidenceKind::SystemSerial]),
        ] {
            let told = doubt.told("w1", boot(1));
            assert!(told.ends_with(command), "{told}");
            let shown = doubt.console("w1");
            assert!(shown.ends_with("drover machine show w1"), "{shown}");
            assert!(!shown.contains("release-hold"), "{shown}");
        }
        let unsaid = Doubt::Unsaid(vec![EvidenceKind::SystemSerial]);
        for doubt in [unsaid, Doubt::Silent, Doubt::Restarted] {
            let told = doubt.told("w1", boot(1));
            assert!(!told.contains("drover machine"), "{told}");
        }
    }
}
