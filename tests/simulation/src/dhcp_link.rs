//! The links of the lab: packets go from a node to the responder that ships and back, and some are
//! lost, late or doubled.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use bytes::Bytes;
use fleet::boots::BootAnswers;
use machine_core::boot::Asker;
use machine_core::network::ClientKey;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{leases, reservations};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::option::MessageKind;
use pxe_loader::bootloaders::files;
use pxe_server::complaint::Complaints;
use pxe_server::dhcp::DhcpControl;
use pxe_server::dhcp::incoming::Incoming;
use pxe_server::dhcp::responder::Responder;
use pxe_server::dhcp::served::ServedSubnets;
use pxe_server::dhcp::subnet::DhcpSubnet;
use pxe_server::loaders::Loaders;

use crate::dhcp_client::{DhcpClient, Granted};
use crate::invariant::Violation;
use crate::lab::Lab;
use crate::node::Node;
use crate::subnet::{interface, subnets};

/// The port of a DHCP client.
const CLIENT: u16 = 68;
/// The port of the boot plane's HTTP.
const HTTP: u16 = 8080;

/// The DHCP server of one life of Drover, and the links that it serves.
#[derive(Debug)]
pub(crate) struct DhcpLinks {
    responder: Responder<BootAnswers>,
    subnets: ServedSubnets,
    db: Db,
}

impl DhcpLinks {
    /// A life begins, with the leases on record.
    pub(crate) async fn begin(db: &Db, directory: BootAnswers) -> Result<Self, StoreError> {
        let mut served = Vec::new();
        for subnet in subnets() {
            let known = leases::of_subnet(db, &subnet.name).await?;
            let http = SocketAddr::new(subnet.server, HTTP);
            served.push(DhcpSubnet::new(subnet, http, &known));
        }
        let subnets = ServedSubnets::new(served);
        let control = DhcpControl::over(subnets.clone());
        for kept in reservations::list(db).await? {
            // One that its subnet refuses is refused to whoever made it, too.
            let _ = control.reserve(&ClientKey::Hardware(kept.mac), kept.address);
        }
        let content = files().map(|file| (file, Bytes::from_static(b"a loader")));
        let loaders = Arc::new(Loaders::from_memory(content));
        let complaints = Arc::new(Complaints::new("dhcp"));
        let responder = Responder::new(directory, loaders, complaints, subnets.clone());
        let db = db.clone();
        Ok(Self {
            responder,
            subnets,
            db,
        })
    }

    /// The handle by which reservations reach it.
    pub(crate) fn control(&self) -> DhcpControl {
        DhcpControl::over(self.subnets.clone())
    }

    /// DISCOVER, OFFER, REQUEST and ACK of a node.
    pub(crate) async fn lease(&self, lab: &Lab, node: &Node, asker: Asker) -> Option<Granted> {
        let client = node.dhcp_client(asker);
        let offer = self.ask(lab, node, client.discover()).await?;
        let offer = client.read(&offer, MessageKind::Offer)?;
        let request = client.request(&offer)?;
        let ack = self.ask(lab, node, request).await?;
        let ack = client.read(&ack, MessageKind::Ack)?;
        let granted = client.granted(&ack)?;
        self.check_kept(lab, (&client, granted)).await;
        Some(granted)
    }

    /// A packet goes to the server, and its answer comes back; either may be lost, and the packet may
    /// come twice.
    async fn ask(&self, lab: &Lab, node: &Node, packet: Vec<u8>) -> Option<Vec<u8>> {
        let (latency, is_lost, is_doubled) = lab.with(|world| {
            let doubled = world.fails(5);
            (world.latency(), world.fails(3), doubled)
        });
        tokio::time::sleep(latency).await;
        if is_doubled {
            self.answer(node, &packet).await;
        }
        let answer = self.answer(node, &packet).await;
        answer.filter(|_| !is_lost)
    }

    async fn answer(&self, node: &Node, packet: &[u8]) -> Option<Vec<u8>> {
        let incoming = Incoming {
            packet,
            port: ServerPort::Dhcp,
            source: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT),
            destination: Ipv4Addr::BROADCAST,
            is_for_us: false,
            interface: &interface(node.arranged.link),
        };
        let answered = self.responder.respond(&incoming).await?;
        let bytes = answered.reply.encode().bytes;
        self.responder.sent(answered);
        Some(bytes)
    }

    /// What was acknowledged is on record.
    async fn check_kept(&self, lab: &Lab, (client, granted): (&DhcpClient, Granted)) {
        let known = leases::of_client(&self.db, &ClientKey::Hardware(client.mac)).await;
        let is = |address: IpAddr| address == granted.address;
        if known.is_ok_and(|known| !known.iter().any(|it| is(it.address))) {
            let address = granted.address;
            lab.with(|world| world.judge(Err(Violation::LeaseUnkept { address })));
        }
    }
}
