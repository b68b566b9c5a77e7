//! Disks that hold an older install: what is known to be ours is wiped by itself, whatever else only
//! where a person asks for it. Each ends with the machine installed, and its cluster ready.

#![expect(clippy::panic, reason = "a test ends with what failed")]

use simulation::outcome::Summary;
use simulation::run::simulate;
use simulation::sabotage::settings;
use simulation::scenario::Settings;
use simulation::situation::Situation;

/// How many seeds: enough for firmware that starts disks first and firmware that does not.
const SEEDS: u64 = 4;

fn runs(situation: Situation) -> impl Iterator<Item = Summary> {
    (0..SEEDS).map(move |seed| {
        let settings = Settings {
            whole_trace: true,
            ..settings(situation, seed)
        };
        simulate(settings).unwrap_or_else(|broken| panic!("{broken}"))
    })
}

fn has(summary: &Summary, words: &str) -> bool {
    summary.trace.iter().any(|line| line.contains(words))
}

#[test]
fn what_a_lost_drover_installed_stays_until_a_person_asks_for_the_wipe() {
    for summary in runs(Situation::LostRecords) {
        let trace = summary.trace.join("\n");
        assert!(has(&summary, "RetryWithWipe for node 0: done"), "{trace}");
        assert!(has(&summary, "is told to wipe Unrecorded"), "{trace}");
        let told = (summary.active, summary.installs, summary.ready);
        assert_eq!(told, (1, 1, 1), "{trace}");
    }
}

#[test]
fn what_an_attempt_before_put_on_the_disk_is_wiped_under_the_next_permission() {
    for summary in runs(Situation::InstalledBefore) {
        let trace = summary.trace.join("\n");
        assert!(has(&summary, "is told to wipe Installed"), "{trace}");
        let told = (summary.active, summary.installs, summary.ready);
        assert_eq!(told, (1, 2, 1), "{trace}");
    }
}
