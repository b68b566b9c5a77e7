//! For how long a daemon may be silent that has taken the connection, and what is said meanwhile.
//!
//! Whoever sits before a terminal is told after three seconds for whom it waits, and a question ends
//! after ten: it changes nothing, and can be asked again. A change may take longer, and its end by
//! silence says that nobody knows what became of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// From when on it is said for whom is waited: a person begins to doubt by then.
pub(crate) const NOTICE: Duration = Duration::from_secs(3);
/// How long a question may take: reading the records of a large fleet takes less than a second.
const QUESTION: Duration = Duration::from_secs(10);
/// How long a change may take: it is written by one task, behind the others, or makes secrets.
const CHANGE: Duration = Duration::from_secs(30);
/// How long a change may take that asks a BMC meanwhile: a minute for the system to shut down, two
/// commands of 20 s each, the login, and the wait for the machine's turn.
const CHANGE_BY_BMC: Duration = Duration::from_mins(3);

/// What is asked of the daemon, by how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It only reads.
    Question,
    /// It changes something.
    Change,
    /// It changes something, and a BMC may take part.
    ChangeByBmc,
}

impl Call {
    /// By the path of a gRPC request, `/drover.v1.MachineService/ListMachines`. What is not known to
    /// only read is held for a change.
    pub(crate) fn of(path: &str, may_ask_bmc: bool) -> Self {
        let method = path.rsplit('/').next().unwrap_or_default();
        let reads = ["List", "Get", "Watch", "Explain", "ExportPackets", "Test"];
        if reads.iter().any(|verb| method.starts_with(verb)) {
            return Self::Question;
        }
        if may_ask_bmc {
            Self::ChangeByBmc
        } else {
            Self::Change
        }
    }

    /// How long the daemon may take to begin an answer.
    pub(crate) const fn limit(self) -> Duration {
        match self {
            Self::Question => QUESTION,
            Self::Change => CHANGE,
            Self::ChangeByBmc => CHANGE_BY_BMC,
        }
    }

    /// What is said on standard error after [`NOTICE`].
    pub(crate) fn notice(self, socket: &Path) -> String {
        let seconds = self.limit().as_secs();
        let until = match self {
            Self::Question => format!("this ends after {seconds} s"),
            Self::Change => format!("a change may take up to {seconds} s"),
            Self::ChangeByBmc => {
                format!("a change that asks a BMC may take up to {seconds} s")
            }
        };
        format!(
            "waiting for the daemon at {}: it took the connection and has not answered for {} s; \
             {until}",
            socket.display(),
            NOTICE.as_secs()
        )
    }
}

/// A daemon that took the connection and did not answer in time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Silence {
    /// Where it listens.
    pub socket: PathBuf,
    /// What was asked of it.
    pub call: Call,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the daemon at {} took the connection, but has not answered for {} s",
            self.socket.display(),
            self.call.limit().as_secs()
        )?;
        match self.call {
            Call::Question => {}
            Call::Change | Call::ChangeByBmc => f.write_str(
                ", and whether it made the change is not known: before you ask again, look at what \
                 you wanted to change (drover machine list, drover cluster list)",
            )?,
        }
        f.write_str(
            "; it may hang, or its disk be full or slow: look at its log, at the disk of its state \
             directory, and at who listens on the socket (ss -xlp); drover database status asks \
             least of it",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTO: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../proto/proto/drover/v1/drover.proto"
    );

    /// Whether the message of a request carries who changes something, and why.
    fn is_change(proto: &str, request: &str) -> bool {
        let begin = format!("message {request} {{");
        let (_, message) = proto.split_once(&begin).unwrap();
        let (fields, _) = message.split_once("\n}").unwrap_or((message, ""));
        fields.contains("Mutation mutation")
    }

    #[test]
    fn each_call_of_the_api_is_a_question_or_a_change() {
        let proto = std::fs::read_to_string(PROTO).unwrap();
        let calls = proto
            .lines()
            .filter_map(|it| it.trim().strip_prefix("rpc "));
        let calls: Vec<(&str, &str)> = calls
            .map(|call| {
                let (method, rest) = call.split_once('(').unwrap();
                (method, rest.split_once(')').unwrap().0)
            })
            .collect();
        assert!(calls.len() > 20, "{calls:?}");
        for (method, request) in calls {
            let wanted = if is_change(&proto, request) {
                Call::Change
            } else {
                Call::Question
            };
            let path = format!("/drover.v1.AnyService/{method}");
            assert_eq!(Call::of(&path, false), wanted, "{method}");
        }
    }

    #[test]
    fn a_change_that_got_no_answer_is_said_to_be_open() {
        let said = |call| {
            let socket = PathBuf::from("/run/drover.sock");
            Silence { socket, call }.to_string()
        };
        for call in [Call::Question, Call::Change, Call::ChangeByBmc] {
            let words = said(call);
            for wanted in ["/run/drover.sock", "its log", "drover database status"] {
                assert!(words.contains(wanted), "{words}");
            }
            let is_open = words.contains("is not known");
            assert_eq!(is_open, call != Call::Question, "{words}");
        }
    }
}
