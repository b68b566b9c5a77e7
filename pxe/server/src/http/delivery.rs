//! How the sending of a file ended: told once, whether it went out whole or was cut off.

use std::fmt;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The last byte was handed to the socket.
    Whole,
    /// The peer went away, or took nothing for too long.
    CutOff {
        /// How many bytes were handed to the socket.
        sent: u64,
    },
}

type Listener = Box<dyn FnOnce(Ended) + Send + Sync>;

/// A sending that somebody wants to hear the end of.
pub(crate) struct Delivery {
    sent: u64,
    listener: Option<Listener>,
}

impl Delivery {
    pub(crate) fn new(listener: impl FnOnce(Ended) + Send + Sync + 'static) -> Self {
        Self {
            sent: 0,
            listener: Some(Box::new(listener)),
        }
    }

    /// So many more bytes were handed over.
    pub(crate) const fn sent(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// Nothing is left to be sent.
    pub(crate) fn whole(&mut self) {
        self.end(Ended::Whole);
    }

    fn end(&mut self, how: Ended) {
        if let Some(listener) = self.listener.take() {
            listener(how);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.end(Ended::CutOff { sent: self.sent });
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
