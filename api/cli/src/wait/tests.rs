//! When waiting ends, and how: on a clock that jumps.

use api_proto::v1::{Failure, PowerState};

use super::*;

fn machine(state: &str) -> Machine {
    Machine {
        state: MachineState::from_word(state).unwrap().into(),
        power: PowerState::Off.into(),
        waiting: Some("its power to go on".to_owned()),
        ..Machine::default()
    }
}

fn goal(text: &str) -> MachineGoal {
    text.parse().unwrap()
}

#[test]
fn a_machine_is_judged_by_what_is_awaited() {
    let pending = Verdict::Pending("provisioning; its power to go on".to_owned());
    let moving = machine("provisioning");
    assert_eq!(judge_machine(goal("active"), &moving), pending);
    assert_eq!(judge_machine(goal("off"), &moving), Verdict::Reached);
    let active = machine("active");
    assert_eq!(judge_machine(goal("active"), &active), Verdict::Reached);
    let mut failed = machine("failed");
    failed.failure = Some(Failure {
        step: "install".to_owned(),
        why: "no disk".to_owned(),
        advice: "look at it".to_owned(),
    });
    let lost = "it failed at install: no disk; what to do: look at it";
    let verdict = judge_machine(goal("active"), &failed);
    assert_eq!(verdict, Verdict::Lost(lost.to_owned()));
    assert_eq!(judge_machine(goal("failed"), &failed), Verdict::Reached);
    let retired = judge_machine(goal("active"), &machine("retired"));
    assert_eq!(retired, Verdict::Lost("it is retired".to_owned()));
}

/// What `wait` comes to when these are seen one after the other, and then the last for ever.
async fn waited(seen: Vec<Result<Verdict, Unheard>>) -> (Result<(), CommandError>, usize) {
    let mut seen = seen.into_iter();
    let mut looks = 0;
    let look = async || {
        looks += 1;
        seen.next().unwrap_or_else(|| Ok(pending("still")))
    };
    let ended = wait("cp-1", Duration::from_mins(1), look).await;
    (ended, looks)
}

fn pending(why: &str) -> Verdict {
    Verdict::Pending(why.to_owned())
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_so() {
    let seen = vec![Ok(pending("one")), Ok(pending("two")), Ok(Verdict::Reached)];
    let (ended, looks) = waited(seen).await;
    ended.unwrap();
    assert_eq!(looks, 3);
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_when_the_machine_fails() {
    let seen = vec![Ok(pending("one")), Ok(Verdict::Lost("no disk".to_owned()))];
    let error = waited(seen).await.0.unwrap_err();
    assert_eq!(error.to_string(), "cp-1: no disk");
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_over_has_a_code_of_its_own() {
    let (ended, looks) = waited(Vec::new()).await;
    let error = ended.unwrap_err();
    assert!(error.to_string().contains("still"), "{error}");
    assert_eq!(error.exit_code(), 7);
    // The pauses grow: it does not ask four times a second for a minute.
    assert!(looks < 60, "{looks}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_restarts_is_waited_for_and_a_machine_that_is_not_there_is_not() {
    let away = CommandError::NoDaemon {
        socket: "/run/drover.sock".into(),
        why: "Connection refused".to_owned(),
    };
    let seen = vec![
        Err(Unheard::Daemon(away)),
        Err(Unheard::Status(Status::unavailable("the records are away"))),
        Ok(Verdict::Reached),
    ];
    waited(seen).await.0.unwrap();
    let nobody = Err(Unheard::Status(Status::not_found("there is no machine")));
    let (ended, looks) = waited(vec![nobody]).await;
    assert_eq!(ended.unwrap_err().to_string(), "there is no machine");
    assert_eq!(looks, 1);
}
