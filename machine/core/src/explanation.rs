//! Which rules a boot's answer is decided by, one after the other, and which of them decides.
//!
//! It follows [`decide`], and its last sentence is that decision's own.

use crate::attempt::Attempt;
use crate::decision::{Answer, BootFacts, decide};
use crate::dossier::Standing;
use crate::evidence::Identity;
use crate::intent::Intent;
use crate::lifecycle::State;
use crate::time::Timestamp;

/// A rule that was considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// What was looked at.
    pub rule: &'static str,
    /// What was found.
    pub said: String,
    /// Whether that decides: it does for the last of a list, and for no other.
    pub decides: bool,
}

/// The rules that were considered for an answer, in their order.
pub fn considered(facts: &BootFacts<'_>, now: Timestamp) -> Vec<Considered> {
    let decision = decide(facts, now);
    let outcome = match decision.answer {
        Answer::LocalDisk => "its local disk",
        Answer::Wait => "the network, to wait there",
        Answer::Install(_) => "the network, to be installed",
    };
    let mut rules = looked_at(facts, now);
    if let Some(last) = rules.last_mut() {
        last.said = format!("{}: {outcome}, because {}", last.said, decision.because);
        last.decides = true;
    }
    rules
}

fn looked_at(facts: &BootFacts<'_>, now: Timestamp) -> Vec<Considered> {
    let mut rules = vec![rule(
        "safe mode",
        facts
            .safe_mode
            .map_or_else(|| "off".to_owned(), ToString::to_string),
    )];
    if facts.safe_mode.is_some() {
        return rules;
    }
    rules.push(rule("who it is", who(facts)));
    let (Identity::Known(_), Some(standing)) = (facts.identity, facts.standing) else {
        return rules;
    };
    let state = standing.machine.state;
    rules.push(rule("its state", state.to_string()));
    if matches!(state, State::Provisioning(_)) {
        of_install(&mut rules, standing, now);
    }
    rules
}

fn who(facts: &BootFacts<'_>) -> String {
    match (facts.identity, facts.standing) {
        (Identity::Unknown, _) => "nobody on record".to_owned(),
        (Identity::Candidate(_), _) => "an unknown card on a board that is on record".to_owned(),
        (Identity::Conflict { name, .. }, _) => format!("not {name}, though it shares what is its"),
        (Identity::Known(_), Some(standing)) => standing.machine.name.clone(),
        (Identity::Known(_), None) => "a machine whose record is gone".to_owned(),
    }
}

fn of_install(rules: &mut Vec<Considered>, standing: &Standing, now: Timestamp) {
    let Some(intent) = standing.intent.as_ref().filter(|it| it.is_open(now)) else {
        rules.push(rule(
            "a permission to install it",
            "none is open".to_owned(),
        ));
        return;
    };
    rules.push(rule("a permission to install it", permission(intent)));
    let open = standing.attempt.as_ref();
    let open = open.filter(|it| it.is_open() && it.intent == intent.id);
    let Some(attempt) = open else {
        rules.push(rule("the attempt", "none is open".to_owned()));
        return;
    };
    rules.push(rule(
        "the attempt",
        format!("number {} is open", attempt.number),
    ));
    rules.push(rule("its config", config(attempt)));
    if attempt.release.is_none() {
        let others = "whether another boot speaks for it is looked at when it asks for its script";
        rules.push(rule("who else speaks for it", others.to_owned()));
    }
}

fn permission(intent: &Intent) -> String {
    let Intent { actor, expires, .. } = intent;
    format!(
        "{actor} permits it until {expires}, on {}",
        intent.assignment.disk
    )
}

fn config(attempt: &Attempt) -> String {
    match &attempt.release {
        Some(release) => format!("handed out at {}", release.at),
        None => "not handed out yet".to_owned(),
    }
}

const fn rule(rule: &'static str, said: String) -> Considered {
    Considered {
        rule,
        said,
        decides: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Release;
    use crate::boot::BootStep;
    use crate::decision::Stage;
    use crate::fixtures::{at, attempt, boot, intent, machine};
    use crate::lifecycle::Origin;
    use crate::network::UnknownPolicy;

    fn explained(identity: &Identity, standing: Option<&Standing>) -> Vec<Considered> {
        let boot = boot(1, 90, BootStep::Discover);
        let facts = BootFacts {
            stage: Stage::Dhcp,
            unknown: UnknownPolicy::Ignore,
            identity,
            standing,
            boot: &boot,
            safe_mode: None,
            doubt: None,
        };
        let rules = considered(&facts, at(100));
        let decision = decide(&facts, at(100));
        let (last, before) = rules.split_last().unwrap();
        assert!(
            last.decides && last.said.ends_with(&decision.because),
            "{last:?}"
        );
        assert!(before.iter().all(|it| !it.decides));
        rules
    }

    fn names(rules: &[Considered]) -> Vec<&'static str> {
        rules.iter().map(|it| it.rule).collect()
    }

    #[test]
    fn nothing_is_considered_beyond_what_decides() {
        let known = |state| {
            let machine = machine(state);
            let identity = Identity::Known(machine.id);
            let standing = Standing {
                machine,
                intent: None,
                attempt: None,
            };
            explained(&identity, Some(&standing))
        };
        let unknown = explained(&Identity::Unknown, None);
        assert_eq!(names(&unknown), ["safe mode", "who it is"]);
        let active = known(State::Active);
        assert_eq!(names(&active), ["safe mode", "who it is", "its state"]);
        assert_eq!(
            active[2].said,
            "active: its local disk, because it is active"
        );
        let no_permission = known(State::Provisioning(Origin::Available));
        assert_eq!(no_permission[3].rule, "a permission to install it");
        assert!(
            no_permission[3]
                .said
                .starts_with("none is open: its local disk")
        );
    }

    #[test]
    fn an_install_is_followed_as_far_as_its_config() {
        let machine = machine(State::Provisioning(Origin::Available));
        let released = Attempt {
            release: Some(Release::fetched(at(50), [10, 77, 0, 9].into(), [0; 32])),
            ..attempt()
        };
        for (attempt, last, outcome) in [
            (None, "the attempt", "the network, to wait there"),
            (
                Some(attempt()),
                "who else speaks for it",
                "the network, to be installed",
            ),
            (Some(released), "its config", "its local disk"),
        ] {
            let standing = Standing {
                machine: machine.clone(),
                intent: Some(intent()),
                attempt,
            };
            let rules = explained(&Identity::Known(machine.id), Some(&standing));
            let decides = rules.last().unwrap();
            assert_eq!(decides.rule, last);
            assert!(decides.said.contains(outcome), "{decides:?}");
        }
    }
}
