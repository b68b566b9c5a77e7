//! The model's side of a login (§13.17 to §13.24).

use super::lie::Lie;
use super::{Bmc, Session};

impl Bmc {
    pub(super) fn answer_handshake(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let tag = payload[0];
        if let Lie::Status(at, status) = self.lie
            && at == kind
        {
            return Some(self.refuse(tag, status, &[0; 4]));
        }
        if let Lie::StatusOnce(at, status) = self.lie
            && at == kind
        {
            self.lie = Lie::None;
            return Some(self.refuse(tag, status, &[0; 4]));
        }
        match kind {
            0x10 => {
                let asked = [payload[12], payload[20], payload[28]];
                self.asked.push(asked);
                let console_id: [u8; 4] = payload[4..8].try_into().unwrap();
                if !self.suites.contains(&asked) {
                    return match self.lie {
                        Lie::SilentOnUnknownSuite => None,
                        _ => Some(self.refuse(tag, 0x11, &console_id)),
                    };
                }
                self.session.said_privilege = payload[1];
                Some(self.open_session(tag, asked, console_id))
            }
            0x12 => Some(self.rakp_2(tag, payload)),
            _ => Some(self.rakp_4(tag, payload)),
        }
    }

    /// A refusal, with the tag and the console's id, or without both where the BMC has lost them.
    fn refuse(&self, tag: u8, status: u8, console_id: &[u8]) -> Vec<u8> {
        if self.untagged {
            // As OpenBMC sends it: as long as an answer that is none.
            return [&[0, status][..], &[0; 38]].concat();
        }
        [&[tag, status, 0, 0], console_id].concat()
    }

    fn open_session(&mut self, tag: u8, asked: [u8; 3], console_id: [u8; 4]) -> Vec<u8> {
        let suite = match self.lie {
            Lie::Chooses(suite) => suite,
            _ => asked,
        };
        self.counter = self.counter.wrapping_add(1);
        let counted = [self.counter, 0x22, 0x33, 0x44];
        self.session = Session {
            suite,
            console_id,
            bmc_id: self.draws.map_or(counted, |(id, _)| id),
            said_privilege: self.session.said_privilege,
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
        let mut known = self.username.clone();
        if self.pads_names {
            known.resize(16, 0);
        }
        if payload[4..8] != self.session.bmc_id || name != known {
            return self.refuse(tag, 0x0d, &self.session.console_id);
        }
        self.counter = self.counter.wrapping_add(1);
        let counted = [self.counter; 16];
        self.session.bmc_random = self.draws.map_or(counted, |(_, random)| random);
        self.session.console_random = payload[8..24].to_vec();
        let role = if self.keys_from_open_session {
            payload[24] & 0xf0 | self.session.said_privilege
        } else {
            payload[24]
        };
        self.session.name = [&[role, payload[27]][..], name].concat();
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
            Lie::LongRakp2 => code.push(0),
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
        if s.open {
            // The answer to the first RAKP-3 was lost, and there is nothing to agree upon any more.
            return self.refuse(tag, 0x02, &s.console_id);
        }
        let proof = [&s.bmc_random[..], &s.console_id, &s.name].concat();
        if payload[4..8] != s.bmc_id || payload[8..] != self.code(&self.password, &proof) {
            return self.refuse(tag, 0x0f, &s.console_id);
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
        self.logins += 1;
        answer
    }
}
