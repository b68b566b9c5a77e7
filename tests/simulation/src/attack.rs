//! What an attacker can do, as values, and what stands on the wire of it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use machine_core::hardware::MacAddress;

/// What a stranger says in a machine's name; no node says it.
pub(crate) const LIE: &str = "failed to validate config acquired via platform metal: a lie";

/// What an attacker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attack {
    /// He has the token and an address of his own; behind a relay nobody sees his card.
    Stranger {
        /// Whether he is behind one.
        behind_a_relay: bool,
    },
    /// He has the token and the machine's card, at the address of another machine.
    CopiedCard,
    /// He has all of the machine: token, card, address and what its board says.
    Double,
    /// He has all of the machine but the token, and makes one.
    Forger,
    /// He speaks from the machine's address.
    Liar,
}

/// Cards that are seen behind addresses at the moment, and are not those of the machines there.
pub(crate) type Spoofed = BTreeMap<IpAddr, MacAddress>;
