//! The packets of a session as the model makes and reads them (§13.28, §13.29), and the messages in
//! them.

use aes::Aes128;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::Bmc;
use super::lie::Lie;

impl Bmc {
    /// The bytes of a packet that its code covers, if the packet is of the open session and new.
    pub(super) fn opened<'a>(&mut self, body: &'a [u8]) -> Option<&'a [u8]> {
        let signed = body.len().checked_sub(self.check_length())?;
        let mut code = self.code(&self.session.k1, &body[..signed]);
        code.truncate(self.check_length());
        if !self.session.open || body[2..6] != self.session.bmc_id || body[signed..] != code {
            return None;
        }
        let sequence = u32::from_le_bytes(body[6..10].try_into().unwrap());
        self.session
            .inbound
            .is_new(sequence)
            .then(|| &body[..signed])
    }

    pub(super) fn packet(&mut self, message: &[u8]) -> Vec<u8> {
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

    pub(super) fn check_length(&self) -> usize {
        if self.session.suite[0] == 3 { 16 } else { 12 }
    }

    pub(super) fn code(&self, key: &[u8], input: &[u8]) -> Vec<u8> {
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

    pub(super) fn decrypt(&self, payload: &[u8]) -> Vec<u8> {
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

/// The session sequence numbers that came in (§6.12.13): each once, none far from the highest.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbound {
    highest: u32,
    seen: Vec<u32>,
}

impl Inbound {
    fn is_new(&mut self, sequence: u32) -> bool {
        const WIDTH: u32 = 16;
        let is_near = sequence <= self.highest + WIDTH && sequence + WIDTH > self.highest;
        let is_new = sequence != 0 && is_near && !self.seen.contains(&sequence);
        if is_new {
            self.highest = self.highest.max(sequence);
            self.seen.push(sequence);
        }
        is_new
    }
}

/// Network function, request number, command and data of a request; its checksums must be right.
pub(super) fn read_message(message: &[u8]) -> (u8, u8, u8, &[u8]) {
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
pub(super) fn message_of(function: u8, sequence: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    let mut message = vec![0x81, (function | 1) << 2];
    message.push(sum(&message));
    message.extend([0x20, sequence << 2, command]);
    message.extend(data);
    message.push(sum(&message[3..]));
    message
}
