//! Where the programs of this workspace are: beside the one that runs, as Cargo puts them.

use std::path::PathBuf;

use testbed::error::LabError;
use testbed::requirement::built;

/// The program `drover`: the one that `$DROVER_BINARY` names, or the one beside this.
pub fn drover() -> Result<PathBuf, LabError> {
    match std::env::var_os("DROVER_BINARY") {
        Some(path) => Ok(path.into()),
        None => built("drover", "drover"),
    }
}
