//! `drover health`: whether the daemon serves machines, for containers, service managers and monitors.
//!
//! The daemon takes calls from when all its sockets are bound, and ends when one of its parts ends:
//! whoever gets an answer knows that it serves. The call is answered from memory, so a database that
//! is away for a while makes nobody restart a daemon that still answers boots.

use crate::command::arguments::ClientArguments;
use crate::database::status;
use crate::error::CommandError;
use crate::output::{print_outcome, print_warning};

/// Asks the daemon. In safe mode it serves, too, and a warning says what it leaves alone.
///
/// Fails if nobody answers on the socket within 10 s (exit code 6), or if it is another user's (3).
pub async fn run(arguments: &ClientArguments) -> Result<(), CommandError> {
    let found = status(arguments).await?;
    if found.safe_mode.is_some() {
        print_warning(&format!("{}; {}", found.safe_mode(), found.advice()))?;
    }
    print_outcome(&found, "the daemon serves machines", arguments.output)
}
