//! What is around the use cases: an empty database, a clock that stands, and a place where nothing
//! has power but everything is written down.

mod world;

use std::sync::Arc;

use api_server::caller::{Asked, Caller};
use api_server::effects::Effects;
use api_server::operations::Operations;
use api_server::role::Role;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::change::{Change, Outcome};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::location::Location;
use machine_store::{events, machines};

use crate::around::world::World;

/// The only image.
pub(crate) const IMAGE: &str = "talos-1.13.9";
/// What a machine waits for once it was looked at after a change.
pub(crate) const NEW_NOTE: &str = "looked at after the change";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// The use cases and what is around them.
pub(crate) struct Around {
    pub(crate) operations: Operations,
    pub(crate) db: Db,
    pub(crate) world: Arc<World>,
}

impl Around {
    pub(crate) async fn new() -> Self {
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        let world = Arc::new(World::new(db.clone()));
        let effects: Arc<dyn Effects> = Arc::<World>::clone(&world);
        let (commit, _) = Committer::spawn(db.clone());
        Self {
            operations: Operations::new(db.clone(), commit, effects),
            db,
            world,
        }
    }

    pub(crate) async fn machine(&self, name: &str) -> Machine {
        machines::find_by_name(&self.db, name)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn write(&self, change: Change) {
        assert_eq!(apply(&self.db, &change).await.unwrap(), Outcome::Applied);
    }

    /// What happened, each with who did it.
    pub(crate) async fn events(&self) -> Vec<String> {
        let events = events::since(&self.db, 0, 100).await.unwrap();
        let told = |it: &events::RecordedEvent| format!("{}: {}", it.event.actor, it.event.detail);
        events.iter().map(told).collect()
    }
}

/// Alice asks, under this key.
pub(crate) fn asked(key: &str) -> Asked {
    Asked::new(caller(), "it is time".to_owned(), key.to_owned()).unwrap()
}

/// Alice, who may do everything.
pub(crate) fn caller() -> Caller {
    Caller::in_process("alice", Role::ALL)
}
