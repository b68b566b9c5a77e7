//! The blocks of a file: which were sent, which have arrived.
//!
//! Blocks are counted from 1 and not modulo 65536; on the wire their numbers go on from 65535 to 0.
//! An acknowledgement is read relative to what has arrived, which is unambiguous because windows are
//! far smaller than 65536.

/// How far a file has come.
#[derive(Debug)]
pub(crate) struct Blocks {
    window: u64,
    /// The last block; always shorter than the others, if need be empty (RFC 1350 §6).
    last: u64,
    /// Blocks up to this one have arrived.
    arrived: u64,
    /// Blocks up to this one were sent.
    sent: u64,
}

/// What the number in an ACK says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    /// Nothing: it is stale, or from the future.
    Nothing,
    /// What was known already.
    NoMore,
    /// Some of what was sent has arrived.
    Part,
    /// All that was sent has arrived.
    All,
    /// The whole file has arrived.
    Whole,
}

/// A run of blocks to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first.
    pub(crate) first: u64,
    /// How many; none if the window or the file ends before.
    pub(crate) count: u16,
    /// How many of them were sent before.
    pub(crate) repeated: u16,
}

impl Blocks {
    /// A file of `size` bytes of which nothing was sent.
    pub(crate) fn new(size: u64, block_size: u16, window: u16) -> Self {
        Self {
            window: window.into(),
            last: size / u64::from(block_size) + 1,
            arrived: 0,
            sent: 0,
        }
    }

    /// Takes up an ACK.
    pub(crate) fn acknowledge(&mut self, number: u16) -> Acknowledged {
        let ahead = number.wrapping_sub(on_the_wire(self.arrived));
        let block = self.arrived + u64::from(ahead);
        if block > self.sent {
            return Acknowledged::Nothing;
        }
        self.arrived = block;
        match block {
            _ if ahead == 0 => Acknowledged::NoMore,
            _ if block == self.last => Acknowledged::Whole,
            _ if block == self.sent => Acknowledged::All,
            _ => Acknowledged::Part,
        }
    }

    /// The window after what has arrived; counts as sent.
    pub(crate) fn send_window(&mut self) -> Run {
        self.send_from(self.arrived + 1)
    }

    /// What of that window was not sent yet; counts as sent.
    pub(crate) fn send_rest(&mut self) -> Run {
        self.send_from(self.sent + 1)
    }

    /// Blocks that have arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Whether every block was sent.
    pub(crate) fn all_sent(&self) -> bool {
        self.sent == self.last
    }

    fn send_from(&mut self, first: u64) -> Run {
        let end = self.last.min(self.arrived + self.window);
        let up_to = |end: u64| u16::try_from((end + 1).saturating_sub(first)).unwrap_or(u16::MAX);
        let run = Run {
            first,
            count: up_to(end),
            repeated: up_to(end.min(self.sent)),
        };
        self.sent = self.sent.max(end);
        run
    }
}

/// The number of a block on the wire.
pub(crate) fn on_the_wire(block: u64) -> u16 {
    u16::try_from(block & 0xffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first: u64, count: u16, repeated: u16) -> Run {
        Run {
            first,
            count,
            repeated,
        }
    }

    #[test]
    fn a_file_has_a_short_last_block() {
        for (size, last) in [(0, 1), (511, 1), (512, 2), (513, 2), (1024, 3)] {
            assert_eq!(Blocks::new(size, 512, 1).last, last, "{size} bytes");
        }
    }

    #[test]
    fn what_an_ack_says() {
        let mut blocks = Blocks::new(5 * 512, 512, 4);
        assert_eq!(blocks.send_window(), run(1, 4, 0));
        for (number, expected) in [
            (5, Acknowledged::Nothing),
            (0, Acknowledged::NoMore),
            (65535, Acknowledged::Nothing),
            (2, Acknowledged::Part),
            (1, Acknowledged::Nothing),
            (2, Acknowledged::NoMore),
            (4, Acknowledged::All),
        ] {
            assert_eq!(blocks.acknowledge(number), expected, "ACK {number}");
        }
        assert_eq!(blocks.send_window(), run(5, 2, 0));
        assert_eq!(blocks.acknowledge(6), Acknowledged::Whole);
    }

    #[test]
    fn windows_begin_anew_or_go_on() {
        let mut blocks = Blocks::new(100 * 512, 512, 4);
        let _ = blocks.send_window();
        let _ = blocks.acknowledge(1);
        assert_eq!(blocks.send_rest(), run(5, 1, 0));
        assert_eq!(blocks.send_rest(), run(6, 0, 0), "the window is full");
        assert_eq!(blocks.send_window(), run(2, 4, 4));
        let _ = blocks.acknowledge(3);
        assert_eq!(blocks.send_window(), run(4, 4, 2));
    }

    #[test]
    fn numbers_wrap() {
        let mut blocks = Blocks::new(70_000 * 8, 8, 1);
        for block in 1..=65_537_u64 {
            assert_eq!(blocks.send_window(), run(block, 1, 0));
            assert_eq!(blocks.acknowledge(on_the_wire(block)), Acknowledged::All);
        }
        assert_eq!(
            blocks.acknowledge(1),
            Acknowledged::NoMore,
            "1 is 65537 now"
        );
        assert_eq!(blocks.acknowledge(0), Acknowledged::Nothing);
    }
}
