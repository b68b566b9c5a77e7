//! Why a machine boots what it boots, from those who answer it.

use async_trait::async_trait;
use machine_core::explanation::Considered;
use machine_core::hardware::{Arch, Firmware, MacAddress, SystemUuid};
use machine_core::time::Timestamp;
use machine_store::events::Event;

use crate::effects::error::EffectError;

/// Why a card boots what it boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The rules in their order, as they stand now.
    pub rules: Vec<Considered>,
    /// When each of its last packets passed, and what it says.
    pub packets: Vec<(Timestamp, String)>,
    /// What its last boot did.
    pub steps: Vec<Event>,
    /// What should have come next.
    pub missing: Option<String>,
    /// What it is told, where nobody asked.
    pub told: Option<String>,
}

/// A client that is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedClient {
    /// Its card.
    pub mac: MacAddress,
    /// The UUID that it says.
    pub uuid: Option<SystemUuid>,
    /// What it runs on.
    pub platform: (Arch, Firmware),
    /// Whether it does UEFI HTTP boot.
    pub over_http: bool,
    /// Whether it is iPXE already.
    pub is_ipxe: bool,
    /// The subnet that it asks in: its name, or an address in it; the first if it is empty.
    pub via: String,
}

/// Those who answer boots.
#[async_trait]
pub trait BootExplaining: Send + Sync + 'static {
    /// Why a card boots what it boots.
    async fn explain(&self, card: MacAddress) -> Result<Explained, EffectError>;
    /// The last packets of these cards, as a pcapng file, and how many.
    fn packets(&self, cards: &[MacAddress]) -> (Vec<u8>, u32);
    /// What such a client would be told.
    async fn test(&self, client: &TestedClient) -> Result<Explained, EffectError>;
}
