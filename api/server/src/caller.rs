//! Who calls a use case: what the face that took the call knows of them, and what they may do.
//!
//! Every use case is given one, reads too. What it may do is looked up in one table,
//! [`Operation::roles`](crate::operation::Operation::roles).

use std::collections::BTreeSet;
use std::fmt;

use machine_core::intent::Actor;

use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::role::Role;

/// The way that a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// The daemon's Unix socket. Its mode lets in only the user of the daemon, so whoever comes this
    /// way may do everything.
    UnixSocket,
    /// From within this process: a test, or a simulated person.
    InProcess,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    subject: String,
    roles: BTreeSet<Role>,
    via: Via,
}

impl Caller {
    /// Somebody at the daemon's socket: its user, as the kernel says, and what it calls itself.
    pub fn at_socket(uid: Option<u32>, name: &str) -> Self {
        let peer = uid.map_or_else(String::new, |uid| format!("uid {uid}"));
        let subject = match (name.trim(), peer.as_str()) {
            ("", _) => peer,
            (name, "") => name.to_owned(),
            (name, _) => format!("{name} ({peer})"),
        };
        Self {
            subject,
            roles: Role::ALL.into(),
            via: Via::UnixSocket,
        }
    }

    /// Somebody in this process, with these roles.
    pub fn in_process(subject: &str, roles: impl IntoIterator<Item = Role>) -> Self {
        Self {
            subject: subject.to_owned(),
            roles: roles.into_iter().collect(),
            via: Via::InProcess,
        }
    }

    /// Who it is, as records name it; empty if nothing is known.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The way that the call came.
    pub const fn via(&self) -> Via {
        self.via
    }

    /// The caller as the one who did something.
    pub fn actor(&self) -> Actor {
        Actor::Person(self.subject.clone())
    }

    /// Refuses what none of its roles may do.
    pub fn permit(&self, operation: Operation) -> Result<(), UseCaseError> {
        if operation.roles().iter().any(|it| self.roles.contains(it)) {
            return Ok(());
        }
        Err(UseCaseError::Forbidden {
            caller: self.to_string(),
            operation,
        })
    }
}

/// Who it is, and with which roles, for a refusal.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match self.subject.as_str() {
            "" => "an unknown caller",
            subject => subject,
        };
        let roles: Vec<&str> = self.roles.iter().map(|it| it.as_str()).collect();
        match roles.as_slice() {
            [] => write!(f, "{subject} has no role"),
            roles => write!(f, "{subject} is {}", roles.join(", ")),
        }
    }
}

/// A change that a caller asks for: why, and under which key it is carried out once.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(crate) caller: Caller,
    pub(crate) reason: String,
    pub(crate) key: String,
}

impl Asked {
    /// By this caller, for this reason, under this key: a repeated request is carried out once. None
    /// of them may be empty.
    pub fn new(caller: Caller, reason: String, key: String) -> Result<Self, UseCaseError> {
        for (text, wanted) in [
            (caller.subject(), "who asks"),
            (&reason, "a reason"),
            (&key, "an idempotency key"),
        ] {
            if text.trim().is_empty() {
                return Err(UseCaseError::Unaccounted(wanted));
            }
        }
        Ok(Self {
            caller,
            reason,
            key,
        })
    }

    /// Who asks, as the one who did it.
    pub(crate) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// The reason as it stands in an event.
    pub(crate) fn because(&self) -> String {
        format!(" ({})", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_at_the_socket_is_named_by_the_kernel_too() {
        for (uid, name, subject) in [
            (Some(0), "alice", "alice (uid 0)"),
            (Some(0), " ", "uid 0"),
            (None, "alice", "alice"),
            (None, "", ""),
        ] {
            assert_eq!(Caller::at_socket(uid, name).subject(), subject);
        }
    }

    #[test]
    fn who_is_at_the_socket_may_do_everything() {
        let caller = Caller::at_socket(Some(0), "alice");
        for operation in Operation::ALL {
            assert!(caller.permit(operation).is_ok(), "{operation:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_caller_what_was_asked_and_who_may() {
        let viewer = Caller::in_process("eve", [Role::Viewer]);
        let said = viewer.permit(Operation::RetryMachine).unwrap_err();
        assert_eq!(
            said.to_string(),
            "eve is viewer and may not do RetryMachine: it takes operator or admin"
        );
    }
}
