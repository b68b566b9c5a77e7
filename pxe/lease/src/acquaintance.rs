//! Who a client is to us.

/// Whether a client is one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acquaintance {
    /// A registered machine.
    Registered,
    /// Anybody else.
    Stranger,
}
