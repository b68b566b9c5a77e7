//! TFTP for firmware: the loaders of the catalogue, from memory, read only (RFC 1350).
//!
//! Requests come in on port 69; each transfer has a port of its own, on the address that was asked.
//! The client's name for a file is looked up and never becomes a path.

pub(crate) mod entrance;
mod outlet;
mod roster;
mod session;

use std::io;
use std::net::{IpAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine_core::boot::BootStep;
use pxe_loader::bootloaders::is_probe;
use pxe_tftp::agreement::Limits;
use pxe_tftp::lesson::Lessons;
use pxe_tftp::outcome::{Abort, Status};
use pxe_tftp::packet::ErrorCode;
use pxe_tftp::request::Request;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, trace, warn};

use crate::complaint::Complaints;
use crate::directory::{Directory, ObservedStep, StepOwner};
use crate::loaders::Loaders;
use crate::neighbour::find_neighbour;
use crate::socket::Arrived;
use crate::tftp::entrance::Entrance;
use crate::tftp::outlet::Outlet;
use crate::tftp::roster::limits::RosterLimits;
use crate::tftp::roster::{Admitted, NoPlace, Queued, Roster, Ticket};
use crate::tftp::session::{Session, Turn};

/// How long transfers may go on after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is then looked whose client is gone.
const LOOK: Duration = Duration::from_millis(200);
/// Longer than any request that makes sense.
const LONGEST: usize = 2048;

/// The TFTP server.
#[derive(Debug)]
pub(crate) struct TftpServer<D> {
    directory: D,
    loaders: Arc<Loaders>,
    complaints: Arc<Complaints>,
    roster: Arc<Roster>,
    lessons: Mutex<Lessons>,
}

impl<D: Directory> TftpServer<D> {
    pub(crate) fn new(
        directory: D,
        loaders: Arc<Loaders>,
        complaints: Arc<Complaints>,
        transfers: usize,
    ) -> Arc<Self> {
        let roster = Roster::new(RosterLimits {
            total: transfers,
            ..RosterLimits::default()
        });
        Arc::new(Self {
            directory,
            loaders,
            complaints,
            roster,
            lessons: Mutex::default(),
        })
    }

    /// Serves until told to stop; then lets transfers finish for a grace period.
    pub(crate) async fn run(self: Arc<Self>, entrance: Entrance, stop: CancellationToken) {
        let (transfers, end) = (TaskTracker::new(), CancellationToken::new());
        let mut buffer = vec![0; LONGEST];
        loop {
            tokio::select! {
                readable = entrance.socket.readable() => {
                    if let Err(error) = readable {
                        warn!(%error, "can't wait for TFTP requests");
                        break;
                    }
                }
                () = stop.cancelled() => break,
            }
            self.drain(&entrance, &mut buffer, &transfers, &end);
            tokio::task::yield_now().await;
        }
        transfers.close();
        let finished = self.finished(&transfers);
        if tokio::time::timeout(GRACE, finished).await.is_err() {
            warn!("TFTP transfers were cut off: they took longer than the grace period");
            end.cancel();
            transfers.wait().await;
        }
    }

    /// Waits for the transfers of all clients that are still there.
    async fn finished(&self, transfers: &TaskTracker) {
        loop {
            self.roster.end_gone();
            if tokio::time::timeout(LOOK, transfers.wait()).await.is_ok() {
                return;
            }
        }
    }

