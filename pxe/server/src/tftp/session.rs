//! One client that reads one file: moves packets between its socket and the state machine.

use std::io;
use std::time::Duration;

use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::lesson::Failure;
use pxe_tftp::outcome::Status;
use pxe_tftp::request::Request;
use pxe_tftp::transfer::Transfer;
use tokio::time::Instant;
use tracing::debug;

use crate::made_files::Content;
use crate::tftp::outlet::Outlet;
use crate::tftp::roster::Ticket;

/// An ACK has four bytes, an ERROR some text; the rest of it does not matter.
const LONGEST: usize = 256;

/// A transfer and what it needs.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) outlet: Outlet,
    pub(crate) request: Request,
    pub(crate) content: Content,
    pub(crate) limits: Limits,
    pub(crate) ticket: Ticket,
    pub(crate) turn: Turn,
}

/// What the next transfer would be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// The one that was asked for.
    First,
    /// The same again.
    AskedAgain,
    /// None, unless the client asks again in this very moment.
    Ended,
}

/// How a transfer ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) took: Duration,
    pub(crate) failure: Option<Failure>,
}

impl Session {
    /// Runs the next transfer to its end: the first, and another for as long as the client asks
    /// again.
    pub(crate) async fn next(&mut self) -> Option<Ended> {
        let begins = match self.turn {
            Turn::First => true,
            Turn::AskedAgain => !self.ticket.stop.is_cancelled(),
            Turn::Ended => false,
        };
        if !begins && self.ticket.leave() {
            return None;
        }
        let (ended, asked_again) = self.transfer().await;
        self.turn = if asked_again {
            Turn::AskedAgain
        } else {
            Turn::Ended
        };
        Some(ended)
    }

    /// One transfer to its end, and whether the client asked again after that.
    async fn transfer(&mut self) -> (Ended, bool) {
        let began = Instant::now();
        let content = self.content.bytes.clone();
        let now = began.into_std();
        let (mut transfer, first) = Transfer::start(&self.request, content, &self.limits, now);
        self.put_out(&mut transfer, first).await;
        let mut asked_again = false;
        let mut buffer = vec![0; LONGEST];
        while let Some(deadline) = transfer.next_deadline() {
            tokio::select! {
                biased;
                () = self.ticket.stop.cancelled() => {
                    let farewell = transfer.cancel();
                    self.put_out(&mut transfer, farewell).await;
                }
                received = self.outlet.receive(&mut buffer) => {
                    self.take_in(&mut transfer, received, &buffer).await;
                }
                again = self.ticket.again.recv() => {
                    // What the client sent before it asked again is in the socket: an ERROR that
                    // ends this transfer, or nothing, and then it is only a repetition.
                    self.catch_up(&mut transfer, &mut buffer).await;
                    match again {
                        Some(()) => asked_again = transfer.next_deadline().is_none(),
                        None => transfer.replaced(),
                    }
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    let outgoing = transfer.due(Instant::now().into_std());
                    self.put_out(&mut transfer, outgoing).await;
                }
            }
        }
        let status = transfer.status().clone();
        debug!(statistics = ?transfer.statistics(), agreement = ?transfer.agreement(), "ended");
        (
            Ended {
                status,
                took: began.elapsed(),
                failure: Failure::of(&transfer),
            },
            asked_again,
        )
    }

    async fn catch_up(&mut self, transfer: &mut Transfer, buffer: &mut [u8]) {
        loop {
            match self.outlet.try_receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                received => self.take_in(transfer, received, buffer).await,
            }
        }
    }

    async fn take_in(
        &mut self,
        transfer: &mut Transfer,
        received: io::Result<usize>,
        buffer: &[u8],
    ) {
        match received {
            Ok(length) => {
                self.ticket.heard();
                let packet = buffer.get(..length).unwrap_or_default();
                let outgoing = transfer.handle(packet, Instant::now().into_std());
                self.put_out(transfer, outgoing).await;
            }
            Err(error) => give_up_if_gone(transfer, &error),
        }
    }

    async fn put_out(&mut self, transfer: &mut Transfer, outgoing: Outgoing) {
        // Bytes of a mapped file that was cut short must not be read.
        let outgoing = if self.content.is_intact() {
            outgoing
        } else {
            transfer.cancel()
        };
        let datagrams: Vec<_> = transfer.datagrams(outgoing).collect();
        if let Err(error) = self.outlet.send(&datagrams).await {
            give_up_if_gone(transfer, &error);
        }
    }
}

/// Other errors are packets that were lost.
fn give_up_if_gone(transfer: &mut Transfer, error: &io::Error) {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        transfer.unreachable();
    } else {
        debug!(%error, "a TFTP packet was lost");
    }
}
