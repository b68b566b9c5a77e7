//! Who may call what: the roles in a client certificate's organizations.
//!
//! A certificate that chains to `machine.ca` is let in; its organizations (O) are its roles. Of the
//! calls, Bootstrap and Read are an administrator's, the others a reader's.

use thiserror::Error;

/// The calls that the stand-in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `/machine.MachineService/Version`.
    Version,
    /// `/machine.MachineService/ServiceList`.
    ServiceList,
    /// `/machine.MachineService/EtcdMemberList`.
    EtcdMemberList,
    /// `/machine.MachineService/EtcdStatus`.
    EtcdStatus,
    /// `/cosi.resource.State/Get`, of what is not sensitive.
    Get,
    /// `/machine.MachineService/Bootstrap`.
    Bootstrap,
    /// `/machine.MachineService/Read`.
    Read,
}

/// The caller has no role that allows the call (gRPC: `PERMISSION_DENIED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not authorized")]
pub struct NotAuthorized;

/// Whether a caller with these organizations may make this call.
pub fn authorize(organizations: &[String], call: Call) -> Result<(), NotAuthorized> {
    let roles: &[&str] = match call {
        Call::Version | Call::ServiceList | Call::EtcdMemberList | Call::EtcdStatus | Call::Get => {
            &["os:admin", "os:operator", "os:reader"]
        }
        Call::Bootstrap | Call::Read => &["os:admin"],
    };
    if organizations
        .iter()
        .any(|role| roles.contains(&role.as_str()))
    {
        Ok(())
    } else {
        Err(NotAuthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_and_files_are_for_administrators() {
        for (role, asks, administers) in [
            ("os:admin", true, true),
            ("os:operator", true, false),
            ("os:reader", true, false),
            ("os:etcd:backup", false, false),
            ("system:masters", false, false),
            ("", false, false),
        ] {
            let organizations = [role.to_owned()];
            for call in [
                Call::Version,
                Call::ServiceList,
                Call::EtcdMemberList,
                Call::EtcdStatus,
                Call::Get,
            ] {
                let is_allowed = authorize(&organizations, call).is_ok();
                assert_eq!(is_allowed, asks, "{role} {call:?}");
            }
            for call in [Call::Bootstrap, Call::Read] {
                let is_allowed = authorize(&organizations, call).is_ok();
                assert_eq!(is_allowed, administers, "{role} {call:?}");
            }
        }
        assert_eq!(authorize(&[], Call::Version), Err(NotAuthorized));
    }
}
