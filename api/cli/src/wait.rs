//! `drover machine wait` and `drover cluster wait`: ends when it is so, when it can't become so any
//! more, or when the time is over.
//!
//! It asks again and again, faster after a change, and outlives a restart of the daemon.

use std::path::Path;
use std::time::Duration;

use api_proto::v1::{Cluster, GetClusterRequest, GetMachineRequest, Machine, MachineState};
use api_proto::word::Word as _;
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

use crate::client::{clusters_quietly, machines_quietly};
use crate::error::CommandError;
use crate::goal::{ClusterGoal, MachineGoal};
use crate::output::print_remark;

/// How soon it is asked again after something has changed.
const SHORTEST: Duration = Duration::from_millis(250);
/// How seldom at most: what waits for half an hour is not in a hurry.
const LONGEST: Duration = Duration::from_secs(2);

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is so.
    Reached,
    /// It will not become so by itself.
    Lost(String),
    /// Not yet, for this reason.
    Pending(String),
}

/// Waits for a machine.
pub async fn wait_for_machine(
    socket: &Path,
    name: &str,
    goal: MachineGoal,
    timeout: Duration,
) -> Result<(), CommandError> {
    let look = async || {
        let mut client = machines_quietly(socket).await.map_err(Unheard::Daemon)?;
        let request = GetMachineRequest {
            name: name.to_owned(),
        };
        let found = client.get_machine(request).await.map_err(Unheard::Status)?;
        let machine = found.into_inner().machine.unwrap_or_default();
        Ok(judge_machine(goal, &machine))
    };
    wait(name, timeout, look).await
}

/// Waits for a cluster.
pub async fn wait_for_cluster(
    socket: &Path,
    name: &str,
    goal: ClusterGoal,
    timeout: Duration,
) -> Result<(), CommandError> {
    let look = async || {
        let mut client = clusters_quietly(socket).await.map_err(Unheard::Daemon)?;
        let request = GetClusterRequest {
            name: name.to_owned(),
        };
        let found = client.get_cluster(request).await.map_err(Unheard::Status)?;
        let cluster = found.into_inner().cluster.unwrap_or_default();
        Ok(judge_cluster(goal, &cluster))
    };
    wait(name, timeout, look).await
}

/// Why a look told nothing.
enum Unheard {
    Daemon(CommandError),
    Status(Status),
}

impl Unheard {
    /// The end, or what to say while the daemon is away: it may come back.
    fn or_pending(self) -> Result<Verdict, CommandError> {
        match self {
            Self::Daemon(error @ CommandError::NoDaemon { .. }) => {
                Ok(Verdict::Pending(error.to_string()))
            }
            Self::Daemon(error) => Err(error),
            Self::Status(status) => match status.code() {
                Code::NotFound | Code::InvalidArgument | Code::Unimplemented => Err(status.into()),
                _ => Ok(Verdict::Pending(CommandError::from(status).to_string())),
            },
        }
    }
}

async fn wait(
    name: &str,
    timeout: Duration,
    mut look: impl AsyncFnMut() -> Result<Verdict, Unheard>,
) -> Result<(), CommandError> {
    let end = Instant::now() + timeout;
    let (mut told, mut pause) = (String::new(), SHORTEST);
    loop {
        let verdict = match tokio::time::timeout_at(end, look()).await {
            Ok(verdict) => verdict.or_else(Unheard::or_pending)?,
            // The time is over in the middle of a look: what was seen last stands.
            Err(_) if !told.is_empty() => Verdict::Pending(told.clone()),
            Err(_) => Verdict::Pending("the daemon does not answer".to_owned()),
        };
        match verdict {
            Verdict::Reached => return Ok(()),
            Verdict::Lost(why) => {
                return Err(CommandError::Lost {
                    name: name.to_owned(),
                    why,
                });
            }
            Verdict::Pending(why) if why == told => pause = (pause * 3 / 2).min(LONGEST),
            Verdict::Pending(why) => {
                print_remark(&format!("{name}: {why}"))?;
                (told, pause) = (why, SHORTEST);
            }
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(CommandError::TimedOut {
                name: name.to_owned(),
                timeout,
                why: told,
            });
        }
        sleep(pause.min(left)).await;
    }
}

fn judge_machine(goal: MachineGoal, machine: &Machine) -> Verdict {
    let why = reason(machine);
    let (state, power) = (machine.state(), machine.power());
    match goal {
        MachineGoal::Power(wanted) if power == wanted => Verdict::Reached,
        MachineGoal::Power(_) => Verdict::Pending(format!("power {}; {why}", power.word())),
        MachineGoal::State(wanted) if state == wanted => Verdict::Reached,
        MachineGoal::State(_) => match (state, &machine.failure) {
            (MachineState::Failed, Some(failure)) => Verdict::Lost(format!(
                "it failed at {}: {}; what to do: {}",
                failure.step, failure.why, failure.advice
            )),
            (MachineState::Failed | MachineState::Retired, _) => {
                Verdict::Lost(format!("it is {}", state.word()))
            }
            _ => Verdict::Pending(why),
        },
    }
}

/// The state, and what it waits for.
fn reason(machine: &Machine) -> String {
    let said: Vec<&str> = machine
        .conditions
        .iter()
        .map(|it| it.text.as_str())
        .collect();
    let waiting = machine.waiting.as_deref();
    let waiting = waiting.filter(|waiting| !said.iter().any(|it| it.contains(waiting)));
    let mut words = vec![machine.state().word()];
    words.extend(said);
    words.extend(waiting);
    words.join("; ")
}

fn judge_cluster(goal: ClusterGoal, cluster: &Cluster) -> Verdict {
    match goal {
        ClusterGoal::Ready if cluster.ready => Verdict::Reached,
        ClusterGoal::Ready => {
            let why = cluster.waiting.as_deref().unwrap_or("it is not ready");
            Verdict::Pending(why.to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
