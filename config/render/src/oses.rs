//! The operating systems that Drover can boot: the one place that knows all of them.

pub mod flatcar;
pub mod talos;

use machine_core::os::OsSpec;

use crate::os::Os;
use crate::oses::flatcar::Flatcar;
use crate::oses::talos::Talos;

/// The system that a cluster wants.
pub fn os_of(spec: &OsSpec) -> Box<dyn Os + '_> {
    match spec {
        OsSpec::Talos(talos) => Box::new(Talos(talos)),
        OsSpec::Flatcar(flatcar) => Box::new(Flatcar(flatcar)),
    }
}
