//! Whose a line of the log is: each way into the fleet opens a span, and what is found out inside is
//! recorded there, so that every line inside carries it. Ids only: nothing that a peer says.

use machine_core::id::{BootId, MachineId};
use tracing::Span;
use tracing::field::display;

/// What goes on is about this machine.
pub(crate) fn record_machine(machine: MachineId) {
    Span::current().record("machine", display(machine));
}

/// What goes on belongs to this boot.
pub(crate) fn record_boot(boot: BootId) {
    Span::current().record("boot", display(boot));
}
