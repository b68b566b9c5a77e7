//! The await at which a life of Drover ends: before a transaction or after it, before a BMC or a node
//! is asked, or after that did what it was asked for. In between nothing leaves Drover's memory, so
//! these are all the places at which an end can leave something half done.

/// At which of its awaits Drover ends next.
#[derive(Debug, Default)]
pub(crate) struct Doom {
    /// How many awaits there were in all lives.
    pub(crate) awaits: u64,
    at: Option<u64>,
    has_come: bool,
    /// Whether a life is under way. What is awaited while one begins does not count.
    pub(crate) is_alive: bool,
}

impl Doom {
    /// It ends at this await, counted from 1.
    pub(crate) fn at(at: Option<u64>) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// It ends so many awaits from now.
    pub(crate) const fn ends_in(&mut self, awaits: u64) {
        self.at = Some(self.awaits + 1 + awaits);
    }

    /// An await; whether it is the last one.
    pub(crate) fn comes(&mut self) -> bool {
        if self.is_alive && !self.has_come {
            self.awaits += 1;
            self.has_come = Some(self.awaits) == self.at;
        }
        self.has_come
    }

    /// Whether Drover has come to its last await.
    pub(crate) const fn has_come(&self) -> bool {
        self.has_come
    }

    /// Its life is over.
    pub(crate) const fn buried(&mut self) {
        (self.is_alive, self.has_come) = (false, false);
    }
}
