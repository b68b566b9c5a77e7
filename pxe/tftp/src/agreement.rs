//! What server and client agree on before the first block.
//!
//! We grant what was asked, cut to our limits, and name in the OACK exactly what we granted; a
//! client that asked for nothing we know gets no OACK and plain RFC 1350. Windows are bounded
//! because all of a window is sent at once; blocks are bounded by the MTU because many network ROMs
//! cannot put fragments together. RFC 2347–2349, 7440.

use std::time::Duration;

use crate::option::Options;
use crate::packet::opcode;

/// How far we go along with a client's wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest block that is granted, in bytes.
    pub block_size: u16,
    /// The largest window that is granted, in blocks.
    pub window: u16,
    /// The longest `timeout` that is granted; a longer one is left out of the OACK.
    pub timeout: Duration,
}

impl Limits {
    /// The limits on a link with this MTU: a block fills a packet beside its headers (IPv4 20, UDP
    /// 8, TFTP 4 bytes), 1468 bytes on Ethernet.
    pub const fn for_mtu(mtu: u16) -> Self {
        let block_size = mtu.saturating_sub(32);
        Self {
            block_size: if block_size < MIN_BLOCK {
                MIN_BLOCK
            } else {
                block_size
            },
            window: 64,
            timeout: Duration::from_secs(30),
        }
    }
}

impl Default for Limits {
    /// For Ethernet: blocks of 1468 bytes, windows of 64 blocks.
    fn default() -> Self {
        Self::for_mtu(1500)
    }
}

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Bytes of content in a block.
    pub block_size: u16,
    /// Blocks between two acknowledgements.
    pub window: u16,
    /// The client's own wish how long we wait at most before we send again.
    pub timeout: Option<Duration>,
    /// Whether the client was told the size of the file.
    pub transfer_size: bool,
    /// The OACK packet; none if there is nothing to acknowledge.
    pub(crate) acknowledgement: Option<Vec<u8>>,
}

impl Agreement {
    /// Grants `asked` within `limits` for a file of `size` bytes.
    pub fn reach(asked: &Options, size: u64, limits: &Limits) -> Self {
        let block_size = asked.block_size.map(|asked| {
            let most = limits.block_size.max(MIN_BLOCK);
            u16::try_from(asked).unwrap_or(most).min(most)
        });
        // Block numbers are 16 bits wide: more than half of them in flight would be ambiguous.
        let window = asked
            .window
            .map(|asked| asked.min(limits.window.clamp(1, 0x4000)));
        let timeout = asked.timeout.filter(|asked| *asked <= limits.timeout);
        let size = asked.transfer_size.then_some(size);
        let granted = [
            ("blksize", block_size.map(u64::from)),
            ("tsize", size),
            ("timeout", timeout.map(|timeout| timeout.as_secs())),
            ("windowsize", window.map(u64::from)),
        ];
        Self {
            block_size: block_size.unwrap_or(DEFAULT_BLOCK),
            window: window.unwrap_or(1),
            timeout,
            transfer_size: size.is_some(),
            acknowledgement: option_acknowledgement(&granted),
        }
    }
}

/// The OACK of the options that were granted (RFC 2347): at most 80 bytes.
fn option_acknowledgement(granted: &[(&str, Option<u64>)]) -> Option<Vec<u8>> {
    let mut packet = opcode::OPTION_ACKNOWLEDGEMENT.to_be_bytes().to_vec();
    for (name, value) in granted {
        if let Some(value) = value {
            packet.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
    }
    (packet.len() > 2).then_some(packet)
}

/// RFC 2348: the smallest block.
const MIN_BLOCK: u16 = 8;

/// RFC 1350: the block of a client without options.
pub(crate) const DEFAULT_BLOCK: u16 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(block_size: u32, window: u16, timeout: u64) -> Options {
        Options {
            block_size: Some(block_size),
            transfer_size: true,
            timeout: Some(Duration::from_secs(timeout)),
            window: Some(window),
        }
    }

    #[test]
    fn wishes_are_cut_to_the_limits() {
        let limits = Limits::default();
        for (wish, expected) in [
            (asked(1468, 4, 5), (1468, 4, Some(5))),
            (asked(65464, 65535, 255), (1468, 64, None)),
            (asked(4_000_000_000, 64, 30), (1468, 64, Some(30))),
            (asked(8, 1, 1), (8, 1, Some(1))),
        ] {
            let got = Agreement::reach(&wish, 99, &limits);
            let timeout = got.timeout.map(|timeout| timeout.as_secs());
            assert_eq!((got.block_size, got.window, timeout), expected, "{wish:?}");
        }
    }

    #[test]
    fn the_oack_names_what_was_granted() {
        let got = Agreement::reach(&asked(65464, 100, 200), 173_792, &Limits::default());
        let oack = got.acknowledgement.unwrap();
        assert_eq!(
            oack,
            b"\0\x06blksize\x001468\0tsize\x00173792\0windowsize\x0064\0"
        );
    }

    #[test]
    fn the_largest_oack_is_small() {
        let limits = Limits {
            block_size: u16::MAX,
            window: u16::MAX,
            timeout: Duration::from_secs(255),
        };
        let got = Agreement::reach(&asked(65464, 65535, 255), u64::MAX, &limits);
        assert!(got.acknowledgement.unwrap().len() <= 80);
        assert_eq!(got.window, 0x4000);
    }

    #[test]
    fn without_options_there_is_no_oack() {
        let got = Agreement::reach(&Options::default(), 1, &Limits::default());
        assert_eq!((got.block_size, got.window, got.timeout), (512, 1, None));
        assert_eq!(got.acknowledgement, None);
    }

    #[test]
    fn a_tiny_mtu_still_carries_blocks() {
        assert_eq!(Limits::for_mtu(0).block_size, 8);
        assert_eq!(Limits::for_mtu(576).block_size, 544);
    }
}
