//! One request that has its place: which file it is for, and how it is sent.

use std::net::{IpAddr, SocketAddrV4};
use std::sync::Arc;

use machine_core::boot::BootStep;
use pxe_loader::asked_name::AskedName;
use pxe_loader::made::Made;
use pxe_tftp::agreement::Limits;
use pxe_tftp::outcome::{Abort, Status};
use pxe_tftp::packet::ErrorCode;
use pxe_tftp::request::{FileName, Request};
use tokio::time::Instant;
use tracing::debug;

use crate::directory::{Directory, ObservedStep, StepOwner};
use crate::made_files::{Asker, Content, NotMade};
use crate::neighbour::find_neighbour;
use crate::tftp::TftpServer;
use crate::tftp::asked::{Asked, not_found};
use crate::tftp::outlet::Outlet;
use crate::tftp::roster::Ticket;
use crate::tftp::session::{Session, Turn};

impl<D: Directory> TftpServer<D> {
    pub(super) async fn transfer(self: Arc<Self>, asked: Asked, request: Request, ticket: Ticket) {
        let content = match self.content(&asked, &request).await {
            Ok(content) => content,
            Err(refusal) => return asked.refuse(&refusal),
        };
        let peer = asked.arrived.source;
        // A port on the address that was asked.
        let from = SocketAddrV4::new(asked.arrived.destination, 0);
        match Outlet::connect(from, peer).await {
            Ok(outlet) => self.send((outlet, peer), request, content, ticket).await,
            Err(error) => {
                let why = format!("can't open a port for a transfer: {error}");
                self.complaints.note(asked.peer(), &why);
            }
        }
    }

    /// The file that is asked for, or the packet that says why there is none.
    async fn content(&self, asked: &Asked, request: &Request) -> Result<Content, Vec<u8>> {
        let name = request.file.as_bytes();
        if let Some(loader) = self.loaders.find(name) {
            return Ok(Content::held(loader, Some(BootStep::Loader)));
        }
        let name = AskedName::new(name);
        let made = name.made().ok_or_else(not_found)?;
        let (peer, http) = (asked.peer(), asked.http());
        let hardware = find_neighbour(peer).await;
        let from = Asker {
            peer,
            hardware,
            http,
        };
        let refusal = match self.made.make(made, from).await {
            Ok(content) => return Ok(content),
            Err(refusal) => refusal,
        };
        if matches!(refusal, NotMade::NotHeld) {
            debug!(%peer, file = %request.file, %refusal, "not found");
        } else {
            self.complaints.note(peer, &format!("no file: {refusal}"));
        }
        Err(match refusal {
            NotMade::NotHeld | NotMade::NoImage => not_found(),
            NotMade::Altered | NotMade::Unavailable(_) | NotMade::Unwritable(_) => {
                ErrorCode::Undefined.packet("not at this moment, ask again")
            }
        })
    }

    async fn send(
        &self,
        (outlet, peer): (Outlet, SocketAddrV4),
        mut request: Request,
        content: Content,
        ticket: Ticket,
    ) {
        let (file, size, step) = (shown(&request.file), content.bytes.len(), content.step);
        let mut limits = outlet.mtu().map_or_else(Limits::default, Limits::for_mtu);
        let now = Instant::now().into_std();
        self.lessons()
            .apply(*peer.ip(), &mut request, &mut limits, now);
        let turn = Turn::First;
        let mut session = Session {
            outlet,
            request,
            content,
            limits,
            ticket,
            turn,
        };
        while let Some(ended) = session.next().await {
            let took = ended.took.as_secs_f64();
            let now = Instant::now().into_std();
            if let Some(failure) = ended.failure {
                self.lessons().failed(*peer.ip(), failure, now);
            }
            if is_complete(&ended.status) {
                self.lessons().succeeded(*peer.ip(), now);
                if let Some(step) = step {
                    let detail = format!("{file}, {size} bytes in {took:.1} s");
                    self.fetched(IpAddr::V4(*peer.ip()), step, detail).await;
                }
            } else if let Some(why) = early_end(&file, &ended.status) {
                // A client may begin and give up as often as it likes.
                self.complaints.note(IpAddr::V4(*peer.ip()), &why);
            } else {
                debug!(%peer, %file, status = ?ended.status, "asked for the size, or for another");
            }
        }
    }

    /// A file was fetched. Beside another DHCP server no lease says whose the address is, so its
    /// card is named where the link knows it.
    async fn fetched(&self, peer: IpAddr, step: BootStep, detail: String) {
        let card = find_neighbour(peer).await;
        let whose = card.map_or(StepOwner::Address(peer), StepOwner::Card);
        debug!(%peer, detail, "fetched");
        self.made.directory.step(ObservedStep {
            whose,
            step,
            detail,
        });
    }
}

/// A file's name for people.
fn shown(file: &FileName) -> String {
    match AskedName::new(file.as_bytes()).made() {
        Some(Made::Asset { name, .. }) => name.escape_ascii().to_string(),
        Some(Made::GrubScript(_)) => "GRUB's script".to_owned(),
        Some(Made::Autoexec | Made::GrubConfig) | None => file.to_string(),
    }
}

/// Many ROMs start the file without acknowledging its last block.
fn is_complete(status: &Status) -> bool {
    matches!(
        status,
        Status::Done
            | Status::Aborted(
                Abort::Silence { all_sent: true } | Abort::Unreachable { all_sent: true }
            )
    )
}

/// What of its end deserves a line: nothing, if it is complete or was only a question.
fn early_end(file: &str, status: &Status) -> Option<String> {
    match status {
        Status::Aborted(Abort::SizeProbe | Abort::Replaced) | Status::Running | Status::Done => {
            None
        }
        Status::Aborted(abort) => Some(format!("the transfer of {file} ended early: {abort}")),
    }
}
