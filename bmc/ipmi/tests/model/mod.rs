//! A BMC for tests: the other end of a session, written from the specification without the code
//! under test, and able to lie. `ipmitool` logs in to it too (bmc/control, tests/bmc/ipmitool.rs).
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may stop"
)]

pub(crate) mod commands;
mod handshake;
pub(crate) mod lie;
mod packets;

use commands::Shutdown;
use lie::Lie;
use packets::{Inbound, message_of, read_message};

/// One BMC with one user and room for one session.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what it knows and what it does wrong, each for itself"
)]
pub(crate) struct Bmc {
    /// The algorithms (authentication, integrity, confidentiality) that it takes.
    pub(crate) suites: Vec<[u8; 3]>,
    pub(crate) username: Vec<u8>,
    pub(crate) password: Vec<u8>,
    pub(crate) k_g: Option<[u8; 20]>,
    /// The highest level of the user: 2 user, 3 operator, 4 administrator.
    pub(crate) limit: u8,
    pub(crate) lie: Lie,
    pub(crate) power: bool,
    /// Boot flags, parameter 5.
    pub(crate) boot_flags: [u8; 5],
    pub(crate) guid: [u8; 16],
    /// How many bytes of the boot flags it tells.
    pub(crate) told_flags: usize,
    pub(crate) knows_parameter_0: bool,
    pub(crate) knows_parameter_3: bool,
    /// Boot parameter 3: what the boot flags are kept through.
    pub(crate) kept_through: u8,
    in_progress: bool,
    pub(crate) shutdown: Shutdown,
    /// Its refusals carry neither our tag nor our id.
    pub(crate) untagged: bool,
    /// It takes user names filled up with zeros, and no others.
    pub(crate) pads_names: bool,
    /// It makes keys with the privilege of the Open Session Request.
    pub(crate) keys_from_open_session: bool,
    /// Logins that were good.
    pub(crate) logins: usize,
    /// Commands (network function, command) that it does not know.
    pub(crate) unknown: Vec<(u8, u8)>,
    /// Payload types of the handshake, and (network function, command, data) of the commands.
    pub(crate) handshake_log: Vec<u8>,
    /// The suites that were asked for.
    pub(crate) asked: Vec<[u8; 3]>,
    pub(crate) command_log: Vec<(u8, u8, Vec<u8>)>,
    /// The session id and the random number of its logins, where they are not to be counted.
    pub(crate) draws: Option<([u8; 4], [u8; 16])>,
    session: Session,
    counter: u8,
}

#[derive(Debug, Clone, Default)]
struct Session {
    suite: [u8; 3],
    console_id: [u8; 4],
    bmc_id: [u8; 4],
    console_random: Vec<u8>,
    bmc_random: [u8; 16],
    /// Role, length of the name, name.
    name: Vec<u8>,
    k1: Vec<u8>,
    k2: Vec<u8>,
    sequence: u32,
    inbound: Inbound,
    said_privilege: u8,
    level: u8,
    open: bool,
}

pub(crate) const SUITE_3: [u8; 3] = [1, 1, 1];
pub(crate) const SUITE_17: [u8; 3] = [3, 4, 1];

impl Bmc {
    pub(crate) fn new() -> Self {
        Self {
            suites: vec![SUITE_3, SUITE_17],
            username: b"ADMIN".to_vec(),
            password: b"secret123".to_vec(),
            k_g: None,
            limit: 4,
            lie: Lie::None,
            power: false,
            boot_flags: [0; 5],
            guid: *b"guid-of-a-system",
            told_flags: 5,
            knows_parameter_0: true,
            knows_parameter_3: true,
            kept_through: 0,
            in_progress: false,
            shutdown: Shutdown::Obeyed,
            untagged: false,
            pads_names: false,
            keys_from_open_session: false,
            logins: 0,
            unknown: Vec::new(),
            handshake_log: Vec::new(),
            asked: Vec::new(),
            command_log: Vec::new(),
            draws: None,
            session: Session::default(),
            counter: 0,
        }
    }

    /// What the BMC answers to `datagram`.
    pub(crate) fn answer(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let body = datagram.strip_prefix(&[0x06, 0x00, 0xff, 0x07])?;
        match (body.first()?, body.get(1)?) {
            (0x00, _) => Some(self.answer_capabilities(body.get(10..)?)),
            (0x06, 0xc0) => self.answer_command(body),
            (0x06, kind @ (0x10 | 0x12 | 0x14)) => {
                self.handshake_log.push(*kind);
                let payload = self.answer_handshake(*kind, body.get(12..)?)?;
                let length = u16::try_from(payload.len()).unwrap().to_le_bytes();
                Some(
                    [
                        &[6, 0, 0xff, 7, 6, kind + 1, 0, 0, 0, 0, 0, 0, 0, 0][..],
                        &length,
                        &payload,
                    ]
                    .concat(),
                )
            }
            _ => None,
        }
    }

    fn answer_capabilities(&self, message: &[u8]) -> Vec<u8> {
        let (function, sequence, command, _) = read_message(message);
        assert_eq!((function, command), (0x06, 0x38));
        let data = match self.lie {
            Lie::Ipmi15Only => [0x00, 0x01, 0x15, 0x04, 0x00, 0, 0, 0, 0],
            _ => [0x00, 0x01, 0x80, 0x04, 0x02, 0, 0, 0, 0],
        };
        let message = message_of(function, sequence, command, &data);
        let length = u8::try_from(message.len()).unwrap();
        [
            &[6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, length][..],
            &message,
        ]
        .concat()
    }

    fn answer_command(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let body = self.opened(body)?;
        let length = usize::from(u16::from_le_bytes([body[10], body[11]]));
        let message = self.decrypt(&body[12..12 + length]);
        let (function, sequence, command, data) = read_message(&message);
        self.command_log.push((function, command, data.to_vec()));
        let answer = self.execute(function, command, data);
        let message = message_of(function, sequence, command, &answer);
        let packet = self.packet(&message);
        if (function, command) == (0x06, 0x3c) {
            self.session.open = false;
        }
        Some(packet)
    }
}
