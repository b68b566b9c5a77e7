//! DECLINE and RELEASE: a client does not want its address any more. Neither is answered.

use std::net::IpAddr;

use pxe_dhcp::dropped::Dropped;
use tracing::warn;

use crate::dhcp::incoming::Asked;
use crate::dhcp::responder::{Answered, Responder};
use crate::dhcp::silence::Silence;
use crate::directory::Directory;

impl<D: Directory> Responder<D> {
    pub(super) async fn decline(
        &self,
        asked: &Asked,
        (server, address): (Option<IpAddr>, IpAddr),
    ) -> Result<Answered, Silence> {
        is_ours(asked, server)?;
        let client = &asked.client.key;
        let until = asked.subnet.table().declined(client, address, self.now())?;
        warn!(%client, %address, %until, "the address is in use by somebody without a lease");
        self.directory
            .declined(client.clone(), address, until)
            .await;
        self.ended(asked, address).await
    }

    pub(super) async fn release(
        &self,
        asked: &Asked,
        (server, address): (Option<IpAddr>, IpAddr),
    ) -> Result<Answered, Silence> {
        is_ours(asked, server)?;
        let client = &asked.client.key;
        if asked.subnet.table().released(client, address, self.now()) {
            return self.ended(asked, address).await;
        }
        Err(Silence::Done)
    }

    async fn ended(&self, asked: &Asked, address: IpAddr) -> Result<Answered, Silence> {
        let subnet = asked.subnet.subnet.name.clone();
        self.directory
            .lease_ended(subnet, asked.client.key.clone(), address)
            .await?;
        Err(Silence::Done)
    }
}

fn is_ours(asked: &Asked, server: Option<IpAddr>) -> Result<(), Dropped> {
    match server {
        Some(server) if server != asked.subnet.subnet.server => {
            Err(Dropped::ForOtherServer { server })
        }
        Some(_) | None => Ok(()),
    }
}
