//! Options as they are written: each with its length, none beyond what the client takes.

use std::net::Ipv6Addr;

use machine_core::lease_options::DomainName;

use crate::option::OptionCode;

/// The longest message that we send: what fits into the smallest packet that every link of IPv6 takes
/// (1,280 bytes, RFC 8200 §5) behind its headers, so that no firmware has to put fragments together.
/// EDK2 ignores what is longer than 1,472.
pub(crate) const LONGEST_MESSAGE: usize = 1280 - 40 - 8;

/// Writes options.
#[derive(Debug, Clone, Default)]
pub(crate) struct OptionWriter {
    bytes: Vec<u8>,
}

impl OptionWriter {
    /// Behind a header.
    pub(crate) fn after(header: &[u8]) -> Self {
        Self {
            bytes: header.to_vec(),
        }
    }

    /// Adds an option, if its value has a length that can be written.
    pub(crate) fn push(&mut self, code: OptionCode, value: &[u8]) {
        if let Ok(length) = u16::try_from(value.len()) {
            self.bytes.extend(code.0.to_be_bytes());
            self.bytes.extend(length.to_be_bytes());
            self.bytes.extend(value);
        }
    }

    /// Adds an option if the message stays short enough; says whether it did.
    pub(crate) fn push_within(&mut self, limit: usize, code: OptionCode, value: &[u8]) -> bool {
        let fits = self.bytes.len() + 4 + value.len() <= limit;
        if fits {
            self.push(code, value);
        }
        fits
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Addresses one behind the other.
pub(crate) fn addresses(all: impl IntoIterator<Item = Ipv6Addr>) -> Vec<u8> {
    all.into_iter().flat_map(|it| it.octets()).collect()
}

/// Texts with a length of two bytes before each; one that is too long ends them.
pub(crate) fn texts<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in all {
        let Ok(length) = u16::try_from(text.len()) else {
            return bytes;
        };
        bytes.extend(length.to_be_bytes());
        bytes.extend(text);
    }
    bytes
}

/// A domain name as DNS writes it, without compression (RFC 1035 §3.1, RFC 8415 §10).
pub(crate) fn name(domain: &DomainName) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(domain.as_str().len() + 2);
    for label in domain.labels() {
        bytes.extend(u8::try_from(label.len()));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
