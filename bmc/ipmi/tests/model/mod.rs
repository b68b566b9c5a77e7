//! A BMC for tests: the other end of a session, written from the specification without the code
//! under test, and able to lie. `ipmitool` logs in to it too (bmc/control, tests/bmc/ipmitool.rs).
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may stop"
)]

use aes::Aes128;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// What the BMC does that an honest one would not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Lie {
    #[default]
    None,
    /// Says that it speaks IPMI 1.5 only.
    Ipmi15Only,
    /// Chooses these algorithms, whatever it is asked.
    Chooses([u8; 3]),
    /// Puts a wrong code into RAKP-2.
    WrongRakp2,
    /// Puts a code that is cut to the length of a check into RAKP-2.
    ShortRakp2,
    /// Puts a wrong code into RAKP-4.
    WrongRakp4,
    /// Answers this payload type with this status.
    Status(u8, u8),
    /// Does not answer an Open Session Request for a suite that it does not know.
    SilentOnUnknownSuite,
    /// Ends the next so many commands with this code.
    Completes(u8, u8),
    /// Answers commands without encryption.
    Plain,
}

/// One BMC with one user and room for one session.
#[derive(Debug)]
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
    /// Commands (network function, command) that it does not know.
    pub(crate) unknown: Vec<(u8, u8)>,
    /// Payload types of the handshake, and (network function, command, data) of the commands.
    pub(crate) handshake_log: Vec<u8>,
    /// The suites that were asked for.
    pub(crate) asked: Vec<[u8; 3]>,
    pub(crate) command_log: Vec<(u8, u8, Vec<u8>)>,
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
            unknown: Vec::new(),
            handshake_log: Vec::new(),
            asked: Vec::new(),
            command_log: Vec::new(),
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

    fn answer_handshake(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let tag = payload[0];
        let refuse =
            |status: u8, console_id: &[u8]| Some([&[tag, status, 0, 0], console_id].concat());
        if let Lie::Status(at, status) = self.lie
            && at == kind
        {
            return refuse(status, &[0; 4]);
        }
        match kind {
            0x10 => {
                let asked = [payload[12], payload[20], payload[28]];
                self.asked.push(asked);
                let console_id: [u8; 4] = payload[4..8].try_into().unwrap();
                if !self.suites.contains(&asked) {
                    return match self.lie {
                        Lie::SilentOnUnknownSuite => None,
                        _ => refuse(0x11, &console_id),
                    };
                }
                Some(self.open_session(tag, asked, console_id))
            }
            0x12 => Some(self.rakp_2(tag, payload)),
            _ => Some(self.rakp_4(tag, payload)),
        }
    }

    fn open_session(&mut self, tag: u8, asked: [u8; 3], console_id: [u8; 4]) -> Vec<u8> {
        let suite = match self.lie {
            Lie::Chooses(suite) => suite,
            _ => asked,
        };
        self.counter += 1;
        self.session = Session {
            suite,
            console_id,
            bmc_id: [self.counter, 0x22, 0x33, 0x44],
            ..Session::default()
        };
        let mut answer = [&[tag, 0, 4, 0][..], &console_id, &self.session.bmc_id].concat();
        for (kind, algorithm) in (0_u8..).zip(suite) {
            answer.extend([kind, 0, 0, 8, algorithm, 0, 0, 0]);
        }
        answer
    }

    fn rakp_2(&mut self, tag: u8, payload: &[u8]) -> Vec<u8> {
        let name = &payload[28..];
        if payload[4..8] != self.session.bmc_id || name != self.username {
            return [&[tag, 0x0d, 0, 0][..], &self.session.console_id].concat();
        }
        self.counter += 1;
        self.session.bmc_random = [self.counter; 16];
        self.session.console_random = payload[8..24].to_vec();
        self.session.name = [&[payload[24], payload[27]][..], name].concat();
        let s = &self.session;
        let input = [
            &s.console_id[..],
            &s.bmc_id,
            &s.console_random,
            &s.bmc_random,
            &self.guid,
            &s.name,
        ]
        .concat();
        let mut code = self.code(&self.password, &input);
        match self.lie {
            Lie::WrongRakp2 => code[7] ^= 1,
            Lie::ShortRakp2 => code.truncate(self.check_length()),
            _ => {}
        }
        [
            &[tag, 0, 0, 0][..],
            &s.console_id,
            &s.bmc_random,
            &self.guid,
            &code,
        ]
        .concat()
    }

    fn rakp_4(&mut self, tag: u8, payload: &[u8]) -> Vec<u8> {
        let s = &self.session;
        let proof = [&s.bmc_random[..], &s.console_id, &s.name].concat();
        if payload[4..8] != s.bmc_id || payload[8..] != self.code(&self.password, &proof) {
            return [&[tag, 0x0f, 0, 0][..], &s.console_id].concat();
        }
        let key = match &self.k_g {
            Some(key) => key.to_vec(),
            None => self.password.clone(),
        };
        let sik = self.code(
            &key,
            &[&s.console_random, &s.bmc_random[..], &s.name].concat(),
        );
        let mut check = self.code(
            &sik,
            &[&s.console_random, &s.bmc_id[..], &self.guid].concat(),
        );
        check.truncate(self.check_length());
        if self.lie == Lie::WrongRakp4 {
            check[0] ^= 1;
        }
        let answer = [&[tag, 0, 0, 0][..], &s.console_id, &check].concat();
        let (k1, k2) = (self.code(&sik, &[1; 20]), self.code(&sik, &[2; 20]));
        self.session.k1 = k1;
        self.session.k2 = k2[..16].to_vec();
        self.session.level = 2;
        self.session.open = true;
        answer
    }

    fn answer_command(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let signed = body.len().checked_sub(self.check_length())?;
        let mut code = self.code(&self.session.k1, &body[..signed]);
        code.truncate(self.check_length());
        if !self.session.open || body[2..6] != self.session.bmc_id || body[signed..] != code {
            return None;
        }
        let length = usize::from(u16::from_le_bytes([body[10], body[11]]));
        let message = self.decrypt(&body[12..12 + length]);
        let (function, sequence, command, data) = read_message(&message);
        self.command_log.push((function, command, data.to_vec()));
        let answer = self.execute(function, command, data);
        let message = message_of(function, sequence, command, &answer);
        Some(self.packet(&message))
    }

    fn execute(&mut self, function: u8, command: u8, data: &[u8]) -> Vec<u8> {
        if let Lie::Completes(code, times) = self.lie
            && (function, command) != (0x06, 0x3b)
            && times > 0
        {
            self.lie = Lie::Completes(code, times - 1);
            return vec![code];
        }
        if self.unknown.contains(&(function, command)) {
            return vec![0xc1];
        }
        let operator = self.session.level >= 3;
        match (function, command, data) {
            (0x06, 0x3b, [level]) if *level <= self.limit => {
                self.session.level = (*level).max(2);
                vec![0, self.session.level]
            }
            (0x06, 0x3b, _) => vec![0x81],
            (0x06, 0x3c, _) => {
                // The answer still goes out under the session's keys; the next login replaces them.
                vec![0]
            }
            (0x06, 0x01, _) => vec![0, 0x20, 1, 2, 0x34, 0x51, 0x9f, 0x91, 0x12, 0, 0x02, 0x0f],
            (0x06, 0x37, _) => [&[0][..], &self.guid].concat(),
            (0x00, 0x01, _) => vec![0, u8::from(self.power), 0, 0],
            (0x00, 0x02 | 0x08, _) if !operator => vec![0xd4],
            (0x00, 0x02, [0x01]) if self.power => vec![0xd5],
            (0x00, 0x02, [level @ (0 | 1)]) => {
                self.power = *level == 1;
                vec![0]
            }
            (0x00, 0x08, [0x05, flags @ ..]) if flags.len() == 5 => {
                self.boot_flags.copy_from_slice(flags);
                vec![0]
            }
            (0x00, 0x08, [0x00 | 0x04, ..]) => vec![0],
            (0x00, 0x08, _) => vec![0x80],
            (0x00, 0x09, [0x05, ..]) => [&[0, 1, 5][..], &self.boot_flags].concat(),
            _ => vec![0xc1],
        }
    }

    fn packet(&mut self, message: &[u8]) -> Vec<u8> {
        self.session.sequence += 1;
        self.counter = self.counter.wrapping_add(1);
        let plain = self.lie == Lie::Plain;
        let payload = if plain {
            message.to_vec()
        } else {
            self.encrypt([self.counter; 16], message)
        };
        let mut body = vec![0x06, if plain { 0x40 } else { 0xc0 }];
        body.extend(self.session.console_id);
        body.extend(self.session.sequence.to_le_bytes());
        body.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
        body.extend(payload);
        let mut pad = 0;
        while !(body.len() + 2).is_multiple_of(4) {
            body.push(0xff);
            pad += 1;
        }
        body.extend([pad, 0x07]);
        let mut code = self.code(&self.session.k1, &body);
        code.truncate(self.check_length());
        [&[6, 0, 0xff, 7][..], &body, &code].concat()
    }

    fn check_length(&self) -> usize {
        if self.session.suite[0] == 3 { 16 } else { 12 }
    }

    fn code(&self, key: &[u8], input: &[u8]) -> Vec<u8> {
        if self.session.suite[0] == 3 {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
            mac.update(input);
            mac.finalize().into_bytes().to_vec()
        } else {
            let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(key).unwrap();
            mac.update(input);
            mac.finalize().into_bytes().to_vec()
        }
    }

    fn encrypt(&self, iv: [u8; 16], message: &[u8]) -> Vec<u8> {
        let mut plain = message.to_vec();
        let mut pad = 0;
        while !(plain.len() + 1).is_multiple_of(16) {
            pad += 1;
            plain.push(pad);
        }
        plain.push(pad);
        let key: [u8; 16] = self.session.k2[..].try_into().unwrap();
        let mut mode = cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into());
        let mut payload = iv.to_vec();
        for chunk in plain.chunks(16) {
            let mut block = Block::<Aes128>::try_from(chunk).unwrap();
            mode.encrypt_block(&mut block);
            payload.extend(block);
        }
        payload
    }

    fn decrypt(&self, payload: &[u8]) -> Vec<u8> {
        let key: [u8; 16] = self.session.k2[..].try_into().unwrap();
        let iv: [u8; 16] = payload[..16].try_into().unwrap();
        let mut mode = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into());
        let mut plain = Vec::new();
        for chunk in payload[16..].chunks(16) {
            let mut block = Block::<Aes128>::try_from(chunk).unwrap();
            mode.decrypt_block(&mut block);
            plain.extend(block);
        }
        let pad = plain.pop().unwrap();
        for counted in (1..=pad).rev() {
            assert_eq!(plain.pop(), Some(counted), "the pad counts up from 1");
        }
        plain
    }
}

/// Network function, request number, command and data of a request; its checksums must be right.
fn read_message(message: &[u8]) -> (u8, u8, u8, &[u8]) {
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!(
        (sum(&message[..3]), sum(&message[3..])),
        (0, 0),
        "checksums"
    );
    assert_eq!((message[0], message[3]), (0x20, 0x81), "addresses");
    let data = &message[6..message.len() - 1];
    (message[1] >> 2, message[4] >> 2, message[5], data)
}

/// The answer, with the completion code as the first byte of `data`.
fn message_of(function: u8, sequence: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    let mut message = vec![0x81, (function | 1) << 2];
    message.push(sum(&message));
    message.extend([0x20, sequence << 2, command]);
    message.extend(data);
    message.push(sum(&message[3..]));
    message
}
