//! TFTP for firmware and loaders: the files of the catalogue, and those that are made for whoever
//! asks, from memory and read only (RFC 1350).
//!
//! Requests come in on port 69; each transfer has a port of its own, on the address that was asked.
//! The client's name for a file is looked up and never becomes a path.

mod asked;
pub(crate) mod entrance;
mod outlet;
mod roster;
mod serving;
mod session;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pxe_loader::asked_name::AskedName;
use pxe_loader::bootloaders::is_probe;
use pxe_tftp::lesson::Lessons;
use pxe_tftp::packet::ErrorCode;
use pxe_tftp::request::Request;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, trace, warn};

use crate::complaint::Complaints;
use crate::directory::Directory;
use crate::loaders::Loaders;
use crate::made_files::MadeFiles;
use crate::socket::Arrived;
use crate::tftp::asked::{Asked, not_found};
use crate::tftp::entrance::Entrance;
use crate::tftp::roster::limits::RosterLimits;
use crate::tftp::roster::{Admitted, NoPlace, Queued, Roster, Ticket};

/// How long transfers may go on after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is then looked whose client is gone.
const LOOK: Duration = Duration::from_millis(200);
/// Longer than any request that makes sense.
const LONGEST: usize = 2048;

/// The TFTP server.
#[derive(Debug)]
pub(crate) struct TftpServer<D> {
    made: MadeFiles<D>,
    loaders: Arc<Loaders>,
    complaints: Arc<Complaints>,
    roster: Arc<Roster>,
    lessons: Mutex<Lessons>,
}

impl<D: Directory> TftpServer<D> {
    pub(crate) fn new(
        made: MadeFiles<D>,
        loaders: Arc<Loaders>,
        complaints: Arc<Complaints>,
        transfers: usize,
    ) -> Arc<Self> {
        let roster = Roster::new(RosterLimits {
            total: transfers,
            ..RosterLimits::default()
        });
        Arc::new(Self {
            made,
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
                            let server = Arc::clone(self);
                            let asked = Asked {
                                entrance: entrance.clone(),
                                arrived,
                            };
                            transfers.spawn(server.transfer(asked, *request, ticket));
                        }
                        Answer::Wait(request, queued) => {
                            let waiting = (*request, queued);
                            let server = Arc::clone(self);
                            let asked = Asked {
                                entrance: entrance.clone(),
                                arrived,
                            };
                            transfers.spawn(server.wait(asked, waiting, end.clone()));
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
        let is_made = AskedName::new(name).made().is_some();
        if !is_made && self.loaders.find(name).is_none() {
            if is_probe(name) {
                debug!(%source, file = %request.file, "not there, as most clients expect");
            } else {
                self.complaints
                    .note(source, &format!("there is no file {}", request.file));
            }
            return Answer::Packet(not_found());
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
        asked: Asked,
        (request, queued): (Request, Queued),
        end: CancellationToken,
    ) {
        match queued.place(&request, &end).await {
            Ok(ticket) => self.transfer(asked, request, ticket).await,
            Err(NoPlace::Displaced) => asked.refuse(&self.too_many(asked.peer())),
            Err(NoPlace::Gone) => {
                debug!(source = %asked.arrived.source, "it asked no more before there was a place");
            }
        }
    }

    /// What is told to whoever waits more often than there is room for: never silence.
    fn too_many(&self, source: IpAddr) -> Vec<u8> {
        self.complaints.note(source, &"too many transfers at once");
        ErrorCode::Undefined.packet("too many transfers wait, ask later")
    }

    fn lessons(&self) -> MutexGuard<'_, Lessons> {
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a packet on port 69 leads to.
enum Answer {
    Nothing,
    Packet(Vec<u8>),
    Transfer(Box<Request>, Ticket),
    Wait(Box<Request>, Queued),
}
