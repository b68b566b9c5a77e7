//! A session on a socket: the shell around `bmc_ipmi::session::Session` that has the clock, the
//! random source and the datagrams.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bmc_ipmi::error::IpmiError;
use bmc_ipmi::login::Login;
use bmc_ipmi::session::{Entropy, Handled, Session, Settings};
use ipmi_rs_core::connection::{IpmiCommand, NotEnoughData};
use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, trace};

/// A session that is open.
#[derive(Debug)]
pub(crate) struct Line {
    socket: UdpSocket,
    session: Session,
    started: Instant,
    is_broken: bool,
}

/// Why the line broke.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    #[error(transparent)]
    Ipmi(#[from] IpmiError),
    #[error(transparent)]
    Socket(#[from] io::Error),
}

impl Line {
    /// Logs in at `address`.
    pub(crate) async fn open(
        address: SocketAddr,
        login: Login,
        settings: Settings,
    ) -> Result<Self, LineError> {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let entropy = Entropy {
            session_id: rand::random(),
            random_number: rand::random(),
        };
        let session = Session::open(login, settings, entropy)?;
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        let mut line = Self {
            socket,
            session,
            started: Instant::now(),
            is_broken: false,
        };
        line.run().await?;
        Ok(line)
    }

    /// Gives a command and reads its answer.
    pub(crate) async fn call<C>(&mut self, command: C) -> Result<C::Output, LineError>
    where
        C: IpmiCommand<Error = NotEnoughData>,
    {
        self.session.request(command)?;
        match self.run().await? {
            Handled::Replied(reply) => Ok(reply.read::<C>()?),
            _ => Err(IpmiError::NotReady.into()),
        }
    }

    /// Whether another command can be given: neither session nor socket is over.
    pub(crate) const fn is_usable(&self) -> bool {
        !self.is_broken && !self.session.is_over()
    }

    /// Ends the session, if the BMC answers within `patience`; otherwise it ends it by itself, later.
    pub(crate) async fn close(mut self, patience: Duration) {
        self.session.close();
        if let Ok(Err(error)) = timeout(patience, self.run()).await {
            debug!(%error, "session not closed");
        }
    }

    /// Until the login is done, the command answered, or the session over.
    async fn run(&mut self) -> Result<Handled, LineError> {
        let end = self.exchange().await;
        self.is_broken = matches!(end, Err(LineError::Socket(_)));
        end
    }

    async fn exchange(&mut self) -> Result<Handled, LineError> {
        // Larger than any answer here.
        let mut buffer = [0; 1024];
        loop {
            let now = self.started.elapsed();
            while let Some(datagram) = self.session.transmit(rand::random(), now) {
                self.socket.send(&datagram).await?;
            }
            let Some(deadline) = self.session.next_deadline() else {
                return Err(IpmiError::NotReady.into());
            };
            let received = timeout_at(self.started + deadline, self.socket.recv(&mut buffer)).await;
            let Ok(length) = received.map_err(|_elapsed| ()) else {
                match self.session.expire(self.started.elapsed()) {
                    Some(error) => return Err(error.into()),
                    None => continue,
                }
            };
            match self
                .session
                .handle(buffer.get(..length?).unwrap_or_default())
            {
                Handled::Ignored(reason) => trace!(%reason, "datagram ignored"),
                Handled::Continued => {}
                Handled::Failed(error) => return Err(error.into()),
                done @ (Handled::Opened | Handled::Replied(_) | Handled::Closed) => {
                    return Ok(done);
                }
            }
        }
    }
}
