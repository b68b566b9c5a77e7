//! The cards of machines on record, in memory and a little late: only to choose whose question is
//! worked out when there are too many. Read when somebody asks, so that it costs nothing before.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_store::db::Db;
use machine_store::identities;
use tokio::sync::Notify;
use tracing::warn;

use crate::error::chain;

/// How late it may be: a machine that was registered within this time counts as a stranger's card
/// during a flood.
const LATE: Duration = Duration::from_secs(2);

/// The cards of machines on record.
#[derive(Debug, Default)]
pub(super) struct KnownCards {
    /// None as long as nobody has asked.
    cards: RwLock<Option<BTreeSet<MacAddress>>>,
    asked: Notify,
}

impl KnownCards {
    /// Reads them from this database, for as long as it lives.
    pub(super) fn of(db: Db) -> Arc<Self> {
        let cards = Arc::<Self>::default();
        tokio::spawn(follow(Arc::downgrade(&cards), db));
        cards
    }

    /// Whether a card may be of a machine on record. As long as nothing was read, it may.
    pub(super) fn may_have(&self, mac: MacAddress) -> bool {
        self.asked.notify_one();
        let cards = self.cards.read().unwrap_or_else(PoisonError::into_inner);
        cards.as_ref().is_none_or(|cards| cards.contains(&mac))
    }

    fn read(&self, cards: BTreeSet<MacAddress>) {
        let mut known = self.cards.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(cards);
    }
}

/// Ends when nobody asks any more who could.
async fn follow(known: Weak<KnownCards>, db: Db) {
    while let Some(known) = known.upgrade() {
        let is_asked = tokio::time::timeout(LATE, known.asked.notified()).await;
        if is_asked.is_err() {
            continue;
        }
        match identities::list(&db).await {
            Ok(machines) => known.read(machines.into_iter().flat_map(|it| it.macs).collect()),
            Err(error) => warn!(error = chain(&error), "the cards on record are not read"),
        }
        drop(known);
        tokio::time::sleep(LATE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_it_is_read_everybody_may_be_known() {
        let known = KnownCards::default();
        let card = |last| MacAddress::new([2, 0, 0, 0, 0, last]);
        assert!(known.may_have(card(1)) && known.may_have(card(2)));
        known.read([card(1)].into());
        assert!(known.may_have(card(1)) && !known.may_have(card(2)));
    }
}