    /// Takes what has come in, some of it if it is much.
    fn drain(
        self: &Arc<Self>,
        entrance: &Entrance,
        buffer: &mut [u8],
        transfers: &TaskTracker,
        end: &CancellationToken,
    ) {
        for _ in 0..64 {
            match entrance.socket.try_receive(buffer) {
                Ok(arrived) => {
                    let packet = buffer.get(..arrived.length).unwrap_or_default();
                    if let Err(stray) = entrance.admit(arrived) {
                        trace!(source = %arrived.source, "not answered: {stray}");
                        continue;
                    }
                    match self.consider(packet, arrived, end) {
                        Answer::Nothing => {}
                        Answer::Packet(packet) => entrance.refuse(&packet, arrived),
                        Answer::Transfer(request, ticket) => {
                            transfers.spawn(Arc::clone(self).transfer(arrived, *request, ticket));
                        }
                        Answer::Wait(request, queued) => {
                            let waiting = (*request, queued);
                            let server = Arc::clone(self);
                            let (entrance, end) = (entrance.clone(), end.clone());
                            transfers.spawn(server.wait(entrance, arrived, waiting, end));
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    debug!(%error, "can't read a TFTP request");
                    return;
                }
            }
        }
    }

    fn consider(&self, packet: &[u8], arrived: Arrived, end: &CancellationToken) -> Answer {
        let source = IpAddr::V4(*arrived.source.ip());
        let request = match Request::decode(packet) {
            Ok(request) => request,
            Err(malformed) => {
                self.complaints.note(source, &malformed);
                return malformed.answer().map_or(Answer::Nothing, Answer::Packet);
            }
        };
        let name = request.file.as_bytes();
        if self.loaders.find(name).is_none() {
            if is_probe(name) {
                debug!(%source, file = %request.file, "not there, as most clients expect");
            } else {
                self.complaints
                    .note(source, &format!("there is no file {}", request.file));
            }
            return Answer::Packet(ErrorCode::FileNotFound.packet("file not found"));
        }
        match self.roster.admit(arrived.source, &request, end) {
            Admitted::Begins(ticket) => Answer::Transfer(Box::new(request), ticket),
            Admitted::Repeats => Answer::Nothing,
            Admitted::Waits(queued) => Answer::Wait(Box::new(request), queued),
            Admitted::TooMany => Answer::Packet(self.too_many(source)),
        }
    }

    /// Begins once there is a place.
    async fn wait(
        self: Arc<Self>,
        entrance: Entrance,
        arrived: Arrived,
        (request, queued): (Request, Queued),
        end: CancellationToken,
    ) {
        match queued.place(&request, &end).await {
            Ok(ticket) => self.transfer(arrived, request, ticket).await,
            Err(NoPlace::Displaced) => {
                let source = IpAddr::V4(*arrived.source.ip());
                entrance.refuse(&self.too_many(source), arrived);
            }
            Err(NoPlace::Gone) => {
                debug!(source = %arrived.source, "it asked no more before there was a place");
            }
        }
    }

    /// What is told to whoever waits more often than there is room for: never silence.
    fn too_many(&self, source: IpAddr) -> Vec<u8> {
        self.complaints.note(source, &"too many transfers at once");
        ErrorCode::Undefined.packet("too many transfers wait, ask later")
    }

    async fn transfer(self: Arc<Self>, arrived: Arrived, mut request: Request, ticket: Ticket) {
        let peer = arrived.source;
        let Some(content) = self.loaders.find(request.file.as_bytes()) else {
            return;
        };
        // A port on the address that was asked.
        let asked = SocketAddrV4::new(arrived.destination, 0);
        let outlet = match Outlet::connect(asked, peer).await {
            Ok(outlet) => outlet,
            Err(error) => {
                let why = format!("can't open a port for a transfer: {error}");
                self.complaints.note(IpAddr::V4(*peer.ip()), &why);
                return;
            }
        };
        let (file, size) = (request.file.clone(), content.len());
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
                let detail = format!("{file}, {size} bytes in {took:.1} s");
                self.fetched(IpAddr::V4(*peer.ip()), detail).await;
            } else if let Some(why) = early_end(&file.to_string(), &ended.status) {
                // A client may begin and give up as often as it likes.
                self.complaints.note(IpAddr::V4(*peer.ip()), &why);
            } else {
                debug!(%peer, %file, status = ?ended.status, "asked for the size, or for another");
            }
        }
    }

    fn lessons(&self) -> MutexGuard<'_, Lessons> {
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A loader was fetched. Beside another DHCP server no lease says whose the address is, so its
    /// card is named where the link knows it.
    async fn fetched(&self, peer: IpAddr, detail: String) {
        let card = find_neighbour(peer).await;
        let whose = card.map_or(StepOwner::Address(peer), StepOwner::Card);
        debug!(%peer, detail, "loader fetched");
        self.directory.step(ObservedStep {
            whose,
            step: BootStep::Loader,
            detail,
        });
    }
}

/// What a packet on port 69 leads to.
enum Answer {
    Nothing,
    Packet(Vec<u8>),
    Transfer(Box<Request>, Ticket),
    Wait(Box<Request>, Queued),
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
