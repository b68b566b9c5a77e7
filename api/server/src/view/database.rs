//! The database behind it all.

use api_proto::v1;
use machine_core::clock_lag::ClockLag;
use machine_core::safe_mode::SafeMode;

use crate::operations::database::DatabaseView;
use crate::view::{text, time};

/// The database, and whether it is trusted.
pub(crate) fn database(view: &DatabaseView) -> v1::Database {
    let safe_mode = view.safe_mode.as_ref();
    v1::Database {
        place: view.place.clone(),
        safe_mode: text(safe_mode),
        advice: text(safe_mode.map(SafeMode::advice)),
        confirmable: matches!(safe_mode, Some(SafeMode::Doubted(_))),
        host_clock: view.clock_lag.map(|it| time(it.host)),
        steady_clock: view.clock_lag.map(|it| time(it.steady)),
        clock_lag: text(view.clock_lag),
        clock_advice: text(view.clock_lag.as_ref().map(ClockLag::advice)),
    }
}
