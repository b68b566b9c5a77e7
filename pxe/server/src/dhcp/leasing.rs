//! A REQUEST: its lease is durable before it is acknowledged.

use std::net::IpAddr;
use std::time::Duration;

use machine_core::boot::BootStep;
use machine_core::id::BootId;
use machine_core::network::Lease;
use machine_core::time::Timestamp;
use pxe_dhcp::ask::RequestKind;
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::reply::Grant;
use pxe_dhcp::verdict::{Refusal, Verdict, judge};
use pxe_lease::acquaintance::Acquaintance;
use pxe_lease::error::NotHeld;

use crate::dhcp::incoming::Asked;
use crate::dhcp::responder::{Answered, Responder, answered, exchange, nak};
use crate::dhcp::silence::Silence;
use crate::directory::{Directory, LeaseOutcome};

/// Who holds an address that was asked for.
enum Held {
    /// The client, for so long.
    For(Duration),
    /// Somebody else.
    ByAnother,
}

impl<D: Directory> Responder<D> {
    /// The answer to a REQUEST.
    pub(super) async fn request(
        &self,
        asked: &Asked,
        request: RequestKind,
    ) -> Result<Answered, Silence> {
        let address = match self.verdict(asked, &request) {
            Verdict::Acknowledge(address) => address,
            Verdict::Refuse(refusal) => return nak(asked, &refusal),
            Verdict::Ignore(dropped) => return Err(dropped.into()),
        };
        let decided = self.decide(asked).await?;
        if let Err(refused) = hold(asked, address, decided.acquaintance, self.now()) {
            return match refused {
                NotHeld::Taken { address } => nak(asked, &Refusal::Taken { address }),
                NotHeld::Exhausted(exhausted) => Err(exhausted.into()),
            };
        }
        let lifetime = match self.commit(asked, address, decided.boot).await? {
            Held::For(lifetime) => lifetime,
            Held::ByAnother => return nak(asked, &Refusal::Taken { address }),
        };
        let grant = Some(Grant { address, lifetime });
        let reply = exchange(asked, &decided).reply(grant)?;
        Ok(answered(reply, &decided, BootStep::Lease, grant))
    }

    /// Commits the lease of a client. One that it has already stands for the time that is left,
    /// though it can't be renewed: nothing new is promised by saying so.
    async fn commit(
        &self,
        asked: &Asked,
        address: IpAddr,
        boot: Option<BootId>,
    ) -> Result<Held, Silence> {
        let lease = lease(asked, address, self.now());
        match self.directory.lease(lease.clone(), boot).await {
            Ok(LeaseOutcome::Committed) => {
                asked.subnet.table().committed(&lease);
                Ok(Held::For(asked.subnet.subnet.lease_time))
            }
            Ok(LeaseOutcome::Taken { holder }) => {
                lost(asked, address, &holder, self.now());
                Ok(Held::ByAnother)
            }
            Err(unavailable) => {
                let client = &asked.client.key;
                let left = asked.subnet.table().time_left(client, address, self.now());
                let left = left.ok_or_else(|| unavailable.clone())?;
                let why = format!("{unavailable}: its lease is not renewed, and ends by itself");
                self.complaints.note(asked.client.mac, &why);
                Ok(Held::For(left))
            }
        }
    }

    /// What becomes of a REQUEST, as far as memory knows.
    fn verdict(&self, asked: &Asked, request: &RequestKind) -> Verdict {
        let (client, now) = (&asked.client, self.now());
        let address = request.address();
        let mut table = asked.subnet.table();
        let standing = table.standing(&client.key, address, now);
        let verdict = judge(request, &asked.subnet.subnet, standing);
        match verdict {
            Verdict::Ignore(Dropped::ForOtherServer { server }) => {
                table.withdrawn(&client.key);
                let why = "another DHCP server leases addresses in a subnet that should be ours";
                self.complaints.note(server, &why);
                verdict
            }
            Verdict::Acknowledge(_) | Verdict::Refuse(_) | Verdict::Ignore(_) => verdict,
        }
    }
}

fn hold(
    asked: &Asked,
    address: IpAddr,
    acquaintance: Acquaintance,
    now: Timestamp,
) -> Result<(), NotHeld> {
    let mut table = asked.subnet.table();
    table.hold(&asked.client.key, address, acquaintance, now)
}

fn lease(asked: &Asked, address: IpAddr, granted: Timestamp) -> Lease {
    Lease {
        subnet: asked.subnet.subnet.name.clone(),
        client: asked.client.key.clone(),
        address,
        client_identifier: asked.client.identifier.clone(),
        granted,
        expires: granted.plus(asked.subnet.subnet.lease_time),
    }
}

/// The records say that somebody else holds the address, who keeps it: the client asks anew and is
/// offered another.
fn lost(asked: &Asked, address: IpAddr, holder: &Lease, now: Timestamp) {
    let client = &asked.client.key;
    let mut table = asked.subnet.table();
    table.withdrawn(client);
    table.released(client, address, now);
    table.committed(holder);
}
